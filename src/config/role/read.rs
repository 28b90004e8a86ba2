//! The text of a role to a [`Role`]: its front matter, and its body as a template.

use std::path::{Path, PathBuf};

use super::error::RoleError;
use super::front_matter::{self, Answer, Argument, FrontMatter, Placed};
use crate::config::problem::{KeyPath, Position, Problem, nearest};
use crate::template::{Template, TemplateError};

/// What a person has asked, in the body.
pub const INPUT: &str = "input";
/// Always there; an argument of the same name takes their place.
pub const GIVEN: [&str; 4] = ["os", "shell", "cwd", "date"];

/// Gives the text of a role that is included.
pub type Include = std::sync::Arc<dyn Fn(&str) -> Result<Option<String>, String> + Send + Sync>;

/// What the body of a role is.
#[derive(Debug)]
pub enum Body {
    /// The system prompt; the question goes as it is.
    System(Template),
    /// The question, round what a person has asked.
    Prompt {
        template: Template,
        takes_input: bool,
    },
    Empty,
}

#[derive(Debug)]
pub struct Role {
    pub name: String,
    /// `None`: it is built in.
    pub path: Option<PathBuf>,
    pub description: Option<String>,
    pub model: Option<String>,
    pub options: Vec<(String, serde_json::Value)>,
    pub tools: Option<Vec<String>>,
    pub schema: Option<String>,
    pub answer: Answer,
    pub arguments: Vec<Argument>,
    pub(super) system: Option<Template>,
    pub(super) body: Body,
    /// The lines above the body.
    pub(super) lines_before: usize,
}

impl Role {
    /// Whether the text below the front matter is what is asked, not the system prompt.
    #[must_use]
    pub fn is_prompt(&self) -> bool {
        matches!(self.body, Body::Prompt { .. })
    }

    /// For errors: the file, or its name where it is built in.
    #[must_use]
    pub fn place(&self) -> PathBuf {
        self.path.clone().unwrap_or_else(|| place_of_builtin(&self.name))
    }

    pub(super) fn failed_template(&self, error: &TemplateError, offset: usize) -> RoleError {
        RoleError::Invalid { path: self.place(), problems: vec![problem_of(error, &self.name, offset)] }
    }
}

pub fn place_of_builtin(name: &str) -> PathBuf {
    format!("(built-in role {name})").into()
}

/// Reads a role. All its mistakes are told at once.
pub fn read(name: &str, path: Option<&Path>, text: &str, include: &Include) -> Result<Role, RoleError> {
    let parts = split(text);
    let mut problems = parts.problems;
    let front = front_matter::read(&parts.front, &mut problems);
    let include = std::sync::Arc::clone(include);
    let body = parts.body.trim();
    let lines_before = parts.lines_before + lines_above(parts.body);
    let compiled = Template::compile_with(name, body, move |name| include(name))
        .map_err(|error| problems.push(problem_of(&error, name, lines_before)))
        .ok();
    let system = front.system.as_ref().and_then(|system| compile_system(name, system, &mut problems));
    if let Some(at) = body.find("__INPUT__") {
        problems.push(Problem::new(
            position_in(body, at, lines_before),
            KeyPath::default(),
            "`__INPUT__` is written `{{ input }}` here",
        ));
    }
    let arguments = match &compiled {
        Some(compiled) => arguments_of(&front, compiled, system.as_ref(), (body, lines_before), &mut problems),
        None => Vec::new(),
    };
    let takes_input = compiled.as_ref().is_some_and(|template| template.variables().contains(INPUT));
    let body = match compiled {
        Some(_) if body.is_empty() => Body::Empty,
        Some(template) if takes_input || system.is_some() => Body::Prompt { template, takes_input },
        Some(template) => Body::System(template),
        None => Body::Empty,
    };
    if problems.is_empty() && text.trim().is_empty() {
        problems.push(Problem::new(Position { line: 1, column: 1 }, KeyPath::default(), "is empty"));
    }
    if !problems.is_empty() {
        problems.sort();
        problems.dedup();
        let path = path.map_or_else(|| place_of_builtin(name), Path::to_owned);
        return Err(RoleError::Invalid { path, problems });
    }
    let FrontMatter { description, model, options, tools, schema, answer, .. } = front;
    let (name, path) = (name.to_owned(), path.map(Path::to_owned));
    Ok(Role { name, path, description, model, options, tools, schema, answer, arguments, system, body, lines_before })
}

