//! Which tools of a server are offered at all, and its list as it may be used (pure).

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::ToolInfo;

/// Tools of one server.
pub(super) const TOOLS_MAX: usize = 512;

/// Patterns of names; a tool that both name is denied.
#[derive(Clone, Debug)]
pub struct ToolFilter {
    allow: Patterns,
    deny: Patterns,
}

#[derive(Clone, Debug)]
enum Patterns {
    /// Most servers have none, and to make a set of none takes a while too.
    None,
    Set(GlobSet),
    /// Too large for a set: nothing is offered then.
    Unusable,
}

impl ToolFilter {
    /// A pattern that is none names nothing.
    #[must_use]
    pub fn new(allow: &[String], deny: &[String]) -> Self {
        Self { allow: set(allow), deny: set(deny) }
    }

    #[must_use]
    pub fn offers(&self, tool: &str) -> bool {
        let is_allowed = match &self.allow {
            Patterns::None => true,
            Patterns::Set(set) => set.is_match(tool),
            Patterns::Unusable => false,
        };
        let is_denied = match &self.deny {
            Patterns::None => false,
            Patterns::Set(set) => set.is_match(tool),
            Patterns::Unusable => true,
        };
        is_allowed && !is_denied
    }

    /// The tools that are offered, and the names that two of them share: neither is.
    pub(super) fn offered(&self, tools: Vec<ToolInfo>) -> (Vec<ToolInfo>, Vec<String>) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for tool in &tools {
            *counts.entry(tool.name.clone()).or_default() += 1;
        }
        let is_alone = |tool: &ToolInfo| counts.get(&tool.name) == Some(&1);
        let offered = tools.into_iter().filter(|tool| is_alone(tool) && self.offers(&tool.name)).collect();
        counts.retain(|_, count| *count > 1);
        (offered, counts.into_keys().collect())
    }
}

fn set(patterns: &[String]) -> Patterns {
    if patterns.is_empty() {
        return Patterns::None;
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        if let Ok(glob) = GlobBuilder::new(pattern).build() {
            set.add(glob);
        }
    }
    set.build().map_or(Patterns::Unusable, Patterns::Set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::ToolSchema;

    fn filter(allow: &[&str], deny: &[&str]) -> ToolFilter {
        let owned = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect::<Vec<_>>();
        ToolFilter::new(&owned(allow), &owned(deny))
    }

    fn tool(name: &str) -> ToolInfo {
        ToolInfo {
            name: name.to_owned(),
            title: None,
            description: String::new(),
            input_schema: ToolSchema::default(),
            output_schema: None,
            read_only_hint: None,
            destructive_hint: None,
            open_world_hint: None,
            is_task_only: false,
        }
    }

    #[test]
    fn a_denial_is_stronger_and_nothing_named_means_all() {
        assert!(filter(&[], &[]).offers("read/it"));
        assert!(filter(&["read*"], &[]).offers("read_file"));
        assert!(!filter(&["read*"], &[]).offers("write_file"));
        assert!(!filter(&["read*"], &["*_file"]).offers("read_file"));
    }

    #[test]
    fn a_denial_that_cannot_be_looked_up_denies_all() {
        let huge = "{a,b}?".repeat(150_000);
        assert!(!filter(&[], &[&huge]).offers("read_file"));
    }

    #[test]
    fn two_of_one_name_are_both_refused_and_the_others_live() {
        let (offered, doubled) = filter(&[], &["c"]).offered(["a", "b", "a", "c"].map(tool).into());
        assert_eq!(offered, [tool("b")]);
        assert_eq!(doubled, ["a"]);
    }
}
