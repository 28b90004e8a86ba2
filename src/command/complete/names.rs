//! The names for an argument, from what is on the disk.

use super::NAMES_MAX;
use super::place::Place;
use crate::builtin::tool_names;
use crate::command::chat::{conversation_names, model_names};
use crate::config::{
    Config, ConfigFile, ConfiguredState, Environment, LoadOptions, Paths, Roles, all_keys, config_place, load,
    load_file, presets,
};
use crate::conversation::UsedRole;
use crate::history::History;
use crate::mcp::{BUILTIN_SERVERS, KnownNames, remembered_names};

/// What `--tool-choice` takes beside the name of a tool.
const TOOL_CHOICES: [&str; 3] = ["auto", "none", "required"];

/// All names that can stand there; none where the argument is something else.
pub fn names(place: &Place<'_>, environment: &Environment) -> Vec<String> {
    let known = Known::new(place, environment);
    let value_name = place.argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    match (value_name, place.path.as_slice()) {
        ("[PROVIDER:]MODEL" | "MODEL", _) => model_names(&known.file, &known.paths),
        ("ROLE", _) => Roles::new(&known.paths).list().into_iter().map(|role| role.name).collect(),
        ("KEY=VALUE", ["ask" | "chat"]) | ("PROMPT|-", ["ask"]) => known.role_arguments(place),
        ("PROVIDER", _) => known.providers(),
        ("SERVER" | "URL|SERVER", _) | ("NAME", ["mcp", "rm" | "trust"]) => known.servers(),
        ("SERVER/TOOL" | "SERVER[/TOOL]", _) => known.tools(&["*"]),
        ("CHOICE", _) => TOOL_CHOICES.map(str::to_owned).into_iter().chain(known.tools(&[])).collect(),
        ("TOOL", ["mcp", "call"]) => known.of(last_word(place)).tools,
        ("URI", ["mcp", "read"]) => known.of(last_word(place)).resources,
        ("NAME", ["mcp", "prompt"]) => {
            known.of(last_word(place)).prompts.into_iter().map(|prompt| prompt.name).collect()
        }
        ("KEY=VALUE", ["mcp", "prompt"]) => known.prompt_arguments(place, "="),
        ("KEY[=BEGINNING]", ["mcp", "prompt"]) => known.prompt_arguments(place, ""),
        ("KEY", ["config", ..]) => all_keys(&known.file),
        (name, _) if name.starts_with("NAME|ID") => known.conversations(&place.value),
        _ => Vec::new(),
    }
}

fn last_word<'a>(place: &'a Place<'_>) -> &'a str {
    place.words.last().map_or("", String::as_str)
}

/// What is set up, as far as it can be read.
struct Known<'a> {
    file: ConfigFile,
    paths: Paths,
    options: LoadOptions,
    environment: &'a Environment,
}

impl<'a> Known<'a> {
    fn new(place: &Place<'_>, environment: &'a Environment) -> Self {
        let paths = Paths::new(environment);
        let config_file = value_behind("--config", &place.words).map(Into::into);
        let options = LoadOptions { config_file, skip_key_command: true, ..LoadOptions::default() };
        let (path, _) = config_place(&options, &paths, environment);
        // A file with mistakes is told when it is used.
        let file = load_file(path, false, environment).map(|loaded| loaded.file).unwrap_or_default();
        Self { file, paths, options, environment }
    }

    fn config(&self) -> Option<Config> {
        load(&self.options, self.environment).ok()
    }

    /// The ones used last; where something is typed, all that begin like it.
    fn conversations(&self, typed: &str) -> Vec<String> {
        let Some(config) = self.config() else { return Vec::new() };
        // Without a file there is nothing to open.
        if !config.stored.path.as_ref().is_some_and(|path| path.exists()) {
            return Vec::new();
        }
        let Ok(history) = History::open_read(&config.stored) else { return Vec::new() };
        match typed {
            "" => conversation_names(&history),
            typed => history.addresses_beginning(typed, NAMES_MAX).unwrap_or_default(),
        }
    }

