//! kill -9 at every point: the prompt is never lost, and of the answer at most the last window.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{
    ModelServer, Pty, Received, Reply, Sandbox, Strace, TestConfig, Witness, long_tests, needs, wait_until,
};

const WINDOW_MS: u64 = 50;
/// The window and what a loaded machine may add to it.
const LOSS_MAX: Duration = Duration::from_millis(250);
const TOKENS: usize = 40;
const WRITES: &str = "write,pwrite64,fdatasync,fsync,ftruncate,unlink";

/// Tokens that can be told apart, one each 10 ms, then the answer to the next start.
fn server() -> ModelServer {
    let reply = (0..TOKENS).fold(Reply::sse().role(), |reply, number| reply.text(&format!("<{number}>")).sleep_ms(10));
    ModelServer::start([reply.finished(), Reply::answer(&["alive"])])
}

fn sandbox(server: &ModelServer, persist: bool) -> Sandbox {
    let config = TestConfig::for_server(server);
    Sandbox::new().config(&if persist { config.persist(WINDOW_MS, 1_000) } else { config })
}

struct Trial {
    server: ModelServer,
    sandbox: Sandbox,
    witness: Witness,
    persist: bool,
}

impl Trial {
    fn begin(persist: bool) -> Self {
        let server = server();
        let sandbox = sandbox(&server, persist);
        let witness = Witness::start(&sandbox.path(""));
        Self { server, sandbox, witness, persist }
    }
}

/// Starts again after the kill and compares what is there with what the server had sent.
fn check_after_kill(Trial { server, sandbox, witness, persist }: &Trial) {
    // From the socket to the disk it is four steps, and each can meet the slowest moment of the machine.
    let loss_max = LOSS_MAX + 4 * witness.slowest();
    let Some(request) = server.requests().first().cloned() else {
        // Killed before the request went out: nothing is promised but a history that works.
        sandbox.ask_once(["hi"]).run().assert_exit(0);
        sandbox.assert_database_is_sound();
        return;
    };
    let killed = request.client_gone_at.unwrap_or_else(Instant::now);
    // The strict server checks on the way that the conversation can be sent.
    let next = sandbox.ask_once(["-c", "next"]).run().assert_exit(0).assert_stdout("alive\n");
    let stored = sandbox.messages();
    let told = format!("{stored:#?} after {request:#?} and {next:?}");
    assert_eq!(stored.len(), 4, "{told}");
    assert_eq!((stored[0].status.as_str(), stored[0].text.as_str()), ("complete", "hi"), "{told}");
    let (status, text) = (stored[1].status.as_str(), stored[1].text.as_str());
    let sent: String = request.sent.iter().map(|(_, token)| token.as_str()).collect();
    assert!(sent.starts_with(text), "{told}");
    match status {
        "complete" => assert_eq!(text, sent, "{told}"),
        "interrupted(crash)" => {
            let kept = if *persist { text_sent_before(&request, killed, loss_max) } else { String::new() };
            assert!(text.starts_with(&kept), "{kept:?} is not all there: {told}");
        }
        _ => panic!("{told}"),
    }
    sandbox.assert_database_is_sound();
}

fn text_sent_before(request: &Received, killed: Instant, loss_max: Duration) -> String {
    killed.checked_sub(loss_max).map_or_else(String::new, |time| request.text_sent_by(time))
}

/// Kills at the system call of this number that writes to the history; false when there are not so many.
fn kill_at_write(number: usize, persist: bool) -> bool {
    let trial = Trial::begin(persist);
    let kill = format!("{WRITES}:signal=KILL:when={number}");
    let strace = Strace::new(&trial.sandbox).trace(WRITES).inject(&kill).on_history(&trial.sandbox);
    let output = trial.sandbox.ask_once(["hi"]).strace(&strace).run();
    match output.signal {
        Some(9) => {
            check_after_kill(&trial);
            true
        }
        _ => {
            output.assert_exit(0);
            false
        }
    }
}

/// The same where there is no write-ahead log: what a transaction would change is in the old journal meanwhile.
fn kill_at_write_without_wal(number: usize) -> bool {
    let trial = Trial::begin(true);
    let kill = format!("{WRITES}:signal=KILL:when={number}");
    let strace = Strace::new(&trial.sandbox).inject("mmap:error=ENODEV").inject(&kill).on_history(&trial.sandbox);
    let output = trial.sandbox.ask_once(["hi"]).strace(&strace).run();
    if output.signal == Some(9) {
        check_after_kill(&trial);
    }
    output.signal == Some(9)
}

/// Runs `check` for 1..=count on a few threads and gives how many of them were true.
fn in_parallel(count: usize, check: impl Fn(usize) -> bool + Sync) -> usize {
    let (next, hits) = (AtomicUsize::new(1), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number > count {
                        break;
                    }
                    hits.fetch_add(usize::from(check(number)), Ordering::SeqCst);
                }
            });
        }
    });
    hits.into_inner()
}

/// With the long tier the numbers are worth knowing.
fn tell(kills: usize, runs: usize) {
    let _ = writeln!(std::io::stderr(), "killed {kills} of {runs} runs");
}

