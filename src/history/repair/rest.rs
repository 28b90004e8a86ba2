//! What a damaged history holds beside its conversations: lines of the prompt, answers that are found again, sums.

use std::collections::HashSet;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, Result, ToSql};

use crate::conversation::{ConversationId, MessageId};
use crate::history::{HistoryError, Importer, MatchedAnswer, answers, redact};

type Cells = Vec<Value>;

/// What was counted, also of conversations that have been deleted since.
struct Sums {
    table: &'static str,
    key: &'static [&'static str],
    /// It only grows: of two rows with one key that with more of it counts. So nothing counts twice, however often the
    /// same file is recovered; what both have counted apart, since the one was begun, counts once.
    grows: &'static str,
}

const SUMS: [Sums; 3] = [
    Sums { table: "turn_sums", key: &["conversation", "day", "model", "tool"], grows: "turns" },
    Sums { table: "daily_usage", key: &["day", "model"], grows: "replies" },
    Sums { table: "spending", key: &["scope", "key"], grows: "tokens" },
];

/// Brings it into the history, behind the conversations. `id` gives the id of a message by its number in the damaged
/// file. Returns whether all of it could be read.
pub fn bring(
    damaged: &Connection,
    id: impl Fn(i64) -> Option<MessageId>,
    is_redacted: bool,
    importer: &mut Importer,
) -> std::result::Result<bool, HistoryError> {
    let mut is_whole = true;
    let mut read = |table: &str, columns: &[&str], key: &[&str]| {
        let (rows, all) = rows(damaged, table, columns, key);
        is_whole &= all;
        rows
    };
    let lines = read("prompt_history", &["created_ms", "cwd", "text"], &["number"]);
    importer.write(|connection| add_lines(connection, lines, is_redacted))?;
    let kept = read("kept_answer", &["message", "kind", "key", "at_ms"], &["kind", "key"]);
    importer.write(|connection| add_kept(connection, named(kept, &id)))?;
    let schemas = "matched_answer JOIN answer_schema ON answer_schema.number = matched_answer.schema";
    let matched = read(schemas, &["message", "name", "json"], &["message"]);
    importer.write(|connection| add_matched(connection, named(matched, &id)))?;
    for sums in &SUMS {
        let mut columns = Vec::new();
        importer.write(|connection| {
            columns = columns_of(connection, sums.table)?;
            Ok(())
        })?;
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let rows = read(sums.table, &columns, sums.key);
        importer.write(|connection| add_sums(connection, sums, &columns, rows))?;
    }
    Ok(is_whole)
}

/// Of a table of ours: the names in a damaged file could be anything.
fn columns_of(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let mut names = connection.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
    names.query_map([table], |row| row.get(0))?.collect()
}

/// The rows of a table from its beginning and, where a page in between cannot be read, from its end; and whether that
/// was all. A table that the file does not have is empty.
fn rows(connection: &Connection, table: &str, columns: &[&str], key: &[&str]) -> (Vec<Cells>, bool) {
    let read = |direction: &str| {
        let order: Vec<String> = key.iter().map(|column| format!("{column} {direction}")).collect();
        let query = format!("SELECT {} FROM {table} ORDER BY {}", columns.join(", "), order.join(", "));
        let mut found = Vec::new();
        let Ok(mut statement) = connection.prepare(&query) else { return (found, true) };
        let Ok(mut rows) = statement.query([]) else { return (found, false) };
        loop {
            match rows.next() {
                Ok(Some(row)) => match (0..columns.len()).map(|column| row.get_ref(column).map(cell)).collect() {
                    Ok(cells) => found.push(cells),
                    Err(_) => return (found, false),
                },
                Ok(None) => return (found, true),
                Err(_) => return (found, false),
            }
        }
    };
    let (mut found, is_whole) = read("ASC");
    if !is_whole {
        found.extend(read("DESC").0.into_iter().rev());
    }
    (found, is_whole)
}

/// Text as far as it is text.
fn cell(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    }
}

