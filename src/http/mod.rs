//! Transport that knows nothing of language models: one pooled client, SSE framing, retry policy.

mod client;
mod retry;
mod secret;
mod settings;
mod sse;

pub use client::{HttpClient, Lifetime};
pub use retry::{Attempt, RetryPolicy, Verdict, parse_retry_after};
pub use secret::Secret;
pub use settings::{HttpSettings, Roots};
pub use sse::{Frame, SseDecoder, SseError};
