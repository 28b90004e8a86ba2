//! `history export` and `import`: everything comes back, and nothing that was said is markup.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rusqlite::Connection;

use crate::support::{ModelServer, Pty, Reply, Sandbox, Strace, needs, wait_until};

/// One conversation with all that a message can have, two branches, and texts that want to be markup.
const EVERYTHING: &str = r#"{"id":"01C","name":"a <b>name</b>","title":"Hi","created":"2024-01-02T03:04:05.678Z","used":"2024-01-02T03:05:00.000Z","pinned":true,"cwd":"/home/me","model":"test:m","head":"01A2","messages":[{"id":"01S","parent":null,"role":"system","status":"complete","text":"Be <brief>","created":"2024-01-02T03:04:05.678Z"},{"id":"01U","parent":"01S","role":"user","status":"complete","text":"Hi </script><script>alert(1)</script>\n```html\n<img src=x onerror=alert(2)>\n```","model":"test:m","created":"2024-01-02T03:04:06.000Z"},{"id":"01A1","parent":"01U","role":"assistant","status":"interrupted","reason":"signal","text":"Hel","created":99999999999999999,"finished":"1969-12-31T23:59:59.995Z"},{"id":"01A2","parent":"01U","role":"assistant","status":"complete","text":"Hello & good day","reasoning":"The <user> greets","model":"test:m","finish":"stop","created":"2024-01-02T03:04:07.000Z","finished":"2024-01-02T03:04:09.250Z","tool_calls":[{"id":"c1","name":"look","arguments":"{\"a\": \"<x>\"","server":"files","approval":"allowed by person","ok":true,"result":"[]","started":"2024-01-02T03:04:08.000Z","finished":"2024-01-02T03:04:08.500Z"},{"id":"c2","name":"never ran","arguments":""}],"usage":{"input":10,"output":3,"cost_usd":0.1234567890123456},"metrics":{"first_token_ms":12.345678901234567,"total_ms":100.1,"future":[1]},"replay":{"origin":"o","json":"{\"x\":1}"}}]}
"#;

fn export(sandbox: &Sandbox, format: &str) -> String {
    sandbox.sayso(["history", "export", "--format", format]).run().assert_exit(0).assert_quiet().stdout().to_owned()
}

fn import(sandbox: &Sandbox, name: &str, text: &str) -> String {
    fs::write(sandbox.work_folder().join(name), text).unwrap();
    let output = sandbox.sayso(["history", "import", name]).run().assert_exit(0);
    output.stderr.trim().to_owned()
}

