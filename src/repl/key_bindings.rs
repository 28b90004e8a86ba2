//! Keys beyond the line editor's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustyline::history::History;
use rustyline::{
    Cmd, ConditionalEventHandler, Editor, Event, EventContext, EventHandler, Helper, KeyCode, KeyEvent, Modifiers,
    Movement, RepeatCount,
};

use super::{multiline, slash};
use crate::terminal::mode;

/// What a key asked for beyond what the line editor can be told in one command.
#[derive(Debug, Default)]
pub struct Asked {
    editor: AtomicBool,
    new_line: AtomicBool,
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

/// Binds the keys; what they ask for is found in `asked`.
pub fn bind(editor: &mut Editor<impl Helper, impl History>, asked: &Arc<Asked>) {
    let alt_enter = KeyEvent(KeyCode::Enter, Modifiers::ALT);
    // Terminals that send a line feed for Enter send it after Escape as well.
    let alt_line_feed = KeyEvent(KeyCode::Char('J'), Modifiers::CTRL_ALT);
    for key in [alt_enter, alt_line_feed, KeyEvent::ctrl('J')] {
        editor.bind_sequence(key, Cmd::Newline);
    }
    let mut conditional = |keys: Vec<KeyEvent>, handler| {
        editor.bind_sequence(Event::KeySeq(keys), EventHandler::Conditional(handler));
    };
    conditional(vec![KeyEvent(KeyCode::Enter, Modifiers::NONE)], Box::new(ContinueLine(Arc::clone(asked))));
    conditional(vec![KeyEvent::ctrl('D')], Box::new(DeleteUnderCursor));
    conditional(vec![KeyEvent::ctrl('X'), KeyEvent::ctrl('E')], Box::new(OpenEditor(Arc::clone(asked))));
    conditional(vec![KeyEvent::ctrl('Z')], Box::new(Stop));
}

/// Enter after a trailing backslash: a new line takes the backslash's place at once, so that what
/// stands there is what is sent, and backslashes in a paste stay as they are. Completion is the
/// one command that replaces text and moves the cursor behind it.
struct ContinueLine(Arc<Asked>);

impl ConditionalEventHandler for ContinueLine {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let line = context.line();
        if !multiline::ends_in_continuation(line) || slash::is_command(line) {
            return None;
        }
        if context.pos() < line.len() {
            return Some(Cmd::Move(Movement::EndOfBuffer));
        }
        self.0.new_line.store(true, Ordering::Relaxed);
        Some(Cmd::Complete)
    }
}

/// Ctrl-D with text in the line: in Vi mode the line editor would send it.
struct DeleteUnderCursor;

impl ConditionalEventHandler for DeleteUnderCursor {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        (!context.line().is_empty()).then_some(Cmd::Kill(Movement::ForwardChar(1)))
    }
}

/// Ctrl-X Ctrl-E: a command cannot leave the line editor but by interrupting it, so a flag says why.
struct OpenEditor(Arc<Asked>);

impl ConditionalEventHandler for OpenEditor {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        self.0.editor.store(true, Ordering::Relaxed);
        Some(Cmd::Interrupt)
    }
}

/// Ctrl-Z: the loop stops the process, and it alone, because it knows how the terminal was. The line
/// editor's own way would race with it.
struct Stop;

impl ConditionalEventHandler for Stop {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        mode::ask_to_stop();
        Some(Cmd::Noop)
    }
}
