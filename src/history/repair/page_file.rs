//! A database as a file of pages, without SQLite: read one by one, and told which of them are in use.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::graft::fit_header;
use super::pages::number_at;

const HEADER_BYTES: usize = 100;
/// The page with this byte belongs to the locks and holds nothing.
const LOCK_BYTE: u32 = 1 << 30;
/// Bytes of a page's entry in the map that files with auto-vacuum have.
const ENTRY_BYTES: usize = 5;

/// What the map says of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// In the tree of a table or an index.
    Tree,
    /// Free, or the rest of a long text.
    Other,
    /// There is no map, or it cannot be read here.
    Unknown,
}

pub struct PageFile {
    file: File,
    page_bytes: usize,
    /// All of a page but what others may have reserved at its end.
    usable: usize,
    pages: u32,
    has_map: bool,
    free: HashSet<u32>,
}

impl PageFile {
    /// Opens a file whose header is in order.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header)?;
        let page_bytes = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            bytes => usize::from(bytes),
        };
        let usable = page_bytes.saturating_sub(usize::from(header[20]));
        if !page_bytes.is_power_of_two() || page_bytes < 512 || usable < 480 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its pages have no size that there is"));
        }
        let pages = u32::try_from(file.metadata()?.len() / page_bytes as u64).unwrap_or(u32::MAX);
        let has_map = number_at(&header, 52) != Some(0);
        let mut file = Self { file, page_bytes, usable, pages, has_map, free: HashSet::new() };
        file.find_free(number_at(&header, 32).unwrap_or(0))?;
        Ok(file)
    }

    pub fn usable(&self) -> usize {
        self.usable
    }

    /// The usable part of a page; `None` where the file has no such page, and for the first one.
    pub fn read(&mut self, number: u32) -> io::Result<Option<Vec<u8>>> {
        if !(2..=self.pages).contains(&number) {
            return Ok(None);
        }
        let mut page = vec![0; self.usable];
        self.seek(number)?;
        self.file.read_exact(&mut page)?;
        Ok(Some(page))
    }

    pub fn write(&mut self, number: u32, mut page: Vec<u8>) -> io::Result<()> {
        page.resize(self.page_bytes, 0);
        self.seek(number)?;
        self.file.write_all(&page)
    }

    pub fn append(&mut self, page: Vec<u8>) -> io::Result<u32> {
        let next = |pages: u32| pages.checked_add(1).ok_or(io::ErrorKind::FileTooLarge);
        let mut number = next(self.pages)?;
        if number == self.lock_page() {
            number = next(number)?;
        }
        self.write(number, page)?;
        self.pages = number;
        Ok(number)
    }

    /// Makes the header fit what was appended.
    pub fn finish(mut self) -> io::Result<()> {
        let mut header = [0; HEADER_BYTES];
        self.seek(1)?;
        self.file.read_exact(&mut header)?;
        fit_header(&mut header, self.pages);
        self.seek(1)?;
        self.file.write_all(&header)
    }

    /// Shows every page that may be in a tree, with what the map says of it.
    pub fn scan(&mut self, mut look: impl FnMut(u32, &[u8], Use)) -> io::Result<()> {
        let mut map = (0, Vec::new());
        for number in 2..=self.pages {
            let Some(page) = self.read(number)? else { continue };
            if self.has_map && self.map_page_of(number) == number {
                map = (number, page);
                continue;
            }
            let used = if map.0 == 0 { Use::Unknown } else { use_in_map(&map.1, number - map.0) };
            if used != Use::Other && !self.free.contains(&number) {
                look(number, &page, used);
            }
        }
        Ok(())
    }

    fn seek(&mut self, number: u32) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(u64::from(number - 1) * self.page_bytes as u64)).map(drop)
    }

    fn lock_page(&self) -> u32 {
        LOCK_BYTE / u32::try_from(self.page_bytes).unwrap_or(u32::MAX) + 1
    }

    /// The page of the map with the entry of this page; a page of the map itself names itself.
    fn map_page_of(&self, number: u32) -> u32 {
        let span = u32::try_from(self.usable / ENTRY_BYTES).unwrap_or(u32::MAX - 1) + 1;
        let page = (number - 2) / span * span + 2;
        if page == self.lock_page() { page + 1 } else { page }
    }

    /// Walks the list of free pages as far as it can be read.
    fn find_free(&mut self, first: u32) -> io::Result<()> {
        let mut trunk = first;
        while let Some(page) = self.read(trunk)? {
            let count = number_at(&page, 4).and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX);
            if count > self.usable / 4 - 2 || !self.free.insert(trunk) {
                break;
            }
            self.free.extend((0..count).filter_map(|index| number_at(&page, 8 + 4 * index)));
            trunk = number_at(&page, 0).unwrap_or(0);
        }
        Ok(())
    }
}

fn use_in_map(map: &[u8], distance: u32) -> Use {
    let entry = usize::try_from(distance).ok().and_then(|distance| distance.checked_sub(1));
    match entry.and_then(|entry| map.get(entry.checked_mul(ENTRY_BYTES)?)) {
        // The root of a tree, and the rest of it.
        Some(1 | 5) => Use::Tree,
        // A free page, and the first and the others of a chain.
        Some(2..=4) => Use::Other,
        _ => Use::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_tells_trees_from_the_rest() {
        let map = [1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 9, 4, 0, 0, 0, 8, 5, 0, 0, 0, 7, 0xA5, 0, 0, 0];
        let uses: Vec<Use> = (0..8).map(|distance| use_in_map(&map, distance)).collect();
        let (tree, other, unknown) = (Use::Tree, Use::Other, Use::Unknown);
        assert_eq!(uses, [unknown, tree, other, other, other, tree, unknown, unknown]);
    }

    #[test]
    fn a_list_of_free_pages_that_bites_its_tail_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ring.db");
        let mut bytes = vec![0; 4 * 512];
        bytes[16..18].copy_from_slice(&512_u16.to_be_bytes());
        bytes[35] = 2;
        // 2 lists 4 and goes on with 3, which goes back to 2.
        bytes[512..524].copy_from_slice(&[0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 4]);
        bytes[1024..1028].copy_from_slice(&[0, 0, 0, 2]);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(PageFile::open(&path).unwrap().free, HashSet::from([2, 3, 4]));
    }
}
