//! Pages of a table's tree as bytes: what one holds, and how one is written. No byte of them is trusted.

const INTERIOR: u8 = 5;
const LEAF: u8 = 13;
const INTERIOR_HEADER_BYTES: usize = 12;
const LEAF_HEADER_BYTES: usize = 8;
/// The number of a child, the longest varint, and the pointer to both.
const CHILD_BYTES_MAX: usize = 4 + 9 + 2;

/// What a sound page of a table's tree holds; both lists have at least one entry.
#[derive(Debug)]
pub enum TreePage<'a> {
    /// In the order of their numbers, which differ.
    Leaf(Vec<Cell<'a>>),
    /// Numbers of pages, in the order of the tree. Not every page need be there.
    Interior(Vec<u32>),
}

/// One row.
#[derive(Debug)]
pub struct Cell<'a> {
    pub rowid: i64,
    payload_bytes: u64,
    /// The part of the record that is in this page.
    local: &'a [u8],
}

/// What a column of a STRICT table takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Real,
    Text,
    Blob,
}

#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub kind: Kind,
    pub is_nullable: bool,
}

/// What rows of a table look like. The first column is the number of the row.
#[derive(Debug)]
pub struct Shape {
    pub columns: Vec<Column>,
    /// Rows that are older than the last columns end before them.
    pub fewest: usize,
    pub words: Words,
}

/// A column that holds nothing but these words.
pub type Words = Option<(usize, &'static [&'static str])>;

/// Reads the usable part of a page other than the first.
pub fn parse(page: &[u8]) -> Option<TreePage<'_>> {
    let count = usize::from(u16::from_be_bytes(array(page, 3)?));
    match *page.first()? {
        LEAF => leaf_cells(page, count).map(TreePage::Leaf),
        INTERIOR => children(page, count).map(TreePage::Interior),
        _ => None,
    }
}

pub fn number_at(page: &[u8], at: usize) -> Option<u32> {
    array(page, at).map(u32::from_be_bytes)
}

pub fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn leaf_cells(page: &[u8], count: usize) -> Option<Vec<Cell<'_>>> {
    let mut cells: Vec<Cell> = Vec::new();
    for start in cell_starts(page, LEAF_HEADER_BYTES, count) {
        let cell = leaf_cell(page, start?)?;
        if cells.last().is_some_and(|last| last.rowid >= cell.rowid) {
            return None;
        }
        cells.push(cell);
    }
    (!cells.is_empty()).then_some(cells)
}

/// Where the cells of a page begin, as far as its pointers make sense.
pub fn cell_starts(page: &[u8], header_bytes: usize, count: usize) -> impl Iterator<Item = Option<usize>> {
    (0..count).map(move |index| {
        let start = usize::from(u16::from_be_bytes(array(page, header_bytes + 2 * index)?));
        (start >= header_bytes + 2 * count).then_some(start)
    })
}

fn leaf_cell(page: &[u8], start: usize) -> Option<Cell<'_>> {
    let (payload_bytes, at) = varint(page, start)?;
    let (rowid, at) = varint(page, at)?;
    let local_bytes = local_bytes(page.len(), payload_bytes, page.len().checked_sub(35)?)?;
    let overflow_bytes = if local_bytes as u64 == payload_bytes { 0 } else { 4 };
    let local = page.get(at..at + local_bytes + overflow_bytes)?.get(..local_bytes)?;
    Some(Cell { rowid: rowid.cast_signed(), payload_bytes, local })
}

/// How much of a record stays in the page, which is `local_max` at most; the rest is in a chain of other pages.
pub fn local_bytes(usable: usize, payload_bytes: u64, local_max: usize) -> Option<usize> {
    if payload_bytes <= local_max as u64 {
        return usize::try_from(payload_bytes).ok();
    }
    let local_min = (usable.checked_sub(12)? * 32 / 255).checked_sub(23)?;
    let rest = payload_bytes.checked_sub(local_min as u64)? % (usable as u64 - 4);
    let local = local_min + usize::try_from(rest).ok()?;
    Some(if local <= local_max { local } else { local_min })
}

fn children(page: &[u8], count: usize) -> Option<Vec<u32>> {
    let mut children = Vec::new();
    let mut last = i64::MIN;
    for start in cell_starts(page, INTERIOR_HEADER_BYTES, count) {
        let start = start?;
        let key = varint(page, start + 4)?.0.cast_signed();
        if key < last {
            return None;
        }
        last = key;
        children.push(number_at(page, start)?);
    }
    if children.is_empty() {
        return None;
    }
    children.push(number_at(page, 8)?);
    Some(children)
}

