//! Models that the file names, as `[provider:]model`: whether the part before `:` is a provider that nobody has.
//!
//! `llama3:8b` is a model with a tag, so that not every unknown word before `:` is a mistake.

use super::choice::is_known;
use super::file::ConfigFile;
use super::presets;
use super::problem::{KeyPath, nearest};
use super::rules::Finding;

/// What begins the names of models that somebody has trained on: `ft:gpt-4o-mini:my-org::id`.
const FINE_TUNED: &str = "ft";

pub fn check(file: &ConfigFile, findings: &mut Vec<Finding>) {
    let fallback = file.llm.fallback.iter().enumerate();
    let fallback = fallback.map(|(index, name)| (KeyPath::of("llm.fallback").join(&index.to_string()), name));
    let short = file.llm.models.iter().map(|(short, name)| (KeyPath::of("llm.models").join(short), name));
    let names = fallback.filter(|(_, name)| !file.llm.models.contains_key(*name)).chain(short);
    findings.extend(names.filter_map(|(path, name)| Some((path, why_unknown(name, file)?))));
}

/// `; did you mean …?`, or who there is.
pub fn advice(provider: &str, file: &ConfigFile) -> String {
    let names = file.llm.providers.keys().map(String::as_str);
    match nearest(provider, names.chain(presets::names())) {
        Some(name) => format!("; did you mean `{name}`?"),
        None if file.llm.providers.is_empty() => "; there is none below llm.providers".into(),
        None => format!("; there are {}", file.llm.providers.keys().cloned().collect::<Vec<_>>().join(", ")),
    }
}

fn why_unknown(name: &str, file: &ConfigFile) -> Option<String> {
    let (provider, model) = name.trim().split_once(':')?;
    if is_known(provider, file) || provider.contains('/') || provider == FINE_TUNED {
        return None;
    }
    let own_names = file.llm.providers.keys().map(String::as_str).filter(|name| presets::find(name).is_none());
    // Well-known providers are called almost as models are, `mistral` and `mixtral:8x7b`; but no tag has a `/`.
    let is_slip = nearest(provider, own_names).is_some()
        || (model.contains('/') && nearest(provider, presets::names()).is_some());
    let asked = asked_by_file(file);
    if !is_slip && !asked.is_some_and(|asked| has_no_tags(asked, file)) {
        return None;
    }
    let way_out = asked.map(|asked| format!(" A model with `:` in its name is written `{asked}:{name}`"));
    let advice = advice(provider, file);
    let end = if advice.ends_with('?') || way_out.is_none() { "" } else { "." };
    Some(format!("no provider has the name {provider:?}{advice}{end}{}", way_out.unwrap_or_default()))
}

/// Who is asked for a model that stands alone.
fn asked_by_file(file: &ConfigFile) -> Option<&str> {
    let mut names = file.llm.providers.keys();
    let only = names.next().filter(|_| names.next().is_none());
    file.llm.active.as_ref().or(only).map(String::as_str)
}

/// Whether it is one of the hosts that give no model a name with `:` and no `/`.
fn has_no_tags(provider: &str, file: &ConfigFile) -> bool {
    let has_own_address = file.llm.providers.get(provider).is_some_and(|section| section.base_url.is_some());
    !has_own_address && presets::find(provider).is_some_and(|preset| preset.key_variable.is_some())
}

#[cfg(test)]
mod tests {
    use super::super::rules::find;

    fn findings(llm: &str) -> String {
        let found = find(&serde_yaml::from_str(&format!("llm: {{{llm}}}")).unwrap());
        found.into_iter().map(|(key, reason)| format!("{key}: {reason}")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_can_be_a_model_is_no_mistake() {
        for llm in [
            "fallback: [groq:llama-3.3-70b-versatile, ollama:llama3.2, 'demo:tour', 'groq:']",
            "active: ollama, providers: {ollama: {}, work: {base_url: 'https://w'}}, fallback: [llama3:8b, mixtral:8x7b, deepseek-r1:7b]",
            "active: openai, fallback: ['ft:gpt-4o-mini:org::id', gpt-4o], models: {fast: gpt-4o-mini}",
            "active: openrouter, fallback: ['meta-llama/llama-3-8b:free', fast], models: {fast: 'openai:x'}",
            "providers: {openai: {base_url: 'https://own'}}, fallback: [llama3:8b]",
            "models: {small: 'llama3:8b'}",
            "providers: {work: {base_url: 'https://w'}}, models: {'a:b': 'work:x'}, fallback: ['a:b']",
        ] {
            assert_eq!(findings(llm), "", "{llm}");
        }
    }

    #[test]
    fn a_provider_that_nobody_has_is_told() {
        for (llm, expected) in [
            (
                "providers: {work: {base_url: 'https://w'}}, fallback: [x, wrok:m]",
                "llm.fallback.1: no provider has the name \"wrok\"; did you mean `work`? A model with `:` in its name is written `work:wrok:m`",
            ),
            (
                "active: openai, models: {fast: 'gorq:m', tiny: 'office:m'}, providers: {groq: {}}",
                "llm.models.fast: no provider has the name \"gorq\"; did you mean `groq`? A model with `:` in its name is written `openai:gorq:m`\n\
                 llm.models.tiny: no provider has the name \"office\"; there are groq. A model with `:` in its name is written `openai:office:m`",
            ),
            (
                "fallback: ['opnrouter:openai/gpt-4o']",
                "llm.fallback.0: no provider has the name \"opnrouter\"; did you mean `openrouter`?",
            ),
        ] {
            assert_eq!(findings(llm), expected, "{llm}");
        }
    }
}
