-- Where a conversation was used last: `-c` goes on with that of this terminal, or of this folder (`cwd`).
ALTER TABLE conversation ADD COLUMN terminal TEXT;
-- The `id` of the message up to which it is a copy of another conversation.
ALTER TABLE conversation ADD COLUMN forked_from TEXT;
CREATE INDEX conversation_terminal ON conversation (terminal, used_seq) WHERE terminal IS NOT NULL;
CREATE INDEX conversation_folder ON conversation (cwd, used_seq) WHERE cwd IS NOT NULL;
CREATE INDEX tool_call_tool ON tool_call (server, name);

-- Reasoning and results of tools are searched only where that is asked for. Older messages are indexed
-- with the first such search and never here: those from `detail_from` on are in the index.
CREATE TABLE search_state (detail_from INTEGER NOT NULL) STRICT;
INSERT INTO search_state (detail_from) SELECT coalesce(max(number), 0) + 1 FROM message;
CREATE VIEW searchable_details AS
    SELECT number, reasoning, CASE role WHEN 'tool' THEN text ELSE '' END AS tool FROM message
    WHERE status <> 'streaming' AND (reasoning <> '' OR role = 'tool' AND text <> '');
CREATE VIRTUAL TABLE detail_search USING fts5 (
    reasoning, tool, content = 'searchable_details', content_rowid = 'number',
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER detail_added AFTER INSERT ON message
WHEN new.status <> 'streaming' AND (new.reasoning <> '' OR new.role = 'tool' AND new.text <> '')
    AND new.number >= (SELECT detail_from FROM search_state) BEGIN
    INSERT INTO detail_search (rowid, reasoning, tool)
    VALUES (new.number, new.reasoning, CASE new.role WHEN 'tool' THEN new.text ELSE '' END);
END;
CREATE TRIGGER detail_removed AFTER DELETE ON message
WHEN old.status <> 'streaming' AND (old.reasoning <> '' OR old.role = 'tool' AND old.text <> '')
    AND old.number >= (SELECT detail_from FROM search_state) BEGIN
    INSERT INTO detail_search (detail_search, rowid, reasoning, tool)
    VALUES ('delete', old.number, old.reasoning, CASE old.role WHEN 'tool' THEN old.text ELSE '' END);
END;
CREATE TRIGGER detail_outdated BEFORE UPDATE OF text, reasoning, status ON message
WHEN old.status <> 'streaming' AND (old.reasoning <> '' OR old.role = 'tool' AND old.text <> '')
    AND old.number >= (SELECT detail_from FROM search_state) BEGIN
    INSERT INTO detail_search (detail_search, rowid, reasoning, tool)
    VALUES ('delete', old.number, old.reasoning, CASE old.role WHEN 'tool' THEN old.text ELSE '' END);
END;
-- A running reply that ends is indexed by a statement of its own, as its text is.
CREATE TRIGGER detail_changed AFTER UPDATE OF text, reasoning, status ON message
WHEN old.status <> 'streaming' AND new.status <> 'streaming'
    AND (new.reasoning <> '' OR new.role = 'tool' AND new.text <> '')
    AND new.number >= (SELECT detail_from FROM search_state) BEGIN
    INSERT INTO detail_search (rowid, reasoning, tool)
    VALUES (new.number, new.reasoning, CASE new.role WHEN 'tool' THEN new.text ELSE '' END);
END;
