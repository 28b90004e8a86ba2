//! What a line from a server is worth: a message, noise, or a breach of the protocol (pure).

use std::collections::BTreeSet;

use rmcp::model::{RequestId, ServerJsonRpcMessage};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::task_only;

/// The longest line that is read; a server that sends a longer one is ended.
pub(super) const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Breaches of the protocol in a row, after which a server is not listened to any more.
const BREACHES_MAX: usize = 10;

/// Questions of ours that are remembered as open. Beyond it the oldest is forgotten.
const OPEN_MAX: usize = 4096;

/// What to do with a line.
#[derive(Debug)]
pub(super) enum Verdict {
    Message(Box<ServerJsonRpcMessage>),
    /// Not JSON at all: many programs greet on stdout. `is_first` of this server.
    Noise {
        is_first: bool,
    },
    /// Broken, and passed over.
    Skipped,
    /// Broken once too often.
    TooBad(&'static str),
}

/// Judges the lines of one connection, one after another.
#[derive(Debug, Default)]
pub(super) struct Judge {
    open: BTreeSet<RequestOrder>,
    asked: u64,
    breaches: usize,
    has_noise: bool,
}

/// An open question, the oldest first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RequestOrder(u64, String);

/// The members of a JSON-RPC message that tell what it is.
#[derive(Deserialize)]
struct Shape {
    jsonrpc: Option<String>,
    #[serde(default, deserialize_with = "present")]
    id: Option<RequestId>,
    method: Option<IgnoredAny>,
    result: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

/// `null` is an id that names nothing.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<RequestId>, D::Error> {
    Option::<RequestId>::deserialize(deserializer)
}

impl Judge {
    /// A question of ours goes out: its answer is expected from here on.
    pub(super) fn asked(&mut self, id: &RequestId) {
        self.asked += 1;
        self.open.insert(RequestOrder(self.asked, id.to_string()));
        if self.open.len() > OPEN_MAX {
            self.open.pop_first();
        }
    }

    pub(super) fn judge(&mut self, line: &[u8]) -> Verdict {
        let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line).trim_ascii();
        if !matches!(line.first(), Some(b'{' | b'[')) {
            let is_first = !line.is_empty() && !self.has_noise;
            self.has_noise |= is_first;
            return Verdict::Noise { is_first };
        }
        match self.read(line) {
            Ok(message) => {
                self.breaches = 0;
                Verdict::Message(message)
            }
            Err(breach) => {
                self.breaches += 1;
                if self.breaches < BREACHES_MAX { Verdict::Skipped } else { Verdict::TooBad(breach) }
            }
        }
    }

    fn read(&mut self, line: &[u8]) -> Result<Box<ServerJsonRpcMessage>, &'static str> {
        let shape: Shape = serde_json::from_slice(line).map_err(|_| "what it sends is no JSON-RPC")?;
        if shape.jsonrpc.as_deref() != Some("2.0") {
            return Err("what it sends is no JSON-RPC 2.0");
        }
        let kinds = [shape.method.is_some(), shape.result.is_some(), shape.error.is_some()];
        if kinds.iter().filter(|is_there| **is_there).count() != 1 {
            return Err("its messages are question and answer, or answer and error, at once");
        }
        if shape.method.is_none()
            && let Some(id) = &shape.id
        {
            self.answered(id)?;
        }
        task_only::read(line).map(Box::new).map_err(|_| "its messages do not follow the protocol")
    }

    /// An answer has come: to one question of ours, once.
    fn answered(&mut self, id: &RequestId) -> Result<(), &'static str> {
        let id = id.to_string();
        let order = self.open.iter().find(|order| order.1 == id).map(|order| order.0);
        match order {
            Some(order) => {
                self.open.remove(&RequestOrder(order, id));
                Ok(())
            }
            None => Err("it answers what was not asked"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::NumberOrString;

    use super::*;

    fn asked(ids: &[i64]) -> Judge {
        let mut judge = Judge::default();
        for id in ids {
            judge.asked(&NumberOrString::Number(*id));
        }
        judge
    }

    fn is_message(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Message(_))
    }

    #[test]
    fn an_answer_counts_once_and_only_to_what_was_asked() {
        let mut judge = asked(&[1, 2]);
        assert!(is_message(&judge.judge(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#)));
        assert!(matches!(judge.judge(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#), Verdict::Skipped));
        assert!(matches!(judge.judge(br#"{"jsonrpc":"2.0","id":7,"result":{}}"#), Verdict::Skipped));
        assert!(is_message(&judge.judge(br#"{"jsonrpc":"2.0","id":"2","error":{"code":-1,"message":"no"}}"#)));
    }

    #[test]
    fn result_and_error_at_once_is_neither() {
        let line = br#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}"#;
        assert!(matches!(asked(&[1]).judge(line), Verdict::Skipped));
    }

    #[test]
    fn a_banner_is_told_once_and_never_counts_as_a_breach() {
        let mut judge = asked(&[1]);
        assert!(matches!(judge.judge(b"npm warn: hello"), Verdict::Noise { is_first: true }));
        for _ in 0..100 {
            assert!(matches!(judge.judge(b"installing ..."), Verdict::Noise { is_first: false }));
        }
        assert!(is_message(&judge.judge(b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\r")));
    }

    #[test]
    fn ten_breaches_in_a_row_are_too_many_and_a_good_message_forgives() {
        let mut judge = asked(&[1]);
        for _ in 0..9 {
            assert!(matches!(judge.judge(b"{broken"), Verdict::Skipped));
        }
        assert!(is_message(&judge.judge(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#)));
        for _ in 0..9 {
            assert!(matches!(judge.judge(b"[1,2]"), Verdict::Skipped));
        }
        assert!(matches!(judge.judge(b"{}"), Verdict::TooBad(_)));
    }

    #[test]
    fn notifications_and_questions_of_the_server_pass() {
        let mut judge = Judge::default();
        assert!(is_message(&judge.judge(br#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)));
        assert!(is_message(&judge.judge(br#"{"jsonrpc":"2.0","id":"x","method":"ping"}"#)));
    }
}
