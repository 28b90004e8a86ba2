//! The clock on the wall may show anything: what comes first in the history is never decided by it.

use rustix::process::Signal;

use crate::support::{Gate, ModelServer, Reply, Sandbox, TestConfig, WallClock, Wire, needs, wait_until};

const YEAR_2100: i64 = 4_102_444_800;
const YEAR_1970: i64 = 0;
const BEFORE_1970: i64 = -86_400;

fn answering() -> ModelServer {
    ModelServer::scripted(Wire::Plain, |request, _| {
        let body = request.json();
        let prompt = body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
        Some(Reply::answer(&["re: ", &prompt]))
    })
}

/// Titles and times, as `history list` gives them.
fn listed(sandbox: &Sandbox) -> Vec<(String, String)> {
    let output = sandbox.sayso(["history", "list", "--format", "json"]).run().assert_exit(0);
    let list: serde_json::Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
    let word = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    list.as_array().unwrap().iter().map(|one| (word(&one["title"]), word(&one["created"]))).collect()
}

#[test]
fn a_clock_that_jumps_changes_no_order() {
    if !needs("cc") {
        return;
    }
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    let clock = WallClock::new(&sandbox);
    for (prompt, seconds) in
        [("first", YEAR_2100), ("second", YEAR_1970), ("third", 1_700_000_000), ("fourth", BEFORE_1970)]
    {
        clock.set(seconds);
        clock.on(sandbox.ask_once([prompt])).run().assert_exit(0).assert_quiet();
    }
    let titles: Vec<_> = listed(&sandbox).into_iter().map(|(title, _)| title).collect();
    assert_eq!(titles, ["fourth", "third", "second", "first"]);
    // Goes on with the one used last, not with the one of the latest time.
    clock.set(YEAR_2100 + 1);
    clock.on(sandbox.ask_once(["-c", "fifth"])).run().assert_exit(0).assert_quiet();
    clock.set(YEAR_1970);
    clock.on(sandbox.ask_once(["-c", "sixth"])).run().assert_exit(0).assert_quiet();
    let texts: Vec<_> = sandbox.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["fourth", "re: fourth", "fifth", "re: fifth", "sixth", "re: sixth"]);
    sandbox.assert_database_is_sound();
}

#[test]
fn the_clock_of_a_test_is_the_one_that_counts() {
    if !needs("cc") {
        return;
    }
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    let clock = WallClock::new(&sandbox);
    clock.set(YEAR_2100);
    clock.on(sandbox.ask_once(["hi"])).run().assert_exit(0);
    let created = &listed(&sandbox)[0].1;
    assert!(created.contains("2100") || created.contains("4102444800"), "{created}");
}

#[test]
fn a_clock_that_falls_back_while_an_answer_streams_holds_nothing_up() {
    if !needs("cc") {
        return;
    }
    let gate = Gate::default();
    let server =
        ModelServer::start([Reply::sse().text("Hel").wait_for(&gate).text("lo").finished(), Reply::answer(&["again"])]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(20, 1));
    let clock = WallClock::new(&sandbox);
    clock.set(YEAR_2100);
    let running = clock.on(sandbox.ask_once(["hi"])).spawn();
    running.wait_for_stdout("Hel");
    clock.set(YEAR_1970);
    gate.open();
    running.wait().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    sandbox.assert_turn("complete", "Hello");
    clock.on(sandbox.ask_once(["-c", "more"])).run().assert_exit(0).assert_stdout("again\n").assert_quiet();
}

#[test]
fn what_a_dead_process_left_in_2100_is_recovered_in_1970() {
    if !needs("cc") {
        return;
    }
    let server = ModelServer::start([Reply::sse().text("half").wait_for_client_close(), Reply::answer(&["alive"])]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(10, 1));
    let clock = WallClock::new(&sandbox);
    clock.set(YEAR_2100);
    let running = clock.on(sandbox.ask_once(["hi"])).spawn();
    running.wait_for_stdout("half");
    wait_until("the delta to be stored", || sandbox.messages().get(1).is_some_and(|m| m.text == "half"));
    running.signal(Signal::KILL);
    running.wait();
    clock.set(YEAR_1970);
    clock.on(sandbox.ask_once(["next", "--session", "other"])).run().assert_exit(0).assert_stdout("alive\n");
    let output = sandbox.sayso(["history", "show", "@2", "--format", "json"]).run().assert_exit(0);
    assert!(output.stdout().contains("\"half\"") && output.stdout().contains("crash"), "{output:#?}");
}