#[test]
fn kill_9_at_every_write_with_persist_on_loses_at_most_the_window() {
    if !needs("strace") {
        return;
    }
    let count = if long_tests() { 250 } else { 90 };
    let kills = in_parallel(count, |number| kill_at_write(number, true));
    tell(kills, count);
    assert!(kills >= 10, "only {kills} of {count} runs were killed: does strace see the writes?");
}

#[test]
fn kill_9_at_every_write_without_a_wal_loses_at_most_the_window() {
    if !needs("strace") {
        return;
    }
    // Most writes of so small a history are those of making it: the later ones count as well.
    let (count, step) = if long_tests() { (700, 2) } else { (48, 4) };
    let kills = in_parallel(count, |number| kill_at_write_without_wal(number * step));
    tell(kills, count);
    assert!(kills >= 10, "only {kills} of {count} runs were killed: does strace see the writes?");
}

#[test]
fn kill_9_at_every_write_with_persist_off_keeps_the_prompt() {
    if !needs("strace") {
        return;
    }
    let count = if long_tests() { 150 } else { 40 };
    let kills = in_parallel(count, |number| kill_at_write(number, false));
    tell(kills, count);
    assert!(kills >= 5, "only {kills} of {count} runs were killed: does strace see the writes?");
}

fn kill_after_token(token: usize, persist: bool) {
    let trial = Trial::begin(persist);
    let running = trial.sandbox.ask_once(["hi"]).spawn();
    trial.server.wait_for_sent(&format!("<{token}>"));
    running.signal(Signal::KILL);
    assert_eq!(running.wait().signal, Some(9));
    trial.server.wait_for_client_gone();
    check_after_kill(&trial);
}

#[test]
fn kill_9_at_any_moment_with_persist_on_loses_at_most_the_window() {
    let count = if long_tests() { 50 } else { 8 };
    in_parallel(count, |number| {
        kill_after_token(number * 17 % (TOKENS - 1), true);
        true
    });
}

/// Kills so long after the start; false where the run had ended by then.
fn kill_after(delay: Duration, persist: bool) -> bool {
    let trial = Trial::begin(persist);
    let running = trial.sandbox.ask_once(["hi"]).spawn();
    thread::sleep(delay);
    running.signal(Signal::KILL);
    let is_killed = running.wait().signal == Some(9);
    wait_until_noticed(&trial.server);
    check_after_kill(&trial);
    is_killed
}

/// Kills the prompt so long after a question was sent.
fn kill_prompt_after(delay: Duration, persist: bool) {
    let trial = Trial::begin(persist);
    let mut pty = Pty::start(trial.sandbox.sayso(["chat"]), 24, 80);
    pty.wait_for_text("test>");
    pty.send("hi\r");
    thread::sleep(delay);
    pty.signal(Signal::KILL);
    pty.wait_for_exit();
    wait_until_noticed(&trial.server);
    check_after_kill(&trial);
}

/// A run takes half a second, and longer on a loaded machine.
fn random_moment(number: usize) -> Duration {
    const RUN_MS: u64 = 700;
    let random = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    Duration::from_micros(random % (RUN_MS * 1_000))
}

fn wait_until_noticed(server: &ModelServer) {
    let last = format!("<{}>", TOKENS - 1);
    wait_until("the server to notice, or to have sent everything", || {
        server.requests().first().is_none_or(|request| {
            request.client_gone_at.is_some() || request.sent.iter().any(|(_, token)| *token == last)
        })
    });
}

#[test]
fn kill_9_at_random_moments_loses_at_most_the_window() {
    let count = if long_tests() { 1_000 } else { 200 };
    let kills = in_parallel(count, |number| kill_after(random_moment(number), number % 4 > 0));
    tell(kills, count);
    assert!(kills >= count / 3, "only {kills} of {count} runs were killed");
}

#[test]
fn kill_9_of_the_prompt_at_random_moments_loses_at_most_the_window() {
    let count = if long_tests() { 400 } else { 100 };
    in_parallel(count, |number| {
        kill_prompt_after(random_moment(number), number % 4 > 0);
        true
    });
}

#[test]
fn kill_9_with_persist_off_keeps_the_prompt_and_marks_the_answer() {
    for token in [0, 20] {
        let server = server();
        let sandbox = sandbox(&server, false);
        let running = sandbox.ask_once(["hi"]).spawn();
        server.wait_for_sent(&format!("<{token}>"));
        running.signal(Signal::KILL);
        running.wait();
        sandbox.ask_once(["next", "--session", "other"]).run().assert_exit(0);
        let stored = sandbox.messages();
        assert_eq!(stored.len(), 2, "{stored:#?}");
        let output = sandbox.sayso(["history", "list", "--format", "json"]).run().assert_exit(0);
        let list: serde_json::Value = serde_json::from_slice(&output.stdout_bytes).unwrap();
        let first = list[1]["id"].as_str().unwrap_or_else(|| panic!("{list:#}"));
        let crashed = sandbox.messages_of(first);
        let crashed: Vec<_> = crashed.iter().map(|m| (m.role.as_str(), m.status.as_str(), m.text.as_str())).collect();
        assert_eq!(crashed, [("user", "complete", "hi"), ("assistant", "interrupted(crash)", "")]);
    }
}

