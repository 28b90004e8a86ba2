//! The faults that only HTTP/2 knows.

use std::time::Duration;

use crate::repl::{CTRL_D, start, wait_for_end};
use crate::support::{Leg, ModelServer, Output, Pty, Relay, Reply, Sandbox, TestConfig, Wire, wait_until};

fn ask(replies: impl Into<Vec<Reply>>) -> (ModelServer, Sandbox, Output) {
    let server = ModelServer::start_on(Wire::Http2, replies);
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.sayso(["ask", "hi"]).run();
    (server, sandbox, output)
}

#[test]
fn http2_is_spoken_where_the_server_offers_it() {
    let (server, sandbox, output) = ask([Reply::answer(&["Hel", "lo"])]);
    output.assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    sandbox.assert_turn("complete", "Hello");
    assert_eq!(server.connections()[0].tls, Some(Ok("h2".to_owned())));
}

#[test]
fn http2_stays_off_when_it_is_switched_off() {
    let server = ModelServer::start_on(Wire::Http2, []);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).http("http2", false));
    sandbox.ask_once(["hi"]).run().assert_exit(5);
    assert!(server.connections().iter().all(|connection| connection.tls != Some(Ok("h2".to_owned()))));
}

#[test]
fn http2_goaway_lets_the_answer_finish() {
    let reply = Reply::sse().text("Hel").go_away().sleep_ms(100).text("lo").finished();
    let (_server, sandbox, output) = ask([reply]);
    output.assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    sandbox.assert_turn("complete", "Hello");
}

#[test]
fn http2_refused_stream_is_tried_again() {
    let (server, _sandbox, output) =
        ask([Reply::nothing().reset_stream(h2::Reason::REFUSED_STREAM), Reply::answer(&["Hello"])]);
    output.assert_exit(0).assert_stdout("Hello\n");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn http2_reset_in_the_middle_is_incomplete() {
    for reason in [h2::Reason::CANCEL, h2::Reason::INTERNAL_ERROR] {
        let (_server, sandbox, output) = ask([Reply::sse().text("Hello").sleep_ms(100).reset_stream(reason)]);
        output.assert_exit(9).assert_stdout("Hello\n");
        sandbox.assert_turn("interrupted(disconnect)", "Hello");
    }
}

#[test]
fn http2_status_codes_mean_the_same() {
    let (_server, _sandbox, output) = ask([Reply::error(401, "no such key")]);
    output.assert_exit(4).assert_stderr_has(&["error[auth]", "no such key"]);
}

#[test]
fn http2_large_answers_pass_flow_control() {
    let token = "0123456789abcdef".repeat(4_096);
    let reply = (0..32).fold(Reply::sse(), |reply, _| reply.text(&token)).finished();
    let (_server, _sandbox, output) = ask([reply]);
    let output = output.assert_exit(0);
    assert_eq!(output.stdout_bytes.len(), 32 * token.len() + 1);
}

/// A REPL with a server that speaks HTTP/2, after its first answer.
fn after_one_answer(replies: impl Into<Vec<Reply>>) -> (ModelServer, Sandbox, Pty) {
    let server = ModelServer::start_on(Wire::Http2, replies);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).http("ping_interval_ms", 100));
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("hi\r");
    wait_for_end(&pty, &["Hello", "usage: 7 in, 3 out", "", "test>"]);
    (server, sandbox, pty)
}

/// Asks once more: the answer must come without a word about the connection.
#[track_caller]
fn assert_goes_on(server: &ModelServer, mut pty: Pty) {
    pty.send("more\r");
    let screen = wait_for_end(&pty, &["again", "usage: 7 in, 3 out", "", "test>"]);
    assert!(!screen.contains("warning") && !screen.contains("retry"), "{screen}");
    assert_eq!(server.requests().len(), 2);
    pty.send(CTRL_D);
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn http2_goaway_makes_the_next_turn_open_a_new_connection() {
    let first = Reply::sse().text("Hel").go_away().text("lo").finished();
    let (server, _sandbox, pty) = after_one_answer([first, Reply::answer(&["again"])]);
    wait_until("the first connection to be closed", || server.connections()[0].closed_at.is_some());
    assert_goes_on(&server, pty);
    assert!(server.connections().len() >= 2);
}

#[test]
fn http2_connection_that_dies_while_the_person_types_is_noticed() {
    let (server, _sandbox, mut pty) = after_one_answer([Reply::answer(&["Hello"]), Reply::answer(&["again"])]);
    pty.send("mo");
    server.forget_connections();
    // Nobody has said that it is dead: only a ping without an answer can tell.
    wait_until("the dead connection to be given up", || server.connections()[0].closed_at.is_some());
    pty.send("\x7f\x7f");
    assert_goes_on(&server, pty);
}

#[test]
fn http2_connection_that_was_opened_ahead_and_died_is_replaced() {
    // Nobody reads what is sent on the dead one, so the server sees one request.
    let server = ModelServer::start_on(Wire::Http2, [Reply::answer(&["Hello"])]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).http("ping_interval_ms", 100));
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    wait_until("the connection to be opened", || server.connections().first().is_some_and(|first| first.tls.is_some()));
    server.forget_connections();
    pty.send("hi\r");
    wait_for_end(&pty, &["test> hi", "Hello", "usage: 7 in, 3 out", "", "test>"]);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn http2_connection_that_lives_is_kept_however_often_it_is_asked() {
    let server = ModelServer::start_on(Wire::Http2, [Reply::answer(&["Hello"]), Reply::answer(&["again"])]);
    let relay = Relay::to(server.address, Duration::ZERO);
    let config = TestConfig::for_server(&server).set("llm.providers.test.base_url", relay.url_of(&server));
    let sandbox = Sandbox::new().config(&config.http("ping_interval_ms", 100));
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("hi\r");
    wait_for_end(&pty, &["Hello", "usage: 7 in, 3 out", "", "test>"]);
    // What still goes to the server are pings.
    let mut pings = 0;
    wait_until("several pings", || {
        pings += relay.take_legs().iter().filter(|leg| **leg == Leg::ToServer).count();
        pings >= 6
    });
    assert_goes_on(&server, pty);
    assert_eq!(server.connections().len(), 1);
}

/// A frame with its 9-byte head; stream 0 unless told.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

#[test]
fn http2_floods_end_the_connection_and_hold_no_memory() {
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const HEADERS: u8 = 1;
    const CONTINUATION: u8 = 9;
    let hello = frame(SETTINGS, 0, 0, &[]);
    // An indexed header field of the static table, again and again.
    let headers = [hello.clone(), frame(HEADERS, 0, 1, &[0x88])].concat();
    for (start, flood) in [
        (hello.clone(), frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])),
        (hello, frame(PING, 0, 0, &[7; 8])),
        (headers, frame(CONTINUATION, 0, 1, &[0x88; 1_024])),
    ] {
        let flood = Reply::nothing().raw(flood.repeat((64 << 10) / flood.len()));
        let reply = Reply::nothing().raw(start).repeat(2_000, flood).wait_for_client_close();
        let server = ModelServer::start_on(Wire::RawHttp2, [reply]);
        let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).http("first_byte_timeout_ms", 2_000));
        let output = sandbox.ask_once(["hi"]).run();
        assert!(matches!(output.code, Some(5 | 9)), "{output:?}");
        assert!(output.rss_peak_kib < 80 << 10, "{} KiB", output.rss_peak_kib);
    }
}
