//! Lines from the user, for an async loop: the line editor blocks, so it has its own thread.
//!
//! One line is asked for and one event answers it. Between the two the terminal belongs to the
//! input thread; the rest of the time, while an answer streams, nothing here touches it.
//!
//! What the caller has to keep to: the terminal's mode is saved before the first request, and set
//! back when the process ends while a line is being read, since the thread is not waited for. The
//! runtime's SIGINT handler is in place before the first request: the editor sets back the handler
//! it found.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::{fmt, thread};

use rustyline::Prompt;
use tokio::sync::mpsc as async_mpsc;

use super::above::{Above, Printer};
use super::completion_source::CompletionSource;
use super::line_reader::{LineReader, write_prompt};
use crate::config::KeyBinding;
use crate::conversation::is_hidden;
use crate::terminal::{TermSafe, mode};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Editing {
    #[default]
    Emacs,
    Vi,
}

#[derive(Debug, Default)]
pub struct InputSettings {
    pub editing: Editing,
    /// No line editor, so no repainting: `TERM=dumb`, accessible mode.
    pub plain: bool,
    /// Keys of the person's own.
    pub keys: Vec<KeyBinding>,
    /// A long paste is one label in the line.
    pub folds_pastes: bool,
    /// With the first prompt the terminal is asked for its background. It has to know OSC.
    pub asks_background: bool,
    pub completions: CompletionSource,
    /// Stands for `~` in paths.
    pub home: Option<PathBuf>,
}

/// A prompt with and without its style; both take the same room on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptText {
    raw: String,
    styled: String,
    /// Begins its style; a command that is typed behind it has the same.
    style: Option<String>,
}

/// Tells the terminal that the prompt ends here (OSC 133).
const PROMPT_ENDS: &str = "\x1b]133;B\x07";

impl PromptText {
    /// `style` is the sequence that begins it, as in `\x1b[1m`. Characters that nobody sees are left out.
    #[must_use]
    pub fn new(text: &str, style: Option<&str>) -> Self {
        let raw: String = text.chars().filter(|c| !is_hidden(*c)).collect();
        let styled = style.map_or_else(|| raw.clone(), |style| format!("{style}{raw}\x1b[0m"));
        Self { raw, styled, style: style.map(str::to_owned) }
    }

    #[must_use]
    pub fn style(&self) -> Option<&str> {
        self.style.as_deref()
    }

    /// With a mark where the prompt ends, which takes no room.
    #[must_use]
    pub fn marked(mut self) -> Self {
        self.styled.push_str(PROMPT_ENDS);
        self
    }
}

impl Prompt for PromptText {
    fn raw(&self) -> &str {
        &self.raw
    }

    fn styled(&self) -> &str {
        &self.styled
    }
}

/// The answer to a request, but for the first two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputEvent {
    /// A line was begun, and is still being read.
    Typing,
    /// The terminal has told its background; the line is still being read.
    Background { is_light: bool },
    /// May hold several lines.
    Line(String),
    /// Ctrl-C. A text was put into the history in memory: Up brings it back.
    Interrupted { had_text: bool, text: String },
    /// Ctrl-X Ctrl-E: request a line again, with the edited text as its initial one.
    EditRequested { text: String },
    /// Ctrl-D on an empty line, or the terminal has gone.
    EndOfInput,
    /// No line can be read any more.
    Failed(String),
}

enum Order {
    Read { prompt: PromptText, initial: Option<String>, forgets: bool },
    AddHistory(String),
    AddOthersHistory(Vec<String>),
    TurnHistory { others: Vec<String>, own: Vec<String> },
}

/// What both sides reach while a line is being read.
#[derive(Clone, Default)]
pub struct Reading {
    /// Lines of a longer text were read plainly, and it goes on.
    pub has_lines: Arc<AtomicBool>,
    /// A signal cleared them.
    pub is_cleared: Arc<AtomicBool>,
    /// Prints above the line, and so draws it again.
    pub printer: Printer,
}

impl fmt::Debug for Reading {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Reading").field("is_cleared", &self.is_cleared).finish_non_exhaustive()
    }
}

/// The input thread's handle. The thread ends when it is dropped, or once its line is there.
#[derive(Debug)]
pub struct Input {
    orders: mpsc::Sender<Order>,
    events: async_mpsc::UnboundedReceiver<InputEvent>,
    is_reading: bool,
    is_plain: bool,
    reading: Reading,
    above: Above,
    has_light_background: Option<bool>,
}

impl Input {
    #[must_use]
    pub fn start(settings: InputSettings) -> Self {
        let (orders, taken_orders) = mpsc::channel();
        let (sent_events, events) = async_mpsc::unbounded_channel();
        let is_plain = settings.plain;
        let reading = Reading::default();
        let shared = reading.clone();
        // Where no thread can be had its ends of the channels are dropped, and `next` says so.
        let _ = thread::Builder::new()
            .name("line-input".to_owned())
            .spawn(move || serve(settings, shared, &taken_orders, &sent_events));
        Self {
            orders,
            events,
            is_reading: false,
            is_plain,
            reading,
            above: Above::default(),
            has_light_background: None,
        }
    }

    /// Asks for one line; `initial` stands in it already. Nothing happens while one is being read.
    pub fn request(&mut self, prompt: PromptText, initial: Option<String>) {
        self.read(prompt, initial, false);
    }

