//! Recorded streams and error bodies of real servers, where they stand beside the checkout.
//!
//! They are other people's recordings, so they are no part of the repository.

mod expected;
mod served;

use std::path::PathBuf;

use proptest::test_runner::{Config, TestRunner};
use sayso::testing::{ReplyBuilder, SseDecoder, SseError, StreamEvent, explain_error_body, read_models};
use serde_json::Value;

use self::expected::{Expected, Wire};

/// The folder of recordings. Without one the test is skipped, but never where tests must count.
fn streams() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration")]
    let (folder, is_ci) = (std::env::var_os("SAYSO_STREAMS_DIR"), std::env::var("CI").is_ok_and(|ci| ci == "true"));
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/streams");
    let folder = folder.map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if folder.join("index.json").is_file() {
        return Some(folder);
    }
    assert!(!is_ci, "no recorded streams in {}", folder.display());
    #[expect(clippy::print_stderr, reason = "a skipped test must say so")]
    {
        eprintln!("skipped: no recorded streams in {}", folder.display());
    }
    None
}

fn json_in(folder: &std::path::Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

fn lines_in(folder: &std::path::Path, name: &str) -> Vec<Value> {
    let lines = std::fs::read_to_string(folder.join(name)).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a client ends up with.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    reply: Reply,
    bad_chunks: u32,
    error: Option<String>,
    /// Whether the stream came to its end; nothing after an error.
    clean: Option<bool>,
}

#[derive(Debug, Default, PartialEq)]
struct Reply {
    content: String,
    reasoning: String,
    refusal: String,
    calls: Vec<(String, String, String)>,
    finish: Option<String>,
    usage: Option<[Option<u64>; 5]>,
    id: Option<String>,
    model: Option<String>,
    replay: Option<String>,
}

impl Outcome {
    fn apply(&mut self, event: &StreamEvent<'_>, folded: &mut ReplyBuilder) {
        folded.apply(event);
        let reply = &mut self.reply;
        match event {
            StreamEvent::Text(text) => reply.content.push_str(text),
            // Not from the folded reply, which sets blocks of thoughts apart.
            StreamEvent::Reasoning { text, .. } => reply.reasoning.push_str(text),
            StreamEvent::Refusal(text) => reply.refusal.push_str(text),
            StreamEvent::ToolStart { .. }
            | StreamEvent::ToolArguments { .. }
            | StreamEvent::Start { .. }
            | StreamEvent::Restart
            | StreamEvent::Usage(_)
            | StreamEvent::Replay(_)
            | StreamEvent::Finish(_)
            | StreamEvent::BadChunk { .. } => {}
        }
    }

    fn take(&mut self, folded: ReplyBuilder) {
        let text = |part: &str| part.to_owned();
        let calls = folded.tool_calls().into_iter();
        self.reply.calls = calls.map(|call| (call.id, call.name, call.arguments)).collect();
        self.reply.finish = folded.stop.as_ref().map(|stop| text(stop.name()));
        self.reply.usage =
            folded.usage.map(|usage| [usage.input, usage.output, usage.total, usage.cached, usage.reasoning]);
        self.reply.id = folded.response_id;
        self.reply.model = folded.response_model;
        self.reply.replay = folded.replay;
        self.bad_chunks = folded.bad_chunks;
    }
}

fn decode<'a>(wire: Wire, chunks: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = wire.decoder();
    let mut outcome = Outcome::default();
    let mut folded = ReplyBuilder::default();
    let fed =
        chunks.into_iter().try_for_each(|chunk| decoder.feed(chunk, &mut |event| outcome.apply(&event, &mut folded)));
    match fed.and_then(|()| decoder.end(&mut |event| outcome.apply(&event, &mut folded))) {
        Ok(clean) => outcome.clean = Some(clean),
        Err(error) => outcome.error = Some(error.to_string()),
    }
    outcome.take(folded);
    outcome
}

struct Recording {
    name: String,
    bytes: Vec<u8>,
    expected: Expected,
}

fn recordings(folder: &std::path::Path, wire: Wire) -> Vec<Recording> {
    let index = json_in(folder, "index.json");
    let entries = index["entries"].as_array().unwrap().iter().filter(|entry| entry["wire"] == wire.name());
    let recording = |entry: &Value| {
        let name = entry["file"].as_str().unwrap().to_owned();
        let raw = std::fs::read(folder.join("corpus").join(&name)).unwrap();
        let bytes = match entry["framing"].as_str().unwrap() {
            "json-per-line" => framed(&raw),
            _ => raw,
        };
        let expected = Expected::new(wire, entry, bytes.is_empty());
        Recording { name, bytes, expected }
    };
    entries.map(recording).collect()
}

fn framed(lines: &[u8]) -> Vec<u8> {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines.flat_map(|line| [b"data: ".as_slice(), line, b"\n\n"].concat()).collect()
}

fn check_all(wire: Wire, count_min: usize) {
    let Some(folder) = streams() else { return };
    let recordings = recordings(&folder, wire);
    assert!(recordings.len() >= count_min, "only {} recordings", recordings.len());
    for recording in &recordings {
        let outcome = decode(wire, [recording.bytes.as_slice()]);
        recording.expected.check(&recording.name, &outcome);
        let bytewise = decode(wire, recording.bytes.chunks(1));
        assert_eq!(bytewise, outcome, "{} byte by byte", recording.name);
    }
}

