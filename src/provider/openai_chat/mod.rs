//! The chat-completions dialect of OpenAI and every compatible server.

mod provider;
mod replay;
mod request;
mod response;
mod think;
mod tolerant;
mod tool_calls;
mod wire;

pub use provider::OpenAiChat;
pub use response::{ChatDecoder, ThinkTags};
