//! Slips of people who do not know sayso yet: each is told in words that say what to do.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::mcp_http::{greeting, sandbox, text};
use crate::support::{Asked, FakeMcp, ModelServer, Reply, Said, Sandbox, Web};

/// An address of this machine that nobody answers at.
fn closed_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/mcp", listener.local_addr().unwrap())
}

#[test]
fn a_server_that_cannot_be_reached_is_told_without_names_of_types() {
    let url = closed_address();
    let port = url.trim_start_matches("http://").trim_end_matches("/mcp");
    let sandbox = sandbox(&url, json!({}));
    let output = sandbox.sayso(["mcp", "call", "remote", "add"]).run().assert_exit(5);
    assert_eq!(
        output.stderr,
        format!("error[mcp]: the MCP server remote is not available: cannot connect to {port} (refused)\n")
    );
    let list = sandbox.sayso(["mcp", "list", "--connect"]).run().assert_exit(0).stdout();
    let row = list.lines().find(|line| line.starts_with("remote ")).unwrap();
    assert!(row.ends_with(&format!("cannot connect to {port} (refused)")), "{row}");
}

#[test]
fn an_address_that_is_no_server_is_told() {
    let web = Web::start(|_| |_: &Asked| Said::status(404));
    let output = sandbox(&web.url("/mcp"), json!({})).sayso(["mcp", "call", "remote", "add"]).run().assert_exit(5);
    assert!(output.stderr.contains("404") && !output.stderr.contains("::"), "{output:?}");
}

#[test]
fn a_program_that_ends_at_once_is_told_in_one_way() {
    let config = "mcp: {servers: {brief: {command: 'true'}}}";
    let sandbox = Sandbox::new().config_text(config);
    for _ in 0..8 {
        let output = sandbox.sayso(["mcp", "tools", "brief"]).run();
        let told = "the MCP server brief is not available: it ended before it greeted (exit status: 0)";
        assert!(output.stderr.contains(told), "{output:?}");
    }
}

#[test]
fn an_empty_key_of_once_is_a_mistake() {
    let model = ModelServer::start([]);
    let sandbox = Sandbox::for_server(&model);
    for key in ["", " "] {
        let output = sandbox.sayso(["ask", "--once", key, "hi"]).run().assert_exit(2);
        output.assert_stderr_has(&["it is empty; is a variable not set?"]);
    }
    assert!(model.requests().is_empty());
}

#[test]
fn a_server_that_is_misspelt_is_told_before_the_model_is_asked() {
    let model = ModelServer::start([]);
    let sandbox = Sandbox::for_server(&model);
    for (option, value) in [("--allow", "filez/read"), ("-t", "filez")] {
        let output = sandbox.sayso(["ask", option, value, "hi"]).run().assert_exit(2);
        let all = "there are calc, fetch, files, history, models, settings, shell, time";
        let told = format!("{option}: no server is named filez");
        output.assert_stderr_has(&[&told, "did you mean files?", &all.replace("there", "There")]);
    }
    assert!(model.requests().is_empty());
    // A server that is there, but not in this run, is no mistake.
    let model = ModelServer::start([Reply::answer(&["ok"])]);
    Sandbox::for_server(&model).ask_once(["--allow", "files/*", "hi"]).run().assert_exit(0);
}

#[test]
fn why_a_call_asks_again_is_told_where_nobody_can_be_asked() {
    let call = |id: &str, n: u64| Reply::call(id, "fake__echo", &json!({"n": n}));
    let model = ModelServer::start([call("c1", 1), call("c2", 2)]);
    let fake = FakeMcp::for_model(&model, &[]);
    let output = fake.sandbox.ask_once(["hi", "--allow", "fake/*"]).run().assert_exit(10);
    output.assert_stderr_has(&[
        "fake/echo needs a say-so (words of others have come into the conversation",
        "--allow fake/*",
        "`--allow fake/echo` gives it for one run",
    ]);
}

#[test]
fn a_key_that_is_missing_is_not_called_refused() {
    let model = ModelServer::start([Reply::error(401, "who are you?")]).lenient();
    let config = format!("llm: {{active: near, providers: {{near: {{base_url: '{}', model: m}}}}}}", model.base_url());
    let output = Sandbox::new().config_text(&config).ask_once(["hi"]).run().assert_exit(4);
    output.assert_stderr_has(&[
        "near wants an API key, and none was sent: who are you? (401)",
        "set the environment variable NEAR_API_KEY, or run `sayso keys set near`",
    ]);
}

