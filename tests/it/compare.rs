//! `ask` with several models, and `history diff`.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rendering::assert_append_only;
use crate::support::{Gate, ModelServer, Output, Pty, Reply, Sandbox, TestConfig, Wire};

/// Each model says its name; `slow` begins last, `down` fails.
fn server() -> ModelServer {
    ModelServer::scripted(Wire::Plain, |request, _| {
        let model = request.json()["model"].as_str().unwrap().to_owned();
        Some(match model.as_str() {
            "down" => Reply::error(500, "no"),
            "slow" => Reply::sse().sleep_ms(400).text("I am ").text(&model).finished(),
            _ => Reply::answer(&["I am ", &model, "\nand more"]),
        })
    })
}

fn compare<'a>(sandbox: &Sandbox, models: &[&'a str], args: &[&'a str]) -> crate::support::Run {
    let models = models.iter().flat_map(|model| ["-m", model]);
    sandbox.ask_once(models.chain(args.iter().copied()).collect::<Vec<_>>())
}

/// One `result` for each model.
fn lines(output: &Output) -> Vec<Value> {
    output.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn sql(sandbox: &Sandbox, query: &str) -> Value {
    let output = sandbox.sayso(["history", "sql", "--format", "json", query]).run().assert_exit(0);
    serde_json::from_str(&output.stdout()).unwrap()
}

#[test]
fn answers_come_one_after_the_other_under_their_models() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    let output = compare(&sandbox, &["test:slow", "test:quick"], &["hi"]).run().assert_exit(0).assert_quiet();
    output.assert_stdout("## test:slow\n\nI am slow\n\n## test:quick\n\nI am quick\nand more\n");
    for request in server.requests() {
        assert_eq!(request.json()["messages"], json!([{"role": "user", "content": "hi"}]));
        assert!(request.json().get("tools").is_none());
    }
}

#[test]
fn they_are_branches_of_one_prompt_and_the_first_good_one_goes_on() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    compare(&sandbox, &["test:down", "test:slow", "test:quick"], &["hi"]).run().assert_exit(8);
    assert_eq!(sandbox.conversation_count(), 1);
    let prompts = sql(&sandbox, "SELECT id FROM messages WHERE role = 'user'");
    assert_eq!(prompts.as_array().unwrap().len(), 1);
    let replies =
        sql(&sandbox, "SELECT parent_id, model, status, text FROM messages WHERE role = 'assistant' ORDER BY model");
    let replies = replies.as_array().unwrap();
    assert!(replies.iter().all(|reply| reply["parent_id"] == prompts[0]["id"]), "{replies:#?}");
    let told: Vec<_> = replies.iter().map(|reply| (&reply["model"], &reply["status"])).collect();
    let (down, quick, slow) = (json!("test:down"), json!("test:quick"), json!("test:slow"));
    assert_eq!(told, [(&down, &json!("error")), (&quick, &json!("complete")), (&slow, &json!("complete"))]);
    sandbox.ask_once(["-c", "-m", "test:quick", "next"]).run().assert_exit(0);
    let sent = server.requests().last().unwrap().json()["messages"].clone();
    assert_eq!(sent[1], json!({"role": "assistant", "content": "I am slow"}), "{sent}");
    // The other way round: several models go on with a conversation.
    compare(&sandbox, &["test:a", "test:b"], &["-c", "and?"]).run().assert_exit(0);
    let sent = server.requests().last().unwrap().json()["messages"].clone();
    assert_eq!(sent.as_array().unwrap().len(), 5, "{sent}");
    sandbox.assert_database_is_sound();
}

#[test]
fn one_that_fails_stops_no_other() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    let output = compare(&sandbox, &["test:down", "test:quick"], &["hi"]).run().assert_exit(8);
    let output = output.assert_stdout("## test:down\n\n\n## test:quick\n\nI am quick\nand more\n");
    output.assert_stderr_has(&["error[provider]: test:down:"]);
}

