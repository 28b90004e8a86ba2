//! `chat`: the REPL, with everything it needs from below.

use std::io::IsTerminal;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::context::Context;
use super::wiring::{self, Beginning};
use super::wiring_tools::{self, Person};
use super::{archive, chat_lines, history, models, stats, wiring_record};
use crate::cli::{ChatFormat, ChatOptions, GlobalOptions, ListFormat};
use crate::config::{Choice, Config, Editing as ConfiguredEditing, Environment, LoadOptions};
use crate::conversation::{ConversationId, MessageId};
use crate::exit::Failure;
use crate::history::{ConversationSummary, Filter, History, HistoryError, HistorySettings, Keeper, Page, Spot};
use crate::http::{HttpClient, Lifetime};
use crate::repl::{CUT_OFF, CompletionSource, CtrlC, Editing, Input, InputSettings, Loaded, Repl, Services};
use crate::session::{ActiveModel, JobSignals, Signals, TurnReport};
use crate::terminal::{Color, ErrorReport, Stream, TermSafeBuf, mode};

/// Prompts that Up and Ctrl-R reach.
const PROMPTS_MAX: usize = 1000;

/// Conversations that `/sessions` lists and Tab completes.
const SESSIONS_MAX: usize = 50;

/// Without any model set up. Who has seen it once is reminded by its first line.
const BANNER: [&str; 3] = [
    "No model is set up yet: this is the built-in demo, offline and no language model.",
    "For a real one run `sayso init`, or set a key, as in `export OPENROUTER_API_KEY=…`,",
    "and start again. /help lists the commands, Ctrl-D leaves.",
];

/// Runs the REPL; the exit code.
pub fn run(mut options: ChatOptions, mut context: Context) -> Result<u8, Failure> {
    wiring::default_conversation(&mut options.conversation, &context.environment);
    if options.format == Some(ChatFormat::Jsonl) {
        return chat_lines::run(options, context);
    }
    if !std::io::stdin().is_terminal() || !context.screen.is_terminal(Stream::Stdout) {
        let failure = Failure::usage("`chat` needs a terminal for its prompt and its answers")
            .hint("a script asks with `sayso ask`, a pipe with `sayso ask -`, a program talks with `--format jsonl`");
        return Ok(context.fail(&failure));
    }
    wiring::block_on(async move {
        match chat(&options, &mut context).await {
            Ok(exit) => exit,
            Err(failure) => context.fail(&failure),
        }
    })
}

async fn chat(options: &ChatOptions, context: &mut Context) -> Result<u8, Failure> {
    mode::remember();
    let deaf = |error| Failure::internal(format!("cannot listen to signals: {error}"));
    let signals = Signals::listen().map_err(deaf)?;
    let jobs = JobSignals::listen().map_err(deaf)?;
    let load_options = wiring::load_options(&options.conversation, context);
    let config = wiring::load(&load_options, context)?;
    let (client, choice) = wiring_record::client_and_choice(&config, &options.conversation, Lifetime::Interactive)?;
    let model = first_model(&config, &load_options, (&client, choice), context)?;
    let settings = wiring::turn_settings(&config, options.conversation.retries);
    let beginning = wiring::beginning(&options.conversation, &config.stored)?;
    let name = match &beginning {
        Beginning::Named(name) => Some(name.clone()),
        Beginning::Resumed(stored) => stored.name.clone(),
        Beginning::New => None,
    };
    let mut session = wiring::session(&config, model, settings);
    wiring_tools::equip(&mut session, &options.conversation.tools, &config, context, Person::Present).await?;
    wiring_tools::connect_with(&mut session, &config, &load_options, context, &client);
    wiring::begin(&mut session, beginning, context);
    session.hold();
    if session.is_interrupted() {
        context.note(CUT_OFF);
    }
    session.publish_settings();
    let completions = CompletionSource::default();
    let input = start_input(&config, context, completions.clone());
    let view = wiring::view_settings(&config, &options.conversation, context);
    let color = context.screen.color(Stream::Stdout) == Color::On;
    let services = Wiring {
        config: &config,
        options: &load_options,
        environment: &context.environment,
        client: &client,
        global: &context.global,
        completions: completions.clone(),
    };
    let repl = Repl {
        session,
        name,
        screen: &mut context.screen,
        view,
        input,
        signals,
        jobs,
        services: &services,
        editor: config.ui.editor.clone(),
        color,
        ctrl_c: CtrlC::default(),
        echo_off: None,
        completions,
        offered_servers: Vec::new(),
        stopped_servers: Vec::new(),
        suspended: None,
        found: Vec::new(),
    };
    let exit = repl.run().await;
    wiring_record::tell_of_problem(&client, context);
    Ok(exit)
}