/// A file in its parts; the front matter has empty lines before it, so that its lines keep their numbers.
struct Parts<'a> {
    front: String,
    body: &'a str,
    lines_before: usize,
    problems: Vec<Problem>,
}

/// A first line that names an interpreter is passed over; then the front matter, then the body.
fn split(text: &str) -> Parts<'_> {
    let mut lines_before = 0;
    let mut rest = text;
    if rest.starts_with("#!") {
        rest = rest.split_once('\n').map_or("", |(_, after)| after);
        lines_before = 1;
    }
    let none = |body, lines_before| Parts { front: String::new(), body, lines_before, problems: Vec::new() };
    let is_fence = |line: &str| line.trim_end() == "---";
    let Some(first) = rest.split_inclusive('\n').next().filter(|line| is_fence(line)) else {
        return none(rest, lines_before);
    };
    let start = first.len();
    let mut end = start;
    for line in rest[start..].split_inclusive('\n') {
        if is_fence(line) {
            let front = "\n".repeat(lines_before + 1) + &rest[start..end];
            let above = lines_before + 2 + rest[start..end].matches('\n').count();
            return Parts { front, body: &rest[end + line.len()..], lines_before: above, problems: Vec::new() };
        }
        end += line.len();
    }
    let position = Position { line: lines_before + 1, column: 1 };
    let problem =
        Problem::new(position, KeyPath::default(), "the front matter that begins here has no end: a line `---`");
    Parts { front: String::new(), body: "", lines_before, problems: vec![problem] }
}

/// Lines of nothing before the first word.
fn lines_above(text: &str) -> usize {
    let first = text.find(|c: char| !c.is_whitespace()).unwrap_or(0);
    text[..first].matches('\n').count()
}

fn problem_of(error: &TemplateError, name: &str, lines_before: usize) -> Problem {
    // A text that is included is a file of its own.
    let (line, reason) = if error.template == name {
        (error.line + lines_before, error.reason.clone())
    } else {
        (lines_before + 1, format!("in {} line {}: {}", error.template, error.line, error.reason))
    };
    Problem::new(Position { line, column: error.column }, KeyPath::default(), reason)
}

fn compile_system(name: &str, system: &Placed, problems: &mut Vec<Problem>) -> Option<Template> {
    let mut wrong = |reason: String| {
        problems.push(Problem::new(system.position, KeyPath::of("system"), reason));
        None
    };
    match Template::compile(name, &system.text) {
        Err(error) => wrong(error.reason),
        Ok(template) if template.variables().contains(INPUT) => {
            wrong("cannot hold `{{ input }}`: the question goes below the front matter".to_owned())
        }
        Ok(template) => Some(template),
    }
}

/// The arguments that are written, or one for every gap where none are.
fn arguments_of(
    front: &FrontMatter,
    body: &Template,
    system: Option<&Template>,
    (text, lines_before): (&str, usize),
    problems: &mut Vec<Problem>,
) -> Vec<Argument> {
    let gaps = body.variables().into_iter().chain(system.map(Template::variables).unwrap_or_default());
    let gaps: std::collections::BTreeSet<String> = gaps.filter(|gap| gap != INPUT).collect();
    let place = |gap: &str| {
        first_gap(text, gap)
            // It is in a text that is included.
            .or_else(|| first_gap(text, "include"))
            .map_or(Position { line: lines_before.max(1), column: 1 }, |at| position_in(text, at, lines_before))
    };
    let Some(written) = &front.arguments else {
        let free = gaps.into_iter().filter(|gap| !GIVEN.contains(&gap.as_str()));
        let argument = |name: String| Argument { position: place(&name), name, description: None, default: None };
        return free.map(argument).collect();
    };
    for gap in gaps.iter().filter(|gap| !GIVEN.contains(&gap.as_str())) {
        if !written.iter().any(|argument| argument.name == *gap) {
            let names = written.iter().map(|argument| argument.name.as_str()).chain(GIVEN).chain([INPUT]);
            let advice = nearest(gap, names).map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
            let reason = format!("`{gap}` is not one of the arguments{advice}");
            problems.push(Problem::new(place(gap), KeyPath::default(), reason));
        }
    }
    written.clone()
}

