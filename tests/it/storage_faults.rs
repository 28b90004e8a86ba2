//! What happens when the history cannot be written or read: the answer streams on, and nothing that was kept is lost.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::repl::{start, wait_for_end};
use crate::support::{AT_ONCE, Gate, ModelServer, Output, Reply, Run, Sandbox, Strace, TestConfig, long_tests, needs};

const WRITES: &str = "write,pwrite64";

fn answering() -> ModelServer {
    ModelServer::always(Reply::answer(&["Hel", "lo"]))
}

/// A sandbox with a history in which one answer is, all of it in the one file.
fn used(server: &ModelServer) -> Sandbox {
    let sandbox = Sandbox::for_server(server);
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
    let database = Connection::open(sandbox.database_path()).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(database);
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", sandbox.database_path().display()));
    }
    sandbox
}

/// The answer came and one warning names the history; `--require-history` makes it exit 12.
#[track_caller]
fn assert_warned(wrap: impl Fn(Run) -> Run, sandbox: &Sandbox) -> Output {
    let output = wrap(sandbox.ask_once(["hi"])).run().assert_exit(0).assert_stdout("Hello\n");
    let is_warning = |line: &&str| line.starts_with("warning: ") && line.contains("history");
    let warnings = output.stderr.lines().filter(is_warning).count();
    assert_eq!(warnings, 1, "{output:?}");
    wrap(sandbox.ask_once(["hi", "--require-history"])).run().assert_exit(12);
    output
}

#[test]
fn enospc_at_any_write_lets_the_answer_through() {
    if !needs("strace") {
        return;
    }
    for first in [1, 2, 5, 9, 14] {
        let server = answering();
        let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(10, 1));
        let strace = Strace::new(&sandbox).inject(&format!("{WRITES}:error=ENOSPC:when={first}+")).on_history(&sandbox);
        let output = sandbox.ask_once(["hi"]).strace(&strace).run().assert_exit(0).assert_stdout("Hello\n");
        assert!(output.stderr.contains("history"), "write {first}: {output:?}");
        sandbox.ask_once(["hi", "--require-history"]).strace(&strace).run().assert_exit(12);
        sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
        sandbox.assert_database_is_sound();
    }
}

/// One call on the files of the history fails, or all from there on: the answer comes, the
/// exit code is right, and the next run finds a history in order.
fn fail_at(calls: &str, error: &str, when: &str) {
    let server = answering();
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(10, 1));
    sandbox.ask_once(["before"]).run().assert_exit(0);
    let strace = Strace::new(&sandbox).inject(&format!("{calls}:error={error}:when={when}")).on_history(&sandbox);
    let output = sandbox.ask_once(["hi"]).strace(&strace).run();
    let told = format!("{calls} {error} {when}: {output:?}");
    assert_eq!((output.code, output.stdout().as_str()), (Some(0), "Hello\n"), "{told}");
    assert!(!output.stderr.contains("panic") && !output.stderr.contains("error["), "{told}");
    let strict = sandbox.ask_once(["hi", "--require-history"]).strace(&strace).run();
    // What cannot be saved at all is not asked.
    let is_answered = strict.stdout() == "Hello\n" || (strict.code == Some(12) && strict.stdout().is_empty());
    assert!(matches!(strict.code, Some(0 | 12)) && is_answered, "{told} {strict:?}");
    sandbox.assert_database_is_sound();
    let stored = |count| sandbox.conversation_count() >= count;
    assert!(stored(if strict.code == Some(0) { 2 } else { 1 }), "{told}: what was said to be saved is there");
    sandbox.ask_once(["after"]).run().assert_exit(0).assert_stdout("Hello\n");
    sandbox.assert_database_is_sound();
}

