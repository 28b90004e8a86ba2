//! Whether a structured result is what its tool promised, or a value what it wants: its schema decides, without the
//! network and within bounds.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use crate::conversation::ToolSchema;

/// A check that takes longer is given up: schemas can be made so that it never ends.
const CHECK_MAX: Duration = Duration::from_secs(2);
const REASON_BYTES_MAX: usize = 300;
const SCHEMA_BYTES_MAX: usize = 64 * 1024;
const PATTERN_BYTES_MAX: usize = 1024 * 1024;

/// The promise of one tool, read when it is first needed.
#[derive(Clone)]
pub struct OutputSchema {
    schema: ToolSchema,
    /// `None` as long as it has not been read; an error is told with every result.
    validator: Rc<RefCell<Option<Reading>>>,
}

/// What came of reading a schema.
type Reading = Result<Arc<Validator>, String>;

impl OutputSchema {
    #[must_use]
    pub fn new(schema: ToolSchema) -> Self {
        Self { schema, validator: Rc::default() }
    }

    /// What is wrong with a result; `None` where it is as promised.
    ///
    /// On a thread of its own: one schema in a million takes for ever, and that one is left behind.
    pub async fn mismatch(&self, value: &Value) -> Option<String> {
        let known = self.validator.borrow().clone();
        let (schema, value) = (self.schema.clone(), value.clone());
        let check = tokio::task::spawn_blocking(move || {
            let validator = known.unwrap_or_else(|| read(&schema));
            let found = validator.as_ref().ok().and_then(|validator| found(validator, &value));
            (validator, found)
        });
        let (validator, found) = match tokio::time::timeout(CHECK_MAX, check).await {
            Ok(Ok(checked)) => checked,
            Ok(Err(_)) | Err(_) => {
                (Err("the promised schema of the structured result cannot be checked in time".to_owned()), None)
            }
        };
        let found = found.map(|Misfit { place, reason }| {
            format!("the structured result is not what the tool promised: {reason} (at {place:?})")
        });
        let problem = validator.as_ref().err().cloned().or(found);
        *self.validator.borrow_mut() = Some(validator);
        problem
    }
}

/// Where a value is not as its schema wants it, and why.
#[derive(Debug)]
pub struct Misfit {
    /// A JSON pointer; empty for the value as a whole.
    pub place: String,
    pub reason: String,
}

/// What is wrong with a value; `None` also where the schema cannot tell that within bounds.
pub async fn misfit(schema: &ToolSchema, value: &Value) -> Option<Misfit> {
    let (schema, value) = (schema.clone(), value.clone());
    let check = tokio::task::spawn_blocking(move || found(&*read(&schema).ok()?, &value));
    tokio::time::timeout(CHECK_MAX, check).await.ok()?.ok()?
}

fn found(validator: &Validator, value: &Value) -> Option<Misfit> {
    let error = validator.validate(value).err()?;
    let (place, mut reason) = (error.instance_path().to_string(), error.to_string());
    // It quotes the value, which can be as large as the result.
    if reason.len() > REASON_BYTES_MAX {
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        reason.push('…');
    }
    Some(Misfit { place, reason })
}

fn read(schema: &ToolSchema) -> Result<Arc<Validator>, String> {
    let unusable = |reason: &str| format!("the promised schema of the structured result cannot be used: {reason}");
    if schema.text().len() > SCHEMA_BYTES_MAX {
        return Err(unusable("it is too large"));
    }
    let schema = Value::Object((**schema).clone());
    // Expressions without look-around match in linear time; references to the network are refused.
    jsonschema::options()
        .offline()
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES_MAX))
        .build(&schema)
        .map(Arc::new)
        .map_err(|error| unusable(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mismatch(schema: &Value, value: &Value) -> Option<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let schema = OutputSchema::new(schema.as_object().unwrap().clone().into());
        let found = runtime.block_on(schema.mismatch(value));
        runtime.shutdown_background();
        found
    }

    #[test]
    fn a_promise_is_held_against_the_result() {
        let schema = json!({"type": "object", "$defs": {"n": {"type": "integer"}},
            "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"type": "string", "pattern": "^x+$"}}, "required": ["a"]});
        assert_eq!(mismatch(&schema, &json!({"a": 1, "b": "xx"})), None);
        let told = mismatch(&schema, &json!({"a": "1"})).unwrap();
        assert_eq!(
            told,
            "the structured result is not what the tool promised: \"1\" is not of type \"integer\" (at \"/a\")"
        );
        assert!(mismatch(&schema, &json!({})).unwrap().contains("required"));
    }

    #[test]
    fn no_schema_reaches_the_network_or_runs_for_ever() {
        let remote = json!({"$ref": "http://127.0.0.1:9/schema.json"});
        assert!(mismatch(&remote, &json!({})).unwrap().contains("cannot be used"));
        let file = json!({"$ref": "file:///etc/passwd"});
        assert!(mismatch(&file, &json!({})).unwrap().contains("cannot be used"));
        let mut bomb = serde_json::Map::new();
        for n in 0..60 {
            let next = json!({"$ref": format!("#/$defs/a{}", n + 1)});
            bomb.insert(format!("a{n}"), json!({"allOf": [next.clone(), next]}));
        }
        bomb.insert("a60".into(), json!({"type": "object"}));
        let started = std::time::Instant::now();
        let _ = mismatch(&json!({"$ref": "#/$defs/a0", "$defs": bomb}), &json!({}));
        assert!(started.elapsed() < Duration::from_secs(20));
        let _ = mismatch(&json!({"$ref": "#"}), &json!({}));
        let _ = mismatch(
            &json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
            &json!({}),
        );
        let _ = mismatch(&json!({"allOf": [{"$ref": "#"}]}), &json!({}));
    }
}
