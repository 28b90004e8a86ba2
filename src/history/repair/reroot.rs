//! Where pages between the root of a table and its rows are destroyed: finds the leaves and puts a new tree above.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::Path;

use rusqlite::{Connection, Result, Row};

use super::page_file::{PageFile, Use};
use super::pages::{Cell, Column, Kind, Shape, TreePage, Words, children_max, empty_leaf, interior, parse};

/// No tree that SQLite makes is deeper.
const DEPTH_MAX: usize = 20;

/// Tables with rows by number: how many columns their first version had, and what tells them from others.
const TABLES: [(&str, usize, Words); 3] =
    [("conversation", 12, None), ("message", 25, None), ("message_delta", 4, Some((2, &["text", "reasoning"])))];

/// A table of which not every page can be read.
pub struct BrokenTable {
    root: u32,
    shape: Shape,
}

/// Looks at every page of the tables.
pub fn broken_tables(connection: &Connection) -> Vec<BrokenTable> {
    let is_broken = |table: &str| {
        // An index would do to count, and tell nothing about the table.
        let query = format!("SELECT count(*) FROM {table} NOT INDEXED");
        connection.query_row(&query, [], |row| row.get::<_, i64>(0)).is_err()
    };
    let broken = TABLES.into_iter().filter(|(table, ..)| is_broken(table));
    broken.filter_map(|table| describe(connection, table).ok()).collect()
}

fn describe(connection: &Connection, (table, fewest, words): (&str, usize, Words)) -> Result<BrokenTable> {
    let query = "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    let root = connection.query_row(query, [table], |row| row.get(0))?;
    let query = "SELECT type, \"notnull\" FROM pragma_table_info(?1) ORDER BY cid";
    let columns = connection.prepare(query)?.query_map([table], column)?.collect::<Result<_>>()?;
    Ok(BrokenTable { root, shape: Shape { columns, fewest, words } })
}

fn column(row: &Row<'_>) -> Result<Column> {
    let name: String = row.get(0)?;
    let kind = match name.as_str() {
        "INTEGER" | "INT" => Kind::Integer,
        "REAL" => Kind::Real,
        "BLOB" => Kind::Blob,
        _ => Kind::Text,
    };
    Ok(Column { kind, is_nullable: !row.get::<_, bool>(1)? })
}

/// Changes the file so that SQLite finds what is left of these tables. It is good for reading alone afterwards.
pub fn reroot(copy: &Path, tables: &[BrokenTable]) -> io::Result<()> {
    let mut file = PageFile::open(copy)?;
    let mut lost: Vec<(&BrokenTable, Vec<Leaf>)> = Vec::new();
    for table in tables {
        let found = descend(&mut file, table)?;
        if found.has_lost_interior {
            lost.push((table, found.leaves));
        }
    }
    // All before the first is written: what is appended must not be found.
    add_strays(&mut file, &mut lost)?;
    for (table, leaves) in lost {
        plant(&mut file, table.root, choose(leaves))?;
    }
    file.finish()
}

/// How sure it is that a leaf belongs to the table, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    /// The tree leads to it.
    Reached,
    /// Its rows fit, and it is in some tree.
    Mapped,
    /// Its rows fit.
    Alike,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Leaf {
    claim: Claim,
    page: u32,
    /// The lowest and the highest number of a row in it.
    low: i64,
    high: i64,
}

impl Leaf {
    fn new(claim: Claim, page: u32, cells: &[Cell]) -> Option<Self> {
        Some(Self { claim, page, low: cells.first()?.rowid, high: cells.last()?.rowid })
    }
}

struct Found {
    leaves: Vec<Leaf>,
    has_lost_interior: bool,
}

/// Goes down from the root wherever that is possible.
fn descend(file: &mut PageFile, table: &BrokenTable) -> io::Result<Found> {
    let (mut leaves, mut leaf_depth, mut lost_depths) = (Vec::new(), 0, Vec::new());
    let mut seen = HashSet::new();
    let mut open = vec![(table.root, 0)];
    while let Some((number, depth)) = open.pop() {
        let page = if depth <= DEPTH_MAX && seen.insert(number) { file.read(number)? } else { None };
        match page.as_deref().and_then(parse) {
            Some(TreePage::Leaf(cells)) if cells.iter().any(|cell| table.shape.fits(cell)) => {
                leaves.extend(Leaf::new(Claim::Reached, number, &cells));
                leaf_depth = leaf_depth.max(depth);
            }
            Some(TreePage::Interior(children)) => open.extend(children.into_iter().map(|child| (child, depth + 1))),
            Some(TreePage::Leaf(_)) | None => lost_depths.push(depth),
        }
    }
    // All leaves are equally deep: what is lost above them had others below.
    let has_lost_interior = leaves.is_empty() || lost_depths.iter().any(|depth| *depth < leaf_depth);
    Ok(Found { leaves, has_lost_interior })
}

