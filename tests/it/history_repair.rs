//! `history backup`, `check` and `recover`: a copy while others write, damage told, and what can be read brought back.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;

use crate::support::{ModelServer, Reply, Sandbox, Strace, long_tests, needs};

const PAGE: u64 = 1024;

/// So many conversations of two messages, all in the one file.
fn filled(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    let line = |number: usize| {
        let text = format!("answer {number} ").repeat(number % 7 * 200 + 1);
        format!(
            "{{\"id\":\"C{number}\",\"name\":\"n{number}\",\"messages\":[{{\"id\":\"Q{number}\",\"role\":\"user\",\"text\":\"question {number}\"}},\
             {{\"id\":\"A{number}\",\"parent\":\"Q{number}\",\"role\":\"assistant\",\"text\":\"{text}\"}}]}}\n"
        )
    };
    let text: String = (0..count).map(line).collect();
    sandbox.sayso(["history", "import", "-"]).stdin(text).run().assert_exit(0);
    let database = Connection::open(sandbox.database_path()).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    sandbox
}

fn overwrite(path: &Path, page: u64, bytes: u8) {
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(page * PAGE)).unwrap();
    file.write_all(&[bytes; PAGE as usize]).unwrap();
}

fn exported(sandbox: &Sandbox) -> String {
    sandbox.sayso(["history", "export", "--format", "jsonl"]).run().assert_exit(0).stdout()
}

