//! Retention and compression: what the limits say goes, what is alive or pinned stays, and space comes back.

use std::fs;
use std::time::Duration;

use rusqlite::Connection;

use super::history_secrets::yaml;
use crate::support::{Gate, ModelServer, Output, Reply, Sandbox, Strace, TestConfig, long_tests, needs};

const HOUR_MS: i64 = 60 * 60 * 1000;

fn configured(server: &ModelServer, storage: &str) -> Sandbox {
    Sandbox::new().config(&TestConfig::for_server(server).set("chat.storage", yaml(storage)))
}

/// Conversations with so many messages each, the first one used longest ago.
fn fill(sandbox: &Sandbox, conversations: usize, messages: usize) {
    let message = |conversation: usize, number: usize| {
        let role = if number.is_multiple_of(2) { "user" } else { "assistant" };
        let parent = if number == 0 { "null".to_owned() } else { format!("\"M{conversation}x{}\"", number - 1) };
        let text = format!("words {conversation} {number} ").repeat(40);
        format!("{{\"id\":\"M{conversation}x{number}\",\"parent\":{parent},\"role\":\"{role}\",\"text\":\"{text}\"}}")
    };
    let now = jiff::Timestamp::now().as_millisecond();
    let line = |conversation: usize| {
        let messages: Vec<_> = (0..messages).map(|number| message(conversation, number)).collect();
        let used = now - i64::try_from(conversations - conversation).unwrap() * HOUR_MS;
        format!(
            "{{\"id\":\"C{conversation}\",\"created\":{used},\"used\":{used},\"messages\":[{}]}}\n",
            messages.join(",")
        )
    };
    sandbox
        .sayso(["history", "import", "-"])
        .stdin((0..conversations).map(line).collect::<String>())
        .run()
        .assert_exit(0);
}

fn ids(sandbox: &Sandbox) -> Vec<String> {
    let query = "SELECT id FROM conversations WHERE id LIKE 'C%' ORDER BY used";
    let output = sandbox.sayso(["history", "sql", query, "--format", "tsv"]).run().assert_exit(0);
    output.stdout().lines().skip(1).map(str::to_owned).collect()
}

fn prune(sandbox: &Sandbox, args: &[&str]) -> Output {
    sandbox.sayso(["history", "prune"].into_iter().chain(args.iter().copied()).collect::<Vec<_>>()).run()
}

fn change(sandbox: &Sandbox, sql: &str) {
    Connection::open(sandbox.database_path()).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_dry_run_shows_what_would_go_and_changes_nothing() {
    let server = ModelServer::start([]);
    let sandbox = configured(&server, "persistence: { retention: { max_sessions: 3 } }");
    fill(&sandbox, 5, 2);
    let shown = prune(&sandbox, &["--dry-run", "--format", "tsv"]).assert_exit(0);
    let rows: Vec<_> =
        shown.stdout().lines().skip(1).map(|row| row.split('\t').map(str::to_owned).collect::<Vec<_>>()).collect();
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["C0", "C1"]);
    assert_eq!((rows[0][2].as_str(), rows[0][3].as_str()), ("2", "too many conversations"));
    assert!(shown.stderr.contains("would delete 2 conversations with 4 messages"), "{shown:?}");
    assert_eq!(ids(&sandbox).len(), 5);
    prune(&sandbox, &[])
        .assert_exit(0)
        .assert_stdout("")
        .assert_stderr_has(&["deleted 2 conversations with 4 messages"]);
    assert_eq!(ids(&sandbox), ["C2", "C3", "C4"]);
    sandbox.assert_database_is_sound();
}

#[test]
fn what_comes_from_a_file_is_as_old_as_it_was_there() {
    let server = ModelServer::start([Reply::answer(&["here"]), Reply::answer(&["again"])]);
    let sandbox = configured(&server, "persistence: { retention: { max_sessions: 3 } }");
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    fill(&sandbox, 5, 2);
    let listed = || {
        let output = sandbox.sayso(["history", "list", "--format", "json"]).run().assert_exit(0);
        let listed: serde_json::Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
        listed.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed()[1..], ["C4", "C3", "C2", "C1", "C0"]);
    assert_eq!(sandbox.messages_of("@1")[0].text, "hi");
    sandbox.ask_once(["-c", "more"]).run().assert_exit(0);
    assert_eq!(sandbox.messages_of("@1")[2].text, "more");
    prune(&sandbox, &[]).assert_exit(0).assert_stderr_has(&["deleted 3 conversations"]);
    assert_eq!(ids(&sandbox), ["C3", "C4"]);
}

