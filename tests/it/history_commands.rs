//! `sayso history` by the real binary: lists, searches, trees, changes, and which conversation `-c` means.

use std::fs;

use serde_json::Value;

use crate::repl::{start, wait_for_end};
use crate::support::{Gate, ModelServer, Output, Pty, Reply, Sandbox, Strace, needs, wait_until};

fn server() -> ModelServer {
    ModelServer::always(Reply::answer(&["An apple", " pie."]))
}

fn history<'a>(sandbox: &Sandbox, args: impl IntoIterator<Item = &'a str>) -> Output {
    sandbox.sayso(["history"].into_iter().chain(args).collect::<Vec<_>>()).run()
}

fn lines(output: &Output) -> Vec<Value> {
    output.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The names, or else the titles, of the listed conversations.
fn listed<'a>(sandbox: &Sandbox, args: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let args: Vec<_> = ["list", "--format", "jsonl"].into_iter().chain(args).collect();
    let output = history(sandbox, args).assert_exit(0);
    let label = |line: &Value| line["name"].as_str().or(line["title"].as_str()).unwrap().to_owned();
    lines(&output).iter().map(label).collect()
}

/// Conversations named trip, plans and, without a name, `what is this?`; used in this order.
fn filled(server: &ModelServer) -> Sandbox {
    let sandbox = Sandbox::for_server(server);
    for words in [&["--session", "trip", "to Rome"][..], &["--session", "plans", "for pears"], &["what is this?"]] {
        sandbox.ask_once(words.iter().copied()).run().assert_exit(0);
    }
    sandbox
}

#[test]
fn a_list_is_filtered_and_written_for_each_reader() {
    let server = server();
    let sandbox = filled(&server);
    assert_eq!(listed(&sandbox, []), ["what is this?", "plans", "trip"]);
    assert_eq!(listed(&sandbox, ["--limit", "2"]), ["what is this?", "plans"]);
    assert_eq!(listed(&sandbox, ["--limit", "1", "--offset", "1"]), ["plans"]);
    assert_eq!(listed(&sandbox, ["--offset", "2", "--status", "complete"]), ["trip"]);
    assert_eq!(listed(&sandbox, ["--offset", "3"]), Vec::<String>::new());
    assert_eq!(listed(&sandbox, ["--since", "1h", "--model", "TEST-mod", "--provider", "test"]).len(), 3);
    for none in [
        ["--since", "2999-01-01"],
        ["--since", "9999-12-31"],
        ["--since", "2999-01-01T12:00[Europe/Berlin]"],
        ["--model", "other"],
        ["--provider", "tes"],
        ["--tool", "files"],
        ["--status", "error"],
    ] {
        assert_eq!(listed(&sandbox, none), Vec::<String>::new(), "{none:?}");
    }
    let table = history(&sandbox, ["list"]).assert_exit(0).stdout();
    assert_eq!((table.lines().count(), table.starts_with("ID ")), (4, true), "{table}");
    let tsv = history(&sandbox, ["list", "--format", "tsv"]).assert_exit(0).stdout();
    assert!(tsv.lines().all(|line| line.split('\t').count() == 8), "{tsv}");
    let mistake = history(&sandbox, ["list", "--since", "soon"]).assert_exit(2);
    assert!(mistake.stderr.contains("write it as 90m, 12h, 7d"), "{mistake:?}");
}

#[test]
fn lists_know_what_was_called_and_what_was_cut_off() {
    let call = Reply::call("c1", "calc__evaluate", &serde_json::json!({"expression": "6*7"}));
    let server = ModelServer::start([call, Reply::answer(&["42"]), Reply::sse().text("half").fin()]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["--session", "sums", "6 times 7?"]).run().assert_exit(0);
    sandbox.ask_once(["--session", "cut", "and then?"]).run().assert_exit(9);
    assert_eq!(listed(&sandbox, ["--tool", "calc"]), ["sums"]);
    assert_eq!(listed(&sandbox, ["--tool", "calc/evaluate"]), ["sums"]);
    assert_eq!(listed(&sandbox, ["--tool", "calc/other"]), Vec::<String>::new());
    assert_eq!(listed(&sandbox, ["--status", "interrupted"]), ["cut"]);
    assert_eq!(listed(&sandbox, ["--status", "complete"]), ["sums"]);
    let found = history(&sandbox, ["search", "42", "--tool-output", "--format", "jsonl"]).assert_exit(0);
    let places: Vec<_> = lines(&found).iter().map(|hit| hit["found_in"].as_str().unwrap().to_owned()).collect();
    assert_eq!(places, ["text", "tool_result"]);
}

