//! `key=value` to the arguments of a call, as the schema of the tool wants them.

use serde_json::{Map, Value};

use crate::config::nearest;
use crate::conversation::ToolSchema;
use crate::exit::Failure;
use crate::tool::{Misfit, misfit};

/// Reads what was typed. A value is JSON where the schema wants more than text, else the text itself.
pub fn from_pairs(pairs: &[String], schema: &Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut arguments = Map::new();
    for pair in pairs {
        let Some((name, text)) = pair.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Failure::usage(format!("`{pair}` is no argument"))
                .hint("write it as KEY=VALUE, as in `path=README.md`; `-` alone reads JSON from stdin"));
        };
        if let Some(properties) = properties
            && !properties.contains_key(name)
            && !takes_others(schema)
        {
            return Err(unknown(name, properties));
        }
        let wanted = properties.and_then(|properties| properties.get(name)).unwrap_or(&Value::Null);
        let is_again = arguments.contains_key(name);
        match arguments.get_mut(name) {
            Some(Value::Array(items)) if wants(wanted, "array") => items.push(item_of(text, wanted)),
            Some(_) | None if is_again => {
                return Err(Failure::usage(format!("`{name}` is given twice, and it is no list")));
            }
            Some(_) | None => drop(arguments.insert(name.to_owned(), first_value(text, wanted))),
        }
    }
    Ok(arguments)
}

/// A list can be given whole, or item by item.
fn first_value(text: &str, wanted: &Value) -> Value {
    let value = typed_value(text, wanted);
    let is_item = wants(wanted, "array") && !wants(wanted, "string") && !value.is_array();
    if is_item { Value::Array(vec![item_of(text, wanted)]) } else { value }
}

fn item_of(text: &str, wanted: &Value) -> Value {
    typed_value(text, wanted.get("items").unwrap_or(&Value::Null))
}

/// The text as JSON where it is JSON of a type that is wanted, else as it is.
#[must_use]
pub fn typed_value(text: &str, wanted: &Value) -> Value {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Value::String(text.to_owned()) };
    let names: &[&str] = match &value {
        Value::Null => &["null"],
        Value::Bool(_) => &["boolean"],
        Value::Number(number) if number.is_f64() => &["number"],
        Value::Number(_) => &["integer", "number"],
        Value::Array(_) => &["array"],
        Value::Object(_) => &["object"],
        // Quotes around a text are part of it: a shell has taken its own away.
        Value::String(_) => &[],
    };
    let has_types = !types(wanted).is_empty();
    let is_wanted = names.iter().any(|name| wants(wanted, name));
    if is_wanted || (!has_types && !value.is_string()) { value } else { Value::String(text.to_owned()) }
}

fn wants(schema: &Value, name: &str) -> bool {
    types(schema).iter().any(|other| other == name)
}

/// The types that a schema allows, as far as that is plain to see; empty where it is not.
fn types(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect_types(schema, &mut found, 0);
    found
}

fn collect_types(schema: &Value, found: &mut Vec<String>, depth: usize) {
    const DEPTH_MAX: usize = 4;
    match schema.get("type") {
        Some(Value::String(name)) => found.push(name.clone()),
        Some(Value::Array(names)) => found.extend(names.iter().filter_map(Value::as_str).map(str::to_owned)),
        Some(_) | None => {}
    }
    let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
    found.extend(values.map(|value| type_name(value).to_owned()));
    if depth < DEPTH_MAX {
        let choices = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
        choices.for_each(|choice| collect_types(choice, found, depth + 1));
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether the schema says that it takes names it does not list.
fn takes_others(schema: &Map<String, Value>) -> bool {
    let others = schema.get("additionalProperties");
    others.is_some_and(|others| *others != Value::Bool(false)) || schema.contains_key("patternProperties")
}

fn unknown(name: &str, properties: &Map<String, Value>) -> Failure {
    let names = || properties.keys().map(String::as_str);
    let failure = Failure::usage(format!("the tool takes no argument `{name}`"));
    match nearest(name, names()) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None if properties.is_empty() => failure.hint("it takes none at all"),
        None => failure.hint(format!("it takes {}", names().collect::<Vec<_>>().join(", "))),
    }
}

/// One JSON object, from `--json` or from stdin.
pub fn from_json(text: &str) -> Result<Map<String, Value>, Failure> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(other) => Err(Failure::usage(format!("the arguments are a JSON {}, not an object", type_name(&other)))
            .hint("write them as '{\"key\": \"value\"}'")),
        Err(error) => Err(Failure::usage(format!("the arguments are not JSON: {error}"))),
    }
}

