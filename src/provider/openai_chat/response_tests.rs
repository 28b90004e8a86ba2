//! Given these bytes, these events.

use std::borrow::Cow;

use proptest::prelude::*;
use serde::de::DeserializeSeed;

use super::response::{ChatDecoder, ThinkTags};
use super::wire::{Chunk, Content};
use crate::conversation::{ReasoningKind, ReplyBuilder, StreamEvent};
use crate::provider::ErrorKind;
use crate::provider::decoder::Decode;
use crate::provider::tolerant::Slot;

/// The events as text, and how it ended.
fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, Result<bool, (ErrorKind, String)>) {
    let mut decoder = ChatDecoder::new(ThinkTags::AreReasoning);
    let mut events = Vec::new();
    let mut note = |event: StreamEvent<'_>| events.push(format!("{event:?}"));
    let fed = chunks.into_iter().try_for_each(|chunk| decoder.feed(chunk, &mut note));
    let ended = fed.and_then(|()| decoder.end(&mut note));
    (events, ended.map_err(|error| (error.kind, error.message)))
}

fn events_of(stream: &str) -> (Vec<String>, Result<bool, (ErrorKind, String)>) {
    decode([stream.as_bytes()])
}

/// A stream of choices with these deltas.
fn deltas(deltas: &[&str]) -> String {
    let frame = |delta: &&str| format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n");
    deltas.iter().map(frame).collect::<String>() + "data: [DONE]\n\n"
}

fn reply_to(stream: &str) -> ReplyBuilder {
    let mut decoder = ChatDecoder::new(ThinkTags::AreReasoning);
    let mut reply = ReplyBuilder::default();
    let fed = decoder.feed(stream.as_bytes(), &mut |event| reply.apply(&event));
    fed.and_then(|()| decoder.end(&mut |event| reply.apply(&event))).unwrap();
    reply
}

fn calls_in(parts: &[&str]) -> Vec<(String, String, String)> {
    let parts: Vec<String> = parts.iter().map(|part| format!("{{\"tool_calls\":[{part}]}}")).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let calls = reply_to(&deltas(&parts)).tool_calls();
    calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
}

fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
    (id.to_owned(), name.to_owned(), arguments.to_owned())
}

#[test]
fn plain_text_is_borrowed_from_the_chunk() {
    let chunk =
        r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}],"usage":null}"#;
    let mut read = Chunk::default();
    Slot(&mut read).deserialize(&mut sonic_rs::Deserializer::from_str(chunk)).unwrap();
    let delta = read.choices.item.0.unwrap().delta.0.unwrap();
    assert!(matches!(delta.content, Content::Text(Cow::Borrowed("hi"))));
}

