#![doc = include_str!("../ARCHITECTURE.md")]
// The private modules; `pub` inside them is what other layers may use.
mod cli;
mod command;
mod config;
mod conversation;
mod exit;
mod history;
mod http;
mod provider;
mod repl;
mod session;
mod terminal;

pub use command::run::run;

/// What integration tests, benches and the fuzzer reach into. No promise is made about it.
#[doc(hidden)]
pub mod testing {
    pub use crate::conversation::{ReplyBuilder, StopReason, StreamEvent, ToolCall, Usage};
    pub use crate::http::{Frame, SseDecoder, SseError};
    pub use crate::provider::openai_chat::{ChatDecoder, ThinkTags};
    pub use crate::provider::{ErrorKind, ProviderError, explain_error_body};
}
