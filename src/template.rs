//! Text with gaps, filled by a kept template library within limits.
//!
//! What fills a gap is text and nothing else: it is never read as a template itself.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, UndefinedBehavior};
use serde_json::{Map, Value as Json};

/// Bytes of one template, and of each text that it includes: 256 KiB.
pub const TEXT_BYTES_MAX: usize = 256 << 10;
/// Bytes that come out of one: 16 MiB, as much as a prompt may have.
pub const OUTPUT_BYTES_MAX: usize = 16 << 20;
/// Steps of the library; a loop over a thousand lines takes about ten thousand.
const STEPS_MAX: u64 = 1_000_000;
/// Includes within includes.
const DEPTH_MAX: usize = 20;
/// Includes that are looked at for names to fill.
const INCLUDES_MAX: usize = 50;

/// A template that was understood.
#[derive(Debug)]
pub struct Template {
    environment: Environment<'static>,
    name: String,
}

/// Where and why a template cannot be used. What it says can hold the template's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{template}:{line}:{column}: {reason}")]
pub struct TemplateError {
    /// The template's name, or that of a text that it includes.
    pub template: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub reason: String,
}

impl Template {
    /// Reads a template that includes nothing. `name` is for errors.
    pub fn compile(name: &str, text: &str) -> Result<Self, TemplateError> {
        Self::compile_with(name, text, |_| Ok(None))
    }

    /// The same with a place for `{% include "NAME" %}`: `include` gives the text of a name, `None` where there is
    /// none, or why it cannot be had.
    pub fn compile_with(
        name: &str,
        text: &str,
        include: impl Fn(&str) -> Result<Option<String>, String> + Send + Sync + 'static,
    ) -> Result<Self, TemplateError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(failed(name, format!("is larger than {} KiB", TEXT_BYTES_MAX >> 10)));
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_fuel(Some(STEPS_MAX));
        environment.set_recursion_limit(DEPTH_MAX);
        // Lines of `{% … %}` alone leave no empty lines behind.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| explain(&error, name, None))?);
        // Only then an error knows its column.
        environment.set_debug(true);
        environment.set_loader(move |name| {
            include(name).map_err(|reason| Error::new(minijinja::ErrorKind::InvalidOperation, reason))
        });
        environment
            .add_template_owned(name.to_owned(), text.to_owned())
            .map_err(|error| explain(&error, name, Some(text)))?;
        Ok(Self { environment, name: name.to_owned() })
    }

    /// The names that have to be filled, also in texts that it includes by their names.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<String> {
        let Ok(template) = self.environment.get_template(&self.name) else { return BTreeSet::new() };
        let mut includes_left = INCLUDES_MAX;
        let whole = self.with_includes(template.source(), &mut includes_left);
        let names = match self.environment.template_from_str(&whole) {
            Ok(whole) => whole.undeclared_variables(false),
            Err(_) => template.undeclared_variables(false),
        };
        let is_function = |name: &String| self.environment.globals().any(|(known, _)| known == name);
        names.into_iter().filter(|name| !is_function(name)).collect()
    }

    /// The text with those that it includes in their places. What cannot be had is told where it is used.
    fn with_includes(&self, text: &str, includes_left: &mut usize) -> String {
        let (mut whole, mut rest) = (String::new(), text);
        while let Some(include) = next_include(rest) {
            whole.push_str(include.before);
            for name in include.names {
                let Some(left) = includes_left.checked_sub(1) else { break };
                *includes_left = left;
                if let Ok(included) = self.environment.get_template(name) {
                    whole.push_str(&self.with_includes(included.source(), includes_left));
                }
            }
            rest = include.after;
        }
        whole + rest
    }

    /// Fills the gaps. A name that is missing from `variables` is an error.
    pub fn render(&self, variables: &Map<String, Json>) -> Result<String, TemplateError> {
        let text = |template: &minijinja::Template<'_, '_>| template.source().to_owned();
        let template = self.environment.get_template(&self.name).map_err(|error| explain(&error, &self.name, None))?;
        let mut output = Limited::default();
        let rendered = template.render_captured_to(filling(variables), &mut output).map(drop);
        if output.is_full {
            return Err(failed(&self.name, format!("makes more than {} MiB", OUTPUT_BYTES_MAX >> 20)));
        }
        rendered.map_err(|error| explain(&error, &self.name, Some(&text(&template))))?;
        String::from_utf8(output.bytes).map_err(|_| failed(&self.name, "makes no UTF-8".to_owned()))
    }
}

