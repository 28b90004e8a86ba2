//! Queries that people write themselves: over the documented views, read-only, with limits on time and size.

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
        self.connection.authorizer(Some(authorize))?;
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

/// The tables are ours to change; only the views stay as they are.
fn authorize(context: AuthContext<'_>) -> Authorization {
    let is_view = |name: &str| VIEWS.contains(&name);
    let is_allowed = match context.action {
        AuthAction::Select | AuthAction::Recursive | AuthAction::Function { .. } => true,
        // Where no column is read, as in `count(*)`, SQLite asks for the table with an empty one.
        AuthAction::Read { table_name, column_name } => {
            is_view(table_name) || context.accessor.is_some_and(is_view) || column_name.is_empty()
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
