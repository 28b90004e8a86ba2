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

/// Every whole line that is an event is as the schema says; with `all`, every whole line is one. A line that a kill
/// has cut is not whole.
#[track_caller]
pub fn assert_lines_valid(stdout: &[u8], all: bool) {
    for line in stdout.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        if all || (line.starts_with(b"{\"v\":1,\"type\":") && !line.starts_with(b"{\"v\":1,\"type\":\"meta\"")) {
            let event = serde_json::from_slice(line)
                .unwrap_or_else(|error| panic!("{error} in {:?}", String::from_utf8_lossy(line)));
            assert_valid(&event);
        }
    }
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
