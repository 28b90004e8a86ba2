//! Proxies of the environment: ignored unless the configuration trusts it, and never asked for this machine.

use crate::support::{
    Certificate, ModelServer, Output, Proxy, Reply, Run, Sandbox, TEST_KEY, TestConfig, Wire, closed_port,
};

/// A name that only a proxy can reach.
const PLAIN: &str = "http://model.invalid/v1";
/// The name in the certificate of [`Certificate::WrongName`].
const SECURE: &str = "https://elsewhere.test/v1";

fn hello() -> Reply {
    Reply::answer(&["Hel", "lo"])
}

fn with_proxy(run: Run, url: &str) -> Run {
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    names.iter().fold(run, |run, name| run.env(name, url))
}

fn trusting(base_url: &str) -> TestConfig {
    TestConfig::new(base_url).http("trust_env", true)
}

/// For a server that wants no key: none is sent over plain HTTP.
fn without_key(config: TestConfig) -> TestConfig {
    let provider = serde_json::json!({"api": "openai_chat", "base_url": PLAIN, "model": "test-model"});
    config.set("llm.providers.test", provider)
}

#[track_caller]
fn assert_unresolved(output: Output, proxy: &Proxy) {
    output.assert_exit(5).assert_stdout("").assert_stderr_has(&["cannot resolve model.invalid"]);
    assert_eq!(proxy.heads(), [""; 0]);
}

#[test]
fn proxies_of_the_environment_are_ignored_by_default() {
    let server = ModelServer::start([]);
    let proxy = Proxy::to(server.address);
    let sandbox = Sandbox::new().config(&without_key(TestConfig::new(PLAIN)));
    assert_unresolved(with_proxy(sandbox.ask_once(["hi"]), &proxy.url()).run(), &proxy);
}

#[test]
fn a_trusted_environment_leads_through_its_proxy() {
    let server = ModelServer::start([hello()]).lenient();
    let proxy = Proxy::to(server.address);
    let sandbox = Sandbox::new().config(&without_key(trusting(PLAIN)));
    let output = with_proxy(sandbox.ask_once(["hi"]), &proxy.url()).run();
    output.assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    let heads = proxy.heads();
    assert!(heads[0].starts_with("POST http://model.invalid/v1/chat/completions HTTP/1.1\r\n"), "{heads:?}");
    assert_eq!(server.request().header("host"), Some("model.invalid"));
}

#[test]
fn a_proxy_sees_of_https_the_host_and_nothing_else() {
    let server = ModelServer::start_on(Wire::Tls(Certificate::WrongName), [hello()]);
    let proxy = Proxy::to(server.address);
    let config = trusting(SECURE).http("ca_file", server.ca_file().unwrap().to_str().unwrap());
    let sandbox = Sandbox::new().config(&config);
    let output = with_proxy(sandbox.ask_once(["hi"]), &proxy.url()).run();
    output.assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    let heads = proxy.heads();
    assert!(heads.iter().all(|head| head.starts_with("CONNECT elsewhere.test:443 HTTP/1.1\r\n")), "{heads:?}");
    assert!(!heads.is_empty() && !heads.concat().contains(TEST_KEY), "{heads:?}");
}

#[test]
fn no_proxy_leaves_hosts_out() {
    let server = ModelServer::start([]);
    let proxy = Proxy::to(server.address);
    let sandbox = Sandbox::new().config(&without_key(trusting(PLAIN)));
    for hosts in ["model.invalid", "other.test,.invalid", "*"] {
        let run = with_proxy(sandbox.ask_once(["hi"]), &proxy.url());
        assert_unresolved(run.env("NO_PROXY", hosts).env("no_proxy", hosts).run(), &proxy);
    }
}

#[test]
fn this_machine_is_never_reached_by_proxy() {
    let server = ModelServer::start([hello(), hello()]);
    let proxy = Proxy::refusing();
    for host in ["127.0.0.1", "localhost"] {
        let sandbox = Sandbox::new().config(&trusting(&format!("http://{host}:{}/v1", server.address.port())));
        let output = with_proxy(sandbox.ask_once(["hi"]), &proxy.url()).run();
        output.assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    }
    assert_eq!(proxy.heads(), [""; 0]);
}

#[test]
fn a_proxy_that_is_not_there_is_exit_5_and_points_to_the_environment() {
    let sandbox = Sandbox::new().config(&without_key(trusting(PLAIN)));
    let url = format!("http://127.0.0.1:{}", closed_port());
    let output = with_proxy(sandbox.ask_once(["hi"]), &url).run().assert_exit(5).assert_stdout("");
    output.assert_stderr_has(&["error[network]", "(refused)", "hint:", "trust_env", "HTTP_PROXY"]);
    sandbox.assert_turn_without_text("error(network)");
}

#[test]
fn a_proxy_that_lets_nobody_through_is_exit_5() {
    let proxy = Proxy::refusing();
    let sandbox = Sandbox::new().config(&trusting(SECURE));
    let output = with_proxy(sandbox.ask_once(["hi"]), &proxy.url()).run().assert_exit(5).assert_stdout("");
    output.assert_stderr_has(&["error[network]", "elsewhere.test:443", "hint:", "trust_env"]);
}
