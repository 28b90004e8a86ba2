//! The chat-completions dialect of OpenAI and every compatible server.

#[cfg(test)]
mod provider_tests;
mod replay;
mod request;
#[cfg(test)]
mod request_tests;
mod response;
#[cfg(test)]
mod response_tests;
mod think;
mod tool_calls;
mod wire;

pub use response::{ChatDecoder, ThinkTags};

use self::request::Body;
use crate::provider::accepted::{Accepted, OptionalField, RESULT_IMAGES};
use crate::provider::call_ids::CallIdForm;
use crate::provider::decoder::Decode;
use crate::provider::dialect::{Asked, Dialect, KeyPlace, below};
use crate::provider::quirks::quirks_of;
use crate::provider::server::Server;
use crate::provider::{Api, ChatRequest};

/// See [`Dialect`].
pub struct ChatCompletions;

pub type OpenAiChat = Server<ChatCompletions>;

impl Dialect for ChatCompletions {
    const API: Api = Api::OpenaiChat;
    const BASE_URL_ENDING: &'static str = "/v1";
    const KEY: KeyPlace = KeyPlace::Bearer;
    const OBJECTS_ONLY: bool = true;
    const OPTIONAL: &'static [OptionalField] = &[
        OptionalField { name: "stream_options", words: &["stream_options", "include_usage"] },
        OptionalField { name: "cache_control", words: &["cache_control"] },
        // They follow the results in a message of the user, which some servers take no images in, and some not there.
        OptionalField {
            name: RESULT_IMAGES,
            words: &["image", "vision", "multimodal", "multi-modal", "mmproj", "a string", "after role", "alternat"],
        },
    ];

    type Body<'a> = Body<'a>;

    fn url(base_url: &str, _: &ChatRequest<'_>) -> String {
        below(base_url, "/chat/completions")
    }

    fn body(asked: Asked<'_>) -> Body<'_> {
        Body(asked)
    }

    fn known(host: &str, model: &str) -> Accepted {
        let quirks = quirks_of(host);
        let wants_marks = quirks.marked_models.iter().any(|beginning| model.starts_with(beginning));
        let known = Accepted { wants_marks, ..Accepted::of(&quirks) };
        match host {
            "api.mistral.ai" => Accepted { call_ids: CallIdForm::Nine, ..known.without(RESULT_IMAGES) },
            _ => known,
        }
    }

    fn decoder() -> Box<dyn Decode> {
        Box::new(ChatDecoder::new(ThinkTags::AreReasoning))
    }
}
