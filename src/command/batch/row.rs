//! Rows as they stand in the input, one after the other.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use serde_json::{Map, Value};

use super::csv::{Fed, Fields};
use crate::cli::InputKind;

/// A longer row is a mistake: 16 MiB.
const ROW_BYTES_MAX: usize = 16 << 20;

/// One row. `id` is a string or a number; where the input gives none, the number of its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub id: Value,
    pub prompt: Option<String>,
    /// What a template can name.
    pub vars: Map<String, Value>,
}

impl Row {
    /// The id as it is compared: `7` and `"7"` are the same one.
    pub fn id_text(&self) -> String {
        id_text(&self.id)
    }
}

pub fn id_text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// A row that cannot be used: which line, and why.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct BadRow {
    pub line: u64,
    pub reason: String,
}

pub struct Rows {
    lines: Lines,
    format: Format,
}

enum Format {
    Jsonl,
    Lines,
    Table { fields: Fields, names: Vec<String> },
}

impl Rows {
    /// Reads from where the file stands.
    pub fn new(file: File, kind: InputKind) -> Self {
        let table = |separator| Format::Table { fields: Fields::new(separator), names: Vec::new() };
        let format = match kind {
            InputKind::Jsonl => Format::Jsonl,
            InputKind::Lines => Format::Lines,
            InputKind::Csv => table(','),
            InputKind::Tsv => table('\t'),
        };
        Self { lines: Lines { input: BufReader::with_capacity(64 << 10, file), number: 0, line: Vec::new() }, format }
    }

    /// The next row and the line it begins in; empty lines are none.
    pub fn next(&mut self) -> Result<Option<(u64, Row)>, BadRow> {
        let mut begins_in = None;
        loop {
            let Some((line, text)) = self.lines.next()? else { return self.end() };
            let line = begins_in.unwrap_or(line);
            let bad = |reason| BadRow { line, reason };
            if text.trim().is_empty() && !self.format.is_within_record() {
                continue;
            }
            match &mut self.format {
                Format::Jsonl => return from_json(text, line).map(|row| Some((line, row))).map_err(bad),
                Format::Lines => return Ok(Some((line, from_text(text, line)))),
                Format::Table { fields, names } => match fields.feed(text) {
                    Fed::More if fields.pending_bytes() > ROW_BYTES_MAX => return Err(bad(too_long())),
                    Fed::More => begins_in = Some(line),
                    Fed::Record(record) if names.is_empty() => *names = names_of(record).map_err(bad)?,
                    Fed::Record(record) => {
                        return from_record(names, record, line).map(|row| Some((line, row))).map_err(bad);
                    }
                },
            }
        }
    }

    fn end(&self) -> Result<Option<(u64, Row)>, BadRow> {
        if self.format.is_within_record() {
            return Err(BadRow { line: self.lines.number, reason: "a quote is opened and never closed".to_owned() });
        }
        Ok(None)
    }
}

impl Format {
    fn is_within_record(&self) -> bool {
        matches!(self, Self::Table { fields, .. } if fields.pending_bytes() > 0)
    }
}

struct Lines {
    input: BufReader<File>,
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    /// The next line with its number from 1, without its end.
    fn next(&mut self) -> Result<Option<(u64, &str)>, BadRow> {
        self.line.clear();
        self.number += 1;
        let line = self.number;
        let bad = |reason: String| BadRow { line, reason };
        let limit = ROW_BYTES_MAX as u64 + 1;
        let count = self.input.by_ref().take(limit).read_until(b'\n', &mut self.line);
        if count.map_err(|error| bad(format!("it cannot be read: {error}")))? == 0 {
            return Ok(None);
        }
        if self.line.len() > ROW_BYTES_MAX {
            return Err(bad(too_long()));
        }
        let text = std::str::from_utf8(&self.line)
            .map_err(|error| bad(format!("it is not UTF-8 text (a bad byte at offset {})", error.valid_up_to())))?;
        let text = if line == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        let text = text.strip_suffix('\n').unwrap_or(text);
        Ok(Some((line, text.strip_suffix('\r').unwrap_or(text))))
    }
}

fn too_long() -> String {
    format!("it is longer than {} MiB", ROW_BYTES_MAX >> 20)
}

