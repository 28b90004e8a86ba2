//! What one chunk of a stream costs between the socket and the session: SSE, JSON, events, the reply.
//!
//! Each iteration takes [`CHUNKS`] chunks, so microseconds in the output are nanoseconds per chunk.

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use sayso::testing::{
    ChatDecoder, Decode, GeminiDecoder, MessagesDecoder, ReplyBuilder, ResponsesDecoder, SseDecoder, SseError,
    StreamEvent, ThinkTags, begin_record,
};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const CHUNKS: usize = 1000;
/// More than any bench here appends to a reply.
const REPLY_BYTES: usize = 1 << 20;

fn main() {
    divan::main();
}

/// A chunk with this delta, with all the fields that large providers send around it.
fn chunk(delta: &str) -> String {
    format!(
        r#"data: {{"id":"chatcmpl-0123456789abcdefghijklmnopqr","object":"chat.completion.chunk","created":1700000000,"model":"small-model-2024-07-18","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":null}}],"usage":null}}

"#
    )
}

fn stream(delta: &str) -> Vec<u8> {
    chunk(delta).repeat(CHUNKS).into_bytes()
}

/// A decoder in the middle of an answer.
fn running() -> ChatDecoder {
    let mut decoder = ChatDecoder::new(ThinkTags::AreReasoning);
    for delta in [r#"{"role":"assistant","content":""}"#, r#"{"content":"Once upon a time"}"#] {
        feed(&mut decoder, chunk(delta).as_bytes());
    }
    decoder
}

fn feed(decoder: &mut dyn Decode, bytes: &[u8]) {
    let fed = decoder.feed(bytes, &mut |event| {
        black_box(event);
    });
    fed.expect("the stream is well-formed");
}

fn bench_stream(bencher: Bencher<'_, '_>, stream: &[u8]) {
    bencher
        .counter(ItemsCount::new(CHUNKS))
        .with_inputs(running)
        .bench_refs(|decoder| feed(decoder, black_box(stream)));
}