struct Include<'a> {
    before: &'a str,
    /// All that it can be: one of a list is included, or one of two.
    names: Vec<&'a str>,
    after: &'a str,
}

/// The first `{% include … %}`.
fn next_include(text: &str) -> Option<Include<'_>> {
    let blocks = text.match_indices("{%").map(|(start, _)| (start, &text[start + 2..]));
    let (start, block) = blocks.into_iter().find_map(|(start, block)| {
        let words = block.trim_start_matches(['-', '+']).trim_start().strip_prefix("include")?;
        words.starts_with(|c: char| !c.is_alphanumeric() && c != '_').then_some((start, words))
    })?;
    let (words, after) = block.split_once("%}")?;
    let names = words.split(['"', '\'']).skip(1).step_by(2).collect();
    Some(Include { before: &text[..start], names, after })
}

fn filling(variables: &Map<String, Json>) -> Value {
    let named: BTreeMap<String, Value> =
        variables.iter().map(|(name, value)| (name.clone(), value_of(value))).collect();
    Value::from(named)
}

fn value_of(value: &Json) -> Value {
    match value {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Value::from(number),
            (None, Some(number), _) => Value::from(number),
            (None, None, number) => Value::from(number.unwrap_or_default()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(value_of).collect::<Vec<_>>()),
        Json::Object(map) => filling(map),
    }
}

fn failed(name: &str, reason: String) -> TemplateError {
    TemplateError { template: name.to_owned(), line: 1, column: 1, reason }
}

/// The innermost reason in our form. `text` is that of the template `name`.
fn explain(error: &Error, name: &str, text: Option<&str>) -> TemplateError {
    let inner = innermost(error);
    let place = if inner.line().is_some() { inner } else { error };
    let template = place.name().unwrap_or(name).to_owned();
    let line = place.line().unwrap_or(1);
    let start = place.range().map(|range| range.start).filter(|_| template == name);
    let column = text.zip(start).map_or(1, |(text, start)| column_of(text, start));
    let reason = match (inner.kind(), inner.detail()) {
        (minijinja::ErrorKind::OutOfFuel, _) => format!("takes more than {STEPS_MAX} steps"),
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    };
    TemplateError { template, line, column, reason }
}

fn innermost(error: &Error) -> &Error {
    let mut inner = error;
    while let Some(next) = std::error::Error::source(inner).and_then(|source| source.downcast_ref::<Error>()) {
        inner = next;
    }
    inner
}

fn column_of(text: &str, start: usize) -> usize {
    let before = text.get(..start).unwrap_or_default();
    before.rsplit('\n').next().unwrap_or_default().chars().count() + 1
}

/// Takes bytes up to [`OUTPUT_BYTES_MAX`].
#[derive(Default)]
struct Limited {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > OUTPUT_BYTES_MAX {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render(text: &str, variables: Json) -> String {
        let rendered = Template::compile("t", text).and_then(|t| t.render(variables.as_object().unwrap()));
        rendered.unwrap_or_else(|error| format!("! {error}"))
    }

