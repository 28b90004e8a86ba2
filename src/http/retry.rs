//! Whether a failed request is tried again, and after how long. Pure: the caller waits.

use std::time::Duration;

/// What is known of the request that failed.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// 1 for the first request.
    pub number: u32,
    /// What the server asked for.
    pub retry_after: Option<Duration>,
    /// The server's `x-should-retry`; it wins over the class of the error.
    pub should_retry: Option<bool>,
    /// Whether this class of error can pass by itself.
    pub is_transient: bool,
    /// A random number in 0.0..1.0, for the jitter.
    pub jitter: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wait(Duration),
    Stop,
    /// The server asks for a longer wait than [`RetryPolicy::RETRY_AFTER_MAX`].
    TooLong(Duration),
}

#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Requests after the first one.
    pub retries_max: u32,
}

impl RetryPolicy {
    /// Longer waits are left to the person.
    pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

    #[must_use]
    pub fn verdict(&self, attempt: &Attempt) -> Verdict {
        let _ = attempt;
        Verdict::Stop
    }
}
