//! What a line from a server is worth: a message, noise, or a breach of the protocol (pure).

use std::collections::BTreeSet;

use rmcp::model::{ErrorCode, ErrorData, RequestId, ServerJsonRpcMessage};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;

use super::task_only;

/// The longest line that is read; a server that sends a longer one is ended.
pub(super) const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Breaches of the protocol in a row, after which a server is not listened to any more.
const BREACHES_MAX: usize = 10;

/// Questions of ours that are remembered as open. Beyond it the oldest is forgotten.
const OPEN_MAX: usize = 4096;

/// Marks an error that stands in for an answer which came and cannot be read.
const UNREADABLE: &str = "sayso/unreadable";

/// What to do with a line.
#[derive(Debug)]
pub(super) enum Verdict {
    Message(Box<ServerJsonRpcMessage>),
    /// No message at all: many programs greet on stdout. `is_first` of this server.
    Noise {
        is_first: bool,
    },
    /// A message that should not be, and is passed over.
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

/// What still can be told of a message with a member that is there twice.
#[derive(Deserialize)]
struct Answered {
    id: RequestId,
    method: Option<IgnoredAny>,
}

/// What is wrong with a line.
enum Breach {
    /// It cannot even be told what it is.
    NoMessage(&'static str),
    Broken(&'static str),
    /// The answer to this question of ours, and why it cannot be read.
    Answer(RequestId, String),
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
            return Verdict::Noise { is_first: !line.is_empty() && self.is_first_noise() };
        }
        let breach = match self.read(line) {
            Ok(message) => {
                self.breaches = 0;
                return Verdict::Message(message);
            }
            Err(breach) => breach,
        };
        self.breaches += 1;
        let is_too_bad = self.breaches >= BREACHES_MAX;
        match breach {
            Breach::NoMessage(words) | Breach::Broken(words) if is_too_bad => Verdict::TooBad(words),
            Breach::NoMessage(_) => Verdict::Noise { is_first: self.is_first_noise() },
            Breach::Broken(_) => Verdict::Skipped,
            Breach::Answer(id, why) => Verdict::Message(Box::new(unreadable(id, &why))),
        }
    }

    fn is_first_noise(&mut self) -> bool {
        !std::mem::replace(&mut self.has_noise, true)
    }

    fn read(&mut self, line: &[u8]) -> Result<Box<ServerJsonRpcMessage>, Breach> {
        let shape: Shape = match serde_json::from_slice(line) {
            Ok(shape) => shape,
            Err(error) => return Err(self.without_shape(line, &error)),
        };
        if shape.jsonrpc.as_deref() != Some("2.0") {
            return Err(Breach::Broken("what it sends is no JSON-RPC 2.0"));
        }
        let kinds = [shape.method.is_some(), shape.result.is_some(), shape.error.is_some()];
        let count = kinds.iter().filter(|is_there| **is_there).count();
        if count > 1 {
            return Err(Breach::Broken("its messages are question and answer, or answer and error, at once"));
        }
        let answered = shape.id.filter(|_| shape.method.is_none());
        if let Some(id) = &answered {
            self.answered(id).map_err(Breach::Broken)?;
        }
        if count == 0 {
            const NOTHING: &str = "it holds neither a result nor an error";
            return Err(answered.map_or(Breach::Broken(NOTHING), |id| Breach::Answer(id, NOTHING.to_owned())));
        }
        task_only::read(line).map(Box::new).map_err(|error| match answered {
            Some(id) => Breach::Answer(id, why_unreadable(&error)),
            None => Breach::Broken("its messages do not follow the protocol"),
        })
    }

