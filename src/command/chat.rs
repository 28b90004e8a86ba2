//! `chat`: the REPL, with everything it needs from below.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::attach::{self, Basket, Pages};
use super::context::Context;
use super::listing::Bars;
use super::role::{self, Begun};
use super::wiring::{self, Beginning};
use super::wiring_tools::{self, Person};
use super::{archive, chat_lines, history, looks, models, roles, stats, wiring_builtin, wiring_record};
use crate::cli::{ChatFormat, ChatOptions, ConversationOptions, FileSource, GlobalOptions, ListFormat};
use crate::config::{
    Choice, Config, ConfigFile, Editing as ConfiguredEditing, Environment, FilledRole, LoadOptions, Paths,
    RoleSurroundings, Roles, ThemeChoice, UiSettings, presets, themes_there_are,
};
use crate::conversation::{Attachment, ConversationId, MessageId, UsedRole, exit_code};
use crate::exit::Failure;
use crate::history::{
    ConversationSummary, EarlierPrompts, Filter, History, HistoryError, HistorySettings, Keeper, Page, Spot,
};
use crate::http::{HttpClient, Lifetime};
use crate::repl::{
    Attaching, CompletionSource, CtrlC, CustomCommands, Editing, ExportImages, Hits, InRole, Input, InputSettings,
    KnownPrompts, Loaded, Repl, ReplUi, Services, unfinished_turn,
};
use crate::session::{ActiveModel, JobSignals, Session, TurnReport, exit_of_cancel};
use crate::terminal::{Color, ErrorReport, Stream, Theme, ViewSettings, mode};

/// Prompts that Up and Ctrl-R reach, of this conversation and of all others.
const PROMPTS_MAX: usize = 1000;

/// Conversations that `/sessions` lists and Tab completes.
const SESSIONS_MAX: usize = 50;

/// Without any model set up. Who has seen it once is reminded by its first line.
const BANNER: [&str; 3] = [
    "No model is set up yet: this is the built-in demo, offline, no language model.",
    "For a real one: `sayso init`, or a key, as in `export OPENROUTER_API_KEY=…`.",
    "Ask anything to see what sayso does. /help lists the commands, Ctrl-D leaves.",
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
    wiring::block_on(|| async move {
        match chat(&options, &mut context).await {
            Ok(exit) => exit,
            Err(failure) => context.fail(&failure),
        }
    })
}

async fn chat(options: &ChatOptions, context: &mut Context) -> Result<u8, Failure> {
    wiring::one_model(&options.conversation.request)?;
    mode::remember();
    let mut signals = wiring::signals()?;
    let jobs = JobSignals::listen().map_err(wiring::deaf)?;
    let plain_options = wiring::load_options(&options.conversation, context);
    let Begun { role, plain_options, load_options, config, beginning } =
        role::begin(&options.conversation, &options.arguments, plain_options, context)?;
    let (client, choice) = wiring_record::client_and_choice(&config, &options.conversation, Lifetime::Interactive)?;
    let model = first_model(&config, &load_options, (&client, choice), context)?;
    let name = name_of(&beginning);
    let pages = wiring_builtin::pages(&config, context);
    let begun = (model, beginning, role.as_ref());
    let (mut session, attached) = tokio::select! {
        ready = ready(begun, options, (&config, &load_options, &client), &pages, context) => ready?,
        cause = signals.next_cause() => return Ok(exit_of_cancel(cause)),
    };
    let completions = CompletionSource::default();
    let view = wiring::view_settings(&config, &options.conversation, context);
    let markdown =
        view.markdown.unwrap_or_else(|| looks::markdown_settings(&config, options.conversation.width, context));
    let style = prompt_style(&config, &view, context);
    let input = start_input(&config, completions.clone(), style.is_some());
    let plain_system = plain_options.system.clone().or_else(|| config.file.chat.service.system_prompt.clone());
    give_system(&mut session, role.as_ref(), plain_system.as_ref());
    let services = Wiring {
        config: &config,
        options: &plain_options,
        environment: &context.environment,
        client: &client,
        global: &context.global,
        bars: Bars::on(&context.screen),
        roles: Roles::new(&config.paths),
        surroundings: role::surroundings(context),
        completions: completions.clone(),
        pages,
    };
    let repl = Repl {
        role: role.map(|role| InRole::from_start(role, plain_system, session.model.label.clone())),
        session,
        name,
        screen: &mut context.screen,
        view,
        markdown,
        theme: config.file.ui.theme.clone(),
        input,
        signals,
        jobs,
        services: &services,
        ui: repl_ui(&config.ui),
        custom: CustomCommands::of(config.paths.config.as_deref().map(|folder| folder.join("commands"))),
        known: KnownPrompts::default(),
        last_exit: exit_code::OK,
        editor: config.ui.editor.clone(),
        style,
        ctrl_c: CtrlC::default(),
        echo_off: None,
        completions,
        offered_servers: Vec::new(),
        stopped_servers: Vec::new(),
        suspended: None,
        found: Vec::new(),
        attached,
        home: config.paths.home.clone(),
    };
    let exit = repl.run().await;
    wiring_record::tell_of_problem(&client, context);
    Ok(exit)
}

