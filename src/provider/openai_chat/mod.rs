//! The chat-completions dialect of OpenAI and every compatible server.

mod dialect;
mod provider;
#[cfg(test)]
mod provider_tests;
mod replay;
mod request;
mod response;
#[cfg(test)]
mod response_tests;
mod think;
mod tolerant;
mod tool_calls;
mod wire;

pub use provider::OpenAiChat;
pub use response::{ChatDecoder, ThinkTags};
