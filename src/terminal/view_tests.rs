//! The views on real pipes and a real pseudo-terminal: these events, those bytes.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::time::Duration;

use portable_pty::{MasterPty, PtySize, native_pty_system};

use super::*;
use crate::conversation::{ConversationId, InterruptReason, ReasoningKind, ToolCall, Usage};
use crate::platform::OutputHandle;
use crate::provider::{ErrorKind, ProviderError};
use crate::session::NamedCall;
use crate::session::{Flushed, Frontend, NoticeLevel, OutputError, TurnEvent, TurnResult, TurnStatus};
use crate::tool::ToolOutput;

pub fn result(text: &str) -> TurnResult {
    TurnResult {
        text: text.into(),
        finish: Some("stop".into()),
        ..TurnResult::empty(ConversationId("01J".into()), "test:m".into())
    }
}

pub fn thought(text: &str, block: u32) -> TurnEvent<'_> {
    TurnEvent::Reasoning { text, kind: ReasoningKind::Raw, block }
}

pub fn notice(message: &str) -> TurnEvent<'_> {
    TurnEvent::Notice { level: NoticeLevel::Warn, code: "x", message }
}

fn retry() -> TurnEvent<'static> {
    TurnEvent::Retry { code: "rate_limit", attempt: 1, of: 4, wait: Duration::from_secs(2) }
}

fn started(conversation: &ConversationId) -> TurnEvent<'_> {
    TurnEvent::Started { conversation, turn: 1, model: "demo:x", attachments: &[] }
}

/// Shows all events to a view on two pipes; what came on stdout and stderr.
pub fn piped(view: impl Fn(&mut Screen) -> Box<dyn Frontend + '_>, events: &[TurnEvent<'_>]) -> (String, String) {
    let ((mut stdout, out), (mut stderr, err)) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let mut screen = Screen::on(out.into(), err.into(), OutputSettings::default());
    let mut view = view(&mut screen);
    for event in events {
        view.show(event);
        assert_eq!(view.flush().unwrap(), Flushed::All);
        view.tick().unwrap();
    }
    drop(view);
    drop(screen);
    let (mut out, mut err) = (String::new(), String::new());
    stdout.read_to_string(&mut out).unwrap();
    stderr.read_to_string(&mut err).unwrap();
    (out, err)
}

fn plain(settings: ViewSettings, events: &[TurnEvent<'_>]) -> (String, String) {
    piped(|screen| Box::new(PlainView::new(screen, settings)), events)
}

fn json(format: JsonFormat, events: &[TurnEvent<'_>]) -> (String, String) {
    piped(|screen| Box::new(JsonView::new(screen, format, ViewSettings::default())), events)
}

fn pair(out: &str, err: &str) -> (String, String) {
    (out.to_owned(), err.to_owned())
}

/// A pseudo-terminal that is stdout and stderr of one screen.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    pub fn new(settings: OutputSettings) -> (Self, Screen) {
        let size = PtySize { rows: 24, cols: 40, pixel_width: 0, pixel_height: 0 };
        let master = native_pty_system().openpty(size).unwrap().master;
        let path = master.tty_name().unwrap();
        let open = || OutputHandle::from(OpenOptions::new().write(true).open(&path).unwrap());
        let screen = Screen::on(open(), open(), settings);
        (Self { master }, screen)
    }

    /// All that was written, once the screen is gone.
    pub fn read(self) -> String {
        let (mut reader, mut bytes) = (self.master.try_clone_reader().unwrap(), Vec::new());
        // A terminal whose last writer has gone ends with an error.
        let _ = reader.read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
        // On a busy machine a second passes sooner.
        text.replace("… 1 s", "… 0 s").replace("… 2 s", "… 0 s")
    }
}

