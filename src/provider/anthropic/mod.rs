//! The Messages dialect of Anthropic.

mod blocks;
mod conversation;
mod request;
#[cfg(test)]
mod request_tests;
mod response;
#[cfg(test)]
mod response_tests;
mod wire;

pub use response::MessagesDecoder;

use self::request::Body;
use crate::provider::accepted::{Accepted, OptionalField};
use crate::provider::decoder::Decode;
use crate::provider::dialect::{Asked, Dialect, KeyPlace, below};
use crate::provider::server::Server;
use crate::provider::{Api, ChatRequest};

/// See [`Dialect`].
pub struct Messages;

pub type Anthropic = Server<Messages>;

impl Dialect for Messages {
    const API: Api = Api::Anthropic;
    const BASE_URL_ENDING: &'static str = "/v1";
    const KEY: KeyPlace = KeyPlace::Header("x-api-key");
    const HEADERS: &'static [(&'static str, &'static str)] = &[("anthropic-version", "2023-06-01")];
    const OPTIONAL: &'static [OptionalField] = &[OptionalField { name: "cache_control", words: &["cache_control"] }];

    type Body<'a> = Body<'a>;

    fn url(base_url: &str, _: &ChatRequest<'_>) -> String {
        below(base_url, "/messages")
    }

    fn body(asked: Asked<'_>) -> Body<'_> {
        Body(asked)
    }

    fn known(_: &str, _: &str) -> Accepted {
        Accepted::default()
    }

    fn decoder() -> Box<dyn Decode> {
        Box::new(MessagesDecoder::new())
    }
}