#[test]
fn a_search_shows_the_words_around_with_the_finds_marked() {
    let server = server();
    let sandbox = filled(&server);
    let output = history(&sandbox, ["search", "pear*"]).assert_exit(0);
    let stdout = output.stdout();
    assert!(stdout.starts_with("#1  plans  user · ") && stdout.ends_with("\n    for [pears]\n"), "{stdout}");
    let hits = lines(&history(&sandbox, ["search", "--format", "jsonl", "apple", "NOT", "pears"]).assert_exit(0));
    assert_eq!(hits.len(), 3);
    assert_eq!((&hits[0]["snippet"], &hits[0]["marks"][0][1]), (&"An apple pie.".into(), &8.into()));
    let none = history(&sandbox, ["search", "zebra"]).assert_exit(0);
    assert_eq!((none.stdout().as_str(), none.stderr.as_str()), ("", "nothing found\n"));
    for words in ["\"", "*", "NOT apple", "( ) ^"] {
        let output = history(&sandbox, ["search", "--", words]).assert_exit(2);
        assert!(output.stderr.starts_with("error[usage]: ") && !output.stderr.contains("fts5"), "{output:?}");
    }
    for words in
        ["apple\" OR", "text : apple", "NEAR(apple pie)", "apple^2 {x} -", "-- ; DROP TABLE message", "a\u{301}"]
    {
        history(&sandbox, ["search", "--", words]).assert_exit(0);
    }
    let pty = Pty::start(sandbox.sayso(["history", "search", "pears"]), 30, 80);
    pty.wait_for_bytes(b"for \x1b[1mpears\x1b[0m");
}

#[test]
fn what_a_model_wrote_cannot_steer_the_terminal_and_reaches_a_pipe_as_it_is() {
    let hostile = "before\x1b]0;owned\x07\x1b[2Jafter";
    let server = ModelServer::always(Reply::answer(&[hostile]));
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    assert!(history(&sandbox, ["show"]).assert_exit(0).stdout().contains(hostile));
    for args in [["show", "@1"], ["search", "owned"]] {
        let mut pty = Pty::start(sandbox.sayso(["history"].into_iter().chain(args).collect::<Vec<_>>()), 30, 80);
        pty.wait_for_text("after");
        assert_eq!(pty.wait_for_exit(), 0);
        let log = pty.log();
        assert!(!log.windows(4).any(|bytes| bytes == b"\x1b[2J" || bytes == b"\x1b]0;"), "{args:?}");
    }
}

