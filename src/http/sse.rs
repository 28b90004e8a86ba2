//! Cuts a byte stream into Server-Sent Events frames.
//!
//! Hand-written because it borrows: a frame that stands whole in a chunk is handed out without a
//! copy. Three leniencies go beyond the standard, because real servers need them: a frame that the
//! end of the stream cuts off counts, `error: {…}` is a frame, and so is JSON without any field.

use std::borrow::Cow;

use memchr::memchr2;

/// A longer line ends the stream: 8 MiB.
pub const LINE_BYTES_MAX: usize = 8 << 20;
/// A longer frame ends the stream: 16 MiB.
pub const FRAME_BYTES_MAX: usize = 16 << 20;
/// So much of what is no event stream at all is kept to tell what it was.
const STRAY_BYTES_MAX: usize = 2 << 10;

/// One event; borrows from the decoder's buffer or from the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// `message` where the server names none; `error` also for an `error:` field and for JSON
    /// that stands bare in the stream, which nearly always is an error.
    pub event: &'a str,
    pub data: &'a str,
}

/// A stream that would fill the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    #[error("a line of the stream is longer than {} MiB", LINE_BYTES_MAX >> 20)]
    LineTooLong,
    #[error("an event of the stream is longer than {} MiB", FRAME_BYTES_MAX >> 20)]
    FrameTooLong,
}

/// Bytes in, frames out; any cutting of the bytes into chunks gives the same frames.
#[derive(Debug, Default)]
pub struct SseDecoder {
    /// A line whose end has not come yet.
    carry: Vec<u8>,
    event: String,
    data: Vec<u8>,
    has_data: bool,
    /// JSON without a field name, as far as it has come.
    bare: Vec<u8>,
    stray: Vec<u8>,
    has_first_line: bool,
    /// The last chunk ended in CR: a LF that follows belongs to it.
    swallows_line_feed: bool,
    has_comments: bool,
    has_frames: bool,
}

