//! Keys beyond the line editor's own: ours, and those of the configuration.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustyline::history::History;
use rustyline::{
    Anchor, CharSearch, Cmd, ConditionalEventHandler, Editor, Event, EventContext, EventHandler, Helper, InputMode,
    KeyCode, KeyEvent, Modifiers, Movement, RepeatCount, Word,
};

use super::background::Background;
use super::paste::{self, Pasted, Pastes};
use super::{multiline, slash};
use crate::config::{self, KeyAction, KeyBinding};
use crate::terminal::mode;

/// What a key asked for beyond what the line editor can be told in one command.
#[derive(Debug, Default)]
pub struct Asked {
    editor: AtomicBool,
    new_line: AtomicBool,
    pub pastes: Pastes,
    pub background: Background,
}

impl Asked {
    /// Whether Ctrl-X Ctrl-E ended the line.
    pub fn take_editor(&self) -> bool {
        self.editor.swap(false, Ordering::Relaxed)
    }

    /// Whether a new line takes the place of the backslash before the cursor.
    pub fn take_new_line(&self) -> bool {
        self.new_line.swap(false, Ordering::Relaxed)
    }
}

/// Binds the keys; what they ask for is found in `asked`. Those of the person win over ours.
pub fn bind(editor: &mut Editor<impl Helper, impl History>, asked: &Arc<Asked>, own: &[KeyBinding], folds: bool) {
    let alt_enter = KeyEvent(KeyCode::Enter, Modifiers::ALT);
    // Terminals that send a line feed for Enter send it after Escape as well.
    let alt_line_feed = KeyEvent(KeyCode::Char('J'), Modifiers::CTRL_ALT);
    let mut bind = |keys: Vec<KeyEvent>, act: Act| {
        let handler = Box::new(Bound { asked: Arc::clone(asked), act });
        editor.bind_sequence(Event::KeySeq(keys), EventHandler::Conditional(handler));
    };
    for key in [alt_enter, alt_line_feed, KeyEvent::ctrl('J')] {
        bind(vec![key], Act::Always(Cmd::Newline));
    }
    bind(vec![KeyEvent(KeyCode::Enter, Modifiers::NONE)], Act::Ask(continue_line));
    bind(vec![KeyEvent::ctrl('D')], Act::Ask(delete_under_cursor));
    bind(vec![KeyEvent(KeyCode::Backspace, Modifiers::NONE)], Act::Ask(delete_label));
    bind(vec![KeyEvent::ctrl('X'), KeyEvent::ctrl('E')], Act::Ask(open_editor));
    bind(vec![KeyEvent::ctrl('Z')], Act::Ask(stop));
    if folds {
        bind(vec![KeyEvent(KeyCode::BracketedPasteStart, Modifiers::NONE)], Act::Ask(begin_paste));
    }
    for KeyBinding { keys, action } in own {
        bind(keys.iter().map(key_event).collect(), act_of(*action));
    }
    // While a paste or a reply of the terminal comes in, each key is a part of it, whatever it means elsewhere.
    let rest = Bound { asked: Arc::clone(asked), act: Act::Ask(|_, _| None) };
    editor.bind_sequence(Event::Any, EventHandler::Conditional(Box::new(rest)));
}

fn key_event(key: &config::Key) -> KeyEvent {
    let mut held = Modifiers::NONE;
    for (is_held, modifier) in [(key.ctrl, Modifiers::CTRL), (key.alt, Modifiers::ALT), (key.shift, Modifiers::SHIFT)] {
        held.set(modifier, is_held);
    }
    let code = match key.code {
        config::KeyCode::Letter(' ') if key.ctrl => KeyCode::Char('@'),
        config::KeyCode::Letter(letter) if key.ctrl => KeyCode::Char(letter.to_ascii_uppercase()),
        config::KeyCode::Letter(letter) => KeyCode::Char(letter),
        config::KeyCode::Function(number) => KeyCode::F(number),
        config::KeyCode::Enter => KeyCode::Enter,
        config::KeyCode::Tab => KeyCode::Tab,
        config::KeyCode::Backspace => KeyCode::Backspace,
        config::KeyCode::Delete => KeyCode::Delete,
        config::KeyCode::Insert => KeyCode::Insert,
        config::KeyCode::Home => KeyCode::Home,
        config::KeyCode::End => KeyCode::End,
        config::KeyCode::PageUp => KeyCode::PageUp,
        config::KeyCode::PageDown => KeyCode::PageDown,
        config::KeyCode::Up => KeyCode::Up,
        config::KeyCode::Down => KeyCode::Down,
        config::KeyCode::Left => KeyCode::Left,
        config::KeyCode::Right => KeyCode::Right,
    };
    KeyEvent::normalize(KeyEvent(code, held))
}

