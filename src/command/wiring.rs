//! The composition root: from the configuration to a session, each layer with its own settings.

use std::cell::LazyCell;
use std::time::Duration;

use tokio::runtime::{LocalOptions, LocalRuntime};
use tokio::task::JoinHandle;

use super::context::Context;
use super::place::place;
use super::{log, looks, models};
use crate::cli::{
    AskOptions, BudgetOptions, ConversationOptions, GlobalOptions, RequestOptions, SystemPrompt, ThinkingMode,
};
use crate::config::{Choice, Chosen, Config, ConfigError, Environment, LoadOptions, Paths, UsagePart};
use crate::conversation::{ConversationId, Message, MessageId, Role, exit_code, now_ms};
use crate::exit::Failure;
use crate::history::{
    History, HistoryError, HistorySettings, Journal, Place, Scope, SharedLimits, SpendLimit, Spot, why_no_name,
};
use crate::http::{HttpClient, Lifetime, Tap, is_loopback_url};
use crate::provider::{
    Api, ErrorKind, ModelParameters, ProviderError, ProviderSettings, connect, open_record, remember_in,
};
use crate::session::{ActiveModel, Budget, LazyFacts, Prompt, Session, Signals, TurnFailure, TurnSettings};
use crate::terminal::{ColorChoice, OutputSettings, Screen, Stream, Thinking, ToolNotice, UsageParts, ViewSettings};

/// Runs a command to its end. The network, timers and rendering share this one thread: a token
/// crosses no channel.
///
/// The command is a task of the runtime, not the future that the runtime blocks on. Then it and
/// the task of its connection take turns in one queue, and a chunk costs no system call.
pub fn block_on<F>(command: impl FnOnce() -> F) -> Result<F::Output, Failure>
where
    F: Future<Output: 'static> + 'static,
{
    let failed = |error: &dyn std::fmt::Display| Failure::internal(format!("cannot start: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .map_err(|error| failed(&error))?;
    let command = started(&runtime, command);
    let ended = runtime.block_on(command);
    // A name server or a reader that hangs does not hold up the end.
    runtime.shutdown_background();
    ended.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => failed(&error),
    })
}

/// Makes a task of the command. Not inlined: a command is tens of kilobytes before it moves to the heap, and only so is
/// that part of the stack used again while it runs.
#[inline(never)]
fn started<F>(runtime: &LocalRuntime, command: impl FnOnce() -> F) -> JoinHandle<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    runtime.spawn_local(command())
}

/// What the command line says, as the configuration wants it.
#[must_use]
pub fn load_options(options: &ConversationOptions, context: &Context) -> LoadOptions {
    LoadOptions {
        model: super::wiring_record::model_to_load(options),
        skip_key_command: options.replay.is_some(),
        no_save: options.no_save,
        max_tool_hops: options.tools.max_hops,
        thinking: options.thinking.map(|mode| match mode {
            ThinkingMode::Show => crate::config::Thinking::Show,
            ThinkingMode::Hide => crate::config::Thinking::Hide,
        }),
        ..request_load_options(&options.request, context)
    }
}

/// The same for what is asked once.
#[must_use]
pub fn ask_options(options: &AskOptions, context: &Context) -> LoadOptions {
    LoadOptions { no_stream: options.no_stream, ..load_options(&options.conversation, context) }
}

/// For commands that ask one model only.
pub fn one_model(options: &RequestOptions) -> Result<(), Failure> {
    let several = options.models.len() > 1;
    let refused = || Failure::usage("several models are given").hint("only `sayso ask` asks more than one at a time");
    if several { Err(refused()) } else { Ok(()) }
}

/// The same of what a request alone is made of.
#[must_use]
pub fn request_load_options(options: &RequestOptions, context: &Context) -> LoadOptions {
    let (system, system_file) = match &options.system {
        Some(SystemPrompt::Text(text)) => (Some(text.clone()), None),
        Some(SystemPrompt::File(path)) => (None, Some(path.clone())),
        None => (None, None),
    };
    LoadOptions {
        config_file: context.global.config.clone(),
        model: options.models.first().cloned(),
        system,
        system_file,
        options: options.options.iter().map(|option| (option.name.clone(), option.value.clone())).collect(),
        color: context.config_color(),
        accessible: context.global.accessible,
        ..LoadOptions::default()
    }
}

