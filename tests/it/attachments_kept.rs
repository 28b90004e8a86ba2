//! Attachments in the history: stored once, shown, written out, exported, masked, and gone with the last that has them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::attachments::{GIF, PDF, answering, asked, content, data_url, text, write};
use crate::support::{Pty, Sandbox, TestConfig};

/// The rows of a table of the history.
fn count(sandbox: &Sandbox, table: &str) -> i64 {
    let database = rusqlite::Connection::open(sandbox.database_path()).unwrap();
    database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

fn holds(sandbox: &Sandbox, bytes: &[u8]) -> bool {
    let files = fs::read_dir(sandbox.data_folder()).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).any(|path| contains(&path, bytes))
}

fn contains(path: &Path, bytes: &[u8]) -> bool {
    fs::read(path).unwrap().windows(bytes.len()).any(|window| window == bytes)
}

/// Bytes of an image that nothing else holds.
fn picture(mark: &str) -> Vec<u8> {
    [GIF, mark.as_bytes()].concat()
}

#[test]
fn a_content_is_stored_once_and_goes_with_the_last_that_has_it() {
    let (_server, sandbox) = answering();
    let mark = "only-in-this-picture";
    write(&sandbox, "one.gif", picture(mark));
    write(&sandbox, "two.gif", picture(mark));
    sandbox.ask_once(["a", "--session", "first", "-f", "one.gif", "-f", "two.gif"]).run().assert_exit(0);
    sandbox.ask_once(["b", "--session", "second", "-f", "one.gif"]).run().assert_exit(0);
    sandbox.sayso(["history", "fork", "second", "third"]).run().assert_exit(0);
    assert_eq!((count(&sandbox, "attachment"), count(&sandbox, "message_attachment")), (1, 4));
    for (name, left) in [("first", 1), ("second", 1)] {
        sandbox.sayso(["history", "rm", "--yes", name]).run().assert_exit(0);
        assert_eq!(count(&sandbox, "attachment"), left, "{name}");
        assert!(holds(&sandbox, mark.as_bytes()), "{name}");
    }
    let out = sandbox.sayso(["history", "show", "third", "--attachment", "1"]).run().assert_exit(0);
    assert_eq!(out.stdout_bytes, picture(mark));
    sandbox.sayso(["history", "rm", "--yes", "third"]).run().assert_exit(0);
    assert_eq!((count(&sandbox, "attachment"), count(&sandbox, "message_attachment")), (0, 0));
    assert!(!holds(&sandbox, mark.as_bytes()), "no byte is left");
    sandbox.assert_database_is_sound();
}

#[test]
fn nothing_is_kept_where_nothing_is_to_be_kept() {
    let (server, sandbox) = answering();
    write(&sandbox, "one.gif", GIF);
    asked(&sandbox, &["--no-save", "-f", "one.gif"]).assert_exit(0);
    assert!(!sandbox.database_path().exists());
    assert_eq!(content(&server)[1]["type"], "image_url");
}

#[test]
fn retention_takes_what_was_attached_with_it() {
    let (server, sandbox) = answering();
    let mark = "goes-with-age";
    write(&sandbox, "one.gif", picture(mark));
    asked(&sandbox, &["-f", "one.gif"]).assert_exit(0);
    asked(&sandbox, &[]).assert_exit(0);
    let config = TestConfig::for_server(&server).set("chat.storage.persistence.retention", json!({"max_sessions": 1}));
    let sandbox = sandbox.config(&config);
    sandbox.sayso(["history", "prune"]).run().assert_exit(0);
    assert_eq!((sandbox.conversation_count(), count(&sandbox, "attachment")), (1, 0));
}

#[test]
fn an_attachment_is_written_out_and_a_terminal_gets_no_bytes() {
    let (_server, sandbox) = answering();
    write(&sandbox, "shot.gif", GIF);
    asked(&sandbox, &["-f", "shot.gif"]).assert_exit(0);
    let show = |args: &[&str]| sandbox.sayso([&["history", "show", "--attachment"], args].concat());
    assert_eq!(show(&["1"]).run().assert_exit(0).stdout_bytes, GIF);
    show(&["1", "-o", "out.gif"])
        .run()
        .assert_exit(0)
        .assert_stdout("")
        .assert_stderr_has(&["wrote shot.gif (10 bytes)"]);
    let out = sandbox.work_folder().join("out.gif");
    assert_eq!(
        (fs::read(&out).unwrap(), fs::metadata(&out).unwrap().permissions().mode() & 0o777),
        (GIF.to_vec(), 0o600)
    );
    show(&["1", "-o", "out.gif"]).run().assert_exit(3);
    show(&["2"]).run().assert_exit(2).assert_stderr_has(&["there is no attachment 2: there is one attachment"]);
    let mut pty = Pty::start(show(&["1"]), 24, 100);
    assert_eq!(pty.wait_for_exit(), 2);
    assert!(pty.screen().contains("a terminal cannot show it"), "{}", pty.screen());
    let json = sandbox.sayso(["history", "show", "--format", "json"]).run().assert_exit(0).stdout();
    let shown: Value = serde_json::from_str(&json).unwrap();
    let attached = &shown["messages"][0]["attachments"][0];
    assert_eq!(
        (&attached["name"], &attached["mime"], &attached["bytes"]),
        (&json!("shot.gif"), &json!("image/gif"), &json!(10))
    );
}

