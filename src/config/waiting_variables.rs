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
/// Settings of a provider or server that are taken as they are written. The code that uses them decides; a test holds
/// these lists to it, for each setting that there is.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::super::connection::settle;
    use super::super::key::Surroundings;
    use super::super::loaded::{Loaded, load_source};
    use super::super::paths::Paths;
    use super::super::servers::{ConfiguredState, ServerPlace, resolve_servers};
    use super::super::source::Source;
    use super::super::{choice, schema};
    use super::*;

    const VARIABLE: &str = "${NONE}";

    /// Values of this part of the schema, each with the variable as one text in it.
    fn values(root: &Value, part: &Value) -> Vec<Value> {
        if let Some(name) = part["$ref"].as_str() {
            return values(root, root.pointer(name.trim_start_matches('#')).unwrap());
        }
        if let Some(choices) = part["anyOf"].as_array() {
            return choices.iter().flat_map(|choice| values(root, choice)).collect();
        }
        let is =
            |kind: &str| part["type"] == kind || part["type"].as_array().is_some_and(|all| all.contains(&kind.into()));
        if *part == Value::Bool(true) || is("string") && part.get("enum").is_none() {
            return vec![VARIABLE.into()];
        }
        if is("array") {
            return values(root, &part["items"]).into_iter().map(|value| json!([value])).collect();
        }
        let named = part["properties"].as_object().into_iter().flatten();
        let any = part.get("additionalProperties").map(|part| ("any", part)).into_iter();
        let members = named.map(|(name, part)| (name.as_str(), part)).chain(any);
        members
            .flat_map(|(name, part)| values(root, part).into_iter().map(move |value| json!({ name: value })))
            .collect()
    }

    /// The section with one more setting, where the rules have nothing against it.
    fn loaded(place: [&str; 2], section: &Value, setting: &Value) -> Option<Loaded> {
        let mut section = section.clone();
        section.as_object_mut().unwrap().extend(setting.as_object().unwrap().clone());
        if let Some(patch) = section.pointer_mut("/patches/0").and_then(Value::as_object_mut) {
            patch.entry("models").or_insert_with(|| "*".into());
        }
        let text = json!({ place[0]: { place[1]: { "x": section } } }).to_string();
        load_source(&Source { path: "c.yaml".into(), text, mode: Some(0o600) }, &Environment::default()).ok()
    }

    /// Why the provider or server cannot be used.
    fn refusal(file: &ConfigFile) -> Option<String> {
        let environment = &Environment::default();
        let paths = &Paths::new(environment);
        if file.llm.providers.is_empty() {
            let request_timeout = Duration::from_secs(1);
            let place = ServerPlace { environment, paths, folder: None, request_timeout };
            return match resolve_servers(&file.mcp, place).pop().unwrap().state {
                ConfiguredState::Unusable(error) => Some(error.to_string()),
                ConfiguredState::External(_) | ConfiguredState::Builtin | ConfiguredState::Disabled => None,
            };
        }
        let around = Surroundings { environment, paths, config_folder: None, runs_commands: true };
        let wanted = choice::choose(Some("x:"), file, environment, &|_| false).unwrap().unwrap();
        settle(&wanted, file, &[], around).err().map(|error| error.to_string())
    }

    #[test]
    fn what_is_found_is_what_is_replaced_when_it_is_used() {
        let root = schema::of_file();
        let providers = [json!({"base_url": "https://x/v1", "model": "m"}), json!({"api": "replay", "record": "x"})];
        let servers = [json!({"command": "x"}), json!({"url": "https://x/mcp"}), json!({"builtin": "fetch"})];
        for (place, kind, sections, least) in [
            (["llm", "providers"], "/$defs/ProviderSection", &providers[..], 10),
            (["mcp", "servers"], "/$defs/ServerSection", &servers[..], 10),
        ] {
            let settings = values(&root, root.pointer(kind).unwrap());
            let mut count = 0;
            for setting in settings {
                let loaded: Vec<_> = sections.iter().filter_map(|section| loaded(place, section, &setting)).collect();
                let Some(first) = loaded.first() else { continue };
                let is_found = !first.unset_variables(&Environment::default()).is_empty();
                let refusals = loaded.iter().filter_map(|loaded| refusal(&loaded.file));
                let is_replaced = refusals.into_iter().any(|refusal| refusal.contains("variable NONE is not set"));
                assert_eq!(is_found, is_replaced, "{setting}");
                count += usize::from(is_found);
            }
            assert!(count >= least, "only {count} settings of {place:?}");
        }
    }
}