#[test]
fn a_backup_is_whole_private_and_overwrites_nothing() {
    let sandbox = filled(20);
    // Another process writes meanwhile.
    let writer = Connection::open(sandbox.database_path()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO prompt_history (created_ms, text) VALUES (1, 'x')").unwrap();
    let back_up = || sandbox.sayso(["history", "backup", "copy.db"]).run();
    back_up().assert_exit(0).assert_stdout("").assert_stderr_has(&["copied the history to copy.db", "it was checked"]);
    let copy = sandbox.work_folder().join("copy.db");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    back_up().assert_exit(3).assert_stderr_has(&["nothing is overwritten"]);
    drop(writer);
    let other = Sandbox::new();
    fs::create_dir_all(other.data_folder()).unwrap();
    fs::copy(&copy, other.database_path()).unwrap();
    assert_eq!(exported(&other), exported(&sandbox));
    sandbox.sayso(["history", "backup", "missing/copy.db"]).run().assert_exit(3);
    assert_eq!(fs::read_dir(sandbox.work_folder()).unwrap().count(), 1, "nothing unfinished is left");
}

#[test]
fn a_backup_may_have_any_name() {
    let sandbox = filled(20);
    for (typed, name) in [
        ("file:copy.db", &b"file:copy.db"[..]),
        ("file:x?mode=memory", b"file:x?mode=memory"),
        ("100%.db", b"100%.db"),
        ("bad\\377.db", b"bad\xff.db"),
    ] {
        let name = OsStr::from_bytes(name);
        let script = format!("exec \"$@\" \"$(printf %b '{typed}')\"");
        sandbox.sayso(["history", "backup"]).shell(&script).run().assert_exit(0);
        let copy = fs::read(sandbox.work_folder().join(name)).unwrap();
        assert!(copy.len() > 10_000, "{name:?}: {} bytes", copy.len());
        fs::remove_file(sandbox.work_folder().join(name)).unwrap();
        assert_eq!(fs::read_dir(sandbox.work_folder()).unwrap().count(), 0, "{name:?}");
    }
}

#[test]
fn a_backup_where_no_history_is_kept_is_refused() {
    let sandbox = Sandbox::new().config_text("chat:\n  storage:\n    type: memory\n");
    let refused = sandbox.sayso(["history", "backup", "copy.db"]).run().assert_exit(3);
    refused.assert_stderr_has(&["no history is kept"]);
    assert!(!sandbox.work_folder().join("copy.db").exists());
}

#[test]
fn a_backup_onto_a_full_disk_leaves_nothing_behind() {
    if !needs("strace") {
        return;
    }
    let sandbox = filled(20);
    let strace = Strace::new(&sandbox).inject("pwrite64:error=ENOSPC:when=3+");
    sandbox.sayso(["history", "backup", "copy.db"]).strace(&strace).run().assert_exit(3);
    assert_eq!(fs::read_dir(sandbox.work_folder()).unwrap().count(), 0);
}

#[test]
fn check_tells_damage_and_what_to_do() {
    let sandbox = filled(200);
    sandbox
        .sayso(["history", "check"])
        .run()
        .assert_exit(0)
        .assert_stdout("the history is in order: 200 conversations and 400 messages\n");
    sandbox.sayso(["history", "check", "--full"]).run().assert_exit(0);
    let pages = fs::metadata(sandbox.database_path()).unwrap().len() / PAGE;
    overwrite(&sandbox.database_path(), pages / 2, 0xA5);
    sandbox
        .sayso(["history", "check"])
        .run()
        .assert_exit(3)
        .assert_stdout("")
        .assert_stderr_has(&["is damaged", "history recover"]);
    fs::write(sandbox.database_path(), "no database at all, but long enough to be looked at as one").unwrap();
    sandbox.sayso(["history", "check"]).run().assert_exit(3).assert_stderr_has(&["history recover"]);
    Sandbox::new().sayso(["history", "check"]).run().assert_exit(0);
}

#[test]
fn recover_without_damage_says_so() {
    let sandbox = filled(3);
    sandbox
        .sayso(["history", "recover"])
        .run()
        .assert_exit(3)
        .assert_stderr_has(&["nothing is damaged", "recover FILE"]);
    sandbox.sayso(["history", "recover", "missing.db"]).run().assert_exit(3);
}

#[test]
fn a_destroyed_first_page_costs_nothing() {
    for byte in [0, 0xFF] {
        let sandbox = filled(100);
        let before = exported(&sandbox);
        overwrite(&sandbox.database_path(), 0, byte);
        sandbox
            .sayso(["history", "recover"])
            .run()
            .assert_exit(0)
            .assert_stderr_has(&["recovered 100 conversations and 200 messages"]);
        assert_eq!(exported(&sandbox), before);
        sandbox.assert_database_is_sound();
        // The damaged file is kept, and a second time adds nothing.
        sandbox
            .sayso(["history", "recover"])
            .run()
            .assert_exit(0)
            .assert_stderr_has(&["recovered 0 conversations", "200 were here already"]);
        assert!(!sandbox.data_folder().join("recovering").exists());
    }
}

#[test]
fn a_destroyed_first_page_costs_nothing_after_the_file_was_written_anew() {
    let sandbox = filled(100);
    sandbox.sayso(["history", "rm", "--yes", "n3"]).run().assert_exit(0);
    let before = exported(&sandbox);
    let database = Connection::open(sandbox.database_path()).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(database);
    overwrite(&sandbox.database_path(), 0, 0);
    let told = ["recovered 99 conversations and 198 messages"];
    sandbox.sayso(["history", "recover"]).run().assert_exit(0).assert_stderr_has(&told);
    assert_eq!(exported(&sandbox), before);
    sandbox.assert_database_is_sound();
}

#[test]
fn any_damaged_page_costs_only_what_was_on_it() {
    let sandbox = filled(300);
    let whole = fs::read(sandbox.database_path()).unwrap();
    let pages = whole.len() as u64 / PAGE;
    let step = if long_tests() { 1 } else { 9 };
    let mut worst = 600;
    for page in (1..pages).step_by(step) {
        let copy = Sandbox::new();
        let damaged = copy.work_folder().join("damaged.db");
        fs::write(&damaged, &whole).unwrap();
        overwrite(&damaged, page, 0xA5);
        let output = copy.sayso(["history", "recover", "damaged.db"]).run().assert_exit(0);
        let database = Connection::open(copy.database_path()).unwrap();
        let messages: i64 = database.query_row("SELECT count(*) FROM message", [], |row| row.get(0)).unwrap();
        worst = worst.min(messages);
        assert!(messages >= 500, "page {page} of {pages}: {messages} messages: {output:?}");
        copy.assert_database_is_sound();
    }
    assert!(worst < 600, "no page that was destroyed held a message");
}

/// Conversations of which each answer calls two tools.
fn with_calls(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    let line = |number: usize| {
        let call = |place: usize| {
            let result = "r".repeat(number * 13 % 400);
            format!(
                "{{\"id\":\"c{place}\",\"name\":\"files__read\",\"arguments\":\"{{}}\",\"server\":\"files\",\"ok\":true,\"result\":\"{result}\"}}"
            )
        };
        format!(
            "{{\"id\":\"C{number}\",\"messages\":[{{\"id\":\"Q{number}\",\"role\":\"user\",\"text\":\"q\"}},\
             {{\"id\":\"A{number}\",\"parent\":\"Q{number}\",\"role\":\"assistant\",\"tool_calls\":[{},{}]}}]}}\n",
            call(1),
            call(2)
        )
    };
    let text: String = (0..count).map(line).collect();
    sandbox.sayso(["history", "import", "-"]).stdin(text).run().assert_exit(0);
    let database = Connection::open(sandbox.database_path()).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    sandbox
}

#[test]
fn calls_of_tools_come_back_from_below_destroyed_pages() {
    let sandbox = with_calls(400);
    let before = exported(&sandbox);
    let whole = fs::read(sandbox.database_path()).unwrap();
    let database = Connection::open(sandbox.database_path()).unwrap();
    let pages = |kind: &str| -> Vec<u64> {
        let query = "SELECT pageno - 1 FROM dbstat WHERE name = 'tool_call' AND pagetype = ?1";
        let mut statement = database.prepare(query).unwrap();
        statement.query_map([kind], |row| row.get::<_, u32>(0)).unwrap().map(|page| page.unwrap().into()).collect()
    };
    let (above, leaves) = (pages("internal"), pages("leaf"));
    let calls = |text: &str| text.matches("\"files__read\"").count();
    assert_eq!((calls(&before), above.len() > 1, leaves.len() > 30), (800, true, true));
    let cases = [above.clone(), vec![above[0]], vec![leaves[leaves.len() / 2]]];
    for (destroyed, byte) in cases.into_iter().flat_map(|pages| [(pages.clone(), 0), (pages, 0xA5)]) {
        let copy = Sandbox::new();
        let damaged = copy.work_folder().join("damaged.db");
        fs::write(&damaged, &whole).unwrap();
        destroyed.iter().for_each(|page| overwrite(&damaged, *page, byte));
        copy.sayso(["history", "recover", "damaged.db"]).run().assert_exit(0).assert_stderr_has(&["could not be read"]);
        let after = exported(&copy);
        // What was on the destroyed pages themselves is lost: a few rows each.
        let lost = 800 - calls(&after);
        assert!(lost > 0 && lost < 40 * destroyed.len(), "{destroyed:?} with {byte:#x}: {lost} calls are lost");
        assert!(after.lines().zip(before.lines()).filter(|(one, other)| one != other).count() <= lost, "{destroyed:?}");
        copy.assert_database_is_sound();
    }
}

#[test]
fn half_a_file_gives_what_is_in_that_half() {
    let sandbox = filled(300);
    let path = sandbox.database_path();
    let length = fs::metadata(&path).unwrap().len();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length / 2 / PAGE * PAGE + 100).unwrap();
    sandbox.sayso(["history", "recover"]).run().assert_exit(0).assert_stderr_has(&["could not be read"]);
    let messages = sandbox.sayso(["history", "sql", "SELECT count(*) FROM messages", "--format", "tsv"]).run().stdout();
    let count: i64 = messages.lines().nth(1).unwrap().parse().unwrap();
    assert!((100..600).contains(&count), "{count}");
    sandbox.assert_database_is_sound();
}

