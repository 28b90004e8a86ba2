//! Tells thoughts from the answer where a model writes both into one text.
//!
//! Thoughts stand at the very beginning, between `<think>` and `</think>`; a tag can be cut anywhere.

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    Thought(&'a str),
}

const TAGS: [(&str, &str); 3] = [("<think>", "</think>"), ("<thought>", "</thought>"), ("<thinking>", "</thinking>")];
/// A model whose template opens the thoughts itself sends the closing tag alone.
const STRAY_CLOSE: &str = "</think>";

#[derive(Debug, Default)]
pub struct ThinkFilter {
    state: State,
    /// What may be the beginning of a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing but white space has come.
    #[default]
    Start,
    /// Inside the thoughts; ends with this tag.
    Thinking(&'static str),
    /// Behind the closing tag: the blank lines there belong to neither side.
    Closed,
    /// The answer, at the beginning of a line, where a stray closing tag can stand.
    LineStart,
    /// The answer, inside a line.
    InLine,
    /// The answer; no tag means anything any more.
    Plain,
}

impl ThinkFilter {
    /// Calls `on_piece` for what can be told of the text so far.
    pub fn feed(&mut self, text: &str, on_piece: &mut dyn FnMut(Piece<'_>)) {
        if self.state == State::Plain {
            return emit(Piece::Text(text), on_piece);
        }
        if self.held.is_empty() {
            let rest = self.advance(text, on_piece).len();
            self.held.push_str(&text[text.len() - rest..]);
            return;
        }
        let mut whole = std::mem::take(&mut self.held);
        whole.push_str(text);
        let rest = self.advance(&whole, on_piece).len();
        whole.drain(..whole.len() - rest);
        self.held = whole;
    }

    /// What was held back is no tag after all.
    pub fn end(&mut self, on_piece: &mut dyn FnMut(Piece<'_>)) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Thinking(_) => emit(Piece::Thought(&held), on_piece),
            State::Start | State::LineStart | State::InLine | State::Plain => emit(Piece::Text(&held), on_piece),
            State::Closed => {}
        }
    }

    /// Hands out what is certain; gives back what has to wait for more.
    fn advance<'a>(&mut self, text: &'a str, on_piece: &mut dyn FnMut(Piece<'_>)) -> &'a str {
        let mut rest = text;
        while !rest.is_empty() {
            let step = match self.state {
                State::Start => self.at_start(rest),
                State::Thinking(close) => self.in_thoughts(rest, close, on_piece),
                State::Closed => self.after_close(rest),
                State::LineStart => self.at_line_start(rest),
                State::InLine => Some(self.in_line(rest, on_piece)),
                State::Plain => {
                    emit(Piece::Text(rest), on_piece);
                    Some("")
                }
            };
            match step {
                Some(next) => rest = next,
                None => return rest,
            }
        }
        rest
    }

    fn at_start<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let trimmed = text.trim_start();
        for (open, close) in TAGS {
            if let Some(thoughts) = trimmed.strip_prefix(open) {
                self.state = State::Thinking(close);
                return Some(thoughts);
            }
        }
        if TAGS.iter().any(|(open, _)| open.starts_with(trimmed)) {
            return None;
        }
        self.state = State::LineStart;
        Some(text)
    }

    fn in_thoughts<'a>(
        &mut self,
        text: &'a str,
        close: &'static str,
        on_piece: &mut dyn FnMut(Piece<'_>),
    ) -> Option<&'a str> {
        if let Some(at) = text.find(close) {
            emit(Piece::Thought(&text[..at]), on_piece);
            self.state = State::Closed;
            return Some(&text[at + close.len()..]);
        }
        let certain = text.len() - tag_start_length(text, close);
        emit(Piece::Thought(&text[..certain]), on_piece);
        // Moves on by what was handed out; the rest waits.
        if certain == 0 { None } else { Some(&text[certain..]) }
    }

    fn after_close<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let answer = text.trim_start();
        if !answer.is_empty() {
            self.state = State::Plain;
        }
        Some(answer)
    }

    fn at_line_start<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        if let Some(answer) = text.strip_prefix(STRAY_CLOSE) {
            self.state = State::Closed;
            return Some(answer);
        }
        if STRAY_CLOSE.starts_with(text) {
            return None;
        }
        self.state = State::InLine;
        Some(text)
    }

    fn in_line<'a>(&mut self, text: &'a str, on_piece: &mut dyn FnMut(Piece<'_>)) -> &'a str {
        // Only a line that begins with `<` needs a closer look.
        let stray = text.match_indices('\n').map(|(at, _)| at + 1).find(|at| {
            let line = &text[*at..];
            line.is_empty() || line.starts_with(STRAY_CLOSE) || STRAY_CLOSE.starts_with(line)
        });
        let certain = stray.unwrap_or(text.len());
        if stray.is_some() {
            self.state = State::LineStart;
        }
        emit(Piece::Text(&text[..certain]), on_piece);
        &text[certain..]
    }
}

fn emit(piece: Piece<'_>, on_piece: &mut dyn FnMut(Piece<'_>)) {
    match piece {
        Piece::Text("") | Piece::Thought("") => {}
        Piece::Text(_) | Piece::Thought(_) => on_piece(piece),
    }
}

/// How many bytes at the end of `text` can be the beginning of `tag`.
fn tag_start_length(text: &str, tag: &str) -> usize {
    (1..tag.len()).rev().find(|length| text.ends_with(&tag[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Piece, ThinkFilter};

    /// The thoughts and the answer, whatever the pieces they came in.
    fn split(chunks: &[&str]) -> (String, String) {
        let (mut thoughts, mut answer) = (String::new(), String::new());
        let mut filter = ThinkFilter::default();
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Text(text) => answer.push_str(text),
            Piece::Thought(text) => thoughts.push_str(text),
        };
        chunks.iter().for_each(|chunk| filter.feed(chunk, &mut take));
        filter.end(&mut take);
        (thoughts, answer)
    }

    #[test]
    fn thoughts_are_told_from_the_answer_wherever_the_text_is_cut() {
        let cases = [
            ("<think>\na < b\n</think>\n\nHi <think>", "\na < b\n", "Hi <think>"),
            ("\n <thought>x</thought>y", "x", "y"),
            ("<think>never closed</thi", "never closed</thi", ""),
            ("<thinker> is no tag", "", "<thinker> is no tag"),
            ("no thoughts\n</think>\n\nHi\n</think>", "", "no thoughts\nHi\n</think>"),
            ("a </think> inside a line stays", "", "a </think> inside a line stays"),
            ("é\n<p>\n\n", "", "é\n<p>\n\n"),
            ("<", "", "<"),
            ("<think></think>", "", ""),
            ("  plain", "", "  plain"),
        ];
        for (text, thoughts, answer) in cases {
            let expected = (thoughts.to_owned(), answer.to_owned());
            assert_eq!(split(&[text]), expected, "{text:?}");
            let characters: Vec<&str> = text.split_inclusive(|_: char| true).collect();
            assert_eq!(split(&characters), expected, "{text:?} by character");
            for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                assert_eq!(split(&[&text[..at], &text[at..]]), expected, "{text:?} cut at {at}");
            }
        }
    }
}