#[test]
fn what_is_exported_comes_back_the_same_to_the_byte() {
    let (server, sandbox) = answering();
    write(&sandbox, "shot.gif", GIF);
    write(&sandbox, "paper.pdf", PDF);
    write(&sandbox, "notes.md", format!("<b>long</b> {}", "word ".repeat(2_000)));
    asked(&sandbox, &["-f", "shot.gif", "-f", "paper.pdf", "-f", "notes.md"]).assert_exit(0);
    let export = |sandbox: &Sandbox, format: &str| {
        sandbox.sayso(["history", "export", "--format", format]).run().assert_exit(0).stdout_bytes
    };
    for format in ["json", "jsonl"] {
        let first = export(&sandbox, format);
        let other = Sandbox::for_server(&server);
        sandbox.sayso(["history", "import", "-"]).stdin(&first).run().assert_exit(0);
        other.sayso(["history", "import", "-"]).stdin(&first).run().assert_exit(0);
        assert_eq!(export(&other, format), first, "{format}");
        other.ask_once(["-c", "And?"]).run().assert_exit(0);
        let body = String::from_utf8(server.requests().last().unwrap().body.clone()).unwrap();
        assert!(body.contains(&STANDARD.encode(GIF)) && body.contains(&STANDARD.encode(PDF)), "{format}");
    }
    let page = String::from_utf8(export(&sandbox, "html")).unwrap();
    let image = format!("<img alt=\"shot.gif\" src=\"{}\">", data_url("image/gif", GIF));
    assert!(page.contains(&image) && page.contains("img-src data:") && page.contains("&lt;b&gt;long"), "{page}");
    assert!(page.contains(&format!("download=\"paper.pdf\" href=\"{}\"", data_url("application/pdf", PDF))), "{page}");
    let markdown = String::from_utf8(export(&sandbox, "md")).unwrap();
    assert!(markdown.contains(&format!("![shot.gif (10 bytes)]({})", data_url("image/gif", GIF))), "{markdown}");
    let bad = br#"{"id":"A","messages":[{"id":"B","role":"user","attachments":[{"name":"x","data":"AAEC"}]}]}"#;
    sandbox
        .sayso(["history", "import", "-"])
        .stdin(bad)
        .run()
        .assert_exit(3)
        .assert_stderr_has(&["has the attachment"]);
}

#[test]
fn images_of_an_exported_text_stand_in_a_folder_beside_it_where_that_is_asked_for() {
    let (_server, sandbox) = answering();
    write(&sandbox, "a shot (1).gif", GIF);
    write(&sandbox, "same.gif", GIF);
    write(&sandbox, "paper.pdf", PDF);
    asked(&sandbox, &["-f", "a shot (1).gif", "-f", "paper.pdf", "-f", "same.gif"]).assert_exit(0);
    let export = |args: &[&str]| sandbox.sayso([&["history", "export", "--format"], args].concat()).run();
    export(&["md", "-o", "my talk.md", "--files"]).assert_exit(0);
    let place = sandbox.work_folder();
    let folder = place.join("my talk-files");
    let text = fs::read_to_string(place.join("my talk.md")).unwrap();
    for line in [
        "![a shot (1).gif (10 bytes)](my%20talk-files/1-a_shot__1_.gif)",
        "[paper.pdf (9 bytes)](my%20talk-files/2-paper.pdf)",
        "![same.gif (10 bytes)](my%20talk-files/1-a_shot__1_.gif)",
    ] {
        let line = line.replace("9 bytes", &format!("{} bytes", PDF.len()));
        assert!(text.contains(&format!("\n{line}\n")), "{line} is not in {text}");
    }
    assert_eq!(fs::read(folder.join("1-a_shot__1_.gif")).unwrap(), GIF);
    assert_eq!(fs::read(folder.join("2-paper.pdf")).unwrap(), PDF);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("2-paper.pdf"))), (0o700, 0o600));
    // The same at the prompt.
    let mut pty = Pty::start(sandbox.sayso(["chat", "-c", "-m", "demo:echo"]), 24, 100);
    pty.wait_for_screen("a prompt", |screen| screen.trim_end().ends_with('>'));
    pty.send("/export --files again.md\r");
    pty.wait_for_screen("the export", |screen| screen.contains("exported to again.md"));
    let again = fs::read_to_string(place.join("again.md")).unwrap();
    assert!(again.contains("(again-files/2-paper.pdf)"), "{again}");
    assert_eq!(fs::read(place.join("again-files/1-a_shot__1_.gif")).unwrap(), GIF);
    drop(pty);

    fs::remove_file(place.join("my talk.md")).unwrap();
    export(&["md", "-o", "my talk.md", "--files"])
        .assert_exit(3)
        .assert_stderr_has(&["my talk-files", "nothing is overwritten"]);
    assert!(!place.join("my talk.md").exists());
    for stdout in [&["md", "--files"][..], &["md", "--files", "-o", "-"]] {
        export(stdout).assert_exit(2);
    }
    export(&["md", "--files", "-o", "-"]).assert_stdout("").assert_stderr_has(&["name the file, as in `-o talk.md`"]);
    export(&["html", "-o", "x.html", "--files"]).assert_exit(2).assert_stderr_has(&["--files is for Markdown"]);
    // A text without images makes no folder.
    write(&sandbox, "none.jsonl", r#"{"id":"A","messages":[{"id":"B","role":"user","text":"hi"}]}"#);
    sandbox.sayso(["history", "import", "none.jsonl"]).run().assert_exit(0);
    export(&["md", "-o", "plain.md", "--files", "A"]).assert_exit(0);
    assert!(!place.join("plain-files").exists());
}

