//! How soon the stream of a remote server is opened again: one that says nothing is not asked for more in a hurry.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Between two openings, whatever the server asks for.
pub(super) const WAIT_MIN_MS: u64 = 500;
pub(super) const WAIT_MIN: Duration = Duration::from_millis(WAIT_MIN_MS);

const WAIT_MAX: Duration = Duration::from_secs(30);

/// The openings of the stream that belongs to no request.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Openings>);

#[derive(Debug, Default)]
struct Openings {
    /// In a row, without an event.
    silent: u32,
    last: Option<Instant>,
}

impl Pace {
    /// Waits until it may be opened once more. Until an event comes, it counts as one without.
    pub(super) async fn turn(&self) {
        let due = self.look(|openings| openings.due(Instant::now()));
        tokio::time::sleep_until(due).await;
    }

    /// An event has come.
    pub(super) fn heard(&self) {
        self.look(|openings| openings.silent = 0);
    }

    fn look<T>(&self, look: impl FnOnce(&mut Openings) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Openings {
    /// A stream that was open for long may be opened again at once.
    fn due(&mut self, now: Instant) -> Instant {
        let due = self.last.map_or(now, |last| now.max(last + wait(self.silent)));
        self.silent = self.silent.saturating_add(1);
        self.last = Some(due);
        due
    }
}

fn wait(silent: u32) -> Duration {
    let factor = 2_u32.saturating_pow(silent.saturating_sub(1));
    WAIT_MIN.saturating_mul(factor).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_asked_again_ever_later_and_an_event_makes_up_for_it() {
        let mut openings = Openings::default();
        let mut now = Instant::now();
        let mut gaps = Vec::new();
        for _ in 0..10 {
            let due = openings.due(now);
            gaps.push((due - now).as_millis());
            now = due;
        }
        assert_eq!(gaps, [0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        openings.silent = 0;
        assert_eq!(openings.due(now) - now, WAIT_MIN);
        let later = now + Duration::from_secs(60);
        assert_eq!(openings.due(later), later);
    }
}
