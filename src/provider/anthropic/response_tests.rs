//! Given these events of the Messages API, this reply.

use crate::conversation::{ReplyBuilder, StopReason};
use crate::provider::decoder_tests::{anthropic, decode, frames, reply_to};

fn reply(data: &[&str]) -> ReplyBuilder {
    reply_to(anthropic(), data).unwrap()
}

const START: &str = r#"{"type":"message_start","message":{"id":"m1","model":"c","usage":{"input_tokens":5,"cache_read_input_tokens":20,"cache_creation_input_tokens":100,"output_tokens":1}}}"#;
const STOP: &str = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}"#;

#[test]
fn tokens_of_the_cache_are_among_those_of_the_prompt() {
    let usage = reply(&[START, STOP, r#"{"type":"message_stop"}"#]).usage.unwrap();
    assert_eq!((usage.input, usage.cached, usage.cache_write, usage.output), (Some(125), Some(20), Some(100), Some(9)));
    let revised = r#"{"type":"message_delta","delta":{},"usage":{"input_tokens":7,"output_tokens_details":{"thinking_tokens":4}}}"#;
    let usage = reply(&[START, revised]).usage.unwrap();
    assert_eq!((usage.input, usage.reasoning), (Some(127), Some(4)));
}

#[test]
fn a_start_under_another_id_begins_the_message_anew() {
    let block = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"read","input":{}}}"#;
    let end = r#"{"type":"content_block_stop","index":0}"#;
    let again = START.replace("m1", "m2");
    let ids = |made: ReplyBuilder| made.tool_calls().into_iter().map(|call| call.id).collect::<Vec<_>>();
    let spliced = reply(&[START, block, end, &again, &block.replace(r#""t""#, r#""u""#), end, STOP]);
    assert_eq!((spliced.bad_chunks, ids(spliced)), (0, vec!["u".to_owned()]));
    let repeated = reply(&[START, START, block, end, STOP]);
    assert_eq!(ids(repeated), ["t"]);
    let text = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}"#;
    let shown = reply(&[START, text, &again, text, STOP]);
    assert_eq!((shown.text.as_str(), shown.bad_chunks), ("HelHel", 1), "what was shown is told as broken");
}

#[test]
fn what_the_server_does_on_its_own_is_kept_word_for_word() {
    let made = reply(&[
        START,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"q\":"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"é"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"url":"u"}}}"#,
        r#"{"type":"content_block_start","index":2,"content_block":{"type":"compaction","content":null}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"compaction_delta","content":"c"}}"#,
    ]);
    let expected = serde_json::json!({"parts": [
        {"fields": {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": 1}}},
        {"text": 2, "fields": {"citations": [{"url": "u"}]}},
        {"fields": {"type": "compaction", "content": "c"}},
    ]});
    assert_eq!(serde_json::from_str::<serde_json::Value>(made.replay.as_deref().unwrap()).unwrap(), expected);
    assert_eq!((made.text.as_str(), made.tool_calls().len()), ("é", 0));
}

#[test]
fn a_thought_without_its_signature_is_shown_and_not_given_back() {
    let begun =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#;
    let thought = r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#;
    let signed = r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}"#;
    let cut = reply(&[START, begun, thought]);
    assert_eq!((cut.reasoning.as_str(), cut.replay), ("hm", None));
    let whole = reply(&[START, begun, thought, signed]);
    let expected = r#"{"parts":[{"fields":{"signature":"s","thinking":"hm","type":"thinking"}}]}"#;
    assert_eq!(whole.replay.as_deref(), Some(expected));
}

#[test]
fn plain_text_and_calls_leave_nothing_to_give_back() {
    let made = reply(&[
        START,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"x":1}}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        STOP,
    ]);
    let call = &made.tool_calls()[0];
    assert_eq!((call.id.as_str(), call.name.as_str(), call.arguments.as_str()), ("t", "f", r#"{"x":1}"#));
    assert_eq!((made.replay, made.stop), (None, Some(StopReason::Stop)));
}

#[test]
fn a_refusal_says_why() {
    let refused =
        r#"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"explanation":"Not this."}}}"#;
    let made = reply(&[START, refused]);
    assert_eq!((made.refused, made.text.as_str(), made.stop), (true, "Not this.", Some(StopReason::Refusal)));
}

#[test]
fn nothing_counts_after_the_last_event_and_without_it_the_answer_is_cut() {
    let text = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#;
    let ended = |data: &[&str]| decode(anthropic(), [frames(data).as_bytes()]);
    let (events, clean) = ended(&[START, text, STOP, r#"{"type":"message_stop"}"#, text]);
    assert_eq!((events.iter().filter(|event| event.starts_with("Text")).count(), clean), (1, Ok(true)));
    assert_eq!(ended(&[START, text]).1, Ok(false));
    assert_eq!(ended(&[START, text, STOP]).1, Ok(true), "the reason was told");
}

#[test]
fn a_proxy_that_asks_again_begins_a_new_message() {
    let begun = r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#;
    let text = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#;
    let (events, _) = decode(anthropic(), [frames(&[START, begun, START, text]).as_bytes()]);
    assert_eq!(events.iter().filter(|event| event.starts_with("Start")).count(), 1);
    assert!(events.contains(&r#"Text("a")"#.to_owned()), "{events:?}");
}
