//! What happens when the request fails before the first token: names, connections, TLS, status codes, retries.

use std::fs;
use std::io::Write as _;
use std::net::UdpSocket;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::repl::{start, wait_for_end};
use crate::support::{
    AT_ONCE, BlackHole, Certificate, Framing, ModelServer, Output, Reply, Sandbox, TEST_KEY, TestConfig, Wire,
    closed_port, needs,
};

fn ask_once(server: &ModelServer) -> (Sandbox, Output) {
    let sandbox = Sandbox::for_server(server);
    let output = sandbox.ask_once(["hi"]).run();
    (sandbox, output)
}

/// With the usual four tries.
fn ask(server: &ModelServer) -> Output {
    Sandbox::for_server(server).sayso(["ask", "hi"]).run()
}

#[test]
fn network_dns_failure_is_exit_5() {
    if !needs("unshare") {
        return;
    }
    let sandbox = Sandbox::new().config(&TestConfig::new("https://no-such-host.invalid/v1"));
    let output = sandbox.ask_once(["hi"]).under(["unshare", "-rn"]).run().assert_exit(5).assert_stdout("");
    output.assert_stderr_has(&[
        "error[network]",
        "cannot resolve no-such-host.invalid",
        "hint:    is this machine online",
    ]);
    sandbox.assert_turn_without_text("error(network)");
}

#[test]
fn network_silent_name_server_is_not_taken_for_a_silent_server() {
    if !needs("unshare") {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        let _ = writeln!(std::io::stderr(), "SKIPPED: this test needs port 53, which is for root");
        return;
    }
    let silent = UdpSocket::bind("127.0.53.53:53").unwrap();
    let config = TestConfig::new("https://model.example/v1").http("connect_timeout_ms", 300);
    let sandbox = Sandbox::new().config(&config);
    let mut script = String::new();
    for (name, text) in [("resolv.conf", "nameserver 127.0.53.53\n"), ("nsswitch.conf", "hosts: dns\n")] {
        let ours = sandbox.path(name);
        fs::write(&ours, text).unwrap();
        script += &format!("[ ! -e /etc/{name} ] || mount --bind '{}' /etc/{name} || exit; ", ours.display());
    }
    let output = sandbox.ask_once(["hi"]).shell(&(script + "exec \"$@\"")).under(["unshare", "-rm"]).run();
    output.assert_exit(5).assert_stderr_has(&["error[network]: cannot resolve model.example (no answer within 0.3 s)"]);
    drop(silent);
}

#[test]
fn network_refused_is_exit_5_and_points_to_base_url() {
    let port = closed_port();
    let sandbox = Sandbox::new().config(&TestConfig::new(&format!("http://127.0.0.1:{port}/v1")));
    let output = sandbox.ask_once(["hi"]).run().assert_exit(5).assert_stdout("");
    let expected = format!("cannot connect to 127.0.0.1:{port} (refused)");
    output.assert_stderr_has(&["error[network]", &expected, "hint:", "base_url"]);
    sandbox.assert_turn_without_text("error(network)");
}

#[test]
fn network_refused_is_tried_again() {
    let sandbox = Sandbox::new().config(&TestConfig::new(&format!("http://127.0.0.1:{}/v1", closed_port())));
    let output = sandbox.sayso(["ask", "hi", "--retries", "1", "--format", "jsonl"]).run().assert_exit(5);
    let retries = output.events_of("retry");
    assert_eq!(retries.len(), 1, "{output:?}");
    assert_eq!(
        (&retries[0]["code"], &retries[0]["attempt"], &retries[0]["of"]),
        (&"network".into(), &1.into(), &2.into())
    );
}

#[test]
fn network_black_hole_ends_at_the_connect_timeout() {
    let hole = BlackHole::new();
    let config = TestConfig::new(&format!("http://{}/v1", hole.address)).http("connect_timeout_ms", 300);
    let output = Sandbox::new().config(&config).ask_once(["hi"]).run().assert_exit(5);
    // The system itself gives up after two minutes.
    assert!((Duration::from_millis(300)..AT_ONCE).contains(&output.elapsed), "{output:?}");
}