/// The session, and what is attached to its first prompt.
async fn ready(
    begun: (ActiveModel, Beginning, Option<&FilledRole>),
    options: &ChatOptions,
    with: (&Config, &LoadOptions, &HttpClient),
    pages: &Pages,
    context: &mut Context,
) -> Result<(Session, Vec<Attachment>), Failure> {
    let session = ready_session(begun, &options.conversation, with, context).await?;
    Ok((session, attach_first(&options.files, pages, context).await?))
}

/// The session with its tools, at the place where the conversation goes on.
async fn ready_session(
    (model, beginning, role): (ActiveModel, Beginning, Option<&FilledRole>),
    options: &ConversationOptions,
    (config, load_options, client): (&Config, &LoadOptions, &HttpClient),
    context: &mut Context,
) -> Result<Session, Failure> {
    let mut session = wiring::session(config, model, wiring::turn_settings(config, options.request.retries));
    let tools = role::tools(role, &options.tools);
    wiring_tools::equip(&mut session, &tools, config, context, Person::Present).await?;
    wiring_tools::connect_with(&mut session, config, load_options, context, client);
    wiring::begin(&mut session, beginning, context);
    session.role = role.map(|role| role.used.clone());
    session.hold();
    if let Some(remark) = unfinished_turn(&session) {
        context.note(&remark);
    }
    session.publish_settings();
    Ok(session)
}

/// What a role says is there as long as the role is; without it, what was given otherwise wins over stored prompts.
fn give_system(session: &mut Session, role: Option<&FilledRole>, without_role: Option<&String>) {
    let of_role = role.and_then(|role| role.system.as_deref());
    if of_role.is_some() && of_role == session.system() {
        session.set_given_system(without_role.cloned());
    }
}

fn name_of(beginning: &Beginning) -> Option<String> {
    match beginning {
        Beginning::Named(name) => Some(name.clone()),
        Beginning::Resumed(stored) => stored.name.clone(),
        Beginning::New => None,
    }
}

fn repl_ui(ui: &UiSettings) -> ReplUi {
    ReplUi {
        prompt: ui.prompt.clone(),
        markers: ui.markers && !ui.terminal.is_old,
        clipboard: ui.clipboard,
        desktop: ui.desktop,
        macros: ui.macros.clone(),
    }
}

