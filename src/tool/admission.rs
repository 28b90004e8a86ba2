//! Which of a server's tools can be offered at all: what an API would refuse, or a person could not
//! read, costs that tool alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::conversation::{ToolSchema, is_hidden};
use crate::mcp::ToolInfo;

/// Tools of one server; what comes after them is left out.
const TOOLS_MAX: usize = 512;
/// A schema as text.
const SCHEMA_BYTES_MAX: usize = 64 * 1024;
/// Levels of a schema.
const SCHEMA_DEPTH_MAX: usize = 64;
/// Of a name, as its server has it.
const NAME_BYTES_MAX: usize = 256;
/// What a model gets to read of a description.
const DESCRIPTION_BYTES_MAX: usize = 16 * 1024;
/// At the top of a schema, some API takes none of these.
const NOT_AT_THE_TOP: [&str; 5] = ["oneOf", "anyOf", "allOf", "enum", "not"];

/// Why a tool of an older server cannot be run, whoever asks for it.
pub const TASK_ONLY: &str = "it runs only as a task in the way of the revision 2025-11-25, which sayso does not speak";

/// A tool that can be offered.
#[derive(Clone, Debug)]
pub struct Admitted {
    pub tool: ToolInfo,
    /// The schema of its arguments.
    pub parameters: ToolSchema,
}

/// A tool that cannot, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub tool: String,
    pub reason: String,
}

/// The tools of one server, divided. The order is the server's. `are_ours`: they are linked into this program, so
/// that a test has looked at them before, and no start has to.
#[must_use]
pub fn admit(tools: &[ToolInfo], are_ours: bool) -> (Vec<Admitted>, Vec<Refused>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for tool in tools {
        *counts.entry(&tool.name).or_default() += 1;
    }
    let (mut admitted, mut refused) = (Vec::new(), Vec::new());
    for tool in tools.iter().take(TOOLS_MAX) {
        let is_twice = counts.get(tool.name.as_str()).is_some_and(|count| *count > 1);
        let examined = match () {
            () if is_twice => Err("its server has several tools of this name".to_owned()),
            () if are_ours => Ok(tool.input_schema.clone()),
            () => examine(tool),
        };
        match examined {
            Ok(parameters) => admitted.push(Admitted { tool: cut_description(tool), parameters }),
            Err(reason) => refused.push(Refused { tool: tool.name.clone(), reason }),
        }
    }
    // A name that stands twice is told once.
    refused.dedup();
    if tools.len() > TOOLS_MAX {
        let reason = format!("its server has {} tools, more than {TOOLS_MAX}", tools.len());
        refused.push(Refused { tool: format!("{} and what follows", tools[TOOLS_MAX].name), reason });
    }
    (admitted, refused)
}

/// The schema for the API, or what is wrong with the tool.
fn examine(tool: &ToolInfo) -> Result<ToolSchema, String> {
    if tool.is_task_only {
        return Err(TASK_ONLY.to_owned());
    }
    if tool.name.is_empty() || tool.name.len() > NAME_BYTES_MAX {
        return Err(format!("its name has to have 1 to {NAME_BYTES_MAX} bytes"));
    }
    no_hidden(&tool.name, "name", false)?;
    no_hidden(&tool.description, "description", true)?;
    for (key, value) in tool.input_schema.iter() {
        visit(key, value, 1)?;
    }
    check_top(&tool.input_schema)?;
    let schema = with_type(&tool.input_schema);
    let bytes = schema.text().len();
    if bytes > SCHEMA_BYTES_MAX {
        return Err(format!("its schema has {bytes} bytes, more than {SCHEMA_BYTES_MAX}"));
    }
    Ok(schema)
}

/// An API wants to read that it is one of an object.
fn with_type(schema: &ToolSchema) -> ToolSchema {
    if schema.contains_key("type") {
        return schema.clone();
    }
    let mut fields = Map::clone(schema);
    fields.insert("type".to_owned(), "object".into());
    fields.into()
}

fn check_top(schema: &Map<String, Value>) -> Result<(), String> {
    if schema.get("type").is_some_and(|kind| kind != "object") {
        return Err("its schema is not one of an object".to_owned());
    }
    if let Some(word) = NOT_AT_THE_TOP.into_iter().find(|word| schema.contains_key(*word)) {
        return Err(format!("its schema has `{word}` at the top, which models cannot be given"));
    }
    if schema.get("properties").is_some_and(|properties| !properties.is_object()) {
        return Err("its schema has `properties` that are no object".to_owned());
    }
    Ok(())
}

/// Walks a schema: not too deep, and everything in it can be read.
fn visit(key: &str, value: &Value, depth: usize) -> Result<(), String> {
    if depth > SCHEMA_DEPTH_MAX {
        return Err(format!("its schema has more than {SCHEMA_DEPTH_MAX} levels"));
    }
    no_hidden(key, "schema", true)?;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) => no_hidden(text, "schema", true),
        Value::Array(items) => items.iter().try_for_each(|item| visit("", item, depth + 1)),
        Value::Object(map) => map.iter().try_for_each(|(key, value)| visit(key, value, depth + 1)),
    }
}

