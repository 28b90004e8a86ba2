//! `config get`, `set` and `edit`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Pty, Sandbox};

const FILE: &str = "# mine\nllm:\n  active: ollama # here\n  providers:\n    ollama: { model: a, api_key: sk-canary-123456 }\nui:\n  color: auto\n";

fn file(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.path("config/sayso/config.yaml")
}

fn with_file(text: &str) -> Sandbox {
    let sandbox = Sandbox::new().config_text(text);
    fs::set_permissions(file(&sandbox), fs::Permissions::from_mode(0o600)).unwrap();
    sandbox
}

#[test]
fn a_setting_is_printed_for_a_script() {
    let sandbox = with_file(FILE);
    let get = |key: &str| sandbox.sayso(["config", "get", key]).run();
    get("llm.active").assert_exit(0).assert_stdout("ollama\n").assert_quiet();
    get("chat.service.max_tool_hops").assert_exit(0).assert_stdout("8\n");
    get("chat.service.system_prompt").assert_exit(0).assert_stdout("\n");
    assert!(get("llm.providers").assert_exit(0).stdout().contains("model: a"));
    let secret = get("llm.providers.ollama.api_key").assert_exit(0);
    assert!(!secret.stdout().contains("canary"), "{}", secret.stdout());
    get("llm.activ").assert_exit(2).assert_stderr_has(&["did you mean `active`?"]);
    get("llm.providers.none.model").assert_exit(3).assert_stderr_has(&["is not in the file"]);
}

#[test]
fn a_setting_is_changed_and_comments_and_mode_stay() {
    let sandbox = with_file(FILE);
    let set = |key: &str, value: &str| sandbox.sayso(["config", "set", key, value]).run();
    set("ui.color", "never").assert_exit(0).assert_stdout("").assert_stderr_has(&["ui.color is set in"]);
    set("llm.models.fast", "ollama:small").assert_exit(0);
    set("llm.providers.ollama.temperature", "0.3").assert_exit(0);
    let text = fs::read_to_string(file(&sandbox)).unwrap();
    let expected = "# mine\nllm:\n  active: ollama # here\n  providers:\n    ollama: {temperature: 0.3,  model: a, api_key: sk-canary-123456 }\n  models:\n    fast: ollama:small\nui:\n  color: never\n";
    assert_eq!(text.replace(",  model", ", model"), expected.replace(",  model", ", model"));
    assert_eq!(fs::metadata(file(&sandbox)).unwrap().permissions().mode() & 0o777, 0o600);
    sandbox.sayso(["config", "check"]).run().assert_exit(0);
}

#[test]
fn a_key_that_nobody_knows_is_told_also_where_it_is_left_empty() {
    let sandbox = with_file(
        "\
ui: { them: }
llm:
  http: { connect_timout_ms: ~ }
  providers:
    ollama: { modle: null, patches: [{ models: a, temprature: }] }
    groq:
mcp: { servers: { a: { command: x, tols: , env: , tools: { alow: } } } }
chat: { service: { tools: { rules: [{ ask: a/b, wen: }] } }, storage: }
budgt:
x-mine:
",
    );
    let output = sandbox.sayso(["config", "check"]).run().assert_exit(3);
    let file = file(&sandbox).display().to_string();
    let expected = [
        "1:7: ui.them: is not known here; did you mean `theme`?",
        "3:11: llm.http.connect_timout_ms: is not known here; did you mean `connect_timeout_ms`?",
        "5:15: llm.providers.ollama.modle: is not known here; did you mean `model`?",
        "5:51: llm.providers.ollama.patches.temprature: is not known here; did you mean `temperature`?",
        "7:36: mcp.servers.a.tols: is not known here; did you mean `tools`?",
        "7:60: mcp.servers.a.tools.alow: is not known here; did you mean `allow`?",
        "8:49: chat.service.tools.rules.wen: is not known here; did you mean `when`?",
        "9:1: budgt: is not known here; did you mean `budget`?",
    ];
    let expected: String = expected.iter().map(|line| format!("error: {file}:{line}\n")).collect();
    assert_eq!(output.stdout(), format!("{expected}8 mistakes\n"));

    let known = "ui: { theme: , keys: , macros: }\nllm: { active: , models: , providers: { ollama: { model: a, patches: , headers: } } }\nbudget:\n";
    with_file(known).sayso(["config", "check"]).run().assert_exit(0);
}