/// What `--file` names, for the first prompt.
pub async fn attach_first(
    files: &[FileSource],
    pages: &Pages,
    context: &mut Context,
) -> Result<Vec<Attachment>, Failure> {
    let mut basket = Basket::default();
    for source in files {
        basket = attach::collect(source, pages, basket).await?;
    }
    basket.notes.iter().for_each(|note| context.warn(note));
    let attachments = basket.into_attachments();
    for attachment in &attachments {
        context.note(&format!("attached: {}", attachment.label()));
    }
    Ok(attachments)
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

/// As the theme of answers has it.
fn prompt_style(config: &Config, view: &ViewSettings, context: &Context) -> Option<String> {
    let theme = || match view.markdown {
        Some(markdown) => markdown.theme,
        None => Theme::default().within(config.ui.terminal.palette),
    };
    (context.screen.color(Stream::Stdout) == Color::On).then(|| theme().prompt_style())
}

/// The line editor, with names to complete as far as the history can be read.
fn start_input(config: &Config, completions: CompletionSource, has_colour: bool) -> Input {
    let stored = History::open_read(&config.stored).ok();
    completions.set_models(model_names(&config.file, &config.paths));
    completions.set_roles(Roles::new(&config.paths).list().into_iter().map(|role| role.name).collect());
    completions.set_providers(providers(config).into_iter().map(|(name, _)| name).collect());
    completions.set_macros(config.ui.macros.iter().map(|(name, _)| name.clone()).collect());
    if let Some(stored) = &stored {
        offer_sessions(stored, &completions);
    }
    Input::start(InputSettings {
        editing: match config.ui.editing {
            ConfiguredEditing::Emacs => Editing::Emacs,
            ConfiguredEditing::Vi => Editing::Vi,
        },
        plain: config.ui.is_dumb || config.ui.accessible,
        keys: config.ui.keys.clone(),
        folds_pastes: config.ui.fold_pastes,
        asks_background: has_colour && config.ui.terminal.can_tell_background(),
        completions,
        home: config.paths.home.clone(),
    })
}

/// What Tab offers after `/show`.
fn offer_sessions(stored: &History, completions: &CompletionSource) {
    completions.set_sessions(conversation_names(stored));
}

/// The conversations used last, by name where they have one.
#[must_use]
pub fn conversation_names(stored: &History) -> Vec<String> {
    let conversations = stored.conversations(SESSIONS_MAX).unwrap_or_default();
    let address = |stored: ConversationSummary| stored.name.unwrap_or_else(|| stored.id.to_string());
    conversations.into_iter().map(address).collect()
}

/// The providers that are set up, and the demo; each with its model.
fn providers(config: &Config) -> Vec<(String, String)> {
    let configured = config.file.llm.providers.iter();
    let configured = configured.map(|(name, provider)| (name.clone(), provider.model.clone().unwrap_or_default()));
    let demo = (presets::DEMO.to_owned(), "tour".to_owned());
    let is_new = !config.file.llm.providers.contains_key(presets::DEMO);
    configured.chain(Some(demo).filter(|_| is_new)).collect()
}

/// What Tab offers after `/model`: the configured providers with their models, aliases, the demo.
#[must_use]
pub fn model_names(file: &ConfigFile, paths: &Paths) -> Vec<String> {
    let llm = &file.llm;
    let configured = llm.providers.iter().map(|(name, provider)| match &provider.model {
        Some(model) => format!("{name}:{model}"),
        None => format!("{name}:"),
    });
    let demo = crate::provider::demo::MODELS.iter().map(|(name, _)| format!("demo:{name}"));
    let asked = presets::names().filter(|name| !llm.providers.contains_key(*name));
    let names = llm.providers.keys().map(String::as_str).chain(asked);
    let cached = names.flat_map(|name| models::cached_names(name, paths));
    configured.chain(llm.models.keys().cloned()).chain(demo).chain(cached).collect()
}

fn reported<T>(asked: impl FnOnce() -> Result<T, HistoryError>) -> Result<T, ErrorReport> {
    asked().map_err(|error| Failure::from(error).report())
}

/// What the loop needs from this layer.
struct Wiring<'a> {
    config: &'a Config,
    /// Without what a role says.
    options: &'a LoadOptions,
    environment: &'a Environment,
    client: &'a HttpClient,
    global: &'a GlobalOptions,
    bars: Bars,
    roles: Roles,
    surroundings: RoleSurroundings,
    completions: CompletionSource,
    pages: Pages,
}

impl Wiring<'_> {
    fn settings(&self) -> &HistorySettings {
        &self.config.stored
    }
}

