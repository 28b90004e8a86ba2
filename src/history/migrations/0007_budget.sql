-- What was spent where a budget is set: by day (UTC) and by conversation. Billionths of a US dollar, so that sums
-- are exact.
CREATE TABLE spending (
    scope TEXT NOT NULL CHECK (scope IN ('day', 'conversation')),
    key TEXT NOT NULL,
    cost_nano INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

-- What requests under way may cost at most. Those of processes that died are no longer held.
CREATE TABLE reservation (
    number INTEGER PRIMARY KEY,
    -- The lock of the process.
    owner TEXT NOT NULL,
    day TEXT NOT NULL,
    conversation TEXT NOT NULL,
    cost_nano INTEGER NOT NULL,
    tokens INTEGER NOT NULL
) STRICT;
