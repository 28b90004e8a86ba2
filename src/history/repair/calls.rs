//! Calls of tools where pages of their table are destroyed. It has no numbers of rows, so its tree is that of an index:
//! rows stand in all of its pages, those above the leaves too, and each page gives what is in it.

use std::fs::OpenOptions;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::page_file::{PageFile, Use};
use super::pages::{Column, Kind, array, cell_starts, local_bytes, number_at, value_bytes, varint};
use crate::history::HistoryError;
use crate::platform::private;

const INTERIOR: u8 = 2;
const LEAF: u8 = 10;
/// Columns of the first version.
const COLUMNS_MIN: usize = 11;
/// The columns in their order.
const COLUMNS: [(&str, Kind, bool); 12] = [
    ("message", Kind::Integer, false),
    ("position", Kind::Integer, false),
    ("call_id", Kind::Text, false),
    ("name", Kind::Text, false),
    ("arguments", Kind::Text, false),
    ("server", Kind::Text, true),
    ("approval", Kind::Text, true),
    ("ok", Kind::Integer, true),
    ("result", Kind::Text, true),
    ("started_ms", Kind::Integer, true),
    ("finished_ms", Kind::Integer, true),
    ("packed_result", Kind::Blob, true),
];

/// Whether everything that the table holds can be read.
pub fn are_whole(connection: &Connection) -> bool {
    // An index would do to count, and what lies in other pages would not be read.
    let query = "SELECT count(*), total(length(name || arguments || coalesce(result, ''))) FROM tool_call NOT INDEXED";
    connection.query_row(query, [], |_| Ok(())).is_ok()
}

/// Puts the rows that stand in the pages of a file into a table `tool_call` of a new database. Of two for the same
/// call the one that is surely in a tree counts.
pub fn gather(damaged: &Path, gathered: &Path) -> Result<Connection, HistoryError> {
    let unusable = |error: std::io::Error| HistoryError::unusable(damaged, error);
    private(OpenOptions::new().write(true).create_new(true)).open(gathered).map_err(unusable)?;
    let connection = Connection::open(gathered)?;
    let columns = COLUMNS.map(|(name, ..)| name).join(", ");
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
         CREATE TABLE tool_call ({columns}, PRIMARY KEY (message, position)) WITHOUT ROWID; BEGIN"
    ))?;
    let mut file = PageFile::open(damaged).map_err(unusable)?;
    let mut pages: Vec<(bool, u32)> = Vec::new();
    let scanned = file.scan(|number, page, used| {
        if rows(page).is_some() {
            pages.push((used != Use::Tree, number));
        }
    });
    scanned.map_err(unusable)?;
    pages.sort_unstable();
    let marks = ["?"; COLUMNS.len()].join(", ");
    let insert = format!("INSERT OR IGNORE INTO tool_call ({columns}) VALUES ({marks})");
    for (_, number) in pages {
        let page = file.read(number).map_err(unusable)?.unwrap_or_default();
        for row in rows(&page).unwrap_or_default() {
            let record = whole_record(&mut file, &row).map_err(unusable)?;
            connection.prepare_cached(&insert)?.execute(params_from_iter(row.values(&record)))?;
        }
    }
    connection.execute_batch("COMMIT")?;
    Ok(connection)
}

/// A row as it stands in a page.
struct Row<'a> {
    payload_bytes: usize,
    /// The beginning of the record.
    local: &'a [u8],
    /// The page with the rest of it.
    overflow: Option<u32>,
    /// Of its values.
    serials: Vec<u64>,
}

/// The rows of a page; `None` where one of them is no call.
fn rows(page: &[u8]) -> Option<Vec<Row<'_>>> {
    let (header_bytes, child_bytes) = match *page.first()? {
        LEAF => (8, 0),
        INTERIOR => (12, 4),
        _ => return None,
    };
    let count = usize::from(u16::from_be_bytes(array(page, 3)?));
    let rows: Option<Vec<Row>> =
        cell_starts(page, header_bytes, count).map(|start| row(page, start? + child_bytes)).collect();
    rows.filter(|rows| !rows.is_empty())
}

