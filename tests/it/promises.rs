//! What is promised of the surface: names of commands and options, formats of lists, where settings and keys come from.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::{ModelServer, Pty, Reply, Sandbox, TEST_KEY, TestConfig};

/// Every command that is promised.
const COMMANDS: &[(&str, &str)] = &[
    ("", "ask chat batch history stats init doctor config keys models mcp completions shell-init man help"),
    (
        "history",
        "list show search rename fork pin unpin rm export import backup prune scrub sql check recover diff follow",
    ),
    ("config", "path show get set edit check schema"),
    ("keys", "set list rm"),
    ("models", "list info refresh"),
    ("mcp", "list tools resources prompts call read add rm import login logout trust serve exercise"),
    ("roles", "list show edit path"),
];

const ASK_OPTIONS: &str = "--model --system --file --continue --session --no-save --tool --no-tools --allow --max-hops \
    --format --schema --schema-multi --schema-retries --code --first-code --first-json --stop-after --option --timeout \
    --retries --thinking --width --no-stream --dry-run --once --cache --max-cost --record --replay --meta-fd --meta \
    --stdin --role --role-file --require-history --timing --config --color --quiet --verbose --accessible --offline";

const SLASH_COMMANDS: &str = "/help /exit /new /sessions /resume /rename /pin /fork /undo /retry /edit /continue /model \
    /provider /system /role /set /attach /tools /mcp /prompt /resource /approve /thinking /copy /show /search /export \
    /usage /stats /redraw";

fn help(sandbox: &Sandbox, command: &[&str]) -> String {
    sandbox.sayso(command.iter().copied().chain(["--help"])).run().assert_exit(0).assert_silent().stdout()
}

#[test]
fn every_promised_command_and_option_is_there() {
    let sandbox = Sandbox::new();
    for (parent, names) in COMMANDS {
        let path: Vec<&str> = parent.split_whitespace().collect();
        let help = help(&sandbox, &path);
        let listed: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
        for name in names.split(' ') {
            assert!(listed.contains(&name), "`{name}` is not in the help of `sayso {parent}`: {help}");
        }
    }
    let text = help(&sandbox, &["ask"]);
    for option in ASK_OPTIONS.split_whitespace() {
        let stands = |end: &str| text.contains(&format!("{option}{end}"));
        assert!([" ", "\n", "..."].iter().any(|end| stands(end)), "{option}: {text}");
    }
    for topic in ["exit-codes", "environment", "events", "keys", "config", "roles", "scripting", "shell"] {
        let told = sandbox.sayso(["help", topic]).run().assert_exit(0).stdout();
        assert!(told.starts_with(&topic.to_uppercase().replace('-', " ")), "{told}");
        assert!(told.lines().all(|line| line.chars().count() <= 90), "{told}");
    }
}

#[test]
fn every_promised_slash_command_is_known() {
    let mut pty = Pty::start(Sandbox::new().sayso(["chat", "-m", "demo:tour", "--no-save"]), 60, 100);
    pty.wait_for_text("unsaved>");
    pty.send("/help\r");
    pty.wait_for_text("/redraw");
    let screen = pty.screen();
    for command in SLASH_COMMANDS.split_whitespace() {
        let stands = |end: &str| screen.contains(&format!("{command}{end}"));
        assert!([" ", "\n", ","].iter().any(|end| stands(end)), "{command} is not in /help: {screen}");
    }
}

#[test]
fn approve_shows_what_may_run() {
    let mut pty = Pty::start(Sandbox::new().sayso(["chat", "-m", "demo:tour", "--no-save"]), 40, 120);
    pty.wait_for_text("unsaved>");
    pty.send("/approve\r");
    pty.wait_for_text("nothing is allowed beforehand");
    pty.wait_for_text("no tools are held back");
}

#[test]
fn sayso_alone_with_a_pipe_is_ask() {
    let server = ModelServer::always(Reply::answer(&["hello"]));
    let sandbox = Sandbox::for_server(&server);
    sandbox.sayso([]).stdin("hi there").run().assert_exit(0).assert_stdout("hello\n");
    assert_eq!(server.request().json()["messages"][0]["content"], "hi there");
    sandbox.sayso([]).run().assert_exit(2).assert_stdout("");
}

#[test]
fn every_list_show_and_search_has_its_four_formats() {
    let server = ModelServer::always(Reply::answer(&["an answer\twith a tab\nand a line"]));
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["find me"]).run().assert_exit(0);
    // Its provider has no list.
    let without_provider = Sandbox::new();
    for command in [
        &["history", "list"][..],
        &["history", "show"],
        &["history", "search", "find"],
        &["models", "list"],
        &["keys", "list"],
        &["mcp", "list"],
        &["mcp", "tools", "calc"],
        &["roles", "list"],
        &["roles", "show", "explain"],
    ] {
        let written = |format: &str| {
            let args = command.iter().copied().chain(["--format", format]).collect::<Vec<_>>();
            let place = if command[0] == "models" { &without_provider } else { &sandbox };
            let output = place.sayso(args).run().assert_exit(0);
            assert!(output.stdout_bytes.ends_with(b"\n"), "{command:?} {format}: {output:?}");
            output.stdout()
        };
        assert!(!written("table").trim().is_empty(), "{command:?}");
        let whole: Value = serde_json::from_str(&written("json")).unwrap();
        assert!(whole.is_array() || whole.is_object(), "{command:?}: {whole}");
        for line in written("jsonl").lines() {
            let one: Value = serde_json::from_str(line).unwrap();
            assert!(one.is_object(), "{command:?}: {one}");
        }
        let table = written("tsv");
        let columns: Vec<usize> = table.lines().map(|line| line.split('\t').count()).collect();
        assert!(columns[0] > 1 && columns.iter().all(|count| *count == columns[0]), "{command:?}: {table}");
    }
}