fn add_strays(file: &mut PageFile, lost: &mut [(&BrokenTable, Vec<Leaf>)]) -> io::Result<()> {
    if lost.is_empty() {
        return Ok(());
    }
    file.scan(|number, page, used| {
        let Some(TreePage::Leaf(cells)) = parse(page) else { return };
        let claim = if used == Use::Tree { Claim::Mapped } else { Claim::Alike };
        for (table, leaves) in &mut *lost {
            if number != table.root && cells.iter().all(|cell| table.shape.fits(cell)) {
                leaves.extend(Leaf::new(claim, number, &cells));
            }
        }
    })
}

/// Leaves in the order of their rows. Of two with the same numbers one is an old copy: it would bring back what
/// was deleted.
fn choose(mut leaves: Vec<Leaf>) -> Vec<Leaf> {
    leaves.sort_by_key(|leaf| (leaf.claim, leaf.page));
    let mut chosen: BTreeMap<i64, Leaf> = BTreeMap::new();
    for leaf in leaves {
        let before = chosen.range(..=leaf.high).next_back();
        if before.is_none_or(|(_, other)| other.high < leaf.low) {
            chosen.insert(leaf.low, leaf);
        }
    }
    chosen.into_values().collect()
}

/// Writes the pages between the root and the leaves, and the root.
fn plant(file: &mut PageFile, root: u32, leaves: Vec<Leaf>) -> io::Result<()> {
    if file.read(root)?.is_none() {
        return Ok(());
    }
    let usable = file.usable();
    let mut level: Vec<(u32, i64)> = leaves.into_iter().map(|leaf| (leaf.page, leaf.high)).collect();
    while level.len() > children_max(usable) {
        let mut above = Vec::new();
        for children in even_groups(&level, children_max(usable)) {
            let highest = children.last().map_or(i64::MAX, |(_, key)| *key);
            above.push((file.append(interior(usable, children))?, highest));
        }
        level = above;
    }
    let page = match level.as_slice() {
        [] => empty_leaf(usable),
        [(only, _)] => file.read(*only)?.unwrap_or_else(|| empty_leaf(usable)),
        children => interior(usable, children),
    };
    file.write(root, page)
}

