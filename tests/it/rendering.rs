//! Answers with their Markdown rendered: on a terminal, in a pipe where that is asked for, and from the history.

use crate::support::{Gate, ModelServer, Pty, Reply, Sandbox, TestConfig};

const ANSWER: [&str; 12] = [
    "# Ti",
    "tle\n\nSome **bo",
    "ld** words that are wrapped to the ",
    "width of the window.\n\n- one\n- t",
    "wo\n\n```rust\nfn ma",
    "in() {}\n```\n\n| a | b |\n|--",
    "-|---|\n| 1 | 2 |\n",
    "| 3 | 4 |\n\nSee [the b",
    "ook](https://doc.example/b",
    "ook).",
    " An \x1b]52;c;eA==\x07 escape.",
    "\n",
];

/// What no stream ever sends: cursor up, erasing below, a second screen, a question to the terminal.
const FORBIDDEN: [&str; 6] = ["\x1b[J", "\x1b[0J", "\x1b[2J", "?1049", "\x1b[6n", "\x1b]11;?"];

/// Panics where the terminal was sent anything that goes back.
pub fn assert_append_only(log: &[u8]) {
    let log = String::from_utf8_lossy(log);
    for sequence in FORBIDDEN {
        assert!(!log.contains(sequence), "{sequence:?} in {log:?}");
    }
    for (at, _) in log.match_indices("\x1b[") {
        let end = log[at + 2..].trim_start_matches(|char: char| char.is_ascii_digit() || char == ';');
        assert!(!end.starts_with(['A', 'F', 'H', 'f']), "{:?}", &log[at..]);
    }
    assert!(!log.contains("\x1b]52"), "{log:?}");
}

#[test]
fn an_answer_on_a_terminal_is_rendered_and_nothing_is_redrawn() {
    let server = ModelServer::start([ANSWER.iter().fold(Reply::sse(), |reply, text| reply.text(text)).finished()]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = Pty::start(sandbox.ask_once(["hi"]), 40, 40);
    assert_eq!(pty.wait_for_exit(), 0, "{}", pty.screen());
    let screen = pty.screen();
    let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
    let expected = [
        "Title",
        "",
        "Some bold words that are wrapped to the",
        "width of the window.",
        "",
        "• one",
        "• two",
        "",
        "fn main() {}",
        "",
        "a │ b",
        "──┼──",
        "1 │ 2",
        "3 │ 4",
        "",
        "See the book (https://doc.example/book).",
        "An ^[]52;c;eA==^G escape.",
    ];
    assert_eq!(&lines[..expected.len()], expected, "{screen}");
    assert_append_only(&pty.log());
    sandbox.assert_turn("complete", &ANSWER.concat());
}

#[test]
fn a_window_that_is_resized_gets_the_next_words_in_its_new_width() {
    let gate = Gate::default();
    let reply =
        Reply::sse().text("First words.\n\n").wait_for(&gate).text(&"word ".repeat(40)).text("end\n").finished();
    let server = ModelServer::start([reply]);
    let sandbox = Sandbox::for_server(&server);
    let mut pty = Pty::start(sandbox.ask_once(["hi"]), 40, 80);
    pty.wait_for_text("First words.");
    pty.resize(40, 30);
    std::thread::sleep(std::time::Duration::from_millis(200));
    gate.open();
    assert_eq!(pty.wait_for_exit(), 0);
    let screen = pty.screen();
    let wrapped: Vec<&str> = screen.lines().filter(|line| line.contains("word word")).collect();
    assert_eq!(wrapped.len(), 7, "{screen}");
    assert!(wrapped.iter().all(|line| line.trim_end().len() <= 30), "{screen}");
    assert_append_only(&pty.log());
}

#[test]
fn a_pipe_gets_the_exact_text_unless_it_asks_for_more() {
    let text = ANSWER.concat();
    let server = ModelServer::always(Reply::answer(&ANSWER));
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0).assert_stdout(&text);
    sandbox.ask_once(["hi", "--color", "always", "--width", "30"]).run().assert_exit(0).assert_stdout(&text);
    let rendered = "# Title\n\nSome bold words that are\nwrapped to the width of the\nwindow.\n\n- one\n- two\n\n```rust\n\
        fn main() {}\n```\n\na │ b\n──┼──\n1 │ 2\n3 │ 4\n\nSee the book\n(https://doc.example/book). An\n^[]52;c;eA==^G escape.\n";
    let args = ["hi", "--format", "markdown", "--width", "30"];
    sandbox.ask_once(args).run().assert_exit(0).assert_stdout(rendered);
    let styled = sandbox.ask_once(args.into_iter().chain(["--color", "always"])).run().assert_exit(0).stdout();
    assert!(styled.contains("\x1b[1mbold") && !styled.contains("\x1b]52"), "{styled:?}");
    sandbox.ask_once(["hi", "--format", "markdown", "--width", "5"]).run().assert_exit(2);
}