/// Loads the configuration, lets the screen know what it says, and tells its warnings once.
pub fn load(options: &LoadOptions, context: &mut Context) -> Result<Config, Failure> {
    let mut config = crate::config::load(options, &context.environment)?;
    super::wiring_mcp::join_project(&mut config, context);
    dress(&config, context);
    for warning in &config.warnings {
        context.warn(&warning.to_string());
    }
    Ok(config)
}

/// Lets the screen know what the configuration says about looks.
pub fn dress(config: &Config, context: &mut Context) {
    context.screen = Screen::new(OutputSettings {
        color: match config.ui.color {
            crate::config::ColorChoice::Auto => ColorChoice::Auto,
            crate::config::ColorChoice::Always => ColorChoice::Always,
            crate::config::ColorChoice::Never => ColorChoice::Never,
        },
        // Also where a command has not told the configuration of its option.
        accessible: config.ui.accessible || context.global.accessible,
        ..context.screen.settings()
    });
}

/// Lets the trusted servers of the project in, without a word about it.
pub fn join_project_quietly(config: &mut Config, context: &mut Context) {
    let was_quiet = std::mem::replace(&mut context.global.quiet, true);
    super::wiring_mcp::join_project(config, context);
    context.global.quiet = was_quiet;
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let hint = error.hint().map(str::to_owned);
        let mut failure = match error.exit_code() {
            exit_code::USAGE => Self::usage(error.to_string()),
            exit_code::CREDENTIALS => Self::new("auth", exit_code::CREDENTIALS, error.to_string()),
            _ => Self::config(error.to_string()),
        };
        failure.hint = hint;
        failure
    }
}

/// The provider that was chosen, or what to do without one.
pub fn chosen(choice: Choice, global: &GlobalOptions) -> Result<Chosen, Failure> {
    match choice {
        Choice::Provider(chosen) if global.offline && !is_on_this_machine(&chosen.settings) => {
            Err(Failure::usage(format!(
                "`--offline` reaches nothing but this machine, and {} is at {}",
                chosen.settings.name, chosen.settings.base_url
            ))
            .hint("leave it out, or ask a model of this machine, as in `-m ollama:MODEL` or `-m demo:tour`"))
        }
        Choice::Provider(chosen) => match &chosen.missing_key {
            Some(place) => Err(missing_key(&chosen.settings, place)),
            None => Ok(*chosen),
        },
        Choice::NoProvider => Err(no_provider()),
    }
}

#[must_use]
pub fn no_provider() -> Failure {
    let message = "no model is set up: there is no configuration and no key in the environment";
    Failure::new("auth", exit_code::CREDENTIALS, message)
        .hint("run `sayso init`, set OPENROUTER_API_KEY (or OPENAI_API_KEY, …), or try `-m demo:tour` offline")
}

#[must_use]
pub fn is_on_this_machine(settings: &ProviderSettings) -> bool {
    match settings.api {
        Api::Demo | Api::Replay => true,
        Api::OpenaiChat | Api::OpenaiResponses | Api::Anthropic | Api::Gemini => is_loopback_url(&settings.base_url),
    }
}

fn missing_key(settings: &ProviderSettings, place: &str) -> Failure {
    let mut error = ProviderError::new(ErrorKind::Auth, format!("{} has no API key", settings.name));
    error.key_source = Some(place.to_owned());
    error.hint =
        Some(format!("put the key there, run `sayso keys set {}`, or try `-m demo:tour` offline", settings.name));
    Failure::from(error)
}

/// The model that is asked, not yet connected.
pub fn active_model(chosen: Chosen, client: &HttpClient, paths: &Paths) -> Result<ActiveModel, Failure> {
    let lookup = models::Lookup::new(&chosen, paths);
    let facts: LazyFacts = LazyCell::new(Box::new(move || lookup.facts()));
    // A record is opened here, because it says which model is asked where nobody else does.
    let (settings, client) = match chosen.settings.api {
        Api::Replay => open_record(chosen.settings, client).map_err(Failure::config)?,
        Api::OpenaiChat | Api::OpenaiResponses | Api::Anthropic | Api::Gemini | Api::Demo => {
            (chosen.settings, client.clone())
        }
    };
    let label = format!("{}:{}", settings.name, settings.model);
    let model = settings.model.clone();
    let parameters: ModelParameters = settings.parameters.clone();
    let provider = connect(settings, &client)?;
    Ok(ActiveModel { provider, label, model, parameters, facts })
}

