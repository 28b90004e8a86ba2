//! One key that must not turn up anywhere: every command, as talkative as can be, with servers that echo it.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::repl::wait_for_end;
use crate::support::{ModelServer, Output, Reply, Sandbox, TestConfig, Wire};

/// Forty letters, with some that are written otherwise in URLs and in JSON.
const CANARY: &str = "sk-Canary+7Zq/9fXw=2LmT~vB4nR8kD1hJ6yP0c";

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// What a leak would look like: the key, its parts, and its encodings wherever they begin.
fn forms() -> Vec<String> {
    let form_encoded: String = url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect();
    let parts = [CANARY[3..].to_owned(), CANARY[..36].to_owned()];
    let mut forms = vec![CANARY.to_owned(), percent_encoded(CANARY), form_encoded.clone()];
    forms.extend(parts);
    forms.push(form_encoded.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d").replace("%7E", "%7e"));
    forms.push(CANARY.replace('/', "\\/"));
    for before in 0..3 {
        let bytes = [vec![b'x'; before], CANARY.as_bytes().to_vec()].concat();
        // Twelve letters from the middle are enough to know it by.
        for encoded in [STANDARD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            forms.extend([encoded[8..20].to_owned(), encoded[24..36].to_owned()]);
        }
    }
    forms
}

#[track_caller]
fn assert_clean(bytes: &[u8], place: &str) {
    for form in forms() {
        let is_there = bytes.windows(form.len()).any(|window| window == form.as_bytes());
        assert!(!is_there, "{form} is in {place}: {}", String::from_utf8_lossy(bytes));
    }
}

#[track_caller]
fn assert_output_is_clean(output: &Output, command: &[&str]) {
    assert_clean(&output.stdout_bytes, &format!("stdout of {command:?}"));
    assert_clean(output.stderr.as_bytes(), &format!("stderr of {command:?}"));
}

/// Every file below `folder`, but the one that is there to hold the key.
fn assert_files_are_clean(folder: &Path, but: Option<&Path>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_files_are_clean(&path, but);
        } else if Some(path.as_path()) != but && path.is_file() {
            assert_clean(&std::fs::read(&path).unwrap(), &path.display().to_string());
        }
    }
}

fn echo(status: u16, text: &str) -> Reply {
    Reply::error(status, &format!("you sent {text} to me"))
}

/// Servers that give the key back in every way they can.
fn faults() -> Vec<(&'static str, Reply)> {
    let bearer = STANDARD.encode(format!("Bearer {CANARY}"));
    let sse_error = json!({"error": {"message": format!("echo {CANARY}"), "code": CANARY, "type": CANARY}});
    vec![
        ("plain", Reply::answer(&["Hello"])),
        ("400", echo(400, CANARY)),
        ("401", echo(401, CANARY)),
        // A long message is cut at 2 KiB: here in the key.
        ("401 cut in the key", echo(401, &format!("{}{CANARY}", "x ".repeat(1001)))),
        ("500 cut in the key", Reply::body(500, "text/plain", &format!("{}{CANARY}", "x ".repeat(1005)))),
        ("200 cut in the key", Reply::body(200, "text/html", &format!("<p>{}{CANARY}", "x ".repeat(1004)))),
        ("401 in base64", echo(401, &STANDARD.encode(CANARY))),
        ("403 in base64 of the header", echo(403, &bearer)),
        ("404 in a URL", echo(404, &percent_encoded(CANARY))),
        ("404 in a query", echo(404, &url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect::<String>())),
        ("422 nested", Reply::json(422, &json!({"detail": [{"loc": ["header", CANARY], "msg": CANARY}]}))),
        ("429 in the id", echo(429, "x").header("x-request-id", CANARY).header("retry-after", "3600")),
        ("500", echo(500, CANARY)),
        ("500 as a page", Reply::body(500, "text/html", &format!("<title>{CANARY}</title>"))),
        ("503 as text", Reply::body(503, "text/plain", CANARY)),
        (
            "307 to itself",
            Reply::body(307, "text/plain", "").header("location", &format!("https://x.invalid/{CANARY}")),
        ),
        ("200 as a page", Reply::body(200, "text/html", &format!("<p>{CANARY}</p>"))),
        ("200 as JSON", Reply::json(200, &json!({"message": CANARY}))),
        ("error in the stream", Reply::sse().role().event(&sse_error).end()),
        ("error after text", Reply::sse().role().text("Hel").event(&sse_error).end()),
        ("garbage", Reply::sse().data(&format!("{{\"{CANARY}")).done().end()),
        ("cut off", Reply::sse().role().text("Hel").fin()),
        ("nothing", Reply::nothing().fin()),
        ("reset", Reply::nothing().rst()),
    ]
}