/// What a line says.
enum Field<'a> {
    Blank,
    Comment,
    Data(&'a [u8]),
    Event(&'a [u8]),
    Error(&'a [u8]),
    /// A field that means nothing to us.
    Ignored,
    /// No event stream at all, or JSON without a field name.
    Unknown,
}

impl SseDecoder {
    /// Calls `on_frame` for each frame that `chunk` completes; its first error ends the call.
    pub fn feed<E: From<SseError>>(
        &mut self,
        chunk: &[u8],
        mut on_frame: impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = chunk;
        if self.swallows_line_feed && !rest.is_empty() {
            self.swallows_line_feed = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        // The data of a frame with one line, not copied as long as it stands in this chunk.
        let mut held: Option<&[u8]> = None;
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let (line, tail) = rest.split_at(end);
            rest = self.after_line_end(tail);
            if self.carry.is_empty() && self.has_first_line {
                self.take_line(line, &mut held, &mut on_frame)?;
            } else {
                self.take_carried_line(line, &mut held, &mut on_frame)?;
            }
        }
        if let Some(data) = held {
            self.add_data(data)?;
        }
        self.add_carry(rest)?;
        Ok(())
    }

    /// Hands out what the end of the stream has cut off.
    pub fn end<E: From<SseError>>(&mut self, mut on_frame: impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        let mut held = None;
        if !self.carry.is_empty() {
            self.take_carried_line(b"", &mut held, &mut on_frame)?;
        }
        self.dispatch_bare(&mut on_frame)?;
        self.dispatch(held, &mut on_frame)
    }

    /// Whether the bytes so far end inside a line.
    #[must_use]
    pub fn is_inside_line(&self) -> bool {
        !self.carry.is_empty()
    }

    /// Whether nothing but comments has come: the server is alive and has said nothing.
    #[must_use]
    pub fn has_only_comments(&self) -> bool {
        self.has_comments && !self.has_frames && self.stray.is_empty()
    }

    /// The beginning of what came in place of an event stream: a web page, a line of text. Where it goes on, it ends
    /// with `…`.
    #[must_use]
    pub fn stray(&self) -> Cow<'_, str> {
        let text = String::from_utf8_lossy(&self.stray);
        if self.stray.len() < STRAY_BYTES_MAX { text } else { Cow::Owned(format!("{text}…")) }
    }

    /// `tail` starts with the line's end.
    fn after_line_end<'a>(&mut self, tail: &'a [u8]) -> &'a [u8] {
        match tail {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\r'] => {
                self.swallows_line_feed = true;
                &[]
            }
            [_, rest @ ..] => rest,
            [] => &[],
        }
    }

    /// The rest of a line whose beginning came earlier, or the first line, which can have a BOM.
    fn take_carried_line<'a, E: From<SseError>>(
        &mut self,
        line: &'a [u8],
        held: &mut Option<&'a [u8]>,
        on_frame: &mut impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.add_carry(line)?;
        if let Some(data) = held.take() {
            self.add_data(data)?;
        }
        let mut carry = std::mem::take(&mut self.carry);
        let mut whole = carry.as_slice();
        if !std::mem::replace(&mut self.has_first_line, true) {
            whole = whole.strip_prefix(b"\xef\xbb\xbf").unwrap_or(whole);
        }
        let mut carried = None;
        self.take_line(whole, &mut carried, on_frame)?;
        if let Some(data) = carried {
            self.add_data(data)?;
        }
        carry.clear();
        self.carry = carry;
        Ok(())
    }

    fn take_line<'a, E: From<SseError>>(
        &mut self,
        line: &'a [u8],
        held: &mut Option<&'a [u8]>,
        on_frame: &mut impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if line.len() > LINE_BYTES_MAX {
            return Err(SseError::LineTooLong.into());
        }
        let field = field_of(line);
        if !self.bare.is_empty() {
            if matches!(field, Field::Unknown) || (matches!(field, Field::Blank) && !self.is_bare_json_closed()) {
                self.add_bare(line)?;
                return Ok(());
            }
            self.dispatch_bare(on_frame)?;
        }
        match field {
            Field::Data(data) => self.hold_data(data, held)?,
            Field::Blank => self.dispatch(held.take(), on_frame)?,
            Field::Comment => self.has_comments = true,
            Field::Event(name) => self.set_event(name),
            Field::Error(data) => {
                self.set_event(b"error");
                self.hold_data(data, held)?;
            }
            Field::Ignored => {}
            Field::Unknown => self.take_unknown(line)?,
        }
        Ok(())
    }

    fn hold_data<'a>(&mut self, data: &'a [u8], held: &mut Option<&'a [u8]>) -> Result<(), SseError> {
        if held.is_none() && !self.has_data {
            *held = Some(data);
            return Ok(());
        }
        if let Some(first) = held.take() {
            self.add_data(first)?;
        }
        self.add_data(data)
    }

    fn add_data(&mut self, line: &[u8]) -> Result<(), SseError> {
        if self.data.len() + line.len() > FRAME_BYTES_MAX {
            return Err(SseError::FrameTooLong);
        }
        if self.has_data {
            self.data.push(b'\n');
        }
        self.has_data = true;
        self.data.extend_from_slice(line);
        Ok(())
    }

    fn add_carry(&mut self, bytes: &[u8]) -> Result<(), SseError> {
        if self.carry.len() + bytes.len() > LINE_BYTES_MAX {
            return Err(SseError::LineTooLong);
        }
        self.carry.extend_from_slice(bytes);
        Ok(())
    }

    fn add_bare(&mut self, line: &[u8]) -> Result<(), SseError> {
        if self.bare.len() + line.len() > FRAME_BYTES_MAX {
            return Err(SseError::FrameTooLong);
        }
        self.bare.extend_from_slice(line);
        self.bare.push(b'\n');
        Ok(())
    }

    fn take_unknown(&mut self, line: &[u8]) -> Result<(), SseError> {
        if matches!(line.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return self.add_bare(line);
        }
        let room = STRAY_BYTES_MAX.saturating_sub(self.stray.len());
        self.stray.extend_from_slice(&line[..line.len().min(room)]);
        if room > line.len() {
            self.stray.push(b'\n');
        }
        Ok(())
    }

    /// A blank line ends bare JSON where it can be whole; a pretty-printed one can hold blank lines.
    fn is_bare_json_closed(&self) -> bool {
        matches!(self.bare.trim_ascii_end().last(), Some(b'}' | b']'))
    }

    fn set_event(&mut self, name: &[u8]) {
        self.event.clear();
        self.event.push_str(&String::from_utf8_lossy(name));
    }

    fn dispatch<E>(
        &mut self,
        held: Option<&[u8]>,
        on_frame: &mut impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let data = match held {
            Some(data) => data,
            None if self.has_data => &self.data,
            None => {
                self.event.clear();
                return Ok(());
            }
        };
        self.has_frames = true;
        let event = if self.event.is_empty() { "message" } else { &self.event };
        let handed = on_frame(Frame { event, data: &text_of(data) });
        self.event.clear();
        self.data.clear();
        self.has_data = false;
        handed
    }

    fn dispatch_bare<E>(&mut self, on_frame: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        if self.bare.is_empty() {
            return Ok(());
        }
        self.has_frames = true;
        let bare = std::mem::take(&mut self.bare);
        on_frame(Frame { event: "error", data: &text_of(bare.trim_ascii_end()) })
    }
}

/// Decoded only now that the line is whole; std's lossy function would cost one more pass.
fn text_of(data: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(data) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(data),
    }
}

