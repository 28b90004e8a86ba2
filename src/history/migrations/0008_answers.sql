-- The schemas that answers were held against, each once, and the answers that fit.
CREATE TABLE answer_schema (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    json TEXT NOT NULL,
    UNIQUE (name, json)
) STRICT;
CREATE TABLE matched_answer (
    message INTEGER PRIMARY KEY REFERENCES message (number) ON DELETE CASCADE,
    schema INTEGER NOT NULL REFERENCES answer_schema (number)
) STRICT;
CREATE INDEX matched_answer_schema ON matched_answer (schema);
CREATE TRIGGER answer_schema_unused AFTER DELETE ON matched_answer BEGIN
    DELETE FROM answer_schema
    WHERE number = old.schema AND NOT EXISTS (SELECT 1 FROM matched_answer WHERE schema = old.schema);
END;

-- Answers that are given again instead of asking: `once` by a key of the user, `cache` by the request. Keys are hashes.
CREATE TABLE kept_answer (
    kind TEXT NOT NULL CHECK (kind IN ('once', 'cache')),
    key TEXT NOT NULL,
    message INTEGER NOT NULL REFERENCES message (number) ON DELETE CASCADE,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_answer_message ON kept_answer (message);
CREATE INDEX kept_answer_age ON kept_answer (kind, at_ms);