#[test]
fn every_write_sync_and_open_fails_once_and_for_ever() {
    if !needs("strace") {
        return;
    }
    let (deep, step) = if long_tests() { (40, 1) } else { (13, 6) };
    for calls in ["write,pwrite64", "fdatasync,fsync", "openat"] {
        for error in ["EIO", "ENOSPC", "EDQUOT", "EINTR"] {
            for number in (1..=deep).step_by(step) {
                fail_at(calls, error, &number.to_string());
                // A call that is interrupted for ever is a process that is stopped.
                let for_ever =
                    if error == "EINTR" { format!("{number}..{}", number + 20) } else { format!("{number}+") };
                fail_at(calls, error, &for_ever);
            }
        }
    }
}

#[test]
fn enospc_that_passes_loses_nothing() {
    if !needs("strace") {
        return;
    }
    let server = answering();
    let sandbox = used(&server);
    let strace = Strace::new(&sandbox).inject(&format!("{WRITES}:error=ENOSPC:when=1")).on_history(&sandbox);
    sandbox.ask_once(["hi"]).strace(&strace).run().assert_exit(0).assert_stdout("Hello\n");
    sandbox.assert_turn("complete", "Hello");
    assert_eq!(sandbox.conversation_count(), 2);
}

#[test]
fn a_full_file_system_lets_the_answer_through() {
    if !needs("unshare") {
        return;
    }
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    fs::create_dir(sandbox.data_folder()).unwrap();
    let script = format!("mount -t tmpfs -o size=16k tmpfs '{}' && exec \"$@\"", sandbox.data_folder().display());
    assert_warned(|run| run.shell(&script).under(["unshare", "-rm"]), &sandbox);
}

#[test]
fn eio_lets_the_answer_through_and_is_never_called_saved() {
    if !needs("strace") {
        return;
    }
    for calls in ["write,pwrite64", "fdatasync,fsync", "read,pread64"] {
        let server = answering();
        let sandbox = used(&server);
        let strace = Strace::new(&sandbox).inject(&format!("{calls}:error=EIO:when=1+")).on_history(&sandbox);
        assert_warned(|run| run.strace(&strace), &sandbox);
        sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
        sandbox.assert_database_is_sound();
    }
}

#[test]
fn a_read_only_mount_is_told_once_and_can_be_read() {
    if !needs("unshare") {
        return;
    }
    let server = answering();
    let sandbox = used(&server);
    let folder = sandbox.data_folder();
    let folder = folder.display();
    let script = format!("mount --bind '{folder}' '{folder}' && mount -o remount,bind,ro '{folder}' && exec \"$@\"");
    let read_only = |run: Run| run.shell(&script).under(["unshare", "-rm"]);
    assert_warned(read_only, &sandbox).assert_stderr_has(&["read-only"]);
    let shown = read_only(sandbox.sayso(["history", "show", "--format", "json"])).run().assert_exit(0);
    assert!(shown.stdout().contains("Hello"), "{shown:#?}");
}

#[test]
fn a_data_folder_that_is_a_file_lets_the_answer_through() {
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    fs::write(sandbox.data_folder(), "not a folder").unwrap();
    assert_warned(|run| run, &sandbox);
}

