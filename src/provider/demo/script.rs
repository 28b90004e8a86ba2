//! What a demo model is going to say, piece by piece and how fast. Pure.

use std::time::Duration;

use super::tour;
use crate::conversation::{Message, Role};
use crate::provider::ChatRequest;
use crate::provider::Images;
use crate::provider::content::UserContent;

/// How a script ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Whole,
    /// `max_tokens` was reached.
    Length,
    /// As if the connection broke.
    Cut,
    /// As if the server hung.
    Silence,
    /// As if there was a bug; not in published builds.
    #[cfg(debug_assertions)]
    Panic,
}

/// Makes the text while it is asked for, so that a very long one takes no memory.
#[derive(Debug)]
enum Source {
    Text { text: String, position: usize, is_by_word: bool },
    Counted { next: u64, count: u64 },
}

#[derive(Debug)]
pub struct Script {
    source: Source,
    /// The pause before each piece.
    pub pause: Duration,
    pub ending: Ending,
    /// Pieces that may still come, by `max_tokens`.
    pieces_left: u64,
    /// Words of the conversation, as a stand-in for input tokens.
    pub input_words: u64,
    /// What it asks for behind its text.
    pub calls: Vec<DemoCall>,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoCall {
    pub id: String,
    /// As the request offers it.
    pub name: String,
    pub arguments: serde_json::Value,
}

const CHUNKS_DEFAULT: u64 = 2000;
/// The tour takes two to three seconds: slow enough to watch, quick enough to wait for.
const TOUR_TOKENS_PER_SECOND: f64 = 100.0;
const WORDS_PER_SECOND_OF_SLOW: f64 = 1.0 / 0.7;
const UNPACED: f64 = 0.0;

impl Script {
    /// `None` where there is no such model.
    pub fn new(request: &ChatRequest<'_>) -> Result<Option<Self>, String> {
        let prompt = last_prompt(request);
        let chunks = whole_number(request, "chunks")?.unwrap_or(CHUNKS_DEFAULT);
        let text = |text, is_by_word| Source::Text { text, position: 0, is_by_word };
        let mut calls = Vec::new();
        let (source, pace, ending) = match request.model {
            "tour" => {
                let step = tour::step(request, &prompt.text);
                calls = step.calls;
                (text(prompt.with(&step.text), false), TOUR_TOKENS_PER_SECOND, Ending::Whole)
            }
            "echo" => (text(prompt.with(&prompt.text), false), UNPACED, Ending::Whole),
            "slow" => (text(tour::SLOW.to_owned(), true), WORDS_PER_SECOND_OF_SLOW, Ending::Whole),
            "long" => (Source::Counted { next: 0, count: chunks }, UNPACED, Ending::Whole),
            "fail-cut" => (text(tour::CUT.to_owned(), false), TOUR_TOKENS_PER_SECOND, Ending::Cut),
            "fail-stall" => (text(tour::STALL.to_owned(), false), TOUR_TOKENS_PER_SECOND, Ending::Silence),
            #[cfg(debug_assertions)]
            "panic" => (text("Before the panic ".to_owned(), false), UNPACED, Ending::Panic),
            _ => return Ok(None),
        };
        let limit = request.parameters.max_tokens.or(whole_number(request, "max_tokens")?);
        let pieces_left = limit.unwrap_or(u64::MAX);
        let pace = tokens_per_second(request)?.unwrap_or(pace);
        let input_words = input_words(request);
        Ok(Some(Self { source, pause: pause(pace), ending, pieces_left, input_words, calls }))
    }

    /// The next piece, about the size of a token; `None` at the end.
    pub fn next_piece(&mut self) -> Option<String> {
        let piece = self.source.next()?;
        if self.pieces_left == 0 {
            self.ending = Ending::Length;
            return None;
        }
        self.pieces_left -= 1;
        Some(piece)
    }
}

impl Source {
    fn next(&mut self) -> Option<String> {
        match self {
            Self::Text { text, position, is_by_word } => {
                let rest = &text[*position..];
                let length = if *is_by_word { word_length(rest) } else { token_length(rest) };
                *position += length;
                (length > 0).then(|| rest[..length].to_owned())
            }
            Self::Counted { next, count } => (*next < *count).then(|| {
                *next += 1;
                counted_piece(*next)
            }),
        }
    }
}

/// Lines of ten pieces, each of which says where it stands: a lost one shows.
fn counted_piece(number: u64) -> String {
    let end = if number.is_multiple_of(10) { "\n" } else { " " };
    format!("piece-{number}{end}")
}

/// A message as the demo gets it.
#[derive(Default)]
pub struct Seen {
    /// With the texts that go along.
    pub text: String,
    /// A line for each image and PDF.
    unseen: String,
}

impl Seen {
    pub fn of(message: &Message) -> Self {
        let content = UserContent::of(message, Images::Sent);
        let unseen = content.binaries.iter().map(|attachment| {
            format!("[{}, {}: the demo models cannot look into it]", attachment.label(), attachment.mime())
        });
        Self { text: content.text().into_owned(), unseen: unseen.collect::<Vec<_>>().join("\n\n") }
    }