/// In as few groups as possible, none of which is much smaller: an interior page needs two children.
fn even_groups<T>(items: &[T], size_max: usize) -> impl Iterator<Item = &[T]> {
    let count = items.len().div_ceil(size_max);
    (0..count).map(move |index| &items[index * items.len() / count..(index + 1) * items.len() / count])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::pages::number_at;
    use super::*;

    const ROWS: i64 = 2_500;

    fn leaf(claim: Claim, page: u32, (low, high): (i64, i64)) -> Leaf {
        Leaf { claim, page, low, high }
    }

    #[test]
    fn the_surest_leaf_wins_and_nothing_overlaps() {
        use Claim::{Alike, Mapped, Reached};
        let leaves = vec![
            leaf(Alike, 2, (1, 50)),
            leaf(Mapped, 3, (21, 30)),
            leaf(Reached, 9, (11, 20)),
            leaf(Mapped, 4, (20, 22)),
            leaf(Alike, 5, (30, 31)),
            leaf(Alike, 6, (31, 40)),
            leaf(Mapped, 9, (11, 20)),
            leaf(Alike, 7, (-5, 10)),
        ];
        let pages: Vec<u32> = choose(leaves).iter().map(|leaf| leaf.page).collect();
        assert_eq!(pages, [7, 9, 3, 6]);
    }

    #[test]
    fn groups_are_even() {
        for length in 2..500 {
            let items: Vec<usize> = (0..length).collect();
            let groups: Vec<&[usize]> = even_groups(&items, 7).collect();
            assert_eq!(groups.concat(), items);
            assert!(groups.iter().all(|group| (2..=7).contains(&group.len())), "{length}");
        }
    }

    /// A history whose messages are in several levels, some of them deleted: their leaves are free pages, as they were
    /// before.
    fn history(path: &Path, page_bytes: usize) -> (Connection, Vec<u8>) {
        let database = Connection::open(path).unwrap();
        database.execute_batch(&format!("PRAGMA page_size = {page_bytes}; PRAGMA auto_vacuum = INCREMENTAL")).unwrap();
        database.execute_batch(include_str!("../migrations/0001_initial.sql")).unwrap();
        let sql = format!(
            "BEGIN;
             INSERT INTO conversation (number, id, created_ms, used_ms, used_seq) VALUES (1, 'C', 1, 1, 1);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
             INSERT INTO message (number, id, conversation, role, status, created_ms, text)
                 SELECT i, 'M' || i, 1, 'user', 'complete', i, printf('%.*c', 1 + i * 37 % 700, 'x') FROM n;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
             INSERT INTO prompt_history (created_ms, cwd, text) SELECT i, '/tmp', 'typed' FROM n;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
             INSERT INTO message_delta (message, kind, text) SELECT i, 'reasoning', 'arrived ' || i FROM n;
             COMMIT"
        );
        database.execute_batch(&sql).unwrap();
        let (old, old_leaves) = (fs::read(path).unwrap(), pages_of(&database, "message", "leaf"));
        database.execute_batch("DELETE FROM message WHERE number <= 400").unwrap();
        let mut bytes = fs::read(path).unwrap();
        let in_use = pages_of(&database, "%", "%");
        let first_free = number_at(&bytes, 32).unwrap() as usize;
        for page in old_leaves.into_iter().filter(|page| !in_use.contains(page) && *page != first_free) {
            let range = (page - 1) * page_bytes..page * page_bytes;
            bytes[range.clone()].copy_from_slice(&old[range]);
        }
        (database, bytes)
    }

    fn wipe(bytes: &mut [u8], page_bytes: usize, pages: &[usize], byte: u8) {
        for page in pages {
            bytes[(page - 1) * page_bytes..page * page_bytes].fill(byte);
        }
    }

    fn wipe_map(bytes: &mut [u8], page_bytes: usize) {
        let maps: Vec<usize> = (2..=bytes.len() / page_bytes).step_by(page_bytes / 5 + 1).collect();
        wipe(bytes, page_bytes, &maps, 0);
    }

    fn wipe_free_list(bytes: &mut [u8]) {
        bytes[32..40].fill(0);
    }

    fn pages_of(database: &Connection, table: &str, kind: &str) -> Vec<usize> {
        let query = "SELECT pageno FROM dbstat WHERE name LIKE ?1 AND pagetype LIKE ?2 ORDER BY pageno";
        let mut statement = database.prepare(query).unwrap();
        let pages = statement.query_map([table, kind], |row| row.get::<_, u32>(0)).unwrap();
        pages.map(|page| page.unwrap() as usize).collect()
    }

    fn sums(database: &Connection, table: &str) -> (i64, i64, i64) {
        let query = format!("SELECT count(*), total(number), total(length(text)) FROM {table} NOT INDEXED");
        database
            .query_row(&query, [], |row| Ok((row.get(0)?, row.get::<_, f64>(1)? as i64, row.get::<_, f64>(2)? as i64)))
            .unwrap()
    }

    fn repaired(path: &Path, bytes: &[u8]) -> Connection {
        fs::write(path, bytes).unwrap();
        let database = Connection::open(path).unwrap();
        let broken = broken_tables(&database);
        assert!(!broken.is_empty());
        drop(database);
        reroot(path, &broken).unwrap();
        Connection::open(path).unwrap()
    }

    #[test]
    fn interior_pages_that_are_destroyed_cost_nothing_and_bring_back_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged.db");
        for page_bytes in [1024, 4096] {
            let (database, whole) = history(&folder.path().join(format!("{page_bytes}.db")), page_bytes);
            for table in ["message", "message_delta"] {
                let before = sums(&database, table);
                let interior = pages_of(&database, table, "internal");
                let each = interior.iter().map(|page| vec![*page]).chain([interior.clone()]);
                for (destroyed, byte) in each.flat_map(|pages| [(pages.clone(), 0), (pages, 0xA5)]) {
                    let told = format!("{page_bytes} {table} {destroyed:?}");
                    let mut bytes = whole.clone();
                    wipe(&mut bytes, page_bytes, &destroyed, byte);
                    assert_eq!(sums(&repaired(&path, &bytes), table), before, "{told}");
                    let mut no_map = bytes.clone();
                    wipe_map(&mut no_map, page_bytes);
                    assert_eq!(sums(&repaired(&path, &no_map), table), before, "{told}, no map");
                    wipe_free_list(&mut bytes);
                    assert_eq!(sums(&repaired(&path, &bytes), table), before, "{told}, no free list");
                }
                assert!(table != "message" || page_bytes != 1024 || interior.len() > 3, "{interior:?}");
            }
        }
    }

    #[test]
    fn old_copies_come_back_only_where_nothing_tells_them_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let (database, mut bytes) = history(&folder.path().join("whole.db"), 1024);
        wipe(&mut bytes, 1024, &pages_of(&database, "message", "internal"), 0);
        wipe_map(&mut bytes, 1024);
        wipe_free_list(&mut bytes);
        let after = sums(&repaired(&folder.path().join("damaged.db"), &bytes), "message").0;
        assert!(after > sums(&database, "message").0, "{after}");
    }

    #[test]
    fn half_of_the_leaves_come_back_without_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let (database, mut bytes) = history(&folder.path().join("whole.db"), 1024);
        let before = sums(&database, "message").0;
        wipe(&mut bytes, 1024, &pages_of(&database, "message", "internal"), 0xFF);
        let half: Vec<usize> = pages_of(&database, "message", "leaf").into_iter().step_by(2).collect();
        wipe(&mut bytes, 1024, &half, 0xFF);
        let after = sums(&repaired(&folder.path().join("damaged.db"), &bytes), "message").0;
        assert!((before / 3..before * 2 / 3).contains(&after), "{after} of {before}");
    }
}