#[test]
fn without_a_limit_nothing_is_ever_deleted() {
    let server = ModelServer::start([]);
    let sandbox = configured(&server, "redact: false");
    fill(&sandbox, 3, 2);
    prune(&sandbox, &[]).assert_exit(0).assert_stderr_has(&["no limit is set"]);
    assert_eq!(ids(&sandbox).len(), 3);
}

#[test]
fn age_and_messages_and_names_count_each_for_themselves() {
    let server = ModelServer::start([]);
    let sandbox = configured(
        &server,
        "persistence: { retention: { max_age_hours: 8, max_messages: 10 } }, saved_sessions: { max_sessions: 1 }",
    );
    fill(&sandbox, 10, 4);
    change(&sandbox, "UPDATE conversation SET name = 'keep' || id WHERE id IN ('C0', 'C5', 'C9')");
    change(&sandbox, "UPDATE conversation SET pinned = 1 WHERE id = 'C1'");
    let shown = prune(&sandbox, &["--dry-run", "--format", "jsonl"]).assert_exit(0).stdout();
    let mut reasons: Vec<_> = shown
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|row| format!("{} {}", row["id"].as_str().unwrap(), row["reason"].as_str().unwrap()))
        .collect();
    reasons.sort();
    assert_eq!(
        reasons,
        [
            "C0 too many conversations",
            "C2 too old",
            "C3 too many messages",
            "C4 too many messages",
            "C5 too many conversations",
            "C6 too many messages",
            "C7 too many messages",
        ],
        "C1 is pinned and counts; the named ones have a limit of their own"
    );
    prune(&sandbox, &[]).assert_exit(0);
    assert_eq!(ids(&sandbox), ["C1", "C8", "C9"]);
}

#[test]
fn space_is_given_back_and_measured() {
    let server = ModelServer::start([]);
    let sandbox = configured(&server, "persistence: { retention: { max_sessions: 2 } }");
    fill(&sandbox, 60, 40);
    change(&sandbox, "PRAGMA wal_checkpoint(TRUNCATE)");
    let before = fs::metadata(sandbox.database_path()).unwrap().len();
    let output = prune(&sandbox, &["-v"]).assert_exit(0);
    assert!(output.stderr.contains("MiB shorter") && output.stderr.contains("others waited "), "{output:?}");
    change(&sandbox, "PRAGMA wal_checkpoint(TRUNCATE)");
    let after = fs::metadata(sandbox.database_path()).unwrap().len();
    assert!(after * 4 < before, "{before} to {after} bytes");
    sandbox.assert_database_is_sound();
    sandbox.sayso(["history", "check", "--full"]).run().assert_exit(0);
}

#[test]
fn it_runs_by_itself_after_an_answer_and_not_again_within_the_interval() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = configured(&server, "persistence: { retention: { max_age_hours: 3, cleanup_interval_minutes: 60 } }");
    fill(&sandbox, 6, 2);
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
    assert_eq!(ids(&sandbox), ["C4", "C5"]);
    change(&sandbox, "UPDATE conversation SET used_ms = 1 WHERE id = 'C4'");
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
    assert_eq!(ids(&sandbox).len(), 2, "the interval has not passed");
    change(&sandbox, "UPDATE upkeep SET value = 1 WHERE key = 'looked_ms'");
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
    assert_eq!(ids(&sandbox), ["C5"]);
}

#[test]
fn retention_while_another_process_streams_leaves_its_conversation_alone() {
    let gate = Gate::default();
    let reply = Reply::sse().text("Hel").wait_for(&gate).text("lo");
    let server = ModelServer::start([Reply::answer(&["before"]), reply.finished()]);
    let sandbox = configured(&server, "persistence: { retention: { max_age_hours: 100 } }");
    fill(&sandbox, 3, 2);
    sandbox.ask_once(["first"]).run().assert_exit(0);
    let running = sandbox.ask_once(["-c", "second"]).spawn();
    running.wait_for_stdout("Hel");
    change(&sandbox, "UPDATE conversation SET used_ms = 1");
    prune(&sandbox, &[]).assert_exit(0).assert_stderr_has(&["deleted 3 conversations with 6 messages"]);
    gate.open();
    running.wait().assert_exit(0).assert_stdout("Hello\n");
    sandbox.assert_database_is_sound();
}

#[test]
fn a_clock_that_went_back_deletes_nothing() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = configured(&server, "persistence: { retention: { max_sessions: 1 } }");
    fill(&sandbox, 3, 2);
    change(&sandbox, "UPDATE conversation SET used_ms = used_ms + 2 * 24 * 3600 * 1000 WHERE id = 'C0'");
    prune(&sandbox, &[]).assert_exit(3).assert_stderr_has(&["nothing is deleted", "set the clock right"]);
    prune(&sandbox, &["--dry-run"]).assert_exit(3);
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    assert_eq!(ids(&sandbox).len(), 3);
}

