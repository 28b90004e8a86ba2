//! A key as people write it, and as each shell wants it (pure).

/// What can be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Alt(char),
    Control(char),
    /// From 1 to 12.
    Function(u8),
}

impl Key {
    /// Reads `alt-k`, `ctrl-g` or `f9`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let one = |text: &str| {
            let mut letters = text.chars();
            letters.next().filter(|letter| letter.is_ascii_alphanumeric() && letters.next().is_none())
        };
        if let Some(letter) = text.strip_prefix("alt-") {
            return one(letter).map(Self::Alt);
        }
        if let Some(letter) = text.strip_prefix("ctrl-") {
            // The terminal itself takes these: they end lines, stop and interrupt.
            return one(letter).filter(|c| c.is_ascii_alphabetic() && !"cdijmqsz".contains(*c)).map(Self::Control);
        }
        text.strip_prefix('f')?.parse().ok().filter(|number| (1..=12).contains(number)).map(Self::Function)
    }

    /// What most terminals send for a function key.
    fn sequence(number: u8) -> &'static str {
        const SEQUENCES: [&str; 12] =
            ["OP", "OQ", "OR", "OS", "[15~", "[17~", "[18~", "[19~", "[20~", "[21~", "[23~", "[24~"];
        SEQUENCES[usize::from(number - 1)]
    }

    pub fn bind_in_bash(&self, function: &str) -> String {
        let key = match self {
            Self::Alt(letter) => format!("\\e{letter}"),
            Self::Control(letter) => format!("\\C-{letter}"),
            Self::Function(number) => format!("\\e{}", Self::sequence(*number)),
        };
        let keymaps = if self.is_vi_safe() { "emacs-standard vi-insert" } else { "emacs-standard" };
        keymaps.split(' ').map(|keymap| format!("bind -m {keymap} -x '\"{key}\": {function}'\n")).collect()
    }

    pub fn bind_in_zsh(&self, function: &str) -> String {
        let key = match self {
            Self::Alt(letter) => format!("^[{letter}"),
            Self::Control(letter) => format!("^{}", letter.to_ascii_uppercase()),
            Self::Function(number) => format!("^[{}", Self::sequence(*number)),
        };
        let keymaps = if self.is_vi_safe() { "emacs viins" } else { "emacs" };
        let widget = function.trim_start_matches('_').replace('_', "-");
        keymaps.split(' ').map(|keymap| format!("bindkey -M {keymap} '{key}' {widget}\n")).collect()
    }

    pub fn bind_in_fish(&self, function: &str) -> String {
        let key = match self {
            Self::Alt(letter) => format!("\\e{letter}"),
            Self::Control(letter) => format!("\\c{letter}"),
            Self::Function(number) => format!("\\e{}", Self::sequence(*number)),
        };
        let key = key.replace('[', "\\[").replace('~', "\\~");
        if self.is_vi_safe() {
            return format!("bind {key} {function}\nbind -M insert {key} {function}\n");
        }
        // What is the only mode of emacs is the command mode of vi, and who uses which is known later or changes.
        format!(
            "function {function}_key --on-variable fish_key_bindings
    if contains -- \"$fish_key_bindings\" fish_vi_key_bindings fish_hybrid_key_bindings
        bind -e {key} 2>/dev/null
    else
        bind {key} {function}
    end
end
{function}_key
"
        )
    }

    /// In vi mode Escape and a letter, typed quickly, are the same as Alt and the letter.
    fn is_vi_safe(&self) -> bool {
        !matches!(self, Self::Alt(_))
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn keys_are_read_and_those_of_the_terminal_refused() {
        assert_eq!(Key::parse("alt-k"), Some(Key::Alt('k')));
        assert_eq!(Key::parse("Ctrl-G"), Some(Key::Control('g')));
        assert_eq!(Key::parse("f12"), Some(Key::Function(12)));
        for bad in ["", "k", "alt-", "alt-kk", "alt-'", "ctrl-c", "ctrl-m", "f0", "f13", "alt-;rm"] {
            assert_eq!(Key::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_that_vi_needs_is_bound_for_emacs_only() {
        assert_eq!(Key::Alt('k').bind_in_bash("_sayso_write"), "bind -m emacs-standard -x '\"\\ek\": _sayso_write'\n");
        let zsh = "bindkey -M emacs '^G' sayso-write\nbindkey -M viins '^G' sayso-write\n";
        assert_eq!(Key::Control('g').bind_in_zsh("_sayso_write"), zsh);
        let fish = Key::Alt('k').bind_in_fish("_sayso_write");
        assert!(fish.contains("    else\n        bind \\ek _sayso_write\n"), "{fish}");
        let fish = "bind \\cg _sayso_write\nbind -M insert \\cg _sayso_write\n";
        assert_eq!(Key::Control('g').bind_in_fish("_sayso_write"), fish);
    }
}
