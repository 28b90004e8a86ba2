//! The looks, settled: file, environment and options made into one answer each.

use std::path::PathBuf;

use super::env::Environment;
use super::file::{Clipboard, ColorChoice, ConfigFile, Editing, PromptPart, Thinking, UsagePart};
use super::keys::{self, KeyBinding};
use super::problem::nearest;
use super::terminal_kind::{TerminalKind, terminal_kind};
use crate::platform::USUAL_EDITOR;
use crate::terminal::BuiltinTheme;

/// Where the colours of answers come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThemeChoice {
    /// By the background of the terminal, where it tells.
    Auto,
    Builtin(BuiltinTheme),
    /// A file, as it is named.
    File(PathBuf),
}

/// The themes that have a name.
pub const THEME_NAMES: [&str; 5] = ["auto", "light", "dark", "ansi", "none"];

/// Why a name is none of a theme, as the end of a sentence.
#[must_use]
pub fn themes_there_are(written: &str) -> String {
    let near = nearest(written, THEME_NAMES);
    let advice = near.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    format!("{}, or the path of a file{advice}", THEME_NAMES.join(", "))
}

impl ThemeChoice {
    /// What a setting means; `None`: it is no theme and no path.
    #[must_use]
    pub fn read(written: &str) -> Option<Self> {
        Some(match written {
            "auto" => Self::Auto,
            "light" => Self::Builtin(BuiltinTheme::Light),
            "dark" => Self::Builtin(BuiltinTheme::Dark),
            "ansi" => Self::Builtin(BuiltinTheme::Ansi),
            "none" => Self::Builtin(BuiltinTheme::None),
            path if path.contains('/') || path.ends_with(".yaml") || path.ends_with(".yml") => Self::File(path.into()),
            _ => return None,
        })
    }
}

/// What the terminal layer and the prompt need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UiSettings {
    pub theme: ThemeChoice,
    pub theme_markers: bool,
    /// What the environment tells of the terminal.
    pub terminal: TerminalKind,
    /// `Auto` where nobody decided: then each stream decides by whether it is a terminal.
    pub color: ColorChoice,
    pub thinking: Thinking,
    pub markdown: bool,
    pub usage: bool,
    pub usage_parts: Vec<UsagePart>,
    pub prompt: Vec<PromptPart>,
    /// Nothing is redrawn, words for glyphs.
    pub accessible: bool,
    pub editing: Editing,
    pub keys: Vec<KeyBinding>,
    pub fold_pastes: bool,
    pub clipboard: Clipboard,
    pub desktop: Desktop,
    /// Names and lines, in the order of the names.
    pub macros: Vec<(String, Vec<String>)>,
    /// A command line, for a terminal only.
    pub pager: String,
    /// A command line.
    pub editor: String,
    pub markers: bool,
    /// `TERM=dumb`, or no `TERM` at all: no styling, nothing is redrawn.
    pub is_dumb: bool,
}

/// What the environment tells of the screen that the person looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Desktop {
    pub has_wayland: bool,
    pub has_x11: bool,
    /// The desktop of this machine is not that of the person.
    pub is_remote: bool,
    pub in_tmux: bool,
    pub in_screen: bool,
    /// The terminal shows progress that is told with OSC 9;4.
    pub shows_progress: bool,
}

impl Desktop {
    fn of(environment: &Environment) -> Self {
        let is_set = |name: &str| environment.text(name).is_some();
        let in_tmux = is_set("TMUX");
        let program = environment.text("TERM_PROGRAM").unwrap_or_default();
        Self {
            has_wayland: is_set("WAYLAND_DISPLAY"),
            has_x11: is_set("DISPLAY"),
            is_remote: is_set("SSH_CONNECTION") || is_set("SSH_TTY"),
            in_tmux,
            in_screen: !in_tmux && is_set("STY"),
            shows_progress: matches!(program, "ghostty" | "WezTerm")
                || is_set("WT_SESSION")
                || environment.text("ConEmuANSI") == Some("ON"),
        }
    }
}

/// What the command line says about looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct UiOptions {
    pub color: Option<ColorChoice>,
    pub thinking: Option<Thinking>,
    pub accessible: bool,
}