#[test]
fn a_lock_that_stays_delays_nothing_and_is_told() {
    let server = answering();
    let sandbox = used(&server);
    let lock = Connection::open(sandbox.database_path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let output = sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n");
    assert!(output.elapsed < AT_ONCE, "{output:?}");
    assert!(output.stderr.contains("history"), "{output:?}");
    sandbox.ask_once(["hi", "--require-history"]).run().assert_exit(12);
    drop(lock);
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
}

#[test]
fn a_lock_in_the_middle_of_an_answer_does_not_hold_its_tokens() {
    let gate = Gate::default();
    let reply = (0..50).fold(Reply::sse().text("go").wait_for(&gate), |reply, _| reply.text("x").sleep_ms(10));
    let server = ModelServer::start([reply.finished()]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(20, 8));
    let running = sandbox.ask_once(["hi", "--format", "jsonl"]).spawn();
    running.wait_for_stdout("\"go\"");
    let lock = Connection::open(sandbox.database_path()).unwrap();
    lock.busy_timeout(Duration::from_secs(5)).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    gate.open();
    server.wait_for_sent(&"x".repeat(50));
    lock.execute_batch("COMMIT").unwrap();
    let output = running.wait().assert_exit(0).assert_quiet();
    let gap_ms = output.result()["timing"]["gap_p99_ms"].as_f64().unwrap();
    assert!(gap_ms < 200.0, "{gap_ms} ms");
    sandbox.assert_turn("complete", &format!("go{}", "x".repeat(50)));
}

#[test]
fn two_writers_at_once_keep_all_and_in_order() {
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    std::thread::scope(|scope| {
        for name in ["one", "two"] {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for number in 0..6 {
                    let prompt = format!("{name} {number}");
                    sandbox.ask_once([&*prompt, "--session", name]).run().assert_exit(0).assert_quiet();
                }
            });
        }
    });
    for name in ["one", "two"] {
        let messages = sandbox.messages_of(name);
        let prompts: Vec<_> = messages.iter().filter(|m| m.role == "user").map(|m| m.text.clone()).collect();
        assert_eq!(prompts, (0..6).map(|number| format!("{name} {number}")).collect::<Vec<_>>());
        assert!(messages.iter().all(|message| message.status == "complete"), "{messages:#?}");
    }
}

#[test]
fn sixty_four_processes_start_at_once_on_no_database() {
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    let running: Vec<_> = (0..64).map(|_| sandbox.ask_once(["hi", "--require-history"]).spawn()).collect();
    for process in running {
        process.wait().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
    }
    assert_eq!(sandbox.conversation_count(), 64);
    sandbox.assert_database_is_sound();
}

/// Files next to the history that begin like it.
fn moved_aside(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.data_folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("history.db.corrupt-")).collect()
}

/// Spoils the database with `spoil`; the next start must move it aside, whole, and go on with a new one.
#[track_caller]
fn assert_moved_aside(what: &str, spoil: impl Fn(&mut Vec<u8>)) {
    let server = answering();
    let sandbox = used(&server);
    let path = sandbox.database_path();
    let mut bytes = fs::read(&path).unwrap();
    spoil(&mut bytes);
    fs::write(&path, &bytes).unwrap();
    let output = sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n");
    let aside = moved_aside(&sandbox);
    let aside: Vec<_> = aside.iter().filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm")).collect();
    assert_eq!(aside.len(), 1, "{what}: {output:?}");
    output.assert_stderr_has(&[aside[0]]);
    let kept = sandbox.data_folder().join(aside[0]);
    assert!(fs::read(&kept).unwrap() == bytes, "{what}: the bytes have changed");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600, "{what}");
    sandbox.assert_database_is_sound();
    sandbox.assert_turn("complete", "Hello");
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
    assert_eq!(sandbox.conversation_count(), 2, "{what}");
}

#[test]
fn a_corrupt_header_is_moved_aside() {
    assert_moved_aside("header", |bytes| bytes[..100].fill(0xa5));
}

#[test]
fn a_text_file_is_moved_aside() {
    assert_moved_aside("text", |bytes| *bytes = b"this is a shopping list, not a database\n".repeat(200));
}

#[test]
fn a_truncated_database_is_moved_aside() {
    assert_moved_aside("truncated", |bytes| bytes.truncate(4_096 + 100));
}

#[test]
fn corrupt_pages_are_moved_aside() {
    assert_moved_aside("pages", |bytes| bytes[100..].fill(0x5a));
}

#[test]
fn an_empty_file_is_a_new_database() {
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    fs::create_dir(sandbox.data_folder()).unwrap();
    fs::write(sandbox.database_path(), "").unwrap();
    fs::set_permissions(sandbox.database_path(), fs::Permissions::from_mode(0o600)).unwrap();
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_quiet();
    sandbox.assert_turn("complete", "Hello");
}

