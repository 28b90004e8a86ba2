//! What happens when an answer breaks off, falls silent or is garbled: what came is kept and said to be partial.

use serde_json::{Value, json};

use crate::support::{AT_ONCE, Framing, ModelServer, Output, Reply, Sandbox, TestConfig};

fn ask_once(reply: Reply) -> (Sandbox, Output) {
    let server = ModelServer::start([reply]);
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["hi"]).run();
    (sandbox, output)
}

/// The text that came is on stdout and in the history, for this reason, and the exit code is 9.
#[track_caller]
fn assert_incomplete(reply: Reply, reason: &str) -> Output {
    let (sandbox, output) = ask_once(reply);
    let output = output.assert_exit(9).assert_stdout("Hello\n");
    assert!(!output.stderr.is_empty(), "nothing says that it is partial");
    sandbox.assert_turn(&format!("interrupted({reason})"), "Hello");
    output
}

fn hello() -> Reply {
    Reply::sse().role().text("Hel").text("lo")
}

fn with_idle_ms(server: &ModelServer, idle_ms: u64) -> Sandbox {
    Sandbox::new().config(&TestConfig::for_server(server).http("idle_timeout_ms", idle_ms))
}

#[test]
fn a_stall_ends_at_the_idle_timeout_and_keeps_what_came() {
    let server = ModelServer::start([hello().wait_for_client_close()]);
    let sandbox = with_idle_ms(&server, 300);
    sandbox.ask_once(["hi"]).run().assert_exit(9).assert_stdout("Hello\n");
    sandbox.assert_turn("interrupted(idle_timeout)", "Hello");
    server.wait_for_client_gone();
}

#[test]
fn a_stall_masked_by_keep_alives_ends_too() {
    let empty = json!({"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": null}]});
    for keep_alive in [
        Reply::nothing().comment("ping"),
        Reply::nothing().bytes(b"event: ping\ndata: {}\n\n"),
        Reply::nothing().bytes(b"\n\n"),
        Reply::nothing().event(&empty),
    ] {
        let server = ModelServer::start([hello().repeat(1_000, keep_alive.sleep_ms(20))]);
        let sandbox = with_idle_ms(&server, 300);
        sandbox.ask_once(["hi"]).run().assert_exit(9).assert_stdout("Hello\n");
        sandbox.assert_turn("interrupted(idle_timeout)", "Hello");
    }
}

#[test]
fn keep_alives_before_the_first_token_are_waited_through() {
    let keep_alive = Reply::nothing().comment("OPENROUTER PROCESSING").sleep_ms(20);
    let server = ModelServer::start([Reply::sse().repeat(40, keep_alive).text("Hello").finished()]);
    with_idle_ms(&server, 300).ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n");
}

#[test]
fn no_first_token_in_time_is_exit_5() {
    let server = ModelServer::start([Reply::sse().repeat(1_000, Reply::nothing().comment("ping").sleep_ms(20))]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).http("first_token_timeout_ms", 400));
    let output = sandbox.ask_once(["hi"]).run().assert_exit(5).assert_stdout("");
    output.assert_stderr_has(&["no token came in time", "first_token_timeout_ms"]);
}

#[test]
fn fin_after_tokens_is_incomplete() {
    assert_incomplete(hello().fin(), "disconnect");
}

#[test]
fn reset_after_tokens_is_incomplete() {
    assert_incomplete(hello().sleep_ms(100).rst(), "disconnect");
}

#[test]
fn a_proper_end_of_the_body_without_any_end_of_the_answer_is_incomplete() {
    assert_incomplete(hello().end(), "disconnect");
}

#[test]
fn fin_after_the_finish_reason_is_complete() {
    for reply in [hello().finish("stop").fin(), hello().finish("stop").end()] {
        let (sandbox, output) = ask_once(reply);
        output.assert_exit(0).assert_stdout("Hello\n").assert_quiet();
        sandbox.assert_turn("complete", "Hello");
    }
}

