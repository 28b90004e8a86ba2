//! What the environment tells of the terminal: its colours, its background, whether it takes links. The terminal itself
//! is asked only for its background, and only by the REPL, which knows the reply among what is typed.

use super::env::Environment;
use crate::terminal::Palette;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalKind {
    pub palette: Palette,
    /// `None`: it does not say.
    pub has_light_background: Option<bool>,
    /// It is known to take OSC 8.
    pub hyperlinks: bool,
    /// It is too old for OSC: what it does not know it may print.
    pub is_old: bool,
    /// GNU screen, which answers for the terminal outside and may be shown on several.
    pub is_screen: bool,
}

impl TerminalKind {
    /// Whether it is of use to ask the terminal for its background.
    pub fn can_tell_background(self) -> bool {
        self.has_light_background.is_none() && !self.is_old && !self.is_screen
    }
}

pub fn terminal_kind(environment: &Environment) -> TerminalKind {
    TerminalKind {
        palette: palette(environment),
        has_light_background: has_light_background(environment),
        hyperlinks: takes_hyperlinks(environment),
        is_old: is_old(environment),
        is_screen: environment.text("STY").is_some() && environment.text("TMUX").is_none(),
    }
}

fn palette(environment: &Environment) -> Palette {
    if environment.text("COLORTERM").is_some_and(|value| matches!(value, "truecolor" | "24bit")) {
        return Palette::True;
    }
    let term = environment.text("TERM").unwrap_or_default();
    let is_known = ["256color", "direct", "kitty", "ghostty", "alacritty", "foot", "wezterm"]
        .iter()
        .any(|part| term.contains(part));
    if is_known || environment.text("TERM_PROGRAM").is_some() { Palette::Table } else { Palette::Sixteen }
}

/// `COLORFGBG` is the text's colour and the background's, of the sixteen.
fn has_light_background(environment: &Environment) -> Option<bool> {
    let background: u8 = environment.text("COLORFGBG")?.rsplit(';').next()?.parse().ok()?;
    match background {
        0..=6 | 8 => Some(false),
        7 | 9..=15 => Some(true),
        _ => None,
    }
}

fn takes_hyperlinks(environment: &Environment) -> bool {
    let term = environment.text("TERM").unwrap_or_default();
    // What is in between passes on what it knows, and not every version knows links.
    if environment.text("TMUX").is_some() || term.starts_with("screen") || term.starts_with("tmux") {
        return false;
    }
    let program = environment.text("TERM_PROGRAM").unwrap_or_default();
    let is_program = matches!(program, "iTerm.app" | "WezTerm" | "vscode" | "ghostty" | "rio" | "Tabby");
    let is_term = ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "contour"]
        .iter()
        .any(|name| term.starts_with(name));
    let is_vte =
        environment.text("VTE_VERSION").and_then(|version| version.parse::<u32>().ok()).is_some_and(|v| v >= 5000);
    let is_konsole = environment
        .text("KONSOLE_VERSION")
        .and_then(|version| version.parse::<u32>().ok())
        .is_some_and(|v| v >= 201_200);
    is_program || is_term || is_vte || is_konsole || environment.text("WT_SESSION").is_some()
}

/// Terminals of hardware, serial lines and consoles.
fn is_old(environment: &Environment) -> bool {
    let term = environment.text("TERM").unwrap_or_default();
    let is_numbered = term.strip_prefix("vt").is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_digit()));
    is_numbered || ["ansi", "linux", "cons25", "sun"].contains(&term)
}

#[cfg(test)]
mod tests {
    use super::{Environment, Palette, TerminalKind, terminal_kind};

    fn kind(variables: &[(&str, &str)]) -> TerminalKind {
        terminal_kind(&Environment::from_pairs(variables.iter().copied()))
    }

    #[test]
    fn colours_are_those_that_are_told() {
        for (variables, expected) in [
            (&[("TERM", "xterm"), ("COLORTERM", "truecolor")][..], Palette::True),
            (&[("TERM", "xterm-256color")], Palette::Table),
            (&[("TERM", "xterm"), ("TERM_PROGRAM", "Apple_Terminal")], Palette::Table),
            (&[("TERM", "linux")], Palette::Sixteen),
            (&[], Palette::Sixteen),
        ] {
            assert_eq!(kind(variables).palette, expected, "{variables:?}");
        }
    }

    #[test]
    fn the_background_is_known_where_it_is_told() {
        for (value, expected) in
            [("15;0", Some(false)), ("0;15", Some(true)), ("0;default;7", Some(true)), ("x", None), ("0;99", None)]
        {
            assert_eq!(kind(&[("COLORFGBG", value)]).has_light_background, expected, "{value}");
        }
        assert_eq!(kind(&[]).has_light_background, None);
    }

    #[test]
    fn an_old_terminal_is_told_by_its_name() {
        let told = ["vt100", "vt220", "linux", "ansi", "vte-256color", "xterm", "dumb", ""];
        let expected = [true, true, true, true, false, false, false, false];
        assert_eq!(told.map(|term| kind(&[("TERM", term)]).is_old), expected);
    }

    #[test]
    fn links_go_only_to_terminals_that_are_known_to_take_them() {
        let taken =
            [("TERM_PROGRAM", "WezTerm"), ("TERM", "xterm-kitty"), ("VTE_VERSION", "7600"), ("WT_SESSION", "x")];
        for variable in taken {
            assert!(kind(&[variable]).hyperlinks, "{variable:?}");
            assert!(!kind(&[variable, ("TMUX", "/tmp/x")]).hyperlinks, "{variable:?}");
        }
        for variable in [("TERM", "xterm-256color"), ("TERM_PROGRAM", "Apple_Terminal"), ("VTE_VERSION", "4000")] {
            assert!(!kind(&[variable]).hyperlinks, "{variable:?}");
        }
    }
}
