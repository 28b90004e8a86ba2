-- A running reply that ends is indexed by a statement of its own, after the UPDATE that stores
-- it. Within a trigger a long answer would be in memory several times more.
DROP TRIGGER search_changed;
CREATE TRIGGER search_changed AFTER UPDATE OF text, status ON message
WHEN old.status <> 'streaming'
    AND new.role IN ('user', 'assistant') AND new.status <> 'streaming' AND new.text <> '' BEGIN
    INSERT INTO message_search (rowid, text) VALUES (new.number, new.text);
END;
