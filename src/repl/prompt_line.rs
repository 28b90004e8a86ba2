//! The text before the cursor: which model, which conversation, what is not kept (pure).

use unicode_width::UnicodeWidthStr as _;

use crate::config::PromptPart;
use crate::terminal::cut;

/// What the prompt can tell.
#[derive(Clone, Copy, Debug)]
pub struct PromptFacts<'a> {
    /// `provider:model`.
    pub label: &'a str,
    pub name: Option<&'a str>,
    pub is_kept: bool,
}

/// The prompt, with at most a third of the `columns`: what is left is for the line.
#[must_use]
pub fn prompt_line(parts: &[PromptPart], facts: &PromptFacts<'_>, columns: usize) -> String {
    let columns_max = columns / 3;
    let shortest = NAME_COLUMNS_SHORT;
    let tries = [(usize::MAX, false), (usize::MAX, true), (NAME_COLUMNS, true), (shortest, true)];
    let made = tries.map(|(name_max, is_short)| words(parts, facts, name_max, is_short));
    let fitting = made.iter().find(|text| text.width() < columns_max);
    let text = fitting.cloned().unwrap_or_else(|| {
        let first = parts.first().map(|part| words(&[*part], facts, shortest, true)).unwrap_or_default();
        cut(&first, columns_max.saturating_sub(1).max(1)).to_owned()
    });
    format!("{text}> ")
}

const NAME_COLUMNS: usize = 16;
const NAME_COLUMNS_SHORT: usize = 8;

fn words(parts: &[PromptPart], facts: &PromptFacts<'_>, name_max: usize, is_short: bool) -> String {
    let (provider, model) = facts.label.split_once(':').unwrap_or(("", facts.label));
    let words: Vec<String> = parts
        .iter()
        .filter_map(|part| match part {
            PromptPart::Provider => Some(provider.to_owned()),
            PromptPart::Model if provider == "demo" => Some("demo".to_owned()),
            PromptPart::Model if is_short => Some(model.rsplit('/').next().unwrap_or(model).to_owned()),
            PromptPart::Model => Some(model.to_owned()),
            PromptPart::Name => facts.name.map(|name| shortened(name, name_max)),
            PromptPart::Marks => (!facts.is_kept).then(|| "unsaved".to_owned()),
        })
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

fn shortened(name: &str, columns_max: usize) -> String {
    if name.width() <= columns_max { name.to_owned() } else { format!("{}…", cut(name, columns_max - 1).trim_end()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [PromptPart; 3] = [PromptPart::Model, PromptPart::Name, PromptPart::Marks];

    #[test]
    fn a_wide_terminal_shows_all_and_a_narrow_one_what_fits() {
        let name = Some("a trip to Rome in May");
        let facts = PromptFacts { label: "openrouter:openai/gpt-4o-mini", name, is_kept: false };
        let at = |columns| prompt_line(&ALL, &facts, columns);
        assert_eq!(at(200), "openai/gpt-4o-mini a trip to Rome in May unsaved> ");
        assert_eq!(at(130), "gpt-4o-mini a trip to Rome in May unsaved> ");
        assert_eq!(at(120), "gpt-4o-mini a trip to Rome… unsaved> ");
        assert_eq!(at(90), "gpt-4o-mini a trip… unsaved> ");
        assert_eq!(at(30), "gpt-4o-mi> ");
        assert_eq!(at(1), "g> ");
    }

    #[test]
    fn the_demo_says_so_and_nothing_is_needless() {
        let facts = PromptFacts { label: "demo:tour", name: None, is_kept: true };
        assert_eq!(prompt_line(&ALL, &facts, 80), "demo> ");
        let facts = PromptFacts { label: "test:test-model", name: None, is_kept: true };
        assert_eq!(prompt_line(&[PromptPart::Provider], &facts, 80), "test> ");
        assert_eq!(prompt_line(&[], &facts, 80), "> ");
    }
}
