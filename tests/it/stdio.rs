//! stdin, stdout and stderr: what is read, what is written, to the byte.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::time::Duration;

use crate::support::{Gate, ModelServer, Output, Reply, Run, Sandbox};

/// Runs with one good answer and gives the content of the last message that was sent.
fn prompt_of(prepare: impl Fn(&Sandbox) -> Run) -> (String, Output) {
    let server = ModelServer::start([Reply::answer(&["Hello"])]);
    let sandbox = Sandbox::for_server(&server);
    let output = prepare(&sandbox).run().assert_exit(0).assert_stdout("Hello\n");
    let messages = server.request().json()["messages"].clone();
    let prompt = messages.as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    (prompt, output)
}

/// Fails before anything is sent.
#[track_caller]
fn assert_usage_error(prepare: impl Fn(&Sandbox) -> Run) -> Output {
    let server = ModelServer::start([]);
    let sandbox = Sandbox::for_server(&server);
    let output = prepare(&sandbox).run().assert_exit(2).assert_stdout("");
    assert!(!output.stderr.is_empty());
    output
}

#[test]
fn stdout_ends_in_exactly_one_newline_and_none_is_added_to_one() {
    for (tokens, stdout) in [
        (&["Hello"][..], "Hello\n"),
        (&["Hello\n"], "Hello\n"),
        (&["Hello", "\n"], "Hello\n"),
        (&["  Hello  "], "  Hello  \n"),
        (&["a\n\n\nb"], "a\n\n\nb\n"),
        (&["a\r\nb\tc"], "a\r\nb\tc\n"),
    ] {
        let server = ModelServer::start([Reply::answer(tokens)]);
        let output = Sandbox::for_server(&server).ask_once(["hi"]).run().assert_exit(0);
        output.assert_stdout(stdout).assert_quiet();
    }
}

#[test]
fn color_always_changes_no_byte_of_a_pipe() {
    for format in ["text", "json", "jsonl"] {
        let server = ModelServer::start([Reply::answer(&["# Title\n\n**bold** `code`\n"])]);
        let sandbox = Sandbox::for_server(&server);
        let output = sandbox.ask_once(["hi", "--color", "always", "--format", format]).run().assert_exit(0);
        assert!(!output.stdout_bytes.contains(&0x1b), "{output:?}");
        if format == "text" {
            output.assert_stdout("# Title\n\n**bold** `code`\n");
        }
    }
}

#[test]
fn text_is_flushed_with_each_read_from_the_network() {
    let gate = Gate::default();
    let server = ModelServer::start([Reply::sse().text("Hel").wait_for(&gate).text("lo").finished()]);
    let sandbox = Sandbox::for_server(&server);
    let running = sandbox.ask_once(["hi"]).spawn();
    running.wait_for_stdout("Hel");
    gate.open();
    running.wait().assert_exit(0).assert_stdout("Hello\n");
}

#[test]
fn the_time_limit_covers_the_wait_for_stdin() {
    for models in [&["test:a"][..], &["test:a", "test:b"]] {
        let server = ModelServer::start([]);
        let sandbox = Sandbox::for_server(&server);
        let ask = |format: &'static str| {
            let models = models.iter().flat_map(|model| ["-m", model]);
            let args = models.chain(["--timeout", "300ms", "--format", format]);
            sandbox.ask_once(args).open_stdin().spawn().wait().assert_exit(124)
        };
        ask("text").assert_stdout("").assert_stderr_has(&["error[timeout]", "no complete answer within 300ms"]);
        let result = ask("json").assert_stderr_has(&["error[timeout]"]).result();
        assert_eq!((&result["status"], &result["interrupted"]), (&"interrupted".into(), &"timeout".into()));
        assert_eq!(server.requests().len(), 0);
    }
}

#[test]
fn stdin_is_the_prompt_where_there_is_none() {
    for args in [&["ask"][..], &["ask", "-"], &[]] {
        let (prompt, output) = prompt_of(|sandbox| sandbox.sayso(args.to_vec()).stdin("What?\nReally?"));
        assert_eq!(prompt, "What?\nReally?", "{args:?}");
        output.assert_quiet();
    }
}

#[test]
fn stdin_follows_the_prompt_after_a_blank_line() {
    let (prompt, output) = prompt_of(|sandbox| sandbox.ask_once(["Review"]).stdin("line 1\nline 2\n"));
    assert_eq!(prompt.trim_end(), "Review\n\nline 1\nline 2");
    output.assert_quiet();
}

#[test]
fn a_regular_file_as_stdin_is_read() {
    // A small one is read where it stands, a large one on a thread; both from where the one before has left off.
    for notes in ["notes".to_owned(), "x".repeat(64 << 10), "x".repeat((64 << 10) + 1)] {
        let (prompt, _) = prompt_of(|sandbox| {
            let path = sandbox.path("notes.txt");
            std::fs::write(&path, format!("head\n{notes}")).unwrap();
            let mut file = File::open(path).unwrap();
            file.seek(SeekFrom::Start(5)).unwrap();
            sandbox.ask_once(["Review"]).stdin_file(file)
        });
        assert!(prompt == format!("Review\n\n{notes}"), "{} bytes", prompt.len());
    }
}