/// The model to begin with. Without any set up it is the demo, and the person is told.
fn first_model(
    config: &Config,
    options: &LoadOptions,
    (client, choice): (&HttpClient, Choice),
    context: &mut Context,
) -> Result<ActiveModel, Failure> {
    let chosen = match choice {
        Choice::Provider(_) => wiring_record::chosen(choice, client, &context.global)?,
        Choice::NoProvider => {
            let lines = if has_chatted(config) { &BANNER[..1] } else { &BANNER[..] };
            lines.iter().for_each(|line| context.note(line));
            let demo = config.provider_for("demo:tour", options, &context.environment)?;
            wiring::chosen(demo, &context.global)?
        }
    };
    if let Some(announcement) = chosen.announcement() {
        context.note(&announcement);
    }
    wiring::active_model(chosen, client, &config.paths)
}

fn has_chatted(config: &Config) -> bool {
    let stored = History::open_read(&config.history).and_then(|history| history.conversations(1));
    stored.is_ok_and(|conversations| !conversations.is_empty())
}

/// The line editor, with earlier prompts as far as the history can be read.
fn start_input(config: &Config, context: &Context, completions: CompletionSource) -> Input {
    let stored = History::open_read(&config.stored).ok();
    let prompts = stored.as_ref().and_then(|history| history.prompts(PROMPTS_MAX).ok()).unwrap_or_default();
    completions.set_models(model_names(config));
    if let Some(stored) = &stored {
        offer_sessions(stored, &completions);
    }
    Input::start(InputSettings {
        editing: match config.ui.editing {
            ConfiguredEditing::Emacs => Editing::Emacs,
            ConfiguredEditing::Vi => Editing::Vi,
        },
        color: context.screen.color(Stream::Stdout) == Color::On,
        plain: config.ui.is_dumb || config.ui.accessible,
        history: prompts,
        completions,
        home: config.paths.home.clone(),
    })
}

/// What Tab offers after `/show`.
fn offer_sessions(stored: &History, completions: &CompletionSource) {
    let conversations = stored.conversations(SESSIONS_MAX).unwrap_or_default();
    let address = |stored: ConversationSummary| stored.name.unwrap_or_else(|| stored.id.to_string());
    completions.set_sessions(conversations.into_iter().map(address).collect());
}

/// What Tab offers after `/model`: the configured providers with their models, aliases, the demo.
fn model_names(config: &Config) -> Vec<String> {
    let llm = &config.file.llm;
    let configured = llm.providers.iter().map(|(name, provider)| match &provider.model {
        Some(model) => format!("{name}:{model}"),
        None => format!("{name}:"),
    });
    let demo = crate::provider::demo::MODELS.iter().map(|(name, _)| format!("demo:{name}"));
    let cached = llm.providers.keys().flat_map(|name| models::cached_names(name, &config.paths));
    configured.chain(llm.models.keys().cloned()).chain(demo).chain(cached).collect()
}

fn reported<T>(asked: impl FnOnce() -> Result<T, HistoryError>) -> Result<T, ErrorReport> {
    asked().map_err(|error| Failure::from(error).report())
}

/// What the loop needs from this layer.
struct Wiring<'a> {
    config: &'a Config,
    options: &'a LoadOptions,
    environment: &'a Environment,
    client: &'a HttpClient,
    global: &'a GlobalOptions,
    completions: CompletionSource,
}

impl Wiring<'_> {
    fn settings(&self) -> &HistorySettings {
        &self.config.stored
    }
}

