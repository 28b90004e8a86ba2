//! `models` and what they are good for: sizes, prices, suggestions.

use serde_json::{Value, json};

use crate::support::{ModelServer, Reply, Sandbox, TEST_KEY, TestConfig};

fn listing() -> Value {
    json!({"data": [
        {"id": "test-model", "context_length": 8192, "pricing": {"prompt": "0.000001", "completion": "0.00001"},
         "supported_parameters": ["tools"]},
        {"id": "maker/other-model", "max_model_len": 4096},
        {"id": "embedder", "type": "embedding"},
    ]})
}

fn server() -> ModelServer {
    ModelServer::always(Reply::answer(&["Hello"])).with_models(200, listing())
}

#[test]
fn a_list_comes_from_the_provider_and_then_from_the_cache() {
    let server = server();
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).set("llm.models.fast", "test:test-model"));
    let list = || sandbox.sayso(["models", "list", "--format", "tsv"]).run().assert_exit(0).assert_quiet().stdout();
    let expected = "model\tcontext\toutput\tusd_in\tusd_out\tabilities\talias\n\
        test:test-model\t8192\t\t1\t10\ttools\tfast\n\
        test:maker/other-model\t4096\t\t\t\t\t\n";
    assert_eq!(list(), expected);
    assert_eq!(list(), expected);
    let requests = server.model_requests();
    assert_eq!(requests.len(), 1, "the second list is the first one, kept");
    assert_eq!(requests[0].header("authorization"), Some(&*format!("Bearer {TEST_KEY}")));

    sandbox.sayso(["models", "refresh"]).run().assert_exit(0).assert_stderr_has(&["test: 2 models"]);
    assert_eq!(server.model_requests().len(), 2);
    let found = sandbox.sayso(["models", "list", "test", "--search", "OTHER", "--format", "json"]).run().assert_exit(0);
    let found: Value = serde_json::from_str(&found.stdout()).unwrap();
    assert_eq!(
        (&found[0]["id"], &found[0]["context"], &found[0]["abilities"]),
        (&json!("maker/other-model"), &json!(4096), &Value::Null)
    );
}

#[test]
fn a_provider_that_fails_is_told_and_the_others_are_listed() {
    let (good, bad) = (server(), ModelServer::start([]).with_models(401, json!({"error": {"message": "bad key"}})));
    let other = json!({"base_url": bad.base_url(), "model": "m", "api_key_env": "TEST_KEY"});
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&good).set("llm.providers.bad", other));
    let output = sandbox.sayso(["models", "list", "--format", "tsv"]).run().assert_exit(0);
    assert!(output.stdout().contains("test:test-model") && output.stderr.contains("bad key (401)"), "{output:?}");
    let alone = sandbox.sayso(["models", "list", "bad"]).run().assert_exit(4).assert_stdout("");
    alone.assert_stderr_has(&["error[auth]", "GET http://127.0.0.1", "/v1/models"]);
    sandbox
        .sayso(["models", "info", "bad:m"])
        .run()
        .assert_exit(4)
        .assert_stderr_has(&["error[auth]", "bad key (401)"]);
    let (one, other) = (bad.base_url(), json!({"base_url": bad.base_url(), "model": "m", "api_key_env": "TEST_KEY"}));
    let all_bad = Sandbox::new().config(&TestConfig::new(&one).set("llm.providers.bad", other));
    let output = all_bad.sayso(["models", "list"]).run().assert_exit(4).assert_stdout("");
    assert_eq!(output.stderr.matches("bad key (401)").count(), 2, "each is told once: {output:?}");
    sandbox.sayso(["models", "list", "tset"]).run().assert_exit(2).assert_stderr_has(&["did you mean `test`?"]);
}

#[test]
fn without_a_provider_the_well_known_models_are_listed() {
    let output = Sandbox::new().sayso(["models", "list", "--format", "tsv"]).run().assert_exit(0);
    assert!(
        output.stdout().contains("openai:gpt-4o-mini\t128000\t16384\t0.15\t0.6\ttools images\t\n"),
        "{}",
        output.stdout()
    );
}

#[test]
fn what_is_known_of_a_model_is_told_and_a_slip_is_understood() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    let shown = sandbox.sayso(["models", "info"]).run().assert_exit(0).stdout();
    let expected = "model      test:test-model\ncontext    8192 tokens\noutput     not known\n\
        price      $1 in, $10 out, for a million tokens\nabilities  tools\nsource     test\n";
    assert_eq!(shown, expected);
    let json = sandbox.sayso(["models", "info", "test:test-model", "--json"]).run().assert_exit(0).stdout();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["provider"], &json["output_usd_per_million"]), (&json!("test"), &json!(10.0)));
    let slip = sandbox.sayso(["models", "info", "test:test-modle"]).run().assert_exit(3);
    slip.assert_stderr_has(&["nothing is known of test:test-modle", "did you mean `test-model`"]);
}

#[test]
fn a_model_that_the_provider_does_not_have_is_guessed_at() {
    let server =
        ModelServer::always(Reply::error(404, "The model `other-modle` does not exist")).with_models(200, listing());
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).set("llm.models.fast", "test:test-model"));
    sandbox.sayso(["models", "refresh"]).run().assert_exit(0);
    let output = sandbox.ask_once(["-m", "test:other-modle", "hi"]).run().assert_exit(7);
    output.assert_stderr_has(&["hint:", "did you mean `maker/other-model`"]);
    sandbox.ask_once(["-m", "fasst", "hi"]).run().assert_exit(7).assert_stderr_has(&["did you mean `fast`?"]);
}

#[test]
fn a_short_name_is_no_guess_for_the_model_of_the_same_name() {
    let server = ModelServer::always(Reply::error(404, "The model does not exist")).with_models(200, listing());
    let config = TestConfig::for_server(&server).set("llm.models.gone", "test:gone");
    let output = Sandbox::new().config(&config).ask_once(["-m", "gone", "hi"]).run().assert_exit(7);
    assert!(!output.stderr.contains("did you mean"), "{output:?}");
}

#[test]
fn a_reply_is_priced_by_what_the_provider_asks_for_tokens() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    let unpriced = sandbox.ask_once(["hi", "--format", "json"]).run().assert_exit(0).result();
    assert_eq!(unpriced["usage"]["cost_usd"], Value::Null, "nobody has said a price yet");
    sandbox.sayso(["models", "refresh"]).run().assert_exit(0);
    let priced = sandbox.ask_once(["hi", "--format", "json"]).run().assert_exit(0).result();
    let cost = priced["usage"]["cost_usd"].as_f64().unwrap();
    // Seven tokens in, three out.
    assert!((cost - 37e-6).abs() < 1e-12, "{cost}");
    assert_eq!(priced["model"], "test:test-model");
}