/// A model reads what a person cannot see: so nothing may be there that a person cannot see.
fn no_hidden(text: &str, place: &str, has_lines: bool) -> Result<(), String> {
    match hidden(text, has_lines) {
        None => Ok(()),
        Some(char) => Err(format!("its {place} holds a character that nobody can see (U+{:04X})", u32::from(char))),
    }
}

/// The first character that cannot be seen. A joiner between two pictures is part of the picture.
fn hidden(text: &str, has_lines: bool) -> Option<char> {
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let is_line = has_lines && matches!(char, '\n' | '\r' | '\t');
        let joins_pictures =
            char == '\u{200D}' && before.is_some_and(is_picture) && chars.peek().copied().is_some_and(is_picture);
        if is_hidden(char) && !is_line && !joins_pictures {
            return Some(char);
        }
        before = Some(char);
    }
    None
}

fn is_picture(char: char) -> bool {
    matches!(char, '\u{2190}'..='\u{2BFF}' | '\u{FE0F}' | '\u{1F000}'..='\u{1FAFF}')
}

fn cut_description(tool: &ToolInfo) -> ToolInfo {
    let mut tool = tool.clone();
    if tool.description.len() > DESCRIPTION_BYTES_MAX {
        let end = tool.description.floor_char_boundary(DESCRIPTION_BYTES_MAX);
        tool.description.truncate(end);
        tool.description.push_str(" […]");
    }
    tool
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(name: &str, description: &str, schema: &Value) -> ToolInfo {
        ToolInfo {
            name: name.to_owned(),
            title: None,
            description: description.to_owned(),
            input_schema: schema.as_object().unwrap().clone().into(),
            output_schema: None,
            read_only_hint: None,
            destructive_hint: None,
            open_world_hint: None,
            is_task_only: false,
        }
    }

    fn refusal(tool: ToolInfo) -> String {
        let (admitted, refused) = admit(&[tool], false);
        assert!(admitted.is_empty());
        refused.into_iter().map(|refused| refused.reason).collect()
    }

    #[test]
    fn one_bad_tool_costs_itself_alone() {
        let object = json!({"type": "object"});
        let tools = ["a", "twice", "b", "twice"].map(|name| tool(name, "", &object));
        let (admitted, refused) = admit(&tools, false);
        assert_eq!(admitted.iter().map(|tool| tool.tool.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let reason = "its server has several tools of this name".to_owned();
        assert_eq!(refused[0], Refused { tool: "twice".into(), reason });
    }

    #[test]
    fn what_an_api_refuses_is_refused_with_its_reason() {
        let mut deep = json!({});
        (0..70).for_each(|_| deep = json!({"properties": deep}));
        for (schema, reason) in [
            (json!({"type": "string"}), "its schema is not one of an object"),
            (json!({"anyOf": []}), "its schema has `anyOf` at the top, which models cannot be given"),
            (json!({"properties": []}), "its schema has `properties` that are no object"),
            (json!({"x": "y".repeat(70_000)}), "its schema has 70024 bytes, more than 65536"),
            (json!({"x": "a\u{202E}b"}), "its schema holds a character that nobody can see (U+202E)"),
            (deep, "its schema has more than 64 levels"),
        ] {
            assert_eq!(refusal(tool("a", "", &schema)), reason);
        }
        assert_eq!(refusal(tool("", "", &json!({}))), "its name has to have 1 to 256 bytes");
        let (admitted, _) = admit(&[tool("a", "", &json!({"properties": {}}))], false);
        assert_eq!(admitted[0].parameters.text(), r#"{"properties":{},"type":"object"}"#);
    }

    #[test]
    fn what_nobody_can_see_is_refused() {
        for text in ["a\u{E0041}", "a\u{200B}b", "\u{202E}x", "a\u{200D}b", "\u{1b}[2J", "a\u{FEFF}"] {
            assert!(refusal(tool("a", text, &json!({}))).starts_with("its description holds"), "{text:?}");
            assert!(refusal(tool(text, "", &json!({}))).starts_with("its name holds"), "{text:?}");
        }
        for text in ["Lines\n\tand tabs", "👩\u{200D}💻 at work", "日本語, עברית, naïve", "☺\u{FE0F}"] {
            assert_eq!(admit(&[tool("a", text, &json!({}))], false).0.len(), 1, "{text:?}");
        }
        assert!(refusal(tool("a\nb", "", &json!({}))).contains("U+000A"));
    }

    #[test]
    fn there_is_an_end_to_it() {
        let many: Vec<ToolInfo> = (0..600).map(|n| tool(&format!("t{n}"), &"ä".repeat(20_000), &json!({}))).collect();
        let (admitted, refused) = admit(&many, false);
        assert_eq!((admitted.len(), refused.len()), (512, 1));
        assert_eq!(refused[0].tool, "t512 and what follows");
        assert!(admitted[0].tool.description.len() < DESCRIPTION_BYTES_MAX + 10);
    }
}
