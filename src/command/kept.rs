//! `--once` and `--cache`: an answer that was given before is given again, and of many who want the same one asks.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::context::Context;
use crate::cli::AnswerOptions;
use crate::conversation::{UnixMillis, exit_code, now_ms};
use crate::exit::Failure;
use crate::history::{Found, History, HistorySettings, KeptBy, KeyLock};
use crate::session::{CancelCause, Signals};

/// How often somebody who waits looks whether it is their turn.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// Under which key an answer is looked for, and kept.
pub struct Keeping {
    pub kept_by: KeptBy,
    pub key: String,
    not_before_ms: UnixMillis,
    /// Held while this process asks: the others with the same key wait.
    lock: Option<KeyLock>,
}

/// What came of looking.
pub enum Looked {
    Found(Box<Found>),
    /// This process is the one that asks.
    Missing,
    /// A signal came first.
    Stopped(CancelCause),
}

impl Keeping {
    /// By the user's key, where there is one.
    pub fn once(options: &AnswerOptions) -> Option<Self> {
        let key = options.once.as_ref()?;
        Some(Self { kept_by: KeptBy::Once, key: hash(key), not_before_ms: UnixMillis::MIN, lock: None })
    }

    /// By all that is sent, where answers may be that old. `request`: as it goes out; `wanted`: what of it is wanted.
    pub fn cache(options: &AnswerOptions, request: &str) -> Option<Self> {
        let age = UnixMillis::try_from(options.cache?.as_millis()).unwrap_or(UnixMillis::MAX);
        Some(Self {
            kept_by: KeptBy::Cache,
            key: hash(request),
            not_before_ms: now_ms().saturating_sub(age),
            lock: None,
        })
    }

    /// Looks for the answer. Where it is missing and another process asks for it, waits until that one has it or
    /// has died.
    pub async fn look(
        &mut self,
        settings: &HistorySettings,
        (context, signals): (&mut Context, &mut Signals),
        timeout: Option<Instant>,
    ) -> Result<Looked, Failure> {
        let Some(path) = settings.path.as_deref() else {
            return Err(Failure::config(format!("`--{}` needs a history, and none is kept", self.kept_by.name()))
                .hint("set `chat.storage.type: auto_persist`, and leave out `--no-save`"));
        };
        if let Some(found) = self.found(settings)? {
            return Ok(Looked::Found(Box::new(found)));
        }
        let mut is_told = context.global.verbose == 0;
        loop {
            match KeyLock::try_take(path, self.kept_by, &self.key) {
                Ok(Some(lock)) => self.lock = Some(lock),
                // Without locks several may ask at once, and that is all.
                Err(_) if self.kept_by == KeptBy::Cache => return Ok(Looked::Missing),
                Err(error) => {
                    let message =
                        format!("`--{}` cannot lock its key beside {}: {error}", self.kept_by.name(), path.display());
                    return Err(Failure::new("history", exit_code::HISTORY, message));
                }
                Ok(None) => {}
            }
            if self.lock.is_some() {
                // Somebody may have had the lock, and the answer, a moment ago.
                let Some(found) = self.found(settings)? else { return Ok(Looked::Missing) };
                self.lock = None;
                return Ok(Looked::Found(Box::new(found)));
            }
            if !std::mem::replace(&mut is_told, true) {
                context.note(&format!("waiting for the process that asks for this `--{}`", self.kept_by.name()));
            }
            let wake = Instant::now() + LOOK_PAUSE;
            tokio::select! {
                cause = signals.next_cause() => return Ok(Looked::Stopped(cause)),
                () = tokio::time::sleep_until(timeout.map_or(wake, |end| end.min(wake)).into()) => {}
            }
            if timeout.is_some_and(|end| Instant::now() >= end) {
                let message =
                    format!("the process that asks for this `--{}` got no answer in time", self.kept_by.name());
                return Err(Failure::new("timeout", exit_code::TIMEOUT, message));
            }
        }
    }

    fn found(&self, settings: &HistorySettings) -> Result<Option<Found>, Failure> {
        let found = History::open_read(settings)
            .and_then(|history| history.kept_answer(self.kept_by, &self.key, self.not_before_ms));
        match (found, self.kept_by) {
            (Ok(found), _) => Ok(found),
            // A history that cannot be read is told by who writes it; the answer is asked for anew.
            (Err(_), KeptBy::Cache) => Ok(None),
            (Err(error), KeptBy::Once) => Err(Failure { exit: exit_code::HISTORY, ..error.into() }),
        }
    }
}

/// Keys can hold what nobody else is to read.
fn hash(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}