#[test]
fn the_history_shows_answers_rendered_on_a_terminal_and_as_they_came_in_a_pipe() {
    let server = ModelServer::start([Reply::answer(&ANSWER)]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["**my** words"]).run().assert_exit(0);
    let mut pty = Pty::start(sandbox.sayso(["history", "show"]), 50, 60);
    let screen = pty.wait_for_text("──┼──");
    assert_eq!(pty.wait_for_exit(), 0);
    assert!(screen.contains("**my** words") && screen.contains("Some bold words"), "{screen}");
    assert!(screen.contains("──┼──") && !screen.contains("```"), "{screen}");
    let piped = sandbox.sayso(["history", "show"]).run().assert_exit(0).stdout();
    assert!(piped.contains(&ANSWER.concat()), "{piped:?}");
}

#[test]
fn looks_can_be_chosen() {
    let server = ModelServer::always(Reply::answer(&ANSWER));
    let config = |name: &str, value: &str| Sandbox::new().config(&TestConfig::for_server(&server).set(name, value));
    let args = ["hi", "--format", "markdown", "--width", "60", "--color", "always"];
    let none = config("ui.theme", "none").ask_once(args).run().assert_exit(0).stdout();
    assert!(none.contains("\x1b[1;4mTitle") && !none.contains("[38;5") && !none.contains("[3"), "{none:?}");
    let ansi = config("ui.theme", "ansi").ask_once(args).run().assert_exit(0).stdout();
    assert!(ansi.contains("\x1b[1;4;36mTitle"), "{ansi:?}");

    let sandbox = config("ui.theme", "mine.yaml");
    let missing = sandbox.ask_once(args).run().assert_exit(0);
    missing.assert_stderr_has(&["ui.theme", "mine.yaml", "there is no such file"]);
    let wrong = config("ui.theme", "drak").ask_once(args).run().assert_exit(3);
    wrong.assert_stderr_has(&["ui.theme", "did you mean `dark`?"]);
    let raw = Sandbox::new().config(&TestConfig::for_server(&server).set("ui.markdown", false));
    let mut pty = Pty::start(raw.ask_once(["hi"]), 40, 60);
    assert_eq!(pty.wait_for_exit(), 0);
    assert!(pty.screen().contains("Some **bold** words"), "{}", pty.screen());
}

/// Of a megabyte that comes in one go, the terminal gets three at most, and memory holds little more than the answer.
#[test]
fn a_megabyte_in_one_go_is_neither_blown_up_nor_kept() {
    const BYTES: usize = 1_000_000;
    const TWICE_MAX_KIB: u64 = 30 << 10;
    // Colouring code is slow where nothing is optimised.
    const CODE_BYTES: usize = 100_000;
    let of = |part: &str| part.repeat(BYTES / part.len());
    let some = |part: &str| part.repeat(CODE_BYTES / part.len());
    let mixed = some(&(ANSWER.concat() + "\n"));
    let words = of("The **quick** brown `fox` jumps over the [lazy dog](https://dog.example) again and again.\n\n");
    let code = format!("```rust\n{}```\n", some("fn main() { println!(\"{}\", 1 + 2); } // told\n"));
    // As a picture in base64, or a model that has lost its way.
    let word = of("x");
    let (ticks, stars) = (format!("so {}", of("`")), format!("so {}", of("*")));
    let shown = |text: &str| {
        let gate = Gate::default();
        let reply = Reply::sse().text(text).text("\n\nthe end\n\n").wait_for(&gate).finished();
        let server = ModelServer::start([reply]);
        let sandbox = Sandbox::for_server(&server);
        let mut pty = Pty::start(sandbox.ask_once(["hi"]), 40, 100).patient(std::time::Duration::from_secs(90));
        pty.wait_for_text("the end");
        let peak = pty.rss_peak_kib();
        gate.open();
        (pty.finish().len(), peak)
    };
    let (_, least) = shown("short");
    let texts =
        [("mixed", mixed), ("words", words), ("code", code), ("word", word), ("ticks", ticks), ("stars", stars)];
    for (name, text) in texts {
        let (bytes, peak) = shown(&text);
        assert!(bytes <= 3 * text.len(), "{name}: {bytes} bytes");
        assert!(peak.saturating_sub(least) <= TWICE_MAX_KIB, "{name}: {peak} KiB, {least} for a short answer");
    }
}
