//! When the work behind the scenes is done: while nobody waits, one short step at a time.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::compress::compress_some;
use super::prune::{Pruning, find_doomed};
use super::space::{give_back, is_worth_tidying, tidy_index};
use super::state::{self, LOOKED_MS};
use crate::conversation::{ConversationId, UnixMillis, now_ms};
use crate::history::owner::Owners;
use crate::history::{HistoryError, UpkeepSettings};

/// After a failure nothing is tried for so long.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);

#[derive(Debug)]
enum Work {
    Look,
    Prune(Pruning),
    Index { is_first: bool },
    Compress,
    GiveBack,
}

/// The upkeep of one process. Several of them share the time of the last look.
#[derive(Debug)]
pub struct Upkeeper {
    settings: UpkeepSettings,
    /// When to begin; `None`: there is nothing to do, ever.
    next: Option<Instant>,
    work: Work,
}

impl Upkeeper {
    pub fn new(settings: UpkeepSettings) -> Self {
        let next = settings.is_set().then(Instant::now);
        Self { settings, next, work: Work::Look }
    }

    /// How long until there is something to do.
    pub fn wait(&self) -> Option<Duration> {
        self.next.map(|next| next.saturating_duration_since(Instant::now()))
    }

    /// Does one step, with a lock of 50 ms at most. Returns a text where a person should know
    /// what went wrong.
    pub fn step(
        &mut self,
        connection: &mut Connection,
        owners: &Owners,
        own: Option<&ConversationId>,
    ) -> Option<String> {
        match self.try_step(connection, owners, own) {
            Ok(()) => None,
            Err(error) => {
                self.work = Work::Look;
                self.next = Some(Instant::now() + PAUSE_AFTER_FAILURE.max(self.settings.interval));
                match error {
                    HistoryError::ClockWentBack { .. } => Some(error.to_string()),
                    // A lock or a full disk: the answer's own writes tell it.
                    _ => None,
                }
            }
        }
    }

    fn try_step(
        &mut self,
        connection: &mut Connection,
        owners: &Owners,
        own: Option<&ConversationId>,
    ) -> Result<(), HistoryError> {
        let next = match &mut self.work {
            Work::Look => {
                let now = now_ms();
                match rest_of_interval(state::get(connection, LOOKED_MS)?, now, self.settings.interval) {
                    Some(rest) => {
                        self.next = Some(Instant::now() + rest);
                        None
                    }
                    None => Some(Work::Prune(Pruning::new(find_doomed(
                        connection,
                        Some(owners),
                        own,
                        &self.settings,
                        now,
                    )?))),
                }
            }
            Work::Prune(pruning) => {
                if pruning.step(connection)? {
                    None
                } else if is_worth_tidying(connection, pruning.report.messages)? {
                    Some(Work::Index { is_first: true })
                } else {
                    Some(Work::Compress)
                }
            }
            Work::Index { is_first } => {
                let is_left = tidy_index(connection, *is_first)?;
                Some(if is_left { Work::Index { is_first: false } } else { Work::Compress })
            }
            Work::Compress => {
                let over = self.settings.compress_over_bytes;
                if over > 0 && compress_some(connection, over)? { None } else { Some(Work::GiveBack) }
            }
            Work::GiveBack if give_back(connection)? => None,
            Work::GiveBack => {
                state::set(connection, LOOKED_MS, now_ms())?;
                self.next = Some(Instant::now() + self.settings.interval);
                Some(Work::Look)
            }
        };
        if let Some(next) = next {
            self.work = next;
        }
        Ok(())
    }
}

/// What is left of the interval since the last look. A look in the future was no look.
fn rest_of_interval(looked: Option<UnixMillis>, now: UnixMillis, interval: Duration) -> Option<Duration> {
    let since = u64::try_from(now.checked_sub(looked?)?).ok()?;
    interval.checked_sub(Duration::from_millis(since)).filter(|rest| !rest.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_due_when_the_interval_has_passed_or_the_clock_is_wrong() {
        let rest = |looked, now| rest_of_interval(looked, now, Duration::from_secs(60));
        assert_eq!(rest(None, 5), None);
        assert_eq!(rest(Some(1_000), 11_000), Some(Duration::from_secs(50)));
        assert_eq!(rest(Some(1_000), 61_000), None);
        assert_eq!(rest(Some(90_000), 61_000), None);
        assert_eq!(rest(Some(i64::MIN), i64::MAX), None);
    }
}
