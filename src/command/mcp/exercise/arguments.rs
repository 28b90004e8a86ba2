//! Arguments made from a schema, when nobody says what to call a tool with (pure).

use std::cell::Cell;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Objects in objects that are filled in; also ends schemas that contain themselves.
const DEPTH_MAX: usize = 8;
/// Items and letters that a schema may ask for.
const LENGTH_MAX: u64 = 1000;
/// Of all that is made for one call: values count, and so do the bytes of texts and the parts of schemas that are
/// looked at. Schemas can multiply.
const EFFORT_MAX: usize = 1024 * 1024;
const TEXT: &str = "sayso";

/// What `schema` requires, and what it has defaults for. Nothing is fetched: a `$ref` that leads out of the
/// schema counts as no schema at all. `document` is put where any object will do.
#[must_use]
pub fn arguments(schema: &Map<String, Value>, document: &Map<String, Value>) -> Map<String, Value> {
    let document = Value::Object(document.clone());
    let maker = Maker { root: schema, document, effort_left: Cell::new(EFFORT_MAX) };
    maker.object(schema, 0)
}

struct Maker<'a> {
    root: &'a Map<String, Value>,
    document: Value,
    effort_left: Cell<usize>,
}

impl Maker<'_> {
    /// Whether that much may still be done.
    fn spend(&self, effort: usize) -> bool {
        let left = self.effort_left.get().checked_sub(effort);
        self.effort_left.set(left.unwrap_or(0));
        left.is_some()
    }

    /// A copy of what stands in the schema; `null` where that is too much.
    fn copied(&self, value: &Value) -> Value {
        if self.spend(weight(value)) { value.clone() } else { Value::Null }
    }

    fn object(&self, schema: &Map<String, Value>, depth: usize) -> Map<String, Value> {
        let mut made = Map::new();
        let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        let parts = parts.filter(|_| depth < DEPTH_MAX).take_while(|_| self.spend(1));
        for part in parts.filter_map(|part| self.resolved(part)) {
            made.extend(self.object(part, depth + 1));
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let required: BTreeSet<&str> = required.take_while(|_| self.spend(1)).filter_map(Value::as_str).collect();
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        for (name, property) in properties.take_while(|(name, _)| self.spend(name.len() + 1)) {
            if required.contains(name.as_str()) {
                made.insert(name.clone(), self.value(property, depth + 1));
            } else if let Some(default) = property.get("default") {
                made.insert(name.clone(), self.copied(default));
            }
        }
        made
    }

    fn value(&self, schema: &Value, depth: usize) -> Value {
        let Some(schema) = self.resolved(schema) else { return json!(TEXT) };
        let proposed = || ["default", "const"].into_iter().find_map(|key| schema.get(key));
        let listed = || ["examples", "enum"].into_iter().find_map(|key| schema.get(key)?.as_array()?.first());
        if let Some(value) = proposed().or_else(listed) {
            return self.copied(value);
        }
        let choices = ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key)?.as_array());
        let is_something = |choice: &&Value| choice.get("type").is_none_or(|kind| kind != "null");
        if let Some(choice) = choices.and_then(|choices| choices.iter().find(is_something))
            && depth < DEPTH_MAX
        {
            return self.value(choice, depth + 1);
        }
        match kind_of(schema) {
            "object" if depth >= DEPTH_MAX => json!({}),
            "object" if is_open(schema) => self.copied(&self.document),
            "object" => Value::Object(self.object(schema, depth)),
            "array" => {
                let count = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(LENGTH_MAX);
                let item = schema.get("items").filter(|_| depth < DEPTH_MAX);
                let items = (0..count).take_while(|_| self.spend(1));
                items.map(|_| item.map_or(json!(TEXT), |item| self.value(item, depth + 1))).collect()
            }
            "integer" => json!(number(schema).ceil() as i64),
            "number" => json!(number(schema)),
            "boolean" => json!(true),
            "null" => Value::Null,
            _ => self.copied(&Value::String(text(schema))),
        }
    }

    /// The schema itself, or what its `$ref` leads to within the same document.
    fn resolved<'s>(&'s self, schema: &'s Value) -> Option<&'s Map<String, Value>> {
        let mut schema = schema.as_object()?;
        for _ in 0..DEPTH_MAX {
            let Some(target) = schema.get("$ref").and_then(Value::as_str) else { return Some(schema) };
            let mut place = None;
            for step in target.strip_prefix("#/")?.split('/') {
                let step = step.replace("~1", "/").replace("~0", "~");
                place = place.map_or_else(|| self.root.get(&step), |place: &Value| place.get(&step));
                place?;
            }
            schema = place?.as_object()?;
        }
        None
    }
}