#[test]
fn what_cannot_be_attached_is_told_by_what_was_meant() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.work_folder().join("a.txt"), "1\n2\n3\n").unwrap();
    for (file, told) in [
        ("", "it is empty; is a variable not set?"),
        ("ftp://example.com/a", "only http:// and https:// are fetched"),
        ("a.txt#L3-2", "write lines as a.txt#L2 or a.txt#L2-9"),
        ("b.txt", "there is no such file"),
    ] {
        let output = sandbox.sayso(["ask", "-m", "demo:echo", "-f", file, "hi"]).run().assert_exit(3);
        output.assert_stderr_has(&[told]);
    }
}

#[test]
fn the_words_of_the_parser_of_options_are_our_own() {
    let sandbox = Sandbox::new();
    for (arguments, told) in [
        (&["history", "list", "--limit", "0"][..], "for '--limit <N>': it has to be 1 or more"),
        (&["ask", "--width", "5", "hi"], "for '--width <N>': it has to be from 20 to 1000"),
        (&["ask", "--retries", "x", "hi"], "for '--retries <N>': it is no whole number"),
        (&["history", "search"], "missing: <WORDS>..."),
        (&["keys"], "it is one of set, list, rm; `sayso keys --help` explains them"),
    ] {
        sandbox.sayso(arguments.iter().copied()).run().assert_exit(2).assert_stderr_has(&[told]);
    }
}

#[test]
fn a_history_is_told_of_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.sayso(["ask", "-m", "demo:echo", "--session", "trip", "hi"]).run().assert_exit(0);
    sandbox.sayso(["history", "pin", "trip"]).run().assert_exit(0);
    let output = sandbox.sayso(["history", "unpin", "trip"]).run().assert_exit(0);
    assert!(output.stderr.contains("unpinned") && !output.stderr.contains(", pinned)"), "{output:?}");

    let output = sandbox.sayso(["history", "import", "nowhere"]).run().assert_exit(3);
    assert!(!output.stderr.contains("imported 0"), "{output:?}");
    fs::write(sandbox.work_folder().join("notes.txt"), "only\nnotes\n").unwrap();
    let output = sandbox.sayso(["history", "import", "notes.txt"]).run().assert_exit(3);
    let told = "it is neither an export of sayso nor a log of llm nor a session of aichat\n";
    assert!(output.stderr.contains(told) && output.stderr.contains("`--from`"), "{output:?}");

    for _ in 0..2 {
        sandbox.sayso(["history", "export", "trip", "-o", "t.md"]).run();
    }
    let output = sandbox.sayso(["history", "export", "trip", "-o", "t.md"]).run().assert_exit(3);
    output.assert_stderr_has(&["cannot write t.md: it is there already"]);

    let output = sandbox.sayso(["history", "sql", "SELECT * FROM trips"]).run().assert_exit(2);
    assert!(output.stderr.contains("attachments and usage") && !output.stderr.contains("--timeout"), "{output:?}");
}

/// A server with one prompt, which refuses what it does not like in its own words.
fn with_a_prompt(asked: &Asked) -> Said {
    let refused = |asked: &Asked, message: &str| {
        let error = json!({"code": -32602, "message": message});
        Said::json(&json!({"jsonrpc": "2.0", "id": asked.json()["id"], "error": error}))
    };
    match asked.rpc().as_str() {
        "initialize" => {
            let result = json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}, "prompts": {}},
                "serverInfo": {"name": "scripted", "version": "1"}});
            Said::result(asked, result)
        }
        "tools/list" => {
            let schema = json!({"type": "object", "required": ["to"], "properties": {"cc": {}, "to": {}}});
            let tools = json!([{"name": "send", "description": "Sends", "inputSchema": schema}]);
            Said::result(asked, json!({ "tools": tools }))
        }
        "prompts/list" => {
            let arguments = json!([{"name": "city", "required": true}, {"name": "state"}]);
            Said::result(asked, json!({"prompts": [{"name": "weather", "arguments": arguments}]}))
        }
        "prompts/get" => refused(asked, "MCP error -32602: das geht so nicht"),
        _ => greeting(asked, "s").unwrap_or_else(|| text(asked, "done")),
    }
}

