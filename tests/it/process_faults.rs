//! Signals, readers that leave, limits of the process: what came is kept, and the exit code says why.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{
    AT_ONCE, Gate, ModelServer, Output, Reply, Running, Sandbox, Strace, TestConfig, needs, wait_until,
};

fn hello_then_silence() -> ModelServer {
    ModelServer::start([Reply::sse().text("Hel").text("lo").wait_for_client_close()])
}

/// An `ask` that has shown `Hello` and waits for more.
fn streaming(sandbox: &Sandbox) -> Running {
    let running = sandbox.ask_once(["hi"]).spawn();
    running.wait_for_stdout("Hello");
    running
}

/// Sends the signal and gives the output and the time the process took to end.
fn stop(running: Running, signal: Signal) -> (Output, Duration) {
    let sent = Instant::now();
    running.signal(signal);
    (running.wait(), sent.elapsed())
}

#[test]
fn signals_in_ask_keep_the_partial_answer_and_end_the_request() {
    for (signal, code, reason) in
        [(Signal::INT, 130, "user_interrupt"), (Signal::TERM, 143, "signal"), (Signal::HUP, 129, "signal")]
    {
        let server = hello_then_silence();
        let sandbox = Sandbox::for_server(&server);
        let (output, took) = stop(streaming(&sandbox), signal);
        output.assert_exit(code).assert_stdout("Hello\n");
        assert!(took < AT_ONCE, "{signal:?} took {took:?}");
        server.wait_for_client_gone();
        sandbox.assert_turn(&format!("interrupted({reason})"), "Hello");
    }
}

#[test]
fn signals_before_the_first_token_end_ask_too() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let server = ModelServer::start([Reply::nothing().wait_for_client_close()]);
        let sandbox = Sandbox::for_server(&server);
        let running = sandbox.ask_once(["hi"]).spawn();
        server.wait_for_request(1);
        let (output, took) = stop(running, signal);
        output.assert_exit(code).assert_stdout("");
        assert!(took < AT_ONCE, "{signal:?} took {took:?}");
        let reason = if signal == Signal::INT { "user_interrupt" } else { "signal" };
        sandbox.assert_turn_without_text(&format!("interrupted({reason})"));
    }
}

#[test]
fn a_signal_ends_the_wait_for_a_retry() {
    let server = ModelServer::start([Reply::error(429, "slow down").header("retry-after", "30")]);
    let sandbox = Sandbox::for_server(&server);
    let running = sandbox.sayso(["ask", "hi", "--format", "jsonl"]).spawn();
    running.wait_for_stdout("\"retry\"");
    let (output, took) = stop(running, Signal::INT);
    assert_eq!(output.assert_exit(130).result()["status"], "interrupted");
    assert!(took < AT_ONCE, "took {took:?}");
}

#[test]
fn a_signal_under_jsonl_still_gives_a_result() {
    let server = hello_then_silence();
    let sandbox = Sandbox::for_server(&server);
    let running = sandbox.ask_once(["hi", "--format", "jsonl"]).spawn();
    running.wait_for_stdout("lo");
    let result = stop(running, Signal::TERM).0.assert_exit(143).result();
    assert_eq!((&result["status"], &result["text"]), (&"interrupted".into(), &"Hello".into()));
}

/// As GNU `timeout` does it: the process gets the signal, and then its group.
#[test]
fn a_signal_that_comes_twice_is_one() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let server = hello_then_silence();
        let sandbox = Sandbox::for_server(&server);
        let running = sandbox.ask_once(["hi", "--format", "jsonl"]).spawn();
        running.wait_for_stdout("lo");
        let lock = Connection::open(sandbox.database_path()).unwrap();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        running.signal(signal);
        server.wait_for_client_gone();
        running.signal(signal);
        drop(lock);
        let result = running.wait().assert_exit(code).result();
        assert_eq!((&result["status"], &result["text"]), (&"interrupted".into(), &"Hello".into()), "{signal:?}");
    }
}