fn row(page: &[u8], start: usize) -> Option<Row<'_>> {
    let (payload_bytes, at) = varint(page, start)?;
    let local_max = (page.len().checked_sub(12)? * 64 / 255).checked_sub(23)?;
    let local_bytes = local_bytes(page.len(), payload_bytes, local_max)?;
    let local = page.get(at..at + local_bytes)?;
    let payload_bytes = usize::try_from(payload_bytes).ok()?;
    let overflow = if local_bytes < payload_bytes { Some(number_at(page, at + local_bytes)?) } else { None };
    Some(Row { payload_bytes, local, overflow, serials: serials(local, payload_bytes)? })
}

/// The types of the values, where they are those of a call and fill the record.
fn serials(local: &[u8], payload_bytes: usize) -> Option<Vec<u64>> {
    let (header_bytes, mut at) = varint(local, 0)?;
    let mut end = header_bytes;
    let mut serials = Vec::new();
    while (at as u64) < header_bytes {
        let (serial, next) = varint(local, at)?;
        let (_, kind, is_nullable) = *COLUMNS.get(serials.len())?;
        if !(Column { kind, is_nullable }).takes(serial) {
            return None;
        }
        end = end.checked_add(value_bytes(serial)?)?;
        serials.push(serial);
        at = next;
    }
    let fits = at as u64 == header_bytes && end == payload_bytes as u64 && serials.len() >= COLUMNS_MIN;
    fits.then_some(serials)
}

/// The record with what is in other pages, as far as they can be followed.
fn whole_record(file: &mut PageFile, row: &Row<'_>) -> std::io::Result<Vec<u8>> {
    let mut record = row.local.to_vec();
    let mut next = row.overflow;
    while let Some(number) = next.filter(|_| record.len() < row.payload_bytes) {
        let Some(page) = file.read(number)? else { break };
        let rest = &page[4..];
        let part = rest.len().min(row.payload_bytes - record.len());
        let after = number_at(&page, 0).unwrap_or(0);
        // The last one leads nowhere: another number says that this is no such page.
        if record.len() + part == row.payload_bytes && after != 0 {
            break;
        }
        record.extend_from_slice(&rest[..part]);
        next = Some(after);
    }
    Ok(record)
}

impl Row<'_> {
    /// The values, and NULL for those whose bytes are lost.
    fn values(&self, record: &[u8]) -> Vec<Value> {
        let mut at = varint(record, 0).and_then(|(bytes, _)| usize::try_from(bytes).ok()).unwrap_or(record.len());
        let mut values: Vec<Value> = Vec::with_capacity(COLUMNS.len());
        for serial in &self.serials {
            let length = value_bytes(*serial).and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(record.len());
            values.push(record.get(at..at.saturating_add(length)).map_or(Value::Null, |bytes| value(*serial, bytes)));
            at = at.saturating_add(length);
        }
        values.resize(COLUMNS.len(), Value::Null);
        values
    }
}

