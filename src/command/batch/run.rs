//! Runs a batch: checks all rows, starts the jobs, and hands them to who writes what comes.

use std::io::Seek;
use std::path::Path;
use std::rc::Rc;

use tokio::sync::mpsc;

use super::input;
use super::plan::{Fingerprint, Plan};
use super::row::{BadRow, Rows};
use super::sink::{Order, Sink};
use super::source::Source;
use super::template::Prompts;
use super::watch::Watch;
use super::work::{Limits, Shared, work};
use crate::cli::{BatchOptions, InputKind, SystemPrompt};
use crate::command::context::Context;
use crate::command::listing::count;
use crate::command::place::place;
use crate::command::prompt::read_file;
use crate::command::wiring;
use crate::config::Config;
use crate::exit::Failure;
use crate::history::{Journal, Place};
use crate::http::Lifetime;
use crate::provider::{ModelFacts, ModelParameters, Pace, Paced, Provider};
use crate::session::{ActiveModel, CancelSource, LazyFacts, Session};
use crate::terminal::Stream;

/// Rows that may wait for an older one, for each job.
const WINDOW_PER_JOB: u64 = 16;

/// Each job that keeps its rows has a connection to the history: more than these would only wait for each other.
const SAVING_JOBS_MAX: u16 = 64;

/// Runs the command; the exit code.
pub fn run(options: BatchOptions, mut context: Context) -> Result<u8, Failure> {
    wiring::block_on(|| async move {
        match answer_all(&options, &mut context).await {
            Ok(exit) => exit,
            Err(failure) => context.fail(&failure),
        }
    })
}

async fn answer_all(options: &BatchOptions, context: &mut Context) -> Result<u8, Failure> {
    wiring::one_model(&options.request)?;
    let mut load_options = wiring::request_load_options(&options.request, context);
    load_options.no_stream = options.no_stream;
    load_options.no_save = !options.save;
    let mut config = wiring::load(&load_options, context)?;
    let jobs = options.jobs;
    if options.save {
        check_saving(jobs, &config)?;
    }
    let connections = usize::from(jobs);
    config.http.max_connections = config.http.max_connections.max(connections);
    config.http.max_keepalive_connections = config.http.max_keepalive_connections.max(connections);
    let model = model(&config, context)?;
    let mut source = source(options, &config, &model)?;
    let sink = match options.output.as_ref().filter(|path| **path != Path::new("-")) {
        Some(path) => Sink::to_file(path, !options.unordered, &mut source.plan)?,
        None => Sink::Stdout(Order::new(!options.unordered)),
    };
    let mut signals = wiring::signals()?;
    let pace = Pace::new(jobs);
    let total = source.plan.total();
    let before = source.plan.done();
    if !context.screen.is_terminal(Stream::Stderr) {
        context.note(&format!("batch: {}, {jobs} at a time, {}", count(total - before, "row"), model.label));
    }
    let window = sink.holds_back().then_some(u64::from(jobs) * WINDOW_PER_JOB);
    let limits = Limits { window, timeout: options.timeout, fail_fast: options.fail_fast };
    let shared = Shared::new(source, limits);
    let cancel = CancelSource::default();
    let (sender, outcomes) = mpsc::channel(usize::from(jobs));
    let budget = wiring::budget(&config, &options.budget);
    let place = if options.save { place() } else { Place::default() };
    for _ in 0..u64::from(jobs).min(total - before) {
        let mut session = model.session(&config, &pace, options.request.retries);
        session.budget.clone_from(&budget);
        session.set_place(place.clone());
        tokio::task::spawn_local(work(session, Rc::clone(&shared), sender.clone(), cancel.token()));
    }
    drop(sender);
    let watch = Watch::new(shared, pace);
    watch.collect(sink, outcomes, (&mut signals, &cancel), context).await
}

fn check_saving(jobs: u16, config: &Config) -> Result<(), Failure> {
    if config.history.path.is_none() {
        return Err(Failure::config("`--save` needs a history, and `chat.storage.type` is `memory`"));
    }
    if jobs > SAVING_JOBS_MAX {
        return Err(Failure::usage(format!("{jobs} jobs are too many for `--save`, which takes {SAVING_JOBS_MAX}")));
    }
    Ok(())
}

/// A model that all jobs ask.
struct SharedModel {
    provider: Rc<dyn Provider>,
    label: String,
    model: String,
    parameters: ModelParameters,
    facts: ModelFacts,
}

impl SharedModel {
    /// A session for one job. It offers no tools.
    fn session(&self, config: &Config, pace: &Rc<Pace>, retries: u32) -> Session {
        let facts = self.facts.clone();
        let model = ActiveModel {
            provider: Box::new(Paced::new(Rc::clone(&self.provider), Rc::clone(pace))),
            label: self.label.clone(),
            model: self.model.clone(),
            parameters: self.parameters.clone(),
            facts: LazyFacts::new(Box::new(move || facts)),
        };
        let journal = Journal::start(config.history.clone());
        let settings = wiring::turn_settings(config, retries);
        let mut session = Session::new(journal, model, settings, config.chat.system_prompt.clone());
        session.uses_tools = false;
        session
    }
}

fn model(config: &Config, context: &Context) -> Result<SharedModel, Failure> {
    let chosen = wiring::chosen(config.provider.clone(), &context.global)?;
    let client = wiring::http_client(config, Lifetime::OneShot);
    let ActiveModel { provider, label, model, parameters, facts } =
        wiring::active_model(chosen, &client, &config.paths)?;
    provider.prewarm();
    let facts = ModelFacts::clone(&facts);
    Ok(SharedModel { provider: Rc::from(provider), label, model, parameters, facts })
}

/// Checks all rows and goes back to the first one.
fn source(options: &BatchOptions, config: &Config, model: &SharedModel) -> Result<Source, Failure> {
    let template = match &options.template {
        Some(SystemPrompt::Text(text)) => Some(text.clone()),
        Some(SystemPrompt::File(path)) => Some(read_file(path)?),
        None => None,
    };
    let prompts = Prompts::new(template).map_err(|error| Failure::usage(error.to_string()))?;
    let file = input::open(&options.file)?;
    let mut again = file.try_clone().map_err(|error| Failure::internal(error.to_string()))?;
    let kind = kind_of(options);
    let fingerprint = Fingerprint::new(&model.label, config.chat.system_prompt.as_deref(), &model.parameters);
    let bad = |bad: BadRow| bad_row(&options.file, &bad);
    let plan = Plan::make(&mut Rows::new(file, kind), &prompts, &fingerprint, options.shard).map_err(bad)?;
    again.rewind().map_err(|error| Failure::config(format!("cannot read the rows again: {error}")))?;
    Ok(Source::new(Rows::new(again, kind), prompts, fingerprint, plan))
}

fn kind_of(options: &BatchOptions) -> InputKind {
    let extension = options.file.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    match (options.input, options.lines, extension.as_deref()) {
        (Some(kind), ..) => kind,
        (None, true, _) => InputKind::Lines,
        (None, false, Some("csv")) => InputKind::Csv,
        (None, false, Some("tsv" | "tab")) => InputKind::Tsv,
        (None, false, _) => InputKind::Jsonl,
    }
}

fn bad_row(path: &Path, bad: &BadRow) -> Failure {
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    Failure::config(format!("{name}, {bad}"))
        .hint("a row is {\"id\": …, \"prompt\": …, \"vars\": {…}}; `sayso batch --help` shows the others")
}
