//! What the loop of `chat` asks this layer for: the history, models, roles, files.

use std::ffi::OsString;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::attach::{self, Basket, Pages};
use super::chat::{SESSIONS_MAX, offer_sessions, providers};
use super::listing::Bars;
use super::{archive, history, looks, models, role, roles, stats, wiring, wiring_record};
use crate::cli::{FileSource, GlobalOptions, ListFormat};
use crate::config::{
    Choice, Config, Environment, FilledRole, LoadOptions, RoleSurroundings, Roles, ThemeChoice, presets,
    themes_there_are,
};
use crate::conversation::{Attachment, ConversationId, MessageId, UsedRole};
use crate::exit::Failure;
use crate::history::{EarlierPrompts, Filter, History, HistoryError, HistorySettings, Keeper, Page, Spot};
use crate::http::HttpClient;
use crate::repl::{Attaching, CompletionSource, ExportImages, Hits, Loaded, Services};
use crate::session::{ActiveModel, TurnReport};
use crate::terminal::{Color, ErrorReport, Theme};

/// Prompts that Up and Ctrl-R reach, of this conversation and of all others.
const PROMPTS_MAX: usize = 1000;

/// What the loop needs from this layer.
pub struct ChatServices<'a> {
    pub config: &'a Config,
    /// Without what a role says.
    pub options: &'a LoadOptions,
    pub environment: &'a Environment,
    pub client: &'a HttpClient,
    pub global: &'a GlobalOptions,
    pub bars: Bars,
    pub roles: Roles,
    pub surroundings: RoleSurroundings,
    pub completions: CompletionSource,
    pub pages: Pages,
}

impl ChatServices<'_> {
    fn settings(&self) -> &HistorySettings {
        &self.config.stored
    }
}

impl Services for ChatServices<'_> {
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
                let mut failure = Failure::from(error);
                failure.hint = meant.or(failure.hint);
                failure
            }
            (None, None) => return None,
        };
        Some(failure.report())
    }
}

fn reported<T>(asked: impl FnOnce() -> Result<T, HistoryError>) -> Result<T, ErrorReport> {
    asked().map_err(|error| Failure::from(error).report())
}