/// A history in which two conversations were held, and one was imported.
fn talked() -> Sandbox {
    let server = ModelServer::start([Reply::answer(&["Hel", "lo"]), Reply::answer(&["Yes"]), Reply::answer(&["No"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    sandbox.ask_once(["-c", "really?"]).run().assert_exit(0);
    import(&sandbox, "everything.jsonl", EVERYTHING);
    sandbox.ask_once(["other", "--session", "named"]).run().assert_exit(0);
    sandbox
}

#[test]
fn export_import_export_gives_the_same_bytes() {
    let sandbox = talked();
    for format in ["json", "jsonl"] {
        let first = export(&sandbox, format);
        assert_eq!(first.matches("\"id\":\"01A2\"").count(), 1, "{first}");
        let other = Sandbox::new();
        assert_eq!(
            import(&other, "all", &first),
            "imported 3 new conversations and 10 new messages; 0 messages were known already"
        );
        assert_eq!(export(&other, format), first);
        assert_eq!(
            import(&other, "all", &first),
            "imported 0 new conversations and 0 new messages; 10 messages were known already"
        );
        assert_eq!(export(&other, format), first);
        other.assert_database_is_sound();
    }
    assert!(export(&sandbox, "jsonl").contains(EVERYTHING), "what was imported comes out word for word");
}

#[test]
fn what_was_imported_can_be_shown_continued_and_searched() {
    let server = ModelServer::start([Reply::answer(&["Again"])]);
    let sandbox = Sandbox::for_server(&server);
    import(&sandbox, "everything.jsonl", EVERYTHING);
    let shown = sandbox.messages();
    assert_eq!(shown.iter().map(|message| message.text.as_str()).collect::<Vec<_>>()[2], "Hello & good day");
    let database = Connection::open(sandbox.database_path()).unwrap();
    let found: i64 = database
        .query_row("SELECT count(*) FROM message_search WHERE message_search MATCH 'greets OR onerror'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(found, 1, "prompts and answers are in the index, thoughts are not");
    sandbox.ask_once(["--session", "a <b>name</b>", "more"]).run().assert_exit(0).assert_stdout("Again\n");
}

#[test]
fn a_page_needs_nothing_and_holds_no_markup_of_others() {
    let sandbox = talked();
    let page = export(&sandbox, "html");
    for hostile in ["<script", "<img", "<b>name", "<user>", "<brief>", "http://", "https://", "src=x onerror=alert(2)>"]
    {
        let escaped = page.replace("&lt;img src=x onerror=alert(2)&gt;", "");
        assert!(!escaped.contains(hostile), "{hostile}");
    }
    for part in [
        "<!doctype html>",
        "prefers-color-scheme: dark",
        "<article id=\"01U\" class=\"user\">",
        "<a href=\"#01C\">",
        "<details><summary>reasoning</summary><div class=\"text\">The &lt;user&gt; greets</div></details>",
        "<summary>→ files/look · allowed by person</summary>",
        "<svg viewBox=",
        "<rect class=\"tool\"",
        "Content-Security-Policy",
        "1 more messages on other branches",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert_eq!(page.matches("<article").count(), page.matches("</article>").count());
    let one =
        sandbox.sayso(["history", "export", "--format", "html", "named"]).run().assert_exit(0).stdout().to_owned();
    assert!(one.contains("<title>named</title>") && !one.contains("01A2"), "{one}");
}

#[test]
fn a_page_has_a_timeline_whatever_times_a_file_says() {
    let sandbox = Sandbox::new();
    let call = |id: &str| serde_json::json!({"id": id, "name": "look", "started": 0, "finished": i64::MAX});
    let line = serde_json::json!({"id": "01L", "head": "01M", "messages": [{"id": "01M", "role": "assistant",
        "metrics": {"total_ms": 1.0}, "tool_calls": [call("1"), call("2")]}]});
    import(&sandbox, "long.jsonl", &line.to_string());
    let page = export(&sandbox, "html");
    assert_eq!(page.matches("<rect class=\"tool\"").count(), 1, "{page}");
}

#[test]
fn a_page_loads_no_image_that_an_answer_names() {
    let sandbox = Sandbox::new();
    let answer = "![chart](https://tracker.example/p.png?q=secret) <img src=https://tracker.example/b.png>\n\n[x]: https://tracker.example/c.png";
    let line = serde_json::json!({"id": "01R", "head": "01M", "messages": [{"id": "01M", "role": "assistant",
        "text": answer, "reasoning": answer}]});
    import(&sandbox, "remote.jsonl", &line.to_string());
    let page = export(&sandbox, "html");
    assert_eq!(page.matches("tracker.example").count(), 6, "it is shown as text, as often as it was said: {page}");
    for loading in ["<img", "src=\"http", "src=http", "href=\"http", "url(", "@import", "<link", "<iframe", "<object"] {
        assert!(!page.replace("&lt;img src=https", "").contains(loading), "{loading} in {page}");
    }
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"), "{page}");
}

#[test]
fn markdown_reads_well_and_its_fences_hold() {
    let sandbox = Sandbox::new();
    import(&sandbox, "everything.jsonl", EVERYTHING);
    let text = export(&sandbox, "md");
    assert!(text.starts_with("# a <b>name</b>\n\n`01C`, 1 more messages on other branches\n\n## system\n"), "{text}");
    assert!(text.contains("\n→ `files/look`\n\n```json\n{\"a\": \"<x>\"\n```\n"), "{text}");
    assert!(
        text.contains(
            "\n## assistant\n\n*2024-01-02T03:04:07.000Z · test:m · 10 tokens in · 3 tokens out · $0.1235*\n"
        ),
        "{text}"
    );
}

#[test]
fn a_file_is_private_whole_and_never_overwritten() {
    let sandbox = talked();
    let exporting = || sandbox.sayso(["history", "export", "--format", "json", "-o", "all.json"]).run();
    exporting().assert_exit(0).assert_stdout("").assert_stderr_has(&["exported 3 conversations to all.json"]);
    let path = sandbox.work_folder().join("all.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&path).unwrap(), export(&sandbox, "json"));
    exporting().assert_exit(3).assert_stderr_has(&["all.json", "nothing is overwritten"]);
    let left: Vec<_> = fs::read_dir(sandbox.work_folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn an_export_goes_on_when_one_of_its_conversations_is_deleted_meanwhile() {
    let sandbox = Sandbox::new();
    let line = |number: usize| {
        let text = "words ".repeat(100_000);
        format!(
            "{{\"id\":\"C{number}\",\"messages\":[{{\"id\":\"M{number}\",\"role\":\"user\",\"text\":\"{text}\"}}]}}\n"
        )
    };
    let file: String = (1..=4).map(line).collect();
    import(&sandbox, "long.jsonl", &file);
    let mut running = sandbox.sayso(["history", "export", "--format", "jsonl"]).unread_stdout().spawn();
    // The first conversation does not fit into the pipe.
    running.wait_for_unread(1);
    sandbox.sayso(["history", "rm", "--yes", "C4"]).run().assert_exit(0);
    running.read_stdout();
    let stdout = running.wait().assert_exit(0).assert_quiet().stdout();
    assert_eq!(stdout.lines().count(), 3);
    let twice = sandbox.sayso(["history", "export", "--format", "jsonl", "C1", "C2", "@3", "C1"]).run().assert_exit(0);
    assert_eq!(twice.stdout().lines().count(), 2, "each once");
}

#[test]
fn files_are_written_where_there_are_no_links_too() {
    if !needs("strace") {
        return;
    }
    let sandbox = talked();
    let strace = Strace::new(&sandbox).inject("?link,linkat:error=EPERM");
    let run = |args: &[&str]| sandbox.sayso(args.iter().copied()).strace(&strace).run();
    let export = ["history", "export", "--format", "json", "-o", "all.json"];
    let back_up = ["history", "backup", "copy.db"];
    for args in [&export[..], &back_up] {
        run(args).assert_exit(0);
        run(args).assert_exit(3).assert_stderr_has(&["nothing is overwritten"]);
    }
    let mut left: Vec<_> =
        fs::read_dir(sandbox.work_folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["all.json", "copy.db", "everything.jsonl"]);
    assert_eq!(fs::metadata(sandbox.work_folder().join("all.json")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(sandbox.work_folder().join("all.json")).unwrap(), self::export(&sandbox, "json"));
}

#[test]
fn files_that_are_none_of_these_are_told_and_what_came_before_is_kept() {
    let sandbox = Sandbox::new();
    let file = |name: &str, text: &str| {
        fs::write(sandbox.work_folder().join(name), text).unwrap();
        sandbox.sayso(["history", "import", name]).run()
    };
    let half = &EVERYTHING[..EVERYTHING.len() - 40];
    file("half.jsonl", &format!("{EVERYTHING}{half}"))
        .assert_exit(3)
        .assert_stderr_has(&["EOF", "imported 1 new conversation"]);
    assert_eq!(sandbox.conversation_count(), 1);
    file("words.txt", "just: words\n").assert_exit(3).assert_stderr_has(&["neither an export of sayso"]);
    file("other.json", "{\"a\": 1}").assert_exit(3);
    file("role.jsonl", r#"{"id":"X","messages":[{"id":"Y","role":"boss"}]}"#)
        .assert_exit(3)
        .assert_stderr_has(&["boss"]);
    file("id.jsonl", r#"{"id":"../x"}"#).assert_exit(3).assert_stderr_has(&["letters and digits"]);
    file("newer.json", r#"{"format":"sayso-history","version":9,"conversations":[]}"#)
        .assert_exit(3)
        .assert_stderr_has(&["newer"]);
    sandbox.sayso(["history", "import", "missing"]).run().assert_exit(3);
    sandbox
        .sayso(["history", "import", "/dev/zero"])
        .run()
        .assert_exit(3)
        .assert_stderr_has(&["neither a regular file nor a pipe"]);
    sandbox.assert_database_is_sound();
}

#[test]
fn pipes_and_texts_with_a_byte_order_mark_are_read_as_files_are() {
    let sandbox = Sandbox::new();
    let marked = |text: &str| format!("\u{FEFF}{text}");
    for (name, text) in [
        ("lines.jsonl", marked(EVERYTHING)),
        ("one.json", marked(r#"{"format":"sayso-history","version":1,"conversations":[{"id":"B"}]}"#)),
        ("talk.yaml", marked("model: m\nmessages:\n- role: user\n  content: hi\n")),
    ] {
        assert!(import(&sandbox, name, &text).starts_with("imported 1 new conversation"), "{name}");
    }
    fs::write(sandbox.work_folder().join("other.jsonl"), marked(r#"{"id":"C"}"#)).unwrap();
    let piped = "mkfifo pipe && { cat other.jsonl > pipe & } && exec \"$@\"";
    let output = sandbox.sayso(["history", "import", "pipe"]).shell(piped).run().assert_exit(0);
    assert!(output.stderr.contains("imported 1 new conversation"), "{output:?}");
    let stdin = sandbox.sayso(["history", "import", "-"]).stdin(marked(r#"{"id":"D"}"#)).run().assert_exit(0);
    assert!(stdin.stderr.contains("imported 1 new conversation"), "{stdin:?}");
    let database = "rm pipe && mkfifo pipe && { printf 'SQLite format 3\\0' > pipe & } && exec \"$@\"";
    let output = sandbox.sayso(["history", "import", "pipe"]).shell(database).run();
    output.assert_exit(3).assert_stderr_has(&["has to be a file"]);
}

#[test]
fn a_use_that_is_still_to_come_counts_as_now() {
    let sandbox = Sandbox::new();
    import(&sandbox, "a.jsonl", r#"{"id":"A","created":"2024-01-02T03:04:05Z","used":"2999-01-02T03:04:05Z"}"#);
    let used = "SELECT used > created AND used < '2999' AS is_past FROM conversations";
    let output = sandbox.sayso(["history", "sql", used, "--format", "tsv"]).run().assert_exit(0);
    assert!(output.stdout().ends_with("\n1\n"), "{output:?}");
}

#[test]
fn names_that_are_taken_or_bad_are_left_off_and_told() {
    let sandbox = Sandbox::new();
    import(&sandbox, "first.jsonl", r#"{"id":"C1","name":"trip","messages":[{"id":"M1","role":"user","text":"one"}]}"#);
    let line = |id: &str, name: &str| {
        format!(
            "{{\"id\":\"{id}\",\"name\":\"{name}\",\"messages\":[{{\"id\":\"M{}\",\"role\":\"user\",\"text\":\"of {id}\"}}]}}\n",
            &id[1..]
        )
    };
    let file =
        line("C1", "other") + &line("C2", "trip") + &line("C3", "coast") + &line("C4", "coast") + &line("C5", "@1");
    let told = import(&sandbox, "more.jsonl", &file);
    for words in [
        "C2 is kept without its name \"trip\": the conversation C1 has it",
        "C4 is kept without its name \"coast\": the conversation C3 has it",
        "C5 is kept without its name \"@1\": a name cannot begin with `@`",
        "imported 4 new conversations and 4 new messages",
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(told.lines().count(), 4, "{told}");
    for (name, text) in [("trip", "one"), ("coast", "of C3")] {
        assert_eq!(sandbox.messages_of(name)[0].text, text);
    }
    let names = ["history", "sql", "SELECT id, name FROM conversations ORDER BY id", "--format", "tsv"];
    let names = sandbox.sayso(names).run().assert_exit(0).stdout();
    assert_eq!(names, "id\tname\nC1\ttrip\nC2\tof C2\nC3\tcoast\nC4\tof C4\nC5\tof C5\n");
    assert!(import(&sandbox, "more.jsonl", &file).starts_with("imported 0 new"), "what is known is not told again");
}

#[test]
fn imported_answers_count_in_the_sums_that_sql_and_stats_show() {
    let sandbox = Sandbox::new();
    import(&sandbox, "everything.jsonl", EVERYTHING);
    let query = ["history", "sql", "SELECT model, replies, interrupted, input_tokens FROM usage", "--format", "tsv"];
    let usage = || sandbox.sayso(query).run().assert_exit(0).stdout();
    let counted = usage();
    assert!(counted.contains("test:m\t1\t0\t10\n"), "{counted}");
    assert!(counted.contains("\t1\t1\t0\n"), "the answer that was cut off: {counted}");
    import(&sandbox, "everything.jsonl", EVERYTHING);
    assert_eq!(usage(), counted);
}

#[test]
fn an_answer_is_kept_whatever_an_imported_one_of_that_day_says_of_itself() {
    let server = ModelServer::start([Reply::answer(&["One"]), Reply::answer(&["Two"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    let mut file: serde_json::Value = serde_json::from_str(&export(&sandbox, "jsonl")).unwrap();
    let all = i64::MAX;
    for number in 0..2 {
        file["id"] = format!("C{number}").into();
        for message in file["messages"].as_array_mut().unwrap() {
            message["id"] = format!("M{number}{}", message["role"].as_str().unwrap()).into();
            message["parent"] = serde_json::Value::Null;
            message["usage"] = serde_json::json!({"input": all, "output": all, "cached": all, "reasoning": all});
            message["metrics"] = serde_json::json!({"chunks": all, "flushes": all, "commits": all,
                "bytes_written": all, "delta_buffer_peak_bytes": all, "retries": u32::MAX});
        }
        import(&sandbox, "large.jsonl", &file.to_string());
    }
    sandbox.ask_once(["-c", "more"]).run().assert_exit(0).assert_quiet();
    let last = sandbox.messages().pop().unwrap();
    assert_eq!((last.status.as_str(), last.text.as_str()), ("complete", "Two"));
    sandbox.sayso(["stats"]).run().assert_exit(0);
}

#[test]
fn ids_in_small_letters_are_found_too() {
    let sandbox = Sandbox::new();
    let line = |id: &str| {
        format!("{{\"id\":\"{id}\",\"messages\":[{{\"id\":\"m{id}\",\"role\":\"user\",\"text\":\"of {id}\"}}]}}\n")
    };
    import(&sandbox, "small.jsonl", &(line("talk1") + &line("TALK1") + &line("other")));
    for (address, text) in [("talk1", "of talk1"), ("TALK1", "of TALK1"), ("Talk1", "of TALK1"), ("oth", "of other")] {
        assert_eq!(sandbox.messages_of(address)[0].text, text, "{address}");
    }
    let several = sandbox.sayso(["history", "show", "talk"]).run().assert_exit(3);
    several.assert_stderr_has(&["fits more than one conversation", "talk1 (of talk1)", "TALK1 (of TALK1)"]);
    sandbox.sayso(["history", "rm", "--yes", "talk1"]).run().assert_exit(0);
    assert_eq!(sandbox.messages_of("talk")[0].text, "of TALK1");
}

#[test]
fn many_names_that_are_left_off_are_told_in_a_few_lines() {
    let sandbox = Sandbox::new();
    let file: String = (0..100).map(|number| format!("{{\"id\":\"C{number}\",\"name\":\"same\"}}\n")).collect();
    let told = import(&sandbox, "same.jsonl", &file);
    assert_eq!(told.lines().count(), 22, "{told}");
    assert!(told.contains("79 more of this kind"), "{told}");
}

#[test]
fn the_end_stays_where_the_file_has_it() {
    let server = ModelServer::start([Reply::answer(&["Anew"])]);
    let sandbox = Sandbox::for_server(&server);
    let of = |head: &str| {
        format!(
            "{{\"id\":\"C1\",{head}\"messages\":[{{\"id\":\"M1\",\"role\":\"user\",\"text\":\"hi\"}},{{\"id\":\"M2\",\"parent\":\"M1\",\"role\":\"assistant\"}}]}}\n"
        )
    };
    for (head, kept) in [("", "\"M2\""), ("\"head\":\"M1\",", "\"M1\""), ("\"head\":\"gone\",", "\"M2\"")] {
        let sandbox = Sandbox::new();
        import(&sandbox, "head.jsonl", &of(head));
        assert!(export(&sandbox, "jsonl").contains(&format!("\"head\":{kept}")), "{head}");
    }
    import(&sandbox, "head.jsonl", &of("\"head\":null,"));
    assert!(export(&sandbox, "jsonl").contains("\"head\":null"), "everything was taken back");
    sandbox.ask_once(["--session", "C1", "again"]).run().assert_exit(0).assert_stdout("Anew\n");
    assert_eq!(sandbox.messages().len(), 2, "it has begun anew");
}

#[test]
fn parents_in_any_order_make_a_branch_and_circles_are_cut() {
    let sandbox = Sandbox::new();
    let message = |id: &str, parent: &str| {
        format!("{{\"id\":\"{id}\",\"parent\":\"{parent}\",\"role\":\"user\",\"text\":\"{id}\"}}")
    };
    let line = |id: &str, head: &str, messages: &[String]| {
        format!("{{\"id\":\"{id}\",\"head\":\"{head}\",\"messages\":[{}]}}\n", messages.join(","))
    };
    let backwards = line("C1", "B3", &[message("B3", "B2"), message("B2", "B1"), message("B1", "none")]);
    let circle = line("C2", "K3", &[message("K1", "K3"), message("K2", "K1"), message("K3", "K2")]);
    let foreign = line("C3", "F1", &[message("F1", "B1"), message("B2", "none")]);
    let told = import(&sandbox, "odd.jsonl", &format!("{backwards}{circle}{foreign}"));
    assert!(told.contains("the parents of message K1 of C2 run in a circle: it is kept as a beginning"), "{told}");
    assert!(told.contains("1 message of C3: another conversation has that id"), "{told}");
    let texts = |id: &str| sandbox.messages_of(id).into_iter().map(|message| message.text).collect::<Vec<_>>();
    assert_eq!(texts("C1"), ["B1", "B2", "B3"]);
    assert_eq!(texts("C2"), ["K1", "K2", "K3"]);
    assert_eq!(texts("C3"), ["F1"], "no branch runs through two conversations");
    sandbox.assert_database_is_sound();
}

#[test]
fn logs_of_llm_and_sessions_of_aichat_come_in_once() {
    let sandbox = Sandbox::new();
    let log = Connection::open(sandbox.work_folder().join("logs.db")).unwrap();
    log.execute_batch(
        "CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
         CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, response TEXT,
             conversation_id TEXT, duration_ms INTEGER, datetime_utc TEXT);
         INSERT INTO conversations VALUES ('x', 'Rivers', 'm');
         INSERT INTO responses VALUES ('1', 'm', 'Longest?', '', 'The Nile', 'x', 5, '2024-05-01T12:00:00'),
             ('2', 'm', 'Widest?', '', 'The Amazon', 'x', 5, '2024-05-01T12:01:00');",
    )
    .unwrap();
    drop(log);
    let session =
        "model: ollama:llama\nmessages:\n- role: user\n  content: Ahoy\n- role: assistant\n  content: Hello\n";
    fs::write(sandbox.work_folder().join("pirates.yaml"), session).unwrap();
    for told in [
        "imported 2 new conversations and 6 new messages; 0 messages were known already",
        "imported 0 new conversations and 0 new messages; 6 messages were known already",
    ] {
        sandbox.sayso(["history", "import", "logs.db", "pirates.yaml"]).run().assert_exit(0).assert_stderr_has(&[told]);
    }
    let texts = |name: &str| sandbox.messages_of(name).into_iter().map(|message| message.text).collect::<Vec<_>>();
    assert_eq!(texts("Rivers"), ["Longest?", "The Nile", "Widest?", "The Amazon"]);
    assert_eq!(texts("pirates"), ["Ahoy", "Hello"]);
    sandbox.assert_database_is_sound();
}

#[test]
fn a_long_import_shows_how_far_it_is_on_a_terminal_and_nothing_in_a_pipe() {
    let sandbox = Sandbox::new();
    let fifo = sandbox.work_folder().join("slow");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut pty = Pty::start(sandbox.sayso(["history", "import", "-"]).shell("exec \"$@\" <slow"), 24, 80);
    let mut input = fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    let mut number = 0;
    // As long as it takes until the row is there.
    let shown = || pty.screen().contains("importing … ");
    wait_until("the row", || {
        number += 1;
        writeln!(input, "{{\"id\":\"C{number}\"}}{}", " ".repeat(100_000)).unwrap();
        shown()
    });
    drop(input);
    let screen = pty.wait_for_text(&format!("imported {number} new conversations"));
    assert!(!screen.contains('…'), "{screen}");
    assert_eq!(pty.wait_for_exit(), 0);
    let piped = sandbox.sayso(["history", "import", "-"]).stdin(EVERYTHING).run().assert_exit(0).assert_stdout("");
    assert_eq!(piped.stderr, "imported 1 new conversation and 4 new messages; 0 messages were known already\n");
}
