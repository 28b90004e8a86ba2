//! Defaults < file < environment < options, made into one [`Config`] that does not change any more.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::approval_rules;
use super::choice;
use super::connection::{self, Choice};
use super::env::{CONFIG_VARIABLE, Environment, NO_TEXT, OWN_VARIABLES};
use super::file::{ColorChoice, ConfigFile, Retention, Storage, StorageType, Thinking, Tools};
use super::key::{self, FoundKey, Surroundings};
use super::key_store;
use super::loaded::{Loaded, load_file};
use super::paths::Paths;
use super::problem::{ConfigError, KeyPath, Warning};
use super::servers::{ConfiguredServer, ServerPlace, resolve_servers};
use super::source::{self, read_regular_file};
use super::ui::{self, UiOptions, UiSettings};
use super::variables;
use crate::history::{HistorySettings, RetentionLimits, UpkeepSettings, behind_links};
use crate::http::HttpSettings;
use crate::session::ContextPolicy;
use crate::tool::Rule;

/// What the command line says. Everything is optional.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `--config FILE`.
    pub config_file: Option<PathBuf>,
    /// `-m [provider:]model`.
    pub model: Option<String>,
    /// `-s TEXT`.
    pub system: Option<String>,
    /// `-s @FILE`.
    pub system_file: Option<PathBuf>,
    /// `--no-save`.
    pub no_save: bool,
    /// `--no-stream`.
    pub no_stream: bool,
    /// `--max-hops N`.
    pub max_tool_hops: Option<u32>,
    /// `-o key=value`, the value already JSON.
    pub options: Vec<(String, serde_json::Value)>,
    /// `--color`.
    pub color: Option<ColorChoice>,
    /// `--thinking`.
    pub thinking: Option<Thinking>,
    /// `--accessible`.
    pub accessible: bool,
    /// Do not run `api_key_command`: for commands that only look at the configuration.
    pub skip_key_command: bool,
    /// A file that was named need not be there: for the command that writes it.
    pub may_be_missing: bool,
}

/// How a turn runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatSettings {
    pub system_prompt: Option<String>,
    /// False asks for the whole answer at once.
    pub streaming: bool,
    pub max_tool_hops: u32,
    /// What becomes of a conversation that no longer fits.
    pub context: ContextPolicy,
    pub tools: Tools,
    pub rules: Vec<Rule>,
}

/// Everything that is set, each layer's part ready to be handed to it.
#[derive(Clone, Debug)]
pub struct Config {
    pub provider: Choice,
    pub http: HttpSettings,
    /// Where this run is written to.
    pub history: HistorySettings,
    /// Where earlier conversations are read from: also with `--no-save`.
    pub stored: HistorySettings,
    pub chat: ChatSettings,
    pub ui: UiSettings,
    pub paths: Paths,
    /// The file that was read, or would have been.
    pub file_path: Option<PathBuf>,
    /// To be told once a run.
    pub warnings: Vec<Warning>,
    /// What the file says, for [`Config::provider_for`] and `config show`.
    pub file: ConfigFile,
}

impl Config {
    /// Another provider or model in the middle of a session, as in `/model groq:llama-3.1-8b`.
    pub fn provider_for(
        &self,
        model: &str,
        options: &LoadOptions,
        environment: &Environment,
    ) -> Result<Choice, ConfigError> {
        choose(&self.file, Some(model), options, (&self.paths, self.file_path.as_deref(), environment))
    }

    /// Settles the provider anew, for options that became known later.
    pub fn choose_again(&mut self, options: &LoadOptions, environment: &Environment) -> Result<(), ConfigError> {
        self.provider = self.again(options, environment)?;
        Ok(())
    }

    /// Who is asked with these options.
    pub fn again(&self, options: &LoadOptions, environment: &Environment) -> Result<Choice, ConfigError> {
        let place = (&self.paths, self.file_path.as_deref(), environment);
        choose(&self.file, options.model.as_deref(), options, place)
    }

