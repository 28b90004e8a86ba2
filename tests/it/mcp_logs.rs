//! What servers write into their logs: as much as somebody wants to see of it.

use serde_json::json;

use crate::repl::{start, wait_for_end};
use crate::support::{FakeMcp, ModelServer, Reply};

const LEVELS: [&str; 4] = ["debug", "info", "notice", "warning"];

fn told(stderr: &str) -> Vec<&'static str> {
    LEVELS.into_iter().filter(|level| stderr.contains(&format!("a line of {level}"))).collect()
}

#[test]
fn a_server_is_told_how_much_to_log_in_both_revisions() {
    for (faults, level, expected) in [
        (&[][..], json!(null), &LEVELS[2..]),
        (&[], json!("debug"), &LEVELS),
        (&[], json!("warning"), &LEVELS[3..]),
        // Without a handshake, a server that is not asked for its log keeps it.
        (&["modern"], json!(null), &[]),
        (&["modern"], json!("debug"), &LEVELS),
        (&["modern"], json!("info"), &LEVELS[1..]),
    ] {
        let fake = FakeMcp::with(faults, json!({"log_level": level}));
        let output = fake.call("log").run().assert_exit(0).assert_stdout("logged\n");
        assert_eq!(told(&output.stderr), expected, "{faults:?} {level}: {}", output.stderr);
        let is_asked = !level.is_null() && faults.is_empty();
        assert_eq!(fake.log().contains("logging/setLevel"), is_asked, "{faults:?} {level}: {}", fake.log());
    }
}

#[test]
fn the_level_is_set_at_the_prompt_too() {
    let call = |id: &str| Reply::call(id, "fake__log", &json!({"id": id}));
    for way in [&[][..], &["modern"]] {
        let model = ModelServer::start([call("c1"), Reply::answer(&["once"]), call("c2"), Reply::answer(&["twice"])]);
        let fake = FakeMcp::for_model(&model, way);
        let mut pty = start(fake.sandbox.sayso(["chat", "--allow", "fake/log"]), "test>");
        pty.send("hi\r");
        pty.wait_for_text("once");
        wait_for_end(&pty, &["test>"]);
        assert!(!pty.screen().contains("a line of debug"), "{}", pty.screen());
        pty.send("/mcp log fake debug\r");
        pty.wait_for_text("fake is to tell what is debug and above");
        wait_for_end(&pty, &["test>"]);
        pty.send("hi\r");
        pty.wait_for_text("a line of debug");
        pty.wait_for_text("twice");
        wait_for_end(&pty, &["test>"]);
        pty.send("/mcp log nobody debug\r");
        pty.wait_for_text("nobody");
    }
}
