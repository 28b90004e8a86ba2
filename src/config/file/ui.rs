//! The section `ui`: how things look and feel.

use std::collections::BTreeMap;

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
    /// What that line tells.
    pub usage_parts: Vec<UsagePart>,
    /// What stands before the cursor.
    pub prompt: Vec<PromptPart>,
    /// The keys of the prompt.
    pub editing: Editing,
    /// Keys of your own, as in `ctrl-o: newline`.
    pub keys: BTreeMap<String, KeyAction>,
    /// Show a long paste as one label; all of it is sent.
    pub fold_pastes: bool,
    /// Where /copy puts a text.
    pub clipboard: Clipboard,
    /// Prompts and commands that `/macro NAME` runs in order.
    pub macros: BTreeMap<String, Vec<String>>,
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
            usage_parts: UsagePart::ALL.to_vec(),
            prompt: vec![PromptPart::Model, PromptPart::Name, PromptPart::Marks],
            editing: Editing::Emacs,
            keys: BTreeMap::new(),
            fold_pastes: true,
            clipboard: Clipboard::Auto,
            macros: BTreeMap::new(),
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

/// One part of the line after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsagePart {
    /// Tokens in and out, and how many of them were cached or reasoning.
    Tokens,
    /// In dollars, where the price is known.
    Cost,
    /// How long the turn took.
    Time,
    /// Tokens per second.
    Speed,
    /// How full the context is.
    Context,
}

impl UsagePart {
    pub const ALL: [Self; 5] = [Self::Tokens, Self::Cost, Self::Time, Self::Speed, Self::Context];
}

/// One part of the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptPart {
    Provider,
    /// The model; `demo` for the built-in one.
    Model,
    /// The name of the conversation, where it has one.
    Name,
    /// `unsaved` where nothing is kept.
    Marks,
}

/// Where a copied text goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clipboard {
    /// A program of this desktop where there is one, else the terminal.
    #[default]
    Auto,
    /// The terminal (OSC 52), also across SSH.
    Terminal,
    /// wl-copy, xclip, xsel or pbcopy.
    Program,
    /// Nowhere: /copy is refused.
    Off,
}

/// What a key of the prompt does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyAction {
    /// The key does nothing.
    Nothing,
    /// Send the line.
    Send,
    Newline,
    /// Open the line in your editor.
    Editor,
    Complete,
    /// Take the dim text over.
    TakeHint,
    /// The earlier prompt that begins with what stands before the cursor.
    Earlier,
    Later,
    /// Search earlier prompts.
    Search,
    ClearScreen,
    Undo,
    LineStart,
    LineEnd,
    WordLeft,
    WordRight,
    DeleteWord,
    DeleteToStart,
    DeleteToEnd,
    /// Put back what was deleted last.
    Yank,
    /// Clear the line, or leave: as Ctrl-C.
    Interrupt,
}