/// The number that begins here, and where it ends.
pub fn varint(bytes: &[u8], start: usize) -> Option<(u64, usize)> {
    let mut value = 0;
    for at in start..start + 8 {
        let byte = *bytes.get(at)?;
        value = (value << 7) | u64::from(byte & 0x7F);
        if byte < 0x80 {
            return Some((value, at + 1));
        }
    }
    let byte = *bytes.get(start + 8)?;
    Some(((value << 8) | u64::from(byte), start + 9))
}

impl Shape {
    pub fn fits(&self, cell: &Cell) -> bool {
        self.check(cell).is_some()
    }

    fn check(&self, cell: &Cell) -> Option<()> {
        let (header_bytes, mut at) = varint(cell.local, 0)?;
        let header_end = usize::try_from(header_bytes).ok().filter(|end| *end <= cell.local.len())?;
        let mut value_start = header_bytes;
        let mut count = 0;
        while at < header_end {
            let (serial, next) = varint(cell.local, at)?;
            let column = self.columns.get(count)?;
            let is_right = if count == 0 { serial == 0 } else { column.takes(serial) };
            let value_end = value_start.checked_add(value_bytes(serial)?)?;
            if !is_right || !self.has_word(count, cell.local, value_start..value_end) {
                return None;
            }
            (at, value_start, count) = (next, value_end, count + 1);
        }
        (at == header_end && count >= self.fewest && value_start == cell.payload_bytes).then_some(())
    }

    fn has_word(&self, column: usize, local: &[u8], value: std::ops::Range<u64>) -> bool {
        let Some((_, words)) = self.words.filter(|(checked, _)| *checked == column) else { return true };
        let (Ok(start), Ok(end)) = (usize::try_from(value.start), usize::try_from(value.end)) else { return false };
        local.get(start..end).is_some_and(|value| words.iter().any(|word| word.as_bytes() == value))
    }
}

impl Column {
    /// Whether a value of this serial type can stand in it.
    pub fn takes(self, serial: u64) -> bool {
        let is_integer = matches!(serial, 1..=6 | 8 | 9);
        match self.kind {
            _ if serial == 0 => self.is_nullable,
            Kind::Integer => is_integer,
            // A real number without a fraction is stored as an integer.
            Kind::Real => is_integer || serial == 7,
            Kind::Text => serial >= 13 && !serial.is_multiple_of(2),
            Kind::Blob => serial >= 12 && serial.is_multiple_of(2),
        }
    }
}

pub fn value_bytes(serial: u64) -> Option<u64> {
    match serial {
        0 | 8 | 9 => Some(0),
        1..=4 => Some(serial),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        longer => Some((longer - 12) / 2),
    }
}

/// So many children an interior page has room for, whatever their keys.
pub fn children_max(usable: usize) -> usize {
    usable.saturating_sub(INTERIOR_HEADER_BYTES) / CHILD_BYTES_MAX + 1
}

/// An interior page of `usable` bytes. Children are pages with the highest number in them, in order: at least two,
/// at most `children_max`.
pub fn interior(usable: usize, children: &[(u32, i64)]) -> Vec<u8> {
    let mut page = vec![0; usable];
    let mut start = usable;
    let cells = children.len().saturating_sub(1);
    for (index, (child, key)) in children.iter().take(cells).enumerate() {
        let mut cell = child.to_be_bytes().to_vec();
        cell.extend(varint_of(key.cast_unsigned()));
        start -= cell.len();
        page[start..start + cell.len()].copy_from_slice(&cell);
        let pointer = INTERIOR_HEADER_BYTES + 2 * index;
        page[pointer..pointer + 2].copy_from_slice(&low_half(start));
    }
    page[0] = INTERIOR;
    page[3..5].copy_from_slice(&low_half(cells));
    page[5..7].copy_from_slice(&low_half(start));
    page[8..12].copy_from_slice(&children.last().map_or(0, |(child, _)| *child).to_be_bytes());
    page
}

/// A leaf without rows.
pub fn empty_leaf(usable: usize) -> Vec<u8> {
    let mut page = vec![0; usable];
    page[0] = LEAF;
    page[5..7].copy_from_slice(&low_half(usable));
    page
}

/// 65536 is written as 0.
fn low_half(number: usize) -> [u8; 2] {
    [((number >> 8) & 0xFF) as u8, (number & 0xFF) as u8]
}

