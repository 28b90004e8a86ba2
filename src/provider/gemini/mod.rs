//! The dialect of Google's Gemini API.

mod calls;
mod contents;
mod request;
#[cfg(test)]
mod request_tests;
mod response;
#[cfg(test)]
mod response_tests;
mod wire;

pub use response::GeminiDecoder;

use self::request::Body;
use crate::provider::accepted::Accepted;
use crate::provider::decoder::Decode;
use crate::provider::dialect::{Asked, Dialect, KeyPlace, below, escaped};
use crate::provider::server::Server;
use crate::provider::{Api, ChatRequest};

/// See [`Dialect`].
pub struct GenerateContent;

pub type Gemini = Server<GenerateContent>;

impl Dialect for GenerateContent {
    const API: Api = Api::Gemini;
    const BASE_URL_ENDING: &'static str = "/v1beta";
    const KEY: KeyPlace = KeyPlace::Header("x-goog-api-key");

    type Body<'a> = Body<'a>;

    /// The model is part of the address; `models/` before its name may be written or not.
    fn url(base_url: &str, request: &ChatRequest<'_>) -> String {
        let model = escaped(request.model);
        let folder = if model.contains("odels/") { "" } else { "models/" };
        let method = if request.stream { "streamGenerateContent" } else { "generateContent" };
        let url = below(base_url, &format!("/{folder}{model}:{method}"));
        match (request.stream, url.contains('?')) {
            (true, true) => url + "&alt=sse",
            (true, false) => url + "?alt=sse",
            (false, _) => url,
        }
    }

    fn body(asked: Asked<'_>) -> Body<'_> {
        Body(asked)
    }

    fn known(_: &str, _: &str) -> Accepted {
        Accepted::default()
    }

    fn decoder() -> Box<dyn Decode> {
        Box::new(GeminiDecoder::new())
    }
}