#[test]
fn network_black_hole_is_not_tried_again() {
    let hole = BlackHole::new();
    let config = TestConfig::new(&format!("http://{}/v1", hole.address)).http("connect_timeout_ms", 300);
    let output = Sandbox::new().config(&config).sayso(["ask", "--format", "jsonl", "hi"]).run().assert_exit(5);
    assert_eq!(output.events_of("retry").len(), 0, "{output:?}");
}

#[test]
fn network_black_hole_behind_tls_ends_at_the_connect_timeout() {
    // The connection opens, and the handshake is never answered.
    let server = ModelServer::start_on(Wire::RawPlain, [Reply::nothing().wait_for_client_close()]);
    let config = TestConfig::new(&format!("https://{}/v1", server.address)).http("connect_timeout_ms", 300);
    let sandbox = Sandbox::new().config(&config);
    let output = sandbox.ask_once(["hi"]).run().assert_exit(5).assert_stdout("");
    assert!(output.elapsed >= Duration::from_millis(300), "{output:?}");
    output.assert_stderr_has(&["error[network]", "no answer within 0.3 s"]);
    sandbox.assert_turn_without_text("error(network)");
}

#[test]
fn network_slow_headers_end_at_the_first_byte_timeout() {
    let server = ModelServer::start([Reply::nothing().wait_for_client_close()]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).http("first_byte_timeout_ms", 200));
    sandbox.ask_once(["hi"]).run().assert_exit(5).assert_stderr_has(&["no response"]);
}

#[test]
fn network_a_whole_answer_has_as_much_time_as_a_first_token() {
    let whole = json!({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}).to_string();
    let late = || Reply::nothing().sleep_ms(600).then(Reply::body(200, "application/json", &whole));
    let server = ModelServer::start([late(), late()]);
    let limited = |limit: u64| {
        TestConfig::for_server(&server).http("first_byte_timeout_ms", 100).http("first_token_timeout_ms", limit)
    };
    let ask = |limit| Sandbox::new().config(&limited(limit)).sayso(["ask", "hi", "--no-stream"]).run();
    ask(20_000).assert_exit(0).assert_stdout("Hello\n");
    let output = ask(100).assert_exit(5).assert_stderr_has(&["no answer from", "first_token_timeout_ms"]);
    assert_eq!(server.requests().len(), 2, "it is not asked for again: {output:?}");
}

#[test]
fn network_a_ca_file_that_is_missing_is_a_local_file() {
    let server = ModelServer::start_on(Wire::Tls(Certificate::Good), []);
    let config = TestConfig::for_server(&server).http("ca_file", "/nonexistent/ca.pem");
    let output = Sandbox::new().config(&config).sayso(["ask", "hi"]).run().assert_exit(3);
    output.assert_stderr_has(&["error[config]", "cannot use ca_file /nonexistent/ca.pem"]);
}

#[test]
fn network_tls_with_a_known_authority_works() {
    let server = ModelServer::start_on(Wire::Tls(Certificate::Good), [Reply::answer(&["Hel", "lo"])]);
    ask_once(&server).1.assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    assert_eq!(server.connections()[0].tls, Some(Ok("http/1.1".to_owned())));
}

#[test]
fn network_tls_failures_are_exit_5_name_the_reason_and_are_not_retried() {
    for (kind, reason) in [
        (Certificate::Expired, "expired"),
        (Certificate::SelfSigned, "self-signed"),
        (Certificate::WrongName, "another name"),
        (Certificate::OwnAuthority, "CA:FALSE"),
    ] {
        let server = ModelServer::start_on(Wire::Tls(kind), []);
        let sandbox = Sandbox::for_server(&server);
        let output = sandbox.sayso(["ask", "hi"]).run().assert_exit(5).assert_stdout("");
        output.assert_stderr_has(&["error[tls]", reason, "ca_file"]);
        sandbox.assert_turn_without_text("error(tls)");
        let json = sandbox.sayso(["ask", "hi", "--format", "jsonl"]).run().assert_exit(5);
        assert_eq!(json.events_of("retry").len(), 0, "{kind:?}");
    }
}

