//! Where conversations from a file stand among those that are there: by when they were used last.

use std::collections::HashSet;

use rusqlite::{Connection, Result};

use crate::conversation::UnixMillis;

/// A conversation, by its number in the tables, and when it was used last.
type Used = (i64, UnixMillis);

/// How those from a file stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOrder {
    /// By their times: other programs write in any order.
    ByTime,
    /// As they came, whatever a clock that was wrong has written into them.
    AsGiven,
}

/// Puts the conversations of these numbers, which came in this order, in their places. What keeps its place keeps its
/// `used_seq`; all others get higher ones than any before, so that nobody takes one for unused since it last looked.
pub fn place(connection: &Connection, new: &[i64], order: FileOrder) -> Result<()> {
    let mut time = connection.prepare_cached("SELECT used_ms FROM conversation WHERE number = ?1")?;
    let times = new.iter().map(|number| Ok((*number, time.query_row([number], |row| row.get(0))?)));
    let times: Vec<Used> = times.collect::<Result<_>>()?;
    let numbers: HashSet<i64> = new.iter().copied().collect();
    let mut known =
        connection.prepare_cached("SELECT number, used_ms FROM conversation ORDER BY used_seq DESC, number DESC")?;
    let known = known.query_map([], |row| Used::try_from(row))?;
    let known = known.filter(|row| !row.as_ref().is_ok_and(|(number, _)| numbers.contains(number)));
    let moved = moved(known, in_order(times, order))?;
    let highest: i64 =
        connection.query_row("SELECT coalesce(max(used_seq), 0) FROM conversation", [], |row| row.get(0))?;
    let mut update = connection.prepare_cached("UPDATE conversation SET used_seq = ?2 WHERE number = ?1")?;
    for (number, used_seq) in moved.into_iter().zip(highest + 1..) {
        update.execute([number, used_seq])?;
    }
    Ok(())
}

/// With times that only grow.
fn in_order(mut new: Vec<Used>, order: FileOrder) -> Vec<Used> {
    match order {
        FileOrder::ByTime => new.sort_by_key(|(_, used)| *used),
        FileOrder::AsGiven => {
            let mut latest = UnixMillis::MIN;
            for (_, used) in &mut new {
                latest = latest.max(*used);
                *used = latest;
            }
        }
    }
    new
}

/// The numbers of the new ones and of all known ones behind the first of them, the longest unused first. Each new one
/// follows the last of the known ones that was not used later than itself; those keep the order they have. `known`
/// comes from its end, and no more of it is read than is needed.
fn moved(known: impl Iterator<Item = Result<Used>>, mut new: Vec<Used>) -> Result<Vec<i64>> {
    let mut from_end = Vec::new();
    for row in known {
        let (number, used) = row?;
        while let Some((behind, _)) = new.pop_if(|(_, time)| used <= *time) {
            from_end.push(behind);
        }
        if new.is_empty() {
            break;
        }
        from_end.push(number);
    }
    from_end.extend(new.into_iter().rev().map(|(number, _)| number));
    from_end.reverse();
    Ok(from_end)
}

#[cfg(test)]
mod tests {
    use super::{FileOrder, Used, in_order, moved};

    /// All that has to move where these are known, the longest unused first.
    fn placed(known: &[Used], new: &[Used], order: FileOrder) -> Vec<i64> {
        moved(known.iter().rev().map(|row| Ok(*row)), in_order(new.to_vec(), order)).unwrap()
    }

    #[test]
    fn each_stands_behind_what_was_not_used_later() {
        let by_time = |known: &[Used], new: &[Used]| placed(known, new, FileOrder::ByTime);
        assert_eq!(by_time(&[(1, 10), (2, 20)], &[(3, 25), (4, 15), (5, 5)]), [5, 1, 4, 2, 3]);
        assert_eq!(by_time(&[(1, 10), (2, 20)], &[(3, 20), (4, 10)]), [4, 2, 3]);
        assert_eq!(by_time(&[(1, 10), (2, 20)], &[(3, 20)]), [3], "what is known keeps its place");
        assert_eq!(by_time(&[], &[(3, 2), (4, 1)]), [4, 3]);
        assert_eq!(by_time(&[(1, 10)], &[]), [0; 0]);
        // The clock was wrong for a while: what was there keeps its order.
        assert_eq!(by_time(&[(1, 99), (2, 20), (3, 30)], &[(4, 25), (5, 40)]), [4, 3, 5]);
    }

    #[test]
    fn what_has_an_order_keeps_it() {
        assert_eq!(placed(&[(1, 100)], &[(2, 50), (3, 7), (4, 60)], FileOrder::AsGiven), [2, 3, 4, 1]);
        assert_eq!(placed(&[(1, 50), (9, 100)], &[(2, 60), (3, 7), (4, 200)], FileOrder::AsGiven), [2, 3, 9, 4]);
    }

    #[test]
    fn no_more_is_read_than_moves() {
        let read = std::cell::Cell::new(0);
        let known = (0..1_000).rev().map(|number| {
            read.set(read.get() + 1);
            Ok((number, number))
        });
        assert_eq!(moved(known, vec![(2_000, 990)]).unwrap(), [2_000, 991, 992, 993, 994, 995, 996, 997, 998, 999]);
        assert_eq!(read.get(), 10);
    }
}