    #[test]
    fn gaps_are_filled_and_what_fills_them_is_text() {
        assert_eq!(
            render("To {{ who }}: {{ what }}", json!({"who": "me", "what": "{{ who }} <b> & \""})),
            "To me: {{ who }} <b> & \""
        );
        assert_eq!(render("{% if a %}\nyes\n{% else %}\nno\n{% endif %}\nend", json!({"a": ""})), "no\nend");
        assert_eq!(render("{% for x in l %}{{ x.n }};{% endfor %}", json!({"l": [{"n": 1}, {"n": 2.5}]})), "1;2.5;");
        assert_eq!(render("{{ a | default('x') }}", json!({})), "x");
        assert_eq!(render("{\"a\": {\"b\": 1}}", json!({})), "{\"a\": {\"b\": 1}}");
    }

    #[test]
    fn mistakes_have_their_place() {
        assert_eq!(render("a\n  {{ lang }}", json!({})), "! t:2:6: `lang` is undefined");
        assert!(render("a\nb {% if %}", json!({})).starts_with("! t:2:"), "{}", render("a\nb {% if %}", json!({})));
        assert!(render("{{ x", json!({})).starts_with("! t:1:"));
        assert!(render("{% include 'other' %}", json!({})).contains("other"));
    }

    #[test]
    fn the_names_to_fill_are_known() {
        let names = |text| Template::compile("t", text).unwrap().variables().into_iter().collect::<Vec<_>>();
        assert_eq!(names("{{ b }} {% for x in a %}{{ x }}{% endfor %} {% set c = 1 %}{{ c }}"), ["a", "b"]);
        assert_eq!(names("{{ range(3) }} {{ d.e }}"), ["d"]);
    }

    #[test]
    fn the_names_of_included_texts_are_known() {
        let include = |name: &str| {
            Ok(match name {
                "tone.md" => Some("Be {{ tone }}{% include 'more.md' %}.".to_owned()),
                "more.md" => Some(" and {{ more }}, {{ set }}".to_owned()),
                "self.md" => Some("{{ own }}{% include 'self.md' %}{% include 'self.md' %}".to_owned()),
                _ => None,
            })
        };
        let names = |text: &str| {
            Template::compile_with("t", text, include).unwrap().variables().into_iter().collect::<Vec<_>>()
        };
        assert_eq!(names("{% set set = 1 %}{{ a }} {%- include \"tone.md\" -%} {{ z }}"), ["a", "more", "tone", "z"]);
        assert_eq!(names("{% raw %}{% include 'tone.md' %}{% endraw %}{{ a }}"), ["a"]);
        assert_eq!(names("{% include ['none.md', 'more.md'] ignore missing %}"), ["more", "set"]);
        assert_eq!(names("{% include 'none.md' %}"), Vec::<String>::new());
        assert_eq!(names("{% include 'self.md' %}"), ["own"]);
    }

    #[test]
    fn nothing_runs_or_grows_for_ever() {
        let endless = "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}";
        assert_eq!(render(endless, json!({})), "! t:1:40: takes more than 1000000 steps");
        let much = "{% for a in range(1000) %}{{ x }}{% endfor %}";
        assert_eq!(render(much, json!({ "x": "x".repeat(100_000) })), "! t:1:1: makes more than 16 MiB");
        assert!(Template::compile("t", &"x".repeat(TEXT_BYTES_MAX + 1)).is_err());
        let own = Template::compile_with("t", "{% include 't' %}", |_| Ok(None)).unwrap();
        assert!(own.render(&Map::new()).is_err());
    }

    #[test]
    fn included_texts_share_the_names() {
        let include = |name: &str| match name {
            "tone.md" => Ok(Some("Be {{ tone }}.".to_owned())),
            "bad.md" => Err("is a folder".to_owned()),
            _ => Ok(None),
        };
        let render = |text| {
            let template = Template::compile_with("t", text, include).unwrap();
            template.render(json!({"tone": "kind"}).as_object().unwrap()).map_err(|error| error.to_string())
        };
        assert_eq!(render("{% include 'tone.md' %} Now."), Ok("Be kind. Now.".to_owned()));
        assert!(render("{% include 'bad.md' %}").unwrap_err().contains("is a folder"));
    }
}
