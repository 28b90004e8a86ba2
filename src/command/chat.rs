//! `chat`: the REPL, with everything it needs from below.

use std::io::IsTerminal;

use super::context::Context;
use super::history;
use super::wiring;
use crate::cli::{ChatOptions, GlobalOptions, ListFormat};
use crate::config::{Choice, Config, Editing as ConfiguredEditing, Environment, LoadOptions};
use crate::exit::Failure;
use crate::history::{History, HistorySettings};
use crate::http::{HttpClient, Lifetime};
use crate::repl::{CompletionSource, CtrlC, Editing, Input, InputSettings, Repl, Services};
use crate::session::{ActiveModel, Signals, TurnReport};
use crate::terminal::{Color, ErrorReport, Stream, mode};

/// Prompts that Up and Ctrl-R reach.
const PROMPTS_MAX: usize = 1000;

/// Conversations that `/sessions` lists and Tab completes.
const SESSIONS_MAX: usize = 50;

/// Runs the REPL; the exit code.
pub fn run(options: ChatOptions, mut context: Context) -> Result<u8, Failure> {
    if !std::io::stdin().is_terminal() || !context.screen.is_terminal(Stream::Stdout) {
        let failure = Failure::usage("`chat` needs a terminal for its prompt and its answers")
            .hint("a script asks with `sayso ask`, a pipe with `sayso ask -`");
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
    let signals = Signals::listen().map_err(|error| Failure::internal(format!("cannot listen to signals: {error}")))?;
    let load_options = wiring::load_options(&options.conversation, context);
    let config = wiring::load(&load_options, context)?;
    let client = wiring::http_client(&config, Lifetime::Interactive);
    let model = first_model(&config, &load_options, &client, context)?;
    let settings = wiring::turn_settings(&config, options.conversation.retries);
    let beginning = wiring::beginning(&options.conversation, &config.history)?;
    let mut session = wiring::session(&config, model, settings);
    wiring::begin(&mut session, beginning, context);
    let input = start_input(&config, context);
    let view = wiring::view_settings(&config, &options.conversation, context);
    let color = context.screen.color(Stream::Stdout) == Color::On;
    let services = Wiring {
        config: &config,
        options: &load_options,
        environment: &context.environment,
        client: &client,
        global: &context.global,
    };
    let repl = Repl {
        session,
        screen: &mut context.screen,
        view,
        input,
        signals,
        services: &services,
        editor: config.ui.editor.clone(),
        color,
        ctrl_c: CtrlC::default(),
    };
    Ok(repl.run().await)
}

/// The model to begin with. Without any set up it is the demo, and the person is told.
fn first_model(
    config: &Config,
    options: &LoadOptions,
    client: &HttpClient,
    context: &mut Context,
) -> Result<ActiveModel, Failure> {
    let chosen = match &config.provider {
        Choice::Provider(_) => wiring::chosen(config.provider.clone(), &context.global)?,
        Choice::NoProvider => {
            context.note("No model is set up yet, so this is the built-in demo: offline, and no language model.");
            context.note("To talk to a real one, set a key, as in `export OPENROUTER_API_KEY=…`, and start again;");
            context.note("`sayso help config` shows how to set up any other server. Type /help for the commands.");
            let demo = config.provider_for("demo:tour", options, &context.environment)?;
            wiring::chosen(demo, &context.global)?
        }
    };
    if let Some(announcement) = chosen.announcement() {
        context.note(&announcement);
    }
    wiring::active_model(chosen.settings, client)
}

/// The line editor, with earlier prompts as far as the history can be read.
fn start_input(config: &Config, context: &Context) -> Input {
    let stored = History::open_read(&config.history).ok();
    let prompts = stored.as_ref().and_then(|history| history.prompts(PROMPTS_MAX).ok()).unwrap_or_default();
    let completions = CompletionSource::default();
    completions.set_models(model_names(config));
    let names = stored.and_then(|history| history.conversations(SESSIONS_MAX).ok()).unwrap_or_default();
    completions
        .set_sessions(names.into_iter().map(|stored| stored.name.unwrap_or_else(|| stored.id.to_string())).collect());
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

/// What Tab offers after `/model`: the configured providers with their models, aliases, the demo.
fn model_names(config: &Config) -> Vec<String> {
    let llm = &config.file.llm;
    let configured = llm.providers.iter().map(|(name, provider)| match &provider.model {
        Some(model) => format!("{name}:{model}"),
        None => format!("{name}:"),
    });
    let demo = crate::provider::demo::MODELS.iter().map(|(name, _)| format!("demo:{name}"));
    configured.chain(llm.models.keys().cloned()).chain(demo).collect()
}

/// What the loop needs from this layer.
struct Wiring<'a> {
    config: &'a Config,
    options: &'a LoadOptions,
    environment: &'a Environment,
    client: &'a HttpClient,
    global: &'a GlobalOptions,
}

impl Wiring<'_> {
    fn settings(&self) -> &HistorySettings {
        &self.config.history
    }
}

impl Services for Wiring<'_> {
    fn connect(&self, model: &str) -> Result<ActiveModel, String> {
        let told = |failure: Failure| match failure.hint {
            Some(hint) => format!("{}; {hint}", failure.message),
            None => failure.message,
        };
        let choice =
            self.config.provider_for(model, self.options, self.environment).map_err(Failure::from).map_err(told)?;
        let chosen = wiring::chosen(choice, self.global).map_err(told)?;
        wiring::active_model(chosen.settings, self.client).map_err(told)
    }

    fn conversations(&self) -> Result<String, String> {
        let stored = History::open_read(self.settings()).map_err(|error| error.to_string())?;
        history::list(&stored, SESSIONS_MAX, ListFormat::Table).map_err(|error| error.to_string())
    }

    fn conversation(&self, address: &str) -> Result<String, String> {
        let stored = History::open_read(self.settings()).map_err(|error| error.to_string())?;
        history::show(&stored, Some(address), usize::MAX, ListFormat::Table).map_err(|error| error.to_string())
    }

    fn describe(&self, report: TurnReport) -> Option<ErrorReport> {
        let failure = match (report.output_error, report.result.error) {
            (Some(error), _) => Failure::from(error),
            (None, Some(error)) => Failure::from(error),
            (None, None) => return None,
        };
        Some(failure.report())
    }
}