fn cut_all(wire: Wire) {
    let Some(folder) = streams() else { return };
    for recording in recordings(&folder, wire) {
        let whole = decode(wire, [recording.bytes.as_slice()]);
        let length = recording.bytes.len();
        let cuts = proptest::collection::vec(0..=length, 1..24);
        let config = Config { cases: 100, failure_persistence: None, ..Config::default() };
        let tested = TestRunner::new(config).run(&cuts, |mut cuts| {
            cuts.extend([0, length]);
            cuts.sort_unstable();
            let split = decode(wire, cuts.windows(2).map(|ends| &recording.bytes[ends[0]..ends[1]]));
            proptest::prop_assert_eq!(&split, &whole);
            Ok(())
        });
        assert_eq!(tested.map_err(|error| error.to_string()), Ok(()), "{}", recording.name);
    }
}

#[test]
fn every_recorded_chat_stream_gives_what_its_server_meant() {
    check_all(Wire::Chat, 78);
}

#[test]
fn every_recorded_anthropic_stream_gives_what_its_server_meant() {
    check_all(Wire::Anthropic, 21);
}

#[test]
fn every_recorded_gemini_stream_gives_what_its_server_meant() {
    check_all(Wire::Gemini, 18);
}

#[test]
fn every_recorded_responses_stream_gives_what_its_server_meant() {
    check_all(Wire::Responses, 18);
}

#[test]
fn every_recorded_chat_stream_can_be_cut_anywhere() {
    cut_all(Wire::Chat);
}

#[test]
fn every_recorded_anthropic_stream_can_be_cut_anywhere() {
    cut_all(Wire::Anthropic);
}

#[test]
fn every_recorded_gemini_stream_can_be_cut_anywhere() {
    cut_all(Wire::Gemini);
}

#[test]
fn every_recorded_responses_stream_can_be_cut_anywhere() {
    cut_all(Wire::Responses);
}

#[test]
fn the_grammar_of_event_streams_is_kept() {
    let Some(folder) = streams() else { return };
    let cases = json_in(&folder, "sse-grammar.json");
    assert!(cases.as_array().unwrap().len() >= 24);
    for case in cases.as_array().unwrap() {
        let bytes = from_hex(case["input_hex"].as_str().unwrap());
        let expected: Vec<(String, String)> = serde_json::from_value(case["events"].clone()).unwrap();
        for size in [1, 2, 3, usize::MAX] {
            let frames = frames_of(bytes.chunks(size));
            let same = frames.len() == expected.len() && frames.iter().zip(&expected).all(|(a, b)| is_same_frame(a, b));
            assert!(same, "{} in chunks of {size}: {frames:?}, not {expected:?}", case["name"]);
        }
    }
}

/// Frames of JSON are the same where the JSON is: the cases were printed by another program.
fn is_same_frame(a: &(String, String), b: &(String, String)) -> bool {
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
    a == b || a.0 == b.0 && parse(&a.1).is_some_and(|json| Some(json) == parse(&b.1))
}

fn from_hex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn frames_of<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<(String, String)> {
    let mut decoder = SseDecoder::default();
    let mut frames = Vec::new();
    for chunk in chunks {
        let fed = decoder.feed::<SseError>(chunk, |frame| {
            frames.push((frame.event.to_owned(), frame.data.to_owned()));
            Ok(())
        });
        assert_eq!(fed, Ok(()));
    }
    let ended = decoder.end::<SseError>(|frame| {
        frames.push((frame.event.to_owned(), frame.data.to_owned()));
        Ok(())
    });
    assert_eq!(ended, Ok(()));
    frames
}

#[test]
fn every_recorded_error_body_becomes_one_readable_line() {
    let Some(folder) = streams() else { return };
    let entries = lines_in(&folder, "error-bodies.jsonl");
    assert!(entries.len() >= 75);
    for entry in entries {
        let status = u16::try_from(entry["status"].as_u64().unwrap()).unwrap();
        let body = entry["body"].as_str().unwrap();
        let message = explain_error_body(status, body).message;
        let is_line = !message.contains(['\n', '<']) && !message.starts_with('{') && message.len() <= 2_100;
        assert!(is_line, "{message}");
        assert!(message.chars().filter(|c| c.is_alphabetic()).count() >= 5, "{message} says nothing of {body}");
        assert!(!message.starts_with("answered with status"), "nothing was found in {body}");
    }
}

#[test]
fn every_recorded_list_of_models_is_understood() {
    let Some(folder) = streams() else { return };
    let shapes = json_in(&folder, "models-shapes.json");
    let mut understood = 0;
    for (name, shape) in shapes.as_object().unwrap() {
        let first = &shape["first"];
        let lists = shape["top_keys"].as_object().into_iter().flatten().filter(|(_, kind)| *kind == "list");
        let answer: Value = match lists.map(|(key, _)| (key.clone(), first.clone())).collect::<serde_json::Map<_, _>>()
        {
            none if none.is_empty() => first.clone(),
            lists => lists.into(),
        };
        let is_ours = answer.is_array() || answer.get("data").is_some() || answer.get("models").is_some();
        let models = read_models(&answer);
        assert_eq!(models.is_some(), is_ours, "{name}");
        let text = first.to_string();
        for facts in models.unwrap_or_default() {
            understood += 1;
            assert!(!facts.id.is_empty() && !facts.id.starts_with("models/"), "{name}: {facts:?}");
            let tells_size = [
                "context_length",
                "context_window",
                "max_context_length",
                "max_model_len",
                "inputTokenLimit",
                "n_ctx",
                "max_input_tokens",
                "max_context_window_tokens",
                "availableContextTokens",
            ];
            let is_told = tells_size
                .iter()
                .any(|key| text.contains(&format!("\"{key}\":")) && !text.contains(&format!("\"{key}\":null")));
            assert!(facts.context.is_some() || !is_told, "{name}: {facts:?} of {text}");
        }
    }
    assert!(understood >= 10, "{understood}");
}
