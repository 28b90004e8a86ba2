//! `init` and `doctor`: set up in a minute, and told what is wrong in a line.

use serde_json::{Value, json};

use crate::repl::wait_for_end;
use crate::support::{ModelServer, Pty, Reply, Run, Sandbox, TEST_KEY, TestConfig, closed_port};

fn models() -> Value {
    json!({"data": [{"id": "llama3.2:3b"}, {"id": "qwen3"}]})
}

fn config_of(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.path("config/sayso/config.yaml")).unwrap()
}

#[test]
fn init_finds_a_server_on_this_machine_writes_a_file_and_has_nothing_to_add_then() {
    let server = ModelServer::always(Reply::answer(&["Hello"])).with_models(200, models()).lenient();
    let sandbox = Sandbox::new();
    let init = |args: &[&str]| {
        let args: Vec<&str> = ["init"].iter().chain(args).copied().collect();
        sandbox.sayso(args).env("OLLAMA_HOST", &server.address.to_string()).run()
    };
    let refused = init(&[]).assert_exit(2).assert_stderr_has(&["nobody is here to agree", "--yes"]);
    assert!(refused.stdout().contains("+  active: ollama\n"), "{}", refused.stdout());
    assert!(!sandbox.path("config/sayso/config.yaml").exists());

    let output = init(&["--yes"]).assert_exit(0);
    assert!(
        output.stderr.contains("found ollama: http://127.0.0.1") && output.stderr.contains("2 models"),
        "{}",
        output.stderr
    );
    let text = config_of(&sandbox);
    assert!(text.starts_with("# yaml-language-server: $schema=config.schema.json\n"), "{text}");
    assert!(text.contains("      model: \"llama3.2:3b\"\n"), "{text}");
    let schema: Value =
        serde_json::from_slice(&std::fs::read(sandbox.path("config/sayso/config.schema.json")).unwrap()).unwrap();
    assert_eq!(schema["title"], "sayso configuration");
    sandbox.sayso(["config", "check"]).run().assert_exit(0);
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n");

    init(&["--yes"]).assert_exit(0).assert_stdout("").assert_stderr_has(&["nothing to add"]);
    assert_eq!(config_of(&sandbox), text);
}

#[test]
fn init_adds_what_is_new_and_leaves_the_rest_as_it_is() {
    let server = ModelServer::start([]).with_models(200, models()).lenient();
    let sandbox = Sandbox::new();
    let old = "# mine\nllm:\n  providers:\n    mine:\n      base_url: https://mine.invalid/v1 # kept\n      model: m\nui: { usage: false }\n";
    let sandbox = sandbox.config_text(old);
    let run = sandbox.sayso(["init", "--yes"]).env("OLLAMA_HOST", &server.address.to_string());
    let output = run.run().assert_exit(0);
    assert!(
        output.stdout().contains("+    ollama:\n") && !output.stdout().contains("mine.invalid"),
        "{}",
        output.stdout()
    );
    let text = config_of(&sandbox);
    for line in old.lines() {
        assert!(text.contains(line), "{line}: {text}");
    }
    // Who was asked without a word is still asked.
    assert!(text.contains("  active: mine\n"), "{text}");
}

#[test]
fn init_writes_the_file_that_is_named() {
    let server = ModelServer::start([]).with_models(200, models()).lenient();
    let sandbox = Sandbox::new();
    let file = sandbox.path("work/new/own.yaml");
    let args = ["--config", file.to_str().unwrap(), "init", "--yes"];
    sandbox.sayso(args).env("OLLAMA_HOST", &server.address.to_string()).run().assert_exit(0);
    assert!(std::fs::read_to_string(&file).unwrap().contains("  active: ollama\n"));
    assert!(!sandbox.path("config/sayso/config.yaml").exists());
}

#[test]
fn init_leaves_a_schema_of_somebody_else_alone() {
    let server = ModelServer::start([]).with_models(200, models()).lenient();
    let sandbox = Sandbox::new();
    let schema = sandbox.path("work/config.schema.json");
    let init = |file: &str| {
        let run = sandbox.sayso(["--config", file, "init", "--yes"]);
        run.env("OLLAMA_HOST", &server.address.to_string()).run().assert_exit(0);
        std::fs::read_to_string(&schema).unwrap()
    };
    std::fs::write(&schema, "{\"title\": \"of another program\"}").unwrap();
    assert_eq!(init("a.yaml"), "{\"title\": \"of another program\"}");
    std::fs::remove_file(&schema).unwrap();
    let ours = init("b.yaml");
    // One of ours is brought up to date.
    std::fs::write(&schema, "{\"title\": \"sayso configuration\"}").unwrap();
    assert_eq!(init("c.yaml"), ours);
    assert!(ours.contains("max_tool_hops"), "{ours}");
}