fn field_of(line: &[u8]) -> Field<'_> {
    if let Some(value) = line.strip_prefix(b"data:") {
        return Field::Data(without_space(value));
    }
    match line {
        [] => Field::Blank,
        [b':', ..] => Field::Comment,
        b"data" => Field::Data(b""),
        b"event" => Field::Event(b""),
        b"id" | b"retry" => Field::Ignored,
        _ => field_with_value(line),
    }
}

fn field_with_value(line: &[u8]) -> Field<'_> {
    if let Some(value) = line.strip_prefix(b"event:") {
        return Field::Event(without_space(value));
    }
    if let Some(value) = line.strip_prefix(b"error:") {
        return Field::Error(without_space(value));
    }
    if line.starts_with(b"id:") || line.starts_with(b"retry:") {
        return Field::Ignored;
    }
    Field::Unknown
}

/// One space after the colon belongs to the syntax.
fn without_space(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LINE_BYTES_MAX, SseDecoder, SseError};

    fn frames_of(chunks: &[&[u8]]) -> Result<Vec<(String, String)>, SseError> {
        let mut decoder = SseDecoder::default();
        let mut frames = Vec::new();
        for chunk in chunks {
            decoder.feed::<SseError>(chunk, |frame| {
                frames.push((frame.event.to_owned(), frame.data.to_owned()));
                Ok(())
            })?;
        }
        decoder.end::<SseError>(|frame| {
            frames.push((frame.event.to_owned(), frame.data.to_owned()));
            Ok(())
        })?;
        Ok(frames)
    }

    fn frame(event: &str, data: &str) -> (String, String) {
        (event.to_owned(), data.to_owned())
    }

    #[test]
    fn a_character_cut_in_two_is_whole_again_and_a_broken_one_is_replaced() {
        assert_eq!(frames_of(&[b"data: \xf0\x9f", b"\x98\x80\n\n"]), Ok(vec![frame("message", "😀")]));
        assert_eq!(frames_of(&[b"data: a\xff\n\n"]), Ok(vec![frame("message", "a\u{fffd}")]));
    }

    #[test]
    fn json_without_a_field_is_an_error_frame_also_over_many_lines() {
        let pretty = b"data: 1\n\n{\n  \"error\": {\n\n    \"code\": 5\n  }\n}\n";
        assert_eq!(
            frames_of(&[pretty]),
            Ok(vec![frame("message", "1"), frame("error", "{\n  \"error\": {\n\n    \"code\": 5\n  }\n}")])
        );
        assert_eq!(frames_of(&[b"[{}]\ndata: 1\n\n"]), Ok(vec![frame("error", "[{}]"), frame("message", "1")]));
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let megabyte = vec![b'x'; 1 << 20];
        let chunks = vec![megabyte.as_slice(); (LINE_BYTES_MAX >> 20) + 1];
        assert_eq!(frames_of(&chunks), Err(SseError::LineTooLong));
        let line = [b"data: ".as_slice(), &megabyte, b"\n"].concat();
        assert_eq!(frames_of(&vec![line.as_slice(); 17]), Err(SseError::FrameTooLong));
    }

    #[test]
    fn comments_alone_are_told_apart_and_pages_are_kept() {
        let mut decoder = SseDecoder::default();
        let nothing = |_: super::Frame<'_>| -> Result<(), SseError> { Ok(()) };
        assert_eq!(decoder.feed(b": ping\n\n:\n\n", nothing), Ok(()));
        assert!(decoder.has_only_comments());
        assert_eq!(decoder.feed(b"<html>\n<title>x</title>\n", nothing), Ok(()));
        assert!(!decoder.has_only_comments());
        assert_eq!(decoder.stray(), "<html>\n<title>x</title>\n");
    }

    /// Pieces of streams, some of them broken, to be put together in any order.
    fn piece() -> impl Strategy<Value = &'static [u8]> {
        prop::sample::select(vec![
            b"data: {\"a\":\"\xc3\xa9\"}\n\n".as_slice(),
            b"data: x\r\n\r\n",
            b"data:y\r\r",
            b"data: 1\ndata: 2\n",
            b"event: e\n",
            b": comment\n",
            b"error: {}\n",
            b"{\n \"a\": 1\n}\n",
            b"[1]",
            b"\n",
            b"\r",
            b"\r\n",
            b"\xef\xbb\xbf",
            b"\xff\xf0\x9f",
            b"id: 3\nretry: 5\ndata\n",
            b"<html>\n",
        ])
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_frames(
            pieces in prop::collection::vec(piece(), 0..12),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let stream = pieces.concat();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|ends| &stream[ends[0]..ends[1]]).collect();
            let bytewise: Vec<&[u8]> = stream.chunks(1).collect();
            let whole = frames_of(&[&stream]);
            prop_assert_eq!(&frames_of(&chunks), &whole);
            prop_assert_eq!(&frames_of(&bytewise), &whole);
        }
    }
}
