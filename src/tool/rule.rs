//! One rule: what it decides, and which calls it fits.

use serde_json::{Map, Value};

use super::command_line::{commands, is_more_than_a_word, stars_hold_operators};
use super::comparable::{address, comparable, comparable_pattern, folded};
use super::pattern::fits;
use super::{CallFacts, Decision, Folders, ToolPattern};

/// The arguments of `files` and `shell` that are paths.
const PATH_ARGUMENTS: [&str; 4] = ["path", "from", "to", "cwd"];

/// The tool whose `/command` a shell reads.
const SHELL_TOOL: &str = "run_in_shell";

/// `allow`, `ask` or `deny` for the calls that a pattern fits, and all conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub decision: Decision,
    pub tool: ToolPattern,
    pub when: Vec<Condition>,
    /// The person vouches for it: these tools change nothing and tell nobody, so that they may go
    /// on when the words of others have come in.
    pub is_read_only: bool,
    /// Where it stands, as in `config.yaml:12`.
    pub place: Option<String>,
}

/// A pattern for the argument at a JSON pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub pointer: String,
    pub pattern: String,
}

impl Rule {
    #[must_use]
    pub fn fits(&self, call: &CallFacts<'_>, folders: &Folders) -> bool {
        self.tool.fits(call.server, call.tool)
            && self.when.iter().all(|condition| condition.fits(self.decision, call, folders))
    }

    /// Whether it fits every call that `other` fits.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.tool.covers(&other.tool) && self.when.iter().all(|condition| other.when.contains(condition))
    }

    /// As it is told: `the rule "deny: shell/*" (config.yaml:12)`.
    #[must_use]
    pub fn described(&self) -> String {
        let when = if self.when.is_empty() { "" } else { " with its `when`" };
        let place = self.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        format!("the rule \"{}: {}\"{when}{place}", self.decision.name(), self.tool)
    }
}

impl Condition {
    /// What is wrong with it; a condition that can never be met makes its rule a dead one.
    pub fn check(&self) -> Result<(), String> {
        let pointer = &self.pointer;
        let is_escaped = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if !(pointer.is_empty() || pointer.starts_with('/')) || !is_escaped {
            return Err(format!("{pointer:?} is not a JSON pointer, as in \"/path\" or \"/options/0\""));
        }
        let folded = folded(&self.pattern);
        let compared = comparable_pattern(&self.pattern);
        if compared != folded && !folded.contains("://") {
            return Err(format!("can never match: paths are compared as {compared:?}"));
        }
        Ok(())
    }

    /// A denial needs one value that fits; a permission needs all values below the pointer to fit.
    fn fits(&self, decision: Decision, call: &CallFacts<'_>, folders: &Folders) -> bool {
        let mut values = Vec::new();
        if self.pointer.is_empty() {
            call.arguments.values().for_each(|value| collect(value, &mut values));
        } else if let Some(value) = at_pointer(call.arguments, &self.pointer) {
            collect(value, &mut values);
        }
        match decision {
            Decision::Allow => !values.is_empty() && values.iter().all(|value| self.permits(value, call)),
            Decision::Ask | Decision::Deny => {
                let is_path = self.pointer.rsplit('/').next().is_some_and(|name| PATH_ARGUMENTS.contains(&name));
                let fits_elsewhere = |value: &String| {
                    let mut others = folders.of(call.server).filter_map(|folder| other_writing(value, folder));
                    is_path && others.any(|other| self.fits_meaning(&other))
                };
                values.iter().any(|value| self.fits_meaning(value) || self.fits_writing(value) || fits_elsewhere(value))
                    || self.fits_writing(&values.join(" "))
                    || self.is_about_command_line(call) && values.iter().any(|line| self.fits_command_of(line))
            }
        }
    }

    /// Whether a permission is about this value, too.
    fn permits(&self, value: &str, call: &CallFacts<'_>) -> bool {
        self.fits_meaning(value)
            // `..` takes away what stands before it, and that may be a whole command.
            && (has_one_meaning(value) || self.fits_writing(value))
            && !(self.is_about_command_line(call) && stars_hold_operators(&folded(&self.pattern), value))
    }

    fn is_about_command_line(&self, call: &CallFacts<'_>) -> bool {
        call.is_builtin && call.tool == SHELL_TOOL && ["", "/command"].contains(&&*self.pointer)
    }

    /// Whether it fits one of the commands in a line.
    fn fits_command_of(&self, line: &str) -> bool {
        commands(line).any(|command| self.fits_writing(command))
    }

    fn fits_meaning(&self, value: &str) -> bool {
        fits(&comparable_pattern(&self.pattern), &comparable(value))
    }

    fn fits_writing(&self, value: &str) -> bool {
        fits(&folded(&self.pattern), &folded(value))
    }
}

/// A path or an address, and nothing in which a path is only a part.
fn has_one_meaning(value: &str) -> bool {
    address(value).is_some() || !is_more_than_a_word(value)
}