    /// Where the key of a provider is, or would be. No command runs for it.
    pub fn key_of(&self, provider: &str, environment: &Environment) -> Result<FoundKey, ConfigError> {
        let section = self.file.llm.providers.get(provider).cloned().unwrap_or_default();
        let config_folder = folder_of(self.file_path.as_deref());
        let around = Surroundings { environment, paths: &self.paths, config_folder, runs_commands: false };
        key::find(provider, &section, around)
    }

    /// The servers of the file, each with what can be made of it.
    #[must_use]
    pub fn servers(&self, environment: &Environment) -> Vec<ConfiguredServer> {
        resolve_servers(&self.file.mcp, self.server_place(environment))
    }

    /// The files that hold keys, in use or not.
    #[must_use]
    pub fn key_files(&self, environment: &Environment) -> Vec<PathBuf> {
        let folder = folder_of(self.file_path.as_deref());
        let of_providers = self.file.llm.providers.values().filter_map(|provider| provider.api_key_file.as_deref());
        let oauth = self.file.mcp.servers.values().filter_map(|server| server.oauth.as_ref());
        let written = of_providers.chain(oauth.filter_map(|oauth| oauth.private_key_file.as_deref()));
        let whole = written.filter_map(|path| {
            let text = variables::replace(&path.to_string_lossy(), environment).ok()?;
            self.paths.expand(Path::new(&text), folder)
        });
        whole.collect()
    }

    /// Where the paths of servers start.
    #[must_use]
    pub fn server_place<'a>(&'a self, environment: &'a Environment) -> ServerPlace<'a> {
        ServerPlace {
            environment,
            paths: &self.paths,
            folder: folder_of(self.file_path.as_deref()),
            request_timeout: Duration::from_secs(self.chat.tools.timeout_seconds),
        }
    }
}

/// Makes the configuration of this run. Reads one file; runs a command only where it gives the key.
pub fn load(options: &LoadOptions, environment: &Environment) -> Result<Config, ConfigError> {
    let texts = OWN_VARIABLES.into_iter().filter(|name| *name != CONFIG_VARIABLE);
    if let Some(name) = environment.first_without_text(texts) {
        return Err(ConfigError::unusable(name, NO_TEXT));
    }
    let paths = Paths::new(environment);
    let (path, must_exist) = config_place(options, &paths, environment);
    let loaded = load_file(path, must_exist && !options.may_be_missing, environment)?;
    let place = (&paths, loaded.path.as_deref(), environment);
    let provider = choose(&loaded.file, options.model.as_deref(), options, place)
        .map_err(|error| loaded.explained(error, environment))?;
    let mut warnings = warnings_of_run(&loaded, &provider);
    let stored = history(&loaded.file, &paths, &mut warnings);
    let history = HistorySettings { path: stored.path.clone().filter(|_| !options.no_save), ..stored.clone() };
    let ui_options = UiOptions { color: options.color, thinking: options.thinking, accessible: options.accessible };
    let chat = chat(&loaded, options)?;
    let Loaded { file, path, .. } = loaded;
    let mut http = file.llm.http.clone();
    http.ca_file = http.ca_file.map(|written| paths.expand(&written, folder_of(path.as_deref())).unwrap_or(written));
    Ok(Config {
        provider,
        http,
        history,
        stored,
        chat,
        ui: ui::settle(&file, ui_options, environment),
        paths,
        file_path: path,
        warnings,
        file,
    })
}

/// The configuration file, and whether somebody named it: `--config`, `SAYSO_CONFIG`, or the usual place.
#[must_use]
pub fn config_place(options: &LoadOptions, paths: &Paths, environment: &Environment) -> (Option<PathBuf>, bool) {
    let named = options.config_file.clone().or_else(|| environment.raw(CONFIG_VARIABLE).map(PathBuf::from));
    let is_named = named.is_some();
    (named.or_else(|| paths.config_file()), is_named)
}

fn folder_of(path: Option<&Path>) -> Option<&Path> {
    path.and_then(Path::parent)
}