#[test]
fn json_tells_which_model_a_line_is_of() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    let models = ["test:slow", "test:quick"];
    let output = compare(&sandbox, &models, &["hi", "--format", "json"]).run().assert_exit(0);
    let results = lines(&output);
    let told: Vec<_> = results.iter().map(|result| (&result["index"], &result["model"], &result["text"])).collect();
    let expected = [
        (json!(0), json!("test:slow"), json!("I am slow")),
        (json!(1), json!("test:quick"), json!("I am quick\nand more")),
    ];
    assert_eq!(told, expected.iter().map(|(index, model, text)| (index, model, text)).collect::<Vec<_>>());
    assert_eq!(results[0]["conversation"], results[1]["conversation"]);
    let output = compare(&sandbox, &models, &["hi", "--format", "jsonl"]).run().assert_exit(0);
    let lines = lines(&output);
    for index in 0..2 {
        let own: Vec<_> = lines.iter().filter(|line| line["index"] == index).collect();
        assert_eq!((&own[0]["type"], &own.last().unwrap()["type"]), (&json!("start"), &json!("result")));
        let deltas = own.iter().filter(|line| line["type"] == "delta").map(|line| line["text"].as_str().unwrap());
        assert_eq!(deltas.collect::<String>(), own.last().unwrap()["text"].as_str().unwrap());
    }
    assert!(lines.iter().all(|line| line["index"].is_number()), "{lines:#?}");
}

#[test]
fn what_cannot_be_compared_is_a_mistake() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    compare(&sandbox, &["test:a"; 9], &["hi"]).run().assert_exit(2).assert_stderr_has(&["at most 8"]);
    compare(&sandbox, &["test:a", "test:b"], &["hi", "--allow", "files/*"]).run().assert_exit(2);
    compare(&sandbox, &["test:a", "test:b"], &["hi", "--dry-run"]).run().assert_exit(2);
    sandbox.sayso(["batch", "-", "-m", "test:a", "-m", "test:b"]).run().assert_exit(2);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_diff_tells_what_two_answers_do_not_share() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    compare(&sandbox, &["test:left", "test:right"], &["hi"]).run().assert_exit(0);
    let replies = sql(&sandbox, "SELECT id FROM messages WHERE role = 'assistant' ORDER BY model");
    let id = |at: usize| replies[at]["id"].as_str().unwrap().to_owned();
    let (left, right) = (id(0), id(1));
    let output = sandbox.sayso(["history", "diff", &left, &right]).run().assert_exit(0);
    let told = output.stdout();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], format!("--- hi {left} test:left"));
    assert_eq!(
        lines[2..],
        ["@@ -1,2 +1,2 @@", "-I am left", "+I am right", " and more", "\\ No newline at end of file"]
    );
    let words = sandbox.sayso(["history", "diff", &left, &right, "--by", "word"]).run().assert_exit(0);
    words.assert_stdout("I am [-left-]{+right+}\nand more\n");
    let same = sandbox.sayso(["history", "diff", &left, &left]).run().assert_exit(0);
    same.assert_stdout("").assert_stderr_has(&["no difference"]);
    sandbox.sayso(["history", "diff", "@1", "@9"]).run().assert_exit(3);
}