fn config(server: &ModelServer) -> TestConfig {
    TestConfig::for_server(server).set("chat.service.streaming.persistence.persist_deltas", true)
}

#[test]
fn no_fault_and_no_verbosity_gives_the_key_away() {
    for (name, reply) in faults() {
        let server = ModelServer::always(reply).lenient();
        let sandbox = Sandbox::new().config(&config(&server));
        for args in [
            &["ask", "-v", "-v", "hi"][..],
            &["ask", "--format", "jsonl", "hi"],
            &["ask", "--no-stream", "-c", "hi"],
            &["ask", "--record", "r.jsonl", "hi"],
        ] {
            let output = sandbox.sayso([args, &["--retries", "0"]].concat()).env("TEST_KEY", CANARY).run();
            assert_output_is_clean(&output, &[name, &args.join(" ")]);
        }
        let received = &server.requests()[0];
        assert_eq!(received.header("authorization"), Some(&*format!("Bearer {CANARY}")), "{name}: the key was in use");
        assert_clean(&received.body, "the body of the request");
        assert_files_are_clean(&sandbox.path(""), None);
    }
}

#[test]
fn no_command_gives_the_key_away() {
    let models = json!({"error": {"message": format!("bad key {CANARY}")}});
    for status in [200, 401, 500] {
        let listed = if status == 200 { json!({"data": [{"id": "m"}]}) } else { models.clone() };
        let server = ModelServer::always(Reply::answer(&["Hello"])).with_models(status, listed).lenient();
        let sandbox = Sandbox::new().config(&config(&server));
        let run = |args: &[&str], stdin: &str| {
            let run = sandbox.sayso(args.to_vec()).env("TEST_KEY", CANARY).env("OPENAI_API_KEY", CANARY);
            assert_output_is_clean(&run.env("OPENAI_BASE_URL", &server.base_url()).stdin(stdin).run(), args);
        };
        run(&["keys", "set", "test"], CANARY);
        for args in [
            &["ask", "-v", "-v", "hi"][..],
            &["ask", "--dry-run", "-v", "hi"],
            &["keys", "list", "-v"],
            &["keys", "list", "--format", "json"],
            &["models", "list", "-v"],
            &["models", "refresh", "-v"],
            &["models", "info", "-v", "test:nothing"],
            &["doctor", "-v"],
            &["doctor", "--json"],
            &["init", "--yes", "-v"],
            &["config", "show"],
            &["config", "check"],
            &["config", "path"],
            &["history", "list"],
            &["history", "show", "--format", "json"],
            &["mcp", "list", "-v"],
            &["mcp", "tools", "-v"],
            &["completions", "bash"],
            &["help", "keys"],
            &["man"],
            &["nonsense"],
        ] {
            run(args, "");
        }
        assert_files_are_clean(&sandbox.path(""), Some(&sandbox.path("data/sayso/keys/test")));
        run(&["keys", "rm", "test"], "");
        assert_files_are_clean(&sandbox.path(""), None);
    }
}

