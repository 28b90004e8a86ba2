//! Is the file in order? Looks at all of it and changes nothing.

use rusqlite::Connection;

use crate::history::{History, HistoryError, HistorySettings};

/// So many problems are told; there are seldom only a few.
const PROBLEMS_MAX: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Every page and row.
    Quick,
    /// Every index against its table too, and every compressed text.
    Full,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    pub conversations: u64,
    pub messages: u64,
    /// None: it is in order.
    pub problems: Vec<String>,
}

/// Checks the file. What makes it unreadable is a problem too, not an error.
pub fn check(settings: &HistorySettings, depth: Depth) -> Result<CheckReport, HistoryError> {
    let history = match History::open_read(settings) {
        Ok(history) => history,
        Err(error) if error.is_damage() => {
            return Ok(CheckReport { problems: vec![error.to_string()], ..CheckReport::default() });
        }
        Err(error) => return Err(error),
    };
    let mut report = CheckReport::default();
    if let Err(error) = look(&history.connection, depth, &mut report) {
        report.problems.push(error.to_string());
    }
    Ok(report)
}

fn look(connection: &Connection, depth: Depth, report: &mut CheckReport) -> rusqlite::Result<()> {
    let pragma = match depth {
        Depth::Quick => format!("PRAGMA quick_check({PROBLEMS_MAX})"),
        Depth::Full => format!("PRAGMA integrity_check({PROBLEMS_MAX})"),
    };
    let mut statement = connection.prepare(&pragma)?;
    let told = statement.query_map([], |row| row.get::<_, String>(0))?;
    for problem in told {
        let problem = problem?;
        if problem != "ok" {
            report.problems.push(problem);
        }
    }
    let strays = count(connection, "SELECT count(*) FROM pragma_foreign_key_check")?;
    if strays > 0 {
        report.problems.push(format!("{strays} rows belong to nothing"));
    }
    if depth == Depth::Full {
        let damaged =
            count(connection, "SELECT count(*) FROM message WHERE packed IS NOT NULL AND is_damaged(packed)")?;
        if damaged > 0 {
            report.problems.push(format!("{damaged} compressed texts are damaged"));
        }
    }
    report.conversations = count(connection, "SELECT count(*) FROM conversation")?;
    report.messages = count(connection, "SELECT count(*) FROM message")?;
    Ok(())
}

fn count(connection: &Connection, query: &str) -> rusqlite::Result<u64> {
    let count: i64 = connection.query_row(query, [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}
