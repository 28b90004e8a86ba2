//! The text of the running reply that is not handed to the writer yet.

use std::time::{Duration, Instant};

use super::DeltaKind;
use super::statements::Deltas;
use crate::conversation::MessageId;

#[derive(Debug, Default)]
pub struct DeltaBuffer {
    reply: Option<MessageId>,
    text: String,
    reasoning: String,
    chars: usize,
    /// When the first of it came.
    since: Option<Instant>,
    peak_bytes: u64,
}

impl DeltaBuffer {
    /// Takes some more of a reply, and returns what is left of another one.
    pub fn push(&mut self, reply: &MessageId, kind: DeltaKind, text: &str) -> Option<Deltas> {
        if text.is_empty() {
            return None;
        }
        let other = if self.reply.as_ref() == Some(reply) { None } else { self.take() };
        if self.reply.is_none() {
            self.reply = Some(reply.clone());
        }
        if self.chars == 0 {
            self.since = Some(Instant::now());
        }
        match kind {
            DeltaKind::Text => self.text.push_str(text),
            DeltaKind::Reasoning => self.reasoning.push_str(text),
        }
        self.chars += text.chars().count();
        let bytes = self.text.len() + self.reasoning.len();
        self.peak_bytes = self.peak_bytes.max(bytes.try_into().unwrap_or(u64::MAX));
        other
    }

    /// Empties the buffer.
    pub fn take(&mut self) -> Option<Deltas> {
        let reply = self.reply.take()?;
        self.chars = 0;
        self.since = None;
        Some(Deltas { reply, text: std::mem::take(&mut self.text), reasoning: std::mem::take(&mut self.reasoning) })
    }

    /// Throws away what belongs to a reply that has ended: its end holds the whole text.
    pub fn discard(&mut self, ended: &MessageId) {
        if self.reply.as_ref() == Some(ended) {
            self.take();
        }
    }

    #[must_use]
    pub fn chars(&self) -> usize {
        self.chars
    }

    #[must_use]
    pub fn deadline(&self, interval: Duration) -> Option<Instant> {
        self.since.map(|since| since + interval)
    }

    #[must_use]
    pub fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }
}
