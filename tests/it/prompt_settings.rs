//! What can be changed in the prompt until one leaves: settings, looks, the provider.

use std::fs;

use serde_json::json;

use crate::prompt::{leave, ok_server, settle};
use crate::repl::{start, wait_for_end};
use crate::support::{ModelServer, Reply, Sandbox};

#[test]
fn settings_hold_until_one_leaves() {
    let server = ok_server();
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    for (line, told) in [
        ("/set temperature 0.5", "temperature is 0.5"),
        ("/set max_tokens 77", "max_tokens is 77"),
        ("/set option.top_p 0.9", "option.top_p is 0.9"),
        ("/set option.effort high", "option.effort is \"high\""),
        ("/set option.top_k=3", "error[usage]: an option and its value stand apart: /set option.top_k VALUE"),
        ("/set thinking show", "thinking is show"),
        ("/set retries", "retries is 3"),
        ("/set retries 11", "error[usage]: retries has to be a number from 0 to 10"),
        ("/set temprature 1", "error[usage]: there is no setting temprature; did you mean temperature?"),
        ("/set temperature 9", "error[usage]: temperature has to be a number from 0 to 2, or `default`"),
        ("/set usage off", "usage is off"),
    ] {
        pty.send(&format!("{line}\r"));
        wait_for_end(&pty, &[told, "test>"]);
    }
    pty.send("hi\r");
    wait_for_end(&pty, &["test> hi", "ok", "", "test>"]);
    let sent = server.wait_for_request(1).json();
    let of = |name: &str| sent[name].clone();
    assert_eq!((of("temperature"), of("top_p"), of("effort")), (json!(0.5), json!(0.9), json!("high")), "{sent}");
    assert!(sent["max_tokens"] == 77 || sent["max_completion_tokens"] == 77, "{sent}");
    pty.send("/set\r");
    let screen = settle(&pty, "option.top_p   0.9");
    assert!(screen.contains("usage          off"), "{screen}");
    pty.send("/set temp\t default\r");
    wait_for_end(&pty, &["temperature is default", "test>"]);
    leave(pty);
}

#[test]
fn how_answers_look_can_be_changed_too() {
    let server = ModelServer::always(Reply::answer(&["# Head\n\nSome **bold** words that are too long for a line."]));
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    let lines = [
        ("/set markdown", "markdown is on", "Some bold words that are too long for a line."),
        ("/set markdown off", "markdown is off", "Some **bold** words that are too long for a line."),
        ("/set width 24", "width is 24", "Some **bold** words that are too long for a line."),
        ("/set markdown on", "markdown is on", "too long for a line."),
        ("/set theme_markers on", "theme_markers is on", "too long for a line."),
    ];
    for (line, told, shown) in lines {
        pty.send(&format!("{line}\r"));
        wait_for_end(&pty, &[told, "test>"]);
        pty.send("hi\r");
        wait_for_end(&pty, &[shown, "usage: 7 in, 3 out", "", "test>"]);
    }
    assert!(pty.screen().contains("# Head"), "{}", pty.screen());
    for (line, told) in [
        ("/set width 5", "error[usage]: width has to be a number from 20 to 1000, or `default`"),
        ("/set ui.editing vi", "ui.editing holds from the next start; `sayso config set ui.editing VALUE`"),
        ("/set ui.nothing vi", "there is no setting ui.nothing"),
    ] {
        pty.send(&format!("{line}\r"));
        settle(&pty, told);
    }
    leave(pty);
}

/// Colours of the next answer and of the prompt; what is no theme changes nothing.
#[test]
fn the_theme_can_be_changed_until_one_leaves() {
    let server = ModelServer::always(Reply::answer(&["# Head\n\nbody"]));
    let sandbox = Sandbox::for_server(&server);
    fs::write(sandbox.path("mine.yaml"), "base: none\nheading1: green\nprompt: red\n").unwrap();
    fs::write(sandbox.path("bad.yaml"), "colour: green\n").unwrap();
    let mine = sandbox.path("mine.yaml").display().to_string();
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    for (theme, heading, prompt) in
        [("ansi", "\x1b[1;4;36mHead", "\x1b[1;36mtest> "), (&mine, "\x1b[32mHead", "\x1b[31mtest> ")]
    {
        pty.send(&format!("/set theme {theme}\r"));
        wait_for_end(&pty, &[&format!("theme is {theme}"), "test>"]);
        pty.wait_for_bytes(prompt.as_bytes());
        pty.send("hi\r");
        wait_for_end(&pty, &["Head", "", "body", "usage: 7 in, 3 out", "", "test>"]);
        pty.wait_for_bytes(heading.as_bytes());
    }
    for (theme, told) in [
        ("drak", "mean `dark`?"),
        ("/no/such.yaml", "theme has to be a theme file that can be used: /no/such.yaml: there is no such file"),
        (&sandbox.path("bad.yaml").display().to_string(), "bad.yaml:"),
    ] {
        pty.send(&format!("/set theme {theme}\r"));
        settle(&pty, told);
    }
    pty.send("/set theme\r");
    // It stands there once already.
    let again = format!("theme is {mine}");
    pty.wait_for_screen("the theme again", |screen| {
        screen.matches(&again).count() == 2 && screen.trim_end().ends_with("test>")
    });
    pty.send("/set theme d\t\r");
    settle(&pty, "theme is dark");
    pty.send("/help set\r");
    settle(&pty, "theme          auto, light, dark, ansi, none");
    leave(pty);
}

#[test]
fn providers_are_listed_and_changed() {
    let server = ok_server();
    let sandbox = Sandbox::for_server(&server);
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("/provider\r");
    wait_for_end(&pty, &["* test  test-model", "  demo  tour", "test>"]);
    pty.send("/provider dmeo\r");
    wait_for_end(&pty, &["error[usage]: no provider is called dmeo; did you mean demo?", "test>"]);
    pty.send("/provider demo\r");
    wait_for_end(&pty, &["using demo:tour", "demo>"]);
    leave(pty);
}
