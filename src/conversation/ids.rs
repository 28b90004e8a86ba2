//! Ids of conversations and messages: ULIDs, unique on every machine and sortable by age.

use std::fmt;

use super::UnixMillis;

/// Names one stored conversation; 26 characters of Crockford base 32.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(pub String);

/// Names one message of a conversation; the same form as [`ConversationId`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub String);

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes ids that grow: also within one millisecond, and when the clock is set back.
#[derive(Debug, Default)]
pub struct IdSource {
    last: Option<ulid::Ulid>,
}

impl IdSource {
    pub fn conversation(&mut self, now: UnixMillis) -> ConversationId {
        ConversationId(self.next(now).to_string())
    }

    pub fn message(&mut self, now: UnixMillis) -> MessageId {
        MessageId(self.next(now).to_string())
    }

    fn next(&mut self, now: UnixMillis) -> ulid::Ulid {
        let fresh = ulid::Ulid::from_parts(u64::try_from(now).unwrap_or(0), random_bits());
        let id = match self.last {
            Some(last) if fresh <= last => ulid::Ulid(last.0.wrapping_add(1)),
            Some(_) | None => fresh,
        };
        self.last = Some(id);
        id
    }
}

/// 80 bits from the operating system. Without a random source the bits are zero; the
/// growing rule still keeps ids of one process apart, and the database refuses a clash.
fn random_bits() -> u128 {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u128::from_le_bytes(bytes),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::IdSource;

    #[test]
    fn ids_grow_within_a_millisecond_and_when_the_clock_goes_back() {
        let mut ids = IdSource::default();
        let made: Vec<_> = [5, 5, 5, 4, 0, 6].map(|now| ids.message(now)).into();
        assert!(made.is_sorted_by(|a, b| a < b), "{made:?}");
        assert!(made.iter().all(|id| id.0.len() == 26));
    }
}
