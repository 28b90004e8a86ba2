//! What tells the dialects apart: an address, a header, a body, a decoder.

use std::fmt::Write;

use serde::Serialize;

use super::accepted::{Accepted, OptionalField};
use super::decoder::Decode;
use super::{Api, ChatRequest};
use crate::conversation::Role;
use crate::http::Secret;

/// A request, with all that its body depends on.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub request: &'a ChatRequest<'a>,
    /// Names this provider in [`crate::conversation::Replay`].
    pub origin: &'a str,
    pub accepted: &'a Accepted,
}

impl Asked<'_> {
    /// Whether the server is to keep the prompt, where it does so by marks. That costs a quarter more once and saves
    /// nine tenths each time it comes again: worth it from the second request of a conversation on, which shows that
    /// it goes on.
    pub fn is_worth_keeping(&self) -> bool {
        let Self { request, accepted, .. } = self;
        !accepted.leaves_out("cache_control")
            && !request.parameters.extra.contains_key("cache_control")
            && request.messages.iter().any(|message| message.role == Role::Assistant)
    }
}

/// Where the key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// `Authorization: Bearer …`
    Bearer,
    Header(&'static str),
}

/// How one kind of API is spoken. Stateless: all of it is decided by the arguments.
pub trait Dialect {
    const API: Api;
    /// How a base URL of this API usually ends, for a hint.
    const BASE_URL_ENDING: &'static str;
    const KEY: KeyPlace;
    /// Headers of every request.
    const HEADERS: &'static [(&'static str, &'static str)] = &[];

    /// Whether a schema for the answer has to be that of an object.
    const OBJECTS_ONLY: bool = false;

    /// Fields that are sent where nobody asked for them.
    const OPTIONAL: &'static [OptionalField] = &[];

    type Body<'a>: Serialize;

    /// Where `request` goes.
    fn url(base_url: &str, request: &ChatRequest<'_>) -> String;

    fn body(asked: Asked<'_>) -> Self::Body<'_>;

    /// What is known of servers before they have refused anything.
    fn known(host: &str, model: &str) -> Accepted;

    fn decoder() -> Box<dyn Decode>;
}

impl KeyPlace {
    /// The header for the key, where it is not the bearer's.
    pub fn header(self, key: &Secret) -> Option<(String, String)> {
        match self {
            Self::Bearer => None,
            Self::Header(name) => Some((name.to_owned(), key.expose().to_owned())),
        }
    }
}

/// `path` below the base URL, before its query; once, where the base URL ends in it already.
pub fn below(base_url: &str, path: &str) -> String {
    let (base, query) = match base_url.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (base_url, String::new()),
    };
    let base = base.trim_end_matches('/');
    let base = base.strip_suffix(path).unwrap_or(base);
    format!("{base}{path}{query}")
}

/// `text` as a part of a path: what could end the path or begin another one is escaped.
pub fn escaped(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/@".contains(&byte);
    let mut path = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}
