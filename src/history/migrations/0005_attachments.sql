-- Files that go along with messages: each content once, by its hash, however often it was sent.
CREATE TABLE attachment (
    number INTEGER PRIMARY KEY,
    -- SHA-256 of the content as it was sent, in hexadecimal digits.
    hash TEXT NOT NULL UNIQUE,
    mime TEXT NOT NULL,
    -- Of the content as it was sent.
    bytes INTEGER NOT NULL,
    -- Texts may be compressed.
    is_packed INTEGER NOT NULL DEFAULT 0,
    content BLOB NOT NULL
) STRICT;

CREATE TABLE message_attachment (
    message INTEGER NOT NULL REFERENCES message (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    attachment INTEGER NOT NULL REFERENCES attachment (number),
    name TEXT NOT NULL,
    PRIMARY KEY (message, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_attachment_content ON message_attachment (attachment);

-- With the last message that has it, a content goes too.
CREATE TRIGGER attachment_left AFTER DELETE ON message_attachment
WHEN NOT EXISTS (SELECT 1 FROM message_attachment WHERE attachment = old.attachment) BEGIN
    DELETE FROM attachment WHERE number = old.attachment;
END;
CREATE TRIGGER attachment_replaced AFTER UPDATE OF attachment ON message_attachment
WHEN NOT EXISTS (SELECT 1 FROM message_attachment WHERE attachment = old.attachment) BEGIN
    DELETE FROM attachment WHERE number = old.attachment;
END;

CREATE VIEW attachments AS
    SELECT m.id AS message_id, c.id AS conversation_id, l.position, l.name, a.mime, a.bytes, a.hash
    FROM message_attachment AS l JOIN attachment AS a ON a.number = l.attachment
        JOIN message AS m ON m.number = l.message JOIN conversation AS c ON c.number = m.conversation;