fn act_of(action: KeyAction) -> Act {
    Act::Always(match action {
        KeyAction::Editor => return Act::Ask(open_editor),
        KeyAction::Nothing => Cmd::Noop,
        KeyAction::Send => Cmd::AcceptLine,
        KeyAction::Newline => Cmd::Newline,
        KeyAction::Complete => Cmd::Complete,
        KeyAction::TakeHint => Cmd::CompleteHint,
        KeyAction::Earlier => Cmd::HistorySearchBackward,
        KeyAction::Later => Cmd::HistorySearchForward,
        KeyAction::Search => Cmd::ReverseSearchHistory,
        KeyAction::ClearScreen => Cmd::ClearScreen,
        KeyAction::Undo => Cmd::Undo(1),
        KeyAction::LineStart => Cmd::Move(Movement::BeginningOfLine),
        KeyAction::LineEnd => Cmd::Move(Movement::EndOfLine),
        KeyAction::WordLeft => Cmd::Move(Movement::BackwardWord(1, Word::Emacs)),
        KeyAction::WordRight => Cmd::Move(Movement::ForwardWord(1, rustyline::At::AfterEnd, Word::Emacs)),
        KeyAction::DeleteWord => Cmd::Kill(Movement::BackwardWord(1, Word::Big)),
        KeyAction::DeleteToStart => Cmd::Kill(Movement::BeginningOfLine),
        KeyAction::DeleteToEnd => Cmd::Kill(Movement::EndOfLine),
        KeyAction::Yank => Cmd::Yank(1, Anchor::Before),
        KeyAction::Interrupt => Cmd::Interrupt,
    })
}

/// What a key does; `None`: what it does without us.
enum Act {
    Always(Cmd),
    Ask(fn(&Asked, &EventContext<'_>) -> Option<Cmd>),
}

struct Bound {
    asked: Arc<Asked>,
    act: Act,
}

impl ConditionalEventHandler for Bound {
    fn handle(&self, event: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        if let Some(&key) = event.get(0) {
            match self.asked.pastes.take(key) {
                Pasted::NoPaste => {}
                Pasted::Taken => return Some(Cmd::Noop),
                Pasted::Whole(text) => return Some(Cmd::Insert(1, text)),
                Pasted::GivenUp => return Some(Cmd::Interrupt),
            }
            if self.asked.background.takes(key) {
                return Some(Cmd::Noop);
            }
            if matches!(key.0, KeyCode::Char(c) if paste::is_mark(c)) {
                return Some(Cmd::Noop);
            }
        }
        match &self.act {
            Act::Always(command) => Some(command.clone()),
            Act::Ask(ask) => ask(&self.asked, context),
        }
    }
}

/// Enter after a trailing backslash: a new line takes the backslash's place at once, so that what
/// stands there is what is sent, and backslashes in a paste stay as they are. Completion is the
/// one command that replaces text and moves the cursor behind it.
fn continue_line(asked: &Asked, context: &EventContext<'_>) -> Option<Cmd> {
    let line = context.line();
    if !multiline::ends_in_continuation(line) || slash::is_command(line) {
        return None;
    }
    if context.pos() < line.len() {
        return Some(Cmd::Move(Movement::EndOfBuffer));
    }
    asked.new_line.store(true, Ordering::Relaxed);
    Some(Cmd::Complete)
}

/// Ctrl-D with text in the line: in Vi mode the line editor would send it.
fn delete_under_cursor(_: &Asked, context: &EventContext<'_>) -> Option<Cmd> {
    (!context.line().is_empty()).then_some(Cmd::Kill(Movement::ForwardChar(1)))
}

/// Backspace behind the label of a paste takes all of it away.
fn delete_label(_: &Asked, context: &EventContext<'_>) -> Option<Cmd> {
    let is_behind = paste::is_label_before(&context.line()[..context.pos()]);
    // A number of characters would be lost on the way: the editor takes that of its repetitions.
    let back_to_begin = Movement::ViCharSearch(1, CharSearch::Backward(paste::BEGIN));
    (is_behind && context.input_mode() == InputMode::Insert).then_some(Cmd::Kill(back_to_begin))
}

/// Ctrl-X Ctrl-E: a command cannot leave the line editor but by interrupting it, so a flag says why.
fn open_editor(asked: &Asked, _: &EventContext<'_>) -> Option<Cmd> {
    asked.editor.store(true, Ordering::Relaxed);
    Some(Cmd::Interrupt)
}

/// Ctrl-Z: the loop stops the process, and it alone, because it knows how the terminal was. The line
/// editor's own way would race with it.
fn stop(_: &Asked, _: &EventContext<'_>) -> Option<Cmd> {
    mode::ask_to_stop();
    Some(Cmd::Noop)
}

/// In Vi's command mode digits are no text for the line editor: there it reads the paste itself.
fn begin_paste(asked: &Asked, context: &EventContext<'_>) -> Option<Cmd> {
    (context.input_mode() != InputMode::Command).then(|| {
        asked.pastes.begin();
        Cmd::Noop
    })
}
