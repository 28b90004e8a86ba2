//! A form that a server asks to be filled in: a flat JSON Schema, one field after the other (pure).

use serde_json::{Map, Number, Value};

/// More fields than this are no form for a prompt.
const FIELDS_MAX: usize = 64;

/// The fields of a form and the values entered so far.
#[derive(Debug)]
pub struct Form {
    fields: Vec<Field>,
    values: Map<String, Value>,
    at: usize,
}

#[derive(Debug)]
struct Field {
    name: String,
    kind: Kind,
    is_required: bool,
    default: Option<Value>,
    schema: Value,
}

#[derive(Debug)]
enum Kind {
    Text,
    Integer,
    Number,
    Truth,
    /// One of these.
    Choice(Vec<Choice>),
    /// Some of these, between commas.
    Choices(Vec<Choice>),
}

/// What is sent, and what a person knows it as.
#[derive(Debug)]
struct Choice {
    value: String,
    title: Option<String>,
}

impl Choice {
    fn shown(&self) -> String {
        match self.title.as_ref().filter(|title| **title != self.value) {
            Some(title) => format!("{} ({title})", self.value),
            None => self.value.clone(),
        }
    }

    fn is(&self, word: &str) -> bool {
        let names = [Some(&self.value), self.title.as_ref()];
        names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(word))
    }
}

impl Form {
    /// `None` where there is nothing to fill in.
    #[must_use]
    pub fn new(schema: &Map<String, Value>) -> Option<Self> {
        let properties = schema.get("properties")?.as_object()?;
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let fields: Vec<Field> = properties
            .iter()
            .take(FIELDS_MAX)
            .map(|(name, schema)| Field {
                name: name.clone(),
                kind: kind_of(schema),
                is_required: required.contains(&name.as_str()),
                default: schema.get("default").cloned(),
                schema: schema.clone(),
            })
            .collect();
        (!fields.is_empty()).then(|| Self { fields, values: Map::new(), at: 0 })
    }

    /// As in `age (integer, required) [30]: `.
    #[must_use]
    pub fn prompt(&self) -> String {
        let Some(field) = self.fields.get(self.at) else { return String::new() };
        let kind = match &field.kind {
            Kind::Text => match field.schema.get("format").and_then(Value::as_str) {
                Some("date") => "date as in 2026-01-31".to_owned(),
                Some("date-time") => "time as in 2026-01-31T18:00:00Z".to_owned(),
                Some("email") => "email".to_owned(),
                Some("uri") => "address as in https://example.com/".to_owned(),
                Some(_) | None => "string".to_owned(),
            },
            Kind::Integer => "integer".to_owned(),
            Kind::Number => "number".to_owned(),
            Kind::Truth => "y/n".to_owned(),
            Kind::Choice(choices) => shown(choices, "|"),
            Kind::Choices(choices) => format!("some of {}, with commas between", shown(choices, "|")),
        };
        let required = if field.is_required { ", required" } else { "" };
        let default = field.default.as_ref().map(|value| format!(" [{}]", plain(value))).unwrap_or_default();
        format!("{} ({kind}{required}){default}: ", field.name)
    }

    /// Takes the value of the present field; all values after the last one.
    pub fn enter(&mut self, line: &str) -> Result<Option<Map<String, Value>>, String> {
        let Some(field) = self.fields.get(self.at) else { return Ok(Some(self.values.clone())) };
        let value = match (line, &field.default) {
            ("", Some(default)) => Some(default.clone()),
            ("", None) if field.is_required => return Err(format!("{} has to be filled in", field.name)),
            ("", None) => None,
            (line, _) => Some(field.read(line)?),
        };
        if let Some(value) = value {
            self.values.insert(field.name.clone(), value);
        }
        self.at += 1;
        Ok((self.at == self.fields.len()).then(|| std::mem::take(&mut self.values)))
    }
}

impl Field {
    fn read(&self, line: &str) -> Result<Value, String> {
        match &self.kind {
            Kind::Text => self.text(line),
            Kind::Integer => {
                let number: i64 = line.parse().map_err(|_| format!("{} is a whole number", self.name))?;
                self.in_range(number as f64)?;
                Ok(number.into())
            }
            Kind::Number => {
                let number: f64 = line.parse().map_err(|_| format!("{} is a number", self.name))?;
                self.in_range(number)?;
                Number::from_f64(number).map(Value::Number).ok_or_else(|| format!("{} is a finite number", self.name))
            }
            Kind::Truth => match line.to_lowercase().as_str() {
                "y" | "yes" | "true" => Ok(true.into()),
                "n" | "no" | "false" => Ok(false.into()),
                _ => Err("y or n".to_owned()),
            },
            Kind::Choice(choices) => choose(choices, line).map(Value::String),
            Kind::Choices(choices) => line
                .split(',')
                .map(|word| choose(choices, word.trim()).map(Value::String))
                .collect::<Result<_, _>>()
                .map(Value::Array),
        }
    }

    fn text(&self, line: &str) -> Result<Value, String> {
        let limit = |name| self.schema.get(name).and_then(Value::as_u64);
        let length = line.chars().count() as u64;
        if limit("minLength").is_some_and(|min| length < min) || limit("maxLength").is_some_and(|max| length > max) {
            let (min, max) = (limit("minLength").unwrap_or(0), limit("maxLength"));
            let max = max.map_or_else(|| "any number of".to_owned(), |max| max.to_string());
            return Err(format!("{} has {min} to {max} characters", self.name));
        }
        if !has_format(line, self.schema.get("format").and_then(Value::as_str).unwrap_or_default()) {
            return Err(format!("{} is not of this form", self.name));
        }
        Ok(line.into())
    }