fn from_json(text: &str, line: u64) -> Result<Row, String> {
    let mut fields: Map<String, Value> = match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Err("it is JSON, but no object".to_owned()),
        Err(error) => return Err(format!("it is no JSON object: {error}")),
    };
    let id = match fields.remove("id") {
        None | Some(Value::Null) => Value::from(line),
        Some(id @ (Value::String(_) | Value::Number(_))) => id,
        Some(_) => return Err("its `id` has to be a string or a number".to_owned()),
    };
    let prompt = match fields.remove("prompt") {
        None | Some(Value::Null) => None,
        Some(Value::String(prompt)) => Some(prompt),
        Some(_) => return Err("its `prompt` has to be a string".to_owned()),
    };
    match fields.remove("vars") {
        None | Some(Value::Null) => {}
        // What stands beside `vars` can be named too; `vars` wins.
        Some(Value::Object(vars)) => fields.extend(vars),
        Some(_) => return Err("its `vars` has to be an object".to_owned()),
    }
    Ok(Row { id, prompt, vars: fields })
}

fn from_text(text: &str, line: u64) -> Row {
    Row { id: Value::from(line), prompt: Some(text.to_owned()), vars: Map::new() }
}

fn names_of(names: Vec<String>) -> Result<Vec<String>, String> {
    let names: Vec<String> = names.into_iter().map(|name| name.trim().to_owned()).collect();
    match names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        Some((_, name)) => Err(format!("the column `{name}` stands there twice")),
        None => Ok(names),
    }
}

fn from_record(names: &[String], record: Vec<String>, line: u64) -> Result<Row, String> {
    if record.len() != names.len() {
        return Err(format!("it has {} fields, and there are {} columns", record.len(), names.len()));
    }
    let mut row = Row { id: Value::from(line), prompt: None, vars: Map::new() };
    for (name, value) in names.iter().zip(record) {
        match name.as_str() {
            "id" if value.is_empty() => {}
            "id" => row.id = Value::String(value),
            "prompt" => row.prompt = Some(value),
            _ => drop(row.vars.insert(name.clone(), Value::String(value))),
        }
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use serde_json::json;

    use super::{BadRow, InputKind, Row, Rows};

    fn read(text: &str, kind: InputKind) -> Result<Vec<(u64, Row)>, BadRow> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.rewind().unwrap();
        let mut rows = Rows::new(file, kind);
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(row);
        }
        Ok(all)
    }

    fn row(id: serde_json::Value, prompt: Option<&str>, vars: serde_json::Value) -> Row {
        Row { id, prompt: prompt.map(str::to_owned), vars: vars.as_object().unwrap().clone() }
    }

    #[test]
    fn lines_of_json_with_and_without_an_id() {
        let text = "\u{feff}{\"prompt\": \"a\", \"note\": 1}\r\n\n{\"id\": \"x\", \"vars\": {\"n\": 2}}\n{\"id\":7}";
        let expected = vec![
            (1, row(json!(1), Some("a"), json!({"note": 1}))),
            (3, row(json!("x"), None, json!({"n": 2}))),
            (4, row(json!(7), None, json!({}))),
        ];
        assert_eq!(read(text, InputKind::Jsonl).unwrap(), expected);
    }

    #[test]
    fn a_bad_row_is_told_with_its_line() {
        let message = |text: &str, kind| read(text, kind).unwrap_err().to_string();
        assert!(message("{}\n[1]\n", InputKind::Jsonl).starts_with("line 2: it is JSON, but no object"));
        assert!(message("{}\n{\n", InputKind::Jsonl).starts_with("line 2: it is no JSON object: "));
        assert_eq!(message("{\"id\":[]}", InputKind::Jsonl), "line 1: its `id` has to be a string or a number");
        assert_eq!(message("{\"prompt\":7}", InputKind::Jsonl), "line 1: its `prompt` has to be a string");
        assert_eq!(message("a,b\n1\n", InputKind::Csv), "line 2: it has 1 fields, and there are 2 columns");
        assert_eq!(message("a,a\n", InputKind::Csv), "line 1: the column `a` stands there twice");
        assert_eq!(message("a\n\"b\n", InputKind::Csv), "line 3: a quote is opened and never closed");
    }

    #[test]
    fn a_table_and_plain_lines() {
        let expected = vec![
            (2, row(json!("7"), Some("hi"), json!({"who": "a\n\nb"}))),
            (5, row(json!(5), Some(""), json!({"who": ""}))),
        ];
        assert_eq!(read("id,prompt,who\n7,hi,\"a\n\nb\"\n,,\n", InputKind::Csv).unwrap(), expected);
        let lines = read("one\n\n  two\n", InputKind::Lines).unwrap();
        assert_eq!(
            lines,
            vec![(1, row(json!(1), Some("one"), json!({}))), (3, row(json!(3), Some("  two"), json!({})))]
        );
    }
}
