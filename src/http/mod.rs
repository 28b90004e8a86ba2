//! Transport that knows nothing of language models: one pooled client, SSE framing, retry policy.

mod address;
mod bare;
mod client;
#[cfg(test)]
mod client_tests;
mod error;
mod names;
mod prewarm;
mod recording;
mod redact;
mod retry;
mod secret;
mod settings;
mod sse;
#[cfg(test)]
mod sse_peer_tests;
mod tls;

pub use address::{Reach, reach_of};
pub use bare::{BareUse, bare_client, visiting_client};
pub use client::{HttpClient, HttpRequest, HttpResponse, Lifetime, Tap, is_loopback_host, is_loopback_url};
pub use error::{HttpError, HttpErrorKind};
pub use recording::{Asked, Pace, Player, Recorder, Tape};
pub use redact::{Keys, remember_key};
pub use retry::{Attempt, RetryPolicy, Verdict, parse_retry_after, wait_in_words};
pub use secret::Secret;
pub use settings::{HttpSettings, Roots};
pub use sse::{Frame, SseDecoder, SseError};
