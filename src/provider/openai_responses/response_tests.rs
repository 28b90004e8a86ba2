//! Given these events of the Responses API, this reply.

use serde_json::{Value, json};

use crate::conversation::{ReplyBuilder, StopReason};
use crate::provider::ErrorKind;
use crate::provider::decoder_tests::{decode, frames, reply_to, responses};

fn reply(data: &[&str]) -> ReplyBuilder {
    reply_to(responses(), data).unwrap()
}

fn call_of(made: &ReplyBuilder) -> (String, String, String) {
    let call = made.tool_calls().remove(0);
    (call.id, call.name, call.arguments)
}

const ADDED: &str = r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":""}}"#;
const DONE: &str =
    r#"{"type":"response.completed","response":{"id":"r","model":"m","status":"completed","output":[]}}"#;

#[test]
fn the_whole_of_the_arguments_counts_and_not_their_pieces() {
    let piece =
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"other","delta":"gAAAA"}"#;
    let whole = r#"{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"x\":1}"}"#;
    let item = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{\"x\":2}"}}"#;
    let expected = |arguments: &str| ("c".to_owned(), "f".to_owned(), arguments.to_owned());
    assert_eq!(call_of(&reply(&[ADDED, piece, whole, item, DONE])), expected(r#"{"x":2}"#));
    assert_eq!(call_of(&reply(&[ADDED, piece, whole, DONE])), expected(r#"{"x":1}"#));
    assert_eq!(call_of(&reply(&[item, DONE])), expected(r#"{"x":2}"#), "only the whole item came");
    assert_eq!(call_of(&reply(&[ADDED, piece])), expected("gAAAA"), "cut off");
    assert_eq!(reply(&[ADDED, whole, DONE]).stop, Some(StopReason::ToolCalls));
}

#[test]
fn text_that_comes_only_whole_is_shown_once() {
    let delta = r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a"}"#;
    let text = r#"{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"a"}"#;
    let item = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"a"},{"type":"refusal","refusal":"no"}]}}"#;
    let last = r#"{"type":"response.completed","response":{"output":[{"type":"message","content":[{"type":"output_text","text":"a"}]}]}}"#;
    for data in [&[delta, text, last][..], &[text, last], &[last], &[delta, text]] {
        assert_eq!(reply(data).text, "a", "{data:?}");
    }
    let refused = reply(&[delta, text, item, last]);
    assert_eq!((refused.text.as_str(), refused.refused), ("ano", true));
}

#[test]
fn thoughts_are_given_back_sealed_or_not_at_all() {
    let sealed = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs","status":null,"summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"e"}}"#;
    let open = r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"reasoning","id":"rs2","summary":[],"encrypted_content":null,"content":[{"type":"reasoning_text","text":"open"}]}}"#;
    let said = r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"message","id":"msg","phase":"final_answer","content":[{"type":"output_text","text":"a"}]}}"#;
    let replay = |data: &[&str]| reply(data).replay.map(|json| serde_json::from_str::<Value>(&json).unwrap());
    let thought = json!({"fields": {"type": "reasoning", "id": "rs", "encrypted_content": "e",
        "summary": [{"type": "summary_text", "text": "hm"}]}});
    let with_id = json!({"text": 1, "fields": {"id": "msg", "phase": "final_answer"}});
    assert_eq!(replay(&[sealed, said, DONE]), Some(json!({"parts": [thought, with_id]})));
    // An id would bind the text to a thought that is not there.
    let without_id = json!({"text": 1, "fields": {"phase": "final_answer"}});
    assert_eq!(replay(&[open, said, DONE]), Some(json!({ "parts": [without_id] })));
    assert_eq!(replay(&[sealed, open, said, DONE]), Some(json!({"parts": [thought, without_id]})));
    let plain = said.replace(r#""phase":"final_answer","#, "");
    assert_eq!(replay(&[&plain, DONE]), None);
    assert_eq!(reply(&[sealed, open, said]).reasoning, "hm\n\nopen");
}

#[test]
fn a_response_ends_in_its_own_words() {
    let end =
        |kind: &str, rest: &str| format!(r#"{{"type":"response.{kind}","response":{{"status":"{kind}"{rest}}}}}"#);
    for (kind, rest, expected) in [
        ("completed", "", StopReason::Stop),
        ("incomplete", r#","incomplete_details":{"reason":"max_output_tokens"}"#, StopReason::Length),
        ("incomplete", r#","incomplete_details":{"reason":"content_filter"}"#, StopReason::ContentFilter),
        ("incomplete", r#","incomplete_details":null"#, StopReason::Length),
        (
            "incomplete",
            r#","incomplete_details":{"reason":"max_tool_calls"}"#,
            StopReason::Unfinished("max_tool_calls".to_owned()),
        ),
        ("cancelled", "", StopReason::Unfinished("cancelled".to_owned())),
    ] {
        assert_eq!(reply(&[&end(kind, rest)]).stop, Some(expected), "{kind} {rest}");
    }
    let failed = end("failed", r#","error":{"code":"rate_limit_exceeded","message":"slow down"}"#);
    let (_, ended) = decode(responses(), [frames(&[&failed]).as_bytes()]);
    assert_eq!(ended, Err((ErrorKind::RateLimited, "slow down".to_owned())));
    let flat = r#"{"type":"error","code":"server_error","message":"broken","param":null}"#;
    let (_, ended) = decode(responses(), [frames(&[flat]).as_bytes()]);
    assert_eq!(ended, Err((ErrorKind::Failed, "broken".to_owned())));
    let cut = decode(responses(), [frames(&[ADDED]).as_bytes()]).1;
    assert_eq!(cut, Ok(false));
}

#[test]
fn a_thought_in_several_parts_has_paragraphs() {
    let part = |index: u32, text: &str| {
        format!(
            r#"{{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":{index},"delta":"{text}"}}"#
        )
    };
    assert_eq!(reply(&[&part(0, "a"), &part(0, "b"), &part(1, "c"), DONE]).reasoning, "ab\n\nc");
}
