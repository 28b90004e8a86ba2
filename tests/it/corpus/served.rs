//! The recorded streams over a real socket: the exit code, standard output and the history of `ask`.

use super::expected::{Expected, Wire};
use super::{Recording, lines_in, recordings, streams};
use crate::support::{self, Dialect, ModelServer, Reply, Sandbox, TestConfig};

/// What the model says once it has the results of its calls.
const AFTER_CALLS: &str = "And that is all.";

/// Streams that hold an error and nothing else, with the exit code that is due.
const ERRORS_ALONE: [(&str, i32); 8] = [
    ("gemini-gen-google-gemini-2-5-flash.sse", 7),
    ("gemini-gen-mock-failure-http-error.sse", 7),
    ("generic-chat-rec-empty-body-200.sse", 8),
    ("lemonade-chat-rec-bare-json-error-in-sse.sse", 7),
    ("lmstudio-chat-rec-embedded-error.sse", 8),
    ("openai-resp-error-event.jsonl", 6),
    ("openrouter-chat-rec-error-chunk-empty-choices.sse", 8),
    ("perplexity-chat-rec-first-event-error-http200.sse", 7),
];

impl Wire {
    fn dialect(self) -> Dialect {
        match self {
            Self::Chat => Dialect::Chat,
            Self::Anthropic => Dialect::Anthropic,
            Self::Gemini => Dialect::Gemini,
            Self::Responses => Dialect::Responses,
        }
    }
}

fn serve_all(wire: Wire) {
    let Some(folder) = streams() else { return };
    let mut wrong = Vec::new();
    for recording in recordings(&folder, wire) {
        wrong.extend(serve(wire, &recording).map(|problem| format!("{}: {problem}", recording.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the run, if anything is.
fn serve(wire: Wire, recording: &Recording) -> Option<String> {
    let Recording { name, bytes, expected } = recording;
    let first = Reply::sse().bytes(bytes).end();
    let dialect = wire.dialect();
    let script = move |_: &support::Received, number: usize| match number {
        0 => Some(first.clone()),
        _ => Some(dialect.answer(AFTER_CALLS)),
    };
    let server = ModelServer::scripted(support::Wire::Plain, script);
    let config = TestConfig::for_server(&server).set("llm.providers.test.api", dialect.api());
    let sandbox = Sandbox::new().config(&config);
    let output = sandbox.ask_once(["hi"]).run();
    let text = format!("{}{}", expected.content, expected.refusal);
    let calls_run = server.requests().len() > 1;
    let exit = if calls_run { 0 } else { exit_of(name, expected) };
    if output.code != Some(exit) {
        return Some(format!("exit {:?}, not {exit}: {output:?}", output.code));
    }
    // Thoughts in tags are no part of the answer.
    if text.contains("think>") {
        return None;
    }
    let mut answer = text.clone();
    if calls_run {
        if !answer.is_empty() {
            answer.push_str("\n\n");
        }
        answer.push_str(AFTER_CALLS);
    }
    if !answer.is_empty() && !answer.ends_with('\n') {
        answer.push('\n');
    }
    if output.stdout() != answer {
        return Some(format!("stdout {:?}, not {answer:?}", output.stdout()));
    }
    let stored = sandbox.rows();
    let roles: Vec<&str> = stored.iter().map(|message| message.role.as_str()).collect();
    if !roles.starts_with(&["user", "assistant"]) || stored[1].text != text {
        return Some(format!("stored as {stored:?}"));
    }
    let status = stored[1].status.split('(').next().unwrap_or_default().to_owned();
    let is_right = match (exit, status.as_str()) {
        (0 | 10, "complete") | (9, "interrupted") => true,
        (_, "error") => exit != 0 && text.is_empty(),
        (_, _) => false,
    };
    (!is_right).then(|| format!("stored as {status} with exit {exit}"))
}

fn exit_of(name: &str, expected: &Expected) -> i32 {
    let has_said = !expected.content.is_empty()
        || !expected.refusal.is_empty()
        || expected.reasoning.as_deref() != Some("")
        || !expected.calls.is_empty();
    if expected.has_error && !has_said {
        return ERRORS_ALONE.iter().find(|(file, _)| *file == name).map_or(-1, |(_, exit)| *exit);
    }
    if expected.has_error || !expected.is_whole {
        return if has_said { 9 } else { 5 };
    }
    match expected.finish.as_deref() {
        _ if !expected.refusal.is_empty() => 10,
        Some("refusal" | "content_filter") => 10,
        Some("length" | "error") => 9,
        Some(_) | None => 0,
    }
}

#[test]
fn every_recorded_chat_stream_ends_as_it_should_for_a_script() {
    serve_all(Wire::Chat);
}

#[test]
fn every_recorded_anthropic_stream_ends_as_it_should_for_a_script() {
    serve_all(Wire::Anthropic);
}

#[test]
fn every_recorded_gemini_stream_ends_as_it_should_for_a_script() {
    serve_all(Wire::Gemini);
}

#[test]
fn every_recorded_responses_stream_ends_as_it_should_for_a_script() {
    serve_all(Wire::Responses);
}

/// What a status means for a script, unless the body says something else.
fn exit_of_status(status: u16) -> i32 {
    match status {
        401 | 403 => 4,
        402 | 429 => 6,
        300..500 => 7,
        _ => 8,
    }
}

/// Bodies that say more than their status: a wrong key.
const KEYS_REFUSED_WITH_400: [&str; 2] = ["Incorrect API key provided", "API key not valid"];

fn refuse_all(dialect: Dialect) {
    let Some(folder) = streams() else { return };
    let mut wrong = Vec::new();
    for entry in lines_in(&folder, "error-bodies.jsonl") {
        let status = u16::try_from(entry["status"].as_u64().unwrap()).unwrap();
        let body = entry["body"].as_str().unwrap();
        let server = ModelServer::always(Reply::body(status, "application/json", body));
        let config = TestConfig::for_server(&server).set("llm.providers.test.api", dialect.api());
        let output = Sandbox::new().config(&config).ask_once(["hi"]).run();
        let is_about_key = status == 400 && KEYS_REFUSED_WITH_400.iter().any(|text| body.contains(text));
        let exit = if is_about_key { 4 } else { exit_of_status(status) };
        let said = output.stderr.lines().find(|line| line.starts_with("error[")).unwrap_or_default().to_owned();
        let message = said.split_once(": ").map_or("", |(_, message)| message);
        let letters = message.chars().filter(|letter| letter.is_alphabetic()).count();
        if output.code != Some(exit)
            || letters < 12
            || message.contains('<')
            || message.starts_with('{')
            || !output.stdout().is_empty()
        {
            wrong.push(format!("{status} {body}\n  gave {:?}, not {exit}: {said}", output.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_recorded_error_body_is_told_in_chat_completions() {
    refuse_all(Dialect::Chat);
}

#[test]
fn every_recorded_error_body_is_told_in_the_words_of_anthropic() {
    refuse_all(Dialect::Anthropic);
}

#[test]
fn every_recorded_error_body_is_told_in_the_words_of_gemini() {
    refuse_all(Dialect::Gemini);
}

#[test]
fn every_recorded_error_body_is_told_in_the_words_of_responses() {
    refuse_all(Dialect::Responses);
}
