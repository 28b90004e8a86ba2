//! Given these chunks of the Gemini API, this reply.

use serde_json::{Value, json};

use crate::conversation::{ReplyBuilder, StopReason};
use crate::provider::decoder_tests::{decode, frames, gemini, reply_to};

fn reply(parts: &[Value]) -> ReplyBuilder {
    let chunk = |part: &Value| json!({"candidates": [{"content": {"parts": [part]}}]}).to_string();
    let chunks: Vec<String> = parts.iter().map(chunk).collect();
    reply_to(gemini(), &chunks.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
}

fn replay(parts: &[Value]) -> Value {
    reply(parts).replay.map_or(Value::Null, |json| serde_json::from_str(&json).unwrap())
}

#[test]
fn signed_parts_are_given_back_as_they_came() {
    let made = replay(&[
        json!({"text": "thought", "thought": true}),
        json!({"text": "a"}),
        json!({"text": "é"}),
        json!({"text": "b", "thoughtSignature": "s1"}),
        json!({"text": "c"}),
        json!({"functionCall": {"name": "f", "args": {}, "id": "i"}, "thoughtSignature": "s2"}),
        json!({"functionCall": {"name": "f"}}),
        json!({"text": "", "thoughtSignature": "s3"}),
        json!({"thoughtSignature": "s4"}),
        json!({"executableCode": {"code": "1"}, "thoughtSignature": "s5"}),
        json!({"text": "t", "thought": true, "thoughtSignature": "s6"}),
    ]);
    let signed = |signature: &str| json!({ "thoughtSignature": signature });
    let expected = json!({"parts": [
        {"text": 3},
        {"text": 1, "fields": signed("s1")},
        {"text": 1},
        {"call": 0, "fields": {"id": "i", "thoughtSignature": "s2"}},
        {"call": 1},
        {"text": 0, "fields": signed("s3")},
        {"text": 0, "fields": signed("s4")},
        {"fields": {"executableCode": {"code": "1"}, "thoughtSignature": "s5"}},
        {"fields": {"text": "t", "thought": true, "thoughtSignature": "s6"}},
    ]});
    assert_eq!(made, expected);
    assert_eq!(replay(&[json!({"text": "a"}), json!({"text": "hm", "thought": true})]), Value::Null);
}

#[test]
fn thoughts_are_no_part_of_the_answer() {
    let made = reply(&[json!({"text": "hm", "thought": true}), json!({"text": "a"})]);
    assert_eq!((made.reasoning.as_str(), made.text.as_str()), ("hm", "a"));
}

#[test]
fn a_question_can_be_refused_before_it_is_answered() {
    let blocked = r#"{"promptFeedback":{"blockReason":"SAFETY","blockReasonMessage":"Not this."}}"#;
    let made = reply_to(gemini(), &[blocked]).unwrap();
    assert_eq!((made.text.as_str(), made.refused, made.stop), ("Not this.", true, Some(StopReason::ContentFilter)));
    let harmless = r#"{"promptFeedback":{"safetyRatings":[]}}"#;
    assert_eq!(reply_to(gemini(), &[harmless]).unwrap().stop, None);
}

#[test]
fn counts_come_and_go_and_thoughts_are_among_the_output() {
    let made = reply_to(
        gemini(),
        &[
            r#"{"candidates":[],"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"totalTokenCount":9}}"#,
            r#"{"candidates":[],"usageMetadata":{"candidatesTokenCount":5,"thoughtsTokenCount":2,"totalTokenCount":16}}"#,
        ],
    );
    let usage = made.unwrap().usage.unwrap();
    let counts = [usage.input, usage.cached, usage.output, usage.reasoning, usage.total];
    assert_eq!(counts, [Some(9), Some(4), Some(7), Some(2), Some(16)]);
    let nothing = reply_to(gemini(), &[r#"{"candidates":[],"usageMetadata":{"trafficType":"ON_DEMAND"}}"#]);
    assert_eq!(nothing.unwrap().usage, None);
}

#[test]
fn only_the_first_candidate_counts_and_a_reason_is_news_once() {
    let chunk = r#"{"candidates":[{"index":1,"content":{"parts":[{"text":"b"}]}},{"index":0,"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}"#;
    let (events, ended) = decode(gemini(), [frames(&[chunk, chunk]).as_bytes()]);
    assert_eq!((events, ended), (["Text(\"a\")", "Finish(Stop)", "Text(\"a\")"].map(str::to_owned).to_vec(), Ok(true)));
}
