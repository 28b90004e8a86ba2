//! Signing in to MCP servers: where tokens come from, where they are kept, and where they never go.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::mcp_http::{greeting, sandbox, text};
use crate::support::{Asked, Output, Said, Sandbox, Web, visit, wait_until};

const CALL: [&str; 4] = ["mcp", "call", "remote", "add"];

/// How an authorization server behaves.
#[derive(Clone, Copy)]
struct Habits {
    /// What its metadata calls it; its own address when empty.
    issuer: &'static str,
    /// What it calls itself when it sends the browser back; the same as in its metadata when empty.
    issuer_on_the_way_back: &'static str,
    expires_in: u64,
    has_pkce: bool,
    /// What its place for tokens that are to end answers; there is none where this is 0.
    revocation_status: u16,
}

const GOOD: Habits =
    Habits { issuer: "", issuer_on_the_way_back: "", expires_in: 3600, has_pkce: true, revocation_status: 0 };

fn authorization_server(habits: Habits) -> Web {
    let tokens = AtomicUsize::new(0);
    Web::start(|own| {
        move |asked: &Asked| {
            let issuer = if habits.issuer.is_empty() { own.clone() } else { habits.issuer.to_owned() };
            match asked.path.as_str() {
                "/.well-known/oauth-authorization-server" => {
                    let mut metadata = json!({
                        "issuer": issuer, "authorization_endpoint": format!("{own}/authorize"),
                        "token_endpoint": format!("{own}/token"), "registration_endpoint": format!("{own}/register"),
                        "response_types_supported": ["code"], "authorization_response_iss_parameter_supported": true,
                        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
                    });
                    if habits.has_pkce {
                        metadata["code_challenge_methods_supported"] = json!(["S256"]);
                    }
                    if habits.revocation_status != 0 {
                        metadata["revocation_endpoint"] = json!(format!("{own}/revoke"));
                    }
                    Said::json(&metadata)
                }
                "/revoke" => Said::status(habits.revocation_status),
                "/register" => {
                    let redirects = asked.json()["redirect_uris"].clone();
                    Said::json(&json!({"client_id": "registered", "client_name": "sayso", "redirect_uris": redirects}))
                }
                "/authorize" => {
                    let mut back: url::Url = asked.field("redirect_uri").unwrap().parse().unwrap();
                    let iss =
                        if habits.issuer_on_the_way_back.is_empty() { &issuer } else { habits.issuer_on_the_way_back };
                    back.query_pairs_mut()
                        .append_pair("code", "code-1")
                        .append_pair("state", &asked.field("state").unwrap())
                        .append_pair("iss", iss);
                    Said::status(302).header("location", back.as_str())
                }
                "/token" => {
                    let number = tokens.fetch_add(1, Ordering::Relaxed);
                    Said::json(&json!({
                        "access_token": format!("token-{number}"), "token_type": "Bearer",
                        "expires_in": if number == 0 { habits.expires_in } else { 3600 },
                        "refresh_token": format!("refresh-{number}"),
                    }))
                }
                _ => Said::status(404),
            }
        }
    })
}

/// An MCP server that wants a token of the authorization server that `issuer` names at the time.
fn protected_server(issuer: impl Fn() -> String + Send + Sync + 'static) -> Web {
    Web::start(|own| {
        move |asked: &Asked| {
            if asked.path.starts_with("/.well-known/oauth-protected-resource") {
                return Said::json(&json!({"resource": format!("{own}/mcp"), "authorization_servers": [issuer()]}));
            }
            if asked.path != "/mcp" {
                return Said::status(404);
            }
            if asked.header("authorization").is_none() {
                let place = format!("Bearer resource_metadata=\"{own}/.well-known/oauth-protected-resource/mcp\"");
                return Said::status(401).header("www-authenticate", &format!("{place}, scope=\"tools\""));
            }
            greeting(asked, "s").unwrap_or_else(|| text(asked, asked.header("authorization").unwrap()))
        }
    })
}

fn credentials(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("state/sayso/mcp/mcp-credentials.json")
}

/// Signs in with the page's address printed and the one it leads to pasted.
fn log_in(sandbox: &Sandbox) -> Output {
    let mut running = sandbox.sayso(["mcp", "login", "remote", "--no-browser"]).open_stdin().spawn();
    let mut page = String::new();
    wait_until("the page to visit", || {
        page = running.stdout_so_far();
        page.ends_with('\n') || !running.is_running()
    });
    if page.ends_with('\n') {
        let back = visit(page.trim());
        running.send_stdin(format!("{back}\n").as_bytes());
    }
    running.wait()
}

fn remote(server: &Web) -> Sandbox {
    sandbox(&server.url("/mcp"), json!({}))
}