/// Whether the tool's own schema takes the arguments. A schema that cannot be used, or not within bounds, is the
/// server's business: it checks by itself.
pub async fn check(arguments: &Map<String, Value>, schema: &ToolSchema) -> Result<(), Failure> {
    let found = misfit(schema, &Value::Object(arguments.clone())).await;
    let Some(Misfit { place, reason }) = found else { return Ok(()) };
    let place = if place.is_empty() { place } else { format!(" (at {place})") };
    Err(Failure::usage(format!("the tool does not take these arguments: {reason}{place}"))
        .hint("`sayso mcp tools SERVER --format json` shows its schema"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(pairs: &[&str]) -> Result<Value, String> {
        let schema = json!({
            "type": "object",
            "properties": {
                "path": { "type": "string" },
                "count": { "type": "integer" },
                "ratio": { "type": ["number", "null"] },
                "all": { "type": "boolean" },
                "names": { "type": "array", "items": { "type": "string" } },
                "options": { "type": "object" },
                "either": { "anyOf": [{ "type": "string" }, { "type": "integer" }] },
                "level": { "enum": [1, 2, "max"] },
                "any": {},
            },
        });
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        from_pairs(&pairs, schema.as_object().unwrap())
            .map(Value::Object)
            .map_err(|failure| format!("{}; {}", failure.message, failure.hint.unwrap_or_default()))
    }

    #[test]
    fn values_have_the_type_that_the_tool_wants() {
        for (pair, expected) in [
            ("path=42", json!({ "path": "42" })),
            ("path=\"a b\"", json!({ "path": "\"a b\"" })),
            ("path=", json!({ "path": "" })),
            ("path=a=b", json!({ "path": "a=b" })),
            ("count=42", json!({ "count": 42 })),
            ("count=many", json!({ "count": "many" })),
            ("count=4.5", json!({ "count": "4.5" })),
            ("ratio=4.5", json!({ "ratio": 4.5 })),
            ("ratio=3", json!({ "ratio": 3 })),
            ("ratio=null", json!({ "ratio": null })),
            ("all=true", json!({ "all": true })),
            ("all=yes", json!({ "all": "yes" })),
            ("names=a", json!({ "names": ["a"] })),
            ("names=[\"a\",\"b\"]", json!({ "names": ["a", "b"] })),
            ("names=7", json!({ "names": ["7"] })),
            ("options={\"a\":1}", json!({ "options": { "a": 1 } })),
            ("either=7", json!({ "either": 7 })),
            ("either=x", json!({ "either": "x" })),
            ("level=2", json!({ "level": 2 })),
            ("level=max", json!({ "level": "max" })),
            ("any=7", json!({ "any": 7 })),
            ("any=\"7\"", json!({ "any": "\"7\"" })),
        ] {
            assert_eq!(read(&[pair]), Ok(expected), "{pair}");
        }
        assert_eq!(read(&["names=a", "names=b"]), Ok(json!({ "names": ["a", "b"] })));
    }

    #[test]
    fn slips_are_told() {
        assert_eq!(read(&["pth=x"]).unwrap_err(), "the tool takes no argument `pth`; did you mean `path`?");
        assert_eq!(read(&["path=x", "path=y"]).unwrap_err(), "`path` is given twice, and it is no list; ");
        assert!(read(&["x"]).unwrap_err().starts_with("`x` is no argument; write it as KEY=VALUE"));
        assert!(read(&["=x"]).is_err());
        assert!(from_json("[1]").unwrap_err().message.contains("a JSON array"));
        assert!(from_json("{").is_err());
        assert_eq!(from_json(" \n").unwrap(), Map::new());
    }

    #[test]
    fn the_schema_of_the_tool_is_held() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let told = |arguments: Value, schema: &Value| {
            let schema = ToolSchema::from(schema.as_object().unwrap().clone());
            let checked = runtime.block_on(check(arguments.as_object().unwrap(), &schema));
            checked.map_err(|failure| failure.message)
        };
        let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
        assert_eq!(told(json!({ "n": 1 }), &schema), Ok(()));
        assert!(told(json!({}), &schema).unwrap_err().contains("\"n\" is a required property"));
        assert!(told(json!({ "n": "x" }), &schema).unwrap_err().ends_with("(at /n)"));
        let foreign = json!({ "$ref": "https://example.com/schema.json" });
        assert_eq!(told(json!({}), &foreign), Ok(()), "nothing is fetched");
    }
}
