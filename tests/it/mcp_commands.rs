//! `sayso mcp …` as a person or a script types it: real servers, real files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::support::{FakeMcp, Pty, Sandbox};

#[test]
fn a_tool_is_called_without_a_model() {
    let sandbox = Sandbox::new();
    let output = sandbox.sayso(["mcp", "tools", "time", "--format", "json"]).run().assert_exit(0);
    let tools: serde_json::Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
    let mut names = tools.as_array().unwrap().iter().filter_map(|tool| tool["name"].as_str());
    let tool = names.find(|name| *name == "now").unwrap().to_owned();
    let output = sandbox.sayso(["mcp", "call", "time", &tool]).run().assert_exit(0);
    assert!(!output.stdout_bytes.is_empty(), "{output:?}");
    let output = sandbox.sayso(["mcp", "call", "time", &tool, "--format", "json"]).run().assert_exit(0);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
    assert_eq!(result["isError"], false);
}

#[test]
fn mistakes_have_their_exit_codes() {
    let sandbox = Sandbox::new().config_text(
        "mcp: {servers: {gone: {command: /no/such/program}, off: {command: x, enabled: false}, time: {builtin: time, tools: {deny: ['*']}}}}",
    );
    for (args, exit) in [
        (&["mcp", "call", "nobody", "x"][..], 3),
        (&["mcp", "call", "off", "x"], 3),
        (&["mcp", "call", "gone", "x"], 5),
        (&["mcp", "call", "calc", "no_such_tool"], 2),
        (&["mcp", "call", "time", "anything"], 10),
        (&["mcp", "rm", "nobody"], 3),
        (&["mcp", "add", "x"], 2),
    ] {
        let output = sandbox.sayso(args.iter().copied()).run();
        assert_eq!(output.code, Some(exit), "{args:?}: {output:?}");
    }
}

