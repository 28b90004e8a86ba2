//! How things look: the one owner of stdout and stderr, and the views of a turn.

#[cfg(test)]
mod hostile_text_tests;
mod output;
mod sanitize;
mod screen;
mod settings;
mod status_row;
mod term_safe;

pub use sanitize::{Mode, Sanitizer, is_hidden};
pub use screen::{Screen, Stream};
pub use settings::{ColorChoice, OutputSettings, Thinking, ToolNotice, ViewSettings};
pub use status_row::{RowStyle, RowTime};
pub use term_safe::{Color, Style, TermSafe, TermSafeBuf};
