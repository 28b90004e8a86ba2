//! `batch`: what is asked, in which order results come, and that no kill makes a row be answered twice or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Gate, ModelServer, Received, Reply, Run, Sandbox, Wire, wait_until};

/// Says what it was asked.
pub fn echo() -> ModelServer {
    ModelServer::scripted(Wire::Plain, |request, _| Some(Reply::answer(&["re: ", &prompt(request)])))
}

pub fn prompt(request: &Received) -> String {
    let messages = request.json()["messages"].clone();
    messages.as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned()
}

pub fn rows(sandbox: &Sandbox, name: &str, count: usize) -> PathBuf {
    let text: String =
        (0..count).map(|n| format!("{}\n", json!({"id": format!("r{n}"), "prompt": format!("<{n}>")}))).collect();
    input(sandbox, name, &text)
}

fn input(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    let path = sandbox.work_folder().join(name);
    fs::write(&path, text).unwrap();
    path
}

pub fn batch<'a>(sandbox: &Sandbox, args: impl IntoIterator<Item = &'a str>) -> Run {
    sandbox.sayso(std::iter::once("batch").chain(args))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

pub fn results(sandbox: &Sandbox, name: &str) -> Vec<Value> {
    lines(&fs::read_to_string(sandbox.work_folder().join(name)).unwrap())
}

fn ids(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["id"].as_str().unwrap()).collect()
}

#[test]
fn every_row_has_its_line_in_the_order_of_the_rows() {
    // The first ones take longest.
    let server = ModelServer::scripted(Wire::Plain, |request, number| {
        let wait = 60_u64.saturating_sub(number as u64 * 6);
        Some(Reply::sse().sleep_ms(wait).text(&prompt(request)).finished())
    });
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 20);
    let output = batch(&sandbox, ["in.jsonl", "--jobs", "5"]).run().assert_exit(0);
    let results = lines(&output.stdout());
    assert_eq!(ids(&results), (0..20).map(|n| format!("r{n}")).collect::<Vec<_>>());
    for (number, result) in results.iter().enumerate() {
        assert_eq!((&result["status"], &result["text"]), (&json!("ok"), &json!(format!("<{number}>"))));
        assert_eq!((&result["usage"]["input"], &result["error"]), (&json!(7), &Value::Null), "{result}");
        assert_eq!(result["model"], "test:test-model");
    }
    output.assert_stderr_has(&["batch: 20 rows, 5 at a time", "batch: 20 ok;", "140 + 60 tokens"]);
    assert_eq!(sandbox.conversation_count(), 0, "a batch floods no history");
}

