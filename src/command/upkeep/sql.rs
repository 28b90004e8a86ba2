//! `history sql 'SELECT …'`: rows as a table, as JSON or between tabs.

use serde_json::{Map, Value};

use crate::cli::{ListFormat, SqlOptions};
use crate::command::context::Context;
use crate::command::listing::{cut, json_array, json_lines, one_line, table, tsv_line};
use crate::exit::Failure;
use crate::history::{History, SqlRows, SqlValue};
use crate::terminal::TermSafeBuf;

/// Longer cells of a table are cut; the other formats have them whole.
const CELL_COLUMNS_MAX: usize = 60;

pub fn run(options: &SqlOptions, history: &mut History, context: &mut Context) -> Result<u8, Failure> {
    let found = history.sql(&options.query, options.timeout)?;
    let text = render(&found, options.format);
    Ok(context.show(&text))
}

fn render(found: &SqlRows, format: ListFormat) -> String {
    match format {
        ListFormat::Table => {
            let cell = |text: &str| cut(TermSafeBuf::line(&one_line(text)).as_str(), CELL_COLUMNS_MAX);
            let header = found.columns.iter().map(|name| cell(&name.to_uppercase())).collect();
            let rows = found.rows.iter().map(|row| row.iter().map(|value| cell(&text(value))).collect());
            table(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
        }
        ListFormat::Json => json_array(objects(found)),
        ListFormat::Jsonl => json_lines(objects(found)),
        ListFormat::Tsv => {
            let rows = found.rows.iter().map(|row| tsv_line(row.iter().map(text)));
            std::iter::once(tsv_line(found.columns.iter().cloned())).chain(rows).collect()
        }
    }
}

fn objects(found: &SqlRows) -> impl Iterator<Item = Value> {
    found.rows.iter().map(|row| {
        let fields = found.columns.iter().cloned().zip(row.iter().map(json));
        Value::Object(fields.collect::<Map<_, _>>())
    })
}

fn json(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(number) => (*number).into(),
        SqlValue::Real(number) => (*number).into(),
        SqlValue::Text(text) => text.as_str().into(),
        SqlValue::Bytes(_) => text(value).into(),
    }
}

fn text(value: &SqlValue) -> String {
    match value {
        SqlValue::Null => String::new(),
        SqlValue::Integer(number) => number.to_string(),
        SqlValue::Real(number) => number.to_string(),
        SqlValue::Text(text) => text.clone(),
        SqlValue::Bytes(length) => format!("[{length} bytes]"),
    }
}
