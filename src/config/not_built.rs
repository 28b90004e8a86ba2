//! Settings that this version reads and checks but does not act on yet.
//!
//! Silence would be a lie: what would change the answer is an error where it is used.

use crate::provider::Api;

/// Why a dialect cannot be used; `None` where it can.
#[must_use]
pub fn why_not_spoken(api: Api) -> Option<&'static str> {
    match api {
        Api::OpenaiChat | Api::OpenaiResponses | Api::Anthropic | Api::Gemini | Api::Demo => None,
        Api::Replay => Some("this version does not replay recorded streams yet"),
    }
}