#[test]
fn a_prune_that_is_killed_leaves_a_history_in_order() {
    if !needs("strace") {
        return;
    }
    let server = ModelServer::start([]);
    let template = configured(&server, "redact: false");
    fill(&template, 30, 30);
    change(&template, "PRAGMA wal_checkpoint(TRUNCATE)");
    let whole = fs::read(template.database_path()).unwrap();
    let mut kills = 0;
    for number in (1..).step_by(if long_tests() { 1 } else { 29 }).take(if long_tests() { 300 } else { 12 }) {
        let sandbox = configured(&server, "persistence: { retention: { max_sessions: 2 } }");
        fs::create_dir_all(sandbox.data_folder()).unwrap();
        fs::write(sandbox.database_path(), &whole).unwrap();
        let calls = "write,pwrite64,fdatasync,fsync,ftruncate,unlink";
        let strace = Strace::new(&sandbox).inject(&format!("{calls}:signal=KILL:when={number}")).on_history(&sandbox);
        let killed = sandbox.sayso(["history", "prune"]).strace(&strace).run();
        kills += usize::from(killed.signal == Some(9));
        sandbox.assert_database_is_sound();
        let kept = ids(&sandbox);
        assert!(kept.ends_with(&["C28".to_owned(), "C29".to_owned()]), "{kept:?}");
        for (name, texts) in kept.iter().map(|id| (id, sandbox.messages_of(id))) {
            assert!(
                texts
                    .iter()
                    .enumerate()
                    .all(|(place, message)| message.text.starts_with(&format!("words {} {place} ", &name[1..]))),
                "{name}"
            );
        }
        prune(&sandbox, &[]).assert_exit(0);
        assert_eq!(ids(&sandbox), ["C28", "C29"]);
    }
    assert!(kills > 3, "{kills} kills");
}

#[test]
fn long_texts_are_compressed_behind_the_scenes_and_nobody_notices() {
    let long = "All work and no play. ".repeat(5_000);
    let server = ModelServer::always(Reply::answer(&[&long, "zebra"]));
    let sandbox = configured(&server, "persistence: { compress_over_kb: 4 }");
    fill(&sandbox, 3, 2);
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    let before = sandbox.sayso(["history", "export", "--format", "jsonl"]).run().assert_exit(0).stdout();
    change(&sandbox, "DELETE FROM upkeep WHERE key = 'looked_ms'");
    sandbox.ask_once(["-c", "again"]).run().assert_exit(0).assert_quiet();
    let packed = |sandbox: &Sandbox| -> (i64, i64) {
        let query = "SELECT count(packed), coalesce(max(length(packed)), 0) FROM message WHERE text = '' AND packed IS NOT NULL";
        Connection::open(sandbox.database_path()).unwrap().query_row(query, [], |row| row.try_into()).unwrap()
    };
    let (count, length) = packed(&sandbox);
    assert!((1..=2).contains(&count) && (1..4096).contains(&length), "{count} {length}");
    // Show, export, search, sql and the next request see the text as it was said.
    let after = sandbox.sayso(["history", "export", "--format", "jsonl"]).run().assert_exit(0).stdout();
    let first =
        |text: &str| text.lines().find(|line| line.contains("zebra")).map(|line| line.matches("All work").count());
    assert_eq!((first(&before), first(&after)), (Some(5_000), Some(10_000)));
    let shown = sandbox.messages();
    assert!(shown[1].text.ends_with("zebra") && shown[1].text.len() == long.len() + 5, "{}", shown[1].text.len());
    let last_of = |address: &str| sandbox.messages_of(address).pop().unwrap().text;
    assert_eq!(last_of("@1@1"), "hi");
    assert!(last_of("@1@2").ends_with("zebra") && last_of("@1@-1").ends_with("zebra"), "they count as what they were");
    assert_eq!(last_of("@1@3"), "again");
    let found = sandbox
        .sayso(["history", "sql", "SELECT count(*) FROM messages WHERE text LIKE '%zebra'", "--format", "tsv"])
        .run()
        .stdout();
    assert_eq!(found.lines().nth(1), Some("2"));
    sandbox.ask_once(["-c", "third"]).run().assert_exit(0);
    assert!(server.requests().iter().any(|request| format!("{request:?}").contains("zebra")));
    sandbox.assert_database_is_sound();
    sandbox.sayso(["history", "check", "--full"]).run().assert_exit(0);
    // What is compressed is scrubbed, pruned and imported like anything else.
    sandbox.sayso(["history", "scrub", "zebra"]).run().assert_exit(0);
    assert!(sandbox.messages()[1].text.ends_with("[redacted]"));
    let limit = Duration::from_secs(60);
    sandbox.sayso(["history", "export", "--format", "json", "-o", "x.json"]).limit(limit).run().assert_exit(0);
}