#[test]
fn a_server_that_can_never_be_used_is_told_by_the_check() {
    let sandbox = with_file(
        "\
mcp:
  servers:
    far.away: { url: 'http://mcp.invalid/x', headers: { Authorization: k } }
    old: { url: 'https://mcp.invalid/x', type: sse }
    off: { url: 'https://mcp.invalid/x', type: sse, enabled: false }
    open: { command: x, env: { A: '${NOT_SET}' } }
    good: { command: x }
",
    );
    let output = sandbox.sayso(["config", "check"]).run().assert_exit(0);
    let file = file(&sandbox).display().to_string();
    let why = [
        "3:17: mcp.servers.\"far.away\".url: is plain http, so everybody on the way could read the header Authorization",
        "4:42: mcp.servers.old.type: is the transport of 2024, which sayso does not speak",
    ];
    for why in why {
        assert!(output.stdout().contains(&format!("warning: {file}:{why}\n")), "{why}: {output:?}");
    }
    assert_eq!(output.stdout().matches("warning: ").count(), 3, "{output:?}");
}

#[test]
fn a_variable_that_is_no_text_is_an_error_with_its_name() {
    let sandbox = with_file("ui: {}\n");
    let ask = |variable: &str| {
        let set = format!("export {variable}=$(printf 'demo:echo\\377'); exec \"$@\"");
        sandbox.ask_once(["-m", "openai:x", "hi"]).shell(&set).run()
    };
    for variable in ["SAYSO_MODEL", "SAYSO_PROVIDER", "SAYSO_CONVERSATION", "SAYSO_PAGER", "OPENAI_BASE_URL"] {
        ask(variable).assert_exit(3).assert_stderr_has(&[&format!("{variable}: is not UTF-8")]);
    }
    ask("OPENAI_API_KEY").assert_exit(4).assert_stderr_has(&["OPENAI_API_KEY", "it is not text"]);
    // What a provider would read that is not asked does no harm.
    let other = "export OPENAI_BASE_URL=$(printf 'a\\377'); exec \"$@\"";
    sandbox.ask_once(["-m", "demo:echo", "hi"]).shell(other).run().assert_exit(0).assert_stdout("hi\n");
}

#[test]
fn what_would_be_wrong_is_not_written() {
    let sandbox = with_file(FILE);
    let set = |key: &str, value: &str| sandbox.sayso(["config", "set", key, value]).run();
    set("ui.color", "sometimes").assert_exit(3).assert_stderr_has(&["config.yaml:7:10: ui.color", "has to be one of"]);
    set("ui.colour", "never").assert_exit(2).assert_stderr_has(&["did you mean `color`?"]);
    set("llm.active", "nobody").assert_exit(3).assert_stderr_has(&["no provider has the name"]);
    set("llm.providers.ollama.api_key", "sk-other")
        .assert_exit(2)
        .assert_stderr_has(&["others can see a command line"]);
    assert_eq!(fs::read_to_string(file(&sandbox)).unwrap(), FILE);
}

#[test]
fn new_lines_end_as_the_others_do() {
    let sandbox = with_file("ui:\r\n  color: auto\r\n");
    sandbox.sayso(["config", "set", "ui.theme", "dark"]).run().assert_exit(0);
    sandbox.sayso(["config", "set", "llm.active", "ollama"]).run().assert_exit(0);
    sandbox.sayso(["mcp", "add", "a", "--yes", "--", "x"]).run().assert_exit(0);
    let text = fs::read_to_string(file(&sandbox)).unwrap();
    let lines =
        "ui:\n  color: auto\n  theme: dark\n\nllm:\n  active: ollama\n\nmcp:\n  servers:\n    a:\n      command: x\n";
    assert_eq!(text, lines.replace('\n', "\r\n"));
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let sandbox = with_file("ui: {}\n");
    let text = "red \u{1b}[31m and \u{7f}";
    sandbox.sayso(["config", "set", "chat.service.system_prompt", text]).run().assert_exit(0);
    let get = sandbox.sayso(["config", "get", "chat.service.system_prompt"]).run().assert_exit(0);
    assert!(get.stdout().starts_with("red ") && get.stdout().contains("[31m and "), "{get:?}");
    sandbox.sayso(["mcp", "add", "a", "--yes", "--", "x", text]).run().assert_exit(0);
    sandbox.sayso(["config", "check"]).run().assert_exit(0);

    let full = format!("# {}\nui: {{}}\n", "x".repeat((1 << 20) - 10));
    let sandbox = with_file(&full);
    let set = sandbox.sayso(["config", "set", "ui.color", "never"]).run().assert_exit(3);
    set.assert_stderr_has(&["is larger than 1024 KiB"]);
    assert_eq!(fs::read_to_string(file(&sandbox)).unwrap(), full);
}