/// What each model of the tests below answers.
fn on_terminal(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (ModelServer, Sandbox) {
    let server =
        ModelServer::scripted(Wire::Plain, move |request, _| Some(answer(request.json()["model"].as_str().unwrap())));
    let sandbox = Sandbox::for_server(&server);
    (server, sandbox)
}

fn rows(pty: &Pty) -> Vec<String> {
    let screen = pty.screen();
    let rows = screen.lines().map(|line| line.trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n").trim_end().lines().map(str::to_owned).collect()
}

/// The two cells of each row.
fn cells(pty: &Pty) -> (Vec<String>, Vec<String>) {
    let cell = |text: Option<&str>| text.unwrap_or_default().trim_end().to_owned();
    let rows = rows(pty);
    let split = rows.iter().map(|row| (cell(row.split('│').next()), cell(row.split('│').nth(1))));
    split.map(|(left, right)| (left, right.strip_prefix(' ').unwrap_or_default().to_owned())).unzip()
}

#[test]
fn a_wide_terminal_shows_answers_side_by_side() {
    let (_server, sandbox) = on_terminal(|model| match model {
        "left" => {
            Reply::answer(&["Some **bold** words that ", "go on beyond the width of a column.\n\n", "- one\n- two\n"])
        }
        _ => Reply::answer(&[
            "漢字仮名交じり文の長い段落は桁の端で折り返されるはずです。\n\n```rust\n",
            "fn main() { println!(\"a line of code beyond the column\"); }\n```\n",
        ]),
    });
    let mut pty = Pty::start(compare(&sandbox, &["test:left", "test:right"], &["hi"]), 30, 87);
    assert_eq!(pty.wait_for_exit(), 0, "{}", pty.screen());
    let (left, right) = cells(&pty);
    assert_eq!(
        left[..7],
        [
            "test:left",
            &"─".repeat(42),
            "Some bold words that go on beyond the",
            "width of a column.",
            "",
            "• one",
            "• two"
        ]
    );
    assert_eq!(
        right[..6],
        [
            "test:right",
            &"─".repeat(42),
            "漢字仮名交じり文の長い段落は桁の端で折り返",
            "されるはずです。",
            "",
            "fn main() { println!(\"a line of code beyon",
        ]
    );
    assert_eq!(right[6], "d the column\"); }");
    assert_append_only(&pty.log());
    let screen = pty.screen();
    let bar = |row: &str| row.chars().take_while(|char| *char != '│').count();
    assert_eq!(bar(screen.lines().next().unwrap()), 43, "{screen}");
}

#[test]
fn a_model_that_is_slow_holds_up_the_others_for_three_seconds() {
    let gate = Gate::default();
    let held = gate.clone();
    let (_server, sandbox) = on_terminal(move |model| match model {
        "slow" => Reply::sse().wait_for(&held).text("Here\n\nI am").finished(),
        _ => Reply::answer(&["one\n\ntwo\n"]),
    });
    let mut pty = Pty::start(compare(&sandbox, &["test:slow", "test:quick"], &["hi"]), 30, 90);
    pty.wait_for_text("waiting for test:slow");
    assert!(!pty.screen().contains("one"), "{}", pty.screen());
    pty.wait_for_text("two");
    gate.open();
    assert_eq!(pty.wait_for_exit(), 0, "{}", pty.screen());
    let (left, right) = cells(&pty);
    assert_eq!(right[2..5], ["one", "", "two"], "{}", pty.screen());
    assert_eq!(left[2..8], ["", "", "", "Here", "", "I am"], "{}", pty.screen());
    assert_append_only(&pty.log());
}

#[test]
fn a_column_says_why_its_answer_ends() {
    let gate = Gate::default();
    let (_server, sandbox) = on_terminal(move |model| match model {
        "down" => Reply::error(400, "no"),
        _ => Reply::sse().text("It begins\n\nand goes").wait_for(&gate).finished(),
    });
    let mut pty = Pty::start(compare(&sandbox, &["test:down", "test:stuck"], &["hi"]), 30, 90);
    pty.wait_for_text("It begins");
    pty.signal(Signal::INT);
    assert_eq!(pty.wait_for_exit(), 130, "{}", pty.screen());
    let (left, right) = cells(&pty);
    assert_eq!(left[2], "[error]", "{}", pty.screen());
    assert_eq!(right[2..6], ["It begins", "", "and goes", "[interrupted: stopped by you]"], "{}", pty.screen());
    pty.wait_for_text("error[rejected]: test:down");
}

#[test]
fn a_terminal_that_changes_its_width_changes_the_columns() {
    let gate = Gate::default();
    let held = gate.clone();
    let (_server, sandbox) = on_terminal(move |_| {
        let long = "word ".repeat(30);
        Reply::sse().text("first\n\n").sleep_ms(100).wait_for(&held).text(&long).finished()
    });
    let mut pty = Pty::start(compare(&sandbox, &["test:a", "test:b"], &["hi"]), 30, 90);
    pty.wait_for_text("first");
    pty.resize(30, 60);
    gate.open();
    assert_eq!(pty.wait_for_exit(), 0, "{}", pty.screen());
    let rows = rows(&pty);
    assert!(rows.contains(&"word word word word word     │ word word word word word".to_owned()), "{}", pty.screen());
}

#[test]
fn a_narrow_an_accessible_and_a_plain_terminal_show_one_after_the_other() {
    let (server, sandbox) = on_terminal(|model| Reply::answer(&["I am ", model]));
    let models = ["test:a", "test:b"];
    let accessible = compare(&sandbox, &models, &["hi", "--accessible"]);
    let plain = Sandbox::new().config(&TestConfig::for_server(&server).set("ui.markdown", false));
    for (run, columns) in [
        (compare(&sandbox, &models, &["hi"]), 82),
        (compare(&sandbox, &models, &["hi", "--width", "80"]), 120),
        (accessible, 120),
        (compare(&plain, &models, &["hi"]), 120),
        (compare(&sandbox, &models, &["hi"]).env("TERM", "dumb"), 120),
    ] {
        let mut pty = Pty::start(run, 30, columns);
        assert_eq!(pty.wait_for_exit(), 0, "{}", pty.screen());
        let screen = pty.screen();
        assert!(!screen.contains('│') && screen.find("I am a") < screen.find("I am b"), "{screen}");
    }
    let mut wide = Pty::start(compare(&sandbox, &models, &["hi"]), 30, 83);
    assert_eq!(wide.wait_for_exit(), 0);
    assert!(wide.screen().contains('│'), "{}", wide.screen());
}
