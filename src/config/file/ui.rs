//! The section `ui`: how things look and feel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How things look and feel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ui {
    /// The colours of answers and code: auto, light, dark, ansi, none, or the path of a theme file.
    pub theme: String,
    /// Show the `#` of headings, the marks of lists and the lines of fences as they were written.
    pub theme_markers: bool,
    /// When to use colour; --color and the environment win.
    pub color: ColorChoice,
    /// Whether the reasoning of a model is shown.
    pub thinking: Thinking,
    /// Style Markdown on a terminal; false shows it as it came.
    pub markdown: bool,
    /// A line with tokens and times after each answer, on a terminal.
    pub usage: bool,
    /// Plain words for screen readers: nothing is redrawn.
    pub accessible: bool,
    /// The keys of the prompt.
    pub editing: Editing,
    /// The program for long output; $SAYSO_PAGER, $PAGER or `less -FRX` when left out.
    pub pager: Option<String>,
    /// Tell the terminal where prompts and answers begin (OSC 133), so that it can jump between them.
    pub markers: bool,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            theme: "auto".to_owned(),
            theme_markers: false,
            color: ColorChoice::Auto,
            thinking: Thinking::Hide,
            markdown: true,
            usage: true,
            accessible: false,
            editing: Editing::Emacs,
            pager: None,
            markers: true,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColorChoice {
    /// Where the output is a terminal.
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Thinking {
    #[default]
    Hide,
    Show,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Editing {
    #[default]
    Emacs,
    Vi,
}