/// How many values there are in one, with the bytes of its texts and names.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text.len(),
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Object(fields) => 1 + fields.iter().map(|(name, field)| name.len() + weight(field)).sum::<usize>(),
    }
}

fn kind_of(schema: &Map<String, Value>) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        _ if schema.contains_key("properties") => "object",
        _ if schema.contains_key("items") => "array",
        _ => "string",
    }
}

/// Whether any object will do.
fn is_open(schema: &Map<String, Value>) -> bool {
    let is_plain = ["properties", "allOf", "required", "minProperties"].iter().all(|key| !schema.contains_key(*key));
    is_plain && schema.get("additionalProperties").is_none_or(|more| *more == json!(true))
}

fn number(schema: &Map<String, Value>) -> f64 {
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    let least = limit("minimum").or_else(|| limit("exclusiveMinimum").map(|below| below + 1.0));
    let most = limit("maximum").or_else(|| limit("exclusiveMaximum").map(|above| above - 1.0));
    let made = 1.0_f64.max(least.unwrap_or(1.0));
    most.map_or(made, |most| made.min(most))
}

fn text(schema: &Map<String, Value>) -> String {
    let length = |key: &str| schema.get(key).and_then(Value::as_u64);
    let made = match schema.get("format").and_then(Value::as_str) {
        Some("uri" | "url") => "https://example.com/",
        Some("email") => "sayso@example.com",
        Some("date") => "2026-01-31",
        Some("date-time") => "2026-01-31T12:00:00Z",
        Some("time") => "12:00:00Z",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => TEXT,
    };
    let least = usize::try_from(length("minLength").unwrap_or(0).min(LENGTH_MAX)).unwrap_or(0);
    let most = usize::try_from(length("maxLength").unwrap_or(LENGTH_MAX)).unwrap_or(usize::MAX);
    let padding = "-".repeat(least.saturating_sub(made.len()));
    format!("{made}{padding}").chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(schema: Value) -> Value {
        let document = json!({"any": "thing"});
        Value::Object(arguments(schema.as_object().unwrap(), document.as_object().unwrap()))
    }

    #[test]
    fn required_things_are_made_and_defaults_taken() {
        let schema = json!({
            "type": "object",
            "$defs": {"id": {"type": "string", "minLength": 8}, "loop": {"type": "object", "required": ["l"], "properties": {"l": {"$ref": "#/$defs/loop"}}}},
            "allOf": [{"properties": {"part": {"const": 7}}, "required": ["part"]}],
            "properties": {
                "a": {"type": "number"}, "b": {"type": "integer", "minimum": 5}, "c": {"type": ["null", "boolean"]},
                "d": {"$ref": "#/$defs/id"}, "e": {"$ref": "https://elsewhere/schema"}, "f": {"enum": ["x", "y"]},
                "g": {"anyOf": [{"type": "null"}, {"type": "array", "minItems": 2, "items": {"format": "email"}}]},
                "h": {"type": "object"}, "i": {"type": "object", "properties": {"j": {}}, "required": ["j"]},
                "k": {"default": 3}, "left_out": {"type": "string"}, "n": {"type": "integer", "maximum": -2},
            },
            "required": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "n"],
        });
        let expected = json!({
            "part": 7, "a": 1.0, "b": 5, "c": true, "d": "sayso---", "e": "sayso", "f": "x",
            "g": ["sayso@example.com", "sayso@example.com"], "h": {"any": "thing"}, "i": {"j": "sayso"}, "k": 3, "n": -2,
        });
        assert_eq!(made(schema), expected);
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let schema = json!({"type": "object", "properties": {"me": {"$ref": "#"}, "l": {"$ref": "#/properties/l"}, "o": {"$ref": "#/$defs/o"}},
            "$defs": {"o": {"type": "object", "required": ["o"], "properties": {"o": {"$ref": "#/$defs/o"}}}}, "required": ["me", "l", "o"]});
        assert!(made(schema).to_string().len() < 500);
    }

    #[test]
    fn lists_in_lists_do_not_multiply() {
        let lists =
            (0..4).fold(json!({"type": "string"}), |item, _| json!({"type": "array", "minItems": 1000, "items": item}));
        let schema = json!({"type": "object", "properties": {"a": {"const": 1}, "x": lists}, "required": ["a", "x"]});
        let made = made(schema);
        assert_eq!(made["a"], 1);
        assert!((1000..4 * EFFORT_MAX).contains(&made.to_string().len()), "{}", made.to_string().len());
    }
}