fn servers(habits: Habits) -> (Web, Web, Sandbox) {
    let authority = authorization_server(habits);
    let issuer = authority.url("");
    let server = protected_server(move || issuer.clone());
    let sandbox = remote(&server);
    (authority, server, sandbox)
}

#[test]
fn a_server_that_wants_a_token_says_how_to_get_one() {
    let (authority, server, sandbox) = servers(GOOD);
    sandbox.sayso(CALL).run().assert_exit(4).assert_stderr_has(&["wants you to sign in", "sayso mcp login remote"]);
    assert!(authority.asked().is_empty(), "nobody is signed in without being asked");
    assert!(!server.asked().is_empty());
}

#[test]
fn signing_in_keeps_a_token_and_signing_out_forgets_it() {
    let (authority, server, sandbox) = servers(GOOD);
    log_in(&sandbox).assert_exit(0).assert_stderr_has(&["signed in to remote"]);
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = credentials(&sandbox);
    assert_eq!((mode(&file), mode(&file.parent().unwrap().to_owned())), (0o600, 0o700));

    sandbox.sayso(CALL).run().assert_exit(0).assert_stdout("Bearer token-0\n");

    let page = authority.asked().into_iter().find(|asked| asked.path == "/authorize").unwrap();
    let resource = Some(server.url("/mcp"));
    assert_eq!(
        (page.field("code_challenge_method").as_deref(), page.field("resource")),
        (Some("S256"), resource.clone())
    );
    assert_eq!(page.field("scope").as_deref(), Some("tools"));
    let exchange = authority.asked().into_iter().find(|asked| asked.path == "/token").unwrap();
    assert_eq!((exchange.field("resource"), exchange.field("code_verifier").is_some()), (resource, true));
    assert!(authority.asked().iter().all(|asked| asked.header("authorization").is_none()), "the token went elsewhere");

    sandbox.sayso(["mcp", "logout", "remote"]).run().assert_exit(0).assert_stderr_has(&["signed out of remote"]);
    assert!(!fs::read_to_string(&file).unwrap().contains("token-0"));
    sandbox.sayso(CALL).run().assert_exit(4);
    sandbox.sayso(["mcp", "logout", "remote"]).run().assert_exit(0).assert_stderr_has(&["you were not signed in"]);
}

#[test]
fn signing_in_and_out_wants_nothing_of_the_other_headers() {
    let authority = authorization_server(GOOD);
    let issuer = authority.url("");
    let server = protected_server(move || issuer.clone());
    let with_header = |name: &str| sandbox(&server.url("/mcp"), json!({"headers": {name: "Bearer ${NOT_SET}"}}));
    let sandbox = with_header("X-Key");
    log_in(&sandbox).assert_exit(0);
    sandbox.sayso(CALL).run().assert_exit(3).assert_stderr_has(&["headers.X-Key", "NOT_SET is not set"]);
    sandbox.sayso(["mcp", "logout", "remote"]).run().assert_exit(0).assert_stderr_has(&["signed out of remote"]);
    assert!(!fs::read_to_string(credentials(&sandbox)).unwrap().contains("token-0"));

    let sandbox = with_header("Authorization");
    log_in(&sandbox).assert_exit(2).assert_stderr_has(&["which comes first"]);
    sandbox.sayso(["mcp", "logout", "remote"]).run().assert_exit(0).assert_stderr_has(&["you were not signed in"]);
}

#[test]
fn signing_out_revokes_what_was_given() {
    for (status, said) in [(200, "and revoked"), (503, "could not be revoked")] {
        let (authority, _server, sandbox) = servers(Habits { revocation_status: status, ..GOOD });
        log_in(&sandbox).assert_exit(0);
        sandbox.sayso(["mcp", "logout", "remote"]).run().assert_exit(0).assert_stderr_has(&["signed out", said]);
        assert!(!fs::read_to_string(credentials(&sandbox)).unwrap().contains("token-0"), "{status}");
        let revoked: Vec<_> = authority.asked().into_iter().filter(|asked| asked.path == "/revoke").collect();
        let fields: Vec<_> = revoked
            .iter()
            .map(|asked| ["token", "token_type_hint", "client_id"].map(|name| asked.field(name).unwrap_or_default()))
            .collect();
        let given = [["refresh-0", "refresh_token", "registered"], ["token-0", "access_token", "registered"]];
        // Who cannot end the first is not asked about the second.
        assert_eq!(fields, given[..if status == 200 { 2 } else { 1 }], "{status}");
        sandbox.sayso(CALL).run().assert_exit(4);
    }
}

