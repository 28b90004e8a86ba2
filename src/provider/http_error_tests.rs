//! Error bodies as real servers send them.

use std::time::Duration;

use super::ErrorKind;
use super::http_error::{ErrorResponse, from_response, in_stream, readable};

fn error(status: u16, body: &str) -> (ErrorKind, String) {
    let error = from_response(&ErrorResponse { status, body, header: &|_| None });
    (error.kind, error.message)
}

#[test]
fn the_message_is_found_in_every_shape() {
    let cases = [
        (400, r#"{"error":{"message":"a","type":"t"}}"#, ErrorKind::Rejected, "a (400)"),
        (401, r#"{"error":"b"}"#, ErrorKind::Auth, "b (401)"),
        (404, r#"{"object":"error","message":"c"}"#, ErrorKind::Rejected, "c (404)"),
        (422, r#"{"message":{"detail":[{"loc":["body","x",0],"msg":"d"}]}}"#, ErrorKind::Rejected, "body.x.0: d (422)"),
        (
            422,
            r#"{"detail":[{"loc":["body"],"msg":"e"},{"loc":[],"msg":"f"}]}"#,
            ErrorKind::Rejected,
            "body: e; f (422)",
        ),
        (401, r#"{"detail":"g"}"#, ErrorKind::Auth, "g (401)"),
        (429, "[{\n \"error\": {\"code\": 429, \"message\": \"h\\n  i\"}}]", ErrorKind::RateLimited, "h i (429)"),
        (500, "  plain\ntext ", ErrorKind::Failed, "plain text (500)"),
        (502, "", ErrorKind::Failed, "answered with status 502"),
        (500, r#"{"error":null}"#, ErrorKind::Failed, "answered with status 500"),
        (
            524,
            "<html><head><title>524: timed <b>out</b></title></head><body>x</body>",
            ErrorKind::Failed,
            "524: timed out (524)",
        ),
        (403, "<!DOCTYPE html><p class=x>no <i>entry</i></p>", ErrorKind::Auth, "no entry (403)"),
        (
            429,
            r#"{"error":{"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"busy\"}}","provider_name":"P"}}}"#,
            ErrorKind::RateLimited,
            "Provider returned error (P: busy) (429)",
        ),
    ];
    for (status, body, kind, message) in cases {
        assert_eq!(error(status, body), (kind, message.to_owned()), "{body}");
    }
}

#[test]
fn the_kind_follows_the_status_and_what_the_server_says() {
    let kind = |status, body: &str| error(status, body).0;
    assert_eq!(kind(400, r#"{"error":{"message":"x","code":"context_length_exceeded"}}"#), ErrorKind::ContextTooLong);
    assert_eq!(kind(400, r#"{"error":{"message":"prompt is too long: 3 tokens > 2"}}"#), ErrorKind::ContextTooLong);
    let both = r#"{"error":{"message":"input length and `max_tokens` exceed context limit: 2 + 1 > 2"}}"#;
    assert_eq!(kind(400, both), ErrorKind::ContextTooLong);
    assert_eq!(kind(413, ""), ErrorKind::ContextTooLong);
    assert_eq!(kind(429, r#"{"error":{"message":"x","code":"insufficient_quota"}}"#), ErrorKind::Quota);
    assert_eq!(kind(402, ""), ErrorKind::Quota);
    assert_eq!(kind(400, r#"{"code":"invalid-argument","error":"Incorrect API key provided."}"#), ErrorKind::Auth);
    for (status, expected) in [
        (307, ErrorKind::Rejected),
        (400, ErrorKind::Rejected),
        (408, ErrorKind::TryAgain),
        (409, ErrorKind::TryAgain),
        (429, ErrorKind::RateLimited),
        (503, ErrorKind::Failed),
        (529, ErrorKind::Failed),
    ] {
        assert_eq!(kind(status, "{}"), expected, "{status}");
    }
}

#[test]
fn an_error_in_a_stream_is_sorted_by_its_code() {
    let kind = |data: &str| in_stream(data).kind;
    assert_eq!(kind(r#"{"error":{"message":"x","code":502}}"#), ErrorKind::Failed);
    assert_eq!(kind(r#"{"error":{"message":"x","type":"overloaded_error"}}"#), ErrorKind::Failed);
    assert_eq!(kind(r#"{"error":{"message":"x","code":"429"}}"#), ErrorKind::RateLimited);
    assert_eq!(kind(r#"{"error":{"message":"x","type":"invalid_request_error"}}"#), ErrorKind::Rejected);
    assert_eq!(
        kind(r#"{"error":{"message":"x","type":"exceed_context_size_error","code":400}}"#),
        ErrorKind::ContextTooLong
    );
    assert_eq!(in_stream(r#"{"error":true}"#).message, "the server reports an error and does not say which");
}

#[test]
fn headers_and_details_tell_more() {
    let headers = |name: &str| match name {
        "x-request-id" => Some("req_1".to_owned()),
        "retry-after" => Some("7".to_owned()),
        "x-should-retry" => Some("false".to_owned()),
        "location" => Some("https://other.example/v1?key=secret".to_owned()),
        _ => None,
    };
    let error = from_response(&ErrorResponse { status: 307, body: "moved", header: &headers });
    assert_eq!(error.message, "redirects to https://other.example/v1 (307)");
    assert_eq!(error.request_id.as_deref(), Some("req_1"));
    assert_eq!((error.retry_after, error.should_retry), (Some(Duration::from_secs(7)), Some(false)));

    let body = r#"{"error":{"message":"x","details":[{"@type":"t"},{"retryDelay":"1.5s"}]}}"#;
    let error = from_response(&ErrorResponse { status: 429, body, header: &|_| None });
    assert_eq!(error.retry_after, Some(Duration::from_millis(1_500)));
}

#[test]
fn text_is_one_short_line() {
    assert_eq!(readable("a < b,\n <br/>c <5> d"), "a < b, c <5> d");
    let long = readable(&"é".repeat(2_000));
    assert!(long.len() <= 2_051 && long.ends_with("é…"));
}