#[test]
fn init_looks_whether_a_key_is_taken() {
    let sandbox = Sandbox::new();
    let with = |status, args: &[&str]| {
        let server =
            ModelServer::start([]).with_models(status, json!({"data": [{"id": "gpt-9"}], "error": "no"})).lenient();
        let run =
            sandbox.sayso(args.to_vec()).env("OPENAI_API_KEY", TEST_KEY).env("OPENAI_BASE_URL", &server.base_url());
        (run.run(), server)
    };
    let (output, server) = with(401, &["init", "--yes"]);
    output
        .assert_exit(4)
        .assert_stderr_has(&["openai: key in OPENAI_API_KEY is of no use", "no key and no model server"]);
    assert_eq!(server.model_requests().len(), 1);
    let (output, _server) = with(200, &["init", "--yes"]);
    output.assert_exit(0).assert_stderr_has(&["found openai: key in OPENAI_API_KEY, 1 models"]);
    let text = config_of(&sandbox);
    assert!(text.contains("model: \"gpt-9\"") && text.contains("api_key_env: \"OPENAI_API_KEY\""), "{text}");
    assert!(!text.contains(TEST_KEY), "{text}");
}

#[test]
fn init_without_anything_says_what_to_do() {
    let sandbox = Sandbox::new();
    let run = sandbox.sayso(["init", "--yes", "--offline"]).env("OLLAMA_HOST", &format!("127.0.0.1:{}", closed_port()));
    run.run().assert_exit(4).assert_stderr_has(&["no key and no model server was found", "sayso keys set openrouter"]);
}

#[test]
fn init_asks_a_person_for_a_key_and_for_the_say_so() {
    let server = ModelServer::start([]).with_models(200, json!({"data": [{"id": "gpt-4o-mini"}]})).lenient();
    let sandbox = Sandbox::new();
    let run = sandbox
        .sayso(["init"])
        .env("OPENAI_BASE_URL", &server.base_url())
        .env("OLLAMA_HOST", &format!("127.0.0.1:{}", closed_port()));
    let mut pty = Pty::start(run, 40, 100);
    wait_for_end(&pty, &["provider (nothing: leave):"]);
    pty.send("openai\r");
    wait_for_end(&pty, &["key of openai (it is not shown):"]);
    pty.send("sk-typed-canary\r");
    wait_for_end(&pty, &["Write it? [y/N]"]);
    pty.send("y\r");
    assert_eq!(pty.wait_for_exit(), 0);
    assert!(!pty.screen().contains("canary"), "{}", pty.screen());
    let text = config_of(&sandbox);
    assert!(text.contains("    openai:\n") && !text.contains("canary") && !text.contains("api_key_env"), "{text}");
    assert_eq!(server.model_requests()[0].header("authorization"), Some("Bearer sk-typed-canary"));
}

#[test]
fn config_show_tells_every_setting_to_scripts_by_the_key_that_config_get_takes() {
    let config = "llm:\n  active: my.host\n  providers:\n    my.host: { base_url: http://127.0.0.1:1/v1, model: m, \
        api_key: sk-canary-0123456789 }\nbudget: { per_day_usd: 3 }\n";
    let sandbox = Sandbox::new().config_text(config);
    let show = |format: &str| {
        let output = sandbox.sayso(["config", "show", "--format", format]).run().assert_exit(0);
        assert!(!output.stdout().contains("canary"), "{output:?}");
        output.stdout()
    };
    assert!(show("table").contains("\nbudget:\n"));
    let all: Value = serde_json::from_str(&show("json")).unwrap();
    assert_eq!(all["llm"]["providers"]["my.host"]["model"], "m");
    let (mut seen, mut tsv) = (Vec::new(), vec!["key\tvalue".to_owned()]);
    for line in show("jsonl").lines() {
        let setting: Value = serde_json::from_str(line).unwrap();
        let (key, value) = (setting["key"].as_str().unwrap(), &setting["value"]);
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        tsv.push(format!("{key}\t{value}"));
        seen.push((key.to_owned(), value));
    }
    for expected in [(r#"llm.providers."my.host".model"#, "m"), ("budget.per_day_usd", "3.0")] {
        assert!(seen.iter().any(|(key, value)| (&**key, &**value) == expected), "{expected:?}: {seen:?}");
        let got = sandbox.sayso(["config", "get", expected.0]).run().assert_exit(0);
        assert_eq!(got.stdout(), format!("{}\n", expected.1));
    }
    assert_eq!(show("tsv").lines().collect::<Vec<_>>(), tsv);
}

#[test]
fn the_models_of_the_demo_are_listed_without_a_network() {
    let output = Sandbox::new().sayso(["--offline", "models", "list", "demo", "--format", "tsv"]).run().assert_exit(0);
    assert!(output.stdout().contains("\ndemo:tour\t") && output.stdout().contains("\ndemo:echo\t"), "{output:?}");
}

fn findings(sandbox: &Sandbox, args: &[&str], exit: i32) -> Vec<(String, String, String, String)> {
    let args: Vec<&str> = ["doctor", "--json"].iter().chain(args).copied().collect();
    let shown: Value = serde_json::from_str(&sandbox.sayso(args).run().assert_exit(exit).stdout()).unwrap();
    assert_eq!(shown["ok"], exit == 0);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = shown["findings"].as_array().unwrap().iter();
    rows.map(|row| (text(&row["area"]), text(&row["level"]), text(&row["message"]), text(&row["fix"]))).collect()
}

#[track_caller]
fn finding<'a>(all: &'a [(String, String, String, String)], area: &str) -> (&'a str, &'a str, &'a str) {
    let found = all.iter().find(|(other, ..)| other == area).unwrap_or_else(|| panic!("{area} is not in {all:#?}"));
    (&found.1, &found.2, &found.3)
}