#[test]
fn signing_out_works_without_the_authorization_server() {
    let authority = authorization_server(Habits { revocation_status: 200, ..GOOD });
    let (issuer, is_gone) = (authority.url(""), Arc::new(AtomicBool::new(false)));
    let gone = is_gone.clone();
    let server = protected_server(move || {
        // Nobody listens there.
        if gone.load(Ordering::Relaxed) { "http://127.0.0.1:9".to_owned() } else { issuer.clone() }
    });
    let sandbox = remote(&server);
    log_in(&sandbox).assert_exit(0);
    is_gone.store(true, Ordering::Relaxed);
    sandbox.sayso(["mcp", "logout", "remote"]).run().assert_exit(0).assert_stderr_has(&["could not be revoked"]);
    assert!(!fs::read_to_string(credentials(&sandbox)).unwrap().contains("token-0"));
    assert!(authority.asked().iter().all(|asked| asked.path != "/revoke"), "the token went elsewhere");
}

#[test]
fn the_browser_comes_back_by_itself() {
    let (_authority, _server, sandbox) = servers(GOOD);
    let running = sandbox.sayso(["mcp", "login", "remote", "--no-browser"]).open_stdin().spawn();
    running.wait_for_stdout("\n");
    let back = visit(running.stdout_so_far().trim());
    assert!(back.starts_with("http://127.0.0.1:"), "{back}");
    visit(&back);
    // It ends although stdin stays open; only then the tokens are stored.
    running.wait().assert_exit(0);
    sandbox.sayso(CALL).run().assert_exit(0);
}

#[test]
fn a_token_that_ends_is_refreshed() {
    let (authority, _server, sandbox) = servers(Habits { expires_in: 0, ..GOOD });
    log_in(&sandbox).assert_exit(0);
    sandbox.sayso(CALL).run().assert_exit(0).assert_stdout("Bearer token-1\n");
    let exchanges: Vec<_> = authority.asked().into_iter().filter(|asked| asked.path == "/token").collect();
    let fields: Vec<_> =
        exchanges.iter().map(|asked| (asked.field("grant_type"), asked.field("refresh_token"))).collect();
    assert_eq!(
        fields,
        [
            (Some("authorization_code".to_owned()), None),
            (Some("refresh_token".to_owned()), Some("refresh-0".to_owned()))
        ]
    );
    // What came of it is kept: nothing more to refresh.
    sandbox.sayso(CALL).run().assert_exit(0).assert_stdout("Bearer token-1\n");
    assert_eq!(authority.asked().iter().filter(|asked| asked.path == "/token").count(), 2);
}

#[test]
fn a_scope_that_was_missed_is_asked_for_the_next_time() {
    let authority = authorization_server(GOOD);
    let issuer = authority.url("");
    let server = Web::start(|own| {
        move |asked: &Asked| {
            if asked.path.starts_with("/.well-known/oauth-protected-resource") {
                return Said::json(&json!({"resource": format!("{own}/mcp"), "authorization_servers": [issuer]}));
            }
            match (asked.header("authorization"), asked.rpc().as_str()) {
                (None, _) => Said::status(401).header("www-authenticate", "Bearer scope=\"tools\""),
                (Some("Bearer token-0"), "tools/call") => {
                    Said::status(403).header("www-authenticate", "Bearer error=\"insufficient_scope\", scope=\"write\"")
                }
                _ => greeting(asked, "s").unwrap_or_else(|| text(asked, "written")),
            }
        }
    });
    let sandbox = remote(&server);
    log_in(&sandbox).assert_exit(0);
    sandbox.sayso(CALL).run().assert_exit(4).assert_stderr_has(&["sayso mcp login remote"]);
    assert_eq!(server.asked_for("tools/call").len(), 1);
    log_in(&sandbox).assert_exit(0);
    sandbox.sayso(CALL).run().assert_exit(0).assert_stdout("written\n");
    let pages: Vec<_> = authority.asked().into_iter().filter(|asked| asked.path == "/authorize").collect();
    let scopes: Vec<_> = pages.iter().map(|page| page.field("scope").unwrap()).collect();
    assert_eq!(scopes, ["tools", "tools write"]);
}

#[test]
fn another_authorization_server_gets_nothing_of_the_first_one() {
    let (first, second) = (authorization_server(Habits { expires_in: 0, ..GOOD }), authorization_server(GOOD));
    let (is_moved, addresses) = (Arc::new(AtomicBool::new(false)), [first.url(""), second.url("")]);
    let moved = is_moved.clone();
    let server = protected_server(move || addresses[usize::from(moved.load(Ordering::Relaxed))].clone());
    let sandbox = remote(&server);
    log_in(&sandbox).assert_exit(0);
    is_moved.store(true, Ordering::Relaxed);
    sandbox.sayso(CALL).run();
    assert!(second.asked().iter().all(|asked| asked.path != "/token"), "{:?}", second.asked());
    log_in(&sandbox).assert_exit(0);
    assert!(second.asked().iter().any(|asked| asked.path == "/register"), "it knows nobody yet");
    assert!(second.asked().iter().all(|asked| asked.field("refresh_token").is_none()));
}