#[test]
fn kill_9_after_the_answer_loses_nothing() {
    for persist in [true, false] {
        let server = ModelServer::start([Reply::answer(&["Hel", "lo"])]);
        let sandbox = sandbox(&server, persist);
        // The prompt of the next command is the proof that the first one has ended.
        sandbox.ask_once(["hi"]).run().assert_exit(0);
        sandbox.assert_turn("complete", "Hello");
        sandbox.assert_database_is_sound();
    }
}

#[test]
fn an_import_that_is_killed_can_be_begun_again() {
    if !needs("strace") {
        return;
    }
    let line = |number: usize| {
        let text = "words ".repeat(200);
        format!(
            "{{\"id\":\"C{number}\",\"messages\":[{{\"id\":\"Q{number}\",\"role\":\"user\",\"text\":\"{text}\"}},{{\"id\":\"A{number}\",\"parent\":\"Q{number}\",\"role\":\"assistant\",\"text\":\"{text}\"}}]}}\n"
        )
    };
    let text: String = (0..400).map(line).collect();
    let import = |sandbox: &Sandbox| sandbox.sayso(["history", "import", "-"]).stdin(&text);
    let whole = Sandbox::new();
    import(&whole).run().assert_exit(0);
    let exported =
        |sandbox: &Sandbox| sandbox.sayso(["history", "export", "--format", "jsonl"]).run().assert_exit(0).stdout();
    let expected = exported(&whole);
    let (count, step) = if long_tests() { (400, 1) } else { (10, 31) };
    let kills = in_parallel(count, |number| {
        let sandbox = Sandbox::new();
        let strace =
            Strace::new(&sandbox).inject(&format!("{WRITES}:signal=KILL:when={}", number * step)).on_history(&sandbox);
        let killed = import(&sandbox).strace(&strace).run();
        import(&sandbox).run().assert_exit(0);
        sandbox.assert_database_is_sound();
        assert_eq!(exported(&sandbox), expected, "killed at {}", number * step);
        killed.signal == Some(9)
    });
    assert!(kills >= 3, "{kills} kills");
}

#[test]
fn an_older_file_whose_migration_is_killed_is_as_it_was_or_brought_up() {
    if !needs("strace") {
        return;
    }
    const OLD: [&str; 2] = [
        include_str!("../../src/history/migrations/0001_initial.sql"),
        include_str!("../../src/history/migrations/0002_index_answers_apart.sql"),
    ];
    const ROWS: &str = "INSERT INTO conversation (id, name, created_ms, used_ms, used_seq, head) VALUES ('C', 'old', 1, 1, 1, 1);
        INSERT INTO message (id, conversation, role, status, created_ms, text) VALUES ('M', 1, 'user', 'complete', 1, 'kept');
        PRAGMA user_version = 2;";
    let kills = in_parallel(if long_tests() { 60 } else { 12 }, |number| {
        let server = ModelServer::always(Reply::answer(&["Hello"]));
        let sandbox = Sandbox::for_server(&server);
        std::fs::create_dir_all(sandbox.data_folder()).unwrap();
        let old = rusqlite::Connection::open(sandbox.database_path()).unwrap();
        old.execute_batch(&format!("PRAGMA journal_mode = WAL; {} {} {ROWS}", OLD[0], OLD[1])).unwrap();
        drop(old);
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(sandbox.database_path(), private).unwrap();
        let strace = Strace::new(&sandbox).inject(&format!("{WRITES}:signal=KILL:when={number}")).on_history(&sandbox);
        let output = sandbox.ask_once(["hi"]).strace(&strace).run();
        sandbox.ask_once(["hi", "--require-history"]).run().assert_exit(0).assert_stdout("Hello\n").assert_quiet();
        sandbox.assert_database_is_sound();
        assert_eq!(sandbox.messages_of("old")[0].text, "kept");
        output.signal == Some(9)
    });
    assert!(kills >= 3, "{kills} kills");
}

#[test]
fn a_migration_that_is_killed_leaves_a_file_that_the_next_start_takes() {
    if !needs("strace") {
        return;
    }
    let kills = in_parallel(if long_tests() { 60 } else { 12 }, |number| {
        let server = ModelServer::always(Reply::answer(&["Hello"]));
        let sandbox = Sandbox::for_server(&server);
        let strace = Strace::new(&sandbox).inject(&format!("{WRITES}:signal=KILL:when={number}")).on_history(&sandbox);
        let output = sandbox.sayso(["ask", "hi"]).strace(&strace).run();
        let next = sandbox.ask_once(["hi", "--require-history"]).run().assert_exit(0).assert_stdout("Hello\n");
        assert!(!next.stderr.contains("warning"), "{next:?}");
        sandbox.assert_database_is_sound();
        output.signal == Some(9)
    });
    assert!(kills >= 3, "{kills} kills");
}
