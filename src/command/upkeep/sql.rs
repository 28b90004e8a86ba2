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
    let names = different(&found.columns);
    found.rows.iter().map(move |row| {
        let fields = names.iter().cloned().zip(row.iter().map(json));
        Value::Object(fields.collect::<Map<_, _>>())
    })
}

/// Two columns can have one name, two fields of an object cannot: the second `id` is `id_2`.
fn different(columns: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for column in columns {
        let numbered = (2_u32..).map(|number| format!("{column}_{number}"));
        let mut wanted = std::iter::once(column.clone()).chain(numbered);
        // A later column that is called so itself keeps its name.
        let is_free = |name: &String| !names.contains(name) && (name == column || !columns.contains(name));
        names.extend(wanted.find(is_free));
    }
    names
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

#[cfg(test)]
mod tests {
    use super::different;

    #[test]
    fn columns_with_one_name_get_different_ones() {
        let names = |columns: &[&str]| different(&columns.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&["id", "text", "id", "id_2", "id"]), ["id", "text", "id_3", "id_2", "id_4"]);
        assert_eq!(names(&["", ""]), ["", "_2"]);
    }
}