fn varint_of(value: u64) -> Vec<u8> {
    let low = |shift: u32| ((value >> shift) & 0x7F) as u8;
    if value >> 56 != 0 {
        let mut bytes: Vec<u8> = (0..8).map(|index| low(57 - 7 * index) | 0x80).collect();
        bytes.push((value & 0xFF) as u8);
        return bytes;
    }
    let length = (1..8).find(|length| value >> (7 * length) == 0).unwrap_or(8);
    (0..length).rev().map(|index| low(7 * index) | if index == 0 { 0 } else { 0x80 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: Kind, is_nullable: bool) -> Column {
        Column { kind, is_nullable }
    }

    fn shape() -> Shape {
        let columns = vec![column(Kind::Integer, true), column(Kind::Text, false), column(Kind::Real, true)];
        Shape { columns, fewest: 2, words: Some((1, &["text", "ok"])) }
    }

    /// A leaf of 512 bytes with these records, the last one first in it.
    fn leaf(rows: &[(u8, &[u8])]) -> Vec<u8> {
        let mut page = empty_leaf(512);
        let mut start = 512;
        for (index, (rowid, record)) in rows.iter().enumerate() {
            start -= record.len() + 2;
            page[start] = u8::try_from(record.len()).unwrap();
            page[start + 1] = *rowid;
            page[start + 2..start + 2 + record.len()].copy_from_slice(record);
            page[8 + 2 * index..10 + 2 * index].copy_from_slice(&low_half(start));
        }
        page[4] = u8::try_from(rows.len()).unwrap();
        page
    }

    fn fitting(page: &[u8]) -> Option<Vec<(i64, bool)>> {
        match parse(page)? {
            TreePage::Leaf(cells) => Some(cells.iter().map(|cell| (cell.rowid, shape().fits(cell))).collect()),
            TreePage::Interior(_) => None,
        }
    }

    #[test]
    fn a_varint_comes_back() {
        let numbers = [0, 1, 127, 128, 16_383, 16_384, (1 << 49) - 1, 1 << 49, (1 << 56) - 1, 1 << 56, u64::MAX];
        for number in numbers {
            let bytes = varint_of(number);
            assert_eq!(varint(&bytes, 0), Some((number, bytes.len())), "{number}");
            assert_eq!(varint(&bytes[1..], bytes.len()), None);
        }
        assert_eq!(varint_of(u64::MAX).len(), 9);
        assert_eq!(varint_of((1 << 56) - 1).len(), 8);
    }

    #[test]
    fn rows_fit_by_columns_kinds_lengths_and_words() {
        let records: [(&[u8], bool); 9] = [
            (b"\x03\0\x15text", true),
            (b"\x04\0\x11\x09ok", true),
            (b"\x04\0\x11\x07ok12345678", true),
            (b"\x03\0\x15tex", false),
            (b"\x03\0\x15textt", false),
            (b"\x03\0\x11no", false),
            (b"\x04\0\x11\x0dok", false),
            (b"\x03\x01\x11\x05ok", false),
            (b"\x02\0", false),
        ];
        for (record, fits) in records {
            assert_eq!(fitting(&leaf(&[(7, record)])), Some(vec![(7, fits)]), "{record:?}");
        }
    }

    #[test]
    fn rows_out_of_order_or_bounds_are_no_leaf() {
        let record: &[u8] = b"\x03\0\x11ok";
        assert_eq!(fitting(&leaf(&[(1, record), (2, record)])), Some(vec![(1, true), (2, true)]));
        assert_eq!(fitting(&leaf(&[(2, record), (1, record)])), None);
        assert_eq!(fitting(&leaf(&[(2, record), (2, record)])), None);
        let mut page = leaf(&[(1, record)]);
        page[9] = 0xFF;
        assert_eq!(fitting(&page), None);
        assert_eq!(fitting(&empty_leaf(512)), None);
    }

    #[test]
    fn a_full_interior_page_reads_as_it_was_written() {
        for usable in [512, 1024, 4096, 65_536] {
            let count = i64::try_from(children_max(usable)).unwrap();
            let children: Vec<(u32, i64)> = (0..count).map(|index| (9, i64::MAX - count + index)).collect();
            let page = interior(usable, &children);
            assert_eq!(page.len(), usable);
            let Some(TreePage::Interior(found)) = parse(&page) else { panic!("{usable}") };
            assert_eq!(found, vec![9; children.len()]);
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let record: &[u8] = b"\x04\0\x11\x07ok12345678";
        let pages = [leaf(&[(1, record), (2, record)]), interior(512, &[(3, 4), (5, 6), (7, 8)])];
        let mut state = 1_u64;
        for page in pages {
            for at in 0..page.len() {
                let _ = fitting(&page[..at]);
                for byte in [0, 1, 0x7F, 0x80, 0xFF] {
                    let mut page = page.clone();
                    page[at] = byte;
                    let _ = fitting(&page);
                }
            }
            for _ in 0..20_000 {
                let mut page = page.clone();
                for _ in 0..8 {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let at = (state >> 33) as usize % 64;
                    let place = if at < 32 { at } else { page.len() - 65 + at };
                    page[place] = (state >> 24) as u8;
                }
                let _ = fitting(&page);
            }
        }
    }
}
