//! What of the answer the options of `ask` want.

use std::path::Path;

use regex::Regex;

use super::prompt::read_file;
use crate::answer::{PartKind, Schema, SchemaError};
use crate::cli::AnswerOptions;
use crate::exit::Failure;
use crate::session::Wanted;

/// `None`: all of it.
pub fn wanted(options: &AnswerOptions) -> Result<Option<Wanted>, Failure> {
    if let Some(text) = &options.schema {
        let schema = Box::new(schema(text, options.schema_multi)?);
        return Ok(Some(Wanted::Value { schema, repairs_max: options.schema_retries }));
    }
    let part = match &options.stop_after {
        Some(pattern) => Some(PartKind::UpTo(Regex::new(pattern).map_err(|error| bad_pattern(&error))?)),
        None if options.code => Some(PartKind::LastCode),
        None if options.first_code => Some(PartKind::FirstCode),
        None if options.first_json => Some(PartKind::FirstJson),
        None => None,
    };
    Ok(part.map(Wanted::Part))
}

/// A schema by what was typed: JSON, a file, or the short form.
pub fn schema(text: &str, is_multi: bool) -> Result<Schema, Failure> {
    let path = Path::new(text);
    let is_json = text.trim_start().starts_with('{');
    // A name with a slash or an ending is a file, there or not; anything else can be the name of a field.
    let is_file = !is_json && (path.is_file() || text.contains('/') || text.ends_with(".json"));
    if !is_file {
        return Schema::read(text, None, is_multi).map_err(|error| bad_schema(&error, "`--schema`"));
    }
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let json = read_file(path)?;
    Schema::read(&json, name.as_deref(), is_multi).map_err(|error| bad_schema(&error, &path.display().to_string()))
}

fn bad_schema(error: &SchemaError, place: &str) -> Failure {
    Failure::usage(format!("the schema of {place} cannot be used: {error}"))
        .hint("give a JSON Schema, a file with one, or fields in short: 'name, age int, tags [str], nick?'")
}

fn bad_pattern(error: &regex::Error) -> Failure {
    let text = error.to_string();
    // The last line says what is wrong; those before it draw the place.
    let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    Failure::usage(format!("the pattern of `--stop-after` cannot be used: {reason}"))
}