#[test]
fn nothing_is_awaited_after_done() {
    let (_, output) = ask_once(hello().finish("stop").done().wait_for_client_close());
    let output = output.assert_exit(0).assert_stdout("Hello\n");
    // Silence is waited through for two minutes.
    assert!(output.elapsed < AT_ONCE, "{output:?}");
}

#[test]
fn a_truncated_or_bad_chunk_is_incomplete() {
    assert_incomplete(hello().raw("ff\r\ndata: {\"cho").fin(), "disconnect");
    assert_incomplete(hello().raw("zz\r\nx\r\n").fin(), "disconnect");
}

#[test]
fn a_body_shorter_than_its_length_is_incomplete() {
    let headers = [("content-type", "text/event-stream"), ("content-length", "100000")];
    assert_incomplete(Reply::head(200, &headers, Framing::AsWritten).text("Hel").text("lo").fin(), "disconnect");
}

#[test]
fn a_broken_chunk_between_good_ones_is_told_and_the_rest_is_shown() {
    let output =
        assert_incomplete(Reply::sse().text("Hel").data("{\"choices\": [oops").text("lo").finished(), "bad_data");
    assert!(!output.stderr.contains("panicked"), "{output:?}");
    let server = ModelServer::start([Reply::sse().text("Hel").data("{oops").text("lo").finished()]);
    let output = Sandbox::for_server(&server).ask_once(["hi", "--format", "jsonl"]).run().assert_exit(9);
    assert_eq!(output.events_of("notice").len(), 1, "{output:?}");
    assert_eq!((&output.result()["status"], &output.result()["text"]), (&json!("incomplete"), &json!("Hello")));
}

#[test]
fn an_answer_that_the_server_says_is_not_whole_is_incomplete() {
    let output = assert_incomplete(hello().finish("abort").done().end(), "provider_stop");
    output.assert_stderr_has(&["the provider ended the answer before it was whole (abort)"]);
    let output = assert_incomplete(hello().finish("error").done().end(), "provider_stop");
    output.assert_stderr_has(&["the model failed in the middle of its answer (error)"]);
}

#[test]
fn a_model_that_fails_before_its_first_word_is_asked_again() {
    let busy = || Reply::sse().role().finish("insufficient_system_resource").done().end();
    let server = ModelServer::start([busy(), Reply::answer(&["Hello"])]);
    Sandbox::for_server(&server).sayso(["ask", "hi"]).run().assert_exit(0).assert_stdout("Hello\n");
    let (sandbox, output) = ask_once(busy());
    output.assert_exit(8).assert_stdout("").assert_stderr_has(&["error[provider]", "insufficient_system_resource"]);
    sandbox.assert_turn_without_text("error(provider)");
}

#[test]
fn an_error_in_the_stream_may_say_when_to_come_back() {
    let limit = json!({"error": {"code": "rate_limit_exceeded", "message": "Please try again in 1.5s."}});
    let server = ModelServer::start([Reply::sse().event(&limit).end(), Reply::answer(&["Hello"])]);
    let output = Sandbox::for_server(&server).sayso(["ask", "hi", "--format", "jsonl"]).run().assert_exit(0);
    let wait_ms = output.events_of("retry")[0]["wait_ms"].as_u64().unwrap();
    assert!((1_500..5_000).contains(&wait_ms), "{output:?}");
}

#[test]
fn counts_that_cannot_be_are_not_told_and_cost_no_answer() {
    let usage = |tokens: u64, cost: f64| json!({"choices": [], "usage": {"prompt_tokens": tokens, "completion_tokens": tokens, "cost": cost}});
    let ends = [(u64::MAX, -5.0), (5, 0.25), (u64::MAX, 1e300), (7, 0.5)];
    let reply = |(tokens, cost)| hello().finish("stop").event(&usage(tokens, cost)).done().end();
    let server = ModelServer::start(ends.map(reply));
    let sandbox = Sandbox::new()
        .config(&TestConfig::for_server(&server).set("budget", json!({"per_day_usd": 5, "per_day_tokens": 100_000})));
    for told in [json!(null), json!(5), json!(null), json!(7)] {
        let output = sandbox.ask_once(["hi", "--format", "json", "-o", "max_tokens=9"]).run().assert_exit(0);
        assert_eq!(output.result()["usage"]["input"], told);
    }
    assert!(sandbox.messages().iter().all(|message| message.status == "complete"), "{:?}", sandbox.messages());
    let stats = sandbox.sayso(["stats", "--format", "json"]).run().assert_exit(0).stdout();
    assert!(stats.contains("\"input_tokens\": 12") && stats.contains("0.75"), "{stats}");
}