/// The one client of the process.
#[must_use]
pub fn http_client(config: &Config, lifetime: Lifetime) -> HttpClient {
    tapped_client(config, lifetime, Tap::Nothing)
}

/// The same, with a record between it and the network.
#[must_use]
pub fn tapped_client(config: &Config, lifetime: Lifetime, tap: Tap) -> HttpClient {
    if let Some(cache) = &config.paths.cache {
        remember_in(cache.join("refused.json"));
    }
    HttpClient::with_tap(config.http.clone(), lifetime, tap)
}

/// Listens to signals from here on. Must be called within the runtime.
pub fn signals() -> Result<Signals, Failure> {
    Signals::listen().map_err(deaf)
}

pub fn deaf(error: std::io::Error) -> Failure {
    Failure::internal(format!("cannot listen to signals: {error}"))
}

/// Before anything is asked: where the configuration keeps no history, none can be had for `--require-history`.
pub fn check_history(is_required: bool, config: &Config) -> Result<(), Failure> {
    match &config.history.path {
        None if is_required => Err(TurnFailure::HistoryRequired(HistoryError::NotKept.to_string()).into()),
        None | Some(_) => Ok(()),
    }
}

#[must_use]
pub fn turn_settings(config: &Config, retries: u32) -> TurnSettings {
    TurnSettings {
        retries_max: retries,
        first_token_timeout: Duration::from_millis(config.http.first_token_timeout_ms),
        idle_timeout: Duration::from_millis(config.http.idle_timeout_ms),
        stream: config.chat.streaming,
        require_history: false,
        tool_hops_max: config.chat.max_tool_hops,
        context: config.chat.context,
        fallback: config.file.llm.fallback.clone(),
    }
}

/// A session that starts its history on the way. Nothing waits here.
#[must_use]
pub fn session(config: &Config, model: ActiveModel, settings: TurnSettings) -> Session {
    let journal = Journal::start(config.history.clone());
    let mut session = Session::new(journal, model, settings, config.chat.system_prompt.clone());
    session.budget = budget(config, &BudgetOptions::default());
    session.log = log::session_log(config);
    session
}

/// What may be spent: by this run, and by all of them together.
#[must_use]
pub fn budget(config: &Config, options: &BudgetOptions) -> Option<Budget> {
    let section = &config.file.budget;
    let run = SpendLimit { cost_usd: options.max_cost, tokens: options.max_tokens_total };
    let shared = SharedLimits {
        day: SpendLimit { cost_usd: section.per_day_usd, tokens: section.per_day_tokens },
        conversation: SpendLimit { cost_usd: section.per_conversation_usd, tokens: None },
    };
    Budget::new(run, shared, config.stored.clone())
}

/// A stored conversation to go on with.
pub struct Resumed {
    pub id: ConversationId,
    pub messages: Vec<Message>,
    pub name: Option<String>,
    pub title: String,
    /// Where it was found, or from which message it goes on; in words.
    pub how: String,
}

/// What `-c` and `--session` ask for.
pub enum Beginning {
    New,
    /// Under a name that is not taken.
    Named(String),
    Resumed(Resumed),
}

/// Where the command line names no conversation, the environment may.
pub fn default_conversation(options: &mut ConversationOptions, environment: &Environment) {
    if options.session.is_none() && !options.continue_last {
        options.session = environment.text("SAYSO_CONVERSATION").map(str::to_owned);
    }
}

/// Looks up the conversation that the options name. Opens the history only where they do.
pub fn beginning(options: &ConversationOptions, settings: &HistorySettings) -> Result<Beginning, Failure> {
    if !options.continue_last && options.session.is_none() {
        return Ok(Beginning::New);
    }
    let history = History::open_read(settings)?;
    let (spot, how) = match &options.session {
        None => {
            let place = if options.anywhere { Place::default() } else { place() };
            let (conversation, scope) = history.last_used_at(&place)?;
            let how = match scope {
                Scope::Terminal => "the last one of this terminal",
                Scope::Folder => "the last one of this folder",
                Scope::Everywhere => "the last one of all",
            };
            (Spot { conversation, message: None }, how.to_owned())
        }
        Some(address) => match history.locate(address) {
            Ok(spot) => {
                let how =
                    spot.message.as_ref().map_or_else(String::new, |message| format!("from the message {message}"));
                (spot, how)
            }
            Err(HistoryError::NotFound { .. }) if why_no_name(address).is_none() => {
                return Ok(Beginning::Named(address.clone()));
            }
            Err(error) => return Err(error.into()),
        },
    };
    Ok(Beginning::Resumed(resumed(&history, spot, how)?))
}