#[test]
fn network_plaintext_on_a_tls_port_is_exit_5() {
    let complaint = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let server = ModelServer::start_on(Wire::RawPlain, [Reply::nothing().raw(complaint).fin()]);
    let config = TestConfig::new(&format!("https://{}/v1", server.address));
    let output = Sandbox::new().config(&config).ask_once(["hi"]).run().assert_exit(5).assert_stdout("");
    output.assert_stderr_has(&["error["]);
}

#[test]
fn status_400_404_422_are_exit_7_with_the_providers_message_and_no_retry() {
    for status in [400, 404, 422] {
        let server = ModelServer::start([Reply::error(status, "the model is not for you")]);
        let output = ask(&server).assert_exit(7).assert_stdout("");
        output.assert_stderr_has(&["error[rejected]", "the model is not for you", &status.to_string()]);
    }
}

#[test]
fn status_404_hints_at_model_and_base_url() {
    let server = ModelServer::start([Reply::body(404, "text/plain", "404 page not found")]);
    ask(&server).assert_exit(7).assert_stderr_has(&["hint:", "base_url"]);
}

#[test]
fn status_400_message_is_sanitised_and_cut() {
    let message = format!("bad \u{1b}]52;c;ZXZpbA==\u{7}\u{1b}[2Jthing {}", "x".repeat(100_000));
    let server = ModelServer::start([Reply::error(400, &message)]);
    let output = ask(&server).assert_exit(7).assert_stderr_has(&["thing"]);
    assert!(!output.stderr.contains(['\u{1b}', '\u{7}']), "{:?}", &output.stderr[..200]);
    assert!(output.stderr.len() < 4_096, "{} bytes", output.stderr.len());
}

#[test]
fn status_401_403_are_exit_4_and_name_the_variable_but_never_the_key() {
    for status in [401, 403] {
        let server = ModelServer::start([Reply::error(status, &format!("Incorrect API key provided: {TEST_KEY}."))]);
        let sandbox = Sandbox::for_server(&server);
        let output = sandbox.sayso(["ask", "hi"]).run().assert_exit(4).assert_stdout("");
        assert!(!output.stderr.contains(TEST_KEY), "{output:?}");
        output.assert_stderr_has(&["error[auth]", "TEST_KEY", "…3f9a", "hint:"]);
        sandbox.assert_turn_without_text("error(auth)");
        let database = std::fs::read(sandbox.database_path()).unwrap();
        assert!(!database.windows(TEST_KEY.len()).any(|window| window == TEST_KEY.as_bytes()));
    }
}

#[test]
fn status_402_is_exit_6_without_a_retry() {
    let server = ModelServer::start([Reply::error(402, "Insufficient credits")]);
    ask(&server).assert_exit(6).assert_stderr_has(&["error[quota]", "Insufficient credits"]);
}

