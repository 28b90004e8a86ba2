//! Exchanges with a model API, kept in a file byte for byte and played again without a network.
//!
//! A record holds JSON Lines: who was asked what, the head of the response, each part of its body as it came off the
//! socket with its time, and how it ended. Played, the parts take the way that bytes of a socket take.

mod format;
mod player;
mod recorder;
mod redacted_parts;

pub use player::{Pace, Player};
pub use recorder::{Recorder, Tape};

pub(super) use player::{Playback, Played};

/// Who is asked for what. Only requests that say so are recorded and played.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Asked {
    /// The name in the configuration.
    pub provider: String,
    /// The dialect, as in `openai_chat`.
    pub api: String,
    /// Without its query, which can hold a key.
    pub base_url: String,
    pub model: String,
}

/// A record takes no more than this: 256 MiB.
const RECORD_BYTES_MAX: u64 = 256 << 20;

/// Headers of a response that change what is made of it.
const KEPT_HEADERS: [&str; 9] = [
    "content-type",
    "location",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "x-generation-id",
    "x-request-id",
    "x-should-retry",
    "apim-request-id",
];
