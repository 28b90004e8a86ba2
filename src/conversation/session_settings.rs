//! What a running session shows of its settings, and the changes that are asked of it: a shared, plain handle.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Changes that wait for the session.
const REQUESTS_MAX: usize = 32;
/// Refusals that are remembered, the oldest forgotten first.
const REFUSALS_MAX: usize = 8;

/// The settings of a session as they are now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionSettings {
    /// `provider:model`.
    pub model: String,
    /// `None`: the provider's own.
    pub temperature: Option<f64>,
    /// Tokens of the answer; `None`: the provider's own limit.
    pub max_tokens: Option<u64>,
    pub system_prompt: Option<String>,
    /// Whether tools are offered to the model.
    pub uses_tools: bool,
}

/// One change, already checked for what can be checked without the session.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingsChange {
    /// As it would be typed after `/model`.
    Model(String),
    /// `None`: back to the provider's own.
    Temperature(Option<f64>),
    MaxTokens(Option<u64>),
    SystemPrompt(Option<String>),
    UsesTools(bool),
}

/// Why a change is not even queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestRefused {
    #[error("no session is at work here")]
    NoSession,
    #[error("{REQUESTS_MAX} changes wait already")]
    TooMany,
}

/// Clones are the same handle. The session publishes and takes; the server `settings` shows and requests.
#[derive(Clone, Debug, Default)]
pub struct SharedSettings(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    current: Option<SessionSettings>,
    requests: Vec<SettingsChange>,
    refusals: Vec<String>,
}

impl SharedSettings {
    /// The session says what its settings are: at its start and after every change.
    pub fn publish(&self, current: SessionSettings) {
        self.inner().current = Some(current);
    }

    /// What was published last; `None` where no session is at work, as in `sayso mcp serve`.
    #[must_use]
    pub fn show(&self) -> Option<SessionSettings> {
        self.inner().current.clone()
    }

    /// Asks for changes, all of them or none. They count when the session takes them, after the tool round.
    pub fn request(&self, changes: Vec<SettingsChange>) -> Result<(), RequestRefused> {
        let mut inner = self.inner();
        if inner.current.is_none() {
            return Err(RequestRefused::NoSession);
        }
        if inner.requests.len() + changes.len() > REQUESTS_MAX {
            return Err(RequestRefused::TooMany);
        }
        inner.requests.extend(changes);
        Ok(())
    }

    /// What was asked for since the last time, in order. The session calls this after every tool round.
    #[must_use]
    pub fn take_requests(&self) -> Vec<SettingsChange> {
        std::mem::take(&mut self.inner().requests)
    }

    /// The session could not do it: whoever looks at the settings next is told why.
    pub fn refuse(&self, reason: String) {
        let mut inner = self.inner();
        if inner.refusals.len() == REFUSALS_MAX {
            inner.refusals.remove(0);
        }
        inner.refusals.push(reason);
    }

    /// What could not be done, each reason once.
    #[must_use]
    pub fn take_refusals(&self) -> Vec<String> {
        std::mem::take(&mut self.inner().refusals)
    }

    /// Nothing in here can be half done, so a panic elsewhere spoils nothing.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_taken_once_and_in_order() {
        let shared = SharedSettings::default();
        assert_eq!(shared.request(vec![SettingsChange::UsesTools(false)]), Err(RequestRefused::NoSession));
        shared.publish(SessionSettings { model: "demo:tour".into(), ..SessionSettings::default() });
        let changes = vec![SettingsChange::Temperature(Some(0.5)), SettingsChange::Model("demo:echo".into())];
        shared.clone().request(changes.clone()).unwrap();
        assert_eq!(shared.take_requests(), changes);
        assert_eq!(shared.take_requests(), []);
        assert_eq!(shared.show().unwrap().model, "demo:tour");
    }

    #[test]
    fn what_waits_has_a_limit() {
        let shared = SharedSettings::default();
        shared.publish(SessionSettings::default());
        let many = vec![SettingsChange::UsesTools(true); REQUESTS_MAX];
        assert_eq!(shared.request(many.clone()), Ok(()));
        assert_eq!(shared.request(vec![SettingsChange::UsesTools(true)]), Err(RequestRefused::TooMany));
        assert_eq!(shared.take_requests(), many);
        for number in 0..=REFUSALS_MAX {
            shared.refuse(number.to_string());
        }
        let refusals = shared.take_refusals();
        assert_eq!((refusals.len(), refusals[0].as_str()), (REFUSALS_MAX, "1"));
        assert!(shared.take_refusals().is_empty());
    }
}