#[test]
fn random_damage_never_stops_the_answer() {
    let server = answering();
    let source = used(&server);
    let bytes = fs::read(source.database_path()).unwrap();
    let rounds = if crate::support::long_tests() { 500 } else { 20 };
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..rounds {
        let sandbox = Sandbox::for_server(&server);
        let mut damaged = bytes.clone();
        for _ in 0..8 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let at = usize::try_from(random % damaged.len() as u64).unwrap();
            damaged[at] ^= 1 << (random >> 60 & 7);
        }
        fs::create_dir(sandbox.data_folder()).unwrap();
        fs::write(sandbox.database_path(), damaged).unwrap();
        let output = sandbox.ask_once(["hi"]).run();
        let output = output.assert_exit(0);
        assert_eq!(output.stdout(), "Hello\n", "round {round}: {output:?}");
    }
}

#[test]
fn a_newer_schema_is_left_alone() {
    let server = answering();
    let sandbox = used(&server);
    Connection::open(sandbox.database_path()).unwrap().execute_batch("PRAGMA user_version = 999").unwrap();
    let before = fs::read(sandbox.database_path()).unwrap();
    assert_warned(|run| run, &sandbox);
    assert!(fs::read(sandbox.database_path()).unwrap() == before, "the file has changed");
    assert_eq!(moved_aside(&sandbox), [""; 0]);
}

#[test]
fn a_slow_disk_does_not_slow_the_tokens() {
    if !needs("strace") {
        return;
    }
    let reply = (0..60).fold(Reply::sse(), |reply, _| reply.text("word ").sleep_ms(10)).finished();
    let server = ModelServer::start([reply]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(20, 8));
    let strace = Strace::new(&sandbox).inject("fdatasync,fsync:delay_enter=400000").on_history(&sandbox);
    let output = sandbox.ask_once(["hi", "--format", "json"]).strace(&strace).run().assert_exit(0);
    let gap_ms = output.result()["timing"]["gap_p99_ms"].as_f64().unwrap();
    assert!(gap_ms < 200.0, "{gap_ms} ms between tokens");
    sandbox.assert_turn("complete", &"word ".repeat(60));
}

#[test]
fn a_stuck_disk_does_not_keep_anybody_from_typing() {
    if !needs("strace") {
        return;
    }
    let server = answering();
    let sandbox = Sandbox::for_server(&server);
    // Longer than anything is waited for here: what depends on the disk never comes.
    let strace = Strace::new(&sandbox).inject("fdatasync,fsync:delay_enter=60000000").on_history(&sandbox);
    let mut pty = start(sandbox.sayso(["chat"]).strace(&strace), "test>");
    pty.send("hello wrld");
    wait_for_end(&pty, &["test> hello wrld"]);
    pty.send("\x1b[D\x1b[D\x1b[Do");
    wait_for_end(&pty, &["test> hello world"]);
    assert!(server.requests().is_empty());
}

/// Streams half an answer, lets `change` at the files of the history, streams the rest.
fn with_a_change_in_between(change: impl Fn(&Path)) -> (Sandbox, Output) {
    let gate = Gate::default();
    let server = ModelServer::start([Reply::sse().text("Hel").wait_for(&gate).text("lo").finished()]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(20, 1));
    let running = sandbox.ask_once(["hi"]).spawn();
    running.wait_for_stdout("Hel");
    change(&sandbox.database_path());
    gate.open();
    let output = running.wait().assert_exit(0).assert_stdout("Hello\n");
    (sandbox, output)
}

fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
    }
}

#[test]
fn a_database_that_is_deleted_while_an_answer_streams_is_made_again() {
    let (sandbox, output) = with_a_change_in_between(remove);
    assert!(output.stderr.contains("history"), "{output:?}");
    sandbox.assert_turn("complete", "Hello");
    sandbox.assert_database_is_sound();
}

#[test]
fn a_database_that_is_replaced_while_an_answer_streams_gets_the_conversation() {
    let other_server = answering();
    let other = used(&other_server);
    let (sandbox, output) = with_a_change_in_between(|path| {
        remove(path);
        fs::copy(other.database_path(), path).unwrap();
    });
    assert!(output.stderr.contains("history"), "{output:?}");
    sandbox.assert_turn("complete", "Hello");
    assert_eq!(sandbox.conversation_count(), 2);
    sandbox.assert_database_is_sound();
}