#[test]
fn a_pager_runs_on_a_terminal_where_the_text_does_not_fit() {
    let server = server();
    let sandbox = filled(&server);
    let pager = sandbox.path("pager");
    fs::write(&pager, "#!/bin/sh\necho \"paged with $1\" >&2\nexec cat\n").unwrap();
    fs::set_permissions(&pager, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let command = format!("{} --nicely", pager.display());
    let shown = |args: &[&str], rows: u16, variable: &str| {
        let run = sandbox.sayso(["history"].iter().chain(args).copied().collect::<Vec<_>>()).env(variable, &command);
        let mut pty = Pty::start(run, rows, 100);
        // The last row: what is above it may have left the screen.
        let screen = pty.wait_for_text("trip");
        assert_eq!(pty.wait_for_exit(), 0, "{screen}");
        String::from_utf8_lossy(&pty.log()).contains("paged with --nicely")
    };
    assert!(shown(&["list"], 4, "PAGER"));
    assert!(shown(&["list"], 4, "SAYSO_PAGER"));
    assert!(!shown(&["list"], 20, "PAGER"), "it fits");
    assert!(!shown(&["list", "--no-pager"], 4, "PAGER"));
    assert!(!shown(&["list", "--format", "jsonl"], 4, "PAGER"), "for scripts");
    let piped = sandbox.sayso(["history", "list"]).env("PAGER", &command).run().assert_exit(0);
    assert!(!piped.stderr.contains("paged"), "{piped:?}");
    let run = sandbox.sayso(["history", "list"]).env("PAGER", "/nonexistent/pager");
    Pty::start(run, 4, 100).wait_for_text("trip");
    let run = sandbox.sayso(["history", "list"]).env("PAGER", "true");
    assert_eq!(Pty::start(run, 4, 100).wait_for_exit(), 0, "a pager that is left early is no failure");
}

#[test]
fn branches_and_times_are_shown() {
    let server = server();
    let sandbox = filled(&server);
    sandbox.ask_once(["--session", "trip@2", "by train"]).run().assert_exit(0);
    sandbox.ask_once(["--session", "trip@2", "by ship"]).run().assert_exit(0);
    let tree = history(&sandbox, ["show", "trip", "--tree"]).assert_exit(0).stdout();
    // Without the ids, which are 26 letters.
    let plain: Vec<String> = tree
        .lines()
        .map(|line| line.split(' ').filter(|word| word.len() != 26).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        plain,
        [
            "* user to Rome",
            "* assistant An apple pie.",
            "| o user by train",
            "| o assistant An apple pie.",
            "* user by ship",
            "* assistant An apple pie."
        ]
    );
    let values = history(&sandbox, ["show", "trip", "--tree", "--format", "json"]).assert_exit(0);
    let values: Value = serde_json::from_slice(&values.stdout_bytes).unwrap();
    let active: Vec<_> =
        values.as_array().unwrap().iter().map(|message| message["active"].as_bool().unwrap()).collect();
    assert_eq!(active, [true, true, false, false, true, true]);
    let parts = lines(&history(&sandbox, ["show", "trip", "--timeline", "--format", "jsonl"]).assert_exit(0));
    let names: Vec<_> = parts.iter().map(|part| part["part"].as_str().unwrap()).collect();
    assert_eq!(names, ["wait", "text"]);
    let bars = history(&sandbox, ["show", "trip@1", "--timeline"]).assert_exit(0).stdout();
    assert!(bars.contains(" in all\nwait  |") && bars.contains("\ntext  |"), "{bars}");
}

#[test]
fn a_conversation_is_renamed_pinned_forked_and_deleted() {
    let server = server();
    let sandbox = filled(&server);
    history(&sandbox, ["rename", "@1", "riddle"]).assert_exit(0);
    assert_eq!(listed(&sandbox, []), ["riddle", "plans", "trip"]);
    let taken = history(&sandbox, ["rename", "@1", "trip"]).assert_exit(2);
    assert!(taken.stderr.contains("has it"), "{taken:?}");
    history(&sandbox, ["rename", "@1", "trip@2"]).assert_exit(2);
    history(&sandbox, ["pin", "trip", "riddle", "trip"]).assert_exit(0);
    history(&sandbox, ["unpin", "riddle"]).assert_exit(0);
    let pinned = lines(&history(&sandbox, ["list", "--format", "jsonl"]));
    let pinned: Vec<_> = pinned.iter().map(|line| line["pinned"].as_bool().unwrap()).collect();
    assert_eq!(pinned, [false, false, true]);

    sandbox.ask_once(["--session", "trip", "more"]).run().assert_exit(0);
    let forked = history(&sandbox, ["fork", "trip@2", "detour"]).assert_exit(0).stdout();
    let texts = |name: &str| sandbox.messages_of(name).into_iter().map(|message| message.text).collect::<Vec<_>>();
    assert_eq!(texts(forked.trim()), ["to Rome", "An apple pie."]);
    assert_eq!(texts("detour"), texts(forked.trim()));
    assert_eq!(texts("trip").len(), 4);

    let refused = history(&sandbox, ["rm", "trip"]).assert_exit(2);
    refused.assert_stderr_has(&["to be deleted: ", "\"trip\" (4 messages, pinned)", "`--yes`"]);
    history(&sandbox, ["rm", "detour", "nothing", "--yes"]).assert_exit(3);
    assert_eq!(listed(&sandbox, []).len(), 4, "all of them or none");
    history(&sandbox, ["rm", "trip", "plans", "--yes"]).assert_exit(0);
    assert_eq!(listed(&sandbox, []), ["detour", "riddle"]);
    let gone = history(&sandbox, ["search", "pears"]).assert_exit(0);
    assert_eq!(gone.stdout(), "");
    sandbox.assert_database_is_sound();
}

#[test]
fn a_person_is_asked_before_anything_is_deleted() {
    let server = server();
    let sandbox = filled(&server);
    for (answer, left) in [("n\r", 3), ("\r", 3), ("y\r", 2)] {
        let mut pty = Pty::start(sandbox.sayso(["history", "rm", "plans"]), 10, 100);
        pty.wait_for_text("Delete it for ever? [y/N]");
        pty.send(answer);
        assert_eq!(pty.wait_for_exit(), 0, "{}", pty.screen());
        assert_eq!(listed(&sandbox, []).len(), left);
    }
    let mut pty = Pty::start(sandbox.sayso(["history", "rm", "trip"]), 10, 100);
    pty.wait_for_text("[y/N]");
    pty.send("\x03");
    assert_eq!(pty.wait_for_exit(), 130, "{}", pty.screen());
    assert_eq!(listed(&sandbox, []).len(), 2);
}

/// A signal that comes just while the terminal is looked at breaks off that look, and nothing is there to be read.
#[test]
fn a_signal_in_any_moment_of_a_question_ends_it() {
    if !needs("strace") {
        return;
    }
    let server = server();
    let sandbox = filled(&server);
    let strace = Strace::new(&sandbox).inject("poll,ppoll:error=EINTR:when=1").on(&["/dev/tty".into()]);
    let mut pty = Pty::start(sandbox.sayso(["history", "rm", "trip"]).strace(&strace), 10, 100);
    pty.wait_for_text("[y/N]");
    wait_until("the look at the terminal", || strace.lines().iter().any(|line| line.contains("(INJECTED)")));
    pty.send("\x03");
    assert_eq!(pty.wait_for_exit(), 130, "{}", pty.screen());
    assert_eq!(listed(&sandbox, []).len(), 3);
}

#[test]
fn a_conversation_that_is_in_use_is_not_deleted() {
    let gate = Gate::default();
    let slow = Reply::sse().text("so far").wait_for(&gate).finished();
    let server = ModelServer::start([Reply::answer(&["yes"]), slow]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["--session", "trip", "hi"]).run().assert_exit(0);
    let running = sandbox.ask_once(["--session", "trip", "more"]).spawn();
    running.wait_for_stdout("so far");
    history(&sandbox, ["rm", "trip", "--yes"]).assert_exit(3).assert_stderr_has(&["in use by another sayso"]);
    gate.open();
    running.wait().assert_exit(0);
    let mut pty = start(sandbox.sayso(["chat", "--session", "trip"]), "test>");
    pty.send("/show\r");
    wait_for_end(&pty, &["4 assistant>", "so far", "test>"]);
    history(&sandbox, ["rm", "trip", "--yes"]).assert_exit(3).assert_stderr_has(&["in use by another sayso"]);
    pty.send("\x04");
    assert_eq!(pty.wait_for_exit(), 0);
    history(&sandbox, ["rm", "trip", "--yes"]).assert_exit(0);
    assert_eq!(listed(&sandbox, []), Vec::<String>::new());
}

#[test]
fn an_address_that_fits_two_names_both() {
    let server = server();
    let sandbox = filled(&server);
    let ids: Vec<String> = lines(&history(&sandbox, ["list", "--format", "jsonl"]))
        .iter()
        .map(|line| line["id"].as_str().unwrap().to_owned())
        .collect();
    let ambiguous = history(&sandbox, ["show", &ids[0][..4]]).assert_exit(3);
    assert!(ids.iter().all(|id| ambiguous.stderr.contains(id)), "{ambiguous:?}");
    let shown = history(&sandbox, ["show", &ids[2].to_lowercase(), "--format", "json"]).assert_exit(0);
    assert!(shown.stdout().contains("to Rome"));
    history(&sandbox, ["show", "trip@9"]).assert_exit(3).assert_stderr_has(&["no message \"trip@9\""]);
    // A slip in the number is no new conversation.
    sandbox.ask_once(["--session", "trip@9", "hi"]).run().assert_exit(3);
    sandbox.ask_once(["--session", "trpi@1", "hi"]).run().assert_exit(3);
    assert_eq!(sandbox.conversation_count(), 3);
}

/// The line that says which conversation goes on.
fn continued(output: &Output) -> String {
    let line = output.stderr.lines().find(|line| line.starts_with("continuing ")).unwrap_or_default();
    line.split_once(": ").map_or_else(String::new, |(_, rest)| rest.to_owned())
}

#[test]
fn the_last_conversation_is_that_of_the_folder_or_of_all() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    let folder = |name: &str| {
        let folder = sandbox.work_folder().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    };
    // A session of its own, without a terminal.
    let ask = |name: &str, words: &[&str]| {
        let run = sandbox.ask_once(words.iter().copied());
        run.shell(&format!("cd '{}' && exec setsid -w \"$@\"", folder(name).display())).run().assert_exit(0)
    };
    ask("one", &["first"]);
    ask("two", &["second"]);
    assert_eq!(continued(&ask("one", &["-c", "x"])), "first (the last one of this folder)");
    assert_eq!(continued(&ask("two", &["-c", "x"])), "second (the last one of this folder)");
    assert_eq!(continued(&ask("three", &["-c", "x"])), "second (the last one of all)");
    assert_eq!(continued(&ask("one", &["-c", "--global", "x"])), "second (the last one of all)");
    sandbox.ask_once(["--global", "x"]).run().assert_exit(2);
}