#[test]
fn dev_null_an_empty_pipe_and_a_closed_stdin_are_nothing() {
    let (prompt, output) = prompt_of(|sandbox| sandbox.ask_once(["hi"]));
    assert_eq!(prompt, "hi");
    output.assert_quiet();
    let (prompt, output) = prompt_of(|sandbox| sandbox.ask_once(["hi"]).stdin(""));
    assert_eq!(prompt, "hi");
    output.assert_quiet();
    let (prompt, _) = prompt_of(|sandbox| sandbox.ask_once(["hi"]).shell("\"$@\" <&-"));
    assert_eq!(prompt, "hi");
}

#[test]
fn a_silent_pipe_is_left_out_after_3_s_with_a_line_that_says_so() {
    let (prompt, output) = prompt_of(|sandbox| sandbox.ask_once(["hi"]).open_stdin());
    assert_eq!(prompt, "hi");
    assert!(output.elapsed >= Duration::from_millis(2_900), "{output:?}");
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
    output.assert_stderr_has(&["stdin", "--stdin wait"]);
}

#[test]
fn stdin_never_does_not_wait() {
    let (prompt, output) = prompt_of(|sandbox| sandbox.ask_once(["hi", "--stdin", "never"]).open_stdin());
    assert_eq!(prompt, "hi");
    // One that waits says so.
    output.assert_quiet();
}

#[test]
fn a_slow_pipe_is_read_to_its_end_after_its_first_byte() {
    let server = ModelServer::start([Reply::answer(&["Hello"])]);
    let sandbox = Sandbox::for_server(&server);
    let mut running = sandbox.ask_once(["Review"]).open_stdin().spawn();
    running.send_stdin(b"a");
    // Longer than the 3 s for the first byte.
    std::thread::sleep(Duration::from_millis(3_400));
    assert!(running.is_running() && server.requests().is_empty());
    running.send_stdin(b"b");
    running.close_stdin();
    running.wait().assert_exit(0).assert_quiet();
    assert_eq!(server.request().json()["messages"][0]["content"], "Review\n\nab");
}

#[test]
fn stdin_wait_waits_for_a_slow_producer() {
    let server = ModelServer::start([Reply::answer(&["Hello"])]);
    let sandbox = Sandbox::for_server(&server);
    let mut running = sandbox.ask_once(["Review", "--stdin", "wait"]).open_stdin().spawn();
    std::thread::sleep(Duration::from_millis(3_400));
    assert!(running.is_running() && server.requests().is_empty());
    running.send_stdin(b"late");
    running.close_stdin();
    running.wait().assert_exit(0).assert_quiet();
    assert_eq!(server.request().json()["messages"][0]["content"], "Review\n\nlate");
}

#[test]
fn no_prompt_at_all_is_exit_2() {
    assert_usage_error(|sandbox| sandbox.sayso(["ask"]));
    assert_usage_error(|sandbox| sandbox.sayso(["ask"]).stdin(""));
    assert_usage_error(|sandbox| sandbox.sayso(["ask", ""]));
    assert_usage_error(|sandbox| sandbox.sayso(["ask", " \n"]).stdin(" \n\t"));
    assert_usage_error(|sandbox| sandbox.sayso(["ask"]).shell("\"$@\" <&-"));
}

#[test]
fn more_than_16_mib_of_stdin_is_exit_2() {
    let big = vec![b'x'; (16 << 20) + 1];
    assert_usage_error(|sandbox| sandbox.sayso(["ask"]).stdin(&big)).assert_stderr_has(&["16 MiB"]);
    let output =
        assert_usage_error(|sandbox| sandbox.sayso(["ask", "hi"]).stdin_file(File::open("/dev/zero").unwrap()));
    assert!(output.rss_peak_kib < 128 << 10, "{} KiB", output.rss_peak_kib);
}

#[test]
fn invalid_utf_8_on_stdin_is_exit_2() {
    assert_usage_error(|sandbox| sandbox.sayso(["ask", "hi"]).stdin(b"abc\xff\xfe")).assert_stderr_has(&["UTF-8"]);
}

#[test]
fn a_file_and_stdin_can_be_sent_along() {
    let (prompt, _) = prompt_of(|sandbox| {
        std::fs::write(sandbox.work_folder().join("a.txt"), "from a file").unwrap();
        sandbox.ask_once(["Compare", "-f", "a.txt"]).stdin("from a pipe")
    });
    assert!(prompt.contains("Compare") && prompt.contains("from a file") && prompt.contains("from a pipe"), "{prompt}");
}