#[test]
fn a_prompt_of_a_server_is_asked_rightly_or_told_how() {
    let web = Web::start(|_| with_a_prompt);
    let sandbox = sandbox(&web.url("/mcp"), json!({}));
    for (arguments, exit, told) in [
        (&["wether"][..], 2, "remote has no prompt \"wether\"\n  hint:    did you mean weather?"),
        (&["weather", "state=x"], 2, "the prompt weather needs city=\n  hint:    it takes city= [state=]"),
        (&["weather", "city=x"], 7, "the MCP server remote refused: das geht so nicht (-32602)"),
    ] {
        let all = ["mcp", "prompt", "remote"].into_iter().chain(arguments.iter().copied());
        let output = sandbox.sayso(all).run().assert_exit(exit);
        output.assert_stderr_has(&[told]);
    }
}

#[test]
fn a_server_that_greets_and_does_not_tell_its_tools_is_not_called_ready() {
    let web = Web::start(|_| {
        |asked: &Asked| match asked.rpc().as_str() {
            "tools/list" => Said::status(500),
            _ => with_a_prompt(asked),
        }
    });
    let sandbox = sandbox(&web.url("/mcp"), json!({}));
    let listed = sandbox.sayso(["mcp", "list", "--connect", "--format", "json"]).run().assert_exit(0).stdout();
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let remote = listed.iter().find(|server| server["name"] == "remote").unwrap();
    assert_eq!(remote["state"], "failed", "{remote}");
    assert!(remote["error"].as_str().unwrap().contains("500"), "{remote}");
}

#[test]
fn tools_are_listed_with_what_they_take() {
    let web = Web::start(|_| with_a_prompt);
    let output = sandbox(&web.url("/mcp"), json!({})).sayso(["mcp", "tools", "remote"]).run().assert_exit(0);
    output.assert_stdout("SERVER  TOOL  ARGUMENTS  DESCRIPTION\nremote  send  to= [cc=]  Sends\n");
}

#[test]
fn suggestions_for_an_argument_look_at_the_others() {
    let fake = FakeMcp::new(&[]);
    let suggested = |more: &[&str]| {
        let all = ["prompt", "fake", "greet", "--suggest", "who"].into_iter().chain(more.iter().copied());
        fake.mcp(all).run().assert_exit(0).stdout()
    };
    assert_eq!(suggested(&[]), "Ada\nAlan\n");
    assert_eq!(suggested(&["tone=dry"]), "Ada Lovelace\n");
}

#[test]
fn a_built_in_server_is_no_server_of_the_file() {
    let sandbox = Sandbox::new();
    let output = sandbox.sayso(["mcp", "rm", "fetch", "--yes"]).run().assert_exit(3);
    let advice = "`sayso config set mcp.servers.fetch '{builtin: fetch, enabled: false}'`";
    let output = output.assert_stderr_has(&["it is built in", advice]);
    drop(output);
    sandbox.sayso(["config", "set", "mcp.servers.fetch", "{builtin: fetch, enabled: false}"]).run().assert_exit(0);
    let listed = sandbox.sayso(["mcp", "list", "--format", "json"]).run().assert_exit(0).stdout();
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed.iter().find(|server| server["name"] == "fetch").unwrap()["state"], "off");

    let output = sandbox.sayso(["mcp", "add", "time", "--yes", "--", "true"]).run().assert_exit(0);
    output.assert_stderr_has(&["the name of a built-in server, whose place this one takes"]);
    let output = sandbox.sayso(["mcp", "read", "calc", "x://y"]).run().assert_exit(7);
    output.assert_stderr_has(&["it has nothing of this kind"]);
}

