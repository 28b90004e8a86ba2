//! What `init` writes: a commented file where there is none, and single entries where there is one. Pure.

use serde_json::{Map, Value, json};
use similar::TextDiff;

use super::SCHEMA_FILE;
use super::discover::Found;
use crate::config::{Config, EditError, Environment, Source, load_source, with_active, with_provider};

/// The text of the file with all that was found.
pub fn edited(
    source: &Source,
    config: &Config,
    found: &[&Found],
    environment: &Environment,
) -> Result<String, EditError> {
    let active = active(config, found);
    if source.text.trim().is_empty() {
        let text = fresh(found, active.as_deref());
        let whole = Source { path: source.path.clone(), text, mode: source.mode };
        load_source(&whole, environment)?;
        return Ok(if found.is_empty() { source.text.clone() } else { whole.text });
    }
    let mut text = source.text.clone();
    for found in found {
        let now = Source { path: source.path.clone(), text, mode: source.mode };
        text = with_provider(&now, &found.name, &section(found), environment)?;
    }
    match active {
        Some(active) if !found.is_empty() => {
            let now = Source { path: source.path.clone(), text, mode: source.mode };
            with_active(&now, &active, environment)
        }
        Some(_) | None => Ok(text),
    }
}

/// Who is to be asked, where the file does not say it: the only one that was there, or the first that was found.
fn active(config: &Config, found: &[&Found]) -> Option<String> {
    let llm = &config.file.llm;
    if llm.active.is_some() {
        return None;
    }
    let first = llm.providers.keys().next().cloned();
    first.or_else(|| found.first().map(|found| found.name.clone()))
}

fn section(found: &Found) -> Map<String, Value> {
    let mut section = Map::new();
    if let Some(url) = &found.base_url {
        section.insert("base_url".to_owned(), json!(url));
    }
    if let Some(model) = found.model() {
        section.insert("model".to_owned(), json!(model));
    }
    if let Some(variable) = found.key_variable {
        section.insert("api_key_env".to_owned(), json!(variable));
    }
    section
}

fn fresh(found: &[&Found], active: Option<&str>) -> String {
    let mut text = format!(
        "# yaml-language-server: $schema={SCHEMA_FILE}\n\
         # Written by `sayso init`, which adds what is new when it runs again. `sayso config check` looks\n\
         # at changes, `sayso config show` tells all settings, config.example.yaml explains them.\n\n\
         llm:\n  # Who is asked unless -m names another, as in `sayso ask -m PROVIDER:MODEL`.\n  active: {}\n  providers:\n",
        active.unwrap_or("null")
    );
    for found in found {
        text.push_str(&format!("    # Found: {}. `sayso models list {}` shows its models.\n", found.place, found.name));
        text.push_str(&format!("    {}:\n", found.name));
        for (key, value) in section(found) {
            text.push_str(&format!("      {key}: {value}\n"));
        }
    }
    text
}

/// The lines that are new. Where others change too they could hold keys: then only the names are told.
#[must_use]
pub fn difference(source: &Source, new: &str, found: &[&Found]) -> String {
    let diff = TextDiff::from_lines(source.text.as_str(), new);
    let is_addition = diff.iter_all_changes().all(|change| change.tag() != similar::ChangeTag::Delete);
    let mut text = format!("+++ {}\n", source.path.display());
    if is_addition {
        let added = diff.iter_all_changes().filter(|change| change.tag() == similar::ChangeTag::Insert);
        added.for_each(|change| text.push_str(&format!("+{}\n", change.value().trim_end_matches('\n'))));
    } else {
        found.iter().for_each(|found| text.push_str(&format!("+llm.providers.{}\n", found.name)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::discover::State;
    use super::*;

    #[test]
    fn a_fresh_file_says_what_it_is() {
        let groq = Found {
            name: "groq".to_owned(),
            place: "key in GROQ_API_KEY".to_owned(),
            key_variable: Some("GROQ_API_KEY"),
            base_url: None,
            state: State::NotTried,
        };
        let text = fresh(&[&groq], Some("groq"));
        assert!(text.starts_with("# yaml-language-server: $schema=config.schema.json\n"), "{text}");
        let expected = "  active: groq\n  providers:\n    # Found: key in GROQ_API_KEY. `sayso models list groq` shows its models.\n    groq:\n      api_key_env: \"GROQ_API_KEY\"\n      model: \"llama-3.3-70b-versatile\"\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn only_new_lines_are_shown() {
        let source = Source { path: "c.yaml".into(), text: "a: 1\nkey: sk-x\n".into(), mode: None };
        assert_eq!(difference(&source, "a: 1\nb: 2\nkey: sk-x\n", &[]), "+++ c.yaml\n+b: 2\n");
        assert_eq!(difference(&source, "a: 1\nkey: {sk-x}\n", &[]), "+++ c.yaml\n");
    }
}
