//! Variables below providers and servers: they are replaced where one is used, one after the other. Here all that
//! cannot be are found, with their places.

use super::env::Environment;
use super::file::ConfigFile;
use super::problem::{ConfigError, KeyPath, Problem};
use super::tree::{Node, NodeKind};
use super::value::is_comment;
use super::variables;

/// `llm.providers.NAME`, or the same of a server.
const OWNER_PARTS: usize = 3;
/// Settings of a provider or server that are taken as they are written.
const TAKEN_AS_WRITTEN: [&str; 4] = ["api_key_command", "api_key_env", "tools", "allow_hosts"];
/// The same further down.
const TAKEN_AS_WRITTEN_BELOW: [[&str; 2]; 3] =
    [["oauth", "client_secret_env"], ["oauth", "scopes"], ["patches", "models"]];

/// Those of all providers, and of all servers that are not switched off.
#[must_use]
pub fn find_unset(root: &Node, file: &ConfigFile, environment: &Environment) -> Vec<Problem> {
    let mut search = Search { environment, path: Vec::new(), problems: Vec::new() };
    for [section, kind] in [["llm", "providers"], ["mcp", "servers"]] {
        search.path = vec![section, kind];
        for owner in entries_at(root, [section, kind]) {
            let is_off =
                kind == "servers" && file.mcp.servers.get(&owner.key).is_some_and(|server| !server.is_enabled());
            if !is_off {
                search.path.push(&owner.key);
                search.walk(&owner.value);
                search.path.pop();
            }
        }
    }
    search.problems
}

/// The error where it is about one of them: then with all of the same provider or server, each with its place.
pub fn placed(error: &ConfigError, unset: Vec<Problem>) -> Option<Vec<Problem>> {
    let ConfigError::Unusable { key, .. } = error else { return None };
    let is_it = |problem: &&Problem| {
        let dotted = problem.key.0.join(".");
        dotted.strip_prefix(key.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let owner = unset.iter().find(is_it)?.key.0.get(..OWNER_PARTS)?.to_vec();
    Some(unset.into_iter().filter(|problem| problem.key.0.starts_with(&owner)).collect())
}

fn entries_at<'a>(root: &'a Node, names: [&str; 2]) -> &'a [super::tree::Entry] {
    let inner = |node: &'a Node, name: &str| node.entries().iter().find(|entry| entry.key == name);
    let found = inner(root, names[0]).and_then(|outer| inner(&outer.value, names[1]));
    found.map_or(&[], |entry| entry.value.entries())
}

struct Search<'a> {
    environment: &'a Environment,
    path: Vec<&'a str>,
    problems: Vec<Problem>,
}

impl<'a> Search<'a> {
    fn walk(&mut self, node: &'a Node) {
        match &node.kind {
            NodeKind::Scalar { text, .. } => {
                if let Err(error) = variables::replace(text, self.environment) {
                    let key = KeyPath(self.path.iter().map(|&name| name.to_owned()).collect());
                    self.problems.push(Problem::new(node.position, key, error.to_string()));
                }
            }
            NodeKind::Sequence(items) => items.iter().for_each(|item| self.walk(item)),
            NodeKind::Mapping(entries) => {
                for entry in entries {
                    self.path.push(&entry.key);
                    if !self.is_taken_as_written() {
                        self.walk(&entry.value);
                    }
                    self.path.pop();
                }
            }
        }
    }

    fn is_taken_as_written(&self) -> bool {
        match self.path.get(OWNER_PARTS..) {
            Some([setting]) => TAKEN_AS_WRITTEN.contains(setting) || is_comment(setting),
            Some([outer, inner]) => TAKEN_AS_WRITTEN_BELOW.contains(&[*outer, *inner]),
            Some(_) | None => false,
        }
    }
}