impl Services for Wiring<'_> {
    fn connect(&self, model: Option<&str>, role: Option<&FilledRole>) -> Result<ActiveModel, ErrorReport> {
        let mut options =
            LoadOptions { model: model.map(str::to_owned).or(self.options.model.clone()), ..self.options.clone() };
        if let Some(role) = role {
            role::adopt(role, &mut options);
        }
        let connected = || {
            let mut choice = self.config.again(&options, self.environment)?;
            if let Choice::NoProvider = choice {
                choice = self.config.provider_for("demo:tour", &options, self.environment)?;
            }
            let chosen = wiring_record::chosen(choice, self.client, self.global)?;
            wiring::active_model(chosen, self.client, &self.config.paths)
        };
        connected().map_err(|failure: Failure| failure.report())
    }

    fn theme(&self, written: &str, has_light_background: Option<bool>) -> Result<Theme, String> {
        let choice = ThemeChoice::read(written).ok_or_else(|| format!("one of {}", themes_there_are(written)))?;
        let theme = looks::read_theme(&choice, self.config, has_light_background);
        let theme = theme.map_err(|reason| format!("a theme file that can be used: {reason}"))?;
        Ok(theme.within(self.config.ui.terminal.palette))
    }

    fn role(&self, used: UsedRole) -> Result<FilledRole, ErrorReport> {
        let filled = self.roles.load(&used).and_then(|role| role.fill(used, &self.surroundings));
        filled.map_err(|error| Failure::from(error).report())
    }

    fn roles(&self) -> String {
        roles::described(&self.roles)
    }

    fn conversations(&self) -> Result<String, ErrorReport> {
        reported(|| {
            let stored = History::open_read(self.settings())?;
            offer_sessions(&stored, &self.completions);
            Ok(history::list(&stored, &Filter::default(), Page { offset: 0, limit: SESSIONS_MAX }, ListFormat::Table)?
                .raw())
        })
    }

    fn stats(&self, columns: usize) -> Result<String, ErrorReport> {
        let counted = || stats::summary(&History::open_read(self.settings())?, self.bars, columns);
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

    fn search(&self, words: &str, color: bool) -> Result<Hits, ErrorReport> {
        reported(|| {
            let found = history::search_everywhere(&History::open_read(self.settings())?, words)?;
            let color = if color { Color::On } else { Color::Off };
            let text = history::hits_text(&found.hits, &TimeZone::system()).safe(color);
            let remark = history::remark(&found, "`sayso history search --all`");
            Ok(Hits { text, messages: found.hits.into_iter().map(|hit| hit.message).collect(), remark })
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

    fn attach(&self, source: String, attached: Vec<Attachment>) -> Attaching<'_> {
        Box::pin(async move {
            let source = FileSource::from(OsString::from(source));
            match attach::collect(&source, &self.pages, Basket::with(attached)).await {
                Ok(mut basket) => {
                    let notes = std::mem::take(&mut basket.notes);
                    Ok((basket.into_attachments(), notes))
                }
                Err(failure) => Err(failure.report()),
            }
        })
    }

    fn earlier_prompts(&self, conversation: &ConversationId) -> EarlierPrompts {
        let read = || History::open_read(self.settings())?.earlier_prompts(Some(conversation), PROMPTS_MAX);
        // Who cannot look back can still go on; what is wrong is told where the history is used.
        read().unwrap_or_default()
    }

    fn lines_typed_after(&self, number: i64) -> (Vec<String>, i64) {
        let read = || History::open_read(self.settings())?.lines_typed_after(number, PROMPTS_MAX);
        read().unwrap_or((Vec::new(), number))
    }

    fn providers(&self) -> Vec<(String, String)> {
        providers(self.config)
    }

    fn is_provider(&self, name: &str) -> bool {
        self.config.file.llm.providers.contains_key(name) || presets::names().any(|known| known == name)
    }

    fn export(&self, id: &ConversationId, file: Option<&str>, images: ExportImages) -> Result<PathBuf, ErrorReport> {
        let home = self.config.paths.home.as_deref();
        let path = file.map(|file| match (file.strip_prefix("~/"), home) {
            (Some(below), Some(home)) => home.join(below),
            _ => PathBuf::from(file),
        });
        let history = History::open_read(self.settings()).map_err(Failure::from);
        let exported = history.and_then(|history| archive::export_one(id, path.as_deref(), images, &history));
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
