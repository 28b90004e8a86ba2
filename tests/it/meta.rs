//! `--meta` and `--meta-fd`: one object on every path, and stdout stays what it is.

use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Gate, ModelServer, Reply, Run, Sandbox, TestConfig};

/// What is in the file of `--meta`, which has to be one line of JSON.
#[track_caller]
fn meta(sandbox: &Sandbox) -> Value {
    let text = fs::read_to_string(sandbox.work_folder().join("meta.json")).unwrap();
    assert_eq!((text.lines().count(), text.ends_with('\n')), (1, true), "{text}");
    serde_json::from_str(&text).unwrap()
}

fn ask(sandbox: &Sandbox) -> Run {
    sandbox.ask_once(["--meta", "meta.json", "hi"])
}

#[test]
fn a_good_run_is_told_with_usage_times_and_ids() {
    let server = ModelServer::always(Reply::answer(&["Hel", "lo"]));
    let sandbox = Sandbox::for_server(&server);
    ask(&sandbox).run().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    let meta = meta(&sandbox);
    assert_eq!(
        (&meta["type"], &meta["v"], &meta["status"], &meta["exit"]),
        (&json!("meta"), &json!(1), &json!("ok"), &json!(0))
    );
    assert_eq!((&meta["usage"]["input"], &meta["usage"]["output"]), (&json!(7), &json!(3)));
    assert_eq!((&meta["model"], &meta["finish"]), (&json!("test:test-model"), &json!("stop")));
    assert_eq!(
        (&meta["response_id"], &meta["cached"], &meta["error"]),
        (&json!("chatcmpl-1"), &json!(false), &json!(null))
    );
    assert!(meta["timing"]["total_ms"].is_number() && meta["conversation"].is_string(), "{meta:#}");
    assert!(meta.get("text").is_none(), "{meta:#}");
    let names: Vec<_> = fs::read_dir(sandbox.work_folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["meta.json"], "nothing else is left");
}

#[test]
fn every_failure_is_told_too() {
    for (reply, code, class) in [
        (Reply::error(401, "no"), 4, "auth"),
        (Reply::error(500, "no"), 8, "provider"),
        (Reply::sse().text("Hel").fin(), 9, "disconnected"),
    ] {
        let server = ModelServer::always(reply);
        let sandbox = Sandbox::for_server(&server);
        ask(&sandbox).run().assert_exit(code);
        let meta = meta(&sandbox);
        assert_eq!((&meta["exit"], &meta["error"]["class"]), (&json!(code), &json!(class)), "{meta:#}");
    }
    let broken = Sandbox::new().config_text("chat: [\n");
    ask(&broken).run().assert_exit(3);
    assert_eq!((&meta(&broken)["status"], &meta(&broken)["error"]["class"]), (&json!("error"), &json!("config")));
    let keyless = Sandbox::new().config(&TestConfig::new("https://no-such-host.invalid/v1"));
    ask(&keyless).without_env("TEST_KEY").run().assert_exit(4);
    assert_eq!(meta(&keyless)["error"]["class"], "auth");
}

#[test]
fn signals_and_time_limits_are_told() {
    let gate = Gate::default();
    let server = ModelServer::always(Reply::sse().role().text("Hel").wait_for(&gate));
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let sandbox = Sandbox::for_server(&server);
        let running = ask(&sandbox).spawn();
        running.wait_for_stdout("Hel");
        running.signal(signal);
        running.wait().assert_exit(code);
        let meta = meta(&sandbox);
        assert_eq!((&meta["status"], &meta["exit"]), (&json!("interrupted"), &json!(code)), "{meta:#}");
    }
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["--meta", "meta.json", "--timeout", "300ms", "hi"]).run().assert_exit(124);
    assert_eq!((&meta(&sandbox)["exit"], &meta(&sandbox)["interrupted"]), (&json!(124), &json!("timeout")));
    // While stdin is waited for, too: no turn has begun.
    let sandbox = Sandbox::for_server(&server);
    let running = sandbox.ask_once(["--meta", "meta.json", "-"]).open_stdin().spawn();
    running.wait_until_it_listens_to(Signal::TERM);
    running.signal(Signal::TERM);
    running.wait().assert_exit(143);
    assert_eq!((&meta(&sandbox)["status"], &meta(&sandbox)["exit"]), (&json!("interrupted"), &json!(143)));
}

