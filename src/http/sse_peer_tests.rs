//! The SSE decoder against another one, the crate `eventsource-stream`, which follows the standard to the letter.
//!
//! Where the two are to differ stands in [`INTENDED`]; everywhere else they have to say the same, however the bytes
//! are cut.

use std::convert::Infallible;

use eventsource_stream::Eventsource;
use futures::StreamExt;
use proptest::prelude::*;

use super::{SseDecoder, SseError};

type Frames = Vec<(String, String)>;

fn ours(chunks: &[&[u8]]) -> Frames {
    let mut decoder = SseDecoder::default();
    let mut frames = Vec::new();
    for chunk in chunks {
        let fed = decoder.feed::<SseError>(chunk, |frame| {
            frames.push((frame.event.to_owned(), frame.data.to_owned()));
            Ok(())
        });
        fed.unwrap();
    }
    let ended = decoder.end::<SseError>(|frame| {
        frames.push((frame.event.to_owned(), frame.data.to_owned()));
        Ok(())
    });
    ended.unwrap();
    frames
}

/// What the peer says up to its first error, and whether there was one.
fn theirs(chunks: &[&[u8]]) -> (Frames, bool) {
    let chunks: Vec<Result<Vec<u8>, Infallible>> = chunks.iter().map(|chunk| Ok(chunk.to_vec())).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut events = futures::stream::iter(chunks).eventsource();
        let mut frames = Vec::new();
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => frames.push((event.event, event.data)),
                Err(_) => return (frames, true),
            }
        }
        (frames, false)
    })
}

/// A line of a stream without its end: fields that both know, comments, and fields that nobody knows.
fn line() -> impl Strategy<Value = String> {
    let value = || {
        prop_oneof![
            Just(String::new()),
            Just(r#"{"choices":[{"delta":{"content":"é😀"}}]}"#.to_owned()),
            Just("[DONE]".to_owned()),
            "[ :a-zé\u{feff}\u{0}\t{}\\[\\]\"]{0,12}",
        ]
    };
    let field = |name: &'static str| {
        (prop::sample::select(vec![":", ": ", ":  "]), value())
            .prop_map(move |(colon, value)| format!("{name}{colon}{value}"))
    };
    prop_oneof![
        6 => field("data"),
        2 => field("event"),
        1 => field("id"),
        1 => field("retry"),
        1 => field(""),
        1 => field("x-unknown"),
        1 => field(" data"),
        1 => field("Data"),
        1 => prop::sample::select(vec!["data", "event", "id", "retry", "dat", "unknown"]).prop_map(str::to_owned),
        4 => Just(String::new()),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let end = prop::sample::select(vec!["\n", "\r", "\r\n"]);
    let lines = prop::collection::vec((line(), end), 0..24);
    (any::<bool>(), lines).prop_map(|(has_bom, lines)| {
        let mut stream = if has_bom { "\u{feff}".to_owned() } else { String::new() };
        lines.iter().for_each(|(line, end)| stream.extend([line.as_str(), end]));
        // The end of a stream is where the two differ.
        stream.push_str("\n\n");
        stream.into_bytes()
    })
}

fn cut<'a>(stream: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|ends| &stream[ends[0]..ends[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_standard_is_followed_wherever_the_bytes_are_cut(
        stream in stream(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        // At a byte order mark the peer panics.
        let (expected, has_failed) = theirs(&[stream.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&stream)]);
        prop_assert!(!has_failed);
        prop_assert_eq!(&ours(&cut(&stream, &cuts)), &expected);
        let bytewise: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(&ours(&bytewise), &expected);
    }
}

type Told = &'static [(&'static str, &'static str)];

/// Where we differ: why, the stream, what we say, what the standard says.
const INTENDED: [(&str, &[u8], Told, Told); 6] = [
    (
        "servers leave out the blank line behind their last event",
        b"data: 1\n\ndata: 2",
        &[("message", "1"), ("message", "2")],
        &[("message", "1")],
    ),
    ("a last line that ends in CR is whole", b"data: 1\r\r", &[("message", "1")], &[]),
    (
        "servers write errors as a field of their own",
        b"error: {\"message\":\"busy\"}\n\n",
        &[("error", "{\"message\":\"busy\"}")],
        &[],
    ),
    (
        "servers and proxies put bare JSON in the place of events",
        b"data: 1\n\n{\"error\":\n {}}\n\n",
        &[("message", "1"), ("error", "{\"error\":\n {}}")],
        &[("message", "1")],
    ),
    (
        "a broken letter costs that letter, not the answer",
        b"data: a\xff\n\ndata: b\n\n",
        &[("message", "a\u{fffd}"), ("message", "b")],
        &[],
    ),
    (
        "a letter that is cut off at the end is told, not dropped",
        b"data: 1\n\ndata: \xf0\x9f",
        &[("message", "1"), ("message", "\u{fffd}")],
        &[("message", "1")],
    ),
];

#[test]
fn every_difference_is_intended() {
    let owned = |frames: &[(&str, &str)]| -> Frames {
        frames.iter().map(|(event, data)| ((*event).to_owned(), (*data).to_owned())).collect()
    };
    for (why, stream, of_ours, of_theirs) in INTENDED {
        assert_eq!(ours(&[stream]), owned(of_ours), "{why}");
        assert_eq!(theirs(&[stream]).0, owned(of_theirs), "{why}");
    }
}