#[test]
fn a_template_takes_the_fields_of_a_row_and_a_missing_one_costs_nothing() {
    let server = echo();
    let sandbox = Sandbox::for_server(&server);
    input(&sandbox, "in.jsonl", "{\"vars\":{\"name\":\"Ann\"}}\n{\"id\":\"b\",\"name\":\"Bob\"}\n");
    let output = batch(&sandbox, ["in.jsonl", "--template", "Greet {{name}}!"]).run().assert_exit(0);
    let results = lines(&output.stdout());
    assert_eq!((&results[0]["id"], &results[0]["text"]), (&json!(1), &json!("re: Greet Ann!")));
    assert_eq!((&results[1]["id"], &results[1]["text"]), (&json!("b"), &json!("re: Greet Bob!")));
    input(&sandbox, "bad.jsonl", "{\"vars\":{\"name\":\"Ann\"}}\n{\"vars\":{\"nmae\":\"Bob\"}}\n");
    let bad = batch(&sandbox, ["bad.jsonl", "--template", "Greet {{name}}!"]).run().assert_exit(3).assert_stdout("");
    bad.assert_stderr_has(&["bad.jsonl, line 2:", "it has id, nmae"]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn lines_tables_and_pipes_are_rows_too() {
    let server = echo();
    let sandbox = Sandbox::for_server(&server);
    let from_pipe = batch(&sandbox, ["-", "--lines"]).stdin("one\n\ntwo\n").run().assert_exit(0);
    let texts = |stdout: &str| lines(stdout).iter().map(|line| line["text"].clone()).collect::<Vec<_>>();
    assert_eq!(texts(&from_pipe.stdout()), [json!("re: one"), json!("re: two")]);
    input(&sandbox, "in.csv", "id,city\n7,\"Berlin, Mitte\"\n8,Rome\n");
    let table = batch(&sandbox, ["in.csv", "--template", "In {{city}}?"]).run().assert_exit(0);
    assert_eq!(texts(&table.stdout()), [json!("re: In Berlin, Mitte?"), json!("re: In Rome?")]);
    assert_eq!(lines(&table.stdout())[0]["id"], "7");
}

#[test]
fn mistakes_in_the_rows_are_told_before_any_request() {
    let server = echo();
    let sandbox = Sandbox::for_server(&server);
    for (text, told) in [
        ("{\"prompt\":\"a\"}\nno json\n", "line 2: it is no JSON object"),
        ("{\"id\":1,\"prompt\":\"a\"}\n{\"id\":\"1\",\"prompt\":\"b\"}\n", "line 2: its id \"1\" is that of line 1"),
        ("{\"promt\":\"a\"}\n", "line 1: it has no `prompt`"),
        ("{\"prompt\":\" \"}\n", "line 1: its prompt is empty"),
    ] {
        input(&sandbox, "in.jsonl", text);
        batch(&sandbox, ["in.jsonl"]).run().assert_exit(3).assert_stdout("").assert_stderr_has(&[told]);
    }
    batch(&sandbox, ["missing.jsonl"]).run().assert_exit(3).assert_stdout("");
    batch(&sandbox, ["in.jsonl", "--shard", "3/2"]).run().assert_exit(2);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_failed_row_stops_no_other_and_decides_the_exit_code() {
    let server = ModelServer::scripted(Wire::Plain, |request, _| {
        Some(match prompt(request).as_str() {
            "<1>" => Reply::error(400, "never"),
            "<2>" => Reply::error(500, "down"),
            prompt => Reply::answer(&[prompt]),
        })
    });
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 2);
    let one = batch(&sandbox, ["in.jsonl", "--retries", "0"]).run().assert_exit(7);
    let results = lines(&one.stdout());
    assert_eq!((&results[1]["status"], &results[1]["error"]["class"]), (&json!("error"), &json!("rejected")));
    rows(&sandbox, "in.jsonl", 4);
    let mixed = batch(&sandbox, ["in.jsonl", "--retries", "0"]).run().assert_exit(9);
    assert_eq!(ids(&lines(&mixed.stdout())).len(), 4);
    mixed.assert_stderr_has(&["2 ok, 2 failed", "1 provider", "1 rejected"]);
    let before = server.requests().len();
    let fast = batch(&sandbox, ["in.jsonl", "--retries", "0", "--jobs", "1", "--fail-fast"]).run().assert_exit(7);
    assert_eq!((lines(&fast.stdout()).len(), server.requests().len() - before), (2, 2));
    fast.assert_stderr_has(&["2 not asked"]);
}

#[test]
fn a_refused_key_is_not_tried_for_every_row() {
    let server = ModelServer::always(Reply::error(401, "no"));
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 200);
    batch(&sandbox, ["in.jsonl", "--jobs", "4"]).run().assert_exit(4);
    assert!(server.requests().len() <= 12, "{} requests", server.requests().len());
}

#[test]
fn a_storm_of_rate_limits_pauses_all_and_every_row_is_answered() {
    // 10 requests in each 300 ms; what comes above that is refused until the next window.
    let window = Mutex::new((Instant::now(), 0));
    let refused = std::sync::Arc::new(AtomicUsize::new(0));
    let seen = std::sync::Arc::clone(&refused);
    let server = ModelServer::scripted(Wire::Plain, move |request, _| {
        let mut window = window.lock().unwrap();
        if window.0.elapsed() >= Duration::from_millis(300) {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        if window.1 > 10 {
            seen.fetch_add(1, Ordering::SeqCst);
            return Some(Reply::error(429, "slow down").header("retry-after-ms", "300"));
        }
        Some(Reply::answer(&[&prompt(request)]))
    });
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 120);
    let output = batch(&sandbox, ["in.jsonl", "--jobs", "32", "--retries", "10"]).run().assert_exit(0);
    assert_eq!(lines(&output.stdout()).len(), 120);
    output.assert_stderr_has(&["120 ok", "for their rate"]);
    // Without a common pace each of 32 jobs would be refused in each window.
    let refused = refused.load(Ordering::SeqCst);
    assert!(refused < 120, "{refused} refusals");
}

#[test]
fn sixty_four_requests_are_under_way_at_the_same_time() {
    // No answer ends before that many have been asked for.
    let gate = Gate::default();
    let (opener, asked) = (gate.clone(), AtomicUsize::new(0));
    let server = ModelServer::scripted(Wire::Plain, move |_, _| {
        if asked.fetch_add(1, Ordering::SeqCst) + 1 == 64 {
            opener.open();
        }
        Some(Reply::sse().wait_for(&gate).text("x").finished())
    });
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 128);
    let output = batch(&sandbox, ["in.jsonl", "--jobs", "64", "--unordered"]).run().assert_exit(0);
    assert_eq!(lines(&output.stdout()).len(), 128);
}