pub fn on_terminal(output: OutputSettings, settings: ViewSettings, events: &[TurnEvent<'_>]) -> String {
    let (terminal, mut screen) = Terminal::new(output);
    let mut view = ReplyView::new(&mut screen, settings);
    for event in events {
        view.show(event);
        assert_eq!(view.flush().unwrap(), Flushed::All);
    }
    drop(screen);
    terminal.read()
}

pub const NO_COLOR: OutputSettings =
    OutputSettings { color: ColorChoice::Never, term_dumb: false, accessible: false, quiet: false, verbose: false };

pub fn named(id: &str, arguments: &str) -> NamedCall {
    let call = ToolCall { id: id.into(), name: "read".into(), arguments: arguments.into() };
    NamedCall { call, server: None, tool: "read".into() }
}

pub fn output() -> ToolOutput {
    ToolOutput { text: "result".into(), ..ToolOutput::default() }
}

#[test]
fn a_pipe_gets_the_exact_text_and_one_newline() {
    let text = [TurnEvent::Text("a\x1b[31m\r"), TurnEvent::Text("\u{202E}b\n\n"), TurnEvent::Text("c")];
    let done = result("");
    let events = [&text[..], &[TurnEvent::Ended(&done)]].concat();
    assert_eq!(plain(ViewSettings::default(), &events), pair("a\x1b[31m\r\u{202E}b\n\nc\n", ""));
    let ended = [TurnEvent::Text("c\n"), TurnEvent::Ended(&result(""))];
    assert_eq!(plain(ViewSettings::default(), &ended), pair("c\n", ""));
    let empty = [TurnEvent::Text(""), TurnEvent::Ended(&result(""))];
    assert_eq!(plain(ViewSettings::default(), &empty), pair("", ""));
}

#[test]
fn what_stands_beside_a_piped_answer_is_sanitised_on_stderr() {
    let call = named("c1", "{\"p\":1}");
    let output = output();
    let usage = Usage { input: Some(5), ..Usage::default() };
    let result = TurnResult { usage: Some(usage), interrupted: Some(InterruptReason::Length), ..result("") };
    let id = ConversationId("01J".into());
    let events = [
        started(&id),
        retry(),
        TurnEvent::Waiting,
        thought("hm\x1b[2J", 0),
        thought("so", 1),
        TurnEvent::Text("a"),
        notice("\x1b]0;x\x07"),
        TurnEvent::ToolCall(&call),
        TurnEvent::ToolStarted(&call),
        TurnEvent::ToolResult { call: &call, elapsed: Duration::from_millis(38), output: &output },
        TurnEvent::Ended(&result),
    ];
    let usage = UsageParts { tokens: true, ..UsageParts::NONE };
    let settings = ViewSettings { verbose: true, thinking: Thinking::Show, usage, ..ViewSettings::default() };
    let err = "rate_limit: try 2 of 4 in 2.0 s\nhm^[[2J\n\nso\nwarning: ^[]0;x^G\ntool read {\"p\":1}: 6 bytes in 38 ms\n\
        [interrupted: the length limit was reached]\nusage: 5 in\n";
    assert_eq!(plain(settings, &events), pair("a\n", err));
    let quiet = ViewSettings { quiet: true, ..settings };
    assert_eq!(plain(quiet, &events), pair("a\n", ""));
}

#[test]
fn a_person_sees_text_at_once_and_everything_else_on_lines_of_its_own() {
    let call = named("c1", "");
    let output = output();
    let result = TurnResult { interrupted: Some(InterruptReason::UserInterrupt), ..result("") };
    let events = [
        TurnEvent::Waiting,
        thought("hidden", 0),
        TurnEvent::Text("He\x1b]52;c;eA==\x07l"),
        TurnEvent::Text("lo\r"),
        TurnEvent::ToolCall(&call),
        TurnEvent::ToolStarted(&call),
        TurnEvent::ToolResult { call: &call, elapsed: Duration::from_millis(38), output: &output },
        TurnEvent::Waiting,
        TurnEvent::Text("done\n"),
        notice("slow"),
        TurnEvent::Text("more"),
        TurnEvent::Ended(&result),
    ];
    let expected = "He^[]52;c;eA==^Gllo^M\ntool read: 6 bytes in 38 ms\ndone\nwarning: slow\nmore\n[interrupted: stopped by you]\n";
    assert_eq!(on_terminal(NO_COLOR, ViewSettings::default(), &events), expected);
}

#[test]
fn shown_thoughts_are_dim_and_end_before_the_answer() {
    let events = [
        thought("a\u{202E}", 0),
        thought("b", 0),
        TurnEvent::Text("text"),
        thought("c\n", 1),
        TurnEvent::Ended(&result("")),
    ];
    let settings = ViewSettings { thinking: Thinking::Show, ..ViewSettings::default() };
    let expected = "\x1b[2ma\u{202E}b\u{202C}\x1b[0m\ntext\n\x1b[2mc\n\x1b[0m";
    assert_eq!(on_terminal(OutputSettings::default(), settings, &events), expected);
    let dumb = OutputSettings { term_dumb: true, ..OutputSettings::default() };
    assert_eq!(on_terminal(dumb, settings, &events), "a\u{202E}b\u{202C}\ntext\nc\n");
}

#[test]
fn the_row_is_gone_before_text_comes_and_never_moves_up() {
    let (terminal, mut screen) = Terminal::new(NO_COLOR);
    let mut view = ReplyView::new(&mut screen, ViewSettings::default());
    let id = ConversationId("01J".into());
    view.show(&started(&id));
    view.show(&TurnEvent::Waiting);
    view.tick().unwrap();
    std::thread::sleep(Duration::from_millis(310));
    view.tick().unwrap();
    view.show(&thought("hm", 0));
    view.tick().unwrap();
    view.show(&TurnEvent::Text("answer"));
    assert_eq!(view.flush().unwrap(), Flushed::All);
    std::thread::sleep(Duration::from_millis(310));
    view.tick().unwrap();
    view.show(&TurnEvent::Ended(&result("")));
    assert_eq!(view.flush().unwrap(), Flushed::All);
    drop(screen);
    let bytes = terminal.read();
    assert_eq!(bytes, "\r⠋ waiting for demo:x … 0 s\x1b[K\r⠙ thinking … 0 s\x1b[K\r\x1b[Kanswer\n");
}

#[test]
fn a_terminal_that_is_stopped_blocks_nothing_and_loses_nothing() {
    let (terminal, mut screen) = Terminal::new(NO_COLOR);
    let text = "0123456789abcdef".repeat(20_000);
    let mut reader = terminal.master.try_clone_reader().unwrap();
    let mut view = ReplyView::new(&mut screen, ViewSettings::default());
    view.show(&TurnEvent::Text(&text));
    assert_eq!(view.flush().unwrap(), Flushed::Blocked);
    let mut got = Vec::new();
    while let Flushed::Blocked = view.flush().unwrap() {
        let mut piece = [0; 4096];
        let bytes = reader.read(&mut piece).unwrap();
        got.extend_from_slice(&piece[..bytes]);
    }
    drop(screen);
    let _ = reader.read_to_end(&mut got);
    assert_eq!(String::from_utf8(got).unwrap(), text);
}

#[test]
fn a_terminal_that_was_hung_up_is_a_reader_who_has_gone() {
    let (terminal, mut screen) = Terminal::new(NO_COLOR);
    assert!(!screen.reader_gone());
    drop(terminal);
    let mut view = ReplyView::new(&mut screen, ViewSettings::default());
    assert!(matches!(view.tick(), Err(OutputError::Closed)));
    view.show(&TurnEvent::Text("x"));
    assert!(matches!(view.flush(), Err(OutputError::Closed)));
}

#[test]
fn the_answer_can_go_to_a_file_while_a_terminal_looks_on() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (terminal, screen) = Terminal::new(NO_COLOR);
    drop(screen);
    let err = OpenOptions::new().write(true).open(terminal.master.tty_name().unwrap()).unwrap();
    let mut screen = Screen::on(File::create(file.path()).unwrap().into(), err.into(), NO_COLOR);
    let mut view = PlainView::new(&mut screen, ViewSettings::default());
    view.show(&TurnEvent::Waiting);
    std::thread::sleep(Duration::from_millis(310));
    view.tick().unwrap();
    for event in [TurnEvent::Text("a"), TurnEvent::Waiting, notice("n"), TurnEvent::Ended(&result(""))] {
        view.show(&event);
        assert_eq!(view.flush().unwrap(), Flushed::All);
        view.tick().unwrap();
    }
    drop(screen);
    assert_eq!(terminal.read(), "\r⠋ waiting for  … 0 s\x1b[K\r\x1b[Kwarning: n\n");
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "a\n");
}

