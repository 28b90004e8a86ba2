-- The lock of the process that has it open or talks in it: retention leaves it alone while that process lives.
ALTER TABLE conversation ADD COLUMN owner TEXT;

-- Long texts may be stored compressed: then the column beside is empty, and `unpack`, which every
-- connection of ours has, gives the text back.
ALTER TABLE message ADD COLUMN packed BLOB;
ALTER TABLE tool_call ADD COLUMN packed_result BLOB;

-- What the work behind the scenes has to remember: when retention looked last, up to where texts are compressed.
CREATE TABLE upkeep (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- All that `stats` reads: replies (`tool` is empty) and calls of tools, summed by day (UTC) and model; once
-- for all conversations, which is the row with an empty one, and once for each. They go by id: their
-- sums stay when they are deleted. The histograms are `bucket:count` pairs.
CREATE TABLE turn_sums (
    conversation TEXT NOT NULL,
    day TEXT NOT NULL,
    model TEXT NOT NULL,
    tool TEXT NOT NULL,
    turns INTEGER NOT NULL DEFAULT 0,
    interrupted INTEGER NOT NULL DEFAULT 0,
    errors INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL NOT NULL DEFAULT 0,
    duration_ms REAL NOT NULL DEFAULT 0,
    chunks INTEGER NOT NULL DEFAULT 0,
    retries INTEGER NOT NULL DEFAULT 0,
    flushes INTEGER NOT NULL DEFAULT 0,
    commits INTEGER NOT NULL DEFAULT 0,
    bytes_written INTEGER NOT NULL DEFAULT 0,
    buffer_peak_bytes INTEGER NOT NULL DEFAULT 0,
    durations TEXT NOT NULL DEFAULT '',
    first_tokens TEXT NOT NULL DEFAULT '',
    gaps TEXT NOT NULL DEFAULT '',
    speeds TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (conversation, day, model, tool)
) STRICT, WITHOUT ROWID;

-- The index of the search sees texts as they were said.
DROP VIEW searchable;
CREATE VIEW searchable AS
    SELECT number, coalesce(unpack(packed), text) AS text FROM message
    WHERE role IN ('user', 'assistant') AND status <> 'streaming' AND (text <> '' OR packed IS NOT NULL);

-- Of a text that is compressed the index asks the view for its words, while the row is still there.
DROP TRIGGER search_removed;
CREATE TRIGGER search_removed AFTER DELETE ON message
WHEN old.role IN ('user', 'assistant') AND old.status <> 'streaming' AND old.text <> '' AND old.packed IS NULL BEGIN
    INSERT INTO message_search (message_search, rowid, text) VALUES ('delete', old.number, old.text);
END;
CREATE TRIGGER search_removed_packed BEFORE DELETE ON message
WHEN old.role IN ('user', 'assistant') AND old.status <> 'streaming' AND old.packed IS NOT NULL BEGIN
    DELETE FROM message_search WHERE rowid = old.number;
END;
-- Compressing a text, or taking it out again, changes no word. While it is compressed it does not change.
DROP TRIGGER search_outdated;
CREATE TRIGGER search_outdated BEFORE UPDATE OF text, status ON message
WHEN old.role IN ('user', 'assistant') AND old.status <> 'streaming' AND old.text <> ''
    AND old.packed IS NULL AND new.packed IS NULL BEGIN
    INSERT INTO message_search (message_search, rowid, text) VALUES ('delete', old.number, old.text);
END;
DROP TRIGGER search_changed;
CREATE TRIGGER search_changed AFTER UPDATE OF text, status ON message
WHEN old.status <> 'streaming' AND new.role IN ('user', 'assistant') AND new.status <> 'streaming' AND new.text <> ''
    AND old.packed IS NULL AND new.packed IS NULL BEGIN
    INSERT INTO message_search (rowid, text) VALUES (new.number, new.text);
END;

-- For `history sql`: stable, whatever the tables become. Times are UTC.
CREATE VIEW conversations AS
    SELECT id, coalesce(name, title) AS name, strftime('%Y-%m-%dT%H:%M:%fZ', created_ms / 1000.0, 'unixepoch') AS created,
        strftime('%Y-%m-%dT%H:%M:%fZ', used_ms / 1000.0, 'unixepoch') AS used, pinned, model,
        message_count AS messages
    FROM conversation;
CREATE VIEW messages AS
    SELECT m.id, c.id AS conversation_id, (SELECT id FROM message WHERE number = m.parent) AS parent_id, m.role, m.status,
        m.reason, coalesce(unpack(m.packed), m.text) AS text, m.reasoning, m.model, m.finish,
        strftime('%Y-%m-%dT%H:%M:%fZ', m.created_ms / 1000.0, 'unixepoch') AS created,
        strftime('%Y-%m-%dT%H:%M:%fZ', m.finished_ms / 1000.0, 'unixepoch') AS finished,
        m.input_tokens, m.output_tokens, m.cached_tokens, m.reasoning_tokens, m.cost_usd
    FROM message AS m JOIN conversation AS c ON c.number = m.conversation;
CREATE VIEW tool_calls AS
    SELECT m.id AS message_id, c.id AS conversation_id, t.call_id, t.server, t.name, t.arguments, t.approval, t.ok,
        coalesce(unpack(t.packed_result), t.result) AS result,
        strftime('%Y-%m-%dT%H:%M:%fZ', t.started_ms / 1000.0, 'unixepoch') AS started,
        t.finished_ms - t.started_ms AS duration_ms
    FROM tool_call AS t JOIN message AS m ON m.number = t.message JOIN conversation AS c ON c.number = m.conversation;
CREATE VIEW usage AS
    SELECT day, model, replies, interrupted, errors, input_tokens, output_tokens, cached_tokens, reasoning_tokens, cost_usd
    FROM daily_usage;
