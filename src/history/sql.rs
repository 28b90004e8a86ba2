//! Queries that people write themselves: over the documented views, read-only, with limits on time and size.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;

use super::{History, HistoryError};

/// What a query may read.
pub const VIEWS: [&str; 5] = ["conversations", "messages", "tool_calls", "usage", "attachments"];

/// All rows together.
const RESULT_BYTES_MAX: usize = 256 << 20;
/// One value, and so what a query can have in memory at once.
const VALUE_BYTES_MAX: i32 = 128 << 20;
/// Steps of SQLite's machine between two looks at the clock.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    /// Their number.
    Bytes(usize),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct SqlRows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<SqlValue>>,
}

impl History {
    /// The rows of a SELECT over [`VIEWS`]. Everything else is refused before it runs.
    pub fn sql(&mut self, query: &str, limit: Duration) -> Result<SqlRows, HistoryError> {
        self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
        self.connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        let reads = self.reads_of_views()?;
        self.connection.authorizer(Some(move |context: AuthContext<'_>| authorize(context, &reads)))?;
        let deadline = Instant::now() + limit;
        self.connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || Instant::now() >= deadline))?;
        let found = self.run(query);
        self.connection.progress_handler(0, None::<fn() -> bool>)?;
        self.connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        found.map_err(|error| match error {
            HistoryError::Sqlite(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) =>
            {
                HistoryError::Query {
                    reason: format!("it has taken longer than {limit:?}; `--timeout` gives it more time"),
                    is_refused: false,
                }
            }
            HistoryError::Sqlite(error) => {
                let is_refused =
                    error.sqlite_error_code() == Some(rusqlite::ErrorCode::AuthorizationForStatementDenied);
                HistoryError::Query { reason: reason(&error), is_refused }
            }
            other => other,
        })
    }

    /// What the views read, by SQLite's own account. A name says too little: a `WITH` can take that of a view, and
    /// would read what it likes under it.
    fn reads_of_views(&mut self) -> Result<HashSet<Read>, HistoryError> {
        let reads = Arc::<Mutex<HashSet<Read>>>::default();
        let noted = Arc::clone(&reads);
        self.connection.authorizer(Some(move |context: AuthContext<'_>| {
            noted.lock().unwrap_or_else(PoisonError::into_inner).extend(read(&context));
            Authorization::Allow
        }))?;
        for view in VIEWS {
            // A file of an older version lacks some.
            let _ = self.connection.prepare(&format!("SELECT * FROM {view}"));
        }
        let reads = std::mem::take(&mut *reads.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(reads)
    }

    fn run(&self, query: &str) -> Result<SqlRows, HistoryError> {
        // Not from the cache: it must be looked at by the authorizer.
        let mut statement = self.connection.prepare(query)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        if columns.is_empty() {
            return Err(HistoryError::Query { reason: "it asks for nothing".to_owned(), is_refused: true });
        }
        let mut found = SqlRows { rows: Vec::new(), columns };
        let mut bytes = 0;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(found.columns.len());
            for column in 0..found.columns.len() {
                let value = value(row.get_ref(column)?);
                bytes += size_of::<SqlValue>();
                if let SqlValue::Text(text) = &value {
                    bytes += text.len();
                }
                values.push(value);
            }
            if bytes > RESULT_BYTES_MAX {
                let reason = format!("it has found more than {} MiB; LIMIT takes less", RESULT_BYTES_MAX >> 20);
                return Err(HistoryError::Query { reason, is_refused: false });
            }
            found.rows.push(values);
        }
        Ok(found)
    }
}

fn value(value: ValueRef<'_>) -> SqlValue {
    match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(number) => SqlValue::Integer(number),
        ValueRef::Real(number) => SqlValue::Real(number),
        ValueRef::Text(text) => SqlValue::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => SqlValue::Bytes(bytes.len()),
    }
}

/// A column that is read from inside of a view: the view, the table, the column.
type Read = (String, String, String);

fn read(context: &AuthContext<'_>) -> Option<Read> {
    match context.action {
        AuthAction::Read { table_name, column_name } => {
            Some((context.accessor?.to_owned(), table_name.to_owned(), column_name.to_owned()))
        }
        _ => None,
    }
}

/// The tables are ours to change; only the views stay as they are.
fn authorize(context: AuthContext<'_>, reads: &HashSet<Read>) -> Authorization {
    let is_allowed = match context.action {
        AuthAction::Select | AuthAction::Recursive | AuthAction::Function { .. } => true,
        // Where no column is read, as in `count(*)`, SQLite asks for the table with an empty one.
        AuthAction::Read { table_name, column_name } => {
            VIEWS.contains(&table_name)
                || column_name.is_empty()
                || read(&context).is_some_and(|read| reads.contains(&read))
        }
        _ => false,
    };
    if is_allowed { Authorization::Allow } else { Authorization::Deny }
}

/// The words of SQLite without the query, which stands on the screen already.
fn reason(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}