/// A relative path as an absolute one, and an absolute one beneath `folder` as a relative one.
fn other_writing(path: &str, folder: &str) -> Option<String> {
    let path = comparable(path);
    match path.strip_prefix('/') {
        Some(_) if folder.is_empty() => None,
        Some(_) => path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned),
        None => Some(format!("{folder}/{path}")),
    }
}

/// RFC 6901, into a map that is not a [`Value`] itself.
fn at_pointer<'a>(arguments: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    let rest = pointer.strip_prefix('/')?;
    let (first, below) = rest.find('/').map_or((rest, ""), |end| rest.split_at(end));
    arguments.get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(below)
}

/// All texts, numbers and words in a value.
fn collect(value: &Value, values: &mut Vec<String>) {
    match value {
        Value::String(text) => values.push(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) => values.push(value.to_string()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, values)),
        Value::Object(map) => map.values().for_each(|item| collect(item, values)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rule(decision: Decision, tool: &str, when: &[(&str, &str)]) -> Rule {
        let when = when
            .iter()
            .map(|(pointer, pattern)| Condition { pointer: (*pointer).to_owned(), pattern: (*pattern).to_owned() });
        let tool = ToolPattern::parse(tool).unwrap();
        Rule { decision, tool, when: when.collect(), is_read_only: false, place: None }
    }

    fn fits_call(rule: &Rule, arguments: &Value) -> bool {
        fits_among(rule, arguments, &Folders::default())
    }

    fn fits_among(rule: &Rule, arguments: &Value, folders: &Folders) -> bool {
        let arguments = arguments.as_object().unwrap();
        let (server, tool) = ("files", "read");
        let call = CallFacts { server, tool, arguments, is_builtin: true, is_read_only: true, reaches_network: false };
        rule.fits(&call, folders)
    }

    #[test]
    fn a_permission_is_about_what_a_path_means() {
        let allow = rule(Decision::Allow, "files/*", &[("/path", "/tmp/*")]);
        for (path, expected) in [
            (json!("/tmp/a"), true),
            (json!("/tmp//b/./a"), true),
            (json!("/tmp/../etc/passwd"), false),
            (json!("/tmp/a/../../etc/passwd"), false),
            (json!("/tmp/\u{2025}/etc/passwd"), false),
            (json!(["/tmp/a", "/tmp/b"]), true),
            (json!(["/tmp/a", "/etc/passwd"]), false),
            (json!([]), false),
            (json!({"x": "/tmp/a", "y": {"z": "/etc"}}), false),
            (json!(7), false),
        ] {
            assert_eq!(fits_call(&allow, &json!({"path": path})), expected, "{path}");
        }
        assert!(!fits_call(&allow, &json!({"other": "/tmp/a"})));
    }

    fn fits_command(decision: Decision, pattern: &str, command: &str) -> bool {
        let arguments = json!({"command": command});
        let facts = CallFacts {
            server: "shell",
            tool: SHELL_TOOL,
            arguments: arguments.as_object().unwrap(),
            is_builtin: true,
            is_read_only: false,
            reaches_network: true,
        };
        rule(decision, "shell/*", &[("/command", pattern)]).fits(&facts, &Folders::default())
    }

    #[test]
    fn a_permission_for_one_command_is_none_for_a_second() {
        for (pattern, command, expected) in [
            ("git *", "git log --oneline", true),
            ("git *", "git diff ../other", true),
            ("git *", "git status; rm -rf ~", false),
            ("git *", "git status\nrm -rf ~", false),
            ("git *", "git log $(rm -rf ~)", false),
            ("git *", "git log `rm -rf ~`", false),
            ("git *", "git log > /etc/passwd", false),
            ("git *", "rm -rf ~; x/../git status", false),
            ("git *", "rm -rf x/../git status", false),
            ("git *", "rm -rf ~; https://x/../../git status", false),
            ("git log | head *", "git log | head -3", true),
            ("git log | head *", "git log | head | sh", false),
            ("*", "git status; rm -rf ~", true),
        ] {
            assert_eq!(fits_command(Decision::Allow, pattern, command), expected, "{pattern}: {command}");
        }
    }

    #[test]
    fn a_denial_looks_at_every_command_of_a_line() {
        for (command, expected) in [
            ("rm -rf x", true),
            ("cd x && rm -rf y", true),
            ("(rm -rf y)", true),
            ("echo `rm -rf y`", true),
            ("ls\n\trm -rf y", true),
            ("echo rm -rf y", false),
            ("ls", false),
        ] {
            assert_eq!(fits_command(Decision::Deny, "rm *", command), expected, "{command}");
        }
    }

    #[test]
    fn a_denial_needs_one_value_that_fits_in_writing_or_in_meaning() {
        let deny = rule(Decision::Deny, "*/*", &[("/argv", "rm *")]);
        assert!(fits_call(&deny, &json!({"argv": ["rm", "-rf", "x"]})));
        assert!(fits_call(&deny, &json!({"argv": "ｒｍ -rf"})));
        assert!(!fits_call(&deny, &json!({"argv": ["ls", "rm"]})));
        let deny = rule(Decision::Deny, "files/re*", &[("/path", "/etc/*")]);
        for path in [json!("/tmp/../etc/passwd"), json!("/etc/../tmp"), json!(["a", "/etc/x"])] {
            assert!(fits_call(&deny, &json!({"path": path})), "{path}");
        }
        let anywhere = rule(Decision::Deny, "*/*", &[("", "*PRIVATE KEY*")]);
        assert!(fits_call(&anywhere, &json!({"a": [{"b": "-----BEGIN PRIVATE KEY-----"}]})));
        let deep = rule(Decision::Ask, "*/*", &[("/a~1b/0/c", "1")]);
        assert!(fits_call(&deep, &json!({"a/b": [{"c": 1}]})));
    }

    #[test]
    fn a_denial_holds_for_a_path_however_it_is_written() {
        let about = |decision, pattern: &str| rule(decision, "files/*", &[("/path", pattern)]);
        let folders = Folders::for_test(Some("/home/me"), "files", &["/notes", "/srv/docs"]);
        for (pattern, path, expected) in [
            ("*/.ssh/*", ".ssh/id_rsa", true),
            ("*/.ssh/*", "./a/../.ssh/id_rsa", true),
            ("/home/me/.ssh/*", ".ssh/id_rsa", true),
            ("/home/*", "../../etc/passwd", false),
            ("secret/*", "/home/me/secret/key", true),
            ("secret/*", "/home/me/a/../secret/key", true),
            ("secret/*", "/home/me2/secret/key", false),
            ("secret/*", "a/secret/key", false),
            ("/notes/secret/*", "secret/key", true),
            ("/srv/docs/secret/*", "a/../secret/key", true),
            ("secret/*", "/notes/secret/key", true),
            ("secret/*", "/srv/secret/key", false),
            ("/notes/*", "../secret/key", false),
        ] {
            let arguments = json!({"path": path});
            assert_eq!(fits_among(&about(Decision::Deny, pattern), &arguments, &folders), expected, "{pattern} {path}");
        }
        let allow = about(Decision::Allow, "/home/me/*");
        assert!(!fits_among(&allow, &json!({"path": "a"}), &folders), "it is asked about");
        let of_others = Folders::for_test(Some("/home/me"), "docs", &["/notes"]);
        assert!(!fits_among(&about(Decision::Deny, "/notes/*"), &json!({"path": "a"}), &of_others));
        let no_folder = rule(Decision::Ask, "files/*", &[("/from", "*/.ssh/*")]);
        assert!(fits_call(&no_folder, &json!({"from": ".ssh/id_rsa"})));
        let no_path = rule(Decision::Deny, "*/*", &[("/text", "*/a")]);
        assert!(!fits_call(&no_path, &json!({"text": "a"})), "what is no path has one writing");
    }

    #[test]
    fn conditions_that_can_never_be_met_are_told() {
        for (pointer, pattern, expected) in [
            ("/path", "/tmp/*", None),
            ("", "*", None),
            ("/a~0b~1c", "https://example.com/*", None),
            ("path", "x", Some("\"path\" is not a JSON pointer, as in \"/path\" or \"/options/0\"")),
            ("/a~2", "x", Some("\"/a~2\" is not a JSON pointer, as in \"/path\" or \"/options/0\"")),
            ("/path", "/tmp/../etc/*", Some("can never match: paths are compared as \"/etc/*\"")),
        ] {
            let condition = Condition { pointer: pointer.to_owned(), pattern: pattern.to_owned() };
            assert_eq!(condition.check().err().as_deref(), expected, "{pointer} {pattern}");
        }
    }

    proptest! {
        /// However a path is written: what is allowed is really beneath the folder.
        #[test]
        fn no_way_of_writing_leads_out_of_what_is_allowed(path in r"/?(tmp|etc|\.|\.\.|a|．．|‥)(/(tmp|etc|\.|\.\.|a|．．|‥|)){0,8}") {
            let allow = rule(Decision::Allow, "files/*", &[("/path", "/tmp/*")]);
            if fits_call(&allow, &json!({"path": path})) {
                let mut depth: Vec<String> = Vec::new();
                let folded: String = folded(&path);
                for part in folded.split('/') {
                    match part {
                        "" | "." => {}
                        ".." => drop(depth.pop()),
                        part => depth.push(part.to_owned()),
                    }
                }
                prop_assert_eq!(depth.first().map(String::as_str), Some("tmp"));
            }
        }

        #[test]
        fn what_is_covered_never_decides(path in "[ab/.]{0,6}", pattern in "[ab/*]{0,4}", other in "[ab/*]{0,4}") {
            let strong = rule(Decision::Deny, "*/*", &[("/p", &pattern)]);
            let weak = rule(Decision::Allow, "files/read", &[("/p", &other)]);
            let arguments = json!({"p": path});
            prop_assert!(!strong.covers(&weak) || !fits_call(&weak, &arguments) || fits_call(&strong, &arguments));
        }
    }
}
