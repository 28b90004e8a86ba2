//! Doors for the fuzz targets, the benches and the integration tests. No promise is made about them.

use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;

use crate::config::{Environment, Source, load_source};

pub use crate::conversation::{
    ConversationId, IdSource, Message, MessageId, ReasoningKind, ReplyBuilder, Role, StopReason, StreamEvent, ToolCall,
    Usage, is_hidden,
};
pub use crate::history::{DeltaKind, DeltaPersistence, Entry, FlushOutcome, HistorySettings, Journal};
pub use crate::http::{Frame, SseDecoder, SseError};
pub use crate::provider::openai_chat::{ChatDecoder, ThinkTags};
pub use crate::provider::{ErrorKind, ProviderError, explain_error_body};
pub use crate::session::{Flushed, Frontend, TurnEvent};
pub use crate::terminal::{
    JsonFormat, JsonView, Mode, OutputSettings, PlainView, ReplyView, Sanitizer, Screen, TermSafe, TermSafeBuf,
    ViewSettings,
};

/// What is wrong with the text of a configuration file, as `sayso config check` tells it.
pub fn check_config(text: &str) -> Result<(), String> {
    let source = Source { path: PathBuf::from("config.yaml"), text: text.to_owned(), mode: Some(0o600) };
    let environment = Environment::from_pairs([("KEY", "sk-0123456789abcdef"), ("EMPTY", "")]);
    load_source(&source, &environment).map(drop).map_err(|error| error.to_string())
}

/// A screen whose two streams go nowhere, and are no terminal.
pub fn null_screen() -> io::Result<Screen> {
    let null = || OpenOptions::new().write(true).open("/dev/null");
    Ok(Screen::on_files(null()?.into(), null()?.into(), OutputSettings::default()))
}
