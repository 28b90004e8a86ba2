//! `keys`: kept for their owner, used where nothing nearer names one, and never shown.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::repl::{CTRL_C, wait_for_end};
use crate::support::{ModelServer, Pty, Reply, Sandbox, TEST_KEY, TestConfig};

#[test]
fn a_key_from_a_pipe_is_kept_used_listed_and_forgotten() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::for_server(&server);
    let set = sandbox.sayso(["keys", "set", "test"]).without_env("TEST_KEY").stdin(format!("{TEST_KEY}\n"));
    let set = set.run().assert_exit(0).assert_stdout("").assert_stderr_has(&["the key of test is kept in"]);
    assert!(!set.stderr.contains("3f9a"), "{}", set.stderr);
    let file = sandbox.path("data/sayso/keys/test");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    sandbox.ask_once(["hi"]).without_env("TEST_KEY").run().assert_exit(0).assert_stdout("Hello\n");
    let list =
        || sandbox.sayso(["keys", "list", "--format", "json"]).without_env("TEST_KEY").run().assert_exit(0).stdout();
    let shown: serde_json::Value = serde_json::from_str(&list()).unwrap();
    assert_eq!(shown, json!([{"provider": "test", "state": "set", "source": "stored key of test", "stored": true}]));
    let table = sandbox.sayso(["keys", "list"]).run().assert_exit(0).stdout();
    assert!(table.contains("TEST_KEY (environment); another one is stored") && !table.contains("3f9a"), "{table}");

    sandbox.sayso(["keys", "rm", "test"]).run().assert_exit(0);
    assert!(!file.exists());
    sandbox.sayso(["keys", "rm", "test"]).run().assert_exit(3).assert_stderr_has(&["no key of \"test\" is kept"]);
    assert!(list().contains("\"missing\""));
}

#[test]
fn the_environment_comes_before_a_stored_key_and_that_is_told() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::for_server(&server);
    let set = sandbox.sayso(["keys", "set", "test"]).stdin("sk-another-key");
    set.run().assert_exit(0).assert_stderr_has(&["warning: another key comes first: TEST_KEY (environment)"]);
    // The server takes TEST_KEY alone.
    sandbox.ask_once(["hi"]).run().assert_exit(0);
}

#[test]
fn a_stored_key_is_enough_to_be_asked() {
    let sandbox = Sandbox::new();
    sandbox.sayso(["keys", "set", "groq"]).stdin("sk-stored").run().assert_exit(0);
    let shown = sandbox.sayso(["ask", "--dry-run", "hi"]).run().assert_exit(0).stdout();
    assert!(shown.starts_with("POST https://api.groq.com/openai/v1/chat/completions\n"), "{shown}");
    assert!(shown.contains("Bearer [redacted]") && !shown.contains("sk-stored"), "{shown}");
}

#[test]
fn what_is_no_key_and_who_is_no_provider_are_told() {
    let sandbox = Sandbox::new();
    let set = |name: &str, text: &str| sandbox.sayso(["keys", "set", name]).stdin(text).run().assert_exit(2);
    set("opnrouter", "sk-x").assert_stderr_has(&["did you mean `openrouter`?"]);
    set("openrouter", "two words-canary").assert_stderr_has(&["this cannot be a key"]);
    assert!(!set("openrouter", "two words-canary").stderr.contains("canary"));
    set("openrouter", "").assert_stderr_has(&["no key was given"]);
    set("openrouter", &"k".repeat(64 * 1024 + 1))
        .assert_stderr_has(&["this cannot be a key: it is larger than 64 KiB"]);
    set("../evil", "sk-x");
    assert!(!sandbox.path("data/sayso/keys").exists());
}

#[test]
fn a_stored_key_that_others_may_change_is_refused() {
    let sandbox = Sandbox::new().config(&TestConfig::new("https://no-such-host.invalid/v1"));
    sandbox.sayso(["keys", "set", "test"]).without_env("TEST_KEY").stdin("sk-stored").run().assert_exit(0);
    let file = sandbox.path("data/sayso/keys/test");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    let output = sandbox.ask_once(["hi"]).without_env("TEST_KEY").run().assert_exit(4);
    output.assert_stderr_has(&["others may change it (mode 0666)"]);
}

#[test]
fn a_key_that_is_gone_ends_only_what_asks_a_model() {
    let config = TestConfig::new("http://127.0.0.1:9/v1").set("llm.providers.test.api_key_env", Value::Null);
    let sandbox = Sandbox::new().config(&config.set("llm.providers.test.api_key_file", "gone.key"));
    let run = |args: &[&'static str]| sandbox.sayso(args.iter().copied()).run();
    run(&["ask", "-m", "demo:echo", "hi"]).assert_exit(0);
    for ends in [&["ask", "hi"][..], &["config", "check"]] {
        let output = run(ends).assert_exit(4);
        assert!(
            format!("{}{}", output.stdout(), output.stderr).contains("gone.key (file): does not exist"),
            "{output:?}"
        );
    }
    for goes_on in [&["history", "list"][..], &["stats"], &["mcp", "list"], &["mcp", "call", "time", "now"]] {
        run(goes_on).assert_exit(0);
    }
    let listed = run(&["keys", "list"]).assert_exit(0).stdout();
    assert!(listed.contains("test      unusable"), "{listed}");
    let report = run(&["doctor", "--offline"]).assert_exit(4).stdout();
    assert!(report.contains("BROKEN key test") && report.contains("or take it out of the configuration"), "{report}");
    assert!(report.contains("ok     history"), "{report}");
    sandbox.sayso(["keys", "set", "groq"]).stdin("sk-x").run().assert_exit(0);
}

#[test]
fn a_typed_key_is_not_on_the_screen_and_the_terminal_echoes_again() {
    let sandbox = Sandbox::new();
    let mut pty = Pty::start(sandbox.sayso(["keys", "set", "openrouter"]), 20, 100);
    wait_for_end(&pty, &["key of openrouter (it is not shown):"]);
    pty.send("sk-typed-canary\r");
    assert_eq!(pty.wait_for_exit(), 0);
    let screen = pty.wait_for_screen("the end", |screen| screen.contains("the key of openrouter is kept in"));
    assert!(!screen.contains("canary"), "{screen}");
    assert_eq!(std::fs::read_to_string(sandbox.path("data/sayso/keys/openrouter")).unwrap(), "sk-typed-canary\n");
}

#[test]
fn ctrl_c_at_the_hidden_prompt_keeps_nothing() {
    let sandbox = Sandbox::new();
    let mut pty = Pty::start(sandbox.sayso(["keys", "set", "openrouter"]), 20, 100);
    wait_for_end(&pty, &["key of openrouter (it is not shown):"]);
    pty.send("sk-half");
    pty.send(CTRL_C);
    assert_eq!(pty.wait_for_exit(), 130);
    assert!(!sandbox.path("data/sayso/keys").exists());
}