#[test]
fn a_second_ctrl_c_still_gives_a_result() {
    let server = hello_then_silence();
    let sandbox = Sandbox::for_server(&server);
    let mut running = sandbox.ask_once(["hi", "--format", "jsonl"]).spawn();
    running.wait_for_stdout("lo");
    let lock = Connection::open(sandbox.database_path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    running.signal(Signal::INT);
    server.wait_for_client_gone();
    running.interrupt_until_it_ends();
    let result = running.wait().assert_exit(130).result();
    assert_eq!((&result["status"], &result["interrupted"]), (&"interrupted".into(), &"user_interrupt".into()));
}

#[test]
fn a_signal_while_stdin_is_waited_for_still_gives_a_result() {
    for (models, signal, code, reason) in [
        (&["test:a"][..], Signal::INT, 130, "user_interrupt"),
        (&["test:a"], Signal::TERM, 143, "signal"),
        (&["test:a", "test:b"], Signal::TERM, 143, "signal"),
    ] {
        let server = ModelServer::start([]);
        let sandbox = Sandbox::for_server(&server);
        let models = models.iter().flat_map(|model| ["-m", model]);
        let running = sandbox.ask_once(models.chain(["--format", "json", "-"])).open_stdin().spawn();
        running.wait_until_it_listens_to(Signal::HUP);
        running.signal(signal);
        let result = running.wait().assert_exit(code).result();
        assert_eq!((&result["status"], &result["exit"]), (&"interrupted".into(), &code.into()));
        assert_eq!((&result["interrupted"], &result["error"]), (&reason.into(), &serde_json::Value::Null));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_was_ignored_at_the_start_stays_so() {
    for (name, signal) in [("HUP", Signal::HUP), ("INT", Signal::INT), ("QUIT", Signal::QUIT)] {
        let gate = Gate::default();
        let server = ModelServer::start([Reply::sse().text("Hel").wait_for(&gate).text("lo").finished()]);
        let sandbox = Sandbox::for_server(&server);
        let running = sandbox.ask_once(["hi"]).shell(&format!("trap '' {name}; exec \"$@\"")).spawn();
        running.wait_for_stdout("Hel");
        running.signal(signal);
        gate.open();
        running.wait().assert_exit(0).assert_stdout("Hello\n");
    }
}

#[test]
fn a_second_ctrl_c_ends_ask_at_once_while_the_history_is_stuck() {
    let server = hello_then_silence();
    let sandbox = Sandbox::for_server(&server);
    let running = streaming(&sandbox);
    let lock = Connection::open(sandbox.database_path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    running.signal(Signal::INT);
    server.wait_for_client_gone();
    // Two that come at the same moment are one press.
    std::thread::sleep(Duration::from_millis(100));
    let (output, took) = stop(running, Signal::INT);
    output.assert_exit(130);
    // The lock is waited for 5 s.
    assert!(took < Duration::from_secs(4), "took {took:?}");
}

#[test]
fn a_second_ctrl_c_ends_ask_at_once_while_the_disk_is_stuck() {
    if !needs("strace") {
        return;
    }
    let server = ModelServer::start([]);
    let sandbox = Sandbox::for_server(&server);
    let pid_file = sandbox.path("pid");
    let strace = Strace::new(&sandbox).inject("fdatasync,fsync:delay_enter=15s").on_history(&sandbox);
    let running = sandbox.ask_once(["hi"]).pid_file(&pid_file).strace(&strace).spawn();
    wait_until("the history to be opened", || sandbox.database_path().exists());
    let pid = std::fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
    let pid = Pid::from_raw(pid).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    // Two signals of one kind that are pending at once are one.
    std::thread::sleep(Duration::from_millis(100));
    let sent = Instant::now();
    // The first one may have been enough.
    let _ = kill_process(pid, Signal::INT);
    // strace holds the stuck thread to the end of its delay; the process is over before that.
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    wait_until("the end of the process", || !state().contains(") ") || state().contains(") Z "));
    assert!(sent.elapsed() < Duration::from_secs(12), "took {:?}", sent.elapsed());
    drop(running);
}

#[test]
fn head_1_stops_the_request_within_a_second_without_a_word() {
    let lines = Reply::nothing().text("line\n").sleep_ms(20);
    let server = ModelServer::start([Reply::sse().repeat(100_000, lines)]);
    let sandbox = Sandbox::for_server(&server);
    let code = sandbox.path("code");
    let script = format!("{{ \"$@\"; echo $? >'{}'; }} | head -n 1", code.display());
    sandbox.ask_once(["hi"]).shell(&script).run().assert_exit(0).assert_stdout("line\n").assert_silent();
    assert_eq!(std::fs::read_to_string(code).unwrap(), "0\n");
    server.wait_for_client_gone();
    let reply = sandbox.messages().remove(1);
    assert_eq!(reply.status, "interrupted(output_closed)");
    assert!(reply.text.starts_with("line\n"), "{reply:?}");
}

#[test]
fn a_reader_who_leaves_while_the_model_is_silent_is_noticed_within_a_second() {
    let server = hello_then_silence();
    let sandbox = Sandbox::for_server(&server);
    let mut running = sandbox.ask_once(["hi"]).unread_stdout().spawn();
    // Sent is not received: the last words of the model must not meet a closed pipe.
    running.wait_for_unread("Hello".len() as u64);
    let closed = Instant::now();
    running.close_stdout();
    let gone = server.wait_for_client_gone();
    assert!(gone - closed < AT_ONCE, "{:?}", gone - closed);
    running.wait().assert_exit(0).assert_silent();
    sandbox.assert_turn("interrupted(output_closed)", "Hello");
}

#[test]
fn a_reader_who_leaves_is_noticed_while_chunks_come_and_none_goes_to_stdout() {
    for args in [&["--format", "json"][..], &["--code"], &["--first-json"]] {
        let words = Reply::nothing().text("word ").sleep_ms(5);
        let server = ModelServer::start([Reply::sse().repeat(100_000, words)]);
        let sandbox = Sandbox::for_server(&server);
        let mut running = sandbox.ask_once(["hi"].into_iter().chain(args.iter().copied())).unread_stdout().spawn();
        server.wait_for_sent("word word");
        running.close_stdout();
        server.wait_for_client_gone();
        running.wait().assert_exit(0).assert_silent();
        assert_eq!(sandbox.messages()[1].status, "interrupted(output_closed)", "{args:?}");
    }
}

#[test]
fn a_full_disk_behind_stdout_is_exit_74_and_the_answer_is_kept() {
    for format in ["text", "json"] {
        let server = ModelServer::start([Reply::answer(&["Hello"])]);
        let sandbox = Sandbox::for_server(&server);
        let output = sandbox.ask_once(["hi", "--format", format]).shell("\"$@\" >/dev/full").run().assert_exit(74);
        output.assert_stderr_has(&["cannot write output", "No space left"]);
        assert_eq!(sandbox.messages()[1].text, "Hello", "{format}");
    }
}

/// The first line of jsonl goes out before the answer: that it cannot be written ends the request.
#[test]
fn a_full_disk_behind_jsonl_is_noticed_before_the_answer() {
    let server = ModelServer::start([Reply::sse().role().wait_for_client_close()]);
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["hi", "--format", "jsonl"]).shell("\"$@\" >/dev/full").run().assert_exit(74);
    output.assert_stderr_has(&["cannot write output", "No space left"]);
    let messages = sandbox.messages();
    assert_eq!((messages[0].text.as_str(), messages[1].text.as_str()), ("hi", ""));
    assert_ne!(messages[1].status, "complete");
}

#[test]
fn a_closed_stdout_is_no_panic() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::for_server(&server);
    let output = sandbox.ask_once(["hi"]).shell("\"$@\" >&-").run();
    assert!(matches!(output.code, Some(0 | 74)) && !output.stderr.contains("panicked"), "{output:?}");
    sandbox.ask_once(["hi"]).shell("\"$@\" 2>&-").run().assert_exit(0).assert_stdout("Hello\n");
}

/// Far more than a pipe holds.
fn long_answer() -> (Reply, String) {
    let token = "0123456789abcde\n".repeat(1_024);
    let reply = (0..256).fold(Reply::sse(), |reply, _| reply.text(&token)).finished();
    (reply, token.repeat(256))
}

#[test]
fn a_blocked_stdout_pauses_the_idle_timer_and_loses_nothing() {
    let (reply, text) = long_answer();
    let server = ModelServer::start([reply]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).http("idle_timeout_ms", 200));
    let mut running = sandbox.ask_once(["hi"]).unread_stdout().spawn();
    server.wait_for_request(1);
    // Nothing happens in this time: that is what is tested.
    std::thread::sleep(Duration::from_millis(800));
    assert!(running.is_running());
    running.read_stdout();
    let output = running.wait().assert_exit(0).assert_quiet();
    assert!(output.stdout() == text, "{} of {} bytes", output.stdout_bytes.len(), text.len());
}

#[test]
fn a_blocked_stdout_does_not_block_ctrl_c() {
    let (reply, _) = long_answer();
    let server = ModelServer::start([reply.wait_for_client_close()]);
    let sandbox = Sandbox::for_server(&server);
    let running = sandbox.ask_once(["hi"]).unread_stdout().spawn();
    server.wait_for_sent("0123456789");
    std::thread::sleep(Duration::from_millis(200));
    let (output, took) = stop(running, Signal::INT);
    output.assert_exit(130);
    assert!(took < AT_ONCE, "took {took:?}");
    assert_eq!(sandbox.messages()[1].status, "interrupted(user_interrupt)");
}

#[test]
fn a_live_process_is_not_taken_for_a_dead_one() {
    let gate = Gate::default();
    let held = Reply::sse().text("Hel").wait_for(&gate).text("lo").finished();
    let server = ModelServer::start([held, Reply::answer(&["other"])]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(20, 8));
    let running = sandbox.ask_once(["hi", "--session", "live"]).spawn();
    running.wait_for_stdout("Hel");
    sandbox.ask_once(["hi", "--session", "other"]).run().assert_exit(0).assert_stdout("other\n");
    assert_eq!(sandbox.messages_of("live")[1].status, "streaming");
    gate.open();
    running.wait().assert_exit(0).assert_stdout("Hello\n");
    let reply = sandbox.messages_of("live").remove(1);
    assert_eq!((reply.status.as_str(), reply.text.as_str()), ("complete", "Hello"));
}

#[test]
fn a_file_size_limit_is_a_full_disk_and_no_signal() {
    let token = "x".repeat(16 << 10);
    let reply = (0..32).fold(Reply::sse(), |reply, _| reply.text(&token).sleep_ms(5)).finished();
    let server = ModelServer::start([reply, Reply::answer(&["again"])]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(20, 64));
    // 256 blocks of 512 bytes, or of 1 KiB where the shell counts so.
    let output = sandbox.ask_once(["hi"]).shell("ulimit -f 256; exec \"$@\"").run().assert_exit(0);
    assert_eq!(output.stdout_bytes.len(), 32 * token.len() + 1);
    assert!(output.stderr.contains("history"), "{output:?}");
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("again\n");
    sandbox.assert_database_is_sound();
}

#[test]
fn a_lack_of_files_is_a_clean_error_and_the_history_stays_sound() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::for_server(&server);
    for files in 3..20 {
        let output = sandbox.ask_once(["hi"]).shell(&format!("ulimit -n {files}; exec \"$@\"")).run();
        // With even fewer the runtime itself gives up.
        let is_clean = output.code.is_some() && !output.stderr.contains("panicked");
        assert!(is_clean || files < 12, "{files} files: {output:?}");
    }
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n");
    sandbox.assert_database_is_sound();
}

#[test]
fn a_lack_of_memory_leaves_the_history_sound() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::for_server(&server);
    for memory_kib in [20_000, 60_000, 150_000, 300_000] {
        sandbox.ask_once(["hi"]).shell(&format!("ulimit -v {memory_kib}; exec \"$@\"")).run();
    }
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n");
    sandbox.assert_database_is_sound();
}
