//! Makes the prompt of a row. What a template names has to be there.

use serde_json::Value;

use super::row::Row;
use crate::template::{Template, TemplateError};

/// Either the prompts as they are, or a template over what the rows hold.
pub struct Prompts {
    template: Option<Template>,
}

impl Prompts {
    /// `template`: the text of `--template`. The error says where it is wrong.
    pub fn new(template: Option<String>) -> Result<Self, TemplateError> {
        let template = template.map(|text| Template::compile("--template", &text)).transpose()?;
        Ok(Self { template })
    }

    /// The prompt of a row; the error says what is missing.
    pub fn of(&self, row: &Row) -> Result<String, String> {
        let prompt = match &self.template {
            None => row.prompt.clone().ok_or("it has no `prompt`; `--template` makes one of its fields")?,
            Some(template) => rendered(template, row)?,
        };
        if prompt.trim().is_empty() { Err("its prompt is empty".to_owned()) } else { Ok(prompt) }
    }
}

fn rendered(template: &Template, row: &Row) -> Result<String, String> {
    let mut names = row.vars.clone();
    names.entry("id").or_insert_with(|| row.id.clone());
    if let Some(prompt) = &row.prompt {
        names.entry("prompt").or_insert_with(|| Value::String(prompt.clone()));
    }
    template.render(&names).map_err(|error| {
        let missing = template.variables().into_iter().find(|name| !names.contains_key(name));
        let known = names.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        match missing {
            Some(name) => format!("the template names `{name}`, which the row does not have; it has {known}"),
            None => error.to_string(),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Prompts, Row};

    fn prompt(template: Option<&str>, row: &serde_json::Value) -> Result<String, String> {
        let row = Row {
            id: row["id"].clone(),
            prompt: row["prompt"].as_str().map(str::to_owned),
            vars: row["vars"].as_object().cloned().unwrap_or_default(),
        };
        Prompts::new(template.map(str::to_owned)).unwrap().of(&row)
    }

    #[test]
    fn fields_are_put_in_as_they_are() {
        let row = json!({"id": 7, "prompt": "hi", "vars": {"name": "<Ann> & {{Bob}}", "list": ["a", "b"], "n": 2.5}});
        assert_eq!(prompt(Some("{{name}}: {{ prompt }}\n"), &row).as_deref(), Ok("<Ann> & {{Bob}}: hi"));
        let all = "{% for x in list %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %} {{n}} {{id}}";
        assert_eq!(prompt(Some(all), &row).as_deref(), Ok("a, b 2.5 7"));
        assert_eq!(prompt(None, &json!({"id": 1, "prompt": "{{as it is}}"})).as_deref(), Ok("{{as it is}}"));
    }

    #[test]
    fn what_is_missing_is_an_error() {
        let error = prompt(Some("{{nmae}}"), &json!({"id": 1, "vars": {"name": 1}})).unwrap_err();
        assert!(error.contains("names `nmae`") && error.ends_with("it has id, name"), "{error}");
        assert!(prompt(None, &json!({"id": 1})).unwrap_err().contains("no `prompt`"));
        assert!(prompt(Some("{{x}}"), &json!({"id": 1, "vars": {"x": " "}})).unwrap_err().contains("empty"));
        assert!(Prompts::new(Some("{{".to_owned())).is_err());
    }
}