pub fn settle(file: &ConfigFile, options: UiOptions, environment: &Environment) -> UiSettings {
    let ui = &file.ui;
    let text = |name: &str| environment.text(name).map(str::to_owned);
    let is_dumb = environment.text("TERM").is_none_or(|term| term == "dumb");
    UiSettings {
        // What names no theme was told when the file was read.
        theme: ThemeChoice::read(&ui.theme).unwrap_or(ThemeChoice::Auto),
        theme_markers: ui.theme_markers,
        terminal: terminal_kind(environment),
        color: color(options.color, ui.color, is_dumb, environment),
        thinking: options.thinking.unwrap_or(ui.thinking),
        markdown: ui.markdown,
        usage: ui.usage,
        usage_parts: ui.usage_parts.clone(),
        prompt: ui.prompt.clone(),
        accessible: options.accessible || ui.accessible || is_on("SAYSO_ACCESSIBLE", environment).unwrap_or(false),
        editing: ui.editing,
        keys: keys::settle(&ui.keys),
        fold_pastes: ui.fold_pastes,
        clipboard: ui.clipboard,
        desktop: Desktop::of(environment),
        macros: ui.macros.iter().map(|(name, lines)| (name.clone(), lines.clone())).collect(),
        pager: text("SAYSO_PAGER")
            .or_else(|| ui.pager.clone())
            .or_else(|| text("PAGER"))
            .unwrap_or_else(|| "less -FRX".into()),
        editor: text("VISUAL").or_else(|| text("EDITOR")).unwrap_or_else(|| USUAL_EDITOR.into()),
        markers: ui.markers,
        is_dumb,
    }
}

/// `--color` > `NO_COLOR` > `FORCE_COLOR`, `CLICOLOR_FORCE` > the file > the terminal.
fn color(option: Option<ColorChoice>, file: ColorChoice, is_dumb: bool, environment: &Environment) -> ColorChoice {
    if let Some(choice @ (ColorChoice::Always | ColorChoice::Never)) = option {
        return choice;
    }
    if environment.raw("NO_COLOR").is_some() {
        return ColorChoice::Never;
    }
    let forced =
        is_on("FORCE_COLOR", environment).or_else(|| is_on("CLICOLOR_FORCE", environment).filter(|is_on| *is_on));
    match forced {
        Some(true) => return ColorChoice::Always,
        Some(false) => return ColorChoice::Never,
        None => {}
    }
    match file {
        ColorChoice::Always | ColorChoice::Never => file,
        ColorChoice::Auto if is_dumb || is_on("CLICOLOR", environment) == Some(false) => ColorChoice::Never,
        ColorChoice::Auto => ColorChoice::Auto,
    }
}

fn is_on(name: &str, environment: &Environment) -> Option<bool> {
    environment.text(name).map(|value| !matches!(value, "0" | "false" | "no" | "off"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_has_an_order() {
        use ColorChoice::{Always, Auto, Never};
        for (option, file, variables, expected) in [
            (Some(Always), Never, &[("NO_COLOR", "1")][..], Always),
            (Some(Auto), Always, &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], Never),
            (None, Never, &[("FORCE_COLOR", "1")], Always),
            (None, Always, &[("FORCE_COLOR", "0")], Never),
            (None, Never, &[("CLICOLOR_FORCE", "1")], Always),
            (None, Always, &[("CLICOLOR_FORCE", "0"), ("CLICOLOR", "0")], Always),
            (None, Auto, &[("CLICOLOR", "0")], Never),
            (None, Auto, &[("NO_COLOR", "")], Auto),
        ] {
            let environment = Environment::from_pairs(variables.iter().copied());
            assert_eq!(color(option, file, false, &environment), expected, "{option:?} {variables:?}");
        }
        assert_eq!(color(None, Auto, true, &Environment::default()), Never);
        assert_eq!(color(None, Always, true, &Environment::default()), Always);
    }

    #[test]
    fn a_pager_of_ours_wins_over_the_file_and_the_file_over_everybodys() {
        let pager = |file: &str, variables: &[(&str, &str)]| {
            let environment = Environment::from_pairs(variables.iter().copied());
            settle(&serde_yaml::from_str(file).unwrap(), UiOptions::default(), &environment).pager
        };
        assert_eq!(pager("ui: {pager: a}", &[("SAYSO_PAGER", "b"), ("PAGER", "c")]), "b");
        assert_eq!(pager("ui: {pager: a}", &[("PAGER", "c")]), "a");
        assert_eq!(pager("{}", &[("PAGER", "c")]), "c");
        assert_eq!(pager("{}", &[]), "less -FRX");
    }
}