#[test]
fn a_key_in_the_configuration_is_shown_by_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let server = ModelServer::always(echo(401, CANARY)).with_models(401, json!({"error": CANARY})).lenient();
    let config = TestConfig::for_server(&server)
        .set("llm.providers.test.api_key_env", Value::Null)
        .set("llm.providers.test.api_key", CANARY)
        .set("llm.providers.test.headers", json!({"X-Api-Key": CANARY}))
        .set("ui.them", "x");
    let sandbox = Sandbox::new().config(&config);
    let file = sandbox.path("config/sayso/config.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    // First with a mistake in it, then without.
    for text in [config.text(), config.text().replace("\"them\": \"x\"", "\"usage\": true")] {
        std::fs::write(&file, text).unwrap();
        for args in [
            &["ask", "-v", "hi", "--retries", "0"][..],
            &["config", "show"],
            &["config", "check"],
            &["keys", "list"],
            &["keys", "set", "test"],
            &["models", "list"],
            &["doctor"],
            &["init", "--yes"],
        ] {
            assert_output_is_clean(&sandbox.sayso(args.to_vec()).stdin("sk-another").run(), args);
        }
    }
    assert_files_are_clean(&sandbox.path(""), Some(&file));
}

#[test]
fn no_child_gets_the_key() {
    let call = Reply::call("c1", "shell__run", &json!({"argv": ["env"]}));
    let server = ModelServer::scripted(Wire::Plain, move |_, number| {
        Some(if number == 0 { call.clone() } else { Reply::answer(&["done"]) })
    })
    .lenient();
    let sandbox = Sandbox::new().config(&config(&server));
    let args = ["ask", "-v", "-v", "-t", "shell", "--allow", "shell/run", "what is set?"];
    let output = sandbox.sayso(args).env("TEST_KEY", CANARY).env("OPENAI_API_KEY", CANARY).run().assert_exit(0);
    assert_output_is_clean(&output, &args);
    let told = server.told("c1");
    assert!(told.contains("PATH="), "the child has told its variables: {told}");
    assert_clean(told.as_bytes(), "the environment of a child");
    assert_files_are_clean(&sandbox.path(""), None);
}

#[test]
fn the_prompt_does_not_give_it_away_either() {
    let server = ModelServer::always(echo(401, CANARY)).lenient();
    let sandbox = Sandbox::new().config(&config(&server));
    let mut pty = crate::repl::start(sandbox.sayso(["chat", "-v"]).env("TEST_KEY", CANARY), "test>");
    for line in ["hi", "/usage", "/model openai:x", "/tools"] {
        pty.send(&format!("{line}\r"));
        pty.wait_for_text(line);
        wait_for_end(&pty, &["test>"]);
    }
    pty.send("\x04");
    pty.wait_for_exit();
    assert_clean(&pty.log(), "the terminal");
    assert_files_are_clean(&sandbox.path(""), None);
}

#[test]
fn a_key_of_a_model_that_is_chosen_later_is_in_no_log_either() {
    let server = ModelServer::always(Reply::answer(&["you sent ", CANARY])).lenient();
    let later = json!({"api": "openai_chat", "base_url": server.base_url(), "model": "m", "api_key_env": "LATER_KEY"});
    let config = config(&server)
        .set("llm.providers.later", later)
        .set("chat.service.logging", json!({"llm_replies": true, "tool_execution": true, "system_prompt": true}));
    let sandbox = Sandbox::new().config(&config);
    let mut pty = crate::repl::start(sandbox.sayso(["chat", "--record", "r.jsonl"]).env("LATER_KEY", CANARY), "test>");
    pty.send("/model later:m\r");
    wait_for_end(&pty, &["later>"]);
    pty.send("hi\r");
    pty.wait_for_text("you sent");
    wait_for_end(&pty, &["later>"]);
    pty.send("\x04");
    pty.wait_for_exit();
    let log = std::fs::read(sandbox.path("state/sayso/sayso.log")).unwrap();
    assert!(String::from_utf8_lossy(&log).contains("you sent [redacted]"), "{}", String::from_utf8_lossy(&log));
    assert_clean(&log, "the log");
    assert_clean(&std::fs::read(sandbox.work_folder().join("r.jsonl")).unwrap(), "the record");
}
