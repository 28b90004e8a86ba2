//! Locks of the history that are held, that do not exist, or that only some files have.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use crate::support::{Gate, ModelServer, Output, Reply, Sandbox, Strace, TestConfig, needs};

/// The wait for a lock that somebody holds.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Who waits for a lock tries it again about 60 times meanwhile.
const TRIES_MAX: usize = 40;

fn answering() -> ModelServer {
    ModelServer::always(Reply::answer(&["Hel", "lo"]))
}

fn warnings(output: &Output) -> Vec<String> {
    output.stderr.lines().filter(|line| line.starts_with("warning: ")).map(str::to_owned).collect()
}

fn journal_mode(sandbox: &Sandbox) -> String {
    // Of the file: the byte that says which version of SQLite may write it.
    let bytes = fs::read(sandbox.database_path()).unwrap();
    if bytes[18] == 2 { "wal".to_owned() } else { "delete".to_owned() }
}

fn all_files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let mut files: Vec<_> = ["", "-wal", "-shm", "-journal", "-probe", "-probe-wal", "-probe-shm"]
        .map(|suffix| sandbox.history_file(suffix))
        .to_vec();
    files.push(sandbox.writers_lock());
    files
}

fn shared_memory(sandbox: &Sandbox) -> Vec<PathBuf> {
    ["-shm", "-probe-shm"].map(|suffix| sandbox.history_file(suffix)).to_vec()
}

fn assert_did_not_wait(strace: &Strace) {
    let tries = strace.lines().iter().filter(|line| line.contains("(INJECTED)")).count();
    assert!((1..=TRIES_MAX).contains(&tries), "{tries} tries: {:#?}", strace.lines());
}

#[test]
fn once_without_a_history_that_can_be_written_hints_at_what_was_given() {
    if !needs("strace") {
        return;
    }
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    let strace = Strace::new(&sandbox).inject("fcntl:error=ENOLCK").on(&all_files(&sandbox));
    let once = |more: &[&'static str]| {
        let args = [&["--once", "key", "hi"], more].concat();
        sandbox.ask_once(args).strace(&strace).run().assert_exit(12).assert_stdout("")
    };
    let output = once(&[]).assert_stderr_has(&["error[history]", "leave out `--once`"]);
    assert!(!output.stderr.contains("--require-history"), "{output:?}");
    once(&["--require-history"]).assert_stderr_has(&["leave out `--require-history`"]);
}

#[test]
fn where_nothing_can_lock_the_history_is_off_at_once_with_one_warning() {
    if !needs("strace") {
        return;
    }
    for is_used in [false, true] {
        let server = answering();
        let sandbox = Sandbox::for_server(&server);
        if is_used {
            sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
        }
        let strace = Strace::new(&sandbox).inject("fcntl:error=ENOLCK").on(&all_files(&sandbox));
        let output = sandbox.ask_once(["hi"]).strace(&strace).run().assert_exit(0).assert_stdout("Hello\n");
        let told = warnings(&output);
        assert!(told.len() == 1 && told[0].contains("history off") && told[0].contains("no locks"), "{output:?}");
        assert_did_not_wait(&strace);
        sandbox.ask_once(["hi", "--require-history"]).strace(&strace).run().assert_exit(12);
        assert_did_not_wait(&strace);
        // Nobody writes there, so it can be read without locks.
        let list = sandbox.sayso(["history", "list", "--format", "json"]).strace(&strace).run().assert_exit(0);
        assert_eq!(list.stdout().matches("\"hi\"").count(), usize::from(is_used), "{list:?}");
        assert_did_not_wait(&strace);
        sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
        sandbox.assert_turn("complete", "Hello");
    }
}

/// Without a WAL all is kept too; one warning says so at each start, and the file goes back to the WAL by itself.
fn assert_works_without_wal(fault: &str) {
    for is_used in [false, true] {
        let server = answering();
        let sandbox = Sandbox::for_server(&server);
        if is_used {
            sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
            assert_eq!(journal_mode(&sandbox), "wal");
        }
        let strace = Strace::new(&sandbox).inject(fault).on(&shared_memory(&sandbox));
        for _ in 0..2 {
            let output = sandbox.ask_once(["hi", "--require-history"]).strace(&strace).run();
            let output = output.assert_exit(0).assert_stdout("Hello\n");
            let told = warnings(&output);
            assert!(told.len() == 1 && told[0].contains("WAL"), "{output:?}");
            assert_did_not_wait(&strace);
            assert_eq!(journal_mode(&sandbox), "delete");
            let shown = sandbox.sayso(["history", "show", "--format", "json"]).strace(&strace).run().assert_exit(0);
            assert!(shown.stdout().contains("Hello"), "{shown:?}");
        }
        sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
        assert_eq!(journal_mode(&sandbox), "wal");
        assert_eq!(sandbox.conversation_count(), 3 + usize::from(is_used));
        sandbox.assert_database_is_sound();
        assert!(!sandbox.history_file("-probe").exists());
    }
}

#[test]
fn without_shared_memory_the_old_journal_is_used_with_one_warning() {
    if needs("strace") {
        assert_works_without_wal("mmap:error=ENODEV");
    }
}

