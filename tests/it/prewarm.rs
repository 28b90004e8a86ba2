//! The connection that is opened ahead: what it saves, and that it is the only one.

use std::time::Duration;

use crate::repl::{start, wait_for_end};
use crate::support::{Certificate, Leg, ModelServer, Relay, Reply, Sandbox, TestConfig, Wire, wait_until};

/// Half of 50 ms there and back.
const DELAY: Duration = Duration::from_millis(25);

/// What happened on the way from the prompt to the first token, and how many trips there and back it took.
fn first_turn(wire: Wire, prewarm: bool) -> (Vec<Leg>, usize) {
    let server = ModelServer::start_on(wire, [Reply::answer(&["Hello"])]);
    let relay = Relay::to(server.address, DELAY);
    let config = TestConfig::for_server(&server)
        .set("llm.providers.test.base_url", relay.url_of(&server))
        .http("prewarm", prewarm);
    let sandbox = Sandbox::new().config(&config);
    let mut pty = start(sandbox.sayso(["chat", "--no-tools"]), "test>");
    if prewarm {
        let is_open = || server.connections().first().is_some_and(|first| wire == Wire::Plain || first.tls.is_some());
        wait_until("the connection", is_open);
        // What the server has to say of itself is on its way too.
        std::thread::sleep(DELAY * 8);
    }
    let before = relay.take_legs();
    assert_eq!(before.contains(&Leg::Opened), prewarm, "{before:?}");
    pty.send("hi\r");
    pty.wait_for_text("Hello");
    let legs = relay.take_legs();
    wait_for_end(&pty, &["test>"]);
    pty.send("\x04");
    pty.wait_for_exit();
    assert_eq!(server.connections().len(), 1);
    let mut turns = legs.clone();
    turns.dedup();
    // A connection takes a trip of its own, which is not seen here.
    let trips = turns.iter().filter(|leg| matches!(leg, Leg::Opened | Leg::ToServer)).count();
    (legs, trips)
}

#[test]
fn the_first_token_costs_one_trip_over_a_warm_connection() {
    let (legs, trips) = first_turn(Wire::Tls(Certificate::Good), true);
    assert_eq!((trips, legs[0]), (1, Leg::ToServer), "{legs:?}");
    let (legs, trips) = first_turn(Wire::Plain, true);
    assert_eq!((trips, legs[0]), (1, Leg::ToServer), "{legs:?}");
    // Without it: to open, to greet, to ask.
    let (legs, trips) = first_turn(Wire::Tls(Certificate::Good), false);
    assert!(trips >= 3 && legs[0] == Leg::Opened, "{legs:?}");
}

#[test]
fn over_http2_nothing_is_greeted_again_either() {
    let (warm, _) = first_turn(Wire::Http2, true);
    assert!(!warm.contains(&Leg::Opened), "{warm:?}");
    let (_, cold_trips) = first_turn(Wire::Http2, false);
    let mut turns = warm.clone();
    turns.dedup();
    let warm_trips = turns.iter().filter(|leg| **leg == Leg::ToServer).count();
    // The two greetings of HTTP/2 cross on the way; the first token waits for neither.
    assert!(warm_trips + 2 <= cold_trips, "{warm_trips} against {cold_trips}: {warm:?}");
}

#[test]
fn ten_turns_take_one_connection() {
    for wire in [Wire::Plain, Wire::Tls(Certificate::Good), Wire::Http2] {
        let replies: Vec<Reply> = (1..=10).map(|number| Reply::answer(&[&format!("answer-{number}.")])).collect();
        let server = ModelServer::start_on(wire, replies);
        let sandbox = Sandbox::for_server(&server);
        let mut pty = start(sandbox.sayso(["chat"]), "test>");
        for number in 1..=10 {
            pty.send("go on\r");
            pty.wait_for_text(&format!("answer-{number}."));
            wait_for_end(&pty, &["test>"]);
        }
        pty.send("\x04");
        assert_eq!(pty.wait_for_exit(), 0);
        assert_eq!((server.requests().len(), server.connections().len()), (10, 1), "{wire:?}");
    }
}
