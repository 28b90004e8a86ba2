//! What holds for the decoders of all dialects: any cutting gives the same events, and nothing makes them crash.

use proptest::prelude::*;

use super::anthropic::MessagesDecoder;
use super::decoder::Decode;
use super::gemini::GeminiDecoder;
use super::openai_responses::ResponsesDecoder;
use super::{ErrorKind, ProviderError};
use crate::conversation::{ReplyBuilder, StreamEvent};

pub(super) type Ended = Result<bool, (ErrorKind, String)>;

/// The events as text, and how it ended.
pub(super) fn decode<'a>(
    mut decoder: Box<dyn Decode>,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<String>, Ended) {
    let mut events = Vec::new();
    let mut note = |event: StreamEvent<'_>| events.push(format!("{event:?}"));
    let fed = chunks.into_iter().try_for_each(|chunk| decoder.feed(chunk, &mut note));
    let ended = fed.and_then(|()| decoder.end(&mut note));
    (events, ended.map_err(|error| (error.kind, error.message)))
}

/// Frames with these data.
pub(super) fn frames(data: &[&str]) -> String {
    data.iter().map(|data| format!("data: {data}\n\n")).collect()
}

pub(super) fn reply_to(mut decoder: Box<dyn Decode>, data: &[&str]) -> Result<ReplyBuilder, ProviderError> {
    let mut reply = ReplyBuilder::default();
    let fed = decoder.feed(frames(data).as_bytes(), &mut |event| reply.apply(&event));
    fed.and_then(|()| decoder.end(&mut |event| reply.apply(&event)))?;
    Ok(reply)
}

pub(super) fn anthropic() -> Box<dyn Decode> {
    Box::new(MessagesDecoder::new())
}

pub(super) fn gemini() -> Box<dyn Decode> {
    Box::new(GeminiDecoder::new())
}

pub(super) fn responses() -> Box<dyn Decode> {
    Box::new(ResponsesDecoder::new())
}

const ALL: [fn() -> Box<dyn Decode>; 3] = [anthropic, gemini, responses];

#[test]
fn deep_nesting_is_refused_without_a_crash() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for (decoder, chunk) in [
        (ALL[0], format!(r#"{{"type":"content_block_start","content_block":{{"type":"x","y":{deep}}}}}"#)),
        (ALL[1], format!(r#"{{"candidates":[{{"content":{{"parts":[{{"x":{deep}}}]}}}}]}}"#)),
        (ALL[2], format!(r#"{{"type":"response.output_item.done","item":{{"type":"x","y":{deep}}}}}"#)),
    ] {
        let (events, _) = decode(decoder(), [frames(&[&chunk]).as_bytes()]);
        assert_eq!(events, [r#"BadChunk { reason: "a chunk that is not valid JSON" }"#], "{}", &chunk[..40]);
    }
}

#[test]
fn an_error_is_found_wherever_it_stands() {
    for decoder in ALL {
        for error in [
            r#"data: {"error":{"message":"x","type":"overloaded_error"}}"#,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}",
            "error: {\"message\":\"x\"}",
            "{\n  \"error\": {\n    \"message\": \"x\"\n  }\n}",
            r#"data: [{"error":{"code":503,"message":"x"}}]"#,
            r#"data: {"detail":"x"}"#,
        ] {
            let (_, ended) = decode(decoder(), [format!("{error}\n\n").as_bytes()]);
            assert_eq!(ended, Err((ErrorKind::Failed, "x".to_owned())), "{error}");
        }
        for (body, expected) in [
            ("", "the response is empty"),
            (": ping\n\n", "the response holds nothing but keep-alives"),
            ("<!doctype html><title>Welcome</title>\n", "the response is no answer of a model: Welcome"),
            ("data: {\n\n", "the response holds nothing but broken chunks"),
            ("data: {\"x\":1}\n\n", "the response holds no answer"),
        ] {
            let (_, ended) = decode(decoder(), [body.as_bytes()]);
            assert_eq!(ended, Err((ErrorKind::BadResponse, expected.to_owned())), "{body:?}");
        }
    }
}

/// Pieces of streams, healthy and not, to be put together in any order.
const PIECES: [&str; 38] = [
    r#"{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":3}}}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"é"}}"#,
    r#"{"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":""}}"#,
    r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}"#,
    r#"{"type":"content_block_start","index":3,"content_block":{"type":"server_tool_use","id":"b","input":{}}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\ud83d\n"}}"#,
    r#"{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
    r#"{"type":"content_block_delta","index":1,"delta":{"type":"signature_delta","signature":"s"}}"#,
    r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"x\":1}"}}"#,
    r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"u":[1]}}}"#,
    r#"{"type":"content_block_stop","index":1}"#,
    r#"{"type":"content_block_stop","index":2}"#,
    r#"{"type":"content_block_stop","index":3}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}"#,
    r#"{"type":"message_stop"}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":"é\n"}]},"index":0}],"modelVersion":"g"}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"","thoughtSignature":"s"}]}}]}"#,
    r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","willContinue":true}}]}}]}"#,
    r#"{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.a","stringValue":"b"}]}}]}}]}"#,
    r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"g","args":{"x":[]},"id":"i"},"thoughtSignature":"s"}]}}]}"#,
    r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"thoughtsTokenCount":2}}"#,
    r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#,
    r#"{"type":"response.created","response":{"id":"r","model":"o"}}"#,
    r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f"}}"#,
    r#"{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"t\u00e9"}"#,
    r#"{"type":"response.output_text.done","output_index":1,"content_index":0,"text":"té"}"#,
    r#"{"type":"response.refusal.delta","output_index":1,"content_index":1,"delta":"no"}"#,
    r#"{"type":"response.reasoning_summary_text.delta","output_index":2,"summary_index":0,"delta":"hm"}"#,
    r#"{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"x\":"}"#,
    r#"{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"x\":1}"}"#,
    r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"i","arguments":"{}"}}"#,
    r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"reasoning","id":"s","encrypted_content":"e"}}"#,
    r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"message","id":"m","content":[{"text":"té"}]}}"#,
    r#"{"type":"response.completed","response":{"status":"completed","output":[],"usage":{"input_tokens":1}}}"#,
    r#"{"type":"error","error":{"message":"x"}}"#,
    "{oops",
    "[DONE]",
];

proptest! {
    #[test]
    fn any_cutting_gives_the_same_events(
        pieces in prop::collection::vec((prop::sample::select(&PIECES[..]), any::<bool>()), 0..14),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let end = |is_crlf: bool| if is_crlf { "\r\n\r\n" } else { "\n\n" };
        let stream: String = pieces.iter().map(|(data, is_crlf)| format!("data: {data}{}", end(*is_crlf))).collect();
        let stream = stream.into_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        for decoder in ALL {
            let whole = decode(decoder(), [stream.as_slice()]);
            prop_assert_eq!(&decode(decoder(), cuts.windows(2).map(|ends| &stream[ends[0]..ends[1]])), &whole);
            prop_assert_eq!(&decode(decoder(), stream.chunks(1)), &whole);
        }
    }
}
