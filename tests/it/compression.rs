//! Compressed streams: each token is shown when it is there, asked for or not, and nobody is filled up by a few bytes.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::support::{Framing, Gate, ModelServer, Reply, Sandbox, TestConfig};

/// Each of `parts` compressed as far as it goes, so that what came can be read at once.
fn flushed(parts: &[&str]) -> Vec<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for part in parts {
        encoder.write_all(part.as_bytes()).unwrap();
        encoder.flush().unwrap();
        pieces.push(std::mem::take(encoder.get_mut()));
    }
    pieces.push(encoder.finish().unwrap());
    pieces
}

fn head(status: u16, content_type: &str) -> Reply {
    Reply::head(status, &[("content-type", content_type), ("content-encoding", "gzip")], Framing::Chunked)
}

fn token(text: &str) -> String {
    format!("data: {}\n\n", json!({"choices": [{"delta": {"content": text}}]}))
}

#[test]
fn each_token_of_a_compressed_stream_is_shown_at_once() {
    for (compression, asked_for) in [(true, "gzip"), (false, "identity")] {
        let gates = [Gate::default(), Gate::default()];
        let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        let pieces = flushed(&[&token("one "), &token("two "), &token("three"), end]);
        let reply = head(200, "text/event-stream").bytes(&pieces[0]).wait_for(&gates[0]).bytes(&pieces[1]);
        let rest = pieces[2..].concat();
        let server = ModelServer::start([reply.wait_for(&gates[1]).bytes(&rest).end()]);
        let config = TestConfig::for_server(&server).http("compression", compression);
        let sandbox = Sandbox::new().config(&config);
        let running = sandbox.sayso(["ask", "hi"]).spawn();
        running.wait_for_stdout("one ");
        assert_eq!(running.stdout_so_far(), "one ");
        gates[0].open();
        running.wait_for_stdout("one two ");
        gates[1].open();
        running.wait().assert_exit(0).assert_stdout("one two three\n");
        assert_eq!(server.request().header("accept-encoding"), Some(asked_for));
    }
}

#[test]
fn a_few_bytes_that_stand_for_many_are_stopped_at_the_limits() {
    // One line of 32 MiB in some 30 kB; a line has 8 MiB at most.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"data: ").unwrap();
    let mebibyte = vec![b'a'; 1 << 20];
    (0..32).for_each(|_| encoder.write_all(&mebibyte).unwrap());
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    let server = ModelServer::start([head(200, "text/event-stream").bytes(&bomb).end()]);
    let sandbox = Sandbox::for_server(&server);
    let limited = sandbox.ask_once(["hi"]).run().assert_exit(8).assert_stdout("").assert_stderr_has(&["line"]);
    assert!(limited.rss_peak_kib < 96 << 10, "{} KiB", limited.rss_peak_kib);
    let server = ModelServer::start([head(500, "application/json").bytes(&bomb).end()]);
    let failed = Sandbox::for_server(&server).ask_once(["hi"]).run().assert_exit(8);
    assert!(failed.stderr.len() < 4_096 && failed.rss_peak_kib < 96 << 10, "{} KiB", failed.rss_peak_kib);
}

#[test]
fn a_compressed_stream_that_breaks_is_cut_off() {
    let pieces = flushed(&[&token("half")]);
    let server = ModelServer::start([head(200, "text/event-stream").bytes(&pieces[0]).fin()]);
    Sandbox::for_server(&server).ask_once(["hi"]).run().assert_exit(9).assert_stdout("half\n");
}