/// Where a gap of this name is first, as far as a look at the text can tell.
fn first_gap(text: &str, name: &str) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).map(|(at, _)| at).find(|at| {
        let opened = text[..*at].rfind("{{").max(text[..*at].rfind("{%"));
        let closed = text[..*at].rfind("}}").max(text[..*at].rfind("%}"));
        opened.is_some()
            && opened >= closed
            && !text[..*at].ends_with(is_part)
            && !text[at + name.len()..].starts_with(is_part)
    })
}

fn position_in(text: &str, at: usize, lines_before: usize) -> Position {
    let before = &text[..at];
    let line = lines_before + before.matches('\n').count() + 1;
    Position { line, column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(text: &str) -> Result<Role, String> {
        let include: Include = std::sync::Arc::new(|_: &str| Ok(None));
        read("r", Some(Path::new("r.md")), text, &include).map_err(|error| error.to_string())
    }

    #[test]
    fn the_body_is_the_system_prompt_unless_it_takes_the_input() {
        assert!(matches!(role("Be brief.\n").unwrap().body, Body::System(_)));
        assert!(matches!(role("Say: {{ input }}").unwrap().body, Body::Prompt { takes_input: true, .. }));
        assert!(matches!(
            role("---\nsystem: Be brief.\n---\nWhat is new?").unwrap().body,
            Body::Prompt { takes_input: false, .. }
        ));
        assert!(matches!(role("---\ntemperature: 0\n---\n").unwrap().body, Body::Empty));
        assert_eq!(role(""), Err("r.md:1:1: is empty".to_owned()));
    }

    impl PartialEq for Role {
        fn eq(&self, other: &Self) -> bool {
            self.name == other.name
        }
    }

    #[test]
    fn every_mistake_has_its_place_and_all_are_told() {
        let text = "#!/usr/bin/env sayso\n---\ntemprature: 1\ntemperature: 3\nallow: [files/*]\nuse_tools: x\narguments: { lang: en, 2x: y }\nmax_tokens: many\n---\n\nSay {{ langg }}\n{{ os }} __INPUT__";
        let expected = "r.md:3:1: temprature: is not known here; did you mean `temperature`?\n\
            r.md:4:14: temperature: has to be a number of 0 to 2\n\
            r.md:5:1: allow: cannot stand in a role: what runs without asking is only yours to say, with `--allow` or a rule\n\
            r.md:6:1: use_tools: is called `tools` here\n\
            r.md:7:24: arguments: \"2x\" cannot be a name: letters, digits and `_` can\n\
            r.md:8:13: max_tokens: has to be a whole number of 1 or more\n\
            r.md:11:8: `langg` is not one of the arguments; did you mean `lang`?\n\
            r.md:12:10: `__INPUT__` is written `{{ input }}` here";
        assert_eq!(role(text), Err(expected.to_owned()));
        assert!(role("---\na: b\n").unwrap_err().starts_with("r.md:1:1: the front matter that begins here has no end"));
        assert!(role("---\nmodel: [\n---\n").unwrap_err().starts_with("r.md:"));
        assert!(role("---\nmodel: x\n---\na\n {% if %}").unwrap_err().starts_with("r.md:5:"));
        assert!(role("---\nsystem: '{{ input }}'\n---\na").unwrap_err().contains("r.md:2:9: system: cannot hold"));
    }

    #[test]
    fn gaps_are_arguments_where_none_are_written() {
        let names = |text: &str| {
            role(text)
                .unwrap()
                .arguments
                .into_iter()
                .map(|argument| (argument.name, argument.default))
                .collect::<Vec<_>>()
        };
        assert_eq!(names("{{ to }} {{ input }} {{ os }}"), [("to".to_owned(), None)]);
        let written = "---\narguments:\n  to:\n  tone: { default: kind, description: how }\n  n: 7\n---\n{{ to }} {{ tone }} {{ n }}";
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            names(written),
            [("to".to_owned(), None), ("tone".to_owned(), text("kind")), ("n".to_owned(), text("7"))]
        );
    }
}
