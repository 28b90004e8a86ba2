//! `chat`: the REPL, with everything it needs from below.

use std::io::IsTerminal;

use super::attach::{self, Basket, Pages};
use super::chat_services::ChatServices;
use super::context::Context;
use super::listing::Bars;
use super::role::{self, Begun};
use super::wiring::{self, Beginning};
use super::wiring_tools::{self, Person};
use super::{chat_lines, looks, models, wiring_builtin, wiring_record};
use crate::cli::{ChatFormat, ChatOptions, ConversationOptions, FileSource};
use crate::config::{
    Choice, Config, ConfigFile, Editing as ConfiguredEditing, FilledRole, LoadOptions, Paths, Roles, UiSettings,
    presets,
};
use crate::conversation::{Attachment, exit_code};
use crate::exit::Failure;
use crate::history::{ConversationSummary, History};
use crate::http::{HttpClient, Lifetime};
use crate::repl::{
    CompletionSource, CtrlC, CustomCommands, Editing, InRole, Input, InputSettings, KnownPrompts, Repl, ReplUi,
    unfinished_turn,
};
use crate::session::{ActiveModel, JobSignals, Session, exit_of_cancel};
use crate::terminal::{Color, Stream, Theme, ViewSettings, mode};

/// Conversations that `/sessions` lists and Tab completes.
pub const SESSIONS_MAX: usize = 50;

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
    give_system(&mut session, role.as_ref(), plain_system.as_deref());
    let services = ChatServices {
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
fn give_system(session: &mut Session, role: Option<&FilledRole>, without_role: Option<&str>) {
    let of_role = role.and_then(|role| role.system.as_deref());
    if of_role.is_some() && of_role == session.system() {
        session.set_given_system(without_role.map(str::to_owned));
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
pub fn offer_sessions(stored: &History, completions: &CompletionSource) {
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
pub fn providers(config: &Config) -> Vec<(String, String)> {
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