/// Replaces the values that the clock decides.
fn without_clock(text: &str) -> String {
    let mut lines = text.to_owned();
    for (key, end) in [("\"t_ms\":", ','), ("\"time\":", '}')] {
        let mut from = 0;
        while let Some(at) = lines[from..].find(key).map(|at| from + at + key.len()) {
            let length = lines[at..].find(end).unwrap();
            lines.replace_range(at..at + length, "0");
            from = at;
        }
    }
    lines
}

#[test]
fn jsonl_prints_the_promised_lines() {
    let id = ConversationId("01J".into());
    let call = named("c1", "{\"p\":\n[1]}");
    let bad = NamedCall { server: Some("files".into()), ..named("c2", "{\"p") };
    let output = output();
    let usage = Usage { input: Some(1204), output: Some(312), cost_usd: Some(0.0031), ..Usage::default() };
    let mut error = ProviderError::new(ErrorKind::Disconnected, "cut \"off\"");
    error.status = Some(200);
    let result = TurnResult {
        status: TurnStatus::Incomplete,
        exit: 9,
        finish: None,
        interrupted: Some(InterruptReason::Disconnect),
        usage: Some(usage),
        error: Some(error),
        ..result("Hel\x1b")
    };
    let events = [
        started(&id),
        TurnEvent::Waiting,
        notice("n"),
        retry(),
        thought("hm", 0),
        TurnEvent::Text("Hel"),
        TurnEvent::Text("\x1b\u{9b}"),
        TurnEvent::ToolCall(&call),
        TurnEvent::ToolCall(&bad),
        TurnEvent::Approval { call: &call, is_allowed: false, by: "policy", reason: "r" },
        TurnEvent::ToolStarted(&call),
        TurnEvent::ToolResult { call: &call, elapsed: Duration::from_millis(38), output: &output },
        TurnEvent::Usage(&usage),
        TurnEvent::Ended(&result),
        TurnEvent::Ended(&result),
        notice("late"),
    ];
    let (out, err) = json(JsonFormat::Jsonl, &events);
    let expected = r#"{"v":1,"type":"start","conversation":"01J","turn":1,"model":"demo:x","time":0}
{"v":1,"type":"notice","level":"warn","code":"x","message":"n"}
{"v":1,"type":"retry","code":"rate_limit","attempt":1,"of":4,"wait_ms":2000}
{"v":1,"type":"reasoning","text":"hm"}
{"v":1,"type":"delta","seq":0,"t_ms":0,"text":"Hel"}
{"v":1,"type":"delta","seq":1,"t_ms":0,"text":"\u001b\u009b"}
{"v":1,"type":"tool_call","id":"c1","server":null,"name":"read","arguments":{"p":[1]}}
{"v":1,"type":"tool_call","id":"c2","server":"files","name":"read","arguments":"{\"p"}
{"v":1,"type":"approval","id":"c1","decision":"denied","by":"policy","reason":"r"}
{"v":1,"type":"tool_result","id":"c1","ok":true,"ms":38,"content":[{"text":"result","type":"text"}],"truncated":false}
{"v":1,"type":"usage","input":1204,"output":312,"cached":null,"reasoning":null,"cost_usd":0.0031}
{"v":1,"type":"result","status":"incomplete","exit":9,"text":"Hel\u001b","finish":null,"usage":{"input":1204,"output":312,"cached":null,"reasoning":null,"cost_usd":0.0031},"timing":{"first_token_ms":null,"total_ms":0.0,"gap_p50_ms":null,"gap_p99_ms":null,"tokens_per_second":null,"chunks":0,"flushes":0,"commits":0,"delta_buffer_peak_bytes":0,"retries":0},"error":{"class":"disconnected","message":"cut \"off\"","status":200,"request_id":null,"retryable":true,"hint":null},"interrupted":"disconnect","conversation":"01J","model":"test:m","value":null,"part":null,"cached":false}
"#;
    assert_eq!((without_clock(&out).as_str(), err.as_str()), (expected, ""));
    let time = out.split("\"time\":\"").nth(1).unwrap();
    assert!(time.len() > 20 && time[..35.min(time.len())].contains("Z\"}"), "{time}");
}