#[test]
fn nothing_but_broken_chunks_is_exit_8() {
    let (sandbox, output) = ask_once(Reply::sse().data("{oops").data("[1,2").data("nonsense").done().end());
    output.assert_exit(8).assert_stdout("").assert_stderr_has(&["error[bad_response]"]);
    sandbox.assert_turn_without_text("error(bad_response)");
}

#[test]
fn an_empty_200_is_exit_8() {
    for reply in [Reply::sse().end(), Reply::sse().done().end(), Reply::body(200, "text/event-stream", "")] {
        ask_once(reply).1.assert_exit(8).assert_stdout("");
    }
}

#[test]
fn html_with_status_200_is_exit_8_and_shows_a_little_of_it() {
    let page = format!("<!DOCTYPE html><title>Welcome to \u{1b}[31mthe gateway</title>{}", "<p>x</p>".repeat(1_000));
    let output = ask_once(Reply::body(200, "text/html", &page)).1.assert_exit(8).assert_stdout("");
    let output = output.assert_stderr_has(&["error[bad_response]", "the gateway"]);
    assert!(output.stderr.len() < 1_500 && !output.stderr.contains('\u{1b}'), "{output:?}");
}

#[test]
fn a_json_answer_that_is_no_stream_is_taken() {
    let body = json!({"id": "x", "model": "test-model", "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "Hello"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}});
    let (sandbox, output) = ask_once(Reply::json(200, &body));
    output.assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    sandbox.assert_turn("complete", "Hello");
}

#[test]
fn an_error_event_before_the_first_token_is_tried_again() {
    let overloaded = json!({"error": {"code": 529, "message": "Overloaded", "type": "overloaded_error"}});
    let server = ModelServer::start([Reply::sse().event(&overloaded).end(), Reply::answer(&["Hello"])]);
    Sandbox::for_server(&server).sayso(["ask", "hi"]).run().assert_exit(0).assert_stdout("Hello\n");
    assert_eq!(server.requests().len(), 2);
    let (_, output) = ask_once(Reply::sse().event(&overloaded).end());
    output.assert_exit(8).assert_stdout("").assert_stderr_has(&["Overloaded"]);
}

#[test]
fn an_error_event_after_tokens_is_incomplete_and_not_tried_again() {
    let failed = json!({"error": {"code": 502, "message": "upstream went away"}});
    let server = ModelServer::start([hello().event(&failed).done().end()]);
    let output = Sandbox::for_server(&server).sayso(["ask", "hi"]).run();
    output.assert_exit(9).assert_stdout("Hello\n").assert_stderr_has(&["upstream went away"]);
}

#[test]
fn an_endless_answer_stops_at_64_mib() {
    let token = "x".repeat(1 << 20);
    let server = ModelServer::start([Reply::sse().repeat(10_000, Reply::nothing().text(&token))]);
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["hi", "--no-save"]).run().assert_exit(9);
    let length = output.stdout_bytes.len();
    assert!((64 << 20..67 << 20).contains(&length), "{length} bytes");
}

#[test]
fn a_line_of_100_mb_is_given_up_at_8_mib() {
    let line = Reply::nothing().bytes(&[b'x'; 1 << 20]);
    let (sandbox, output) = ask_once(hello().bytes(b"data: ").repeat(100, line));
    let output = output.assert_exit(9).assert_stdout("Hello\n");
    assert!(output.rss_peak_kib < 80 << 10, "{} KiB", output.rss_peak_kib);
    assert!(sandbox.messages()[1].status.starts_with("interrupted("), "{:?}", sandbox.messages());
}

#[test]
fn invalid_utf_8_becomes_the_replacement_character() {
    let bytes = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\xff\xfeb\"}}]}\n\n";
    let (_, output) = ask_once(Reply::sse().bytes(bytes).finished());
    output.assert_exit(0).assert_stdout("a\u{fffd}\u{fffd}b\n");
}

#[test]
fn a_lone_surrogate_does_not_poison_the_conversation() {
    let lone = r#"{"choices":[{"index":0,"delta":{"content":"a\ud800b"},"finish_reason":null}]}"#;
    let server = ModelServer::start([Reply::sse().data(lone).finished(), Reply::answer(&["fine"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("a\u{fffd}b\n");
    sandbox.ask_once(["-c", "again"]).run().assert_exit(0).assert_stdout("fine\n");
    assert_eq!(server.requests()[1].json()["messages"][1]["content"], "a\u{fffd}b");
}

#[test]
fn any_framing_of_the_stream_gives_the_same_answer() {
    let chunk = |text: &str| json!({"choices": [{"index": 0, "delta": {"content": text}}]}).to_string();
    let (hel, lo) = (chunk("Hél"), chunk("lo 🦀"));
    let (front, back) = hel.split_at(hel.find(':').unwrap() + 1);
    for body in [
        format!("data: {hel}\n\ndata: {lo}\n\ndata: [DONE]\n\n"),
        format!("\u{feff}data: {hel}\r\n\r\ndata: {lo}\r\n\r\ndata: [DONE]\r\n\r\n"),
        format!("data:{hel}\r\rdata:{lo}\r\rdata:[DONE]\r\r"),
        format!(
            "event: message\nid: 7\nretry: 10\ndata: {front}\ndata: {back}\n\n: ping\n\ndata: {lo}\n\ndata: [DONE]\n\n"
        ),
    ] {
        let bytes = body.as_bytes();
        let whole = Reply::sse().bytes(bytes).end();
        let by_byte = bytes.iter().fold(Reply::sse(), |reply, byte| reply.bytes(&[*byte])).end();
        for reply in [whole, by_byte] {
            ask_once(reply).1.assert_exit(0).assert_stdout("Héllo 🦀\n").assert_quiet();
        }
    }
}

#[test]
fn the_token_limit_is_exit_9() {
    let server = ModelServer::start([hello().finish("length").usage(1, 2).done().end()]);
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["hi", "--format", "jsonl"]).run().assert_exit(9);
    assert_eq!((&output.result()["status"], &output.result()["finish"]), (&json!("incomplete"), &json!("length")));
    sandbox.assert_turn("interrupted(length)", "Hello");
}

#[test]
fn a_content_filter_is_exit_10() {
    let output = ask_once(hello().finish("content_filter").done().end()).1.assert_exit(10).assert_stdout("Hello\n");
    output.assert_stderr_has(&["content filter"]);
}

#[test]
fn a_refusal_is_text_on_stdout_and_exit_10() {
    let refusal = json!({"content": null, "refusal": "I won't."});
    ask_once(Reply::sse().delta(&refusal).finish("stop").done().end()).1.assert_exit(10).assert_stdout("I won't.\n");
}

#[test]
fn thoughts_never_reach_stdout() {
    for thinking in [
        Reply::sse().text("<thi").text("nk>secret plan</th").text("ink>\n\nHello").finished(),
        Reply::sse().delta(&json!({"reasoning_content": "secret plan"})).text("Hello").finished(),
        Reply::sse().delta(&json!({"reasoning": "secret plan"})).text("Hello").finished(),
    ] {
        let server = ModelServer::start([thinking]);
        let sandbox = Sandbox::for_server(&server);
        let output = sandbox.ask_once(["hi", "--thinking", "show"]).run().assert_exit(0).assert_stdout("Hello\n");
        output.assert_stderr_has(&["secret plan"]);
        sandbox.assert_turn("complete", "Hello");
    }
}

/// A call in three deltas, as it is streamed.
fn tool_call() -> Reply {
    let call = |id: Option<&str>, name: Option<&str>, arguments: &str| {
        let mut function = json!({"arguments": arguments});
        name.inspect(|name| function["name"] = json!(name));
        let mut call = json!({"index": 0, "function": function});
        id.inspect(|id| call["id"] = json!(id));
        json!({"tool_calls": [call]})
    };
    Reply::sse()
        .delta(&call(Some("call_a"), Some("read"), ""))
        .delta(&call(None, None, "{\"path\": "))
        .delta(&call(None, None, "\"x\"}"))
        .finish("tool_calls")
        .done()
        .end()
}

#[test]
fn an_unknown_tool_is_an_error_for_the_model_and_a_round() {
    let server = ModelServer::start([tool_call(), Reply::answer(&["fine"])]);
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["hi", "--no-tools", "--format", "jsonl"]).run().assert_exit(0);
    let calls = output.events_of("tool_call");
    assert_eq!(calls.len(), 1, "{output:?}");
    assert_eq!((&calls[0]["id"], &calls[0]["name"]), (&json!("call_a"), &json!("read")));
    assert_eq!(calls[0]["arguments"], json!({"path": "x"}));
    let results = output.events_of("tool_result");
    assert_eq!((results.len(), &results[0]["ok"], &results[0]["id"]), (1, &json!(false), &json!("call_a")));
    let told = &server.requests()[1].json()["messages"][2];
    assert_eq!((&told["role"], &told["tool_call_id"]), (&json!("tool"), &json!("call_a")));
    assert!(told["content"].as_str().unwrap().contains("there is no tool read"), "{told}");
    let reply = sandbox.messages().remove(1);
    assert_eq!(reply.tool_calls.len(), 1, "{reply:?}");
    assert!(reply.tool_calls[0].to_string().contains("call_a"), "{reply:?}");
}

#[test]
fn a_tool_loop_for_ever_ends_at_the_limit() {
    let calls = (0..20).map(|number| {
        let call = json!({"tool_calls": [{"index": 0, "id": format!("c{number}"),
            "function": {"name": "read", "arguments": format!("{{\"n\": {number}}}")}}]});
        Reply::sse().delta(&call).finish("tool_calls").done().end()
    });
    let server = ModelServer::start(calls.collect::<Vec<_>>());
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["hi", "--format", "jsonl", "--max-hops", "3"]).run().assert_exit(9);
    assert_eq!(server.requests().len(), 4, "three rounds, and the reply that asks for one more");
    assert_eq!(output.events_of("tool_result").len(), 4);
    let codes: Vec<_> = output.events_of("notice").into_iter().map(|notice| notice["code"].clone()).collect();
    assert_eq!(codes, ["hop_limit"]);
    assert_eq!(output.events_of("result")[0]["status"], json!("incomplete"));
}

#[test]
fn the_same_call_three_times_ends_the_turn() {
    let server = ModelServer::start([tool_call(), tool_call(), tool_call(), Reply::answer(&["fine"])]);
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["hi", "--format", "jsonl"]).run().assert_exit(9);
    assert_eq!(server.requests().len(), 3);
    let codes: Vec<_> = output.events_of("notice").into_iter().map(|notice| notice["code"].clone()).collect();
    assert_eq!(codes, ["same_call"]);
    sandbox.ask_once(["-c", "again"]).run().assert_exit(0).assert_stdout("fine\n");
}

#[test]
fn texts_round_a_tool_call_are_paragraphs_of_one_answer() {
    let call = json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "read", "arguments": "{}"}}]});
    let first = Reply::sse().text("Let me look.").delta(&call).finish("tool_calls").done().end();
    let server = ModelServer::start([first, Reply::answer(&["Found it."])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Let me look.\n\nFound it.\n");
    let server = ModelServer::start([
        Reply::sse().text("Let me look.").delta(&call).finish("tool_calls").done().end(),
        Reply::answer(&["Found it."]),
    ]);
    let output = Sandbox::for_server(&server).ask_once(["hi", "--format", "json"]).run().assert_exit(0);
    assert_eq!(output.events_of("result")[0]["text"], json!("Let me look.\n\nFound it."));
}

#[test]
fn a_turn_whose_calls_came_to_nothing_is_tried_again() {
    let server = ModelServer::start([tool_call(), Reply::error(500, "down"), Reply::answer(&["late"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.sayso(["ask", "hi", "--retries", "1"]).run().assert_exit(0).assert_stdout("late\n");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn after_a_tool_call_without_result_the_conversation_goes_on() {
    let server = ModelServer::start([tool_call(), Reply::answer(&["fine"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi", "--max-hops", "0"]).run().assert_exit(9).assert_stdout("");
    // The server itself checks that the call is answered or left out.
    sandbox.ask_once(["-c", "again"]).run().assert_exit(0).assert_stdout("fine\n");
}

#[test]
fn ids_of_calls_that_repeat_are_made_our_own() {
    let call = |index: u32, id: Option<&str>| {
        let function = json!({"name": "read", "arguments": json!({"index": index}).to_string()});
        id.map_or_else(
            || json!({"index": index, "function": function}),
            |id| json!({"index": index, "id": id, "function": function}),
        )
    };
    let reply = |calls: &[Value]| {
        calls.iter().fold(Reply::sse(), |reply, call| reply.delta(&json!({"tool_calls": [call]}))).finish("tool_calls")
    };
    let replies = [
        // The same id twice in one reply, none at all, and an index that another call has had.
        reply(&[call(0, Some("a")), call(1, Some("a")), call(2, None), call(0, Some("b"))]).done().end(),
        // And once more in the next one.
        reply(&[call(5, Some("a")), call(6, Some("b"))]).done().end(),
        Reply::answer(&["fine"]),
        Reply::answer(&["still fine"]),
    ];
    // The server itself checks that each id stands once and that each call is answered.
    let server = ModelServer::start(replies);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("fine\n");
    sandbox.ask_once(["-c", "again"]).run().assert_exit(0).assert_stdout("still fine\n");
    let messages = server.requests()[3].json()["messages"].clone();
    let results = messages.as_array().unwrap().iter().filter(|message| message["role"] == "tool").count();
    assert_eq!(results, 6, "{messages:#}");
}

#[test]
fn arguments_of_more_than_a_mebibyte_are_not_run_and_are_sent_as_valid_json() {
    let part = "x".repeat(256 << 10);
    let delta = |arguments: &str| json!({"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]});
    let start =
        json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "read", "arguments": "{\"path\": \""}}]});
    let reply = (0..5).fold(Reply::sse().delta(&start), |reply, _| reply.delta(&delta(&part)));
    let reply = reply.delta(&delta("\"}")).finish("tool_calls").done().end();
    let server = ModelServer::start([reply, Reply::answer(&["fine"])]);
    let output = Sandbox::for_server(&server).ask_once(["hi", "--format", "jsonl"]).run().assert_exit(0);
    let results = output.events_of("tool_result");
    assert_eq!((results.len(), &results[0]["ok"]), (1, &json!(false)), "{results:?}");
    assert!(server.requests()[1].body.len() < 64 << 10, "{} bytes", server.requests()[1].body.len());
}

#[test]
fn broken_tool_arguments_do_not_poison_the_conversation() {
    for arguments in ["", "{\"path\":", "[1]", "nonsense"] {
        let calls = json!({"tool_calls": [
            {"index": 0, "id": "same", "function": {"name": "read", "arguments": arguments}},
            {"index": 1, "id": "same", "function": {"name": "read", "arguments": "{}"}},
            {"index": 2, "function": {"name": "list", "arguments": "{}"}}]});
        let broken = || Reply::sse().delta(&calls).finish("tool_calls").done().end();
        let server = ModelServer::start([broken(), Reply::answer(&["fine"])]);
        let sandbox = Sandbox::for_server(&server);
        sandbox.ask_once(["hi", "--max-hops", "0"]).run().assert_exit(9);
        sandbox.ask_once(["-c", "again"]).run().assert_exit(0).assert_stdout("fine\n");
        let server = ModelServer::start([broken(), Reply::answer(&["fine"])]);
        Sandbox::for_server(&server).ask_once(["hi"]).run().assert_exit(0).assert_stdout("fine\n");
    }
}