#[test]
fn without_locks_on_the_shared_memory_the_old_journal_is_used_with_one_warning() {
    if needs("strace") {
        assert_works_without_wal("fcntl:error=ENOLCK");
    }
}

#[test]
fn without_a_wal_every_commit_is_synced() {
    if !needs("strace") {
        return;
    }
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    let without_wal = || Strace::new(&sandbox).inject("mmap:error=ENODEV").on(&shared_memory(&sandbox));
    sandbox.ask_once(["hi"]).strace(&without_wal()).run().assert_exit(0);
    let strace =
        without_wal().trace("mmap,fdatasync,fsync").on(&[sandbox.database_path(), sandbox.history_file("-journal")]);
    sandbox.ask_once(["hi"]).strace(&strace).run().assert_exit(0).assert_stdout("Hello\n");
    let syncs = strace.count("fdatasync", "history.db") + strace.count("fsync", "history.db");
    // One for the prompt, one for the answer.
    assert!(syncs == 2, "{:#?}", strace.lines());
}

#[test]
fn many_processes_without_a_wal_keep_all() {
    if !needs("strace") {
        return;
    }
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    let start = |number: usize| {
        let strace = Strace::logging_to(sandbox.path(&format!("strace-{number}.log")));
        let strace = strace.inject("mmap:error=ENODEV").on(&shared_memory(&sandbox));
        sandbox.ask_once(["hi", "--require-history"]).strace(&strace).spawn()
    };
    let running: Vec<_> = (0..12).map(start).collect();
    for process in running {
        process.wait().assert_exit(0).assert_stdout("Hello\n");
    }
    assert_eq!(sandbox.conversation_count(), 12);
    sandbox.assert_database_is_sound();
}

#[test]
fn a_turn_to_write_that_does_not_come_holds_no_token() {
    let gate = Gate::default();
    let reply = (0..50).fold(Reply::sse().text("go").wait_for(&gate), |reply, _| reply.text("x").sleep_ms(5));
    let server = ModelServer::start([reply.finished()]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(20, 8));
    let running = sandbox.ask_once(["hi"]).spawn();
    running.wait_for_stdout("go");
    let first_in_line = File::options().write(true).open(sandbox.writers_lock()).unwrap();
    first_in_line.lock().unwrap();
    gate.open();
    // All of it is shown while nothing of it can be written.
    running.wait_for_stdout(&format!("go{}", "x".repeat(50)));
    drop(first_in_line);
    running.wait().assert_exit(0).assert_quiet();
    sandbox.assert_turn("complete", &format!("go{}", "x".repeat(50)));
}

#[test]
fn a_lock_whose_holder_gets_on_is_waited_for() {
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
    let wal = File::options().append(true).open(sandbox.history_file("-wal")).unwrap();
    let holder = Connection::open(sandbox.database_path()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let running = sandbox.ask_once(["hi", "--require-history"]).spawn();
    // Longer than a lock is waited for whose holder does nothing.
    for second in 1..=14 {
        std::thread::sleep(LOCK_WAIT / 10);
        wal.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(second)).unwrap();
    }
    holder.execute_batch("COMMIT").unwrap();
    running.wait().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    assert_eq!(sandbox.conversation_count(), 2);
}

/// A sandbox that keeps its history where this path leads.
fn with_history_at(server: &ModelServer, path: &Path) -> Sandbox {
    let config = TestConfig::for_server(server).set("chat.storage.persistence.db_path", path.to_str().unwrap());
    Sandbox::new().config(&config)
}

#[test]
fn a_running_answer_lives_for_those_who_come_over_a_link_too() {
    let gate = Gate::default();
    let running = ModelServer::always(Reply::sse().role().text("Hel").wait_for(&gate).text("lo").finished());
    let sandbox = Sandbox::for_server(&running);
    let asking = sandbox.ask_once(["hi"]).spawn();
    asking.wait_for_stdout("Hel");
    let link = sandbox.path("link.db");
    symlink(sandbox.database_path(), &link).unwrap();
    let server = answering();
    let other = with_history_at(&server, &link);
    other.ask_once(["other"]).run().assert_exit(0).assert_quiet();
    let statuses = ["history", "sql", "SELECT count(*) FROM messages WHERE status = 'streaming'", "--format", "tsv"];
    assert_eq!(other.sayso(statuses).run().stdout(), "count(*)\n1\n");
    gate.open();
    asking.wait().assert_exit(0).assert_quiet();
    assert!(!sandbox.path("locks").exists(), "the locks stand beside the file, not beside the link");
}

#[test]
fn a_link_that_leads_nowhere_is_told() {
    let server = answering();
    let place = Sandbox::new();
    let (link, gone) = (place.path("link.db"), place.path("gone/history.db"));
    symlink(&gone, &link).unwrap();
    let sandbox = with_history_at(&server, &link);
    let told = ["is a symbolic link to", "gone/history.db, which is not there", "remove the link"];
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n").assert_stderr_has(&told);
    sandbox.sayso(["history", "list"]).run().assert_exit(3).assert_stderr_has(&told);
    // Where only the file is missing, it is made.
    fs::create_dir(place.path("gone")).unwrap();
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    assert!(gone.exists());
    assert_eq!(sandbox.conversation_count(), 1);
}
