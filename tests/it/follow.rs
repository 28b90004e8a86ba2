//! `history follow`: the answer that another process receives.

use rustix::process::Signal;

use crate::support::{Gate, ModelServer, Reply, Sandbox, TestConfig};

fn persisting(server: &ModelServer) -> Sandbox {
    Sandbox::new().config(&TestConfig::for_server(server).persist(20, 1))
}

#[test]
fn a_running_answer_is_printed_as_it_grows() {
    let gates = [Gate::default(), Gate::default()];
    let reply = Reply::sse().role().text("one ").wait_for(&gates[0]).text("two ").wait_for(&gates[1]).text("three");
    let server = ModelServer::always(reply.finished());
    let sandbox = persisting(&server);
    let asking = sandbox.ask_once(["hi"]).spawn();
    asking.wait_for_stdout("one ");
    let following = sandbox.sayso(["history", "follow", "@1"]).spawn();
    following.wait_for_stdout("one ");
    gates[0].open();
    following.wait_for_stdout("one two ");
    assert!(!following.stdout_so_far().contains("three"));
    gates[1].open();
    following.wait().assert_exit(0).assert_stdout("one two three\n").assert_quiet();
    asking.wait().assert_exit(0);
    // Afterwards it is all there at once.
    sandbox.sayso(["history", "follow"]).run().assert_exit(0).assert_stdout("one two three\n");
}

#[test]
fn without_stored_deltas_the_answer_shows_at_its_end() {
    let gate = Gate::default();
    let server = ModelServer::always(Reply::sse().role().text("one ").wait_for(&gate).text("two").finished());
    let sandbox = Sandbox::for_server(&server);
    let asking = sandbox.ask_once(["hi"]).spawn();
    asking.wait_for_stdout("one ");
    let following = sandbox.sayso(["history", "follow"]).spawn();
    following.wait_for_stderr("persist_deltas: false");
    assert_eq!(following.stdout_so_far(), "");
    gate.open();
    following.wait().assert_exit(0).assert_stdout("one two\n");
    asking.wait().assert_exit(0);
}

#[test]
fn it_ends_as_the_turn_ends() {
    let gate = Gate::default();
    let server = ModelServer::always(Reply::sse().role().text("half").wait_for(&gate).finished());
    for (signal, code) in [(Signal::KILL, 9), (Signal::INT, 130)] {
        let sandbox = persisting(&server);
        let asking = sandbox.ask_once(["hi"]).spawn();
        asking.wait_for_stdout("half");
        let following = sandbox.sayso(["history", "follow"]).spawn();
        following.wait_for_stdout("half");
        asking.signal(signal);
        asking.wait();
        following.wait().assert_exit(code).assert_stdout("half\n").assert_stderr_has(&["not whole"]);
    }
    let server = ModelServer::always(Reply::error(401, "no"));
    let sandbox = persisting(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(4);
    sandbox.sayso(["history", "follow"]).run().assert_exit(4).assert_stdout("");
}

#[test]
fn a_history_that_goes_away_is_no_crash() {
    for is_moved in [true, false] {
        let gate = Gate::default();
        let server = ModelServer::always(Reply::sse().role().text("half").wait_for(&gate).finished());
        let sandbox = persisting(&server);
        let asking = sandbox.ask_once(["hi"]).spawn();
        asking.wait_for_stdout("half");
        let following = sandbox.sayso(["history", "follow"]).spawn();
        following.wait_for_stdout("half");
        for suffix in ["", "-wal", "-shm"] {
            let path = sandbox.history_file(suffix);
            let change = if is_moved {
                std::fs::rename(&path, sandbox.path(&format!("moved.db{suffix}")))
            } else {
                std::fs::remove_file(&path)
            };
            change.unwrap();
        }
        let ended = following.wait().assert_exit(3).assert_stdout("half\n");
        ended.assert_stderr_has(&["the history was moved or deleted", "watches the one that is there now"]);
        gate.open();
        asking.wait().assert_exit(0);
        sandbox.sayso(["history", "follow"]).run().assert_exit(0).assert_stdout("half\n");
    }
}

#[test]
fn a_turn_with_tools_is_followed_to_its_last_answer() {
    let gate = Gate::default();
    let call = Reply::call("c1", "time__now", &serde_json::json!({}));
    let server = ModelServer::start([call, Reply::sse().role().text("It is ").wait_for(&gate).text("late").finished()]);
    let sandbox = persisting(&server);
    let asking = sandbox.ask_once(["what time is it?"]).spawn();
    asking.wait_for_stdout("It is ");
    let following = sandbox.sayso(["history", "follow"]).spawn();
    following.wait_for_stdout("It is ");
    gate.open();
    let output = following.wait().assert_exit(0).assert_stdout("It is late\n");
    output.assert_stderr_has(&["calls time__now"]);
    asking.wait().assert_exit(0);
}

#[test]
fn an_interrupt_leaves_the_other_process_alone() {
    let gate = Gate::default();
    let server = ModelServer::always(Reply::sse().role().text("one ").wait_for(&gate).text("two").finished());
    let sandbox = persisting(&server);
    let asking = sandbox.ask_once(["hi"]).spawn();
    asking.wait_for_stdout("one ");
    let following = sandbox.sayso(["history", "follow"]).spawn();
    following.wait_for_stdout("one ");
    following.signal(Signal::INT);
    following.wait().assert_exit(130).assert_stdout("one \n");
    gate.open();
    asking.wait().assert_exit(0).assert_stdout("one two\n");
}

#[test]
fn there_has_to_be_something_to_follow() {
    let sandbox = Sandbox::new();
    sandbox.sayso(["history", "follow"]).run().assert_exit(3);
    sandbox.sayso(["history", "follow", "nowhere"]).run().assert_exit(3);
}
