//! Where there are too many tools to describe them all: a few are offered, and one that finds the others.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Value, json};

use super::names::{OWN_SERVER, own_name};
use super::{Invocation, Running, Tool, ToolDefinition, ToolOutput};
use crate::conversation::{ToolSchema, ToolSpec};

const NAME: &str = "find_tools";
/// Tools that one search brings.
const FOUND_MAX: usize = 10;
/// Of a description in the answer to a search.
const SUMMARY_BYTES_MAX: usize = 300;
const QUERY_WORDS_MAX: usize = 32;

/// A tool that may be offered.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub spec: ToolSpec,
    pub is_builtin: bool,
}

impl Candidate {
    fn bytes(&self) -> usize {
        self.spec.name.len() + self.spec.description.len() + self.spec.parameters.text().len()
    }
}

/// All tools there are, and those that were found or called: they stay offered.
#[derive(Debug, Default)]
pub struct Catalog {
    pub candidates: Vec<Candidate>,
    pub wanted: BTreeSet<String>,
}

impl Catalog {
    /// What is offered when not everything fits, in the order of all; `None` where everything does.
    /// What was wanted is in it, then our own tools, then the small ones, up to half of the limit.
    #[must_use]
    pub fn offered(&self, spec_bytes_max: usize, specs_max: usize) -> Option<Vec<ToolSpec>> {
        let bytes: usize = self.candidates.iter().map(Candidate::bytes).sum();
        if bytes <= spec_bytes_max && self.candidates.len() <= specs_max {
            return None;
        }
        let is_wanted = |candidate: &Candidate| self.wanted.contains(&candidate.spec.name);
        let mut order: Vec<usize> = (0..self.candidates.len()).collect();
        order.sort_by_key(|index| {
            let candidate = &self.candidates[*index];
            (!is_wanted(candidate), !candidate.is_builtin, candidate.bytes())
        });
        let (mut bytes_left, mut specs_left) = (spec_bytes_max / 2, specs_max / 2);
        let mut chosen = BTreeSet::new();
        for index in order {
            let candidate = &self.candidates[index];
            let fits = candidate.bytes() <= bytes_left && specs_left > 0;
            if !fits && !is_wanted(candidate) {
                break;
            }
            bytes_left = bytes_left.saturating_sub(candidate.bytes());
            specs_left = specs_left.saturating_sub(1);
            chosen.insert(index);
        }
        let specs = chosen.into_iter().map(|index| self.candidates[index].spec.clone());
        Some(std::iter::once(spec()).chain(specs).collect())
    }

    /// The tools whose names and descriptions have most of the words, best first.
    #[must_use]
    pub fn find(&self, query: &str) -> Vec<&Candidate> {
        let query = query.to_lowercase();
        let words = words(&query);
        let mut scored: Vec<(usize, &Candidate)> =
            self.candidates.iter().map(|candidate| (score(candidate, &words), candidate)).collect();
        scored.retain(|(score, _)| *score > 0);
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().take(FOUND_MAX).map(|(_, candidate)| candidate).collect()
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).take(QUERY_WORDS_MAX).collect()
}

/// A word of the name counts more than one of the description, and the beginning of a word is enough.
fn score(candidate: &Candidate, query: &[&str]) -> usize {
    let has = |text: &str, word: &str| {
        text.to_lowercase().split(|char: char| !char.is_alphanumeric()).any(|other| other.starts_with(word))
    };
    let of_word = |word: &&str| match (has(&candidate.spec.name, word), has(&candidate.spec.description, word)) {
        (true, _) => 3,
        (false, true) => 1,
        (false, false) => 0,
    };
    query.iter().map(of_word).sum()
}

fn spec() -> ToolSpec {
    let query = json!({"query": {"type": "string", "description": "Words of what the tool should do."}});
    ToolSpec {
        name: own_name(NAME),
        description: "Finds more tools than those that are offered now. What it finds can be called next.".to_owned(),
        parameters: ToolSchema::of_arguments(query, &["query"]),
    }
}

