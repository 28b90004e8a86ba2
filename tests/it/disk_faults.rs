//! A disk that is full or fails under the commands beside `ask`: what they say, what they leave, and that they can be
//! run again.

use std::fs;

use serde_json::{Value, json};

use crate::repl::{start, wait_for_end};
use crate::support::{ModelServer, Output, Reply, Run, Sandbox, Strace, TestConfig, long_tests, needs};

const WRITES: &str = "write,pwrite64";
const SYNCS: &str = "fdatasync,fsync";

/// Writes and syncs that fail, at the n-th call: once, or from there on.
fn faults(first_calls: &[usize]) -> Vec<String> {
    let mut faults = Vec::new();
    for calls in [WRITES, SYNCS] {
        for error in ["ENOSPC", "EIO"] {
            let step = if long_tests() { 1 } else { 3 };
            for (place, number) in first_calls.iter().enumerate().filter(|(place, _)| place % step == 0) {
                let for_ever = if place % 2 == 0 { "+" } else { "" };
                faults.push(format!("{calls}:error={error}:when={number}{for_ever}"));
                if long_tests() {
                    let other = if for_ever.is_empty() { "+" } else { "" };
                    faults.push(format!("{calls}:error={error}:when={number}{other}"));
                }
            }
        }
    }
    faults
}

#[track_caller]
fn assert_no_accident(fault: &str, output: &Output) {
    assert!(output.signal.is_none(), "{fault}: {output:?}");
    assert!(!output.stderr.contains("panic") && !output.stderr.contains("internal"), "{fault}: {output:?}");
}

/// Twenty conversations as lines of JSON.
fn lines() -> String {
    let text = "some words to fill a page ".repeat(30);
    (0..20)
        .map(|n| {
            format!(
                "{}\n",
                json!({"id": format!("C{n}"), "messages": [{"id": format!("M{n}"), "role": "user", "text": text}]})
            )
        })
        .collect()
}

fn import(sandbox: &Sandbox) -> Run {
    sandbox.sayso(["history", "import", "-"]).stdin(lines())
}

fn exported(sandbox: &Sandbox) -> String {
    sandbox.sayso(["history", "export", "--format", "jsonl"]).run().assert_exit(0).stdout()
}

#[test]
fn an_import_that_cannot_write_says_so_and_can_be_begun_again() {
    if !needs("strace") {
        return;
    }
    let whole = Sandbox::new();
    import(&whole).run().assert_exit(0);
    let expected = exported(&whole);
    let mut failed = 0;
    for fault in faults(&[1, 2, 4, 7, 12, 30]) {
        let sandbox = Sandbox::new();
        let strace = Strace::new(&sandbox).inject(&fault).on_history(&sandbox);
        let output = import(&sandbox).strace(&strace).run();
        assert_no_accident(&fault, &output);
        if output.code == Some(0) {
            assert_eq!(exported(&sandbox), expected, "{fault}: {output:?}");
        } else {
            failed += 1;
            assert!(output.stderr.contains("history"), "{fault}: {output:?}");
        }
        import(&sandbox).run().assert_exit(0);
        assert_eq!(exported(&sandbox), expected, "{fault}: {output:?}");
        sandbox.assert_database_is_sound();
    }
    assert!(failed > 3, "only {failed} imports noticed something");
}

/// The files in the work folder beside `known`.
fn left(sandbox: &Sandbox, known: &[&str]) -> Vec<String> {
    let names = fs::read_dir(sandbox.work_folder()).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).filter(|name| !known.contains(&name.as_str())).collect()
}

#[test]
fn an_export_and_a_backup_that_cannot_be_written_leave_nothing() {
    if !needs("strace") {
        return;
    }
    let sandbox = Sandbox::new();
    import(&sandbox).run().assert_exit(0);
    let before = exported(&sandbox);
    let commands: [&[&str]; 3] = [
        &["history", "export", "--format", "jsonl", "-o", "out"],
        &["history", "export", "--format", "html", "-o", "out"],
        &["history", "backup", "out"],
    ];
    for command in commands {
        // Before it copies, a reader makes the shared memory of the WAL, a byte for each of its pages.
        let (writes, first) = if command[1] == "backup" { ("pwrite64", "20+") } else { ("write", "1") };
        for error in ["ENOSPC", "EIO"] {
            for fault in [format!("{writes}:error={error}:when={first}"), format!("fsync:error={error}:when=1+")] {
                let strace = Strace::new(&sandbox).inject(&fault);
                let output = sandbox.sayso(command.iter().copied()).strace(&strace).run();
                assert_no_accident(&fault, &output);
                assert_eq!(output.code, Some(3), "{command:?} {fault}: {output:?}");
                assert!(output.stderr.contains("cannot write out"), "{command:?} {fault}: {output:?}");
                assert_eq!(left(&sandbox, &[]), [""; 0], "{command:?} {fault}");
            }
        }
        sandbox.sayso(command.iter().copied()).run().assert_exit(0);
        assert_eq!(left(&sandbox, &[]), ["out"]);
        fs::remove_file(sandbox.work_folder().join("out")).unwrap();
    }
    assert_eq!(exported(&sandbox), before);
}

