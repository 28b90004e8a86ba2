//! A schema in a few words: `name, age int, tags [str], nick? str: what friends call them`.
//!
//! Fields stand between commas, or on lines of their own, where descriptions may hold commas. A field is a name, a
//! type (`str` where none is given) and, after a colon, a description. `[type]` is a list, `?` behind the name or
//! the type means that the field may be left out.

use serde_json::{Map, Value, json};

use super::SchemaError;

const FIELDS_MAX: usize = 500;

/// The schema as JSON.
pub fn schema_of(text: &str) -> Result<Value, SchemaError> {
    let fields: Vec<&str> = if text.trim().contains('\n') { text.lines().collect() } else { text.split(',').collect() };
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields.into_iter().map(str::trim).filter(|field| !field.is_empty()) {
        let Field { name, is_required, schema } = Field::read(field)?;
        if properties.insert(name.to_owned(), schema).is_some() {
            return Err(SchemaError::new(format!("the field `{name}` stands twice")));
        }
        if is_required {
            required.push(Value::from(name));
        }
    }
    if properties.is_empty() {
        return Err(SchemaError::new("there is no field in it"));
    }
    if properties.len() > FIELDS_MAX {
        return Err(SchemaError::new(format!("more than {FIELDS_MAX} fields are too many for the short form")));
    }
    Ok(json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false}))
}

struct Field<'t> {
    name: &'t str,
    is_required: bool,
    schema: Value,
}

impl<'t> Field<'t> {
    fn read(text: &'t str) -> Result<Self, SchemaError> {
        let (head, description) = match text.split_once(':') {
            Some((head, description)) => (head.trim(), description.trim()),
            None => (text, ""),
        };
        let mut words = head.split_whitespace();
        let (Some(name), kind, None) = (words.next(), words.next(), words.next()) else {
            return Err(SchemaError::new(format!(
                "`{head}` is no field: write it as `name`, `name type` or `name type: description`"
            )));
        };
        let kind = kind.unwrap_or("str");
        let is_required = !name.ends_with('?') && !kind.ends_with('?');
        let name = name.trim_end_matches('?');
        let is_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        if !name.chars().all(is_name) || !name.chars().any(char::is_alphanumeric) {
            return Err(SchemaError::new(format!("`{name}` cannot be the name of a field")));
        }
        let mut schema = type_of(kind.trim_end_matches('?')).ok_or_else(|| {
            SchemaError::new(format!("`{kind}` is no type: there are str, int, float, bool and [type]"))
        })?;
        if !description.is_empty() {
            schema["description"] = description.into();
        }
        Ok(Self { name, is_required, schema })
    }
}

fn type_of(kind: &str) -> Option<Value> {
    if let Some(items) = kind.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let items = if items.is_empty() { "str" } else { items };
        return (!items.starts_with('['))
            .then(|| type_of(items))
            .flatten()
            .map(|items| json!({"type": "array", "items": items}));
    }
    let name = match kind {
        "str" | "string" | "text" => "string",
        "int" | "integer" => "integer",
        "float" | "number" => "number",
        "bool" | "boolean" => "boolean",
        _ => return None,
    };
    Some(json!({ "type": name }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::schema_of;

    #[test]
    fn a_few_words_are_a_schema() {
        let expected = json!({"type": "object", "additionalProperties": false,
            "properties": {
                "name": {"type": "string"}, "age": {"type": "integer"}, "size": {"type": "number"},
                "ok": {"type": "boolean"}, "tags": {"type": "array", "items": {"type": "string"}},
                "bio": {"type": "string", "description": "in short"}, "nick": {"type": "string"},
                "year": {"type": "integer"}},
            "required": ["name", "age", "size", "ok", "tags", "bio"]});
        let text = "name, age int, size float, ok bool, tags [str], bio: in short, nick?, year int?";
        assert_eq!(schema_of(text).unwrap(), expected);
    }

    #[test]
    fn lines_let_descriptions_hold_commas() {
        let schema = schema_of("\n  name: first, last\n  points [int]: one for each game\n").unwrap();
        assert_eq!(schema["properties"]["name"]["description"], "first, last");
        assert_eq!(schema["properties"]["points"]["items"]["type"], "integer");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let told = |text: &str| schema_of(text).unwrap_err().to_string();
        assert!(told("age years").contains("`years` is no type"));
        assert!(told("the age of it").contains("`the age of it` is no field"));
        assert!(told("a, b, a").contains("`a` stands twice"));
        assert!(told(" , ").contains("no field"));
        assert!(told("a$").contains("cannot be the name"));
        assert!(told("a [[str]]").contains("no type"));
    }
}