#[test]
fn a_whole_answer_is_as_good_as_a_stream() {
    let body = r#"{
  "id": "c", "model": "m",
  "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi", "tool_calls": null}, "finish_reason": "stop"}],

  "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
}
"#;
    let (events, ended) = events_of(body);
    assert_eq!(events[..3], [r#"Start { id: Some("c"), model: Some("m") }"#, r#"Text("Hi")"#, "Finish(Stop)"]);
    assert_eq!((events.len(), ended), (4, Ok(true)));
}

#[test]
fn a_call_is_put_together_however_it_is_numbered() {
    let whole = |id: &str| format!(r#"{{"index":0,"id":"{id}","function":{{"name":"f","arguments":"{{}}"}}}}"#);
    let both = [call("a", "f", "{}"), call("b", "f", "{}")];
    assert_eq!(calls_in(&[&whole("a"), &whole("b")]), both, "one index for all");
    assert_eq!(calls_in(&[&format!("{},{}", whole("a"), whole("b")).replace("\"index\":0,", "")]), both, "no index");
    let pieces = [
        r#"{"index":1,"id":"a","function":{"name":"f","arguments":"{\"x\""}}"#,
        r#"{"index":1,"id":"a","function":{"name":"f","arguments":":"}}"#,
        r#"{"index":1,"id":null,"function":{"name":null,"arguments":"1"}}"#,
        r#"{"index":1,"id":"","function":{"name":"","arguments":"}"}}"#,
        r#"{"index":1,"function":{"arguments":null}}"#,
        r#"{"index":1,"function":null}"#,
    ];
    assert_eq!(calls_in(&pieces), [call("a", "f", r#"{"x":1}"#)], "id and name with every piece");
    let unnumbered = pieces.map(|piece| piece.replace("\"index\":1,", "").replace("\"id\":\"a\",", ""));
    assert_eq!(calls_in(&[&unnumbered[0], &unnumbered[2], &unnumbered[3]]), [call("call_0", "f", r#"{"x"1}"#)]);
    assert_eq!(
        calls_in(&[r#"{"function":{"name":"f","arguments":{"x":[1]}}}"#]),
        [call("call_0", "f", r#"{"x":[1]}"#)]
    );
    let late = [
        r#"{"index":0,"id":"a","function":{"arguments":"{"}}"#,
        r#"{"index":0,"function":{"name":"f","arguments":"}"}}"#,
    ];
    assert_eq!(calls_in(&late), [call("a", "f", "{}")], "the name comes late");
}

#[test]
fn thoughts_are_shown_once_and_kept_for_the_server() {
    let stream = deltas(&[
        r#"{"reasoning_content":"a","reasoning":"a","content":null}"#,
        r#"{"reasoning":"b","reasoning_details":[{"type":"reasoning.summary","summary":"b","index":0}]}"#,
        r#"{"reasoning_details":[{"type":"reasoning.text","text":"c","index":2},{"type":"reasoning.encrypted","data":"x"}]}"#,
        r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"d"}]},{"type":"text","text":"T"}]}"#,
    ]);
    let (events, ended) = events_of(&stream);
    let thought =
        |text: &str, kind: ReasoningKind, block: u32| format!("{:?}", StreamEvent::Reasoning { text, kind, block });
    let expected = [
        thought("a", ReasoningKind::Raw, 0),
        thought("b", ReasoningKind::Summary, 0),
        thought("c", ReasoningKind::Raw, 2),
        thought("d", ReasoningKind::Raw, 0),
        r#"Text("T")"#.to_owned(),
    ];
    assert_eq!(events[..5], expected);
    assert!(events[5].starts_with("Replay(") && events[5].contains("reasoning_content"), "{}", events[5]);
    assert_eq!((events.len(), ended), (6, Ok(true)));
}

#[test]
fn fields_of_a_call_that_nobody_knows_are_kept_for_the_server() {
    let part =
        r#"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"s":"x"}}}]}"#;
    let replay = reply_to(&deltas(&[part])).replay;
    assert_eq!(replay.as_deref(), Some(r#"{"tool_calls":[{"extra_content":{"google":{"s":"x"}}}]}"#));
}

#[test]
fn half_a_surrogate_pair_is_replaced_and_the_rest_is_read() {
    let (events, ended) = events_of(&deltas(&[r#"{"content":"a\ud83d"}"#, r#"{"content":"\ud83d\ude00"}"#]));
    assert_eq!(events, ["Text(\"a\u{fffd}\")", "Text(\"😀\")"]);
    assert_eq!(ended, Ok(true));
}

#[test]
fn a_broken_chunk_is_news_and_nothing_but_broken_chunks_is_an_error() {
    let stream = deltas(&[r#"{"content":"a"}"#, "{oops", r#"{"content":"b"}"#]);
    let (events, ended) = events_of(&stream);
    assert_eq!(events, [r#"Text("a")"#, r#"BadChunk { reason: "a chunk that is not valid JSON" }"#, r#"Text("b")"#]);
    assert_eq!(ended, Ok(true));
    let (_, ended) = events_of("data: oops\n\ndata: [DONE]\n\n");
    let message = "the response holds nothing but broken chunks".to_owned();
    assert_eq!(ended, Err((ErrorKind::BadResponse, message)));
}

#[test]
fn the_end_is_clean_where_the_server_said_so() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    let ended = |rest: &str| events_of(&format!("{text}{rest}")).1;
    assert_eq!(ended("data: [DONE]"), Ok(true));
    assert_eq!(ended("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"eos\"}]}\n\n"), Ok(true));
    assert_eq!(ended(""), Ok(false));
    assert_eq!(ended("data: {\"choices\":[{\"del"), Ok(false));
    assert_eq!(ended(": keep-alive\n\n"), Ok(false));
}

#[test]
fn a_response_without_an_answer_says_what_it_is() {
    let message = |stream: &str| events_of(stream).1.unwrap_err().1;
    assert_eq!(message(""), "the response is empty");
    assert_eq!(message("data: [DONE]\n\n"), "the response is empty");
    assert_eq!(message(": ping\n\n"), "the response holds nothing but keep-alives");
    assert_eq!(message("{\"object\":\"list\",\"data\":[]}"), "the response holds no answer");
    let page = "<!doctype html>\n<html><title>Sign in</title>\n";
    assert_eq!(message(page), "the response is no answer of a model: Sign in");
    assert_eq!(events_of("data: {\"choi").1, Ok(false));
}

#[test]
fn an_error_is_found_wherever_it_stands_and_what_came_before_is_kept() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"<\"}}]}\n\n";
    for error in [
        "data: {\"error\":{\"message\":\"x\"}}\n\n",
        "data: {\"error\":\"x\",\"choices\":[]}\n\n",
        "event: error\ndata: {\"message\":\"x\"}\n\n",
        "event: error\ndata: x\n\n",
        "error: {\"message\":\"x\"}\n\n",
        "data: {\"object\":\"error\",\"message\":\"x\"}\n\n",
        "data: {\"detail\":\"x\"}\n\n",
        "data: [{\"error\":{\"message\":\"x\"}}]\n\n",
        "data: {\"choices\":[{\"error\":{\"message\":\"x\"},\"delta\":{}}]}\n\n",
        "{\n  \"error\": {\n    \"message\": \"x\"\n  }\n}\n",
    ] {
        let (events, ended) = events_of(&format!("{text}{error}"));
        assert_eq!(
            (events, ended.map_err(|(_, message)| message)),
            (vec!["Text(\"<\")".to_owned()], Err("x".to_owned())),
            "{error}"
        );
    }
    for healthy in [r#"{"error":null}"#, r#"{"error":{}}"#, r#"{"error":""}"#, r#"{"type":"ping"}"#] {
        assert_eq!(events_of(&format!("data: {healthy}\n\n{text}")).1, Ok(false), "{healthy}");
    }
}

#[test]
fn deep_nesting_is_refused_without_a_crash() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for delta in [format!(r#"{{"content":"a","x":{deep}}}"#), format!(r#"{{"reasoning_details":[{{"x":{deep}}}]}}"#)] {
        let (events, _) = events_of(&deltas(&[&delta]));
        assert_eq!(events, [r#"BadChunk { reason: "a chunk that is not valid JSON" }"#]);
    }
}

/// Pieces of streams, healthy and not, to be put together in any order.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"é\\n\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"<think>a\"}}]}\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"b</think>\\n\\nc\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"r\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1}}\n\n",
        "data: {oops\n\n",
        "data: [DONE]\n\n",
        ": ping\n\n",
        "error: {\"message\":\"x\"}\n\n",
        "{\n \"error\": {\n\n \"message\": \"y\"}\n}\n",
        "event: ping\ndata: {}\n\n",
        "data: {\"choices\":[],\n",
        "\n",
        "\r",
        "<html>",
    ])
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same_events(
        pieces in prop::collection::vec(piece(), 0..10),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let stream = pieces.concat().into_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let whole = decode([stream.as_slice()]);
        prop_assert_eq!(&decode(cuts.windows(2).map(|ends| &stream[ends[0]..ends[1]])), &whole);
        prop_assert_eq!(&decode(stream.chunks(1)), &whole);
    }
}
