//! The streams that are asked of a remote server: how fast one after the other, and whether one is on its way.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Openings in a row that cost no wait: streams of calls that go on after a break are among them.
const BURST: u32 = 16;

/// Between two openings beyond that. A server may ask for no pause at all, and end each stream at once.
const WAIT: Duration = Duration::from_millis(500);

/// For a stream that is on its way. Some servers say nothing on it, not even that it stands, before there is something
/// to be told.
const SETTLE_MAX: Duration = Duration::from_secs(1);

/// The streams of one server.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// When all openings so far have had their wait (a token bucket).
    paid: Mutex<Option<Instant>>,
    opening: watch::Sender<usize>,
}

impl Streams {
    /// Opens one, as soon as that is due.
    pub(super) async fn open<T>(&self, opening: impl Future<Output = T>) -> T {
        let now = Instant::now();
        let due = due(&mut self.paid.lock().unwrap_or_else(PoisonError::into_inner), now);
        // Not even the millisecond that a timer takes: the first one is there before the first call, or nearly so.
        if due > now {
            tokio::time::sleep_until(due).await;
        }
        let _underway = Underway::new(&self.opening);
        opening.await
    }

    /// Waits a moment for those that are on their way: whether one came of it or not.
    pub(super) async fn settled(&self) {
        let mut opening = self.opening.subscribe();
        let _ = tokio::time::timeout(SETTLE_MAX, opening.wait_for(|count| *count == 0)).await;
    }
}

/// When one more may be opened.
fn due(paid: &mut Option<Instant>, now: Instant) -> Instant {
    let start = paid.map_or(now, |paid| paid.max(now));
    *paid = Some(start + WAIT);
    // Some clocks begin with the machine: there may be no time so long ago.
    start.checked_sub(WAIT * (BURST - 1)).map_or(now, |due| due.max(now))
}

/// A stream that is asked for, until there is an answer or nobody waits for it any more.
struct Underway<'a>(&'a watch::Sender<usize>);

impl<'a> Underway<'a> {
    fn new(opening: &'a watch::Sender<usize>) -> Self {
        opening.send_modify(|count| *count += 1);
        Self(opening)
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_opened_at_once_and_more_one_after_the_other() {
        let (mut paid, mut now) = (None, Instant::now());
        let start = now;
        for number in 0..BURST + 3 {
            now = due(&mut paid, now);
            assert_eq!(now - start, WAIT * number.saturating_sub(BURST - 1), "{number}");
        }
        // A stream that was open for long may be opened again at once.
        let later = now + WAIT * BURST;
        assert!((0..BURST).all(|_| due(&mut paid, later) == later));
        assert_eq!(due(&mut paid, later), later + WAIT);
    }
}