impl Services for Wiring<'_> {
    fn connect(&self, model: &str) -> Result<ActiveModel, ErrorReport> {
        let connected = || {
            let choice = self.config.provider_for(model, self.options, self.environment)?;
            wiring::active_model(
                wiring_record::chosen(choice, self.client, self.global)?,
                self.client,
                &self.config.paths,
            )
        };
        connected().map_err(|failure: Failure| failure.report())
    }

    fn conversations(&self) -> Result<String, ErrorReport> {
        reported(|| {
            let stored = History::open_read(self.settings())?;
            offer_sessions(&stored, &self.completions);
            Ok(history::list(&stored, &Filter::default(), Page { offset: 0, limit: SESSIONS_MAX }, ListFormat::Table)?
                .raw())
        })
    }

    fn stats(&self) -> Result<String, ErrorReport> {
        let counted = || stats::summary(&History::open_read(self.settings())?);
        counted().map_err(|error| Failure::from(error).report())
    }

    fn conversation(&self, address: &str) -> Result<String, ErrorReport> {
        reported(|| {
            let stored = History::open_read(self.settings())?;
            Ok(history::show(&stored, Some(address), usize::MAX, ListFormat::Table)?.raw())
        })
    }

    fn load(&self, address: &str, is_hit: bool) -> Result<Loaded, ErrorReport> {
        reported(|| {
            let stored = History::open_read(self.settings())?;
            let mut spot = stored.locate(address)?;
            let focus = spot.message.clone().filter(|_| is_hit);
            if let Some(hit) = &focus {
                spot.message = Some(stored.newest_end(hit)?);
            }
            let wiring::Resumed { id, messages, name, title, .. } = wiring::resumed(&stored, spot, String::new())?;
            Ok(Loaded { id, name, title, messages, focus })
        })
    }

    fn search(&self, words: &str, color: bool) -> Result<(TermSafeBuf, Vec<MessageId>), ErrorReport> {
        reported(|| {
            let hits = history::search_everywhere(&History::open_read(self.settings())?, words)?;
            let color = if color { Color::On } else { Color::Off };
            let text = history::hits_text(&hits, &TimeZone::system()).safe(color);
            Ok((text, hits.into_iter().map(|hit| hit.message).collect()))
        })
    }

    fn fork(&self, id: &ConversationId, head: &MessageId, name: Option<String>) -> Result<String, ErrorReport> {
        reported(|| {
            let stored = History::open_read(self.settings())?;
            let spot = Spot { conversation: id.clone(), message: Some(head.clone()) };
            let copy = history::fork_of(&stored, &spot, name)?;
            let address = copy.id.to_string();
            Keeper::open(self.settings())?.fork(copy)?;
            Ok(address)
        })
    }

    fn rename(&self, id: &ConversationId, name: &str) -> Result<(), ErrorReport> {
        reported(|| Keeper::open(self.settings())?.rename(id, name))
    }

    fn check_name(&self, name: &str) -> Result<(), ErrorReport> {
        reported(|| History::open_read(self.settings())?.check_name(None, name))
    }

    fn toggle_pin(&self, id: &ConversationId) -> Result<bool, ErrorReport> {
        reported(|| {
            let pinned = !History::open_read(self.settings())?.conversation(id)?.pinned;
            Keeper::open(self.settings())?.pin(id, pinned)?;
            Ok(pinned)
        })
    }

    fn export(&self, id: &ConversationId, file: Option<&str>) -> Result<PathBuf, ErrorReport> {
        let home = self.config.paths.home.as_deref();
        let path = file.map(|file| match (file.strip_prefix("~/"), home) {
            (Some(below), Some(home)) => home.join(below),
            _ => PathBuf::from(file),
        });
        let history = History::open_read(self.settings()).map_err(Failure::from);
        let exported = history.and_then(|history| archive::export_one(id, path.as_deref(), &history));
        exported.map_err(|failure| failure.report())
    }

    fn is_kept(&self) -> bool {
        self.config.history.path.is_some()
    }

    fn describe(&self, report: TurnReport) -> Option<ErrorReport> {
        let failure = match (report.output_error, report.result.error) {
            (Some(error), _) => Failure::from(error),
            (None, Some(error)) => {
                let meant = models::did_you_mean(&error, &report.result.model, self.config, self.environment);
                let failure = Failure::from(error);
                Failure { hint: meant.or(failure.hint.clone()), ..failure }
            }
            (None, None) => return None,
        };
        Some(failure.report())
    }
}
