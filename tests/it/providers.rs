//! Providers by name: where they are, what they refuse, and what is different with some of their models.

use serde_json::{Value, json};

use crate::support::{ModelServer, Reply, Sandbox, TestConfig, Wire};

fn refusing(field: &'static str, text: &'static str) -> ModelServer {
    ModelServer::scripted(Wire::Plain, move |request, _| {
        let is_there = request.json().get(field).is_some();
        Some(if is_there { Reply::error(400, text) } else { Reply::answer(&["Hello"]) })
    })
}

fn bodies(server: &ModelServer) -> Vec<Value> {
    server.requests().iter().map(crate::support::Received::json).collect()
}

#[test]
fn a_refused_parameter_is_left_out_once_and_remembered_for_the_next_process() {
    let server = refusing("stream_options", "Extra inputs are not permitted: stream_options");
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    assert_eq!(server.requests().len(), 2, "refused, and sent again without");
    let told = "test refuses `stream_options` with test-model: it is left out";
    sandbox.ask_once(["-v", "again"]).run().assert_exit(0).assert_stderr_has(&[told]);
    let bodies = bodies(&server);
    assert_eq!(bodies.len(), 3, "the second process knows");
    assert!(bodies[0].get("stream_options").is_some() && bodies[2].get("stream_options").is_none());
    let dry = sandbox.ask_once(["--dry-run", "hi"]).run().assert_exit(0);
    assert!(!dry.stdout().contains("stream_options"), "{}", dry.stdout());
}

#[test]
fn what_was_set_and_is_refused_is_told_without_asking() {
    let server = refusing("temperature", "Unsupported value: 'temperature' does not support 0.5 with this model.");
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).set("llm.providers.test.temperature", 0.5));
    let output = sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n");
    output.assert_stderr_has(&["warning: test refuses `temperature` with test-model: it is left out"]);
    let again = sandbox.ask_once(["hi", "--format", "jsonl"]).run().assert_exit(0);
    let notices = again.events_of("notice");
    assert_eq!((&notices[0]["code"], &notices[0]["level"]), (&json!("parameter_left_out"), &json!("info")));
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_value_that_is_wrong_is_an_error_and_not_left_out() {
    let server = refusing("temperature", "temperature: must be in the range 0..1");
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).set("llm.providers.test.temperature", 1.5));
    sandbox.ask_once(["hi"]).run().assert_exit(7).assert_stderr_has(&["must be in the range"]);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_cache_that_cannot_be_read_or_written_costs_one_refusal() {
    let server = refusing("stream_options", "unknown field stream_options");
    let sandbox = Sandbox::for_server(&server);
    std::fs::write(sandbox.path("cache/sayso"), "no folder").unwrap();
    for _ in 0..2 {
        sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    }
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn patches_change_what_is_sent_to_some_models() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let patches = json!([
        {"models": "o*", "temperature": 1.0, "extra_body": {"reasoning_effort": "low", "stream_options": null}},
        {"models": "o3*", "max_tokens": 77, "headers": {"X-Patch": "yes"}},
    ]);
    let config = TestConfig::for_server(&server)
        .set("llm.providers.test.temperature", 0.5)
        .set("llm.providers.test.extra_body", json!({"top_p": 0.9}))
        .set("llm.providers.test.patches", patches);
    let sandbox = Sandbox::new().config(&config);
    for model in ["test:plain", "test:o1", "test:o3-mini"] {
        sandbox.ask_once(["-m", model, "hi"]).run().assert_exit(0);
    }
    let bodies = bodies(&server);
    let told = |body: &Value| {
        [&body["temperature"], &body["reasoning_effort"], &body["max_tokens"], &body["top_p"]]
            .map(Value::to_string)
            .join(" ")
    };
    let told: Vec<_> = bodies.iter().map(told).collect();
    assert_eq!(told, ["0.5 null null 0.9", "1.0 \"low\" null 0.9", "1.0 \"low\" 77 0.9"]);
    assert!(bodies[0].get("stream_options").is_some() && bodies[1].get("stream_options").is_none());
    assert_eq!(server.requests()[2].header("x-patch"), Some("yes"));
}

