//! The views with Markdown, on a real pseudo-terminal and on pipes: these events, those bytes.

use std::time::Duration;

use super::view_tests::{NO_COLOR, Terminal, named, notice, on_terminal, output, piped, result, thought};
use super::*;
use crate::session::{Flushed, Frontend, TurnEvent};

fn settings() -> ViewSettings {
    ViewSettings { markdown: Some(MarkdownSettings::default()), ..ViewSettings::default() }
}

#[test]
fn an_answer_is_rendered_to_the_width_of_the_terminal() {
    let events = [
        TurnEvent::Text("# He\x1b]52;c;eA==\x07ad\n\nA **bold** word and some more text that is"),
        TurnEvent::Text(" wrapped at forty columns.\n- one"),
        TurnEvent::Ended(&result("")),
    ];
    let expected = "# He^[]52;c;eA==^Gad\n\nA bold word and some more text that is\nwrapped at forty columns.\n- one\n";
    assert_eq!(on_terminal(NO_COLOR, settings(), &events), expected);
}

#[test]
fn a_notice_in_between_ends_the_line_and_not_the_block() {
    let events = [
        TurnEvent::Text("```\nfirst\n"),
        notice("slow"),
        TurnEvent::Text("**second**\n```\n- item\n"),
        thought("hm", 0),
        TurnEvent::Text("  goes on\n"),
        TurnEvent::Ended(&result("")),
    ];
    let expected = "```\nfirst\nwarning: slow\n**second**\n```\n\n- item\n  goes on\n";
    assert_eq!(on_terminal(NO_COLOR, settings(), &events), expected);
}

#[test]
fn what_a_tool_parts_are_two_texts() {
    let (call, output) = (named("c1", ""), output());
    let events = [
        TurnEvent::Text("> quoted `co"),
        TurnEvent::ToolCall(&call),
        TurnEvent::ToolStarted(&call),
        TurnEvent::ToolResult { call: &call, elapsed: Duration::from_millis(38), output: &output },
        TurnEvent::Text("new *text"),
        TurnEvent::Ended(&result("")),
    ];
    let expected = "│ quoted `co\ntool read: 6 bytes in 38 ms\nnew *text\n";
    assert_eq!(on_terminal(NO_COLOR, settings(), &events), expected);
}

#[test]
fn a_table_that_is_held_counts_its_rows_in_the_row() {
    let (terminal, mut screen) = Terminal::new(NO_COLOR);
    let mut view = ReplyView::new(&mut screen, settings());
    for text in ["a\n\n| a | b |\n|---|---|\n", "| 1 | 2 |\n"] {
        view.show(&TurnEvent::Text(text));
        assert_eq!(view.flush().unwrap(), Flushed::All);
    }
    std::thread::sleep(Duration::from_millis(350));
    view.tick().unwrap();
    view.show(&TurnEvent::Text("| 3 | 4 |\n\nend"));
    view.show(&TurnEvent::Ended(&result("")));
    assert_eq!(view.flush().unwrap(), Flushed::All);
    drop(screen);
    let bytes = terminal.read();
    assert_eq!(bytes, "a\n\n\r⠋ table, rows … 1\x1b[K\r\x1b[Ka │ b\n──┼──\n1 │ 2\n3 │ 4\n\nend\n");
}

#[test]
fn what_is_held_for_long_comes_with_the_clock() {
    let (terminal, mut screen) = Terminal::new(NO_COLOR);
    let mut view = ReplyView::new(&mut screen, settings());
    view.show(&TurnEvent::Text("so **bold"));
    view.tick().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    view.tick().unwrap();
    assert_eq!(view.flush().unwrap(), Flushed::All);
    drop(screen);
    assert_eq!(terminal.read(), "so bold");
}

#[test]
fn a_pipe_gets_rendered_text_where_that_is_asked_for() {
    let markdown = MarkdownSettings { width: Some(20), ..MarkdownSettings::default() };
    let settings = ViewSettings { markdown: Some(markdown), ..ViewSettings::default() };
    let call = named("c1", "");
    let events = [
        TurnEvent::Text("**a** text that is wrapped"),
        TurnEvent::ToolStarted(&call),
        TurnEvent::Text("- b\x1b[2J"),
        TurnEvent::Ended(&result("")),
    ];
    let (out, err) = piped(|screen| Box::new(PlainView::new(screen, settings)), &events);
    assert_eq!((out.as_str(), err.as_str()), ("a text that is\nwrapped\n\n- b^[[2J\n", ""));
}