#[test]
fn status_408_409_are_tried_again_and_then_exit_7() {
    for status in [408, 409] {
        let again = || Reply::error(status, "once more").header("retry-after-ms", "1");
        let server = ModelServer::start([again(), Reply::answer(&["Hello"])]);
        ask(&server).assert_exit(0).assert_stdout("Hello\n");
        let server = ModelServer::start([again(), again()]);
        Sandbox::for_server(&server).sayso(["ask", "hi", "--retries", "1"]).run().assert_exit(7);
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn status_413_is_exit_7_and_says_how_to_shorten() {
    let server = ModelServer::start([Reply::error(413, "Request too large")]);
    ask(&server).assert_exit(7).assert_stderr_has(&["error[context_too_long]", "Request too large", "hint:"]);
}

#[test]
fn status_413_leaves_the_conversation_usable() {
    let server = ModelServer::start([Reply::error(413, "too large"), Reply::answer(&["Hello"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["a prompt that is far too long"]).run().assert_exit(7);
    sandbox.ask_once(["-c", "short"]).run().assert_exit(0).assert_stdout("Hello\n");
    let body = server.requests()[1].json().to_string();
    assert!(!body.contains("far too long"), "the refused message is sent again: {body}");
}

#[test]
fn status_429_waits_as_long_as_the_server_asks() {
    for (value, waits_ms) in [(Some("2"), 2_000), (None, 1_500)] {
        let value = value.map_or_else(|| date_in(3), str::to_owned);
        let server = ModelServer::start([
            Reply::error(429, "slow down").header("retry-after", &value),
            Reply::answer(&["Hello"]),
        ]);
        ask(&server).assert_exit(0).assert_stdout("Hello\n");
        let [first, second] = &server.requests()[..] else { panic!("two requests") };
        let waited_ms = (second.at - first.at).as_millis();
        assert!(waited_ms >= waits_ms, "{value}: {waited_ms} ms");
    }
}

#[test]
fn status_429_with_a_past_date_or_garbage_backs_off_as_usual() {
    for value in [&*date_in(-3600), "soon", "-5", ""] {
        let server = ModelServer::start([
            Reply::error(429, "slow down").header("retry-after", value),
            Reply::answer(&["Hello"]),
        ]);
        ask(&server).assert_exit(0).assert_stdout("Hello\n");
        assert_eq!(server.requests().len(), 2, "{value}");
    }
}

#[test]
fn status_429_with_an_hour_to_wait_fails_at_once_and_says_when() {
    let server = ModelServer::start([Reply::error(429, "slow down").header("retry-after", "3600")]);
    let output = ask(&server).assert_exit(6);
    let says_when = ["3600 s", "1 h", "60 min", "60m"].iter().any(|time| output.stderr.contains(time));
    assert!(says_when, "{output:?}");
}

#[test]
fn status_429_that_stays_is_exit_6_after_four_tries() {
    let reply = || Reply::error(429, "slow down").header("retry-after-ms", "1");
    let server = ModelServer::start([reply(), reply(), reply(), reply()]);
    ask(&server).assert_exit(6).assert_stderr_has(&["error[rate_limit]", "slow down"]);
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn status_429_for_an_empty_account_is_not_tried_again() {
    let body = serde_json::json!({"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}});
    let server = ModelServer::start([Reply::json(429, &body)]);
    ask(&server).assert_exit(6).assert_stderr_has(&["error[quota]"]);
}

#[test]
fn status_500_502_503_529_are_exit_8_after_four_tries_with_the_request_id() {
    for status in [500, 502, 503, 529] {
        let reply = || Reply::error(status, "overloaded").header("retry-after-ms", "1");
        let server = ModelServer::start([reply(), reply(), reply(), reply()]);
        ask(&server).assert_exit(8).assert_stdout("").assert_stderr_has(&["error[provider]", "overloaded", "req-test"]);
        assert_eq!(server.requests().len(), 4);
    }
}

#[test]
fn every_retry_sends_the_same_request_and_is_told() {
    let reply = || Reply::error(503, "overloaded").header("retry-after-ms", "1");
    let server = ModelServer::start([reply(), reply(), Reply::answer(&["Hello"])]);
    let output = Sandbox::for_server(&server).sayso(["ask", "hi", "--format", "jsonl"]).run().assert_exit(0);
    let retries = output.events_of("retry");
    let told: Vec<_> =
        retries.iter().map(|retry| (&retry["code"], retry["attempt"].as_u64(), retry["of"].as_u64())).collect();
    assert_eq!(told, [(&"provider".into(), Some(1), Some(4)), (&"provider".into(), Some(2), Some(4))]);
    assert_eq!(output.result()["timing"]["retries"], 2);
    let bodies: Vec<_> = server.requests().iter().map(|request| request.body.clone()).collect();
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn should_retry_false_wins() {
    let server = ModelServer::start([Reply::error(500, "broken for good").header("x-should-retry", "false")]);
    ask(&server).assert_exit(8);
}

#[test]
fn a_redirect_is_not_followed_and_the_key_stays_here() {
    let other = ModelServer::start([]).lenient();
    for status in [301, 302, 307, 308] {
        let location = format!("{}/chat/completions", other.base_url());
        let server = ModelServer::start([Reply::error(status, "moved").header("location", &location)]);
        let output = ask_once(&server).1;
        assert!(matches!(output.code, Some(7 | 8)), "{output:?}");
        assert_eq!((other.requests().len(), other.connections().len()), (0, 0));
    }
}

#[test]
fn a_connection_closed_before_any_event_is_tried_again_and_then_exit_5() {
    for (what, bad) in [
        ("fin", Reply::nothing().fin()),
        ("reset", Reply::nothing().rst()),
        ("fin after the head", Reply::sse().fin()),
        ("reset after a comment", Reply::sse().comment("hi").rst()),
    ] {
        let server = ModelServer::start([bad.clone(), Reply::answer(&["Hello"])]);
        ask(&server).assert_exit(0).assert_stdout("Hello\n");
        let server = ModelServer::start([bad]);
        let output = ask_once(&server).1;
        assert_eq!((output.code, server.requests().len()), (Some(5), 1), "{what}: {output:?}");
    }
}

#[test]
fn a_connection_that_is_closed_while_the_person_types_is_replaced_without_a_word() {
    for idle_end in [Reply::fin, Reply::rst] {
        let server = ModelServer::start([idle_end(Reply::answer(&["Hello"])), Reply::answer(&["again"])]);
        let sandbox = Sandbox::for_server(&server);
        let mut pty = start(sandbox.sayso(["chat"]), "test>");
        pty.send("hi\r");
        wait_for_end(&pty, &["test> hi", "Hello", "usage: 7 in, 3 out", "", "test>"]);
        pty.send("more\r");
        let screen = wait_for_end(&pty, &["test> more", "again", "usage: 7 in, 3 out", "", "test>"]);
        assert!(!screen.contains("retry") && !screen.contains("warning"), "{screen}");
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn a_black_hole_at_the_prompt_costs_the_turn_and_no_more() {
    let hole = BlackHole::new();
    let config = TestConfig::new(&format!("http://{}/v1", hole.address)).http("connect_timeout_ms", 200);
    let sandbox = Sandbox::new().config(&config);
    let mut pty = start(sandbox.sayso(["chat"]), "test>").patient(Duration::from_secs(60));
    pty.send("hi\r");
    pty.wait_for_text("no answer within 0.2 s");
    wait_for_end(&pty, &["", "test>"]);
    pty.send("/exit\r");
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn an_error_body_without_end_is_cut() {
    let flood = Reply::nothing().bytes(&[b'x'; 65_536]);
    let endless = Reply::head(400, &[("content-type", "text/plain")], Framing::Chunked).repeat(10_000, flood);
    let server = ModelServer::start([endless]);
    let output = ask_once(&server).1.assert_exit(7);
    assert!(output.stderr.len() < 4_096 && output.rss_peak_kib < 96 << 10, "{} KiB", output.rss_peak_kib);
}

/// An HTTP date so many seconds from now.
fn date_in(seconds: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "the header holds the time of the wall clock")]
    let now = SystemTime::now();
    let shift = Duration::from_secs(seconds.unsigned_abs());
    httpdate::fmt_http_date(if seconds < 0 { now - shift } else { now + shift })
}