#[test]
fn the_first_setting_makes_the_file_for_the_owner_only() {
    let sandbox = Sandbox::new();
    sandbox.sayso(["config", "set", "ui.color", "never"]).run().assert_exit(0);
    assert_eq!(fs::read_to_string(file(&sandbox)).unwrap(), "ui:\n  color: never\n");
    assert_eq!(fs::metadata(file(&sandbox)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_edited_file_is_checked_before_it_counts() {
    let sandbox = with_file(FILE);
    let edit = |script: &str| {
        let editor = sandbox.path("work/editor");
        fs::write(&editor, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
        Pty::start(sandbox.sayso(["config", "edit"]).env("VISUAL", editor.to_str().unwrap()), 20, 120)
    };
    let mut pty = edit("sed -i 's/color: auto/colr: auto/' \"$1\"");
    pty.wait_for_text("did you mean `color`?");
    pty.wait_for_text("Open it again? [y/N]");
    pty.send("n\r");
    assert_eq!(pty.wait_for_exit(), 3);
    assert_eq!(fs::read_to_string(file(&sandbox)).unwrap(), FILE);
    let draft = sandbox.path("config/sayso/config.draft.yaml");
    assert!(fs::read_to_string(&draft).unwrap().contains("colr: auto"));

    let mut pty = edit("sed -i 's/color: auto/color: never/' \"$1\"");
    assert_eq!(pty.wait_for_exit(), 0);
    assert_eq!(fs::read_to_string(file(&sandbox)).unwrap(), FILE.replace("auto", "never"));
    assert!(!draft.exists());
    let mut pty = edit("true");
    pty.wait_for_text("nothing has been changed");
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn secrets_within_a_section_are_not_taken_from_the_command_line_either() {
    let sandbox = with_file(FILE);
    for (key, value, secret) in [
        ("llm.providers.openai", "{model: m, api_key: sk-canary}", "llm.providers.openai.api_key"),
        ("llm.providers", "{openai: {headers: {Authorization: canary}}}", "llm.providers.openai.headers"),
        ("mcp.servers.a", "{command: x, env: {T: canary}}", "mcp.servers.a.env"),
    ] {
        let set = sandbox.sayso(["config", "set", key, value]).run().assert_exit(2);
        set.assert_stderr_has(&[secret, "is a secret", "others can see a command line"]);
    }
    assert_eq!(fs::read_to_string(file(&sandbox)).unwrap(), FILE);
    sandbox.sayso(["config", "set", "mcp.servers.a", "{command: x, args: [y]}"]).run().assert_exit(0);
}

/// Some may be told to try again; none that was told of success is lost.
#[test]
fn changes_at_the_same_time_do_not_undo_each_other() {
    let sandbox = with_file(FILE);
    let set = |number: usize| {
        let change = sandbox.sayso(["config", "set", &format!("llm.models.m{number}"), "ollama:x"]).run();
        if change.code != Some(0) {
            change.assert_exit(3).assert_stderr_has(&["somebody else", "try again"]);
            return None;
        }
        Some(format!("\n    m{number}: ollama:x\n"))
    };
    let made: Vec<String> = std::thread::scope(|scope| {
        let changes: Vec<_> = (0..12).map(|number| scope.spawn(move || set(number))).collect();
        changes.into_iter().filter_map(|change| change.join().unwrap()).collect()
    });
    assert!(!made.is_empty());
    let text = fs::read_to_string(file(&sandbox)).unwrap();
    for line in made {
        assert!(text.contains(&line), "{line:?} is lost: {text}");
    }
    assert_eq!(fs::read_dir(file(&sandbox).parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn empty_braces_within_braces_take_a_setting() {
    for (text, key, value, expected) in [
        ("llm: {models: {}}\n", "llm.models.a", "ollama:x", "llm: {models: {a: ollama:x}}\n"),
        ("mcp: { servers: {} }\n", "mcp.servers.a", "{command: x}", "mcp: { servers: {a: {command: x}} }\n"),
    ] {
        let sandbox = with_file(text);
        sandbox.sayso(["config", "set", key, value]).run().assert_exit(0);
        assert_eq!(fs::read_to_string(file(&sandbox)).unwrap(), expected);
    }
}

#[test]
fn a_fault_of_the_system_is_told_in_words() {
    let sandbox = with_file(FILE);
    let below_a_file = file(&sandbox).join("c.yaml");
    let check = sandbox.sayso(["--config", below_a_file.to_str().unwrap(), "config", "check"]).run().assert_exit(3);
    assert!(check.stdout().contains("cannot be read: Not a directory\n"), "{check:?}");
}