#[test]
fn a_full_disk_behind_stdout_is_told() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::for_server(&server);
    ask(&sandbox).shell("exec \"$@\" >/dev/full").run().assert_exit(74);
    assert_eq!((&meta(&sandbox)["exit"], &meta(&sandbox)["error"]["class"]), (&json!(74), &json!("output")));
}

#[test]
fn the_file_is_replaced_as_a_whole_and_a_link_leads_to_it() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::for_server(&server);
    let folder = sandbox.work_folder();
    fs::create_dir(folder.join("below")).unwrap();
    fs::write(folder.join("below/real.json"), "old").unwrap();
    std::os::unix::fs::symlink("below/real.json", folder.join("meta.json")).unwrap();
    ask(&sandbox).run().assert_exit(0);
    assert!(fs::symlink_metadata(folder.join("meta.json")).unwrap().is_symlink());
    assert_eq!(meta(&sandbox)["exit"], 0);
    // Where it cannot be written nothing is asked.
    sandbox.ask_once(["--meta", "missing/meta.json", "hi"]).run().assert_exit(3).assert_stdout("");
    sandbox.ask_once(["--meta", "below", "hi"]).run().assert_exit(3);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_file_that_was_there_is_for_the_same_people_as_before() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::for_server(&server);
    let path = sandbox.work_folder().join("meta.json");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    ask(&sandbox).run().assert_exit(0);
    assert_eq!(meta(&sandbox)["exit"], 0);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_descriptor_gets_it_where_it_is_open_for_writing() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::for_server(&server);
    let by_fd = |script: &str| sandbox.ask_once(["--meta-fd", "3", "hi"]).shell(script);
    by_fd("exec \"$@\" 3>meta.json").run().assert_exit(0).assert_stdout("Hello\n");
    assert_eq!(meta(&sandbox)["exit"], 0);
    // The very same open file: what the shell writes before and after stays.
    by_fd("{ echo one >&3; \"$@\"; echo two >&3; } 3>all").run().assert_exit(0);
    let all = fs::read_to_string(sandbox.work_folder().join("all")).unwrap();
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[2]), (3, "one", "two"), "{all}");
    assert_eq!(serde_json::from_str::<Value>(lines[1]).unwrap()["type"], "meta");
    let piped = by_fd("{ \"$@\" 3>&1 >/dev/null; } | cat").run().assert_exit(0);
    assert_eq!(serde_json::from_str::<Value>(&piped.stdout()).unwrap()["exit"], 0);
    for (script, told) in
        [("exec \"$@\" 3>&-", "it is not open"), ("exec \"$@\" 3</dev/null", "it is open for reading only")]
    {
        by_fd(script).run().assert_exit(2).assert_stdout("").assert_stderr_has(&["--meta-fd", told]);
    }
    assert_eq!(server.requests().len(), 3);
    sandbox.ask_once(["--meta-fd", "1", "hi"]).run().assert_exit(2);
}

#[test]
fn no_child_gets_the_descriptor() {
    let open = "ls -l /proc/self/fd | grep -c meta.json >children; exit 1";
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let config = TestConfig::for_server(&server).set("mcp.servers.spy", json!({"command": "sh", "args": ["-c", open]}));
    let sandbox = Sandbox::new().config(&config);
    let ask = sandbox.ask_once(["--meta-fd", "3", "-t", "spy", "hi"]);
    ask.shell("exec \"$@\" 3>meta.json").run().assert_exit(0);
    let children = sandbox.work_folder().join("children");
    crate::support::wait_until("the child to look", || {
        fs::read_to_string(&children).is_ok_and(|text| !text.is_empty())
    });
    assert_eq!(fs::read_to_string(children).unwrap().trim(), "0");
    assert_eq!(meta(&sandbox)["exit"], 0);
}
