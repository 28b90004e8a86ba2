//! The bytes of a demo answer, as a server would send them: SSE frames of chat-completion chunks.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::script::{DemoCall, Ending, Script};
use crate::provider::ProviderError;

/// One answer under way.
pub struct DemoStream {
    model: String,
    script: Script,
    phase: Phase,
    /// When the next piece is due. Kept here, so that a wait which is dropped loses nothing.
    due: Option<Instant>,
    pieces: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Head,
    Pieces,
    Over,
}

/// What one frame holds. Written without a tree of values in between: a long answer has many.
#[derive(Serialize)]
struct Chunk<'a> {
    choices: &'a [Choice<'a>],
    id: &'static str,
    model: &'a str,
    object: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<&'a Value>,
}

#[derive(Serialize)]
struct Choice<'a> {
    delta: Delta<'a>,
    finish_reason: Option<&'a str>,
    index: u8,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Delta<'a> {
    Text { content: &'a str },
    Other(&'a Value),
}

/// Pieces in one go where there is no pause, about as many as a fast socket hands over.
const BATCH_PIECES: usize = 64;

impl DemoStream {
    pub fn new(model: &str, script: Script) -> Self {
        Self { model: model.to_owned(), script, phase: Phase::Head, due: None, pieces: 0 }
    }

    /// Waits for the next bytes; `None` when the connection is closed. Cancel-safe.
    pub async fn next_bytes(&mut self) -> Option<Result<Bytes, ProviderError>> {
        self.wait().await;
        let bytes = match self.phase {
            Phase::Head => {
                self.phase = Phase::Pieces;
                let mut frames = Vec::new();
                self.write_choice(&mut frames, Delta::Other(&json!({"role": "assistant", "content": ""})), None);
                frames
            }
            Phase::Pieces => match self.pieces() {
                frames if frames.is_empty() => self.end().await?,
                frames => frames,
            },
            Phase::Over => return None,
        };
        Some(Ok(Bytes::from(bytes)))
    }

    /// The pause before a piece; without one, a chance for whatever else runs on this thread.
    async fn wait(&mut self) {
        if self.phase != Phase::Pieces || self.script.pause.is_zero() {
            return tokio::task::yield_now().await;
        }
        let due = *self.due.get_or_insert_with(|| Instant::now() + self.script.pause);
        tokio::time::sleep_until(due).await;
        // Counted from when it was due, so that late wake-ups do not add up; but never a burst.
        let behind_max = Duration::from_millis(50);
        self.due = Some((due + self.script.pause).max(Instant::now() - behind_max));
    }

    fn pieces(&mut self) -> Vec<u8> {
        let count = if self.script.pause.is_zero() { BATCH_PIECES } else { 1 };
        let mut frames = Vec::new();
        for _ in 0..count {
            let Some(piece) = self.script.next_piece() else { break };
            self.pieces += 1;
            self.write_choice(&mut frames, Delta::Text { content: &piece }, None);
        }
        frames
    }

    async fn end(&mut self) -> Option<Vec<u8>> {
        match self.script.ending {
            Ending::Silence => return std::future::pending().await,
            #[cfg(debug_assertions)]
            Ending::Panic => {
                // So that the text has been shown.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                panic!("the demo model panics on purpose");
            }
            Ending::Cut => {
                self.phase = Phase::Over;
                return None;
            }
            Ending::Whole | Ending::Length => self.phase = Phase::Over,
        }
        let mut frames = Vec::new();
        for (index, DemoCall { id, name, arguments }) in self.script.calls.iter().enumerate() {
            let function = json!({"name": name, "arguments": arguments.to_string()});
            let call = json!({"index": index, "id": id, "type": "function", "function": function});
            self.write_choice(&mut frames, Delta::Other(&json!({"tool_calls": [call]})), None);
        }
        let finish = match self.script.ending {
            Ending::Length => "length",
            _ if !self.script.calls.is_empty() => "tool_calls",
            _ => "stop",
        };
        self.write_choice(&mut frames, Delta::Other(&json!({})), Some(finish));
        let (input, output) = (self.script.input_words, self.pieces);
        let usage = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output});
        self.write(&mut frames, &[], Some(&usage));
        frames.extend(b"data: [DONE]\n\n");
        Some(frames)
    }

    fn write_choice(&self, frames: &mut Vec<u8>, delta: Delta<'_>, finish_reason: Option<&str>) {
        self.write(frames, &[Choice { delta, finish_reason, index: 0 }], None);
    }

    fn write(&self, frames: &mut Vec<u8>, choices: &[Choice<'_>], usage: Option<&Value>) {
        let chunk = Chunk { choices, id: "demo-1", model: &self.model, object: "chat.completion.chunk", usage };
        frames.extend(b"data: ");
        serde_json::to_writer(&mut *frames, &chunk).expect("writing to memory cannot fail");
        frames.extend(b"\n\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{IdSource, Message, Role};
    use crate::provider::{ChatRequest, ModelParameters};

    fn stream(model: &str, extra: Value) -> DemoStream {
        let id = IdSource::default().message(1);
        let messages = [Message::new(id, None, Role::User, "say 日本 \"twice\"\n".into(), 1)];
        let extra = extra.as_object().unwrap().clone().into_iter().collect();
        let parameters = ModelParameters { extra, ..ModelParameters::default() };
        let request = ChatRequest::new(model, &messages, &parameters);
        DemoStream::new(model, Script::new(&request).unwrap().unwrap())
    }

    /// All text, and whether the stream was ended in order.
    async fn read(mut stream: DemoStream) -> (String, bool) {
        let (mut text, mut bytes) = (String::new(), Vec::new());
        while let Some(next) = stream.next_bytes().await {
            bytes.extend(next.unwrap());
        }
        let bytes = String::from_utf8(bytes).unwrap();
        for data in bytes.split_terminator("\n\n").map(|frame| frame.strip_prefix("data: ").unwrap()) {
            let chunk: Value = serde_json::from_str(data).unwrap_or_default();
            text += chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default();
        }
        (text, bytes.ends_with("data: [DONE]\n\n") && bytes.contains("\"finish_reason\":\"stop\""))
    }

    #[tokio::test]
    async fn echo_repeats_and_long_counts() {
        assert_eq!(read(stream("echo", json!({}))).await, ("say 日本 \"twice\"\n".into(), true));
        let (text, is_whole) = read(stream("long", json!({"chunks": 150}))).await;
        assert_eq!((text.split_whitespace().count(), text.ends_with("piece-150\n"), is_whole), (150, true, true));
        assert_eq!(read(stream("long", json!({"chunks": 0}))).await, (String::new(), true));
    }

    #[tokio::test]
    async fn a_cut_stream_has_no_end() {
        let (text, is_whole) = read(stream("fail-cut", json!({"tps": 0}))).await;
        assert!(!text.is_empty() && !is_whole);
    }

    #[tokio::test]
    async fn a_stalled_stream_says_something_and_then_nothing() {
        let mut stream = stream("fail-stall", json!({"tps": 0}));
        let mut count = 0;
        let all = async {
            while stream.next_bytes().await.is_some() {
                count += 1;
            }
        };
        assert!(tokio::time::timeout(Duration::from_millis(200), all).await.is_err());
        assert!(count > 1);
    }

    #[tokio::test]
    async fn a_dropped_wait_loses_nothing_and_costs_no_time() {
        let mut stream = stream("slow", json!({"tps": 50}));
        let (mut bytes, start) = (Vec::new(), Instant::now());
        loop {
            match tokio::time::timeout(Duration::from_millis(3), stream.next_bytes()).await {
                Ok(Some(next)) => bytes.extend(next.unwrap()),
                Ok(None) => break,
                Err(_) => {}
            }
        }
        let words = super::super::tour::SLOW.split_whitespace().count();
        assert_eq!(String::from_utf8(bytes).unwrap().matches("\"content\":").count(), words + 1);
        assert!(start.elapsed() >= Duration::from_millis(20) * u32::try_from(words).unwrap());
    }
}
