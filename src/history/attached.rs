//! Files that go along with messages: the content once, by its hash, and which messages have it.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::upkeep::state;
use super::{History, HistoryError, StoredMessage, packing};
use crate::conversation::{Attachment, AttachmentKind, Message, MessageId};

/// A shorter text is not worth compressing.
const PACKED_OVER_BYTES: usize = 4 << 10;

/// An attachment without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentInfo {
    pub name: String,
    pub mime: String,
    /// Of the content.
    pub bytes: u64,
    /// SHA-256 of the content, as 64 hexadecimal digits.
    pub hash: String,
}

/// Stores what goes along with a message; a second time changes nothing.
pub fn put(connection: &Connection, message: &MessageId, attachments: &[Attachment]) -> Result<()> {
    for (position, attachment) in (0_i64..).zip(attachments) {
        let number = content_number(connection, attachment)?;
        connection
            .prepare_cached(
                "INSERT INTO message_attachment (message, position, attachment, name)
                 SELECT number, ?2, ?3, ?4 FROM message WHERE id = ?1
                 ON CONFLICT (message, position) DO NOTHING",
            )?
            .execute(params![message.0, position, number, attachment.name()])?;
    }
    Ok(())
}

/// The row of a content, which is written where there is none yet.
fn content_number(connection: &Connection, attachment: &Attachment) -> Result<i64> {
    const FIND: &str = "SELECT number FROM attachment WHERE hash = ?1";
    let find = || connection.prepare_cached(FIND)?.query_row([attachment.hash()], |row| row.get(0)).optional();
    if let Some(number) = find()? {
        return Ok(number);
    }
    let packed = attachment.text().filter(|text| text.len() > PACKED_OVER_BYTES).and_then(packing::pack);
    let content = packed.as_deref().unwrap_or_else(|| attachment.content());
    let bytes = i64::try_from(attachment.content().len()).unwrap_or(i64::MAX);
    connection
        .prepare_cached("INSERT INTO attachment (hash, mime, bytes, is_packed, content) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![attachment.hash(), attachment.mime(), bytes, packed.is_some(), content])?;
    find()?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Whether the tables are there: an older file is read as it is.
fn is_known(connection: &Connection) -> Result<bool> {
    connection.table_exists(None, "message_attachment")
}

/// What goes along with each of these messages, without the bytes.
pub fn add_infos(connection: &Connection, messages: &mut [StoredMessage]) -> Result<()> {
    if !is_known(connection)? {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(
        "SELECT l.name, a.mime, a.bytes, a.hash FROM message_attachment AS l JOIN attachment AS a
             ON a.number = l.attachment
         WHERE l.message = (SELECT number FROM message WHERE id = ?1) ORDER BY l.position",
    )?;
    for stored in messages {
        let found = statement.query_map([&stored.message.id.0], |row| {
            let bytes = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
            Ok(AttachmentInfo { name: row.get(0)?, mime: row.get(1)?, bytes, hash: row.get(3)? })
        })?;
        stored.attached = found.collect::<Result<_>>()?;
    }
    Ok(())
}

/// What goes along with a message. What is damaged is left out.
pub fn load(connection: &Connection, message: &MessageId) -> Result<Vec<Attachment>> {
    if !is_known(connection)? {
        return Ok(Vec::new());
    }
    let found: Vec<Option<Attachment>> = connection
        .prepare_cached(
            "SELECT l.name, a.hash, a.is_packed, a.content FROM message_attachment AS l JOIN attachment AS a
                 ON a.number = l.attachment
             WHERE l.message = (SELECT number FROM message WHERE id = ?1) ORDER BY l.position",
        )?
        .query_map([&message.0], |row| {
            let name: String = row.get(0)?;
            let content: Vec<u8> = match row.get(2)? {
                true => row.get_ref(3)?.as_blob().ok().and_then(packing::unpack).unwrap_or_default().into_bytes(),
                false => row.get(3)?,
            };
            Ok(Attachment::restored(&name, row.get(1)?, content))
        })?
        .collect::<Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// Lets the copy of a message have what the message has.
pub fn copy(connection: &Connection, original: i64, copied: &MessageId) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO message_attachment (message, position, attachment, name)
             SELECT (SELECT number FROM message WHERE id = ?2), position, attachment, name
             FROM message_attachment WHERE message = ?1
             ON CONFLICT (message, position) DO NOTHING",
        )?
        .execute(params![original, copied.0])
        .map(drop)
}

/// Messages with all that goes along with them, to be sent again.
pub fn loaded(connection: &Connection, stored: Vec<StoredMessage>) -> Result<Vec<Message>> {
    let load = |stored: StoredMessage| {
        let attachments = if stored.attached.is_empty() { Vec::new() } else { load(connection, &stored.message.id)? };
        Ok(Message { attachments, ..stored.message })
    };
    stored.into_iter().map(load).collect()
}

/// Masks the texts that were attached; how many had something to mask.
pub fn scrub(connection: &Connection, mask: &dyn Fn(&str) -> Option<String>, is_dry: bool) -> Result<u64> {
    let numbers: Vec<i64> = connection
        .prepare("SELECT number FROM attachment WHERE mime = 'text/plain' ORDER BY number")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    let mut masked_count = 0;
    for number in numbers {
        let (is_packed, content): (bool, Vec<u8>) = connection
            .prepare_cached("SELECT is_packed, content FROM attachment WHERE number = ?1")?
            .query_row([number], |row| row.try_into())?;
        let text = if is_packed { packing::unpack(&content) } else { String::from_utf8(content).ok() };
        let Some(masked) = text.and_then(|text| mask(&text)) else { continue };
        masked_count += 1;
        // What is nothing but keys still has the mask.
        let Some(masked) = Attachment::new("masked", masked.into_bytes()).ok().filter(|_| !is_dry) else { continue };
        let transaction = connection.unchecked_transaction()?;
        let replaced = content_number(&transaction, &masked)?;
        // The old content goes with the last message that had it.
        transaction
            .prepare_cached("UPDATE message_attachment SET attachment = ?2 WHERE attachment = ?1")?
            .execute([number, replaced])?;
        state::set(&transaction, state::HAS_REMAINS, 1)?;
        transaction.commit()?;
    }
    Ok(masked_count)
}

impl History {
    /// Messages of this history with all that goes along with them, to be sent again.
    pub fn with_attachments(&self, messages: Vec<StoredMessage>) -> std::result::Result<Vec<Message>, HistoryError> {
        Ok(loaded(&self.connection, messages)?)
    }

    /// What goes along with a message.
    pub fn attachments(&self, message: &MessageId) -> std::result::Result<Vec<Attachment>, HistoryError> {
        Ok(load(&self.connection, message)?)
    }
}

/// The attachment with its name and its text masked; `None` where there is nothing to mask. Images and PDFs stay as
/// they are.
pub fn masked(attachment: &Attachment, mask: &dyn Fn(&str) -> Option<String>) -> Option<Attachment> {
    let name = mask(attachment.name());
    let text = attachment.text().filter(|_| attachment.kind() == AttachmentKind::Text).and_then(mask);
    if name.is_none() && text.is_none() {
        return None;
    }
    let name = name.as_deref().unwrap_or_else(|| attachment.name());
    let content = text.map_or_else(|| attachment.content().clone(), |text| text.into_bytes().into());
    Attachment::new(name, content).ok()
}