fn value(serial: u64, bytes: &[u8]) -> Value {
    match serial {
        1..=6 => {
            let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
            Value::Integer(bytes.iter().fold(sign, |number, byte| (number << 8) | i64::from(*byte)))
        }
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        text if text >= 13 && text % 2 == 1 => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        blob if blob >= 12 => Value::Blob(bytes.to_vec()),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const CALLS: i64 = 1_200;
    const PAGE: usize = 1024;
    const READ: &str = "SELECT message, position, call_id, name, arguments, server, approval, ok, result, started_ms,
        finished_ms FROM tool_call ORDER BY message, position";

    /// Calls with results of all lengths, of which some are deleted again, so that there are free pages.
    fn history(path: &Path) -> Connection {
        let database = Connection::open(path).unwrap();
        database.execute_batch(&format!("PRAGMA page_size = {PAGE}; PRAGMA auto_vacuum = INCREMENTAL")).unwrap();
        database.execute_batch(include_str!("../migrations/0001_initial.sql")).unwrap();
        let sql = format!(
            "BEGIN;
             INSERT INTO conversation (number, id, created_ms, used_ms, used_seq) VALUES (1, 'C', 1, 1, 1);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {CALLS})
             INSERT INTO message (number, id, conversation, role, status, created_ms)
                 SELECT i, 'M' || i, 1, 'assistant', 'complete', i FROM n;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {CALLS})
             INSERT INTO tool_call SELECT i, i % 3, 'call' || i, 'files__read', '{{\"n\":' || i || '}}', 'files', 'person',
                 i % 2, CASE WHEN i % 5 THEN printf('%.*c', i * 37 % 3000, 'r') END, i * 100000, -i FROM n;
             COMMIT;
             DELETE FROM tool_call WHERE message <= 200;"
        );
        database.execute_batch(&sql).unwrap();
        database
    }

    fn read(database: &Connection) -> Vec<Vec<Value>> {
        let mut statement = database.prepare(READ).unwrap();
        let rows = statement.query_map([], |row| (0..11).map(|column| row.get(column)).collect()).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn pages_of(database: &Connection, kind: &str) -> Vec<usize> {
        let query = "SELECT pageno FROM dbstat WHERE name = 'tool_call' AND pagetype = ?1";
        let mut statement = database.prepare(query).unwrap();
        let pages = statement.query_map([kind], |row| row.get::<_, u32>(0)).unwrap();
        pages.map(|page| page.unwrap() as usize).collect()
    }

    /// What is gathered after these pages were destroyed.
    fn gathered(whole: &[u8], destroyed: &[usize], byte: u8) -> Vec<Vec<Value>> {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = whole.to_vec();
        for page in destroyed {
            bytes[(page - 1) * PAGE..page * PAGE].fill(byte);
        }
        let path = folder.path().join("damaged.db");
        fs::write(&path, bytes).unwrap();
        let calls = gather(&path, &folder.path().join("calls.db")).unwrap();
        read(&calls)
    }

    #[test]
    fn each_page_that_is_left_gives_its_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("whole.db");
        let database = history(&path);
        let (whole, before) = (fs::read(&path).unwrap(), read(&database));
        assert!(are_whole(&database));
        assert_eq!(before.len(), 1_000);
        assert_eq!(gathered(&whole, &[], 0), before);
        let (inner, leaves) = (pages_of(&database, "internal"), pages_of(&database, "leaf"));
        assert!(inner.len() > 3 && leaves.len() > 100, "{} and {}", inner.len(), leaves.len());
        for (page, byte) in inner.iter().chain(leaves.iter().step_by(17)).flat_map(|page| [(*page, 0), (*page, 0xA5)]) {
            let after = gathered(&whole, &[page], byte);
            let lost = before.len() - after.len();
            assert!((1..40).contains(&lost), "page {page}: {lost} rows are lost");
            assert!(after.iter().all(|row| before.contains(row)), "page {page}");
        }
        let after = gathered(&whole, &inner, 0xFF);
        assert!(after.len() > 800 && after.iter().all(|row| before.contains(row)), "{}", after.len());
    }

    #[test]
    fn a_result_that_is_cut_in_its_pages_costs_the_result_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("whole.db");
        let database = history(&path);
        let (whole, before) = (fs::read(&path).unwrap(), read(&database));
        for page in pages_of(&database, "overflow").into_iter().step_by(97) {
            let after = gathered(&whole, &[page], 0xA5);
            let changed: Vec<_> = before.iter().zip(&after).filter(|(one, other)| one != other).collect();
            assert_eq!((after.len(), changed.len()), (before.len(), 1), "page {page}");
            assert_eq!(changed[0].1[8], Value::Null);
            assert_eq!(changed[0].1[..8], changed[0].0[..8]);
        }
    }
}