#[test]
fn a_tool_that_has_to_be_called_has_to_be_there() {
    let model = ModelServer::start([]);
    let sandbox = Sandbox::for_server(&model);
    for (choice, told) in [
        ("time/nwo", "did you mean time/now?"),
        ("now", "did you mean time/now?"),
        ("time__nwo", "did you mean time/now?"),
        ("files/read", "`-t files` offers the tools of files"),
        ("everything", "it is auto, none, required, or a tool as SERVER/TOOL"),
    ] {
        let output = sandbox.sayso(["ask", "--tool-choice", choice, "hi"]).run().assert_exit(2);
        output.assert_stderr_has(&[&format!("--tool-choice {choice}: no tool of this name is offered"), told]);
    }
    for choice in ["required", "time/now"] {
        let output = sandbox.sayso(["ask", "--no-tools", "--tool-choice", choice, "hi"]).run().assert_exit(2);
        output.assert_stderr_has(&[&format!("--tool-choice {choice}: no tools are offered")]);
    }
    sandbox.sayso(["chat", "--tool-choice", "time/nwo"]).run().assert_exit(2);
    assert!(model.requests().is_empty());

    // As it is typed everywhere else, and as the model knows it.
    for choice in ["time/now", "time__now"] {
        let model = ModelServer::start([Reply::answer(&["ok"])]);
        Sandbox::for_server(&model).ask_once(["--tool-choice", choice, "hi"]).run().assert_exit(0);
        assert_eq!(model.request().json()["tool_choice"]["function"]["name"], "time__now");
    }
}

#[test]
fn faults_of_the_system_are_told_without_their_numbers() {
    let sandbox = Sandbox::new();
    let work = sandbox.work_folder();
    fs::create_dir(work.join("folder")).unwrap();
    std::os::unix::fs::symlink("loop", work.join("loop")).unwrap();
    let long = "x".repeat(300);
    for (arguments, exit) in [
        (&["--config", "missing.yaml", "ask", "hi"][..], 3),
        (&["--config", "folder", "ask", "hi"], 3),
        (&["--config", "loop", "ask", "hi"], 3),
        (&["ask", "-m", "demo:echo", "--schema", "missing.json", "hi"], 3),
        (&["ask", "-m", "demo:echo", "--schema", "./folder", "hi"], 3),
        (&["ask", "-m", "demo:echo", "-f", "missing.txt", "hi"], 3),
        (&["ask", "-m", "demo:echo", "-f", "loop", "hi"], 3),
        (&["ask", "-m", "demo:echo", "-f", &long, "hi"], 3),
        (&["ask", "-m", "demo:echo", "--role-file", "missing.md", "hi"], 3),
        (&["ask", "-m", "demo:echo", "--role-file", "loop", "hi"], 3),
        (&["ask", "-m", "demo:echo", "--meta", "missing/meta.json", "hi"], 3),
        (&["batch", "-m", "demo:echo", "missing.jsonl"], 3),
        (&["batch", "-m", "demo:echo", "loop"], 3),
        (&["history", "import", "missing.jsonl"], 3),
        (&["history", "import", "loop"], 3),
        (&["history", "export", "--format", "md", "-o", "missing/talk.md"], 3),
    ] {
        sandbox.sayso(["ask", "-m", "demo:echo", "--session", "trip", "hi"]).run().assert_exit(0);
        let output = sandbox.sayso(arguments.iter().copied()).run().assert_exit(exit);
        assert!(output.stderr.contains("error[") && !output.stderr.contains("os error"), "{arguments:?}: {output:?}");
    }
    let full = sandbox.sayso(["ask", "-m", "demo:echo", "hi"]).shell("exec \"$@\" >/dev/full").run().assert_exit(74);
    assert!(full.stderr.contains("No space left on device\n") && !full.stderr.contains("os error"), "{full:?}");

    // What is told by warnings, by `doctor` and by tools.
    let nowhere =
        sandbox.sayso(["ask", "-m", "demo:echo", "hi"]).env("XDG_DATA_HOME", "/proc/none").run().assert_exit(0);
    assert!(nowhere.stderr.contains("warning: ") && !nowhere.stderr.contains("os error"), "{nowhere:?}");
    let doctor = sandbox.sayso(["doctor"]).env("XDG_DATA_HOME", "/dev/null").run();
    assert!(!doctor.stdout().contains("os error") && !doctor.stderr.contains("os error"), "{doctor:?}");
    let events =
        sandbox.sayso(["ask", "-m", "demo:echo", "--format", "jsonl", "hi"]).env("XDG_DATA_HOME", "/proc/none");
    let events = events.run().assert_exit(0).stdout();
    assert!(events.contains("\"notice\"") && !events.contains("os error"), "{events}");
    fs::write(work.join("text"), "no program").unwrap();
    let run = sandbox.sayso(["mcp", "call", "shell", "run", "argv=[\"./text\"]"]).run().assert_exit(8);
    assert!(run.stderr.contains("cannot run ./text") && !run.stderr.contains("os error"), "{run:?}");
}
