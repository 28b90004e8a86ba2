//! Which `history` command does what.

use super::filter::filter;
use super::show::spot;
use super::text::Text;
use super::{attachment, change, diff, list, search, show, timeline, tree};
use crate::cli::{HistoryCommand, ListFormat, ListOptions, SearchOptions, ShowOptions};
use crate::command::context::Context;
use crate::command::listing::{Bars, json_array, json_lines};
use crate::command::looks::markdown_settings;
use crate::command::pager;
use crate::command::{upkeep, wiring};
use crate::config::{Config, LoadOptions, load};
use crate::conversation::now_ms;
use crate::exit::Failure;
use crate::history::{History, Page};
use crate::terminal::{MarkdownSettings, Stream};

/// Conversations that `history list` shows unless `--limit` says otherwise.
const LIST_MAX: usize = 50;

/// Runs a command; the exit code. What only looks changes and creates nothing.
pub fn run(command: &HistoryCommand, context: &mut Context) -> u8 {
    let ended = configured(context).and_then(|config| match command {
        HistoryCommand::Upkeep(command) => upkeep::run(command, &config, context),
        HistoryCommand::Show(options @ ShowOptions { attachment: Some(number), .. }) => {
            attachment::write_out(&History::open_read(&config.stored)?, options, *number, context)
        }
        _ => shown(command, &config, context).map(|(text, pager)| pager::show(&text, pager.as_deref(), context)),
    });
    ended.unwrap_or_else(|failure| context.fail(&failure))
}

/// The configuration of a command that needs no key.
pub fn configured(context: &mut Context) -> Result<Config, Failure> {
    let options = LoadOptions {
        config_file: context.global.config.clone(),
        color: context.config_color(),
        accessible: context.global.accessible,
        skip_key_command: true,
        ..LoadOptions::default()
    };
    let config = load(&options, &context.environment)?;
    wiring::dress(&config, context);
    Ok(config)
}

/// The text, and the pager that it may go through.
fn shown(command: &HistoryCommand, config: &Config, context: &mut Context) -> Result<(Text, Option<String>), Failure> {
    let history = History::open_read(&config.stored)?;
    let settings = &config.stored;
    let pager = |no_pager: bool, format| (!no_pager && format == ListFormat::Table).then(|| config.ui.pager.clone());
    Ok(match command {
        HistoryCommand::List(options) => (list_text(&history, options)?, pager(options.pager.no_pager, options.format)),
        HistoryCommand::Show(options) => {
            let text = show_text(&history, options, Bars::on(&context.screen))?;
            (rendered_text(text, config, context), pager(options.pager.no_pager, options.format))
        }
        HistoryCommand::Search(options) => {
            (search_text(history, config, options, context)?, pager(options.pager.no_pager, options.format))
        }
        HistoryCommand::Diff(options) => {
            let text = diff::diff(&history, options)?;
            if text.is_empty() {
                context.note("there is no difference");
            }
            (text, pager(options.pager.no_pager, ListFormat::Table))
        }
        HistoryCommand::Rename(options) => (change::rename(&history, settings, options, context)?, None),
        HistoryCommand::Fork(options) => (change::fork(&history, settings, options, context)?, None),
        HistoryCommand::Pin(options) => (change::pin(&history, settings, (options, true), context)?, None),
        HistoryCommand::Unpin(options) => (change::pin(&history, settings, (options, false), context)?, None),
        HistoryCommand::Rm(options) => (change::remove(&history, settings, options, context)?, None),
        // They show nothing that a pager would page.
        HistoryCommand::Upkeep(_) | HistoryCommand::Follow(_) => (Text::default(), None),
    })
}

/// With its Markdown rendered, where answers are. A pager passes styling on, but not every one passes links on.
fn rendered_text(text: Text, config: &Config, context: &mut Context) -> Text {
    if !config.ui.markdown || !context.screen.is_terminal(Stream::Stdout) {
        return text;
    }
    let settings = MarkdownSettings { hyperlinks: false, ..markdown_settings(config, None, context) };
    text.rendered(settings.on(&context.screen))
}

fn count(count: Option<u64>, default: usize) -> usize {
    count.map_or(default, |count| usize::try_from(count).unwrap_or(usize::MAX))
}

fn list_text(history: &History, options: &ListOptions) -> Result<Text, Failure> {
    let filter = filter(&options.filter, now_ms());
    let page = Page { offset: count(options.offset, 0), limit: count(options.limit, LIST_MAX) };
    Ok(list::list(history, &filter, page, options.format)?)
}

fn show_text(history: &History, options: &ShowOptions, bars: Bars) -> Result<Text, Failure> {
    let address = options.conversation.as_deref();
    if options.tree {
        let conversation = history.conversation(&spot(history, address)?.conversation)?;
        let messages = history.all_messages(&conversation.id)?;
        let values = || tree::values(&messages, conversation.head.as_ref());
        return Ok(rendered(options.format, || tree::tree(&messages, conversation.head.as_ref()), values));
    }
    if options.timeline {
        let spot = spot(history, address)?;
        let branch = match &spot.message {
            Some(message) => history.stored_messages_to(&spot.conversation, Some(&history.newest_end(message)?))?,
            None => history.stored_messages(&spot.conversation)?,
        };
        let turn = timeline::turn_of(&branch, spot.message.as_ref());
        let parts = timeline::parts(turn, |reply| history.tool_runs(reply))?;
        let text = || match bars {
            Bars::Drawn => timeline::bars(&parts),
            Bars::LeftOut => timeline::words(&parts),
        };
        return Ok(rendered(options.format, text, || timeline::values(&parts)));
    }
    Ok(show::show(history, address, count(options.limit, usize::MAX), options.format)?)
}

/// Trees and times have no columns: as TSV they are lines of JSON.
fn rendered(format: ListFormat, text: impl Fn() -> Text, values: impl Fn() -> Vec<serde_json::Value>) -> Text {
    match format {
        ListFormat::Table => text(),
        ListFormat::Json => json_array(values().into_iter()).into(),
        ListFormat::Jsonl | ListFormat::Tsv => json_lines(values().into_iter()).into(),
    }
}

fn search_text(
    history: History,
    config: &Config,
    options: &SearchOptions,
    context: &mut Context,
) -> Result<Text, Failure> {
    let wanted = search::wanted(options);
    let mut is_told = false;
    let progress = |left: i64| {
        if !is_told {
            context.note(&format!("indexing reasoning and tool output of at most {left} older messages, this once …"));
            is_told = true;
        }
    };
    let incomplete = search::complete_index(&history, &wanted, &config.stored, progress);
    if let Some(reason) = incomplete {
        context.warn(&reason);
    }
    // The file may have got its index only now.
    drop(history);
    let found = History::open_read(&config.stored)?.find(&wanted)?;
    let remark = search::remark(&found, "--all");
    if let Some(remark) = remark.filter(|_| found.is_partial || options.format == ListFormat::Table) {
        context.note(&remark);
    }
    Ok(search::render(&found.hits, options.format))
}