    fn providers(&self) -> Vec<String> {
        let mut names: Vec<String> = self.file.llm.providers.keys().cloned().collect();
        names.extend(presets::all().map(|preset| preset.name.to_owned()));
        names.sort();
        names.dedup();
        names
    }

    fn servers(&self) -> Vec<String> {
        let configured = self.file.mcp.servers.keys().cloned();
        let mut names: Vec<String> = configured.chain(BUILTIN_SERVERS.map(str::to_owned)).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Of all servers, each with these as well.
    fn tools(&self, more: &[&str]) -> Vec<String> {
        let all = self.servers().into_iter().flat_map(|server| {
            let tools = self.of(&server).tools;
            let more = more.iter().map(|&name| name.to_owned());
            tools.into_iter().chain(more).map(move |tool| format!("{server}/{tool}"))
        });
        all.collect()
    }

    /// What a server had when it was asked last, or has because it is ours.
    fn of(&self, server: &str) -> KnownNames {
        let of_file = self.file.mcp.servers.get(server).filter(|section| section.is_enabled());
        let builtin = match self.file.mcp.servers.contains_key(server) {
            true => of_file.and_then(|section| section.builtin.as_deref()),
            false => Some(server),
        };
        if let Some(tools) = builtin.map(tool_names).filter(|tools| !tools.is_empty()) {
            return KnownNames { tools, ..KnownNames::default() };
        }
        let Some(config) = self.config() else { return KnownNames::default() };
        let folder = config.paths.cache.as_ref().map(|folder| folder.join("mcp"));
        let found = config.servers(self.environment).into_iter().find(|configured| configured.name == server);
        match (folder, found.map(|found| found.state)) {
            (Some(folder), Some(ConfiguredState::External(settings))) => remembered_names(&folder, &settings.launch),
            _ => KnownNames::default(),
        }
    }

    /// The arguments of the prompt that stands behind its server, but for those that are given.
    fn prompt_arguments(&self, place: &Place<'_>, ending: &str) -> Vec<String> {
        let servers = self.servers();
        let mut words = place.words.iter().skip(3).skip_while(|word| !servers.contains(word));
        let (Some(server), Some(name)) = (words.next(), words.next()) else { return Vec::new() };
        let prompt = self.of(server).prompts.into_iter().find(|prompt| prompt.name == *name);
        let arguments = prompt.map(|prompt| prompt.arguments).unwrap_or_default();
        let is_given = |argument: &String| place.words.iter().any(|word| word.starts_with(&format!("{argument}=")));
        arguments.into_iter().filter(|argument| !is_given(argument)).map(|name| name + ending).collect()
    }

    /// `to=`, for those that are not given yet.
    fn role_arguments(&self, place: &Place<'_>) -> Vec<String> {
        let file = value_behind("--role-file", &place.words).map(std::path::PathBuf::from);
        let name = value_behind("--role", &place.words);
        let used = match (name, file) {
            (Some(name), _) => UsedRole { name, ..UsedRole::default() },
            (None, Some(file)) => UsedRole { file: Some(file), ..UsedRole::default() },
            (None, None) => return Vec::new(),
        };
        let Ok(role) = Roles::new(&self.paths).load(&used) else { return Vec::new() };
        let arguments = role.arguments.into_iter().map(|argument| format!("{}=", argument.name));
        arguments.filter(|argument| !place.words.iter().any(|word| word.starts_with(argument.as_str()))).collect()
    }
}

/// The value of an option among words.
fn value_behind(flag: &str, words: &[String]) -> Option<String> {
    let at = words.iter().position(|word| word == flag);
    at.and_then(|at| words.get(at + 1).cloned())
        .or_else(|| words.iter().find_map(|word| word.strip_prefix(flag)?.strip_prefix('=').map(str::to_owned)))
}
