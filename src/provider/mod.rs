//! Dialects of model APIs: a request goes out, the events of [`crate::conversation::StreamEvent`] come back.

mod accepted;
pub mod anthropic;
mod call_ids;
mod catalog;
mod connect;
mod content;
pub mod decoder;
#[cfg(test)]
mod decoder_tests;
pub mod demo;
mod dialect;
mod error;
mod error_context;
mod event_stream;
mod facts;
pub mod gemini;
mod http_error;
#[cfg(test)]
mod http_error_tests;
mod json_repair;
mod learnt;
mod models;
mod once;
pub mod openai_chat;
pub mod openai_responses;
mod pace;
mod quirks;
mod replay_parts;
mod request_body;
mod server;
mod settings;
#[cfg(test)]
mod test_requests;
mod token_details;
mod tolerant;
mod turns;

use std::future::Future;
use std::pin::Pin;

pub use crate::http::{Attempt, RetryPolicy, Verdict};
pub use catalog::{Ability, KnownModel, catalog, known_model};
pub use connect::{connect, open_record, recorded_api};
pub use content::Images;
pub use error::{ErrorKind, ProviderError};
pub use event_stream::{EventStream, Pumped};
pub use facts::{ModelFacts, Price};
#[doc(hidden)]
pub use http_error::explain_error_body;
pub use learnt::remember_in;
#[doc(hidden)]
pub use models::read_models;
pub use models::{Fetched, ModelCache, cached_facts, fetch_models};
pub use pace::{Pace, Paced};
pub use settings::{Api, KEY_LEFT_OUT, ModelParameters, ProviderSettings, RecordSettings};

use crate::conversation::{AnswerFormat, Message, ToolChoice, ToolSpec};

/// All that a provider needs to know for one reply.
#[derive(Clone, Debug)]
pub struct ChatRequest<'a> {
    pub model: &'a str,
    pub system: Option<&'a str>,
    /// Oldest first; ends with a user's message or the result of a tool.
    pub messages: &'a [Message],
    pub tools: &'a [ToolSpec],
    pub tool_choice: &'a ToolChoice,
    pub parameters: &'a ModelParameters,
    pub images: Images,
    /// The form of the answer: asked for in the way of the API, or in words where it has none.
    pub answer: Option<&'a AnswerFormat>,
    /// False asks for the whole answer at once (`--no-stream`).
    pub stream: bool,
}

impl<'a> ChatRequest<'a> {
    /// Streamed, without tools and in no form; its images are sent.
    #[must_use]
    pub const fn new(model: &'a str, messages: &'a [Message], parameters: &'a ModelParameters) -> Self {
        Self {
            model,
            system: None,
            messages,
            tools: &[],
            tool_choice: &ToolChoice::Auto,
            parameters,
            images: Images::Sent,
            answer: None,
            stream: true,
        }
    }
}

/// What became of a request on its way out, for the person who made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderNote {
    /// Something that the person has set is left out from now on; the rest is for the curious.
    pub is_news: bool,
    /// One line. It can hold names of fields that the person has chosen.
    pub message: String,
}

/// A boxed future, because a trait object cannot have an `async fn`; one per request.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<EventStream, ProviderError>> + 'a>>;

/// A dialect of a model API with an account.
pub trait Provider {
    /// The request as `--dry-run` shows it: method, URL, headers (the key redacted), body.
    fn describe(&self, request: &ChatRequest<'_>) -> String;

    /// Sends the request and waits for the head of the response. One try; retries are the caller's.
    fn open<'a>(&'a self, request: &'a ChatRequest<'a>) -> Opening<'a>;

    /// Opens a connection ahead of the first request, where there is one to open.
    fn prewarm(&self);

    /// What the last request that was opened left out or wrote otherwise; each note is given once.
    fn take_notes(&self) -> Vec<ProviderNote> {
        Vec::new()
    }

    /// Whether time has to pass between two tries: a record that is played at once has nothing to recover.
    fn waits_between_tries(&self) -> bool {
        true
    }

    /// What replies of `model` name in [`crate::conversation::Replay::origin`]: their extra fields
    /// are given back to the same origin only.
    fn replay_origin(&self, model: &str) -> String {
        model.to_owned()
    }
}