    fn in_range(&self, number: f64) -> Result<(), String> {
        let limit = |name| self.schema.get(name).and_then(Value::as_f64);
        if limit("minimum").is_some_and(|min| number < min) || limit("maximum").is_some_and(|max| number > max) {
            let word = |limit: Option<f64>| limit.map_or_else(|| "anything".to_owned(), |limit| limit.to_string());
            return Err(format!("{} is between {} and {}", self.name, word(limit("minimum")), word(limit("maximum"))));
        }
        Ok(())
    }
}

/// The formats that the protocol has for forms; others are not looked at.
fn has_format(text: &str, format: &str) -> bool {
    match format {
        "date" => text.len() == "2026-01-31".len() && text.parse::<jiff::civil::Date>().is_ok(),
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "email" => text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
        }),
        "uri" => url::Url::parse(text).is_ok(),
        _ => true,
    }
}

fn shown(choices: &[Choice], between: &str) -> String {
    choices.iter().map(Choice::shown).collect::<Vec<_>>().join(between)
}

fn choose(choices: &[Choice], word: &str) -> Result<String, String> {
    let found = choices.iter().find(|choice| choice.is(word));
    found.map(|choice| choice.value.clone()).ok_or_else(|| format!("one of {}", shown(choices, ", ")))
}

fn kind_of(schema: &Value) -> Kind {
    if let Some(choices) = choices_of(schema) {
        return Kind::Choice(choices);
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => Kind::Integer,
        Some("number") => Kind::Number,
        Some("boolean") => Kind::Truth,
        Some("array") => Kind::Choices(schema.get("items").and_then(choices_of).unwrap_or_default()),
        _ => Kind::Text,
    }
}

/// `enum`, with `enumNames` as older servers have them, or the constants of `oneOf` and `anyOf` with their titles.
fn choices_of(schema: &Value) -> Option<Vec<Choice>> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let titled = |(at, value): (usize, &Value)| {
            Some(Choice { value: text(Some(value))?, title: text(schema["enumNames"].get(at)) })
        };
        return Some(values.iter().enumerate().filter_map(titled).collect());
    }
    let options = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    let titled = |option: &Value| Some(Choice { value: text(option.get("const"))?, title: text(option.get("title")) });
    Some(options.iter().filter_map(titled).collect())
}

/// A default as a person would type it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Form;

    fn form(properties: Value) -> Form {
        Form::new(json!({ "properties": properties }).as_object().unwrap()).unwrap()
    }

    fn read(schema: Value, line: &str) -> Result<Value, String> {
        Ok(form(json!({ "x": schema })).enter(line)?.unwrap().remove("x").unwrap_or(Value::Null))
    }

    #[test]
    fn values_are_read_by_their_type() {
        assert_eq!(read(json!({ "type": "integer", "minimum": 1, "maximum": 5 }), "5"), Ok(json!(5)));
        assert!(read(json!({ "type": "integer", "minimum": 1, "maximum": 5 }), "6").is_err());
        assert_eq!(read(json!({ "type": "number" }), "1.5"), Ok(json!(1.5)));
        assert!(read(json!({ "type": "number" }), "nan").is_err());
        assert_eq!(read(json!({ "type": "boolean" }), "y"), Ok(json!(true)));
        assert_eq!(read(json!({ "type": "string", "maxLength": 3 }), "abc"), Ok(json!("abc")));
        assert!(read(json!({ "type": "string", "maxLength": 3 }), "abcd").is_err());
        assert_eq!(read(json!({ "enum": ["red", "blue"] }), "BLUE"), Ok(json!("blue")));
        assert!(read(json!({ "oneOf": [{ "const": "a", "title": "A" }] }), "b").is_err());
        let several = json!({ "type": "array", "items": { "enum": ["a", "b"] } });
        assert_eq!(read(several, "b, a"), Ok(json!(["b", "a"])));
        assert_eq!(read(json!({ "type": "string" }), ""), Ok(Value::Null));
        assert_eq!(read(json!({ "type": "boolean", "default": false }), ""), Ok(json!(false)));
    }

    #[test]
    fn choices_are_shown_and_taken_by_their_titles() {
        let titled = json!({ "oneOf": [{ "const": "c1", "title": "Red" }, { "const": "c2", "title": "c2" }] });
        assert_eq!(form(json!({ "x": titled })).prompt(), "x (c1 (Red)|c2): ");
        assert_eq!(read(titled.clone(), "red"), Ok(json!("c1")));
        assert_eq!(read(titled.clone(), "C2"), Ok(json!("c2")));
        assert_eq!(read(titled, "blue"), Err("one of c1 (Red), c2".to_owned()));
        let named = json!({ "enum": ["p1", "p2"], "enumNames": ["Cat"] });
        assert_eq!(form(json!({ "x": named })).prompt(), "x (p1 (Cat)|p2): ");
        assert_eq!(read(named, "cat"), Ok(json!("p1")));
    }

    #[test]
    fn a_text_has_the_form_that_is_asked_for() {
        for (format, good, bad) in [
            ("date", "2026-02-28", "2026-02-30"),
            ("date", "2026-02-28", "2026-02-28T10:00"),
            ("date-time", "2026-02-28T10:00:00Z", "tomorrow"),
            ("email", "ann@example.com", "ann"),
            ("uri", "https://example.com/a", "example"),
            ("unheard-of", "anything", ""),
        ] {
            let schema = json!({ "type": "string", "format": format });
            assert_eq!(read(schema.clone(), good), Ok(json!(good)), "{format}");
            assert!(bad.is_empty() || read(schema, bad).is_err(), "{format}: {bad}");
        }
    }

    #[test]
    fn a_form_without_fields_is_none() {
        assert!(Form::new(json!({ "type": "object" }).as_object().unwrap()).is_none());
    }
}