/// Loads a conversation, up to a message where one is named.
pub fn resumed(history: &History, spot: Spot, how: String) -> Result<Resumed, HistoryError> {
    let stored = history.conversation(&spot.conversation)?;
    let messages = history.stored_messages_to(&spot.conversation, spot.message.as_ref())?;
    let messages = history.with_attachments(messages)?;
    Ok(Resumed { id: spot.conversation, messages, name: stored.name, title: stored.title, how })
}

/// Goes on with a stored conversation, and says with which.
pub fn begin(session: &mut Session, beginning: Beginning, context: &mut Context) {
    session.set_place(place());
    match beginning {
        Beginning::New => {}
        Beginning::Named(name) => session.start_new(Some(name)),
        Beginning::Resumed(stored) => {
            let how = if stored.how.is_empty() { String::new() } else { format!(" ({})", stored.how) };
            context.note(&format!("continuing {}: {}{how}", stored.id, stored.name.as_ref().unwrap_or(&stored.title)));
            session.resume(stored.id, stored.messages);
        }
    }
}

/// A prompt outside of any history, for `--dry-run`.
#[must_use]
pub fn unsaved_prompt(prompt: Prompt) -> Message {
    let message = Message::new(MessageId(String::new()), None, Role::User, prompt.text, now_ms());
    Message { attachments: prompt.attachments, ..message }
}

#[must_use]
pub fn view_settings(config: &Config, options: &ConversationOptions, context: &mut Context) -> ViewSettings {
    let is_rendered = config.ui.markdown && context.screen.is_terminal(Stream::Stdout);
    let markdown = is_rendered.then(|| looks::markdown_settings(config, options.width, context));
    let notifications = &config.file.chat.service.tool_notifications;
    ViewSettings {
        thinking: match config.ui.thinking {
            crate::config::Thinking::Show => Thinking::Show,
            crate::config::Thinking::Hide => Thinking::Hide,
        },
        tool_notice: match (notifications.enabled, notifications.show_args) {
            (false, _) => ToolNotice::Off,
            (true, false) => ToolNotice::Name,
            (true, true) => ToolNotice::NameAndArguments,
        },
        quiet: context.global.quiet,
        verbose: context.global.verbose > 0,
        timing: options.timing,
        usage: usage_parts(config, context),
        accessible: config.ui.accessible,
        markdown,
    }
}

/// A script gets its usage from JSON; stderr of a pipe stays for what went wrong.
fn usage_parts(config: &Config, context: &Context) -> UsageParts {
    if !(config.ui.usage && context.is_interactive()) && context.global.verbose == 0 {
        return UsageParts::NONE;
    }
    let tells = |part| config.ui.usage_parts.contains(&part);
    UsageParts {
        tokens: tells(UsagePart::Tokens),
        cost: tells(UsagePart::Cost),
        time: tells(UsagePart::Time),
        speed: tells(UsagePart::Speed),
        context: tells(UsagePart::Context),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offline_means_this_machine() {
        let is_allowed = |api, base_url: &str| {
            is_on_this_machine(&ProviderSettings {
                name: "a".into(),
                api,
                base_url: base_url.into(),
                model: "m".into(),
                key: None,
                key_source: String::new(),
                headers: Vec::new(),
                parameters: ModelParameters::default(),
                record: None,
            })
        };
        for (api, base_url, expected) in [
            (Api::OpenaiChat, "https://openrouter.ai/api/v1", false),
            (Api::OpenaiChat, "http://localhost:11434/v1", true),
            (Api::OpenaiChat, "http://[::1]:1/v1", true),
            (Api::OpenaiChat, "http://localhost.example.com/v1", false),
            (Api::OpenaiChat, "http://localhost@example.com/v1", false),
            (Api::OpenaiChat, "", false),
            (Api::Demo, "", true),
        ] {
            assert_eq!(is_allowed(api, base_url), expected, "{base_url}");
        }
    }
}
