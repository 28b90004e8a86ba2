//! Masks what looks like a key, so that a history never holds it: the live conversation stays as it is.

use std::sync::LazyLock;

use regex::Regex;

use super::statements::Deltas;
use super::{Entry, PortableConversation, attached};
use crate::conversation::{Message, MessageId, QuestionNote, Replay, ToolCall};

/// Stands where a secret stood.
pub const MASK: &str = "[redacted]";

/// Keys that can be told by their form.
const KEYS: &str = r"(?x)
    -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----[\s\S]*?(?:-----END\ [A-Z\ ]*PRIVATE\ KEY-----|\z)
    | \b(?:
        sk-[A-Za-z0-9_-]{16,}                   # OpenAI, Anthropic, OpenRouter, DeepSeek
        | (?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}
        | gsk_[A-Za-z0-9]{20,} | xai-[A-Za-z0-9]{20,} | hf_[A-Za-z0-9]{20,} | r8_[A-Za-z0-9]{30,}
        | gh[pousr]_[A-Za-z0-9]{30,} | github_pat_[A-Za-z0-9_]{22,} | glpat-[A-Za-z0-9_-]{20,}
        | (?:AKIA|ASIA)[A-Z0-9]{16}\b
        | AIza[A-Za-z0-9_-]{35}
        | ya29\.[A-Za-z0-9_-]{20,}
        | xox[abeoprs]-[A-Za-z0-9-]{10,}
        | npm_[A-Za-z0-9]{36} | pypi-[A-Za-z0-9_-]{50,} | dop_v1_[a-f0-9]{64}
        | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}
    )";

