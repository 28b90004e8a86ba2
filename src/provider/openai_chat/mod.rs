//! The chat-completions dialect of OpenAI and every compatible server.

mod replay;
mod response;
mod think;
mod tolerant;
mod tool_calls;
mod wire;

pub use response::{ChatDecoder, ThinkTags};
