//! Files that go along with what is typed at the prompt: attached, listed, dropped, named, and given back.

use std::fs;

use crate::attachments::{GIF, answering, content, data_url, leave, text, write};
use crate::history_repl::editing;
use crate::repl::{start, wait_for_end};

#[test]
fn at_the_prompt_files_are_attached_listed_dropped_and_named() {
    let (server, sandbox) = answering();
    write(&sandbox, "shot.gif", GIF);
    write(&sandbox, "my notes.md", "of mine");
    write(&sandbox, "c.txt", "of c");
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("/attach shot.gif my\\ notes.md\r");
    wait_for_end(&pty, &["attached: shot.gif (10 bytes)", "attached: my notes.md (7 bytes)", "test>"]);
    pty.send("/attach\r");
    wait_for_end(&pty, &["1 shot.gif (10 bytes), image/gif", "2 my notes.md (7 bytes), text/plain", "test>"]);
    pty.send("/attach drop 1\r");
    wait_for_end(&pty, &["not attached any more: shot.gif (10 bytes)", "test>"]);
    pty.send("/attach drop 7\r");
    wait_for_end(&pty, &["error[usage]: there is no such attachment; /attach lists them", "test>"]);
    pty.send("Compare with @c.txt, and me@c.txt.\r");
    wait_for_end(&pty, &["attached: c.txt (4 bytes)", "Seen", "usage: 7 in, 3 out", "", "test>"]);
    let sent = text(&server);
    let expected =
        "Compare with @c.txt, and me@c.txt.\n\nFile: my notes.md\n```\nof mine\n```\n\nFile: c.txt\n```\nof c\n```";
    assert_eq!(sent, expected);
    // The next prompt has nothing, and the first one still has its own.
    pty.send("Again\r");
    pty.wait_for_screen("a second answer", |screen| screen.matches("Seen").count() == 2);
    assert_eq!(text(&server), "Again");
    pty.wait_for_screen("a prompt", |screen| screen.trim_end().ends_with("test>"));
    pty.send("/att\t");
    pty.wait_for_screen("the command", |screen| screen.trim_end().ends_with("/attach"));
    pty.send("c.t\t");
    pty.wait_for_screen("the file", |screen| screen.trim_end().ends_with("/attach c.txt"));
    pty.send("\r");
    wait_for_end(&pty, &["attached: c.txt (4 bytes)", "test>"]);
    pty.send("/attach clear\r");
    wait_for_end(&pty, &["nothing is attached any more", "test>"]);
    pty.send("/attach 'my notes.md' \"c.txt\"\r");
    wait_for_end(&pty, &["attached: my notes.md (7 bytes)", "attached: c.txt (4 bytes)", "test>"]);
    pty.send("/export 'my talk.md'\r");
    wait_for_end(&pty, &["exported to my talk.md", "test>"]);
    leave(pty);
    let shown = sandbox.sayso(["history", "show"]).run().assert_exit(0).stdout();
    assert!(shown.contains("[attachment 1: my notes.md, text/plain, 7 bytes]"), "{shown}");
}

#[test]
fn a_prompt_that_is_taken_back_keeps_what_was_attached() {
    let (server, sandbox) = answering();
    write(&sandbox, "shot.gif", GIF);
    write(&sandbox, "c.txt", "old");
    let mut pty = start(sandbox.sayso(["chat", "-f", "shot.gif"]), "test>");
    wait_for_end(&pty, &["attached: shot.gif (10 bytes)", "test>"]);
    pty.send("See @c.txt\r");
    wait_for_end(&pty, &["Seen", "usage: 7 in, 3 out", "", "test>"]);
    write(&sandbox, "c.txt", "new");
    pty.send("/undo\r");
    wait_for_end(&pty, &["test> See @c.txt"]);
    pty.send("\r");
    pty.wait_for_screen("a second answer", |screen| screen.matches("Seen").count() == 2);
    let sent = content(&server);
    assert_eq!(sent[0]["text"], "See @c.txt\n\nFile: c.txt\n```\nnew\n```");
    assert_eq!(sent[1]["image_url"]["url"], data_url("image/gif", GIF));
    wait_for_end(&pty, &["usage: 7 in, 3 out", "", "test>"]);
    leave(pty);
}

#[test]
fn what_is_attached_goes_along_with_a_command_of_ones_own_and_outlives_an_undo() {
    let (server, sandbox) = answering();
    let commands = sandbox.path("config/sayso/commands");
    fs::create_dir_all(&commands).unwrap();
    fs::write(commands.join("go.md"), "Go now.").unwrap();
    for name in ["a", "b"] {
        fs::write(sandbox.work_folder().join(format!("{name}.txt")), name.repeat(2)).unwrap();
    }
    let mut pty = start(sandbox.sayso(["chat"]), "test>");
    pty.send("/attach a.txt\r");
    wait_for_end(&pty, &["attached: a.txt (2 bytes)", "test>"]);
    pty.send("/go\r");
    wait_for_end(&pty, &["usage: 7 in, 3 out", "", "test>"]);
    assert_eq!(text(&server), "Go now.\n\nFile: a.txt\n```\naa\n```");
    pty.send("/attach b.txt\r");
    wait_for_end(&pty, &["attached: b.txt (2 bytes)", "test>"]);
    pty.send("/undo\r");
    wait_for_end(&pty, &["test> Go now."]);
    pty.send("\x15/attach\r");
    wait_for_end(&pty, &["1 a.txt (2 bytes), text/plain", "2 b.txt (2 bytes), text/plain", "test>"]);
}

#[test]
fn an_edited_prompt_sends_the_files_that_it_names_now() {
    let (server, sandbox) = answering();
    for name in ["a", "b", "c"] {
        fs::write(sandbox.work_folder().join(format!("{name}.txt")), name.repeat(2)).unwrap();
    }
    // From a to b, and from b to a.
    let toggle = "s/@a/@b/;t;s/@b/@a/";
    let run = editing(toggle)(&sandbox, sandbox.sayso(["chat"]));
    let mut pty = start(run, "test>");
    pty.send("/attach c.txt\r");
    wait_for_end(&pty, &["attached: c.txt (2 bytes)", "test>"]);
    let sent = |name: &str| {
        let file = |name: &str| format!("\n\nFile: {name}.txt\n```\n{name}{name}\n```");
        format!("What is in @{name}.txt?{}{}", file("c"), file(name))
    };
    for (number, line, name) in [(1, "What is in @a.txt?", "a"), (2, "/edit", "b"), (3, "/edit 1", "a")] {
        pty.send(&format!("{line}\r"));
        server.wait_for_request(number);
        assert_eq!(text(&server), sent(name), "{line}");
        pty.wait_for_screen("the end of the turn", |screen| {
            let after = screen.rsplit_once(&format!("test> {line}\n")).map_or("", |(_, after)| after);
            after.trim_end().ends_with("usage: 7 in, 3 out\n\ntest>")
        });
    }
}
