//! One pace for many requests at a time: whoever is told to wait holds up all, and fewer go out at once afterwards.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::{ChatRequest, ErrorKind, Opening, Provider, ProviderError, ProviderNote, RetryPolicy};

/// How long all wait for a server that is over its limit and does not say until when.
const PAUSE: Duration = Duration::from_secs(1);

/// The pace of all requests to one account. Requests in flight are halved when the server refuses one for its
/// rate, and grow by one again with each round of answers.
#[derive(Debug)]
pub struct Pace {
    state: RefCell<State>,
    changed: Notify,
    in_flight_max: f64,
}

#[derive(Debug)]
struct State {
    limit: f64,
    in_flight: usize,
    paused_until: Option<Instant>,
    /// Requests that were sent before the last cut say nothing new.
    last_cut: Option<Instant>,
    refusals: u64,
}

impl Pace {
    /// At most so many requests at the same time, and at first so many.
    #[must_use]
    pub fn new(in_flight_max: u16) -> Rc<Self> {
        let in_flight_max = f64::from(in_flight_max.max(1));
        let state = State { limit: in_flight_max, in_flight: 0, paused_until: None, last_cut: None, refusals: 0 };
        Rc::new(Self { state: RefCell::new(state), changed: Notify::new(), in_flight_max })
    }

    /// How many requests may be in flight now.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.state.borrow().limit as usize
    }

    /// How often the server has refused a request for its rate.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.state.borrow().refusals
    }

    /// How long everybody waits from now on.
    #[must_use]
    pub fn pause_left(&self) -> Option<Duration> {
        self.state.borrow().paused_until?.checked_duration_since(Instant::now())
    }

    /// Waits until a request may go out. Cancel-safe.
    async fn turn(self: &Rc<Self>) -> Turn {
        loop {
            if let Some(pause) = self.pause_left() {
                tokio::time::sleep(pause).await;
                continue;
            }
            {
                let mut state = self.state.borrow_mut();
                if state.in_flight < state.limit as usize {
                    state.in_flight += 1;
                    return Turn { pace: Rc::clone(self), sent: Instant::now() };
                }
            }
            // One thread: nobody can leave between the look and the wait.
            self.changed.notified().await;
        }
    }

    fn refused(&self, sent: Instant, retry_after: Option<Duration>) {
        let now = Instant::now();
        let mut state = self.state.borrow_mut();
        state.refusals += 1;
        if state.last_cut.is_none_or(|cut| sent > cut) {
            state.limit = (state.limit / 2.0).floor().max(1.0);
            state.last_cut = Some(now);
        }
        // A longer one ends the request, and whoever made it decides about the others.
        let wait = retry_after.unwrap_or(PAUSE).min(RetryPolicy::RETRY_AFTER_MAX);
        state.paused_until = state.paused_until.max(Some(now + wait));
    }

    fn answered(&self) {
        let mut state = self.state.borrow_mut();
        state.limit = (state.limit + 1.0 / state.limit).min(self.in_flight_max);
    }
}

/// One request in flight.
#[derive(Debug)]
pub struct Turn {
    pace: Rc<Pace>,
    sent: Instant,
}

impl Turn {
    /// Tells the pace what became of the request.
    pub(super) fn note(&self, error: &ProviderError) {
        let is_about_rate =
            error.kind == ErrorKind::RateLimited || (error.kind == ErrorKind::Failed && error.retry_after.is_some());
        if is_about_rate {
            self.pace.refused(self.sent, error.retry_after);
        }
    }

    pub(super) fn note_answer(&self) {
        self.pace.answered();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pace.state.borrow_mut().in_flight -= 1;
        self.pace.changed.notify_waiters();
    }
}

/// A provider whose requests keep a pace.
pub struct Paced {
    inner: Rc<dyn Provider>,
    pace: Rc<Pace>,
}

impl Paced {
    #[must_use]
    pub fn new(inner: Rc<dyn Provider>, pace: Rc<Pace>) -> Self {
        Self { inner, pace }
    }
}

impl Provider for Paced {
    fn describe(&self, request: &ChatRequest<'_>) -> String {
        self.inner.describe(request)
    }

    fn open<'a>(&'a self, request: &'a ChatRequest<'a>) -> Opening<'a> {
        Box::pin(async move {
            let turn = self.pace.turn().await;
            match self.inner.open(request).await {
                Ok(stream) => Ok(stream.paced(turn)),
                Err(error) => {
                    turn.note(&error);
                    Err(error)
                }
            }
        })
    }

    fn prewarm(&self) {
        self.inner.prewarm();
    }

    fn take_notes(&self) -> Vec<ProviderNote> {
        self.inner.take_notes()
    }

    fn replay_origin(&self, model: &str) -> String {
        self.inner.replay_origin(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(test);
    }

    fn rate_limited(retry_after_ms: u64) -> ProviderError {
        let mut error = ProviderError::new(ErrorKind::RateLimited, "slow down");
        error.retry_after = Some(Duration::from_millis(retry_after_ms));
        error
    }

    #[test]
    fn refusals_of_one_round_halve_the_limit_once() {
        run(async {
            let pace = Pace::new(8);
            let mut turns = Vec::new();
            for _ in 0..8 {
                turns.push(pace.turn().await);
            }
            for turn in &turns {
                turn.note(&rate_limited(40));
            }
            assert_eq!((pace.limit(), pace.refusals()), (4, 8));
            turns.clear();
            let begun = Instant::now();
            let next = pace.turn().await;
            assert!(begun.elapsed() >= Duration::from_millis(30), "{:?}", begun.elapsed());
            next.note(&rate_limited(1));
            assert_eq!(pace.limit(), 2);
        });
    }

    #[test]
    fn answers_let_it_grow_to_where_it_began_and_no_further() {
        let pace = Pace::new(3);
        pace.refused(Instant::now(), Some(Duration::ZERO));
        assert_eq!(pace.limit(), 1);
        pace.answered();
        assert_eq!(pace.limit(), 2);
        (0..100).for_each(|_| pace.answered());
        assert_eq!(pace.limit(), 3);
    }

    #[test]
    fn who_finds_no_room_waits_for_somebody_to_leave() {
        run(async {
            let pace = Pace::new(1);
            let first = pace.turn().await;
            let waiting = tokio::time::timeout(Duration::from_millis(20), pace.turn()).await;
            assert!(waiting.is_err());
            let (next, ()) = tokio::join!(pace.turn(), async {
                tokio::task::yield_now().await;
                drop(first);
            });
            assert_eq!(pace.state.borrow().in_flight, 1);
            drop(next);
            assert_eq!(pace.state.borrow().in_flight, 0);
        });
    }

    #[test]
    fn other_failures_do_not_slow_anybody_down() {
        run(async {
            let pace = Pace::new(4);
            let turn = pace.turn().await;
            turn.note(&ProviderError::new(ErrorKind::Failed, "500"));
            turn.note(&ProviderError::new(ErrorKind::Rejected, "400"));
            assert_eq!((pace.limit(), pace.refusals(), pace.pause_left()), (4, 0, None));
        });
    }
}
