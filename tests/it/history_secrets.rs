//! Secrets: masked on write, masked later, and gone from the bytes of the files.

use std::fs;

use rusqlite::Connection;

use crate::support::{Gate, ModelServer, Reply, Sandbox, TestConfig};

const KEY: &str = "sk-proj-7Qz0123456789abcdefGHIJ";
/// A part that no tokenizer of the index takes apart.
const PART: &str = "7qz0123456789abcdefghij";

/// Whether the bytes of any file in the data folder hold it, in whatever case.
fn holds(sandbox: &Sandbox, secret: &str) -> Vec<String> {
    let secret = secret.to_lowercase();
    let mut found = Vec::new();
    for entry in fs::read_dir(sandbox.data_folder()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = fs::read(&path) else { continue };
        if bytes.to_ascii_lowercase().windows(secret.len()).any(|window| window == secret.as_bytes()) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

fn storage(server: &ModelServer, settings: &str, persist: bool) -> Sandbox {
    let config = TestConfig::for_server(server).set("chat.storage", yaml(settings));
    Sandbox::new().config(&if persist { config.persist(1, 1) } else { config })
}

/// The inside of a mapping, as one writes it on a line.
pub fn yaml(inside: &str) -> serde_json::Value {
    serde_yaml::from_str(&format!("{{ {inside} }}")).unwrap()
}

#[test]
fn redact_masks_on_write_and_leaves_the_live_conversation_alone() {
    let gate = Gate::default();
    let (first, second) = KEY.split_at(9);
    let reply = Reply::sse()
        .text("Your key is ")
        .text(first)
        .text(second)
        .text(" and more words follow it here.")
        .wait_for(&gate);
    let server = ModelServer::start([reply.text(" Bye").finished(), Reply::answer(&["ok"])]);
    let sandbox = storage(&server, "redact: true", true);
    let running = sandbox.ask_once([format!("keep {KEY} safe").as_str()]).spawn();
    running.wait_for_stdout("follow it here.");
    // The deltas are in the file by now, at the latest when the next ones are.
    gate.open();
    let output = running.wait().assert_exit(0);
    assert!(output.stdout().contains(KEY), "the answer on the screen is untouched");
    assert_eq!(holds(&sandbox, PART), Vec::<String>::new());
    let texts: Vec<_> = sandbox.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["keep [redacted] safe", "Your key is [redacted] and more words follow it here. Bye"]);
    sandbox.ask_once(["-c", "and now?"]).run().assert_exit(0);
    assert!(!format!("{:?}", server.requests()).contains(KEY) || server.requests().len() == 2);
}

#[test]
fn a_kill_in_the_middle_of_a_key_leaves_none_of_it() {
    let gate = Gate::default();
    let (first, second) = KEY.split_at(20);
    let reply = Reply::sse().text("It is ").text(first).sleep_ms(30).text(second).text(" x").wait_for(&gate);
    let server = ModelServer::start([reply.finished()]);
    let sandbox = storage(&server, "redact: true", true);
    let running = sandbox.ask_once(["hi"]).spawn();
    running.wait_for_stdout(second);
    running.signal(rustix::process::Signal::KILL);
    running.wait();
    assert_eq!(holds(&sandbox, &PART[..8]), Vec::<String>::new());
}

#[test]
fn scrub_masks_everywhere_and_leaves_no_bytes() {
    let server = ModelServer::start([
        Reply::answer(&["The key ", KEY, " is yours"]),
        Reply::answer(&["Nothing"]),
        Reply::answer(&["Nothing"]),
    ]);
    let sandbox = storage(&server, "redact: false", true);
    sandbox.ask_once([format!("{KEY} is my key").as_str()]).run().assert_exit(0);
    sandbox.ask_once(["harmless", "--session", &format!("about {KEY}")]).run().assert_exit(0);
    let imported = format!(
        "{{\"id\":\"X\",\"messages\":[{{\"id\":\"Y\",\"role\":\"assistant\",\"reasoning\":\"{KEY}\",\"replay\":{{\"origin\":\"o\",\"json\":\"{KEY}\"}},\
         \"tool_calls\":[{{\"id\":\"1\",\"name\":\"n\",\"arguments\":\"{KEY}\",\"result\":\"{KEY}\"}},{{\"id\":\"2\",\"name\":\"n\",\"arguments\":\"{KEY}\"}}]}}]}}"
    );
    sandbox.sayso(["history", "import", "-"]).stdin(imported).run().assert_exit(0);
    assert!(!holds(&sandbox, PART).is_empty());
    sandbox
        .sayso(["history", "scrub", "--dry-run"])
        .run()
        .assert_exit(0)
        .assert_stderr_has(&["would mask in 3 messages, 2 calls, 2 titles"]);
    assert!(!holds(&sandbox, PART).is_empty());
    sandbox
        .sayso(["history", "scrub"])
        .run()
        .assert_exit(0)
        .assert_stdout("")
        .assert_stderr_has(&["masked in 3 messages, 2 calls, 2 titles"]);
    assert_eq!(holds(&sandbox, PART), Vec::<String>::new());
    assert_eq!(holds(&sandbox, &PART[4..14]), Vec::<String>::new(), "not even as a word of the index");
    sandbox.assert_database_is_sound();
    sandbox.sayso(["history", "check", "--full"]).run().assert_exit(0);
    sandbox.sayso(["history", "scrub"]).run().assert_exit(0).assert_stderr_has(&["nothing was found"]);
    sandbox.ask_once(["--session", "about [redacted]", "go on"]).run().assert_exit(0);
}

#[test]
fn scrub_that_a_reader_stopped_says_what_remains_and_ends_it_the_next_time() {
    let server = ModelServer::start([Reply::answer(&["Thanks"])]);
    let sandbox = storage(&server, "redact: false", true);
    sandbox.ask_once([KEY]).run().assert_exit(0);
    let reader = Connection::open(sandbox.database_path()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM message").unwrap();
    let stopped = sandbox.sayso(["history", "scrub"]).run().assert_exit(3);
    stopped.assert_stderr_has(&["is masked, but its bytes can still be in the file", "again"]);
    assert!(!holds(&sandbox, PART).is_empty());
    reader.execute_batch("COMMIT").unwrap();
    sandbox.sayso(["history", "scrub"]).run().assert_exit(0).assert_stderr_has(&["nothing was found"]);
    assert_eq!(holds(&sandbox, PART), Vec::<String>::new());
}

#[test]
fn scrub_writes_the_file_anew_only_where_it_has_to() {
    let server = ModelServer::start([Reply::answer(&["Thanks"])]);
    let sandbox = storage(&server, "redact: false", true);
    sandbox.ask_once([KEY]).run().assert_exit(0);
    let database = Connection::open(sandbox.database_path()).unwrap();
    let has_free_pages = || -> bool {
        database.query_row("SELECT freelist_count > 0 FROM pragma_freelist_count", [], |row| row.get(0)).unwrap()
    };
    let leave_free_pages = || {
        database.execute_batch("CREATE TABLE x (y); INSERT INTO x VALUES (zeroblob(100000)); DROP TABLE x").unwrap();
        assert!(has_free_pages());
    };
    let scrub = |told: &str| sandbox.sayso(["history", "scrub"]).run().assert_exit(0).assert_stderr_has(&[told]);
    leave_free_pages();
    scrub("masked in 1 message");
    assert!(!has_free_pages(), "the file is new");
    leave_free_pages();
    scrub("nothing was found");
    assert!(has_free_pages(), "nothing was done");
    // As an older version has left it, which may have been stopped on its way.
    database.execute("DELETE FROM upkeep WHERE key = 'has_remains'", []).unwrap();
    scrub("nothing was found");
    assert!(!has_free_pages());
}

#[test]
fn names_that_commands_give_are_masked_too() {
    let server = ModelServer::start([Reply::answer(&["Yes"])]);
    let sandbox = storage(&server, "redact: true", true);
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    let renamed = sandbox.sayso(["history", "rename", "@1", &format!("one {KEY}")]).run().assert_exit(0);
    assert!(renamed.stderr.ends_with(" is named one [redacted]\n"), "{renamed:?}");
    sandbox.sayso(["history", "fork", "@1", &format!("two {KEY}")]).run().assert_exit(0);
    assert_eq!(holds(&sandbox, PART), Vec::<String>::new());
    for name in ["one [redacted]", "two [redacted]"] {
        assert_eq!(sandbox.messages_of(name)[0].text, "hi");
    }
}

#[test]
fn scrub_takes_a_pattern_of_ones_own() {
    let server = ModelServer::start([Reply::answer(&["Ask Margarethe about Mar"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    sandbox.sayso(["history", "scrub", "(?i)margareth[ae]"]).run().assert_exit(0);
    sandbox.assert_turn("complete", "Ask [redacted] about Mar");
    assert_eq!(holds(&sandbox, "margareth"), Vec::<String>::new());
    sandbox.sayso(["history", "scrub", "("]).run().assert_exit(2).assert_stderr_has(&["no regular expression"]);
    let database = Connection::open(sandbox.database_path()).unwrap();
    let found = |word: &str| -> i64 {
        database
            .query_row("SELECT count(*) FROM message_search WHERE message_search MATCH ?", [word], |row| row.get(0))
            .unwrap()
    };
    assert_eq!([found("margarethe"), found("redacted"), found("ask")], [0, 1, 1]);
}

#[test]
fn scrub_names_the_copies_it_does_not_look_into() {
    let server = ModelServer::start([Reply::answer(&["x"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    let copy = sandbox.data_folder().join("history.db.corrupt-20240101T000000Z");
    fs::write(&copy, KEY).unwrap();
    sandbox
        .sayso(["history", "scrub"])
        .run()
        .assert_exit(0)
        .assert_stderr_has(&["not looked into: ", "corrupt-20240101T000000Z"]);
    assert!(copy.exists());
}
