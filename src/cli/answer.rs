//! The options of `ask` that say what of an answer a script wants, and whether an old one will do.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::parse_duration;

/// Not `next_help_heading`: that would take in the options that follow where this is flattened.
const PART: &str = "A part of the answer";
const SCRIPTS: &str = "For scripts";

const REPAIRS_DEFAULT: u32 = 1;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest `--cache`: a year.
const CACHE_DAYS_MAX: u32 = 365;

#[derive(Args, Clone, Debug)]
pub struct AnswerOptions {
    /// Only JSON that fits: a JSON Schema, its file, or in short 'name, age int, tags [str], nick?'
    #[arg(help_heading = PART, long, value_name = "FILE|FIELDS", conflicts_with_all = ["code", "first_code", "first_json", "stop_after"])]
    pub schema: Option<String>,

    /// Any number of such values, one a line
    #[arg(help_heading = PART, long, requires = "schema")]
    pub schema_multi: bool,

    /// Tell the model what is wrong with its JSON and ask again, so often (0 to 5)
    #[arg(help_heading = PART, long, value_name = "N", default_value_t = REPAIRS_DEFAULT, requires = "schema", value_parser = clap::value_parser!(u32).range(0..=5))]
    pub schema_retries: u32,

    /// Only the last fenced block of code
    #[arg(help_heading = PART, long, conflicts_with_all = ["first_code", "first_json", "stop_after"])]
    pub code: bool,

    /// Only the first fenced block of code; the request ends with it
    #[arg(help_heading = PART, long, conflicts_with_all = ["first_json", "stop_after"])]
    pub first_code: bool,

    /// Only the first JSON object or list; the request ends with it
    #[arg(help_heading = PART, long, conflicts_with = "stop_after")]
    pub first_json: bool,

    /// Only what comes up to the end of the first match; the request ends there
    #[arg(help_heading = PART, long, value_name = "REGEX")]
    pub stop_after: Option<String>,

    /// Ask once: where KEY has had its answer, that one is given again
    #[arg(help_heading = SCRIPTS, long, value_name = "KEY", conflicts_with_all = ["no_save", "cache"], value_parser = parse_key)]
    pub once: Option<String>,

    /// Give the answer to the very same request again, if it is no older, as in 1h or 7d
    #[arg(help_heading = SCRIPTS, long, value_name = "AGE", conflicts_with = "no_save", value_parser = parse_age)]
    pub cache: Option<Duration>,

    /// Write how it went (usage, cost, times, ids) to this file as JSON
    #[arg(help_heading = SCRIPTS, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with = "meta_fd")]
    pub meta: Option<PathBuf>,

    /// The same to an open file descriptor, as in `--meta-fd 3 3>meta.json`
    #[arg(help_heading = SCRIPTS, long, value_name = "N", value_parser = clap::value_parser!(i32).range(3..=1_048_576))]
    pub meta_fd: Option<i32>,
}

impl AnswerOptions {
    /// Whether any of them was given.
    #[must_use]
    pub fn is_set(&self) -> bool {
        let is_part = self.schema.is_some() || self.stop_after.is_some();
        let is_first = self.code || self.first_code || self.first_json;
        let is_kept = self.once.is_some() || self.cache.is_some();
        is_part || is_first || is_kept || self.meta.is_some() || self.meta_fd.is_some()
    }
}

impl Default for AnswerOptions {
    fn default() -> Self {
        Self {
            schema: None,
            schema_multi: false,
            schema_retries: REPAIRS_DEFAULT,
            code: false,
            first_code: false,
            first_json: false,
            stop_after: None,
            once: None,
            cache: None,
            meta: None,
            meta_fd: None,
        }
    }
}

/// An empty key is a variable of a script that is not set: all of them would be given one answer.
fn parse_key(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it is empty; is a variable not set?".into()) } else { Ok(text.to_owned()) }
}

/// Reads an age: as `--timeout` does, or in days.
fn parse_age(text: &str) -> Result<Duration, String> {
    let Some(days) = text.strip_suffix('d').filter(|days| !days.is_empty()) else { return parse_duration(text) };
    match days.parse::<u32>() {
        Ok(0) => Err("has to be longer than nothing, as in 1h or 7d".into()),
        Ok(days) if days <= CACHE_DAYS_MAX => Ok(DAY * days),
        Ok(_) => Err(format!("is longer than a year ({CACHE_DAYS_MAX}d)")),
        Err(_) => Err("write it as 30m, 1h or 7d".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_can_be_in_days() {
        assert_eq!(parse_age("7d"), Ok(DAY * 7));
        assert_eq!(parse_age("1h30m"), Ok(Duration::from_secs(5400)));
        for bad in ["0d", "d", "366d", "-1d", "1.5d", "7", "7w", ""] {
            assert!(parse_age(bad).is_err(), "{bad:?}");
        }
    }
}
