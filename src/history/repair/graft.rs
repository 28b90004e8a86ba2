//! A file whose first page is destroyed gets that of an empty database, and the list of tables of a new history: its
//! tables begin on the same pages.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Result, params_from_iter};

use crate::history::queue::Line;
use crate::history::store::{BUSY_TIMEOUT, Store};
use crate::history::{HistoryError, connect, file};

/// What histories are made of: those of today, and those of earlier versions.
const PAGE_SIZES: [usize; 2] = [connect::PAGE_BYTES as usize, 4096];
/// Interior and leaf pages of indexes and tables.
const TREE_PAGES: [u8; 4] = [2, 5, 10, 13];
/// One of so many has to look like a page: the others are the rest of long texts, or damaged.
const PAGES_SEEN_PART: usize = 20;

/// On which pages the tables begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Where they were made.
    Grown,
    /// Where they are after a removal or a scrub has written the file anew.
    Rewritten,
}

/// A row of `sqlite_schema`.
type Entry = [Value; 5];

/// Makes a copy of a damaged file readable, as far as its tables lie like this.
pub fn graft(damaged: &Path, folder: &Path, layout: Layout) -> std::result::Result<(), HistoryError> {
    let unusable = |error: io::Error| HistoryError::unusable(damaged, error);
    let page_bytes = page_bytes(damaged).map_err(unusable)?;
    let fresh = folder.join("fresh.db");
    let remove = || {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(file::beside(&fresh, suffix));
        }
    };
    // A recovery that was killed may have left one.
    remove();
    let made = make(&fresh, page_bytes, layout);
    remove();
    let (first_page, entries) = made?;
    write_first_page(damaged, first_page).map_err(unusable)?;
    Ok(list(damaged, entries)?)
}

/// The first page of an empty database with pages of this size, and what the list of tables of a new history holds.
fn make(fresh: &Path, page_bytes: usize, layout: Layout) -> std::result::Result<(Vec<u8>, Vec<Entry>), HistoryError> {
    file::prepare(fresh).map_err(|error| HistoryError::unusable(fresh, error))?;
    Connection::open(fresh)?
        .execute_batch(&format!("PRAGMA page_size = {page_bytes}; PRAGMA auto_vacuum = INCREMENTAL; VACUUM"))?;
    let mut first_page = fs::read(fresh).map_err(|error| HistoryError::unusable(fresh, error))?;
    first_page.truncate(page_bytes);
    let mut store = Store::open(fresh, 0, &mut Line::of(fresh).wait(BUSY_TIMEOUT))?;
    if layout == Layout::Rewritten {
        store.connection().execute_batch("VACUUM")?;
    }
    let mut list =
        store.connection().prepare("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid")?;
    let entries = list
        .query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]))?
        .collect::<Result<_>>()?;
    Ok((first_page, entries))
}

/// Behind all pages that are there: none of them is overwritten.
fn list(damaged: &Path, entries: Vec<Entry>) -> Result<()> {
    let connection = Connection::open(damaged)?;
    connection
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA writable_schema = ON; BEGIN")?;
    for entry in entries {
        let insert = "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (?1, ?2, ?3, ?4, ?5)";
        connection.prepare_cached(insert)?.execute(params_from_iter(entry))?;
    }
    connection.execute_batch("COMMIT")
}

/// How large the pages of the damaged file are: nothing in its header can be trusted. Where pages of the smaller size
/// begin, and larger ones do not, a page of the one looks like a page, and the middle of the other does not.
fn page_bytes(damaged: &Path) -> io::Result<usize> {
    let [small, large] = PAGE_SIZES;
    let bytes = fs::read(damaged)?;
    let inner = bytes.chunks(small).enumerate().filter(|(number, _)| number % (large / small) != 0);
    let (pages, seen) =
        inner.fold((0, 0), |(pages, seen), (_, page)| (pages + usize::from(is_tree_page(page)), seen + 1));
    Ok(if pages * PAGES_SEEN_PART >= seen { small } else { large })
}

/// Whether it begins as a page of a tree does, and is no longer than it says.
fn is_tree_page(page: &[u8]) -> bool {
    let &[kind, free_high, free_low, cells_high, cells_low, start_high, start_low, ..] = page else { return false };
    let number = |high, low| usize::from(u16::from_be_bytes([high, low]));
    let (free, cells, start) =
        (number(free_high, free_low), number(cells_high, cells_low), number(start_high, start_low));
    TREE_PAGES.contains(&kind)
        && (1..page.len() / 4).contains(&cells)
        && free < page.len()
        && (8..=page.len()).contains(&start)
}

fn write_first_page(damaged: &Path, mut page: Vec<u8>) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(damaged)?;
    let pages = u32::try_from(file.metadata()?.len() / page.len() as u64).unwrap_or(u32::MAX);
    fit_header(&mut page, pages);
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&page)?;
    file.sync_all()
}

/// The header says how long the file is, and that nothing in it is free.
pub fn fit_header(page: &mut [u8], pages: u32) {
    page[28..32].copy_from_slice(&pages.to_be_bytes());
    page[32..40].fill(0);
    let (counter, valid_for) = page.split_at_mut(92);
    valid_for[..4].copy_from_slice(&counter[24..28]);
}

/// Whether a file begins as a database of SQLite does.
pub fn has_header(path: &Path) -> bool {
    let mut header = [0; 16];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && &header == b"SQLite format 3\0"
}
