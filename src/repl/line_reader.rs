//! Reads one line from the terminal: with the line editor, or plainly where the terminal or the
//! user wants no repainting. Blocks; runs on the input thread.

use std::io::{self, BufRead as _, Read as _, Write as _};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use rustyline::config::BellStyle;
use rustyline::error::ReadlineError;
use rustyline::history::History as _;
use rustyline::{ColorMode, CompletionType, Config, EditMode, Editor, GraphemeClusterMode, Prompt as _};
use tokio::sync::mpsc::UnboundedSender;

use super::background;
use super::completer::Completions;
use super::input::{Editing, InputEvent, InputSettings, PromptText, Reading};
use super::key_bindings::{self, Asked};
use super::line_helper::LineHelper;
use super::line_history::LineHistory;
use super::paste::without_marks;
use super::{multiline, slash};

pub enum LineReader {
    Edited(Box<EditedLines>),
    Plain(PlainLines),
}

impl LineReader {
    /// `typing` is told when a line is begun.
    pub fn open(
        settings: InputSettings,
        reading: Reading,
        typing: UnboundedSender<InputEvent>,
    ) -> Result<Self, ReadlineError> {
        Ok(if settings.plain {
            Self::Plain(PlainLines(reading))
        } else {
            Self::Edited(Box::new(EditedLines::open(Parts { settings, reading, typing, asked: Arc::default() })?))
        })
    }

    /// `forgets`: what was typed before the prompt is no answer to it.
    pub fn read(&mut self, prompt: &PromptText, initial: Option<String>, forgets: bool) -> InputEvent {
        match self {
            Self::Edited(lines) if forgets => {
                lines.forget_typed();
                lines.read(prompt, initial.unwrap_or_default())
            }
            Self::Edited(lines) => lines.read(prompt, initial.unwrap_or_default()),
            Self::Plain(lines) => lines.read(prompt, initial),
        }
    }

    /// Adds an earlier prompt for Up and Ctrl-R.
    pub fn add_history(&mut self, line: &str) {
        match self {
            Self::Edited(lines) => lines.add_history(line),
            Self::Plain(_) => (),
        }
    }

    pub fn change_history(&mut self, change: impl FnOnce(&mut LineHistory)) {
        match self {
            Self::Edited(lines) => change(lines.editor.history_mut()),
            Self::Plain(_) => (),
        }
    }
}

/// Lines edited with rustyline.
pub struct EditedLines {
    editor: Editor<LineHelper, LineHistory>,
    parts: Parts,
    /// Nothing has been read yet.
    is_first: bool,
    /// The last line, as it was and with the texts of its pastes.
    last: (String, String),
}

/// What an editor is made of.
struct Parts {
    settings: InputSettings,
    reading: Reading,
    typing: UnboundedSender<InputEvent>,
    asked: Arc<Asked>,
}

impl Parts {
    /// Sets no terminal mode: the editor does that when it reads a line, and sets back what it found.
    fn build(&self, history: LineHistory) -> Result<Editor<LineHelper, LineHistory>, ReadlineError> {
        let Self { settings, reading, typing, asked } = self;
        let graphemes = GraphemeClusterMode::from_env();
        let config = Config::builder()
            .edit_mode(match settings.editing {
                Editing::Emacs => EditMode::Emacs,
                Editing::Vi => EditMode::Vi,
            })
            // The helper decides on colour, but it is asked only where the editor thinks there is
            // some, and it must always be: it keeps control characters from the terminal.
            .color_mode(ColorMode::Forced)
            .grapheme_cluster_mode(graphemes)
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .bell_style(BellStyle::None)
            .build();
        let completions = Completions::new(settings.completions.clone(), settings.home.clone());
        let mut editor = Editor::with_history(config, history)?;
        key_bindings::bind(&mut editor, asked, &settings.keys, settings.folds_pastes);
        let helper = LineHelper::new(completions, graphemes, Arc::clone(asked));
        editor.set_helper(Some(helper.telling(typing.clone())));
        // With a printer the editor waits for signals and keys alike; without one it notices a new
        // window size only where the signal happens to reach the input thread.
        if let Ok(printer) = editor.create_external_printer() {
            *reading.printer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(printer));
        }
        Ok(editor)
    }
}

impl EditedLines {
    fn open(parts: Parts) -> Result<Self, ReadlineError> {
        let editor = parts.build(LineHistory::default())?;
        Ok(Self { editor, is_first: true, parts, last: Default::default() })
    }