fn bench_reply(bencher: Bencher<'_, '_>, stream: &[u8]) {
    let with_room = || {
        let mut reply = ReplyBuilder::default();
        reply.text.reserve(REPLY_BYTES);
        reply.reasoning.reserve(REPLY_BYTES);
        (running(), reply)
    };
    bencher.counter(ItemsCount::new(CHUNKS)).with_inputs(with_room).bench_refs(|(decoder, reply)| {
        let fed = decoder.feed(black_box(stream), &mut |event: StreamEvent<'_>| reply.apply(&event));
        fed.expect("the stream is well-formed");
    });
}

/// The promise: no row of allocations below this one.
#[divan::bench]
fn plain(bencher: Bencher<'_, '_>) {
    bench_stream(bencher, &stream(r#"{"content":" and"}"#));
}

/// The same promise, up to the text of the reply.
#[divan::bench]
fn plain_into_reply(bencher: Bencher<'_, '_>) {
    bench_reply(bencher, &stream(r#"{"content":" and"}"#));
}

/// As a network hands it over in the worst case: every frame in two reads.
#[divan::bench]
fn plain_in_two_reads(bencher: Bencher<'_, '_>) {
    let chunk = chunk(r#"{"content":" and"}"#);
    let (first, second) = chunk.as_bytes().split_at(chunk.len() / 2);
    bencher.counter(ItemsCount::new(CHUNKS)).with_inputs(running).bench_refs(|decoder| {
        for _ in 0..CHUNKS {
            feed(decoder, black_box(first));
            feed(decoder, black_box(second));
        }
    });
}

/// A newline or a quotation mark makes the text differ from its bytes.
#[divan::bench]
fn escaped(bencher: Bencher<'_, '_>) {
    bench_stream(bencher, &stream(r#"{"content":"\n\n\"and\""}"#));
}

#[divan::bench]
fn reasoning(bencher: Bencher<'_, '_>) {
    bench_stream(bencher, &stream(r#"{"content":null,"reasoning_content":" hmm"}"#));
}

#[divan::bench]
fn reasoning_into_reply(bencher: Bencher<'_, '_>) {
    bench_reply(bencher, &stream(r#"{"content":null,"reasoning_content":" hmm"}"#));
}

/// The same thought twice, the second time with what has to be given back.
#[divan::bench]
fn reasoning_with_details(bencher: Bencher<'_, '_>) {
    let delta = r#"{"content":"","reasoning":" hmm","reasoning_details":[{"type":"reasoning.text","text":" hmm","format":"unknown","index":0}]}"#;
    bench_stream(bencher, &stream(delta));
}

#[divan::bench]
fn tool_call(bencher: Bencher<'_, '_>) {
    let delta = r#"{"tool_calls":[{"index":0,"function":{"arguments":"path"}}]}"#;
    let start = r#"{"tool_calls":[{"index":0,"id":"call_0123456789","type":"function","function":{"name":"read","arguments":""}}]}"#;
    let stream = stream(delta);
    let calling = || {
        let mut decoder = running();
        feed(&mut decoder, chunk(start).as_bytes());
        decoder
    };
    bencher
        .counter(ItemsCount::new(CHUNKS))
        .with_inputs(calling)
        .bench_refs(|decoder| feed(decoder, black_box(&stream)));
}

/// One event of a dialect's stream over and over, after those that begin it.
fn bench_dialect(bencher: Bencher<'_, '_>, new: fn() -> Box<dyn Decode>, begin: &[&str], event: &str) {
    let framed = |data: &str| format!("data: {data}\n\n");
    let begin: String = begin.iter().map(|data| framed(data)).collect();
    let stream = framed(event).repeat(CHUNKS);
    let running = || {
        let mut decoder = new();
        feed(&mut *decoder, begin.as_bytes());
        decoder
    };
    bencher
        .counter(ItemsCount::new(CHUNKS))
        .with_inputs(running)
        .bench_refs(|decoder| feed(&mut **decoder, black_box(stream.as_bytes())));
}

fn messages() -> Box<dyn Decode> {
    Box::new(MessagesDecoder::new())
}

fn gemini() -> Box<dyn Decode> {
    Box::new(GeminiDecoder::new())
}

fn responses() -> Box<dyn Decode> {
    Box::new(ResponsesDecoder::new())
}

/// As [`plain`], in the words of Anthropic.
#[divan::bench]
fn anthropic_plain(bencher: Bencher<'_, '_>) {
    let begin = [
        r#"{"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":9,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
    ];
    let event = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" and"}}"#;
    bench_dialect(bencher, messages, &begin, event);
}

#[divan::bench]
fn anthropic_thinking(bencher: Bencher<'_, '_>) {
    let begin = [
        r#"{"type":"message_start","message":{"id":"msg_1","model":"m"}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
    ];
    let event = r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":" hmm"}}"#;
    bench_dialect(bencher, messages, &begin, event);
}

#[divan::bench]
fn anthropic_tool_call(bencher: Bencher<'_, '_>) {
    let begin = [
        r#"{"type":"message_start","message":{"id":"msg_1","model":"m"}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"read","input":{}}}"#,
    ];
    let event = r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"path"}}"#;
    bench_dialect(bencher, messages, &begin, event);
}

/// As [`plain`], in the words of Google: each chunk tells all of its counts again.
#[divan::bench]
fn gemini_plain(bencher: Bencher<'_, '_>) {
    let event = r#"{"candidates":[{"content":{"parts":[{"text":" and"}],"role":"model"},"index":0}],"modelVersion":"gemini-2.5-flash","responseId":"J3dHapyWENS3g8UPyrefuAE"}"#;
    bench_dialect(bencher, gemini, &[event], event);
}

#[divan::bench]
fn gemini_plain_with_usage(bencher: Bencher<'_, '_>) {
    let event = r#"{"candidates":[{"content":{"parts":[{"text":" and"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":16,"totalTokenCount":52,"promptTokensDetails":[{"modality":"TEXT","tokenCount":8}],"thoughtsTokenCount":28,"serviceTier":"standard"},"modelVersion":"gemini-2.5-flash","responseId":"J3dHapyWENS3g8UPyrefuAE"}"#;
    bench_dialect(bencher, gemini, &[event], event);
}

#[divan::bench]
fn gemini_thinking(bencher: Bencher<'_, '_>) {
    let event = r#"{"candidates":[{"content":{"parts":[{"text":" hmm","thought":true}],"role":"model"},"index":0}],"modelVersion":"gemini-2.5-flash","responseId":"J3dHapyWENS3g8UPyrefuAE"}"#;
    bench_dialect(bencher, gemini, &[event], event);
}

/// As [`plain`], in the words of OpenAI's newer API.
#[divan::bench]
fn responses_plain(bencher: Bencher<'_, '_>) {
    let event = r#"{"type":"response.output_text.delta","sequence_number":57,"item_id":"msg_0ee665a65cc07abb0068f966cda44081979cdaf15f5f42b101","output_index":0,"content_index":0,"delta":" and","logprobs":[],"obfuscation":"Yj7RkQ2mTn1"}"#;
    bench_dialect(bencher, responses, &[event], event);
}

#[divan::bench]
fn responses_reasoning(bencher: Bencher<'_, '_>) {
    let event = r#"{"type":"response.reasoning_summary_text.delta","sequence_number":57,"item_id":"rs_1","output_index":0,"summary_index":0,"delta":" hmm","obfuscation":"Yj7RkQ2mTn1"}"#;
    bench_dialect(bencher, responses, &[event], event);
}

#[divan::bench]
fn responses_tool_call(bencher: Bencher<'_, '_>) {
    let begin = [
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"read","arguments":""}}"#,
    ];
    let event = r#"{"type":"response.function_call_arguments.delta","sequence_number":57,"item_id":"fc_1","output_index":0,"delta":"path","obfuscation":"Yj7RkQ2mTn1"}"#;
    bench_dialect(bencher, responses, &begin, event);
}

/// What `--record` adds to each chunk that comes alone: keys looked for, a line written, the file at times.
#[divan::bench]
fn recorded(bencher: Bencher<'_, '_>) {
    bench_record(bencher, 1);
}

/// The same where ten chunks come with each read, as from a fast server.
#[divan::bench]
fn recorded_ten_at_once(bencher: Bencher<'_, '_>) {
    bench_record(bencher, 10);
}

fn bench_record(bencher: Bencher<'_, '_>, at_once: usize) {
    let path = std::env::temp_dir().join(format!("sayso-bench-{}.jsonl", std::process::id()));
    let read = chunk(r#"{"content":" and"}"#).repeat(at_once);
    bencher
        .counter(ItemsCount::new(CHUNKS))
        .with_inputs(|| begin_record(&path).expect("the folder for temporary files can be written"))
        .bench_refs(|tape| {
            for _ in 0..CHUNKS / at_once {
                tape.chunk(black_box(read.as_bytes()));
            }
        });
    let _ = std::fs::remove_file(path);
}

/// SSE alone: what of the above is framing.
#[divan::bench]
fn frames_only(bencher: Bencher<'_, '_>) {
    let stream = stream(r#"{"content":" and"}"#);
    let running = || {
        let mut decoder = SseDecoder::default();
        frames(&mut decoder, chunk("{}").as_bytes());
        decoder
    };
    bencher
        .counter(ItemsCount::new(CHUNKS))
        .with_inputs(running)
        .bench_refs(|decoder| frames(decoder, black_box(&stream)));
}

fn frames(decoder: &mut SseDecoder, bytes: &[u8]) {
    let fed: Result<(), SseError> = decoder.feed(bytes, |frame| {
        black_box(frame);
        Ok(())
    });
    fed.expect("the stream is well-formed");
}
