//! The server `shell` stands on the shell and the process groups of Unix. Elsewhere there is none.

use std::time::Duration;

/// The longest that any call may take.
#[must_use]
pub fn answer_max(limit: Duration) -> Duration {
    limit
}