    /// The reply comes among the keys. Nothing is echoed between two lines, so it is not seen where it comes early.
    fn ask_for_background(&self) {
        let Parts { settings, typing, asked, .. } = &self.parts;
        if settings.asks_background && write_prompt(background::QUESTION).is_ok() {
            asked.background.await_reply(typing.clone());
        }
    }

    /// Forgets keys that were read behind the last line, in one go with it: the editor keeps them for the next.
    fn forget_typed(&mut self) {
        let history = std::mem::take(self.editor.history_mut());
        // It could be made once, so it can be again; else Up would know no more.
        if let Ok(editor) = self.parts.build(history) {
            self.editor = editor;
        }
    }

    fn read(&mut self, prompt: &PromptText, initial: String) -> InputEvent {
        if std::mem::take(&mut self.is_first) {
            self.ask_for_background();
        }
        if let Some(helper) = self.editor.helper_mut() {
            helper.set_style(prompt.style());
        }
        // A prompt that comes back, as when its request was cancelled, comes back with its labels.
        let is_last = !initial.is_empty() && initial.trim() == self.last.1.trim();
        let mut text = if is_last { self.last.0.clone() } else { without_marks(initial) };
        loop {
            let read = self.editor.readline_with_initial(prompt, (&text, ""));
            text = self.editor.helper().map(LineHelper::take_current).unwrap_or_default();
            match read {
                Ok(line) => return InputEvent::Line(self.expanded(line)),
                Err(ReadlineError::Eof) => return InputEvent::EndOfInput,
                Err(ReadlineError::Interrupted) => return self.interrupted(text),
                // A resize in the middle of a key sequence: nothing is lost.
                Err(ReadlineError::Signal(_)) => (),
                // A byte that is no UTF-8, as a terminal with another encoding sends.
                Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    self.parts.asked.pastes.tear();
                }
                Err(error) => return InputEvent::Failed(error.to_string()),
            }
        }
    }

    fn interrupted(&mut self, text: String) -> InputEvent {
        if self.parts.asked.take_editor() {
            return InputEvent::EditRequested { text: self.expanded(text) };
        }
        self.editor.history_mut().keep(&text);
        InputEvent::Interrupted { had_text: !text.is_empty(), text: self.expanded(text) }
    }

    fn expanded(&mut self, line: String) -> String {
        let whole = self.parts.asked.pastes.expand(&line).into_owned();
        self.last = (line, whole.clone());
        whole
    }

    fn add_history(&mut self, line: &str) {
        let line = if line == self.last.1 { self.last.0.clone() } else { without_marks(line.to_owned()) };
        // Kept in memory, which cannot fail.
        let _ = self.editor.history_mut().add_owned(line);
    }
}

/// Lines as the terminal itself edits them. Ctrl-C is then a signal, not an event of ours.
pub struct PlainLines(Reading);

impl PlainLines {
    fn read(&mut self, prompt: &PromptText, initial: Option<String>) -> InputEvent {
        let read = self.read_text(prompt, initial);
        self.0.has_lines.store(false, Ordering::Relaxed);
        match read {
            Ok(Some(text)) => InputEvent::Line(text),
            Ok(None) => InputEvent::EndOfInput,
            Err(error) => InputEvent::Failed(error.to_string()),
        }
    }

    fn read_text(&mut self, prompt: &PromptText, initial: Option<String>) -> io::Result<Option<String>> {
        let mut text = String::new();
        let mut lead = match initial {
            // The line cannot be filled in; the text stays in sight to be copied.
            Some(initial) => format!("(not sent: {})\n{}", shown(&initial), prompt.raw()),
            None => prompt.raw().to_owned(),
        };
        loop {
            write_prompt(&lead)?;
            let line = read_line()?;
            if self.0.is_cleared.swap(false, Ordering::Relaxed) {
                text.clear();
            }
            let Some(line) = line else {
                return Ok((!text.is_empty()).then_some(text));
            };
            text.push_str(&line);
            if slash::is_command(&text) {
                return Ok(Some(text));
            }
            if multiline::ends_in_continuation(&text) {
                text.pop();
            } else if !multiline::has_open_fence(&text) {
                return Ok(Some(text));
            }
            text.push('\n');
            lead = "... ".to_owned();
            self.0.has_lines.store(true, Ordering::Relaxed);
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Straight to stdout, as the line editor does: while a line is read the terminal is this thread's.
pub fn write_prompt(prompt: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(prompt.as_bytes())?;
    stdout.flush()
}

/// A line without its end; `None` at the end of input.
fn read_line() -> io::Result<Option<String>> {
    const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;
    let mut bytes = Vec::new();
    if io::stdin().lock().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned()))
}