#[test]
fn json_prints_the_result_alone() {
    let id = ConversationId("01J".into());
    let events = [started(&id), TurnEvent::Text("a"), notice("n"), TurnEvent::Ended(&result("a"))];
    let (out, err) = json(JsonFormat::Json, &events);
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&value["type"], &value["text"]), (&"result".into(), &"a".into()));
    assert_eq!((out.matches('\n').count(), err.as_str()), (1, "warning: n\n"));
}

#[test]
fn an_error_before_the_turn_has_its_result_too() {
    let report = ErrorReport { class: "config".into(), message: "no key".into(), ..ErrorReport::default() };
    let expected = r#"{"v":1,"type":"result","status":"error","exit":3,"text":"","finish":null,"usage":null,"timing":null,"error":{"class":"config","message":"no key","status":null,"request_id":null,"retryable":null,"hint":null},"interrupted":null,"conversation":null,"model":null,"value":null,"part":null,"cached":false}
"#;
    assert_eq!(result_line_for_error(&report, TurnStatus::Error, 3), expected);
}

#[test]
fn the_schema_names_every_line_and_resolves_every_reference() {
    let schema: serde_json::Value = serde_json::from_str(&events_schema()).unwrap();
    let kinds = schema["oneOf"].as_array().unwrap().iter().map(|line| {
        let target = line["$ref"].as_str().unwrap().trim_start_matches("#/$defs/");
        schema["$defs"][target]["properties"]["type"]["const"].as_str().unwrap()
    });
    let kinds: Vec<_> = kinds.collect();
    assert_eq!(
        kinds,
        ["start", "notice", "retry", "reasoning", "delta", "tool_call", "approval", "tool_result", "usage", "result"]
    );
}