/// Secrets that only their name gives away: the last group is what is masked.
const NAMED: &str = r#"(?xi)
    ( \b[a-z0-9_.-]*(?:api[_-]?key|secret|token|passw(?:or)?d|authorization)[a-z0-9_-]*["']?\s{0,3}[:=]\s{0,3}
      (?:bearer\s{1,3})?["']? | \bbearer\s{1,3} )
    ( [A-Za-z0-9+/_.=~-]{16,} )"#;

/// More words than a secret and its name have.
const WORDS_HELD: usize = 4;
/// Text of a running reply that is held back until it is clear what it is.
const HELD_BYTES_MAX: usize = 64 << 10;

static PATTERNS: LazyLock<Option<(Regex, Regex)>> =
    LazyLock::new(|| Some((Regex::new(KEYS).ok()?, Regex::new(NAMED).ok()?)));

/// The text with all that looks like a key masked; `None`: there is nothing to mask.
pub fn mask(text: &str) -> Option<String> {
    let (keys, named) = PATTERNS.as_ref()?;
    let once = keys.replace_all(text, MASK);
    let twice = named.replace_all(&once, |found: &regex::Captures<'_>| {
        let (name, value) = (&found[1], &found[2]);
        // A word without a digit is a word, as in `token: tokenization_of_text`.
        if value.bytes().any(|byte| byte.is_ascii_digit()) { format!("{name}{MASK}") } else { found[0].to_owned() }
    });
    (twice != text).then(|| twice.into_owned())
}

/// Where the last match that reaches over `place` begins and ends.
fn match_over(text: &str, place: usize) -> Option<(usize, usize)> {
    let (keys, named) = PATTERNS.as_ref()?;
    let over = |regex: &Regex| {
        regex
            .find_iter(text)
            .map(|found| (found.start(), found.end()))
            .find(|(start, end)| *start < place && place < *end)
    };
    over(keys).or_else(|| over(named))
}

/// Masks what a writer is handed. Of a running reply it holds the last words back: a key can
/// come in two pieces.
#[derive(Debug, Default)]
pub struct Masker {
    reply: Option<MessageId>,
    text: String,
    reasoning: String,
}

impl Masker {
    /// What of these deltas can be written now.
    pub fn deltas(&mut self, deltas: Deltas) -> Deltas {
        if self.reply.as_ref() != Some(&deltas.reply) {
            self.text.clear();
            self.reasoning.clear();
            self.reply = Some(deltas.reply.clone());
        }
        self.text.push_str(&deltas.text);
        self.reasoning.push_str(&deltas.reasoning);
        Deltas { reply: deltas.reply, text: release(&mut self.text), reasoning: release(&mut self.reasoning) }
    }

    /// What was held back, where no end of the reply has come.
    pub fn rest(&mut self) -> Option<Deltas> {
        let reply = self.reply.take()?;
        let take = |held: &mut String| masked(std::mem::take(held));
        Some(Deltas { reply, text: take(&mut self.text), reasoning: take(&mut self.reasoning) })
    }

    /// The entry with all of its texts masked.
    pub fn entry(&mut self, mut entry: Entry) -> Entry {
        match &mut entry {
            Entry::ConversationStarted { name, .. } | Entry::ConversationRenamed { name, .. } => mask_option(name),
            Entry::MessageAdded { message, .. } => mask_message(message),
            Entry::ReplyEnded(end) => {
                if self.reply.as_ref() == Some(&end.reply) {
                    self.reply = None;
                }
                mask_text(&mut end.text);
                mask_text(&mut end.reasoning);
                mask_calls(&mut end.tool_calls);
                mask_replay(&mut end.replay);
            }
            Entry::ToolStarted(start) => mask_option(&mut start.arguments),
            Entry::ToolFinished(end) => mask_text(&mut end.result),
            Entry::PromptTyped { text, .. } => mask_text(text),
            Entry::ConversationForked(fork) => mask_option(&mut fork.name),
            // What a fork copies was masked when it was written.
            // A schema is what the user has written for a program, and not what was said.
            Entry::AnswerMatched(_)
            | Entry::AnswerKept(_)
            | Entry::ConversationOpened { .. }
            | Entry::ConversationLeft { .. }
            | Entry::ConversationPinned { .. }
            | Entry::HeadMoved { .. }
            | Entry::ReplyStarted { .. } => {}
        }
        entry
    }
}

fn mask_message(message: &mut Message) {
    for attachment in &mut message.attachments {
        if let Some(masked) = attached::masked(attachment, &mask) {
            *attachment = masked;
        }
    }
    mask_text(&mut message.text);
    mask_text(&mut message.reasoning);
    mask_calls(&mut message.tool_calls);
    mask_replay(&mut message.replay);
}

fn mask_calls(calls: &mut [ToolCall]) {
    calls.iter_mut().for_each(|call| mask_text(&mut call.arguments));
}

fn mask_replay(replay: &mut Option<Replay>) {
    *replay = replay.take().and_then(|replay| Some(Replay { json: without_secrets(replay.json)?, ..replay }));
}

/// A provider refuses what it did not write: then it gets nothing back. What is known of a question has no texts then.
fn without_secrets(replay_json: String) -> Option<String> {
    if mask(&replay_json).is_some() { QuestionNote::without_texts(&replay_json) } else { Some(replay_json) }
}

fn mask_text(text: &mut String) {
    if let Some(masked) = mask(text) {
        *text = masked;
    }
}

fn mask_option(text: &mut Option<String>) {
    text.iter_mut().for_each(mask_text);
}

fn masked(text: String) -> String {
    mask(&text).unwrap_or(text)
}

/// A conversation from a file with all of its texts masked.
pub fn mask_conversation(mut conversation: PortableConversation) -> PortableConversation {
    mask_option(&mut conversation.name);
    mask_text(&mut conversation.title);
    for message in &mut conversation.messages {
        mask_text(&mut message.text);
        mask_text(&mut message.reasoning);
        for attachment in &mut message.attachments {
            attachment.mask(&mask);
        }
        message.replay = message.replay.take().and_then(|mut replay| {
            replay.json = without_secrets(replay.json)?;
            Some(replay)
        });
        for call in &mut message.tool_calls {
            mask_text(&mut call.arguments);
            mask_option(&mut call.result);
        }
    }
    conversation
}

/// Takes what is complete from the front of `held`, masked.
fn release(held: &mut String) -> String {
    let mut cut = place_of_last_words(held);
    if let Some((start, end)) = match_over(held, cut) {
        let is_complete = held[end..].starts_with(char::is_whitespace);
        cut = if is_complete { end } else { start };
    }
    if held.len() - cut > HELD_BYTES_MAX {
        cut = held.len();
    }
    let rest = held.split_off(cut);
    masked(std::mem::replace(held, rest))
}

fn place_of_last_words(text: &str) -> usize {
    let mut places = text.char_indices().rev().filter(|(_, character)| character.is_whitespace());
    places.nth(WORDS_HELD - 1).map_or(0, |(place, _)| place)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "sk-proj-0123456789abcdefghij";

    #[test]
    fn keys_are_masked_and_words_are_not() {
        for (text, expected) in [
            (format!("use {KEY}, please"), "use [redacted], please"),
            ("AKIAIOSFODNN7EXAMPLE".to_owned(), "[redacted]"),
            ("ghp_0123456789012345678901234567890123456".to_owned(), "[redacted]"),
            ("DB_PASSWORD=correct1horse2battery3".to_owned(), "DB_PASSWORD=[redacted]"),
            ("Authorization: Bearer abcdefghijklmnop1234".to_owned(), "Authorization: Bearer [redacted]"),
            ("{\"api_key\": \"0123456789abcdef0123\"}".to_owned(), "{\"api_key\": \"[redacted]\"}"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nbye".to_owned(),
                "[redacted]\nbye",
            ),
        ] {
            assert_eq!(mask(&text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "the sk-learn package",
            "token: tokenization_of_long_texts",
            "a bearer of bad news",
            "task-forces-are-not-keys-at-all",
            "",
        ] {
            assert_eq!(mask(text), None, "{text}");
        }
    }

    fn in_pieces(text: &str, pieces: &[usize]) -> (Vec<String>, String) {
        let reply = MessageId("r".to_owned());
        let mut masker = Masker::default();
        let (mut written, mut rest) = (Vec::new(), text);
        for piece in pieces.iter().copied().chain([usize::MAX]) {
            let (now, later) = rest.split_at(rest.floor_char_boundary(piece.min(rest.len())));
            rest = later;
            let deltas = Deltas { reply: reply.clone(), text: now.to_owned(), reasoning: String::new() };
            written.push(masker.deltas(deltas).text);
        }
        let last = masker.rest().map_or_else(String::new, |rest| rest.text);
        (written, last)
    }

    proptest! {
        #[test]
        fn a_key_in_any_pieces_is_never_written(pieces in prop::collection::vec(0_usize..40, 0..12), before in "[a-z \n]{0,60}", after in "[a-z \n]{0,60}") {
            let text = format!("{before} api_key = 0123456789abcdef01 {KEY} Bearer abcdefghijklmnop1234 {after}");
            let (written, last) = in_pieces(&text, &pieces);
            let all = written.concat() + &last;
            prop_assert_eq!(all.clone(), masked(text));
            prop_assert!(!all.contains("0123456789abcdef") && !all.contains("mnop1234"), "{}", all);
        }
    }

    #[test]
    fn what_grows_without_an_end_is_not_held_for_ever() {
        let (written, _) = in_pieces(&"x".repeat(HELD_BYTES_MAX * 2), &[HELD_BYTES_MAX + 1]);
        assert_eq!(written[0].len(), HELD_BYTES_MAX + 1);
    }
}
