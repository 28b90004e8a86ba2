//! A line of stdin for `chat --format jsonl`: what a program says.

use serde_json::Value;

use crate::cli::FileSource;
use crate::conversation::ATTACHMENTS_MAX;

/// The JSON Schema of a line.
pub const SCHEMA: &str = include_str!("topics/messages.schema.json");

#[derive(Debug, Default, PartialEq, Eq)]
pub struct UserLine {
    /// Empty only where something is attached.
    pub text: String,
    pub attachments: Vec<FileSource>,
}

/// Reads a line; `None` on an empty one. The error is a reason for people.
pub fn read(line: &[u8]) -> Result<Option<UserLine>, String> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let mut message: Value = serde_json::from_slice(line).map_err(|error| format!("it is no JSON: {error}"))?;
    match message.get("type").and_then(Value::as_str) {
        Some("user") => {}
        Some(other) => return Err(format!("messages of type `{other}` are not known; `user` is")),
        None => return Err("it has no `type`, as in {\"type\":\"user\",\"text\":\"…\"}".to_owned()),
    }
    let attachments = match message.get_mut("attachments").map(Value::take) {
        Some(Value::Array(paths)) => sources(paths)?,
        Some(_) => return Err("its `attachments` are no list".to_owned()),
        None => Vec::new(),
    };
    let text = match message.get_mut("text").map(Value::take) {
        Some(Value::String(text)) => text,
        None if !attachments.is_empty() => String::new(),
        Some(_) | None => return Err("it has no `text`, which has to be a string".to_owned()),
    };
    if text.trim().is_empty() && attachments.is_empty() {
        return Err("its `text` is empty".to_owned());
    }
    Ok(Some(UserLine { text, attachments }))
}

fn sources(paths: Vec<Value>) -> Result<Vec<FileSource>, String> {
    if paths.len() > ATTACHMENTS_MAX {
        return Err(format!("its `attachments` are more than {ATTACHMENTS_MAX}"));
    }
    let source = |path: Value| match path {
        Value::String(path) if path == "-" => Err("`-` cannot be attached: stdin is the messages".to_owned()),
        Value::String(path) if !path.is_empty() => Ok(FileSource::from(std::ffi::OsString::from(path))),
        _ => Err("its `attachments` have to be paths or addresses, as strings".to_owned()),
    };
    paths.into_iter().map(source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the schema says of a line; it has to be what [`read`] does.
    fn fits_schema(line: &str) -> bool {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        serde_json::from_str(line).is_ok_and(|line| jsonschema::is_valid(&schema, &line))
    }

    #[test]
    fn a_line_is_a_message_and_fits_the_schema() {
        let path = |path: &str| FileSource::Path(path.into());
        let url = FileSource::Url("https://example.com/a".into());
        for (line, text, attachments) in [
            (r#"{"type":"user","text":"hi","id":7}"#, "hi", vec![]),
            (r#"{"type":"user","text":"","attachments":["a.png"]}"#, "", vec![path("a.png")]),
            (r#"{"type":"user","attachments":["src/*.rs","https://example.com/a"]}"#, "", vec![path("src/*.rs"), url]),
            (r#"{"type":"user","text":"hi","attachments":[]}"#, "hi", vec![]),
        ] {
            assert_eq!(read(line.as_bytes()), Ok(Some(UserLine { text: text.to_owned(), attachments })), "{line}");
            assert!(fits_schema(line), "{line}");
        }
        assert_eq!(read(b" \r\n"), Ok(None));
    }

    #[test]
    fn a_line_that_is_none_says_what_is_wrong_and_does_not_fit_the_schema() {
        for (line, told) in [
            ("hello", "it is no JSON"),
            ("{\"text\":\"hi\"}", "no `type`"),
            ("[]", "no `type`"),
            ("{\"type\":\"stop\"}", "type `stop`"),
            ("{\"type\":\"user\"}", "no `text`"),
            ("{\"type\":\"user\",\"text\":7}", "no `text`"),
            ("{\"type\":\"user\",\"text\":\" \"}", "is empty"),
            ("{\"type\":\"user\",\"text\":\" \",\"attachments\":[]}", "is empty"),
            ("{\"type\":\"user\",\"text\":\"a\",\"attachments\":\"a\"}", "no list"),
            ("{\"type\":\"user\",\"text\":\"a\",\"attachments\":[7]}", "as strings"),
            ("{\"type\":\"user\",\"text\":\"a\",\"attachments\":[\"\"]}", "as strings"),
            ("{\"type\":\"user\",\"text\":\"a\",\"attachments\":[\"-\"]}", "`-` cannot be attached"),
            ("{\"type\":\"user\",\"text\":7,\"attachments\":[\"a\"]}", "no `text`"),
        ] {
            assert!(read(line.as_bytes()).unwrap_err().contains(told), "{line}");
            assert!(!fits_schema(line), "{line}");
        }
        let many = serde_json::json!({"type": "user", "attachments": vec!["a"; ATTACHMENTS_MAX + 1]}).to_string();
        assert!(read(many.as_bytes()).unwrap_err().contains("more than 500") && !fits_schema(&many));
    }
}
