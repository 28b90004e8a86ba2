//! The one reader of the wall clock; everything else is handed the time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00Z. Shown to people, never used for order.
pub type UnixMillis = i64;

/// The wall-clock time. A clock before 1970 reads as 0.
#[must_use]
pub fn now_ms() -> UnixMillis {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// RFC 3339 in UTC with three digits of fraction, so that times sort as text; `None` where no calendar holds the time.
#[must_use]
pub fn rfc3339(time: UnixMillis) -> Option<String> {
    jiff::Timestamp::from_millisecond(time).ok().map(|time| format!("{time:.3}"))
}