#[test]
fn doctor_finds_everything_in_order_where_it_is() {
    let server = ModelServer::start([]).with_models(200, models());
    let sandbox = Sandbox::for_server(&server);
    let all = findings(&sandbox, &[], 0);
    assert!(all.iter().all(|(_, level, ..)| level == "ok"), "{all:#?}");
    let provider = finding(&all, "provider test").1;
    assert!(provider.starts_with("HTTP/1.1, 2 models, first answer after "), "{provider}");
    assert!(provider.contains("on the open connection"), "{provider}");
    assert_eq!(finding(&all, "key test").1, "TEST_KEY (environment)");
    assert_eq!(server.connections().len(), 1, "the second time the connection is there");
    let text = sandbox.sayso(["doctor"]).run().assert_exit(0).stdout();
    assert!(text.ends_with("everything is in order\n"), "{text}");
}

#[test]
fn doctor_tells_what_is_broken_with_one_thing_to_do_and_its_exit_code() {
    let refusing =
        ModelServer::start([]).with_models(401, json!({"error": {"message": format!("bad key {TEST_KEY}")}}));
    let sandbox = Sandbox::for_server(&refusing);
    let all = findings(&sandbox, &[], 4);
    let (level, message, fix) = finding(&all, "provider test");
    assert_eq!((level, fix), ("broken", "run `sayso keys set test`"));
    assert!(message.contains("refused the API key") && !message.contains(TEST_KEY), "{message}");

    let sandbox = Sandbox::new().config(&TestConfig::new(&format!("http://127.0.0.1:{}/v1", closed_port())));
    assert_eq!(finding(&findings(&sandbox, &[], 5), "provider test").0, "broken");
    let sandbox = Sandbox::new().config(&TestConfig::new("https://no-such-host.invalid/v1"));
    let all = findings(&sandbox, &[], 5);
    assert!(finding(&all, "provider test").1.starts_with("cannot resolve no-such-host.invalid"), "{all:#?}");
    let all = findings(&sandbox, &["--offline"], 0);
    assert_eq!(finding(&all, "provider test").0, "skipped");

    let sandbox = Sandbox::new().config_text("ui: { them: dark }\n");
    let all = findings(&sandbox, &[], 3);
    assert!(finding(&all, "config").1.contains(":1:7: ui.them: is not known here"), "{all:#?}");
    let all = findings(&Sandbox::new(), &["--offline"], 4);
    assert_eq!(finding(&all, "model"), ("broken", "no model is set up", "run `sayso init`"));
}

#[test]
fn a_report_does_not_tell_who_wrote_it() {
    let sandbox = Sandbox::new();
    let home = sandbox.path("home");
    let run = sandbox.sayso(["doctor", "--offline"]);
    let run = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"]
        .into_iter()
        .fold(run, Run::without_env);
    let text = run.run().assert_exit(4).stdout();
    assert!(text.contains("~/.config/sayso/config.yaml") && !text.contains(home.to_str().unwrap()), "{text}");
}

fn log_of(sandbox: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(sandbox.path("state/sayso/sayso.log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_log_tells_what_is_switched_on_and_nothing_of_what_is_not_to_be_kept() {
    let call = Reply::call("c1", "calc__evaluate", &json!({"expression": "6 * 7"}));
    let server =
        ModelServer::start([call, Reply::answer(&["It is ", "42"]), Reply::answer(&[TEST_KEY]), Reply::answer(&["x"])]);
    let config = TestConfig::for_server(&server).set("chat.service.system_prompt", "be brief");
    let sandbox = Sandbox::new().config(&config);
    sandbox.ask_once(["what is 6 * 7?"]).run().assert_exit(0);
    let told: Vec<_> = log_of(&sandbox).iter().map(|line| (line["event"].clone(), line["text"].clone())).collect();
    assert_eq!(told, [(json!("reply"), Value::Null), (json!("tool"), Value::Null), (json!("reply"), Value::Null)]);
    assert_eq!(log_of(&sandbox)[1]["arguments"], "{\"expression\":\"6 * 7\"}");

    let all = json!({"llm_replies": true, "tool_execution": true, "system_prompt": true});
    std::fs::write(sandbox.path("config/sayso/config.yaml"), config.set("chat.service.logging", all).text()).unwrap();
    sandbox.ask_once(["again"]).run().assert_exit(0);
    let log = log_of(&sandbox);
    assert_eq!(log[3]["text"], "be brief");
    assert_eq!(
        (&log[4]["text"], &log[4]["model"], &log[4]["status"]),
        (&json!("[redacted]"), &json!("test:test-model"), &json!("ok"))
    );
    sandbox.ask_once(["--no-save", "in secret"]).run().assert_exit(0);
    assert_eq!(log_of(&sandbox).len(), 5, "what is not saved is not logged");
}