#[test]
fn results_go_on_where_they_end_and_only_what_is_missing_is_asked() {
    let server = echo();
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 6);
    let args = ["in.jsonl", "--output", "out.jsonl"];
    batch(&sandbox, args).run().assert_exit(0).assert_stdout("");
    let whole = fs::read_to_string(sandbox.work_folder().join("out.jsonl")).unwrap();
    batch(&sandbox, args).run().assert_exit(0).assert_stderr_has(&["6 done before"]);
    assert_eq!(server.requests().len(), 6);
    // A torn last line, a row that has failed, and one that has changed.
    let mut stored: Vec<String> = whole.lines().map(str::to_owned).collect();
    stored[1] = stored[1].replace("\"ok\"", "\"error\"");
    let torn = stored[5][..40].to_owned();
    stored.truncate(5);
    fs::write(sandbox.work_folder().join("out.jsonl"), stored.join("\n") + "\n" + &torn).unwrap();
    let changed = fs::read_to_string(sandbox.work_folder().join("in.jsonl")).unwrap().replace("<3>", "<three>");
    input(&sandbox, "in.jsonl", &changed);
    batch(&sandbox, args).run().assert_exit(0).assert_stderr_has(&["3 ok", "3 done before"]);
    let results = results(&sandbox, "out.jsonl");
    assert_eq!(ids(&results), ["r0", "r1", "r2", "r3", "r4", "r5"]);
    assert!(results.iter().all(|result| result["status"] == "ok"));
    assert_eq!(results[3]["text"], "re: <three>");
    let again: BTreeSet<String> = server.requests()[6..].iter().map(prompt).collect();
    assert_eq!(again, ["<1>", "<5>", "<three>"].map(str::to_owned).into());
    // Another model is another question.
    batch(&sandbox, ["in.jsonl", "--output", "out.jsonl", "-o", "seed=1"]).run().assert_exit(0);
    assert_eq!(server.requests().len(), 15);
}

#[test]
fn a_file_of_somebody_else_is_never_written() {
    let server = echo();
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 2);
    for text in ["my diary\n", "my diary", "{\"id\":1}\n"] {
        input(&sandbox, "diary.txt", text);
        batch(&sandbox, ["in.jsonl", "--output", "diary.txt"]).run().assert_exit(3).assert_stderr_has(&["line 1"]);
        assert_eq!(fs::read_to_string(sandbox.work_folder().join("diary.txt")).unwrap(), text);
    }
    batch(&sandbox, ["in.jsonl", "--output", "in.jsonl"]).run().assert_exit(3);
    batch(&sandbox, ["in.jsonl", "--output", "/dev/stdout"]).run().assert_exit(3);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn two_batches_do_not_share_a_file() {
    let server = ModelServer::always(Reply::sse().sleep_ms(1500).text("x").finished());
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 1);
    let first = batch(&sandbox, ["in.jsonl", "--output", "out.jsonl"]).spawn();
    server.wait_for_request(1);
    let second = batch(&sandbox, ["in.jsonl", "--output", "out.jsonl"]).run().assert_exit(3);
    second.assert_stderr_has(&["another batch is writing"]);
    first.wait().assert_exit(0);
    assert_eq!(results(&sandbox, "out.jsonl").len(), 1);
}