    /// The same for a question: what was typed before it was seen is no answer to it.
    pub fn ask(&mut self, prompt: PromptText, initial: Option<String>) {
        self.read(prompt, initial, true);
    }

    fn read(&mut self, prompt: PromptText, initial: Option<String>, forgets: bool) {
        if !self.is_reading {
            self.reading.is_cleared.store(false, Ordering::Relaxed);
            mode::set_paste_bracketed(!self.is_plain);
            // Where the thread has gone, `next` finds out.
            let _ = self.orders.send(Order::Read { prompt, initial, forgets });
            self.is_reading = true;
        }
    }

    /// Whether the terminal is the input thread's.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.is_reading
    }

    /// The answer to the request; waits for ever where there is none. Can be dropped and called
    /// again without losing anything.
    pub async fn next(&mut self) -> InputEvent {
        if !self.is_reading {
            return std::future::pending().await;
        }
        let event = self.events.recv().await;
        if let Some(InputEvent::Background { is_light }) = event {
            self.has_light_background = Some(is_light);
        }
        if !matches!(event, Some(InputEvent::Typing | InputEvent::Background { .. })) {
            self.is_reading = false;
            mode::set_paste_bracketed(false);
        }
        event.unwrap_or_else(|| InputEvent::Failed("the line editor has stopped".to_owned()))
    }

    /// Shows the line again after the terminal was somebody else's.
    pub fn redraw(&self, prompt: &PromptText) {
        if self.is_plain {
            // A terminal that has gone is noticed by the thread.
            let _ = write_prompt(&prompt.raw);
            return;
        }
        mode::look_at_window();
        self.above.print(&self.reading.printer, String::new());
    }

    /// Prints a line above the one that is being read, which stands again below it.
    pub fn print_above(&self, text: TermSafe<'_>) {
        let line = format!("{}\n", String::from_utf8_lossy(text.as_bytes()));
        if self.is_plain {
            let _ = write_prompt(&line);
        } else {
            self.above.print(&self.reading.printer, line);
        }
    }

    /// Whether the terminal itself edits the lines, and so has to echo them.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// As the terminal has told; `None`: it was not asked, or has not replied yet.
    #[must_use]
    pub fn has_light_background(&self) -> Option<bool> {
        self.has_light_background
    }

    /// Whether there is more to clear than the terminal knows of. Of the line that it edits itself
    /// nothing is known.
    #[must_use]
    pub fn has_lines(&self) -> bool {
        self.reading.has_lines.load(Ordering::Relaxed)
    }

    /// After a Ctrl-C that came as a signal, since the terminal edits the line: it has cleared the
    /// line, and the lines before it go as well.
    pub fn clear_plain(&self, prompt: &PromptText) {
        self.reading.is_cleared.store(true, Ordering::Relaxed);
        self.reading.has_lines.store(false, Ordering::Relaxed);
        self.redraw(prompt);
    }

    /// Earlier prompts of another conversation, and of all others; oldest first. What was typed here stays.
    pub fn turn_history(&self, others: Vec<String>, own: Vec<String>) {
        let _ = self.orders.send(Order::TurnHistory { others, own });
    }

    /// Adds what was typed in other processes.
    pub fn add_others_history(&self, lines: Vec<String>) {
        let _ = self.orders.send(Order::AddOthersHistory(lines));
    }

    /// Adds a prompt for Up and Ctrl-R, unless it starts with a space or repeats the last one.
    /// While a line is being read it waits for that line.
    pub fn add_history(&self, line: &str) {
        // Without the thread nobody will press Up.
        let _ = self.orders.send(Order::AddHistory(line.to_owned()));
    }
}

/// The input thread: one order after the other.
fn serve(
    settings: InputSettings,
    reading: Reading,
    orders: &mpsc::Receiver<Order>,
    events: &async_mpsc::UnboundedSender<InputEvent>,
) {
    let mut reader = match LineReader::open(settings, reading, events.clone()) {
        Ok(reader) => reader,
        Err(error) => {
            // Nobody listening is nobody to tell.
            let _ = events.send(InputEvent::Failed(format!("cannot read from the terminal: {error}")));
            return;
        }
    };
    for order in orders {
        match order {
            Order::AddHistory(line) => reader.add_history(&line),
            Order::AddOthersHistory(lines) => reader.change_history(|history| history.add_others(lines)),
            Order::TurnHistory { others, own } => reader.change_history(|history| history.turn_to(others, own)),
            Order::Read { prompt, initial, forgets } => {
                if events.send(reader.read(&prompt, initial, forgets)).is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rustyline::Prompt as _;

    use super::PromptText;

    #[test]
    fn a_prompt_is_as_wide_with_style_as_without() {
        let plain = PromptText::new("de\u{1b}m\u{202e}o> ", None);
        assert_eq!((plain.raw(), plain.styled()), ("demo> ", "demo> "));
        let styled = PromptText::new("demo> ", Some("\u{1b}[1;36m"));
        assert_eq!((styled.raw(), styled.styled()), ("demo> ", "\u{1b}[1;36mdemo> \u{1b}[0m"));
        assert_eq!(plain.marked().styled(), "demo> \u{1b}]133;B\u{7}");
    }
}