#[test]
fn the_last_conversation_of_a_terminal_comes_first() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    fs::create_dir_all(sandbox.work_folder().join("two")).unwrap();
    let run = sandbox.ask_once(["mine"]).shell("\"$@\"; cd two; read line; \"$1\" ask -c again; echo over");
    let mut pty = Pty::start(run, 20, 120);
    pty.wait_for_text("usage: ");
    // Meanwhile somebody else is at work in that folder.
    let other = sandbox.ask_once(["other"]);
    other.shell("cd two && exec setsid -w \"$@\"").run().assert_exit(0);
    pty.send("\r");
    let screen = pty.wait_for_text("over");
    assert!(screen.contains(": mine (the last one of this terminal)"), "{screen}");
}

#[test]
fn sixteen_starts_at_once_on_an_old_file_migrate_it_once() {
    let server = server();
    let sandbox = Sandbox::for_server(&server);
    fs::create_dir_all(sandbox.data_folder()).unwrap();
    let old = rusqlite::Connection::open(sandbox.database_path()).unwrap();
    for migration in [
        include_str!("../../src/history/migrations/0001_initial.sql"),
        include_str!("../../src/history/migrations/0002_index_answers_apart.sql"),
        "INSERT INTO conversation (id, name, created_ms, used_ms, used_seq) VALUES ('01C', 'old', 1, 1, 1);
         INSERT INTO message (id, conversation, role, status, created_ms, text, reasoning)
            VALUES ('01A', 1, 'assistant', 'complete', 1, 'a plum', 'a deep thought');
         UPDATE conversation SET head = 1; PRAGMA user_version = 2;",
    ] {
        old.execute_batch(migration).unwrap();
    }
    drop(old);
    let started: Vec<_> = (0..16).map(|number| sandbox.ask_once([&*format!("prompt {number}")]).spawn()).collect();
    for running in started {
        running.wait().assert_exit(0);
    }
    assert_eq!(listed(&sandbox, []).len(), 17);
    let search = || history(&sandbox, ["search", "deep", "--reasoning", "--format", "jsonl"]).assert_exit(0);
    let first = search();
    assert!(first.stderr.contains("indexing reasoning and tool output"), "{first:?}");
    assert_eq!(lines(&first)[0]["found_in"], "reasoning");
    assert_eq!(search().stderr, "", "once is enough");
    sandbox.assert_database_is_sound();
}