#[test]
fn however_often_it_is_killed_each_row_is_answered_once() {
    const ROWS: usize = 60;
    let server = ModelServer::scripted(Wire::Plain, |request, number| {
        Some(Reply::sse().sleep_ms(3 + number as u64 % 5).text(&prompt(request)).finished())
    });
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", ROWS);
    let args = ["in.jsonl", "--output", "out.jsonl", "--jobs", "4"];
    let mut done_before = 0;
    for round in 0..25_u64 {
        let asked = server.requests().len();
        let running = batch(&sandbox, args).spawn();
        // Near the end fewer rows are left than that.
        let wanted = asked + (1 + round as usize % 6).min(ROWS - done_before);
        wait_until("requests", || {
            server.requests().len() >= wanted || asked == server.requests().len() && done_before == ROWS
        });
        std::thread::sleep(Duration::from_millis(round * 7 % 23));
        running.signal(Signal::KILL);
        running.wait();
        let text = fs::read_to_string(sandbox.work_folder().join("out.jsonl")).unwrap_or_default();
        let whole = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
        assert!(whole >= done_before, "a kill took results away");
        done_before = whole;
        if whole == ROWS {
            break;
        }
    }
    batch(&sandbox, args).run().assert_exit(0);
    let results = results(&sandbox, "out.jsonl");
    assert_eq!(ids(&results), (0..ROWS).map(|n| format!("r{n}")).collect::<Vec<_>>());
    for (number, result) in results.iter().enumerate() {
        assert_eq!(result["text"], format!("<{number}>"), "{result}");
    }
    // Asked again were only those that were under way: four jobs, and what the server saw them begin.
    let asked = server.requests().len();
    assert!(asked <= ROWS + 26 * 5, "{asked} requests");
}

#[test]
fn a_kill_at_each_write_of_the_results_leaves_a_file_to_go_on_with() {
    if !crate::support::needs("strace") {
        return;
    }
    let calls = "write,fdatasync,fsync,rename,ftruncate";
    for number in 1..=14 {
        let server = echo();
        let sandbox = Sandbox::for_server(&server);
        rows(&sandbox, "in.jsonl", 3);
        // What an earlier run has left makes the file be written anew.
        input(&sandbox, "out.jsonl", "{\"id\":\"r1\",\"status\":\"error\",\"hash\":\"0\"}\n{\"id\":\"r0\",\"sta");
        let args = ["in.jsonl", "--output", "out.jsonl", "--jobs", "1"];
        let strace = crate::support::Strace::new(&sandbox)
            .trace(calls)
            .inject(&format!("{calls}:signal=KILL:when={number}"))
            .on(&["out.jsonl", ".out.jsonl.sayso-new"].map(|name| sandbox.work_folder().join(name)));
        batch(&sandbox, args).strace(&strace).run();
        batch(&sandbox, args).run().assert_exit(0);
        assert_eq!(ids(&results(&sandbox, "out.jsonl")), ["r0", "r1", "r2"], "killed at call {number}");
    }
}

#[test]
fn shards_take_each_row_once_and_their_results_merge() {
    let server = echo();
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 40);
    let mut all = BTreeSet::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let output = batch(&sandbox, ["in.jsonl", "--shard", shard]).run().assert_exit(0);
        let results = lines(&output.stdout());
        assert!(results.len() > 4, "{shard} has {}", results.len());
        for id in ids(&results) {
            assert!(all.insert(id.to_owned()), "{id} twice");
        }
    }
    assert_eq!((all.len(), server.requests().len()), (40, 40));
    // One file can take the results of all.
    for shard in ["1/3", "3/3", "2/3"] {
        batch(&sandbox, ["in.jsonl", "--output", "out.jsonl", "--shard", shard]).run().assert_exit(0);
    }
    batch(&sandbox, ["in.jsonl", "--output", "out.jsonl"]).run().assert_exit(0).assert_stderr_has(&["40 done before"]);
    assert_eq!(ids(&results(&sandbox, "out.jsonl")), (0..40).map(|n| format!("r{n}")).collect::<Vec<_>>());
}

#[test]
fn the_first_interrupt_lets_rows_under_way_finish_and_the_second_does_not() {
    let gate = Gate::default();
    let opener = gate.clone();
    // The first two are answered once the gate is open, and the next two never.
    let server = ModelServer::scripted(Wire::Plain, move |_, number| {
        let answer = Reply::sse().role();
        Some(if number < 2 { answer.wait_for(&gate).text("x").finished() } else { answer.wait_for_client_close() })
    });
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 50);
    let args = ["in.jsonl", "--output", "out.jsonl", "--jobs", "2"];
    let running = batch(&sandbox, args).spawn();
    server.wait_for_request(2);
    running.signal(Signal::INT);
    running.wait_for_stderr("come to their end");
    opener.open();
    let output = running.wait().assert_exit(130);
    output.assert_stderr_has(&["48 not asked", "run the same command again"]);
    assert_eq!((results(&sandbox, "out.jsonl").len(), server.requests().len()), (2, 2));
    let mut running = batch(&sandbox, args).spawn();
    server.wait_for_request(3);
    running.signal(Signal::INT);
    running.wait_for_stderr("come to their end");
    running.interrupt_until_it_ends();
    running.wait().assert_exit(130);
}