#[test]
fn an_export_and_a_backup_to_a_full_file_system_leave_nothing() {
    if !needs("unshare") {
        return;
    }
    let sandbox = Sandbox::new();
    import(&sandbox).run().assert_exit(0);
    let commands: [&[&str]; 2] =
        [&["history", "export", "--format", "jsonl", "-o", "small/out"], &["history", "backup", "small/out"]];
    for command in commands {
        let script = "mkdir -p small && mount -t tmpfs -o size=8k tmpfs small && \"$@\"; code=$?; ls small; exit $code";
        let output = sandbox.sayso(command.iter().copied()).shell(script).under(["unshare", "-rm"]).run();
        let output = output.assert_exit(3).assert_stdout("");
        assert_no_accident("8 KiB", &output);
    }
}

#[test]
fn a_prune_that_cannot_write_deletes_whole_conversations_or_nothing() {
    if !needs("strace") {
        return;
    }
    let retention = json!({"max_sessions": 3});
    let config = || TestConfig::new("http://127.0.0.1:9").set("chat.storage.persistence.retention", retention.clone());
    for fault in faults(&[1, 2, 3, 5, 9]) {
        let sandbox = Sandbox::new().config(&config());
        import(&sandbox).run().assert_exit(0);
        let strace = Strace::new(&sandbox).inject(&fault).on_history(&sandbox);
        let output = sandbox.sayso(["history", "prune"]).strace(&strace).run();
        assert_no_accident(&fault, &output);
        sandbox.assert_database_is_sound();
        let left: Vec<Value> = exported(&sandbox).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!((3..=20).contains(&left.len()), "{fault}: {output:?}");
        assert!(left.iter().all(|conversation| conversation["messages"].as_array().unwrap().len() == 1), "{left:?}");
        if output.code == Some(0) {
            assert_eq!(left.len(), 3, "{fault}: {output:?}");
        }
        sandbox.sayso(["history", "prune"]).run().assert_exit(0);
        assert_eq!(exported(&sandbox).lines().count(), 3, "{fault}");
    }
}

#[test]
fn a_batch_whose_results_cannot_be_written_keeps_whole_lines_and_goes_on_later() {
    if !needs("strace") {
        return;
    }
    for fault in faults(&[1, 2, 3, 5]) {
        let server = ModelServer::always(Reply::answer(&["Hello"]));
        let sandbox = Sandbox::for_server(&server);
        let rows: String = (0..6).map(|n| format!("{}\n", json!({"id": n, "prompt": format!("<{n}>")}))).collect();
        fs::write(sandbox.work_folder().join("in.jsonl"), rows).unwrap();
        let results = sandbox.work_folder().join("out.jsonl");
        let batch = || sandbox.sayso(["batch", "in.jsonl", "--output", "out.jsonl", "--jobs", "1"]);
        let strace = Strace::new(&sandbox).inject(&fault).on(std::slice::from_ref(&results));
        let output = batch().strace(&strace).run();
        assert_no_accident(&fault, &output);
        assert!(matches!(output.code, Some(0 | 74)), "{fault}: {output:?}");
        if output.code == Some(74) {
            output.assert_stderr_has(&["cannot write", "out.jsonl", "run the same command again"]);
        }
        let text = fs::read_to_string(&results).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "{fault}: half a line: {text:?}");
        batch().run().assert_exit(0);
        let text = fs::read_to_string(&results).unwrap();
        let ids: Vec<_> = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
        assert_eq!(ids, (0..6).map(|n| json!(n)).collect::<Vec<_>>(), "{fault}");
    }
}

#[test]
fn a_chat_goes_on_when_the_disk_fails_and_keeps_all_when_it_is_well_again() {
    if !needs("strace") {
        return;
    }
    for (fault, is_kept) in [
        (format!("{WRITES}:error=ENOSPC:when=1..6"), true),
        (format!("{WRITES}:error=EIO:when=3"), true),
        (format!("{SYNCS}:error=EIO:when=2"), true),
        (format!("{WRITES}:error=EIO:when=1+"), false),
        (format!("{SYNCS}:error=ENOSPC:when=1+"), false),
    ] {
        let server = ModelServer::start(["A1", "A2", "A3"].map(|answer| Reply::answer(&[answer])));
        let sandbox = Sandbox::for_server(&server);
        let strace = Strace::new(&sandbox).inject(&fault).on_history(&sandbox);
        let mut pty = start(sandbox.sayso(["chat"]).strace(&strace), "test>");
        for (prompt, answer) in [("one", "A1"), ("two", "A2"), ("three", "A3")] {
            pty.send(&format!("{prompt}\r"));
            pty.wait_for_screen(&format!("{answer} ({fault})"), |screen| {
                screen.contains(answer) && screen.trim_end().ends_with("test>")
            });
        }
        let screen = wait_for_end(&pty, &["test>"]);
        assert!(!screen.contains("panic"), "{fault}: {screen}");
        assert!(screen.matches("history off").count() <= 1, "{fault}: {screen}");
        pty.send("/exit\r");
        pty.wait_for_exit();
        if is_kept {
            let texts: Vec<_> = sandbox.messages().into_iter().map(|message| message.text).collect();
            assert_eq!(texts, ["one", "A1", "two", "A2", "three", "A3"], "{fault}: {screen}");
            sandbox.assert_database_is_sound();
        } else {
            assert!(screen.contains("history off"), "{fault}: {screen}");
        }
    }
}
