//! Rows of a damaged table: read from both ends, and around the pages that cannot be read.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result, Row, params};

/// Queries that may fail before the rest is given up.
const FAILURES_MAX: u32 = 20_000;
/// Where even the highest number cannot be read.
const NUMBER_MAX: i64 = 1 << 40;

/// The rows of a table by their `number`, as far as they can be read; and whether all could.
pub fn rows<T>(
    connection: &Connection,
    table: &str,
    columns: &str,
    read: impl Fn(&Row<'_>) -> Result<T>,
) -> (Vec<(i64, T)>, bool) {
    let highest =
        connection.query_row(&format!("SELECT max(number) FROM {table}"), [], |row| row.get::<_, Option<i64>>(0));
    let mut salvage = Salvage { connection, table, columns, read, found: Vec::new(), failures: 0 };
    let mut open = vec![(i64::from(i32::MIN), highest.map_or(NUMBER_MAX, |number| number.unwrap_or(0)))];
    while let Some((low, high)) = open.pop() {
        if salvage.failures > FAILURES_MAX || low > high {
            continue;
        }
        let Some(low) = salvage.walk(low, high, "ASC") else { continue };
        let Some(high) = salvage.walk(low, high, "DESC") else { continue };
        if low < high {
            let middle = low + (high - low) / 2;
            open.extend([(middle + 1, high), (low, middle)]);
        }
    }
    let Salvage { mut found, failures, .. } = salvage;
    found.sort_by_key(|(number, _)| *number);
    (found, failures == 0)
}

struct Salvage<'a, T, F> {
    connection: &'a Connection,
    table: &'a str,
    columns: &'a str,
    read: F,
    found: Vec<(i64, T)>,
    failures: u32,
}

impl<T, F: Fn(&Row<'_>) -> Result<T>> Salvage<'_, T, F> {
    /// Takes the rows of a range in one direction. Returns the end of what is left, or `None`
    /// where nothing is.
    fn walk(&mut self, low: i64, high: i64, direction: &str) -> Option<i64> {
        if low > high {
            return None;
        }
        let mut left = if direction == "ASC" { low } else { high };
        let walked = self.try_walk(low, high, direction, &mut left);
        if walked.is_ok() {
            return None;
        }
        self.failures += 1;
        (low..=high).contains(&left).then_some(left)
    }

    fn try_walk(&mut self, low: i64, high: i64, direction: &str, left: &mut i64) -> Result<()> {
        let query = format!(
            "SELECT number, {} FROM {} WHERE number BETWEEN ?1 AND ?2 ORDER BY number {direction}",
            self.columns, self.table
        );
        let mut statement = self.connection.prepare_cached(&query)?;
        let mut rows = statement.query(params![low, high])?;
        while let Some(row) = rows.next()? {
            let number = row.get(0)?;
            let value = (self.read)(row)?;
            self.found.push((number, value));
            *left = if direction == "ASC" { number + 1 } else { number - 1 };
        }
        Ok(())
    }
}

/// Text as far as it is text.
pub fn text(row: &Row<'_>, column: &str) -> Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    })
}

/// The columns of a table that this file has; the others as NULL, under their names.
pub fn known_columns(connection: &Connection, table: &str, wanted: &[&str]) -> Result<String> {
    let known: Vec<String> = connection
        .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    let columns = wanted.iter().map(|name| {
        if known.iter().any(|other| other == name) { (*name).to_owned() } else { format!("NULL AS {name}") }
    });
    Ok(columns.collect::<Vec<_>>().join(", "))
}