#[test]
fn a_signal_of_the_system_cuts_rows_off_and_they_are_asked_again() {
    let server = ModelServer::scripted(Wire::Plain, |request, number| {
        let wait = if number == 0 { 30_000 } else { 0 };
        Some(Reply::sse().text("half ").sleep_ms(wait).text(&prompt(request)).finished())
    });
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 1);
    let args = ["in.jsonl", "--output", "out.jsonl"];
    let running = batch(&sandbox, args).spawn();
    server.wait_for_sent("half ");
    running.signal(Signal::TERM);
    running.wait().assert_exit(143);
    assert_eq!(results(&sandbox, "out.jsonl").len(), 0);
    batch(&sandbox, args).run().assert_exit(0);
    assert_eq!(results(&sandbox, "out.jsonl")[0]["text"], "half <0>");
}

#[test]
fn a_slow_row_ends_by_its_own_time_limit() {
    let server = ModelServer::scripted(Wire::Plain, |request, _| {
        let prompt = prompt(request);
        let wait = if prompt == "<0>" { 30_000 } else { 0 };
        Some(Reply::sse().sleep_ms(wait).text(&prompt).finished())
    });
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 3);
    let output = batch(&sandbox, ["in.jsonl", "--timeout", "500ms"]).run().assert_exit(124);
    let results = lines(&output.stdout());
    assert_eq!((&results[0]["status"], &results[0]["error"]["class"]), (&json!("error"), &json!("timeout")));
    assert_eq!(results[2]["status"], "ok");
}

#[test]
fn a_reader_that_goes_ends_the_batch_without_a_word() {
    let server = ModelServer::always(Reply::sse().sleep_ms(20).text("x").finished());
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 500);
    let output = batch(&sandbox, ["-q", "in.jsonl", "--jobs", "2"]).shell("\"$@\" | head -1").run().assert_exit(0);
    assert_eq!(lines(&output.stdout()).len(), 1);
    assert!(server.requests().len() < 200, "{} requests", server.requests().len());
}

#[test]
fn results_in_a_file_need_nobody_who_reads_stdout() {
    let gate = Gate::default();
    let opener = gate.clone();
    let server = ModelServer::scripted(Wire::Plain, move |request, number| {
        let reply = Reply::sse().text(&prompt(request));
        // Longer than it takes until somebody looks for the reader.
        Some(if number == 0 { reply.wait_for(&gate).sleep_ms(400).finished() } else { reply.finished() })
    });
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 5);
    let mut running = batch(&sandbox, ["in.jsonl", "--output", "out.jsonl", "--jobs", "1"]).unread_stdout().spawn();
    server.wait_for_request(1);
    running.close_stdout();
    opener.open();
    running.wait().assert_exit(0);
    assert_eq!(ids(&results(&sandbox, "out.jsonl")), ["r0", "r1", "r2", "r3", "r4"]);
}

#[test]
fn a_link_to_the_file_of_results_stays_one() {
    let server = ModelServer::scripted(Wire::Plain, |request, number| {
        // The first ones fail, and so the file is written anew.
        Some(if number < 2 { Reply::error(400, "no") } else { Reply::answer(&[&prompt(request)]) })
    });
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 3);
    let folder = sandbox.work_folder();
    fs::create_dir(folder.join("below")).unwrap();
    std::os::unix::fs::symlink("below/real.jsonl", folder.join("out.jsonl")).unwrap();
    let args = ["in.jsonl", "--output", "out.jsonl", "--jobs", "1"];
    batch(&sandbox, args).run();
    batch(&sandbox, args).run().assert_exit(0);
    assert!(fs::symlink_metadata(folder.join("out.jsonl")).unwrap().is_symlink());
    assert_eq!(ids(&results(&sandbox, "below/real.jsonl")), ["r0", "r1", "r2"]);
}

#[test]
fn a_full_disk_is_an_error_and_what_is_there_is_whole() {
    let server = ModelServer::always(Reply::answer(&["x"]));
    let sandbox = Sandbox::for_server(&server);
    rows(&sandbox, "in.jsonl", 3);
    batch(&sandbox, ["in.jsonl"]).shell("\"$@\" > /dev/full").run().assert_exit(74);
}