/// Rows that begin with the number of a message, with the id of those that came along.
fn named(rows: Vec<Cells>, id: impl Fn(i64) -> Option<MessageId>) -> Vec<(MessageId, Cells)> {
    let named = rows.into_iter().filter_map(|mut cells| match cells.remove(0) {
        Value::Integer(number) => Some((id(number)?, cells)),
        _ => None,
    });
    named.collect()
}

/// Puts lines that are not there before those that are: these were typed since.
fn add_lines(connection: &Connection, lines: Vec<Cells>, is_redacted: bool) -> Result<()> {
    let columns = "created_ms, cwd, text";
    let there = connection
        .prepare(&format!("SELECT {columns} FROM prompt_history ORDER BY number"))?
        .query_map([], |row| (0..3).map(|column| row.get(column)).collect::<Result<Cells>>())?
        .collect::<Result<Vec<_>>>()?;
    let line = |cells: &Cells| match &cells[..] {
        [Value::Integer(typed), _, Value::Text(text)] => Some((*typed, text.clone())),
        _ => None,
    };
    let known: HashSet<_> = there.iter().filter_map(line).collect();
    let mut new = Vec::new();
    for mut cells in lines {
        if let Some(Value::Text(text)) = cells.last_mut()
            && is_redacted
            && let Some(masked) = redact::mask(text)
        {
            *text = masked;
        }
        new.extend(line(&cells).is_some_and(|line| !known.contains(&line)).then_some(cells));
    }
    if new.is_empty() {
        return Ok(());
    }
    // Lines go by their number, and the first has 1.
    connection.execute("DELETE FROM prompt_history", [])?;
    let insert = format!("INSERT INTO prompt_history ({columns}) VALUES (?1, ?2, ?3)");
    new.iter().chain(&there).try_for_each(|cells| put(connection, &insert, cells))
}

fn add_kept(connection: &Connection, rows: Vec<(MessageId, Cells)>) -> Result<()> {
    let insert = "INSERT INTO kept_answer (kind, key, message, at_ms)
        SELECT ?2, ?3, number, ?4 FROM message WHERE id = ?1 AND status = 'complete' ON CONFLICT (kind, key) DO NOTHING";
    rows.into_iter().try_for_each(|(message, mut cells)| {
        cells.insert(0, Value::Text(message.0));
        put(connection, insert, &cells)
    })
}

fn add_matched(connection: &Connection, rows: Vec<(MessageId, Cells)>) -> Result<()> {
    rows.into_iter().try_for_each(|(message, cells)| match <[Value; 2]>::try_from(cells) {
        Ok([Value::Text(schema_name), Value::Text(schema)]) => {
            let conversation = ConversationId(String::new());
            answers::match_answer(connection, &MatchedAnswer { conversation, message, schema_name, schema })
        }
        Ok(_) | Err(_) => Ok(()),
    })
}

fn add_sums(connection: &Connection, sums: &Sums, columns: &[&str], rows: Vec<Cells>) -> Result<()> {
    let marks: Vec<String> = (1..=columns.len()).map(|number| format!("?{number}")).collect();
    let mark = |column: &str| {
        let found = columns.iter().zip(&marks).find(|(other, _)| **other == column);
        found.map_or("NULL", |(_, mark)| mark.as_str())
    };
    let same_key: Vec<String> = sums.key.iter().map(|column| format!("{column} = {}", mark(column))).collect();
    let insert = format!(
        "INSERT OR REPLACE INTO {table} ({}) SELECT {}
         WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {} AND {} >= {})",
        columns.join(", "),
        marks.join(", "),
        same_key.join(" AND "),
        sums.grows,
        mark(sums.grows),
        table = sums.table,
    );
    rows.iter().try_for_each(|cells| put(connection, &insert, cells))
}

/// A row that the table refuses was destroyed: it is left out.
fn put(connection: &Connection, insert: &str, cells: &[Value]) -> Result<()> {
    let cells = cells.iter().map(|cell| cell as &dyn ToSql).collect::<Vec<_>>();
    match connection.prepare_cached(insert)?.execute(&cells[..]) {
        Err(error) if error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