#[test]
fn what_is_only_in_the_wal_is_recovered_with_it() {
    let sandbox = filled(10);
    let server = ModelServer::start([Reply::answer(&["in the wal"])]);
    let asking = Sandbox::for_server(&server);
    fs::create_dir_all(asking.data_folder()).unwrap();
    fs::copy(sandbox.database_path(), asking.database_path()).unwrap();
    asking.ask_once(["hi"]).run().assert_exit(0);
    let mut wal = String::new();
    fs::File::open(format!("{}-wal", asking.database_path().display()))
        .unwrap()
        .take(1)
        .read_to_string(&mut wal)
        .unwrap_or(1);
    let pages = fs::metadata(asking.database_path()).unwrap().len() / PAGE;
    overwrite(&asking.database_path(), pages - 2, 0xA5);
    let damaged = asking.database_path().display().to_string();
    let other = Sandbox::new();
    other.sayso(["history", "recover", &damaged]).run().assert_exit(0);
    let found = other
        .sayso(["history", "sql", "SELECT text FROM messages WHERE text = 'in the wal'", "--format", "tsv"])
        .run()
        .stdout();
    assert_eq!(found, "text\nin the wal\n");
}

#[test]
fn what_a_chat_has_set_aside_comes_back() {
    let sandbox = filled(50);
    let before = exported(&sandbox);
    overwrite(&sandbox.database_path(), 0, 0);
    let server = ModelServer::start([Reply::answer(&["on"])]);
    let config = crate::support::TestConfig::for_server(&server);
    let sandbox = sandbox.config(&config);
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("on\n").assert_stderr_has(&["it was moved to"]);
    sandbox
        .sayso(["history", "recover"])
        .run()
        .assert_exit(0)
        .assert_stderr_has(&["recovered 50 conversations and 100 messages"]);
    assert_eq!(sandbox.conversation_count(), 51);
    assert!(exported(&sandbox).starts_with(&before), "the one that was begun since was used last");
}

