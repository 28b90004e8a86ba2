//! The rules of the say-so, as the toolbox wants them; a rule that can never decide anything is a mistake.

use super::file::{ConfigFile, RuleSection};
use super::loaded::Loaded;
use super::problem::{KeyPath, nearest};
use super::rules::Finding;
use crate::mcp::BUILTIN_SERVERS;
use crate::tool::{Condition, Decision, OWN_SERVER, Rule, ToolPattern, fits};

/// All rules of a file without mistakes, each with its place.
#[must_use]
pub fn resolve(loaded: &Loaded) -> Vec<Rule> {
    let sections = &loaded.file.chat.service.tools.rules;
    let rules = sections.iter().enumerate().filter_map(|(index, section)| {
        let rule = read(section).ok()?;
        let place = loaded.path.as_ref().and_then(|path| place(loaded, path, index));
        Some(Rule { place, ..rule })
    });
    rules.collect()
}

/// As in `config.yaml:12`.
fn place(loaded: &Loaded, path: &std::path::Path, index: usize) -> Option<String> {
    let position = loaded.locate(&key(index))?;
    Some(format!("{}:{}", path.file_name()?.to_string_lossy(), position.line))
}

fn key(index: usize) -> KeyPath {
    KeyPath::of("chat.service.tools.rules").join(&index.to_string())
}

/// The rule, or its field that is wrong (empty: all of it) and why.
fn read(section: &RuleSection) -> Result<Rule, (&'static str, String)> {
    let written = [
        ("allow", Decision::Allow, &section.allow),
        ("ask", Decision::Ask, &section.ask),
        ("deny", Decision::Deny, &section.deny),
    ];
    let mut set = written.into_iter().filter_map(|(field, decision, text)| Some((field, decision, text.as_ref()?)));
    let Some((field, decision, text)) = set.next() else {
        return Err(("", "needs one of allow, ask and deny".to_owned()));
    };
    if let Some((other, ..)) = set.next() {
        return Err((other, format!("{field} is set too; a rule has only one of them")));
    }
    let tool = ToolPattern::parse(text).map_err(|reason| (field, reason))?;
    if decision == Decision::Allow && tool.is_any_server() {
        return Err((field, format!("{text:?} names no server, and nothing allows the tools of all of them")));
    }
    if section.read_only && decision != Decision::Allow {
        return Err(("read_only", "only goes with allow".to_owned()));
    }
    let when = section.when.iter();
    let when = when.map(|(pointer, pattern)| Condition { pointer: pointer.clone(), pattern: pattern.clone() });
    Ok(Rule { decision, tool, when: when.collect(), is_read_only: section.read_only, place: None })
}

/// What is wrong with the rules.
pub fn check(file: &ConfigFile, findings: &mut Vec<Finding>) {
    let sections = &file.chat.service.tools.rules;
    let read: Vec<_> = sections.iter().map(read).collect();
    for (index, rule) in read.iter().enumerate() {
        let path = key(index);
        match rule {
            Err(("", reason)) => findings.push((path, reason.clone())),
            Err((field, reason)) => findings.push((path.join(field), reason.clone())),
            Ok(rule) => {
                for condition in &rule.when {
                    if let Err(reason) = condition.check() {
                        findings.push((path.join("when").join(&condition.pointer), reason));
                    }
                }
                let others = read.iter().filter_map(|other| other.as_ref().ok());
                if let Some(reason) = why_dead(rule, others, file) {
                    findings.push((path.join(rule.decision.name()), reason));
                }
            }
        }
    }
}

/// Why a rule can never decide anything.
fn why_dead<'a>(rule: &Rule, mut others: impl Iterator<Item = &'a Rule>, file: &ConfigFile) -> Option<String> {
    let written = rule.tool.to_string();
    let own = file.mcp.servers.keys().map(String::as_str);
    let names: Vec<&str> = own.chain(BUILTIN_SERVERS).chain([OWN_SERVER]).collect();
    if !names.iter().any(|name| fits(&rule.tool.server, name)) {
        let advice = match nearest(&rule.tool.server, names.iter().copied()) {
            Some(name) => format!("; did you mean `{name}`?"),
            None => format!("; there are {}", names.join(", ")),
        };
        return Some(format!("{written:?} can never match: no server is called {:?}{advice}", rule.tool.server));
    }
    let stronger = others.find(|other| other.decision > rule.decision && other.covers(rule))?;
    Some(format!("{written:?} can never decide, because `{}: {}` is stronger", stronger.decision.name(), stronger.tool))
}

#[cfg(test)]
mod tests {
    use super::super::rules::find;

    fn findings(rules: &str) -> Vec<String> {
        let text =
            format!("mcp: {{servers: {{notes: {{command: x}}}}}}\nchat: {{service: {{tools: {{rules: {rules}}}}}}}");
        find(&serde_yaml::from_str(&text).unwrap())
            .into_iter()
            .map(|(key, reason)| format!("{}: {reason}", key.to_string().trim_start_matches("chat.service.tools.")))
            .collect()
    }

    #[test]
    fn rules_that_can_never_decide_are_told() {
        for (rules, expected) in [
            ("[{allow: notes/read, read_only: true}, {deny: 'shell/*'}, {ask: '*/*', when: {/a: 'b*'}}]", ""),
            ("[{allow: a/b, deny: a/b}]", "rules.0.deny: allow is set too; a rule has only one of them"),
            ("[{when: {/a: b}}]", "rules.0: needs one of allow, ask and deny"),
            (
                "[{deny: shell}]",
                "rules.0.deny: \"shell\" is not of the form SERVER/TOOL, as in `files/read` or `files/*`",
            ),
            (
                "[{allow: '*/read'}]",
                "rules.0.allow: \"*/read\" names no server, and nothing allows the tools of all of them",
            ),
            ("[{ask: notes/read, read_only: true}]", "rules.0.read_only: only goes with allow"),
            (
                "[{deny: shel/run}]",
                "rules.0.deny: \"shel/run\" can never match: no server is called \"shel\"; did you mean `shell`?",
            ),
            (
                "[{deny: notes/x, when: {path: b}}]",
                "rules.0.when.path: \"path\" is not a JSON pointer, as in \"/path\" or \"/options/0\"",
            ),
            (
                "[{deny: notes/x, when: {/path: /a/../b}}]",
                "rules.0.when./path: can never match: paths are compared as \"/b\"",
            ),
            (
                "[{allow: notes/read}, {deny: 'notes/*'}]",
                "rules.0.allow: \"notes/read\" can never decide, because `deny: notes/*` is stronger",
            ),
            ("[{deny: notes/read, when: {/a: b}}, {ask: notes/read}]", ""),
            (
                "[{ask: 'notes/*', when: {/a: b}}, {allow: notes/read, when: {/a: b, /c: d}}]",
                "rules.1.allow: \"notes/read\" can never decide, because `ask: notes/*` is stronger",
            ),
        ] {
            assert_eq!(findings(rules).join("\n"), expected, "{rules}");
        }
    }
}