    /// JSON with a member that is there twice may still name the question that it answers.
    fn without_shape(&mut self, line: &[u8], error: &serde_json::Error) -> Breach {
        const NO_MESSAGE: Breach = Breach::NoMessage("what it sends is no JSON-RPC");
        match serde_json::from_slice::<Answered>(line) {
            Ok(Answered { id, method: None }) if self.answered(&id).is_ok() => {
                Breach::Answer(id, why_unreadable(error))
            }
            Ok(_) | Err(_) => NO_MESSAGE,
        }
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

/// Stands in for a message of a stream of events that is an answer and cannot be read: the SDK would pass it over, and
/// the call would wait for another one. The message is as the SDK gets it, which takes text alone and reads it again.
pub(super) fn stand_in(message: &[u8]) -> Option<ServerJsonRpcMessage> {
    let error = serde_json::from_slice::<ServerJsonRpcMessage>(message).err()?;
    match serde_json::from_slice(message) {
        Ok(Answered { id, method: None }) => Some(unreadable(id, &why_unreadable(&error))),
        Ok(_) | Err(_) => None,
    }
}

fn why_unreadable(error: &serde_json::Error) -> String {
    match error.classify() {
        // The SDK tries all messages there are, and has no words for what fits none.
        Category::Data if !error.to_string().starts_with("duplicate field") => {
            "it does not follow the protocol".to_owned()
        }
        Category::Data | Category::Syntax | Category::Eof | Category::Io => error.to_string(),
    }
}

/// Stands in for the answer, so that nobody waits for another one.
fn unreadable(id: RequestId, why: &str) -> ServerJsonRpcMessage {
    let mark = serde_json::json!({ UNREADABLE: true });
    let error = ErrorData::new(ErrorCode::PARSE_ERROR, format!("its answer cannot be read: {why}"), Some(mark));
    ServerJsonRpcMessage::error(error, Some(id))
}

/// Whether an error is ours, because the server's answer could not be read.
pub(super) fn is_unreadable(error: &ErrorData) -> bool {
    error.data.as_ref().is_some_and(|data| data.get(UNREADABLE).is_some())
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
            assert!(matches!(judge.judge(b"{broken"), Verdict::Noise { .. }));
        }
        assert!(is_message(&judge.judge(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#)));
        for _ in 0..9 {
            assert!(matches!(judge.judge(b"[1,2]"), Verdict::Noise { is_first: false }));
        }
        assert!(matches!(judge.judge(b"{}"), Verdict::TooBad(_)));
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_an_error_of_its_question() {
        let deep = format!(r#""result":{{"a":{}{}}}"#, "[".repeat(3000), "]".repeat(3000));
        for (rest, why) in [
            (br#""result":{"a":"\ud800"}"#.as_slice(), "hex escape"),
            (b"\"result\":{\"a\":\"caf\xe9\"}", "invalid unicode"),
            (deep.as_bytes(), "recursion limit"),
            (br#""result":{"a":1e400}"#, "number out of range"),
            (br#""error":{"code":-1}"#, "does not follow the protocol"),
            (br#""result":{},"result":{}"#, "duplicate field"),
            (br#""result":null"#, "neither a result nor an error"),
        ] {
            let line = [br#"{"jsonrpc":"2.0","id":1,"#, rest, b"}"].concat();
            let Verdict::Message(message) = asked(&[1]).judge(&line) else { panic!("{why}") };
            let ServerJsonRpcMessage::Error(error) = *message else { panic!("{why}") };
            assert_eq!(error.id, Some(NumberOrString::Number(1)));
            assert!(error.error.message.contains(why) && is_unreadable(&error.error), "{why}: {error:?}");
            // It answers nothing that was asked.
            assert!(!is_message(&asked(&[2]).judge(&line)), "{why}");
        }
    }

    #[test]
    fn only_an_answer_that_cannot_be_read_is_replaced_in_a_stream() {
        for (message, is_replaced) in [
            (r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1}}"#, true),
            (r#"{"jsonrpc":"2.0","id":1,"result":{},"result":{}}"#, true),
            (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, false),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, false),
            (r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, false),
            ("", false),
        ] {
            assert_eq!(stand_in(message.as_bytes()).is_some(), is_replaced, "{message}");
        }
    }

    #[test]
    fn what_names_no_question_is_noise_that_is_told_once() {
        let mut judge = asked(&[1]);
        assert!(matches!(judge.judge(br#"{"jsonrpc":"2.0","id":1,"result":{"a":"#), Verdict::Noise { is_first: true }));
        assert!(matches!(judge.judge(b"Traceback"), Verdict::Noise { is_first: false }));
    }

    #[test]
    fn notifications_and_questions_of_the_server_pass() {
        let mut judge = Judge::default();
        assert!(is_message(&judge.judge(br#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)));
        assert!(is_message(&judge.judge(br#"{"jsonrpc":"2.0","id":"x","method":"ping"}"#)));
    }
}
