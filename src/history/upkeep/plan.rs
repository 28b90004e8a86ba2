//! Which conversations go: decided on numbers alone.

use std::time::Duration;

use crate::conversation::UnixMillis;
use crate::history::{RetentionLimits, UpkeepSettings};

/// A conversation as far as retention is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub number: i64,
    pub used_seq: i64,
    pub id: String,
    /// The name, or else the first words.
    pub title: String,
    pub used_ms: UnixMillis,
    pub messages: u64,
    pub is_named: bool,
    /// Pinned, or a living process talks in it: it counts, and stays.
    pub is_safe: bool,
}

/// Why it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Age,
    Conversations,
    Messages,
}

impl Reason {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Age => "too old",
            Self::Conversations => "too many conversations",
            Self::Messages => "too many messages",
        }
    }
}

/// A conversation that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed {
    pub number: i64,
    pub used_seq: i64,
    pub id: String,
    pub title: String,
    pub used_ms: UnixMillis,
    pub messages: u64,
    pub reason: Reason,
}

/// What goes of `candidates`, which are in the order they were used, the longest ago first.
#[must_use]
pub fn plan(candidates: &[Candidate], settings: &UpkeepSettings, now: UnixMillis) -> Vec<Doomed> {
    let mut doomed: Vec<Doomed> = Vec::new();
    for (is_named, limits) in [(false, &settings.unnamed), (true, &settings.named)] {
        let group: Vec<&Candidate> = candidates.iter().filter(|candidate| candidate.is_named == is_named).collect();
        doomed.extend(plan_group(&group, limits, now));
    }
    doomed
}

fn plan_group(group: &[&Candidate], limits: &RetentionLimits, now: UnixMillis) -> Vec<Doomed> {
    let mut conversations = group.len() as u64;
    let mut messages: u64 = group.iter().map(|candidate| candidate.messages).sum();
    let mut doomed = Vec::new();
    // By age first: what is too old does not count for the rest.
    let oldest = limits.age_max.map(|age| now.saturating_sub(milliseconds(age)));
    let (old, young): (Vec<&Candidate>, Vec<&Candidate>) = group
        .iter()
        .filter(|candidate| !candidate.is_safe)
        .partition(|candidate| oldest.is_some_and(|oldest| candidate.used_ms < oldest));
    let mut doom = |candidate: &Candidate, reason, conversations: &mut u64, messages: &mut u64| {
        *conversations -= 1;
        *messages -= candidate.messages;
        doomed.push(Doomed {
            number: candidate.number,
            used_seq: candidate.used_seq,
            id: candidate.id.clone(),
            title: candidate.title.clone(),
            used_ms: candidate.used_ms,
            messages: candidate.messages,
            reason,
        });
    };
    for candidate in old {
        doom(candidate, Reason::Age, &mut conversations, &mut messages);
    }
    for candidate in young {
        if limits.conversations_max.is_some_and(|most| conversations > most) {
            doom(candidate, Reason::Conversations, &mut conversations, &mut messages);
        } else if limits.messages_max.is_some_and(|most| messages > most) {
            doom(candidate, Reason::Messages, &mut conversations, &mut messages);
        }
    }
    doomed
}

fn milliseconds(time: Duration) -> UnixMillis {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(number: i64, used_ms: i64, messages: u64) -> Candidate {
        Candidate {
            number,
            used_seq: number,
            id: number.to_string(),
            title: String::new(),
            used_ms,
            messages,
            is_named: false,
            is_safe: false,
        }
    }

    fn went(candidates: &[Candidate], settings: &UpkeepSettings) -> Vec<(i64, Reason)> {
        plan(candidates, settings, 100_000).into_iter().map(|doomed| (doomed.number, doomed.reason)).collect()
    }

    fn limits(age: Option<u64>, conversations_max: Option<u64>, messages_max: Option<u64>) -> RetentionLimits {
        RetentionLimits { age_max: age.map(Duration::from_secs), conversations_max, messages_max }
    }

    #[test]
    fn the_longest_unused_go_first_and_no_more_than_needed() {
        let group: Vec<_> = (1..=5).map(|number| candidate(number, number * 20_000, 10)).collect();
        let unnamed = |limits| UpkeepSettings { unnamed: limits, ..UpkeepSettings::default() };
        assert_eq!(went(&group, &UpkeepSettings::default()), []);
        assert_eq!(went(&group, &unnamed(limits(Some(60), None, None))), [(1, Reason::Age)]);
        let some = unnamed(limits(None, Some(3), None));
        assert_eq!(went(&group, &some), [(1, Reason::Conversations), (2, Reason::Conversations)]);
        let few = unnamed(limits(None, None, Some(25)));
        assert_eq!(went(&group, &few), [(1, Reason::Messages), (2, Reason::Messages), (3, Reason::Messages)]);
        let both = unnamed(limits(Some(60), Some(4), Some(30)));
        assert_eq!(went(&group, &both), [(1, Reason::Age), (2, Reason::Messages)]);
        assert_eq!(went(&group, &unnamed(limits(None, Some(0), None))).len(), 5);
    }

    #[test]
    fn named_ones_have_their_own_limits_and_safe_ones_stay() {
        let mut group: Vec<_> = (1..=4).map(|number| candidate(number, 0, 10)).collect();
        group[0].is_safe = true;
        group[1].is_named = true;
        let age = limits(Some(1), None, None);
        let unnamed = UpkeepSettings { unnamed: age, ..UpkeepSettings::default() };
        assert_eq!(went(&group, &unnamed), [(3, Reason::Age), (4, Reason::Age)]);
        let named = UpkeepSettings { named: age, ..UpkeepSettings::default() };
        assert_eq!(went(&group, &named), [(2, Reason::Age)]);
        // A safe one counts: two may stay, and it is one of them.
        let two = UpkeepSettings { unnamed: limits(None, Some(2), None), ..UpkeepSettings::default() };
        assert_eq!(went(&group, &two), [(3, Reason::Conversations)]);
    }
}
