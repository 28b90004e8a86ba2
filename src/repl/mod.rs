//! The REPL's parts: reading lines, slash commands, completion, Ctrl-C.

mod above;
mod attach;
mod background;
mod command_table;
mod completer;
mod completion_source;
mod copy;
mod custom;
mod document;
mod external_editor;
mod input;
mod interrupt;
mod key_bindings;
mod line_helper;
mod line_history;
mod line_reader;
mod multiline;
mod obey;
mod own_commands;
mod paste;
mod phase;
mod print;
mod prompt_history;
mod prompt_line;
#[cfg(test)]
mod pty_tests;
mod role;
mod run;
mod servers;
mod session_settings;
mod slash;
mod suggestions;
mod tree;
mod turn;
mod uri_template;

pub use command_table::help;
pub use completion_source::CompletionSource;
pub use custom::CustomCommands;
pub use external_editor::edit_text;
pub use input::{Editing, Input, InputEvent, InputSettings, PromptText};
pub use interrupt::{CtrlC, PromptAction, TurnAction, TurnPhase};
pub use prompt_history::KnownPrompts;
pub use role::InRole;
pub use run::{Attaching, Hits, Loaded, Repl, ReplUi, Services};
pub use slash::{Command, Entered, ExportImages, ThinkingDisplay, complaint, parse};
pub use tree::unfinished_turn;