#[test]
fn a_server_goes_into_the_file_and_out_again_and_the_rest_stays_byte_for_byte() {
    let text =
        "# mine\nmcp:\n  servers:\n    # kept\n    a: { command: x } # kept too\n\nui: { theme: auto } # the end\n";
    let sandbox = Sandbox::new().config_text(text);
    let file = sandbox.path("config/sayso/config.yaml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let add = ["mcp", "add", "new", "--env", "A=${B}", "--yes", "--", "npx", "-y", "a\u{1b}[2Jb"];
    let output = sandbox.sayso(add).run().assert_exit(0);
    assert!(!output.stderr.contains('\u{1b}'), "{output:?}");
    let added = fs::read_to_string(&file).unwrap();
    assert!(added.contains("    new:\n      command: npx\n") && added.contains("# kept too\n"), "{added}");
    sandbox.sayso(["mcp", "add", "new", "--yes", "--", "other"]).run().assert_exit(2);
    sandbox.sayso(["mcp", "rm", "new", "--yes"]).run().assert_exit(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    // Without a person and without `--yes` nothing happens.
    sandbox.sayso(["mcp", "rm", "a"]).run().assert_exit(2);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_header_that_others_could_read_is_refused_before_anything_is_set_up() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("config/sayso/config.yaml");
    let add = |name: &str, url: &str, header: &str| {
        sandbox.sayso(["mcp", "add", name, url, "--header", header, "--yes"]).run()
    };
    let why = "is plain http, so everybody on the way could read the header";
    for header in ["Authorization: Bearer ${TOKEN}", "X-Api-Key=k"] {
        add("far", "http://mcp.invalid/mcp", header).assert_exit(2).assert_stderr_has(&[
            why,
            "use https",
            "this machine",
        ]);
        assert!(!file.exists(), "{header}");
    }
    for (name, url, header) in [
        ("tls", "https://mcp.invalid/mcp", "Authorization=k"),
        ("here", "http://127.0.0.1:9/mcp", "Authorization=k"),
        ("told", "http://${HOST}/mcp", "Authorization=k"),
        ("plain", "http://mcp.invalid/mcp", "User-Agent=x"),
    ] {
        add(name, url, header).assert_exit(0);
    }
}

#[test]
fn what_would_have_no_effect_on_a_server_is_not_set_up() {
    let sandbox = Sandbox::new();
    for args in [
        &["--header", "A=1", "--", "x"][..],
        &["https://mcp.invalid", "--env", "A=1"],
        &["https://mcp.invalid", "--cwd", "/tmp"],
        &["--", ""],
    ] {
        let args: Vec<&str> = ["mcp", "add", "a", "--yes"].iter().chain(args).copied().collect();
        sandbox.sayso(args.iter().copied()).run().assert_exit(2);
        assert!(!sandbox.path("config/sayso/config.yaml").exists(), "{args:?}");
    }
}

#[test]
fn nobody_is_asked_about_a_server_that_cannot_be() {
    let sandbox = Sandbox::new();
    for (name, url) in [("a", "https://"), ("a", "https://u:p@mcp.invalid"), ("sayso", "https://mcp.invalid")] {
        let output = sandbox.sayso(["mcp", "add", name, url]).run().assert_exit(3);
        assert!(!output.stderr.contains("runs with your rights"), "{output:?}");
    }
}

#[test]
fn servers_of_other_programs_are_taken_over() {
    let sandbox = Sandbox::new();
    let foreign = r#"{"mcpServers": {"a": {"command": "npx", "env": {"K": "${input:my-key}"}, "alwaysAllow": []}}}"#;
    fs::write(sandbox.work_folder().join("other.json"), foreign).unwrap();
    let missing = sandbox.sayso(["mcp", "import", "other.json", "--yes", "--server", "a", "--server", "b"]).run();
    missing.assert_exit(3).assert_stderr_has(&["no server is called b", "there are a"]);
    let output = sandbox.sayso(["mcp", "import", "other.json", "--yes"]).run().assert_exit(0);
    for told in ["environment variable MY_KEY", "`alwaysAllow` is not known here"] {
        assert!(output.stderr.contains(told), "{told}: {output:?}");
    }
    let text = fs::read_to_string(sandbox.path("config/sayso/config.yaml")).unwrap();
    assert_eq!(text, "mcp:\n  servers:\n    a:\n      command: npx\n      env:\n        K: \"${MY_KEY}\"\n");
}

#[test]
fn a_project_is_ignored_until_it_is_trusted_as_it_is() {
    let sandbox = Sandbox::new();
    let file = sandbox.work_folder().join(".mcp.json");
    fs::write(&file, r#"{"mcpServers": {"proj": {"command": "/bin/evil\u001b[2J"}}}"#).unwrap();
    let list = || {
        let output = sandbox.sayso(["mcp", "list", "--format", "tsv"]).run().assert_exit(0);
        (String::from_utf8(output.stdout_bytes).unwrap().contains("proj\t"), output.stderr.contains("is ignored"))
    };
    assert_eq!(list(), (false, true));
    let mut pty = Pty::start(sandbox.sayso(["mcp", "trust"]), 40, 100);
    let screen = pty.wait_for_text("Trust this file as it is? [y/N]");
    assert!(screen.contains("/bin/evil"), "{screen}");
    pty.send("y\r");
    assert_eq!(pty.wait_for_exit(), 0);
    assert_eq!(list(), (true, false));
    fs::write(&file, r#"{"mcpServers": {"proj": {"command": "/bin/worse"}}}"#).unwrap();
    assert_eq!(list(), (false, true));
}

#[test]
fn a_schema_that_takes_for_ever_keeps_no_call_back() {
    let fake = FakeMcp::new(&["endless-schema"]);
    fake.mcp(["call", "fake", "maze", "x=1"]).run().assert_exit(0).assert_stdout("{\"x\":1}\n");
}

#[test]
fn a_look_at_changed_tools_can_be_stopped_while_the_server_keeps_silent() {
    // Ten minutes would be beyond every patience.
    let fake = FakeMcp::with(&["silent-list"], json!({"timeout": 600}));
    let running = fake.mcp(["trust", "fake"]).spawn();
    fake.wait_for_log("tools/list");
    running.signal(Signal::INT);
    assert_eq!(running.wait().code, Some(130));
    fake.assert_none_left(Duration::from_secs(3));
}

#[test]
fn a_server_of_a_project_is_started_from_where_its_trust_was_asked() {
    let sandbox = Sandbox::new();
    let project = sandbox.work_folder().canonicalize().unwrap();
    let program = FakeMcp::program();
    fs::create_dir_all(project.join("bin")).unwrap();
    std::os::unix::fs::symlink(&program, project.join("bin/server")).unwrap();
    let servers = json!({
        "near": {"command": "./bin/server"},
        "home": {"command": program, "cwd": "${HOME}"},
        "nowhere": {"command": program, "cwd": "${HOME}/nowhere"},
    });
    fs::write(project.join(".mcp.json"), json!({"mcpServers": servers}).to_string()).unwrap();
    let output = sandbox.sayso(["mcp", "trust", "--yes"]).run().assert_exit(0);
    output.assert_stderr_has(&[&project.join("bin/server").to_string_lossy(), "cwd: ${HOME}"]);
    for server in ["near", "home"] {
        sandbox.sayso(["mcp", "call", server, "echo"]).run().assert_exit(0).assert_stdout("{}\n");
    }
    let output = sandbox.sayso(["mcp", "call", "nowhere", "echo"]).run().assert_exit(5);
    output.assert_stderr_has(&["the folder", "/nowhere to start it in is not there"]);
}