/// All rows of a table or view that people ask for in SQL.
fn table(sandbox: &Sandbox, query: &str) -> Vec<Vec<String>> {
    let database = Connection::open(sandbox.database_path()).unwrap();
    let mut statement = database.prepare(query).unwrap();
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        (0..columns).map(|column| row.get_ref(column).map(|value| format!("{value:?}"))).collect()
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_stands_beside_the_conversations_comes_back_too() {
    let answer = |text: &str| Reply::sse().role().text(text).finish("stop").usage(40, 2).done().end();
    let server = ModelServer::start([answer("{\"n\": 7}"), answer("gone")]);
    let config = crate::support::TestConfig::for_server(&server).set("budget.per_day_tokens", 100_000);
    let sandbox = Sandbox::new().config(&config);
    let once = || sandbox.ask_once(["--once", "key", "--schema", "n int", "hi"]).run().assert_exit(0).stdout();
    let answer = once();
    sandbox.ask_once(["--session", "gone", "bye"]).run().assert_exit(0);
    let database = Connection::open(sandbox.database_path()).unwrap();
    // Sums outlive what they have counted.
    database
        .execute_batch(
            "INSERT INTO daily_usage (day, model, replies) VALUES ('2020-01-01', 'old', 3);
             INSERT INTO turn_sums (conversation, day, model, tool, turns) VALUES ('', '2020-01-01', 'old', '', 3);
             INSERT INTO prompt_history (created_ms, text) VALUES (1, 'first'), (2, 'second')",
        )
        .unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(database);
    let beside = [
        "SELECT text FROM prompt_history ORDER BY number",
        "SELECT kind, key, at_ms FROM kept_answer",
        "SELECT name, json FROM matched_answer JOIN answer_schema ON number = schema",
        "SELECT * FROM daily_usage",
        "SELECT * FROM turn_sums ORDER BY conversation, tool",
        "SELECT * FROM spending",
    ];
    let all = || beside.map(|query| table(&sandbox, query));
    let before = all();
    assert!(before.iter().all(|rows| !rows.is_empty()), "{before:?}");
    overwrite(&sandbox.database_path(), 0, 0);
    for _ in 0..2 {
        sandbox.sayso(["history", "recover"]).run().assert_exit(0).assert_stderr_has(&["recovered"]);
        assert_eq!(all(), before);
    }
    assert_eq!(once(), answer);
    assert_eq!(server.requests().len(), 2, "the answer is given again without a request");
    // Lines that were typed since stay the last ones.
    let database = Connection::open(sandbox.database_path()).unwrap();
    let typed = "DELETE FROM prompt_history; INSERT INTO prompt_history (created_ms, text) VALUES (3, 'since')";
    database.execute_batch(typed).unwrap();
    let damaged = fs::read_dir(sandbox.data_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.display().to_string().contains("corrupt-"))
        .unwrap();
    sandbox.sayso(["history", "recover", &damaged.display().to_string()]).run().assert_exit(0);
    assert_eq!(
        table(&sandbox, beside[0]).concat(),
        ["first", "second", "since"].map(|text| format!("Text({:?})", text.as_bytes()))
    );
    sandbox.assert_database_is_sound();
}

#[test]
fn a_text_file_is_no_history() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.work_folder().join("text"), "x".repeat(10_000)).unwrap();
    sandbox
        .sayso(["history", "recover", "text"])
        .run()
        .assert_exit(3)
        .assert_stderr_has(&["nothing in it can be read"]);
}

#[test]
fn a_recovery_that_is_killed_can_be_begun_again() {
    if !needs("strace") {
        return;
    }
    let template = filled(300);
    let before = exported(&template);
    let whole = fs::read(template.database_path()).unwrap();
    let mut kills = 0;
    for number in (1..).step_by(if long_tests() { 1 } else { 23 }).take(if long_tests() { 200 } else { 12 }) {
        let sandbox = Sandbox::new();
        fs::create_dir_all(sandbox.data_folder()).unwrap();
        fs::write(sandbox.database_path(), &whole).unwrap();
        overwrite(&sandbox.database_path(), 0, 0);
        let calls = "write,pwrite64,fdatasync,fsync,ftruncate,unlink,rename";
        let strace = Strace::new(&sandbox).inject(&format!("{calls}:signal=KILL:when={number}"));
        let killed = sandbox.sayso(["history", "recover"]).strace(&strace).run();
        kills += usize::from(killed.signal == Some(9));
        sandbox.sayso(["history", "recover"]).run();
        sandbox.assert_database_is_sound();
        assert_eq!(exported(&sandbox), before, "killed at {number}: {killed:?}");
    }
    assert!(kills > 3, "{kills} kills");
}
