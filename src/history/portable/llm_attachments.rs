//! What went along with the prompts of simonw/llm, and came of its tools: the table `attachments`, and those that
//! say whose they are.

use std::path::Path;

use rusqlite::{Connection, Result, Row, ToSql};

use super::PortableAttachment;
use super::llm_log::text;
use crate::conversation::{ATTACHMENT_BYTES_MAX, Attachment};

/// Whose attachments are wanted: the table that links them, and its column for the owner.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    pub table: &'static str,
    owner: &'static str,
}

/// Of a row of `responses`, by its id.
pub const OF_PROMPTS: Link = Link { table: "prompt_attachments", owner: "response_id" };
/// Of a row of `tool_results`, by its number.
pub const OF_RESULTS: Link = Link { table: "tool_results_attachments", owner: "tool_result_id" };
/// Of a row of `parts`, by its number.
pub const OF_PARTS: Link = Link { table: "part_attachments", owner: "part_id" };

impl Link {
    /// What is linked to `owner`. The log often has only the path of a file: it is taken from there where the file is
    /// still the very same, as its hash says. What is only an address is left out.
    pub fn find(self, connection: &Connection, owner: &dyn ToSql) -> Result<Vec<PortableAttachment>> {
        let Self { table, owner: column } = self;
        let query = format!(
            "SELECT a.id, a.path, a.content FROM {table} AS l JOIN attachments AS a ON a.id = l.attachment_id
             WHERE l.{column} = ?1 ORDER BY l.\"order\""
        );
        let mut statement = connection.prepare_cached(&query)?;
        let mut rows = statement.query([owner])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.extend(read(row)?.map(Into::into));
        }
        Ok(found)
    }
}

fn read(row: &Row<'_>) -> Result<Option<Attachment>> {
    let (hash, path) = (text(row, 0)?.unwrap_or_default(), text(row, 1)?);
    let content = row.get_ref(2)?.as_bytes_or_null()?.map(<[u8]>::to_vec);
    let content = content.filter(|content| !content.is_empty());
    let content = content.or_else(|| path.as_deref().and_then(|path| file_with_hash(Path::new(path), &hash)));
    let name = path.as_deref().map_or_else(|| hash.clone(), file_name);
    Ok(content.and_then(|content| Attachment::new(&name, content).ok()))
}

/// A result of a tool has images alone.
pub fn only_images(attachments: Vec<PortableAttachment>) -> Vec<PortableAttachment> {
    attachments.into_iter().filter(|one| one.mime.starts_with("image/")).collect()
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A regular file that is small enough and has this SHA-256.
fn file_with_hash(path: &Path, hash: &str) -> Option<Vec<u8>> {
    let about = path.symlink_metadata().ok()?;
    if !about.is_file() || about.len() > ATTACHMENT_BYTES_MAX as u64 {
        return None;
    }
    let content = std::fs::read(path).ok()?;
    (Attachment::new("", content.clone()).ok()?.hash() == hash).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_come_from_the_log_or_from_a_file_that_is_still_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let hash = |content: &'static str| Attachment::new("", content.as_bytes()).unwrap().hash().to_owned();
        let (same, changed) = (file("same.md", "the same"), file("changed.md", "changed"));
        let connection = Connection::open_in_memory().unwrap();
        let tables = "CREATE TABLE attachments (id TEXT PRIMARY KEY, type TEXT, path TEXT, url TEXT, content BLOB);
            CREATE TABLE prompt_attachments (response_id TEXT, attachment_id TEXT, \"order\" INTEGER)";
        connection.execute_batch(tables).unwrap();
        let rows = [
            ("in-the-log".to_owned(), None, Some(b"GIF89a".as_slice())),
            (hash("the same"), Some(same.as_str()), None),
            (hash("as it was"), Some(&changed), None),
            ("elsewhere".into(), Some("/dev/zero"), None),
        ];
        for (order, (id, place, content)) in rows.into_iter().enumerate() {
            let row = rusqlite::params![id, place, content];
            connection.execute("INSERT INTO attachments (id, path, content) VALUES (?1, ?2, ?3)", row).unwrap();
            let link = rusqlite::params![id, i64::try_from(order).unwrap()];
            connection.execute("INSERT INTO prompt_attachments VALUES ('r1', ?1, ?2)", link).unwrap();
        }
        let found = OF_PROMPTS.find(&connection, &"r1").unwrap();
        let attached: Vec<_> = found.iter().map(|one| (one.name.as_str(), &*one.data)).collect();
        assert_eq!(attached, [("in-the-log", &b"GIF89a"[..]), ("same.md", b"the same")]);
    }
}
