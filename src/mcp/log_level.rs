//! How much a server is to tell in its log, and what of it is passed on.
#![expect(deprecated, reason = "newer servers log in other ways; the words are the same")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rmcp::model::LoggingLevel;

/// As in syslog, the least serious first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl LogLevel {
    pub const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    pub(super) fn of(level: LoggingLevel) -> Self {
        match level {
            LoggingLevel::Debug => Self::Debug,
            LoggingLevel::Info => Self::Info,
            LoggingLevel::Notice => Self::Notice,
            LoggingLevel::Warning => Self::Warning,
            LoggingLevel::Error => Self::Error,
            LoggingLevel::Critical => Self::Critical,
            LoggingLevel::Alert => Self::Alert,
            LoggingLevel::Emergency => Self::Emergency,
        }
    }

    pub(super) fn to_sdk(self) -> LoggingLevel {
        match self {
            Self::Debug => LoggingLevel::Debug,
            Self::Info => LoggingLevel::Info,
            Self::Notice => LoggingLevel::Notice,
            Self::Warning => LoggingLevel::Warning,
            Self::Error => LoggingLevel::Error,
            Self::Critical => LoggingLevel::Critical,
            Self::Alert => LoggingLevel::Alert,
            Self::Emergency => LoggingLevel::Emergency,
        }
    }
}

/// What somebody wants to hear of one server. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct LogWish(Arc<AtomicU8>);

/// Nobody has said anything.
const UNSET: u8 = u8::MAX;

impl LogWish {
    pub(super) fn new(level: Option<LogLevel>) -> Self {
        Self(Arc::new(AtomicU8::new(level.map_or(UNSET, |level| level as u8))))
    }

    pub(super) fn set(&self, level: LogLevel) {
        self.0.store(level as u8, Ordering::Relaxed);
    }

    pub(super) fn level(&self) -> Option<LogLevel> {
        LogLevel::ALL.get(usize::from(self.0.load(Ordering::Relaxed))).copied()
    }

    /// Servers are talkative: what is less than a notice stays out of the way, unless it is wished for.
    pub(super) fn lets_through(&self, level: LogLevel) -> bool {
        level >= self.level().unwrap_or(LogLevel::Notice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_levels() {
        for level in LogLevel::ALL {
            assert_eq!(LogLevel::named(level.name()), Some(level));
            assert_eq!(LogLevel::of(level.to_sdk()), level);
            assert_eq!(LogLevel::ALL[level as usize], level);
        }
        assert_eq!(LogLevel::named("loud"), None);
    }

    #[test]
    fn a_wish_is_a_limit_in_both_directions() {
        let wish = LogWish::new(None);
        assert!(wish.lets_through(LogLevel::Notice) && !wish.lets_through(LogLevel::Info));
        wish.set(LogLevel::Debug);
        assert!(wish.lets_through(LogLevel::Debug));
        wish.set(LogLevel::Error);
        assert!(!wish.lets_through(LogLevel::Warning) && wish.lets_through(LogLevel::Emergency));
    }
}