#[test]
fn files_are_0600_and_folders_0700_whatever_the_umask() {
    let gate = Gate::default();
    let server = ModelServer::start([Reply::sse().text("Hel").wait_for(&gate).text("lo").finished()]);
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(20, 1));
    let running = sandbox.ask_once(["hi"]).shell("umask 000; exec \"$@\"").spawn();
    running.wait_for_stdout("Hel");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut modes: Vec<(String, u32)> = fs::read_dir(sandbox.data_folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), mode(&entry.path())))
        .collect();
    modes.sort();
    gate.open();
    running.wait().assert_exit(0).assert_quiet();
    assert!(modes.iter().any(|(name, _)| name == "history.db-wal"), "{modes:?}");
    assert!(modes.iter().all(|(_, mode)| [0o600, 0o700].contains(mode)), "{modes:?}");
    assert_eq!(mode(&sandbox.data_folder()), 0o700);
}

#[test]
fn a_history_that_others_can_read_is_told() {
    let server = answering();
    let sandbox = used(&server);
    fs::set_permissions(sandbox.database_path(), fs::Permissions::from_mode(0o644)).unwrap();
    let output = sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n");
    assert!(output.stderr.contains("history"), "{output:?}");
}

#[test]
fn a_symbolic_link_is_followed() {
    let server = answering();
    let sandbox = used(&server);
    let elsewhere = sandbox.path("elsewhere.db");
    fs::rename(sandbox.database_path(), &elsewhere).unwrap();
    symlink(&elsewhere, sandbox.database_path()).unwrap();
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout("Hello\n");
    sandbox.assert_turn("complete", "Hello");
    assert_eq!(sandbox.conversation_count(), 2);
    assert!(fs::symlink_metadata(sandbox.database_path()).unwrap().is_symlink());
    assert_eq!(fs::metadata(&elsewhere).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Commit records in the frames that were written to the write-ahead log: frame heads of 24
/// bytes whose second word, the size of the database after a commit, is not zero.
fn commits(strace: &Strace) -> usize {
    // With every byte as `\x00`, the path of the file too.
    const WAL: &str = r"\x2d\x77\x61\x6c>";
    const NO_SIZE: &str = r"\x00\x00\x00\x00";
    let heads = strace.lines().into_iter().filter(|line| line.contains(WAL) && line.contains("\", 24"));
    heads.filter(|line| line.split('"').nth(1).is_some_and(|bytes| bytes.get(16..32) != Some(NO_SIZE))).count()
}

#[test]
fn commits_are_few_and_counted_rightly() {
    if !needs("strace") {
        return;
    }
    let reply = || (0..60).fold(Reply::sse(), |reply, _| reply.text("word ").sleep_ms(10)).finished();
    for (persist, flushes) in [(true, 2..8), (false, 0..1)] {
        let server = ModelServer::start([Reply::answer(&["Hello"]), reply()]);
        let config = TestConfig::for_server(&server);
        let sandbox = Sandbox::new().config(&if persist { config.persist(200, 1_024) } else { config });
        sandbox.ask_once(["hi"]).run().assert_exit(0);
        let strace = Strace::new(&sandbox).trace(WRITES).hex(24).on_history(&sandbox);
        let output = sandbox.ask_once(["hi", "--format", "json"]).strace(&strace).run().assert_exit(0);
        let timing = output.result()["timing"].clone();
        let (counted, seen) = (timing["commits"].as_u64().unwrap(), commits(&strace) as u64);
        assert!(flushes.contains(&timing["flushes"].as_u64().unwrap()), "{timing:#}");
        // Those of deltas: not the prompt before, not the end of the reply.
        assert!(counted <= seen && seen <= counted + 4, "{seen} commits in the log: {timing:#}");
        assert!(seen >= 2, "no commits seen: {:?}", strace.lines());
    }
}
