//! What the caller has decided about output, from flags, environment and configuration.

use super::answer::MarkdownSettings;

/// `--color` > `NO_COLOR` > `CLICOLOR_FORCE` > configuration, decided by the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// Styled where the stream is a capable terminal.
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputSettings {
    pub color: ColorChoice,
    /// `TERM=dumb`, or no TERM at all: nothing is redrawn.
    pub term_dumb: bool,
    /// Words for glyphs, nothing redrawn, a line every 30 s while nothing happens.
    pub accessible: bool,
    pub quiet: bool,
    pub verbose: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thinking {
    Show,
    #[default]
    Hide,
}

/// How a call of a tool is announced (`tool_notifications`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolNotice {
    Off,
    Name,
    #[default]
    NameAndArguments,
}

/// What is told after a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageParts {
    pub tokens: bool,
    pub cost: bool,
    pub time: bool,
    pub speed: bool,
    pub context: bool,
}

impl UsageParts {
    pub const ALL: Self = Self { tokens: true, cost: true, time: true, speed: true, context: true };
    pub const NONE: Self = Self { tokens: false, cost: false, time: false, speed: false, context: false };

    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }
}

/// How a turn is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewSettings {
    pub thinking: Thinking,
    pub tool_notice: ToolNotice,
    pub quiet: bool,
    pub verbose: bool,
    /// `--timing`: a line with the times of the turn on stderr.
    pub timing: bool,
    /// What the line at the end of each turn tells; nothing: there is none.
    pub usage: UsageParts,
    pub accessible: bool,
    /// Answers are Markdown and rendered; `None`: they stand as they came.
    pub markdown: Option<MarkdownSettings>,
}
