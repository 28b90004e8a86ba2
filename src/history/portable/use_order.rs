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
    let all: Vec<Used> = connection
        .prepare_cached("SELECT number, used_ms FROM conversation ORDER BY used_seq, number")?
        .query_map([], |row| row.try_into())?
        .collect::<Result<_>>()?;
    let numbers: HashSet<i64> = new.iter().copied().collect();
    let (new, known): (Vec<Used>, Vec<Used>) = all.iter().partition(|(number, _)| numbers.contains(number));
    let ordered = merged(&known, new, order);
    let same = ordered.iter().zip(&all).take_while(|(ordered, (number, _))| *ordered == number).count();
    let highest: i64 =
        connection.query_row("SELECT coalesce(max(used_seq), 0) FROM conversation", [], |row| row.get(0))?;
    let mut update = connection.prepare_cached("UPDATE conversation SET used_seq = ?2 WHERE number = ?1")?;
    for (number, used_seq) in ordered.iter().skip(same).zip(highest + 1..) {
        update.execute([*number, used_seq])?;
    }
    Ok(())
}

/// The numbers of all, the longest unused first. Each new one follows the last of the known ones that was not used
/// later than itself; those keep the order they have.
fn merged(known: &[Used], mut new: Vec<Used>, order: FileOrder) -> Vec<i64> {
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
    // From each place on the earliest time: it only grows, also where the clock has not.
    let mut earliest: Vec<UnixMillis> = known.iter().map(|(_, used)| *used).collect();
    for place in (1..earliest.len()).rev() {
        earliest[place - 1] = earliest[place - 1].min(earliest[place]);
    }
    let mut ordered = Vec::with_capacity(known.len() + new.len());
    let mut coming = new.into_iter().peekable();
    for ((number, _), earliest) in known.iter().zip(earliest) {
        while let Some((number, _)) = coming.next_if(|(_, used)| *used < earliest) {
            ordered.push(number);
        }
        ordered.push(*number);
    }
    ordered.extend(coming.map(|(number, _)| number));
    ordered
}

#[cfg(test)]
mod tests {
    use super::{FileOrder, merged};

    #[test]
    fn each_stands_behind_what_was_not_used_later() {
        let by_time = |known: &[(i64, i64)], new: &[(i64, i64)]| merged(known, new.to_vec(), FileOrder::ByTime);
        assert_eq!(by_time(&[(1, 10), (2, 20)], &[(3, 25), (4, 15), (5, 5)]), [5, 1, 4, 2, 3]);
        assert_eq!(by_time(&[(1, 10), (2, 20)], &[(3, 20), (4, 10)]), [1, 4, 2, 3]);
        assert_eq!(by_time(&[], &[(3, 2), (4, 1)]), [4, 3]);
        assert_eq!(by_time(&[(1, 10)], &[]), [1]);
        // The clock was wrong for a while: what was there keeps its order.
        assert_eq!(by_time(&[(1, 99), (2, 20), (3, 30)], &[(4, 25), (5, 40)]), [1, 2, 4, 3, 5]);
    }

    #[test]
    fn what_has_an_order_keeps_it() {
        let as_given = |known: &[(i64, i64)], new: &[(i64, i64)]| merged(known, new.to_vec(), FileOrder::AsGiven);
        assert_eq!(as_given(&[(1, 100)], &[(2, 50), (3, 7), (4, 60)]), [2, 3, 4, 1]);
    }
}