fn choose(
    file: &ConfigFile,
    asked: Option<&str>,
    options: &LoadOptions,
    (paths, path, environment): (&Paths, Option<&Path>, &Environment),
) -> Result<Choice, ConfigError> {
    let has_stored_key = |name: &str| key_store::path_of(paths, name).is_some_and(|path| path.is_file());
    let Some(wanted) = choice::choose(asked, file, environment, &has_stored_key)? else {
        return Ok(Choice::NoProvider);
    };
    let around =
        Surroundings { environment, paths, config_folder: folder_of(path), runs_commands: !options.skip_key_command };
    connection::settle(&wanted, file, &options.options, around).map(|chosen| Choice::Provider(Box::new(chosen)))
}

/// Sections that stand twice are only told by `config check`: nothing is lost by them.
fn warnings_of_run(loaded: &Loaded, provider: &Choice) -> Vec<Warning> {
    let mut warnings: Vec<Warning> =
        loaded.warnings.iter().filter(|warning| warning.code != "config_key_twice").cloned().collect();
    if let Choice::Provider(chosen) = provider {
        warnings.extend(chosen.warning.clone().map(|warning| loaded.placed(warning)));
    }
    warnings
}

fn history(file: &ConfigFile, paths: &Paths, warnings: &mut Vec<Warning>) -> HistorySettings {
    let storage = &file.chat.storage;
    let is_kept = storage.kind == StorageType::AutoPersist;
    let path = paths.expand(Path::new(&storage.persistence.db_path), paths.data.as_deref()).filter(|_| is_kept);
    let path = path.map(|path| behind_links(&path));
    if is_kept && path.is_none() {
        let reason = "there is no home folder, so nothing is saved; HOME or XDG_DATA_HOME can name one";
        warnings.push(Warning::new("history_off", KeyPath::default(), reason));
    }
    HistorySettings {
        path,
        deltas: file.chat.service.streaming.persistence,
        mmap_mb: storage.persistence.mmap_mb,
        upkeep: upkeep(storage),
    }
}

fn upkeep(storage: &Storage) -> UpkeepSettings {
    let (unnamed, named) = (&storage.persistence.retention, &storage.saved_sessions);
    let limits = |retention: &Retention| RetentionLimits {
        age_max: retention.max_age_hours.map(|hours| Duration::from_secs(hours.saturating_mul(60 * 60))),
        messages_max: retention.max_messages,
        conversations_max: retention.max_sessions,
    };
    let minutes = unnamed.cleanup_interval_minutes.min(named.cleanup_interval_minutes);
    UpkeepSettings {
        redact: storage.redact,
        compress_over_bytes: storage.persistence.compress_over_kb.saturating_mul(1024),
        unnamed: limits(unnamed),
        named: limits(named),
        interval: Duration::from_secs(minutes.saturating_mul(60)),
    }
}

fn chat(loaded: &Loaded, options: &LoadOptions) -> Result<ChatSettings, ConfigError> {
    let service = &loaded.file.chat.service;
    let system_prompt = match (&options.system, &options.system_file) {
        (Some(text), _) => Some(text.clone()),
        (None, Some(path)) => Some(read_system_prompt(path)?),
        (None, None) => service.system_prompt.clone(),
    };
    Ok(ChatSettings {
        system_prompt: system_prompt.filter(|text| !text.trim().is_empty()),
        streaming: service.streaming.enabled && !options.no_stream,
        max_tool_hops: options.max_tool_hops.unwrap_or(service.max_tool_hops),
        context: service.context,
        tools: service.tools.clone(),
        rules: approval_rules::resolve(loaded),
    })
}

fn read_system_prompt(path: &Path) -> Result<String, ConfigError> {
    let failed = |reason: &str| ConfigError::Unreadable { path: path.to_owned(), reason: reason.to_owned() };
    let (bytes, _) = read_regular_file(path, source::BYTES_MAX)
        .map_err(|reason| failed(&reason))?
        .ok_or_else(|| failed("does not exist"))?;
    String::from_utf8(bytes).map_err(|_| failed("is not UTF-8"))
}
