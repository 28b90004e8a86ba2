-- The first schema. Released migrations are never edited: a change is a new file.
-- `number` is the order of writing; times are for people and never decide an order.

CREATE TABLE conversation (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT,
    -- The first words of the first prompt.
    title TEXT NOT NULL DEFAULT '',
    created_ms INTEGER NOT NULL,
    used_ms INTEGER NOT NULL,
    -- Grows with every use of any conversation: the highest is the last used one.
    used_seq INTEGER NOT NULL,
    pinned INTEGER NOT NULL DEFAULT 0,
    cwd TEXT,
    -- The model that was asked last.
    model TEXT,
    -- `number` of the message the next one follows; NULL before the first.
    head INTEGER,
    message_count INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX conversation_used ON conversation (used_seq);
CREATE INDEX conversation_name ON conversation (name) WHERE name IS NOT NULL;

CREATE TABLE message (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    conversation INTEGER NOT NULL REFERENCES conversation (number) ON DELETE CASCADE,
    parent INTEGER REFERENCES message (number) ON DELETE SET NULL,
    role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    status TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'interrupted', 'error')),
    -- Why it is interrupted, or the class of the error.
    reason TEXT,
    -- The lock of the process that receives it, while it is streaming.
    owner TEXT,
    model TEXT,
    finish TEXT,
    tool_call_id TEXT,
    created_ms INTEGER NOT NULL,
    finished_ms INTEGER,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cached_tokens INTEGER,
    cache_write_tokens INTEGER,
    reasoning_tokens INTEGER,
    total_tokens INTEGER,
    cost_usd REAL,
    -- A JSON object of times and counts.
    metrics TEXT,
    replay_origin TEXT,
    replay_json TEXT,
    text TEXT NOT NULL DEFAULT '',
    reasoning TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX message_conversation ON message (conversation);
CREATE INDEX message_parent ON message (parent) WHERE parent IS NOT NULL;
CREATE INDEX message_streaming ON message (owner) WHERE status = 'streaming';

-- What came of a reply that is not at its end. Rows are added, never changed, and go when it
-- ends: so few that no index is worth its writes. Their order is that of `number`.
CREATE TABLE message_delta (
    number INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES message (number) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('text', 'reasoning')),
    text TEXT NOT NULL
) STRICT;

CREATE TABLE tool_call (
    message INTEGER NOT NULL REFERENCES message (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    name TEXT NOT NULL,
    arguments TEXT NOT NULL,
    server TEXT,
    approval TEXT,
    ok INTEGER,
    result TEXT,
    started_ms INTEGER,
    finished_ms INTEGER,
    PRIMARY KEY (message, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE prompt_history (
    number INTEGER PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    cwd TEXT,
    text TEXT NOT NULL
) STRICT;

-- Sums for statistics, one row per day (UTC) and model, so that nobody has to read all messages.
CREATE TABLE daily_usage (
    day TEXT NOT NULL,
    model TEXT NOT NULL,
    replies INTEGER NOT NULL DEFAULT 0,
    interrupted INTEGER NOT NULL DEFAULT 0,
    errors INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (day, model)
) STRICT, WITHOUT ROWID;

-- Prompts and answers, once they are at their end.
CREATE VIEW searchable AS
    SELECT number, text FROM message WHERE role IN ('user', 'assistant') AND status <> 'streaming' AND text <> '';
CREATE VIRTUAL TABLE message_search USING fts5 (
    text, content = 'searchable', content_rowid = 'number', tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER message_added AFTER INSERT ON message BEGIN
    UPDATE conversation SET message_count = message_count + 1 WHERE number = new.conversation;
END;
CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN
    UPDATE conversation SET message_count = message_count - 1 WHERE number = old.conversation;
END;
CREATE TRIGGER search_added AFTER INSERT ON message
WHEN new.role IN ('user', 'assistant') AND new.status <> 'streaming' AND new.text <> '' BEGIN
    INSERT INTO message_search (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER search_removed AFTER DELETE ON message
WHEN old.role IN ('user', 'assistant') AND old.status <> 'streaming' AND old.text <> '' BEGIN
    INSERT INTO message_search (message_search, rowid, text) VALUES ('delete', old.number, old.text);
END;
-- Two triggers for one change: the old words go first, whatever the order they run in.
CREATE TRIGGER search_outdated BEFORE UPDATE OF text, status ON message
WHEN old.role IN ('user', 'assistant') AND old.status <> 'streaming' AND old.text <> '' BEGIN
    INSERT INTO message_search (message_search, rowid, text) VALUES ('delete', old.number, old.text);
END;
CREATE TRIGGER search_changed AFTER UPDATE OF text, status ON message
WHEN new.role IN ('user', 'assistant') AND new.status <> 'streaming' AND new.text <> '' BEGIN
    INSERT INTO message_search (rowid, text) VALUES (new.number, new.text);
END;

CREATE TRIGGER usage_counted AFTER UPDATE OF status ON message
WHEN new.role = 'assistant' AND old.status = 'streaming' AND new.status <> 'streaming' BEGIN
    INSERT INTO daily_usage (day, model, replies, interrupted, errors, input_tokens, output_tokens, cached_tokens,
        reasoning_tokens, cost_usd)
    VALUES (
        strftime('%Y-%m-%d', coalesce(new.finished_ms, new.created_ms) / 1000, 'unixepoch'), coalesce(new.model, ''), 1,
        new.status = 'interrupted', new.status = 'error', coalesce(new.input_tokens, 0), coalesce(new.output_tokens, 0),
        coalesce(new.cached_tokens, 0), coalesce(new.reasoning_tokens, 0), coalesce(new.cost_usd, 0)
    )
    ON CONFLICT (day, model) DO UPDATE SET
        replies = replies + 1,
        interrupted = interrupted + excluded.interrupted,
        errors = errors + excluded.errors,
        input_tokens = input_tokens + excluded.input_tokens,
        output_tokens = output_tokens + excluded.output_tokens,
        cached_tokens = cached_tokens + excluded.cached_tokens,
        reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
        cost_usd = cost_usd + excluded.cost_usd;
END;
