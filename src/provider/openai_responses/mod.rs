//! The Responses dialect of OpenAI and the servers that have taken it over.

mod items;
mod request;
#[cfg(test)]
mod request_tests;
mod response;
#[cfg(test)]
mod response_tests;
mod wire;

pub use response::ResponsesDecoder;

use self::request::Body;
use crate::provider::accepted::{Accepted, OptionalField};
use crate::provider::decoder::Decode;
use crate::provider::dialect::{Asked, Dialect, KeyPlace, below};
use crate::provider::server::Server;
use crate::provider::{Api, ChatRequest};

/// See [`Dialect`].
pub struct Responses;

pub type OpenAiResponses = Server<Responses>;

impl Dialect for Responses {
    const API: Api = Api::OpenaiResponses;
    const BASE_URL_ENDING: &'static str = "/v1";
    const KEY: KeyPlace = KeyPlace::Bearer;
    const OBJECTS_ONLY: bool = true;
    const OPTIONAL: &'static [OptionalField] = &[OptionalField { name: "include", words: &["encrypted", "include["] }];

    type Body<'a> = Body<'a>;

    fn url(base_url: &str, _: &ChatRequest<'_>) -> String {
        below(base_url, "/responses")
    }

    fn body(asked: Asked<'_>) -> Body<'_> {
        Body(asked)
    }

    /// OpenAI refuses to encrypt the thoughts of models that have none.
    fn known(host: &str, model: &str) -> Accepted {
        let has_no_thoughts = ["gpt-3", "gpt-4", "chatgpt-"].iter().any(|start| model.starts_with(start));
        if host == "api.openai.com" && has_no_thoughts {
            return Accepted::default().without("include");
        }
        Accepted::default()
    }

    fn decoder() -> Box<dyn Decode> {
        Box::new(ResponsesDecoder::new())
    }
}
