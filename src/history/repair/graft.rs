//! A file whose first page is destroyed gets that of a new history: its tables begin on the same pages.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use rusqlite::Connection;

use crate::history::queue::Line;
use crate::history::store::{BUSY_TIMEOUT, Store};
use crate::history::{HistoryError, connect, file};

/// What histories are made of: those of today, and those of earlier versions.
const PAGE_SIZES: [usize; 2] = [connect::PAGE_BYTES as usize, 4096];
/// Interior and leaf pages of indexes and tables.
const TREE_PAGES: [u8; 4] = [2, 5, 10, 13];
/// One of so many has to look like a page: the others are the rest of long texts, or damaged.
const PAGES_SEEN_PART: usize = 20;

/// How much of the beginning is taken from a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The page with the header.
    FirstPage,
    /// All pages of the list of tables.
    Schema,
}

/// Writes the beginning of a new history over that of a copy of a damaged one.
pub fn graft(damaged: &Path, folder: &Path, extent: Extent) -> Result<(), HistoryError> {
    let fresh = folder.join("fresh.db");
    let page_bytes = page_bytes(damaged).map_err(|error| HistoryError::unusable(damaged, error))?;
    let mut pages = make(&fresh, page_bytes)?;
    if extent == Extent::FirstPage {
        pages.truncate(1);
    }
    let grafted = write_pages(damaged, &fresh, (&pages, page_bytes));
    for name in ["fresh.db", "fresh.db-wal", "fresh.db-shm"] {
        let _ = fs::remove_file(folder.join(name));
    }
    grafted.map_err(|error| HistoryError::unusable(damaged, error))
}

/// A new history with pages of this size; the numbers of those that hold the list of tables, the first one first.
fn make(fresh: &Path, page_bytes: usize) -> Result<Vec<u32>, HistoryError> {
    file::prepare(fresh).map_err(|error| HistoryError::unusable(fresh, error))?;
    Connection::open(fresh)?
        .execute_batch(&format!("PRAGMA page_size = {page_bytes}; PRAGMA auto_vacuum = INCREMENTAL; VACUUM"))?;
    let mut store = Store::open(fresh, 0, &mut Line::of(fresh).wait(BUSY_TIMEOUT))?;
    store.write_wal_again()?;
    let query = "SELECT pageno FROM dbstat WHERE name = 'sqlite_schema' ORDER BY pageno";
    let pages = store.connection().prepare(query)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(pages)
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

fn write_pages(damaged: &Path, fresh: &Path, (wanted, page_bytes): (&[u32], usize)) -> io::Result<()> {
    let donor = fs::read(fresh)?;
    let mut file = OpenOptions::new().read(true).write(true).open(damaged)?;
    let pages = u32::try_from(file.metadata()?.len() / page_bytes as u64).unwrap_or(u32::MAX);
    for &number in wanted {
        let start = (number as usize - 1) * page_bytes;
        let Some(page) = donor.get(start..start + page_bytes) else { continue };
        let mut page = page.to_vec();
        if number == 1 {
            fit_header(&mut page, pages);
        }
        file.seek(SeekFrom::Start(start as u64))?;
        file.write_all(&page)?;
    }
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