#[test]
fn what_is_too_large_for_a_text_or_a_page_is_left_out_and_told() {
    let (_server, sandbox) = answering();
    let large = |mib: usize| [GIF, &vec![0; mib << 20][..]].concat();
    write(&sandbox, "two.gif", large(2));
    write(&sandbox, "nine.gif", large(9));
    asked(&sandbox, &["-f", "two.gif", "-f", "nine.gif"]).assert_exit(0);
    let id = sandbox.sayso(["history", "sql", "SELECT id FROM conversations", "--format", "tsv"]).run().stdout();
    let id = id.lines().nth(1).unwrap();
    let command = |number: usize| format!("sayso history show {id} --attachment {number} -o FILE");
    let export = |format: &str| sandbox.sayso(["history", "export", "--format", format]).run().assert_exit(0).stdout();
    let (text, page) = (export("md"), export("html"));
    assert!(text.len() < 2_000 && text.contains(&command(1)) && text.contains(&command(2)), "{text}");
    assert!(page.contains("<img alt=\"two.gif\"") && !page.contains("<img alt=\"nine.gif\""));
    assert!(!page.contains(&command(1)) && page.contains(&format!("<code>{}</code>", command(2))));
    let shown = sandbox.sayso(["history", "show", id, "--attachment", "2"]).run().assert_exit(0);
    assert!(shown.stdout_bytes == large(9), "the command writes it");
}

const KEY: &str = "sk-proj-7Qz0123456789abcdefGHIJ";

#[test]
fn a_key_in_an_attached_text_is_masked_on_write_and_by_scrub() {
    let (server, sandbox) = answering();
    let redacting = sandbox.config(&TestConfig::for_server(&server).set("chat.storage.redact", true));
    write(&redacting, "keys.env", format!("A=1\nKEY={KEY}\n"));
    asked(&redacting, &["-f", "keys.env"]).assert_exit(0);
    assert!(text(&server).contains(KEY), "what is sent is what was attached");
    assert!(!holds(&redacting, KEY.as_bytes()));
    redacting.ask_once(["-c", "And?"]).run().assert_exit(0);
    let again = String::from_utf8(server.requests().last().unwrap().body.clone()).unwrap();
    assert!(again.contains("A=1") && again.contains("[redacted]") && !again.contains(KEY), "{again}");

    let (_server, sandbox) = answering();
    write(&sandbox, "keys.env", format!("A=1\nKEY={KEY}\n"));
    write(&sandbox, "shot.gif", picture("stays-as-it-is"));
    asked(&sandbox, &["-f", "keys.env", "-f", "shot.gif"]).assert_exit(0);
    assert!(holds(&sandbox, KEY.as_bytes()));
    sandbox.sayso(["history", "scrub", "--dry-run"]).run().assert_exit(0).assert_stderr_has(&["1 attachment"]);
    sandbox.sayso(["history", "scrub"]).run().assert_exit(0).assert_stderr_has(&["masked in", "1 attachment"]);
    assert!(!holds(&sandbox, KEY.as_bytes()) && holds(&sandbox, b"stays-as-it-is"));
    let out = sandbox.sayso(["history", "show", "--attachment", "1"]).run().assert_exit(0).stdout();
    assert_eq!(out, "A=1\nKEY=[redacted]\n");
    sandbox.assert_database_is_sound();
}

#[test]
fn a_large_image_is_in_memory_about_as_often_as_it_has_to_be() {
    let (server, sandbox) = answering();
    let bytes: Vec<u8> =
        GIF.iter().copied().chain((0..15_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)).collect();
    write(&sandbox, "large.gif", &bytes);
    let idle = asked(&sandbox, &["--no-save"]).assert_exit(0).rss_peak_kib;
    let output = sandbox.ask_once(["What?", "-f", "large.gif"]).limit(Duration::from_secs(120)).run().assert_exit(0);
    assert!(server.requests().last().unwrap().body.len() > 20_000_000);
    let extra = (output.rss_peak_kib - idle) / 1024;
    // The file, the request with its base64, and what SQLite needs to write it.
    assert!(extra < 60, "{extra} MiB more than without");
}
