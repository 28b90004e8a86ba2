//! How answers look, from the configuration and the terminal: the theme is read when an answer will be shown.

use std::path::Path;

use super::context::Context;
use super::wiring;
use crate::cli::{ConversationOptions, OutputFormat};
use crate::config::{Config, ThemeChoice, read_regular_file};
use crate::terminal::{BuiltinTheme, MarkdownSettings, Theme, ViewSettings, parse_theme};

/// No theme file is larger.
const THEME_BYTES_MAX: u64 = 64 << 10;

/// What the views need to render Markdown. A theme that cannot be used is told, and answers look as without it.
#[must_use]
pub fn markdown_settings(config: &Config, width: Option<u16>, context: &mut Context) -> MarkdownSettings {
    let ui = &config.ui;
    MarkdownSettings {
        theme: theme(config, context).within(ui.terminal.palette),
        width: width.map(usize::from),
        shows_markers: ui.theme_markers,
        hyperlinks: ui.terminal.hyperlinks,
        accessible: ui.accessible,
    }
}

/// The settings of a view that writes in this format: a pipe gets rendered text only where that is asked for.
#[must_use]
pub fn of_format(
    format: OutputFormat,
    config: &Config,
    options: &ConversationOptions,
    context: &mut Context,
) -> ViewSettings {
    let view = wiring::view_settings(config, options, context);
    match format {
        OutputFormat::Markdown if view.markdown.is_none() => {
            ViewSettings { markdown: Some(markdown_settings(config, options.width, context)), ..view }
        }
        OutputFormat::Markdown | OutputFormat::Text | OutputFormat::Json | OutputFormat::Jsonl => view,
    }
}

fn theme(config: &Config, context: &mut Context) -> Theme {
    read_theme(&config.ui.theme, config, None).unwrap_or_else(|reason| {
        context.warn(&format!("ui.theme: {reason}"));
        Theme::default()
    })
}

/// A theme as it is; an error names the file and the reason. What the terminal itself has told of its background counts
/// before what the environment tells.
pub fn read_theme(choice: &ThemeChoice, config: &Config, told: Option<bool>) -> Result<Theme, String> {
    match choice {
        ThemeChoice::Auto => Ok(Theme::builtin(match told.or(config.ui.terminal.has_light_background) {
            Some(true) => BuiltinTheme::Light,
            Some(false) => BuiltinTheme::Dark,
            None => BuiltinTheme::Middle,
        })),
        ThemeChoice::Builtin(builtin) => Ok(Theme::builtin(*builtin)),
        ThemeChoice::File(written) => {
            let folder = config.file_path.as_deref().and_then(Path::parent);
            let path = config.paths.expand(written, folder).unwrap_or_else(|| written.clone());
            read(&path).map_err(|reason| format!("{}: {reason}", path.display()))
        }
    }
}

fn read(path: &Path) -> Result<Theme, String> {
    let (bytes, _) = read_regular_file(path, THEME_BYTES_MAX)?.ok_or("there is no such file")?;
    parse_theme(std::str::from_utf8(&bytes).map_err(|_| "is not UTF-8")?)
}