#[test]
fn an_authorization_server_that_is_not_who_it_says_is_refused() {
    for (habits, words) in [
        (Habits { issuer: "https://somebody.else", ..GOOD }, "cannot sign in"),
        (Habits { issuer_on_the_way_back: "https://somebody.else", ..GOOD }, "issuer"),
        (Habits { has_pkce: false, ..GOOD }, "PKCE"),
    ] {
        let (authority, _server, sandbox) = servers(habits);
        log_in(&sandbox).assert_exit(4).assert_stderr_has(&[words]);
        assert!(authority.asked().iter().all(|asked| asked.path != "/token"), "the code was given away");
        assert!(!fs::read_to_string(credentials(&sandbox)).unwrap_or_default().contains("token-"));
    }
}

#[test]
fn a_redirect_of_another_attempt_is_not_taken() {
    let (authority, _server, sandbox) = servers(GOOD);
    let mut running = sandbox.sayso(["mcp", "login", "remote", "--no-browser"]).open_stdin().spawn();
    running.wait_for_stdout("\n");
    let back = visit(running.stdout_so_far().trim());
    let forged = back.replace("state=", "state=x");
    running.send_stdin(format!("{forged}\n").as_bytes());
    running.wait().assert_exit(4).assert_stderr_has(&["does not belong to this attempt"]);
    assert!(authority.asked().iter().all(|asked| asked.path != "/token"));
}

#[test]
fn a_token_does_not_follow_a_redirect_to_another_server() {
    let other = Web::start(|_| |asked: &Asked| text(asked, "stolen"));
    let elsewhere = other.url("/mcp");
    let authority = authorization_server(GOOD);
    let (issuer, is_evil) = (authority.url(""), Arc::new(AtomicBool::new(false)));
    let evil = is_evil.clone();
    let server = Web::start(|own| {
        move |asked: &Asked| {
            if asked.path.starts_with("/.well-known/oauth-protected-resource") {
                return Said::json(&json!({"resource": format!("{own}/mcp"), "authorization_servers": [issuer]}));
            }
            if evil.load(Ordering::Relaxed) {
                return Said::redirect(&elsewhere);
            }
            Said::status(401).header("www-authenticate", "Bearer")
        }
    });
    let sandbox = remote(&server);
    log_in(&sandbox).assert_exit(0);
    is_evil.store(true, Ordering::Relaxed);
    assert_ne!(sandbox.sayso(CALL).run().code, Some(0));
    assert!(server.asked().last().unwrap().header("authorization").is_some_and(|value| value == "Bearer token-0"));
    assert!(other.asked().is_empty(), "{:?}", other.asked());
}

#[test]
fn a_client_with_a_secret_needs_nobody() {
    let authority = Web::start(|own| {
        move |asked: &Asked| match asked.path.as_str() {
            "/.well-known/oauth-authorization-server" => Said::json(&json!({
                "issuer": own, "authorization_endpoint": format!("{own}/authorize"),
                "token_endpoint": format!("{own}/token"), "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            })),
            "/token" => Said::json(&json!({"access_token": "machine", "token_type": "Bearer", "expires_in": 3600})),
            _ => Said::status(404),
        }
    });
    let issuer = authority.url("");
    let server = protected_server(move || issuer.clone());
    let oauth: Value = json!({"client_id": "me", "client_secret_env": "CLIENT_SECRET"});
    let sandbox = sandbox(&server.url("/mcp"), json!({"oauth": oauth}));
    let run = |args: &[&str]| sandbox.sayso(args.iter().copied()).env("CLIENT_SECRET", "s3cret-s3cret").run();
    run(&["mcp", "login", "remote"]).assert_exit(0).assert_stderr_has(&["signed in to remote"]);
    run(&CALL).assert_exit(0).assert_stdout("Bearer machine\n");
    let exchange = authority.asked().into_iter().find(|asked| asked.path == "/token").unwrap();
    assert_eq!(exchange.header("authorization"), Some("Basic bWU6czNjcmV0LXMzY3JldA=="));
    assert_eq!(exchange.field("grant_type").as_deref(), Some("client_credentials"));
    assert!(!fs::read_to_string(credentials(&sandbox)).unwrap().contains("s3cret"), "the secret is kept where it was");
}