#[test]
fn a_patch_without_models_or_for_what_we_set_ourselves_is_a_mistake() {
    let patch = json!([{"extra_body": {"stream": false}}]);
    let sandbox =
        Sandbox::new().config(&TestConfig::new("https://x.invalid/v1").set("llm.providers.test.patches", patch));
    let output = sandbox.sayso(["config", "check"]).run().assert_exit(3);
    for part in ["patches.models: is missing", "patches.extra_body.stream: is always set by sayso itself"] {
        assert!(output.stdout().contains(part), "{}", output.stdout());
    }
}

#[test]
fn well_known_providers_need_nothing_but_their_name_and_key() {
    let sandbox = Sandbox::new();
    for (name, variable, url) in [
        ("openrouter", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1"),
        ("openai", "OPENAI_API_KEY", "https://api.openai.com/v1"),
        ("groq", "GROQ_API_KEY", "https://api.groq.com/openai/v1"),
        ("deepseek", "DEEPSEEK_API_KEY", "https://api.deepseek.com/v1"),
        ("mistral", "MISTRAL_API_KEY", "https://api.mistral.ai/v1"),
        ("xai", "XAI_API_KEY", "https://api.x.ai/v1"),
        ("together", "TOGETHER_API_KEY", "https://api.together.xyz/v1"),
        ("fireworks", "FIREWORKS_API_KEY", "https://api.fireworks.ai/inference/v1"),
        ("cerebras", "CEREBRAS_API_KEY", "https://api.cerebras.ai/v1"),
        ("perplexity", "PERPLEXITY_API_KEY", "https://api.perplexity.ai"),
        ("moonshot", "MOONSHOT_API_KEY", "https://api.moonshot.ai/v1"),
        ("zai", "ZAI_API_KEY", "https://api.z.ai/api/paas/v4"),
        ("ollama", "UNUSED", "http://localhost:11434/v1"),
        ("llamacpp", "UNUSED", "http://localhost:8080/v1"),
        ("vllm", "UNUSED", "http://localhost:8000/v1"),
        ("lmstudio", "UNUSED", "http://localhost:1234/v1"),
    ] {
        let model = format!("{name}:some-model");
        let run =
            sandbox.sayso(["ask", "-m", &model, "--dry-run", "-o", "max_tokens=5", "hi"]).env(variable, "sk-canary-1");
        let shown = run.run().assert_exit(0).stdout();
        assert!(shown.starts_with(&format!("POST {url}/chat/completions\n")), "{shown}");
        assert_eq!(shown.contains("Bearer [redacted]"), variable != "UNUSED", "{shown}");
        assert!(shown.contains("\"model\": \"some-model\"") && !shown.contains("canary"), "{shown}");
        let limit = if ["openai", "cerebras"].contains(&name) { "max_completion_tokens" } else { "max_tokens" };
        assert!(shown.contains(&format!("\"{limit}\": 5")), "{shown}");
        assert_eq!(shown.contains("stream_options"), !["mistral", "perplexity"].contains(&name), "{shown}");
    }
}

#[test]
fn azure_has_an_address_of_its_own_and_its_key_elsewhere() {
    let sandbox = Sandbox::new();
    let ask =
        || sandbox.sayso(["ask", "-m", "azure:my-deployment", "--dry-run", "hi"]).env("AZURE_OPENAI_API_KEY", "sk-1");
    ask().run().assert_exit(3).assert_stderr_has(&["base_url: is missing", "AZURE_OPENAI_ENDPOINT"]);
    let shown = ask().env("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/").run().assert_exit(0).stdout();
    assert!(shown.starts_with("POST https://r.openai.azure.com/openai/v1/chat/completions\n"), "{shown}");
    assert!(shown.contains("api-key: [redacted]\n") && !shown.contains("Bearer"), "{shown}");
}

#[test]
fn what_a_provider_is_known_to_refuse_is_not_sent_to_it() {
    let ask = ["ask", "-v", "-m", "cerebras:m", "--dry-run", "-o", "logit_bias={}", "-o", "seed=1", "hi"];
    let shown = Sandbox::new().sayso(ask).env("CEREBRAS_API_KEY", "sk-1").run().assert_exit(0).stdout();
    assert!(shown.contains("\"seed\": 1") && !shown.contains("logit_bias"), "{shown}");
}

#[test]
fn the_demo_can_be_the_provider_that_is_asked() {
    let sandbox = Sandbox::new().config_text("llm: { active: demo }\n");
    sandbox.sayso(["config", "check"]).run().assert_exit(0);
    sandbox.sayso(["ask", "-m", "echo", "hi"]).run().assert_exit(0).assert_stdout("hi\n");
}
