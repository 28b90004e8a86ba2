//! The built-in server `shell` from outside: no keys, and nothing left running however it ends.

use std::fs;
use std::process::Command;

use rustix::process::Signal;

use crate::support::{Sandbox, TEST_KEY, wait_until};

/// Waits until a process with this text among its arguments is there, or is not.
#[track_caller]
fn wait_until_running(marker: &str, is_wanted: bool) {
    wait_until(&format!("{marker:?} running: {is_wanted}"), || {
        let output = Command::new("ps").args(["-eo", "stat=,args="]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().any(|line| line.ends_with(marker) && !line.starts_with('Z')) == is_wanted
    });
}

#[test]
fn commands_get_no_keys_and_tell_how_they_ended() {
    let sandbox = Sandbox::new();
    let run = |arguments: &[&str]| {
        let arguments = ["mcp", "call", "shell"].into_iter().chain(arguments.iter().copied());
        sandbox.sayso(arguments).env("OPENROUTER_API_KEY", TEST_KEY).run()
    };
    let environment = run(&["run", r#"argv=["env"]"#]).assert_exit(0);
    assert!(environment.stdout().contains("\nPATH=") || environment.stdout().starts_with("PATH="), "{environment:?}");
    assert!(!environment.stdout().contains(TEST_KEY) && !environment.stdout().contains("API_KEY"), "{environment:?}");
    run(&["run", r#"argv=["echo", "$HOME;", "*"]"#]).assert_exit(0).assert_stdout("$HOME; *\n[exit status 0]\n");
    run(&["run_in_shell", "command=echo $((1 + 1)); exit 3"]).assert_exit(0).assert_stdout("2\n[exit status 3]\n");
    let killed = run(&["run_in_shell", "command=kill -9 $$"]).assert_exit(0);
    assert_eq!(killed.stdout(), "[exit status 137, as after signal 9]\n");
    run(&["run", r#"argv=["no-such-program"]"#]).assert_exit(8).assert_stderr_has(&["cannot run no-such-program"]);
    run(&["run", r#"argv=["pwd"]"#, "cwd=.."]).assert_exit(8).assert_stderr_has(&["leads out of the allowed folders"]);
}

#[test]
fn nothing_is_left_after_a_timeout_an_interrupt_or_a_kill() {
    let sandbox = Sandbox::new();
    // One that ignores the polite signal, and one that has left the group, where that can be done.
    fs::write(
        sandbox.path("work/many"),
        "trap '' TERM\nsetsid sleep $1 2>/dev/null &\n(trap '' TERM; sleep $1; sleep $1) &\nsleep $1\nsleep $1\n",
    )
    .unwrap();
    // No run of these tests may see what another one has left.
    let own = std::process::id();
    let start = |marker: &str, limit: &str| {
        let argv = format!(r#"argv=["sh", "many", "{marker}"]"#);
        let arguments = ["mcp", "call", "shell", "run", &argv, limit];
        sandbox.sayso(arguments).spawn()
    };
    let running = start(&format!("4713.1{own}"), "timeout_seconds=1");
    running.wait().assert_exit(8).assert_stderr_has(&["it took longer than 1 seconds"]);
    wait_until_running(&format!("sleep 4713.1{own}"), false);
    for (marker, signal, code) in
        [("4713.2", Signal::INT, Some(130)), ("4713.3", Signal::TERM, Some(143)), ("4713.4", Signal::KILL, None)]
    {
        let running = start(&format!("{marker}{own}"), "timeout_seconds=600");
        let marker = format!("sleep {marker}{own}");
        wait_until_running(&marker, true);
        running.signal(signal);
        assert_eq!(running.wait().code, code, "{signal:?}");
        wait_until_running(&marker, false);
    }
}