/// The tool that finds tools.
pub struct FindTools {
    definition: ToolDefinition,
    catalog: Rc<RefCell<Catalog>>,
}

impl FindTools {
    #[must_use]
    pub fn new(catalog: Rc<RefCell<Catalog>>) -> Self {
        let definition = ToolDefinition {
            spec: spec(),
            server: OWN_SERVER.to_owned(),
            tool: NAME.to_owned(),
            is_read_only: true,
            reaches_network: false,
            is_builtin: true,
        };
        Self { definition, catalog }
    }

    fn answer(&self, invocation: &Invocation) -> ToolOutput {
        let query = invocation.arguments.get("query").and_then(Value::as_str).unwrap_or_default();
        let mut catalog = self.catalog.borrow_mut();
        let found: Vec<(String, String)> = catalog.find(query).into_iter().map(summary).collect();
        catalog.wanted.extend(found.iter().map(|(name, _)| name.clone()));
        let lines: Vec<String> = found.into_iter().map(|(name, about)| format!("{name}: {about}")).collect();
        let text = match lines.as_slice() {
            [] => format!("no tool fits; there are {} in all: try other words", catalog.candidates.len()),
            lines => format!("These can be called now:\n{}", lines.join("\n")),
        };
        ToolOutput { text, ..ToolOutput::default() }
    }
}

fn summary(candidate: &Candidate) -> (String, String) {
    let about = &candidate.spec.description;
    let cut = &about[..about.floor_char_boundary(SUMMARY_BYTES_MAX)];
    (candidate.spec.name.clone(), cut.split_whitespace().collect::<Vec<_>>().join(" "))
}

impl Tool for FindTools {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn call<'a>(&'a self, invocation: &'a Invocation) -> Running<'a> {
        Box::pin(std::future::ready(self.answer(invocation)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        let candidate = |name: &str, description: &str, is_builtin, bytes: usize| Candidate {
            spec: ToolSpec {
                name: name.into(),
                description: description.into(),
                parameters: ToolSchema::of_arguments("x".repeat(bytes).into(), &[]),
            },
            is_builtin,
        };
        Catalog {
            candidates: vec![
                candidate("git__commit", "Record changes", false, 400),
                candidate("git__log", "Show commits of the past", false, 100),
                candidate("time__now", "What time it is", true, 200),
                candidate("db__query", "Run SQL", false, 5000),
            ],
            wanted: BTreeSet::new(),
        }
    }

    fn names(specs: Option<Vec<ToolSpec>>) -> String {
        specs
            .map_or_else(|| "all".into(), |specs| specs.into_iter().map(|spec| spec.name).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_few_are_offered_where_all_are_too_many() {
        let mut catalog = catalog();
        assert_eq!(names(catalog.offered(10_000, 10)), "all");
        assert_eq!(names(catalog.offered(1000, 10)), "sayso__find_tools git__log time__now");
        assert_eq!(names(catalog.offered(10_000, 3)), "sayso__find_tools time__now");
        catalog.wanted.insert("db__query".into());
        assert_eq!(names(catalog.offered(1000, 10)), "sayso__find_tools db__query");
    }

    #[test]
    fn what_is_found_is_offered_from_then_on() {
        let catalog = Rc::new(RefCell::new(catalog()));
        let tool = FindTools::new(catalog.clone());
        let ask = |query: &str| {
            let arguments = json!({"query": query}).as_object().unwrap().clone();
            tool.answer(&Invocation { id: "1".into(), arguments }).text
        };
        assert_eq!(ask("run SQL queries"), "These can be called now:\ndb__query: Run SQL");
        assert_eq!(
            ask("commit"),
            "These can be called now:\ngit__commit: Record changes\ngit__log: Show commits of the past"
        );
        assert_eq!(ask("zebra"), "no tool fits; there are 4 in all: try other words");
        assert!(names(catalog.borrow().offered(1000, 10)).contains("db__query"));
    }
}
