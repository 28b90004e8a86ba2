//! How things look: the one owner of stdout and stderr, and the views of a turn.

mod answer;
mod asides;
mod batch_line;
mod clipboard;
mod columns;
mod dialogue;
mod error_report;
mod fold;
mod form;
#[cfg(test)]
mod hostile_text_tests;
mod json_lines;
mod json_view;
mod line_view;
mod lines;
mod markdown;
#[cfg(test)]
mod markdown_view_tests;
mod marks;
pub mod mode;
mod output;
mod panic_hook;
mod plain_view;
mod question_text;
mod redraw;
mod reply_view;
mod safe_json;
mod sanitize;
mod screen;
mod settings;
mod status_row;
mod styled_line;
mod taken_view;
mod term_safe;
#[cfg(test)]
mod view_tests;

pub use answer::{Answer, MarkdownSettings};
pub use batch_line::{BATCH_LINE_START, BatchRow, batch_line};
pub use clipboard::{CLIPBOARD_BYTES_MAX, Multiplexer};
pub use columns::Columns;
pub use dialogue::{Dialogue, Said, Turnout};
pub use error_report::{ErrorReport, render_error};
pub use json_lines::events_schema;
pub use json_view::{
    JsonFormat, JsonTurn, JsonView, meta_line, notice_event, result_line_for_error, result_line_for_stop,
};
pub use line_view::LineView;
pub use lines::notice_line;
pub use markdown::{Builtin as BuiltinTheme, Palette, RenderSettings, Theme, parse_theme, render_whole};
pub use marks::Mark;
pub use mode::EchoOff;
pub use panic_hook::install_panic_hook;
pub use plain_view::PlainView;
pub use question_text::question_text;
pub use redraw::print_answer;
pub use reply_view::ReplyView;
pub use sanitize::{Mode, Sanitizer};
pub use screen::{Screen, Stream};
pub use settings::{ColorChoice, OutputSettings, Thinking, ToolNotice, UsageParts, ViewSettings};
pub use status_row::{RowTime, cut};
pub use taken_view::TakenView;
pub use term_safe::{Color, Style, TermSafe, TermSafeBuf};
