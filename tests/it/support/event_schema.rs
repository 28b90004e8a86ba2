//! Holds every line of JSON that a test sees against the schema that `sayso help events --schema` prints.

use std::process::Command;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

static SCHEMA: OnceLock<Validator> = OnceLock::new();

/// Panics where a line is not as the schema says, or has fields that it does not name.
#[track_caller]
pub fn assert_valid(event: &Value) {
    let schema = SCHEMA.get_or_init(|| jsonschema::validator_for(&closed(printed())).unwrap());
    let errors: Vec<String> = schema.iter_errors(event).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{event:#} is not as `sayso help events --schema` says: {errors:#?}");
}

fn printed() -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_sayso")).args(["help", "events", "--schema"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Scripts have to pass over new fields; here a field that the schema forgot is a mistake.
fn closed(mut schema: Value) -> Value {
    for definition in schema["$defs"].as_object_mut().unwrap().values_mut() {
        if definition["properties"].is_object() {
            definition["additionalProperties"] = false.into();
        }
    }
    schema
}