#[test]
fn the_configuration_has_its_place_its_schema_and_a_file_of_ones_own() {
    let sandbox = Sandbox::new();
    let path = sandbox.sayso(["config", "path"]).run().assert_exit(0).stdout();
    assert_eq!(path.trim_end(), sandbox.path("config/sayso/config.yaml").to_str().unwrap());
    let schema = sandbox.sayso(["config", "schema"]).run().assert_exit(0).stdout();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&json!({"chat": {"service": {"max_tool_hops": 3}}, "llm": {"active": "x"}})));
    assert!(!validator.is_valid(&json!({"chat": {"service": {"max_tool_hops": "three"}}})));
    fs::write(sandbox.work_folder().join("own.yaml"), "chat: {service: {system_prompt: Mine.}}\n").unwrap();
    for args in [["--config", "own.yaml", "config", "show"], ["config", "show", "--config", "own.yaml"]] {
        let shown = sandbox.sayso(args).run().assert_exit(0).stdout();
        assert!(shown.contains("own.yaml") && shown.contains("Mine."), "{shown}");
    }
    sandbox.sayso(["--config", "gone.yaml", "config", "show"]).run().assert_exit(3);
}

#[test]
fn mistakes_of_the_configuration_are_told_all_at_once_with_their_places() {
    let sandbox = Sandbox::new().config_text("lmm: {}\nui:\n  markdown: maybe\n  usge: true\n");
    let output = sandbox.ask_once(["hi"]).run().assert_exit(3).assert_stdout("");
    output.assert_stderr_has(&["config.yaml:1:1", "config.yaml:3:", "config.yaml:4:3", "`llm`", "`usage`"]);
}

#[test]
fn a_key_comes_from_a_command_or_a_private_file() {
    let server = ModelServer::always(Reply::answer(&["hello"]));
    let provider = json!({"api": "openai_chat", "base_url": server.base_url(), "model": "m"});
    let with = |name: &str, value: &str| {
        let mut provider = provider.clone();
        provider[name] = json!(value);
        Sandbox::new().config(&TestConfig::for_server(&server).set("llm.providers.test", provider))
    };
    // The server takes no other key.
    with("api_key_command", &format!("echo {TEST_KEY}")).ask_once(["hi"]).run().assert_exit(0);
    let folder = Sandbox::new();
    let file = folder.work_folder().join("key");
    fs::write(&file, format!("{TEST_KEY}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    with("api_key_file", file.to_str().unwrap()).ask_once(["hi"]).run().assert_exit(0);
    assert_eq!(server.requests().len(), 2);
    let refused = folder.sayso(["ask", "--api-key", "sk-typed", "hi"]).run().assert_exit(2);
    assert!(!refused.stderr.contains("sk-typed"), "{refused:?}");
}

#[test]
fn a_system_prompt_comes_from_a_file_and_retries_are_counted() {
    let server = ModelServer::always(Reply::error(500, "no"));
    let sandbox = Sandbox::for_server(&server);
    fs::write(sandbox.work_folder().join("brief.md"), "Be brief.\n").unwrap();
    sandbox.sayso(["ask", "-s", "@brief.md", "--retries", "1", "hi"]).run().assert_exit(8);
    assert_eq!(server.requests().len(), 2, "one more than `--retries`");
    let system = server.requests()[0].json()["messages"][0].clone();
    assert_eq!(system["role"], "system");
    assert_eq!(system["content"].as_str().unwrap().trim_end(), "Be brief.");
    sandbox.ask_once(["-s", "@gone.md", "hi"]).run().assert_exit(3);
}

#[test]
fn an_empty_key_or_pattern_of_a_script_is_a_mistake() {
    let server = ModelServer::start([]);
    let sandbox = Sandbox::for_server(&server);
    for args in [
        ["--once", ""],
        ["--stop-after", ""],
        ["--meta", "-"],
        ["--record", "-"],
        ["--schema", "-"],
        ["--cache", "0"],
        ["--cache", "2y"],
    ] {
        let output = sandbox.ask_once(args.iter().copied().chain(["hi"])).run().assert_exit(2).assert_stdout("");
        output.assert_stderr_has(&["error[usage]", args[0]]);
    }
    assert!(!sandbox.work_folder().join("-").exists());
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_full_disk_behind_a_list_says_nothing_of_answers() {
    let sandbox = Sandbox::new();
    for args in [&["roles", "list"][..], &["help", "ask"], &["completions", "bash"], &["config", "show"]] {
        let output = sandbox.sayso(args.iter().copied()).shell("exec \"$@\" >/dev/full").run().assert_exit(74);
        assert!(!output.stderr.contains("answer"), "{args:?}: {output:?}");
    }
}

#[test]
fn a_dash_is_stdout_where_results_go() {
    let server = ModelServer::always(Reply::answer(&["hello"]));
    let sandbox = Sandbox::for_server(&server);
    let rows = sandbox.sayso(["batch", "-", "--lines", "--output", "-"]).stdin("hi\n").run().assert_exit(0);
    assert!(rows.stdout().starts_with("{\"id\":1,"), "{rows:?}");
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    let exported = sandbox.sayso(["history", "export", "--output", "-"]).run().assert_exit(0);
    assert!(exported.stdout().contains("hello"), "{exported:?}");
    assert!(!sandbox.work_folder().join("-").exists());
}
