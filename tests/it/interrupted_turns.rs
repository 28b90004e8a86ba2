//! A turn that was cut off anywhere goes on: no server refuses what is left of it, and nothing runs twice.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::repl::{start, wait_for_end};
use crate::support::{ModelServer, Reply, Sandbox};

/// A finished turn in a file of its own: a prompt, two calls at once, their results, one more call, the answer.
fn recorded() -> (Sandbox, u32) {
    let calculate = |index: usize, id: &str, expression: &str| {
        let arguments = json!({ "expression": expression }).to_string();
        json!({"index": index, "id": id, "function": {"name": "calc__evaluate", "arguments": arguments}})
    };
    let calls = json!({"tool_calls": [calculate(0, "c1", "6*7"), calculate(1, "c2", "7*8")]});
    let thinking = Reply::sse().delta(&json!({"reasoning_content": "two sums"})).text("Let me see.");
    let server = ModelServer::start([
        thinking.delta(&calls).finish("tool_calls").done().end(),
        Reply::call("c1", "calc__evaluate", &json!({"expression": "42+56"})),
        Reply::answer(&["It is ", "98."]),
    ]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["how much?", "-s", "Be brief."]).run().assert_exit(0);
    let count = Connection::open(sandbox.database_path())
        .unwrap()
        .query_row("SELECT count(*) FROM message", [], |row| row.get(0))
        .unwrap();
    (sandbox, count)
}

/// How a history can look after a kill, as statements on that of the whole turn.
fn prefixes(count: u32) -> Vec<String> {
    let mut states = Vec::new();
    for last in 1..=count {
        let cut = format!("DELETE FROM message WHERE number > {last}; UPDATE conversation SET head = {last};");
        states.push(cut.clone());
        // A result that never came, whatever came after it.
        states.push(format!("{cut} DELETE FROM message WHERE role = 'tool' AND number = {last} - 1;"));
        for length in [0, 5] {
            // Nobody has closed the reply: its process is dead, and its deltas are what came.
            states.push(format!(
                "{cut} INSERT INTO message_delta (message, kind, text) SELECT number, 'text', substr(text, 1, {length})
                    FROM message WHERE number = {last} AND role = 'assistant' AND substr(text, 1, {length}) <> '';
                 DELETE FROM tool_call WHERE message = {last};
                 UPDATE message SET status = 'streaming', owner = '01DEAD', text = '' WHERE number = {last} AND role = 'assistant';"
            ));
            // The stream broke within the arguments of a call.
            states.push(format!(
                "{cut} UPDATE tool_call SET arguments = substr(arguments, 1, {length}) WHERE message = {last};
                 UPDATE message SET status = 'interrupted', reason = 'disconnect', text = substr(text, 1, {length})
                    WHERE number = {last} AND role = 'assistant';"
            ));
        }
    }
    states.sort();
    states.dedup();
    states
}

/// A sandbox with the history of another one, changed.
fn changed(original: &Sandbox, server: &ModelServer, change: &str) -> Sandbox {
    let sandbox = Sandbox::for_server(server);
    std::fs::create_dir_all(sandbox.data_folder()).unwrap();
    let source = Connection::open(original.database_path()).unwrap();
    source.execute("VACUUM INTO ?1", [sandbox.database_path().to_str().unwrap()]).unwrap();
    Connection::open(sandbox.database_path()).unwrap().execute_batch(change).unwrap();
    sandbox
}

#[test]
fn after_every_prefix_of_a_turn_the_next_request_is_one_that_servers_take() {
    let (original, count) = recorded();
    assert_eq!(count, 8, "system, prompt, reply, two results, reply, result, reply");
    let states = prefixes(count);
    assert!(states.len() > 35, "{}", states.len());
    // It notes every request that is malformed, and fails the test for it.
    let server = ModelServer::always(Reply::answer(&["fine"]));
    for state in states {
        let sandbox = changed(&original, &server, &state);
        for words in [&["-c", "go on"][..], &["--session", "@1@-2", "another way"]] {
            let told = format!("{words:?} after {state}");
            let output = sandbox.ask_once(words.iter().copied()).run();
            assert_eq!((output.code, output.stdout().as_str()), (Some(0), "fine\n"), "{told}: {output:?}");
            let request = server.requests().pop().unwrap().json();
            let last = request["messages"].as_array().unwrap().last().unwrap().clone();
            assert_eq!(last, json!({"role": "user", "content": words.last().unwrap()}), "{told}");
        }
        sandbox.assert_database_is_sound();
    }
}

/// The roles of the last request.
fn roles(server: &ModelServer) -> Vec<String> {
    let request: Value = server.requests().pop().unwrap().json();
    request["messages"].as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap().to_owned()).collect()
}

const AFTER_RESULTS: &str = "DELETE FROM message WHERE number > 5; UPDATE conversation SET head = 5;";
const AFTER_CALLS: &str = "DELETE FROM message WHERE number > 3; UPDATE conversation SET head = 3;";
const AFTER_PROMPT: &str = "DELETE FROM message WHERE number > 2; UPDATE conversation SET head = 2;";
const IN_ANSWER: &str = "UPDATE message SET status = 'interrupted', reason = 'crash', text = 'It i' WHERE number = 8;";

#[test]
fn ask_c_without_words_goes_on_with_what_was_cut_off() {
    let (original, _) = recorded();
    let server = ModelServer::always(Reply::answer(&["fine"]));
    for (state, expected) in [
        (AFTER_PROMPT, &["system", "user"][..]),
        (AFTER_CALLS, &["system", "user", "assistant", "tool", "tool"]),
        (AFTER_RESULTS, &["system", "user", "assistant", "tool", "tool"]),
        (IN_ANSWER, &["system", "user", "assistant", "tool", "tool", "assistant", "tool", "assistant", "user"]),
    ] {
        let sandbox = changed(&original, &server, state);
        sandbox.ask_once(["-c"]).run().assert_exit(0).assert_stdout("fine\n");
        assert_eq!(roles(&server), expected, "{state}");
        // Now it is at its end: there is nothing to go on with but words.
        sandbox.ask_once(["-c"]).run().assert_exit(2).assert_stderr_has(&["there is no prompt"]);
    }
    let sandbox = changed(&original, &server, AFTER_CALLS);
    // An empty prompt is a slip of a script.
    sandbox.ask_once(["-c", ""]).run().assert_exit(2);
    sandbox.ask_once(["-c"]).run().assert_exit(0);
    assert!(server.told("c1").starts_with("interrupted: there is no result"), "it does not run again");
}

#[test]
fn continue_at_the_prompt_asks_for_the_answer_that_never_came() {
    let (original, _) = recorded();
    let server = ModelServer::start([Reply::answer(&["Ninety-eight."]), Reply::answer(&[" More."])]);
    let sandbox = changed(&original, &server, AFTER_RESULTS);
    let mut pty = start(sandbox.sayso(["chat", "-c"]), "test>");
    pty.wait_for_text("the last turn was cut off: /continue goes on with it");
    pty.send("/continue\r");
    wait_for_end(&pty, &["Ninety-eight.", "usage: 7 in, 3 out", "", "test>"]);
    assert_eq!(roles(&server), ["system", "user", "assistant", "tool", "tool"]);
    pty.send("/continue\r");
    wait_for_end(&pty, &["More.", "usage: 7 in, 3 out", "", "test>"]);
    assert_eq!(roles(&server).pop().as_deref(), Some("user"), "an answer that is there goes on by a prompt");
    pty.send("\x04");
    assert_eq!(pty.wait_for_exit(), 0);
}
