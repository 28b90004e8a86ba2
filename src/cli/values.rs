//! The values of options that are more than a word, read by pure functions.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// What `--system` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemPrompt {
    Text(String),
    /// Written `@FILE`.
    File(PathBuf),
}

impl FromStr for SystemPrompt {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.strip_prefix('@').map_or_else(|| Self::Text(text.into()), |path| Self::File(path.into())))
    }
}

/// What `--file` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attachment {
    Path(PathBuf),
    /// Written `-`.
    Stdin,
}

impl From<std::ffi::OsString> for Attachment {
    fn from(text: std::ffi::OsString) -> Self {
        if text == "-" { Self::Stdin } else { Self::Path(text.into()) }
    }
}

/// One `-o key=value`.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelOption {
    pub name: String,
    pub value: serde_json::Value,
}

/// The longest `--timeout`: a week.
const DURATION_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What `--replay-speed` takes.
const SPEED: std::ops::RangeInclusive<f64> = 0.01..=1000.0;

/// Reads `KEY=VALUE`. A value that is JSON stays what it is; anything else is a string, so
/// that `-o effort=high` needs no quotes.
pub fn parse_model_option(text: &str) -> Result<ModelOption, String> {
    let (name, value) = text.split_once('=').ok_or("write it as KEY=VALUE, as in temperature=0.2")?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err("the part before `=` has to be one word, as in temperature=0.2".into());
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok(ModelOption { name: name.to_owned(), value })
}

/// Reads a speed: a number above 0, where 1 is as it was.
pub fn parse_speed(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('x').parse::<f64>() {
        Ok(times) if SPEED.contains(&times) => Ok(times),
        Ok(_) | Err(_) => Err("it has to be a number from 0.01 to 1000, where 1 is as fast as it was".into()),
    }
}

/// Reads a time with its unit: `500ms`, `120s`, `2m`, `1h30m`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("a unit is missing: {text}s, {text}m or {text}ms?"));
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let (part, after) = split_number_and_unit(rest).ok_or("write it as 120s, 2m, 500ms or 1h30m")?;
        total = total.saturating_add(part);
        rest = after;
    }
    match total {
        Duration::ZERO => Err("has to be longer than nothing, as in 120s, 2m or 500ms".into()),
        total if total > DURATION_MAX => Err("is longer than a week (168h)".into()),
        total => Ok(total),
    }
}

fn split_number_and_unit(text: &str) -> Option<(Duration, &str)> {
    let (number, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    let (unit, rest) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()));
    let seconds = match unit {
        "ms" => return Some((Duration::from_millis(number), rest)),
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        _ => return None,
    };
    Some((Duration::from_secs(number.saturating_mul(seconds)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_a_length() {
        let read = |text| parse_duration(text).map(|time| time.as_millis());
        assert_eq!(read("120s"), Ok(120_000));
        assert_eq!(read("2m"), Ok(120_000));
        assert_eq!(read("500ms"), Ok(500));
        assert_eq!(read("1h30m"), Ok(5_400_000));
        assert_eq!(read("30"), Err("a unit is missing: 30s, 30m or 30ms?".into()));
        for bad in ["", "s", "-5s", "5 s", "1.5s", "5d", "0s", "5s-", "½s", "200h", "99999999999999999999s"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_option_is_json_where_it_can_be() {
        let read = |text| parse_model_option(text).map(|option| (option.name, option.value));
        assert_eq!(read("top_p=0.9"), Ok(("top_p".into(), serde_json::json!(0.9))));
        assert_eq!(read("stop=[\"a=b\"]"), Ok(("stop".into(), serde_json::json!(["a=b"]))));
        assert_eq!(read("effort=high"), Ok(("effort".into(), serde_json::json!("high"))));
        assert_eq!(read("user=\"7\""), Ok(("user".into(), serde_json::json!("7"))));
        assert_eq!(read("x="), Ok(("x".into(), serde_json::json!(""))));
        assert!(read("temperature").is_err());
        assert!(read("=1").is_err());
    }

    #[test]
    fn an_at_sign_names_a_file() {
        assert_eq!("@a/b".parse(), Ok(SystemPrompt::File("a/b".into())));
        assert_eq!("be brief @all".parse(), Ok(SystemPrompt::Text("be brief @all".into())));
    }
}