    /// What is said, and what is not looked into.
    pub fn with(&self, said: &str) -> String {
        [said, &self.unseen].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}

fn last_prompt(request: &ChatRequest<'_>) -> Seen {
    let last = request.messages.iter().rev().find(|message| message.role == Role::User);
    last.map(Seen::of).unwrap_or_default()
}

fn input_words(request: &ChatRequest<'_>) -> u64 {
    let texts = request.messages.iter().map(|message| message.text.as_str()).chain(request.system);
    texts.map(|text| text.split_whitespace().count() as u64).sum()
}

fn tokens_per_second(request: &ChatRequest<'_>) -> Result<Option<f64>, String> {
    let Some(value) = request.parameters.extra.get("tps") else {
        return Ok(None);
    };
    let number = value.as_f64().filter(|number| *number >= 0.0);
    number.map(Some).ok_or_else(|| "`tps` has to be a number, 0 or more".into())
}

fn whole_number(request: &ChatRequest<'_>, name: &str) -> Result<Option<u64>, String> {
    let Some(value) = request.parameters.extra.get(name) else {
        return Ok(None);
    };
    value.as_u64().map(Some).ok_or_else(|| format!("`{name}` has to be a whole number, 0 or more"))
}

/// Never longer than a minute, whatever the pace: a silence is another model's part.
fn pause(tokens_per_second: f64) -> Duration {
    if tokens_per_second <= 0.0 {
        return Duration::ZERO;
    }
    Duration::from_secs_f64((1.0 / tokens_per_second).min(60.0))
}

/// A word with the space after it.
fn word_length(text: &str) -> usize {
    let word = text.find(char::is_whitespace).unwrap_or(text.len());
    text[word..].find(|c: char| !c.is_whitespace()).map_or(text.len(), |space| word + space)
}

/// A word with the space after it, but no more than eight characters: like the tokens of a
/// real model it can end inside a word, a marker or an emoji.
fn token_length(text: &str) -> usize {
    let limit = text.char_indices().nth(8).map_or(text.len(), |(position, _)| position);
    word_length(&text[..limit])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(source: Source, pieces_left: u64) -> Script {
        let (pause, ending, calls) = (Duration::ZERO, Ending::Whole, Vec::new());
        Script { source, pause, ending, pieces_left, input_words: 0, calls }
    }

    fn pieces(text: &str, is_by_word: bool) -> Vec<String> {
        let source = Source::Text { text: text.into(), position: 0, is_by_word };
        let mut script = script(source, u64::MAX);
        std::iter::from_fn(|| script.next_piece()).collect()
    }

    #[test]
    fn pieces_are_words_and_cut_long_ones() {
        assert_eq!(pieces(" a  bc\n\nstreaming 日本語", false), [" ", "a  ", "bc\n\n", "streamin", "g ", "日本語"]);
        assert_eq!(pieces("a streaming\nb", true), ["a ", "streaming\n", "b"]);
        assert!(pieces("", false).is_empty());
    }

    #[test]
    fn a_limit_on_tokens_ends_the_text_only_where_it_is_too_long() {
        let end = |pieces_left| {
            let source = Source::Text { text: "one two".into(), position: 0, is_by_word: true };
            let mut script = script(source, pieces_left);
            (std::iter::from_fn(|| script.next_piece()).collect::<String>(), script.ending)
        };
        assert_eq!(end(1), ("one ".into(), Ending::Length));
        assert_eq!(end(2), ("one two".into(), Ending::Whole));
    }

    #[test]
    fn no_text_is_lost_in_pieces() {
        for text in [tour::answer("tell me about 🧪 <b>keys</b>"), tour::SLOW.into(), "👩‍👩‍👧‍👦e\u{301}\u{301}".repeat(9)]
        {
            assert_eq!(pieces(&text, false).concat(), text);
        }
    }

    #[test]
    fn the_tour_takes_two_to_three_seconds() {
        let count = u32::try_from(pieces(&tour::answer("What can you do?"), false).len()).unwrap();
        let took = pause(TOUR_TOKENS_PER_SECOND) * count;
        assert!((2000..=3200).contains(&took.as_millis()), "{took:?}");
    }

    #[test]
    fn a_pace_is_a_pause() {
        assert_eq!([0.0, 100.0, 1e-9].map(pause), [Duration::ZERO, Duration::from_millis(10), Duration::from_secs(60)]);
    }
}
