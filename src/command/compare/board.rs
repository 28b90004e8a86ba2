//! Where several answers at once are shown: side by side where the terminal is wide enough, else one after the other,
//! and then the first one that is not over streams, and the others wait behind it.

use std::cell::RefCell;
use std::time::Instant;

use crate::cli::OutputFormat;
use crate::command::stopped::is_json;
use crate::conversation::ConversationId;
use crate::session::{
    CancelCause, Flushed, Frontend, NoticeLevel, OutputError, TurnEvent, TurnResult, TurnStatus, exit_of_cancel,
};
use crate::terminal::{Answer, Columns, JsonFormat, JsonTurn, RowTime, Screen, TermSafeBuf, ViewSettings};

pub struct Board<'s> {
    screen: &'s mut Screen,
    parts: Vec<Part>,
    format: OutputFormat,
    quiet: bool,
    /// Side by side; `None`: one after the other.
    columns: Option<Columns>,
    /// The part that streams.
    current: usize,
}

/// One model's.
struct Part {
    label: String,
    json: JsonTurn,
    /// Where Markdown is rendered; `None`: the text goes out as it came.
    answer: Option<Answer>,
    /// What waits until it is this part's turn.
    waiting: String,
    has_heading: bool,
    last_byte: Option<u8>,
    is_over: bool,
    result: Option<TurnResult>,
}

impl<'s> Board<'s> {
    pub fn new(screen: &'s mut Screen, labels: Vec<String>, format: OutputFormat, settings: ViewSettings) -> Self {
        let json_format = if format == OutputFormat::Jsonl { JsonFormat::Jsonl } else { JsonFormat::Json };
        let quiet = settings.quiet;
        let columns = match (format, settings.markdown) {
            (OutputFormat::Text | OutputFormat::Markdown, Some(markdown)) => {
                Columns::fitting(&labels, markdown, screen)
            }
            (OutputFormat::Text | OutputFormat::Markdown | OutputFormat::Json | OutputFormat::Jsonl, _) => None,
        };
        let part = |(index, label)| Part {
            label,
            json: JsonTurn::new(json_format, settings, Some(index)),
            answer: settings.markdown.map(|markdown| Answer::new(Some(markdown))),
            waiting: String::new(),
            has_heading: false,
            last_byte: None,
            is_over: false,
            result: None,
        };
        let parts = labels.into_iter().enumerate().map(part).collect();
        let mut board = Self { screen, parts, format, quiet, columns, current: 0 };
        board.wait();
        board
    }

    fn show(&mut self, index: usize, event: &TurnEvent<'_>) {
        match (self.format, event) {
            (OutputFormat::Jsonl, event) => {
                let part = &mut self.parts[index];
                part.is_over |= matches!(event, TurnEvent::Ended(_));
                part.json.show(event, self.screen);
            }
            (_, TurnEvent::Ended(result)) => self.end(index, result),
            (OutputFormat::Text | OutputFormat::Markdown, TurnEvent::Text(text)) => self.text(index, text),
            (_, TurnEvent::Notice { level: NoticeLevel::Warn, message, .. }) => self.aside(index, message),
            (_, TurnEvent::Retry { code, attempt, of, .. }) => {
                self.aside(index, &format!("{code}, try {} of {of} follows", attempt + 1));
            }
            (OutputFormat::Text | OutputFormat::Markdown | OutputFormat::Json, _) => {}
        }
    }

    fn text(&mut self, index: usize, text: &str) {
        match &mut self.columns {
            Some(columns) => columns.text(index, text, self.screen),
            None if index == self.current => self.print(index, text),
            None => self.parts[index].waiting.push_str(text),
        }
    }

    fn print(&mut self, index: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        self.heading(index);
        self.put(index, text);
        self.parts[index].last_byte = text.bytes().last();
    }

    fn heading(&mut self, index: usize) {
        let part = &mut self.parts[index];
        if std::mem::replace(&mut part.has_heading, true) {
            return;
        }
        let heading = format!("## {}\n\n", part.label);
        if index > 0 {
            self.screen.print("\n");
        }
        self.put(index, &heading);
    }

    fn put(&mut self, index: usize, text: &str) {
        match &mut self.parts[index].answer {
            Some(answer) => answer.text(text, self.screen),
            None => self.screen.print(text),
        }
    }

    /// What may still change of the part that streams is shown when nothing has come for a while.
    fn tick(&mut self) -> Result<(), OutputError> {
        if let Some(columns) = &mut self.columns {
            columns.tick(self.screen);
        } else if let Some(answer) = self.parts.get_mut(self.current).and_then(|part| part.answer.as_mut()) {
            answer.tick(self.screen);
        }
        self.screen.tick()
    }

    fn aside(&mut self, index: usize, message: &str) {
        if !self.quiet {
            let mut line = TermSafeBuf::new();
            line.push_line(&format!("{}: {message}", self.parts[index].label));
            self.screen.line(line.as_safe());
        }
    }

    fn end(&mut self, index: usize, result: &TurnResult) {
        self.parts[index].result = Some(result.clone());
        self.give_up(index);
    }

    /// The second signal. For scripts each part has a result, also where its turn is not waited for.
    pub fn stop(&mut self, cause: CancelCause, conversation: &ConversationId) {
        if !is_json(self.format) {
            return;
        }
        for index in 0..self.parts.len() {
            if self.parts[index].is_over {
                continue;
            }
            let nothing = TurnResult::empty(conversation.clone(), self.parts[index].label.clone());
            let (status, exit, interrupted) = (TurnStatus::Interrupted, exit_of_cancel(cause), Some(cause.reason()));
            self.show(index, &TurnEvent::Ended(&TurnResult { status, exit, interrupted, ..nothing }));
        }
    }

    /// Nothing more comes for this part.
    pub fn give_up(&mut self, index: usize) {
        self.parts[index].is_over = true;
        if let Some(columns) = &mut self.columns {
            columns.end(index, self.parts[index].result.as_ref(), self.screen);
            return self.wait();
        }
        while self.parts.get(self.current).is_some_and(|part| part.is_over) {
            self.close_current();
            self.current += 1;
            self.wait();
        }
    }

    fn close_current(&mut self) {
        let index = self.current;
        let waiting = std::mem::take(&mut self.parts[index].waiting);
        match self.format {
            OutputFormat::Text | OutputFormat::Markdown => {
                self.print(index, &waiting);
                // An answer that is none has its place, too.
                self.heading(index);
                if let Some(answer) = &mut self.parts[index].answer {
                    answer.finish(self.screen);
                } else if self.parts[index].last_byte.is_some_and(|byte| byte != b'\n') {
                    self.screen.print("\n");
                }
            }
            OutputFormat::Json => {
                let part = &mut self.parts[index];
                if let Some(result) = &part.result {
                    part.json.show(&TurnEvent::Ended(result), self.screen);
                }
            }
            OutputFormat::Jsonl => {}
        }
    }

    /// Tells who is waited for, and shows what has come of the part whose turn it is now.
    fn wait(&mut self) {
        let waited_for: Vec<&str> = match &self.columns {
            Some(_) => self.parts.iter().filter(|part| !part.is_over).map(|part| part.label.as_str()).collect(),
            None => self.parts.get(self.current).map(|part| part.label.as_str()).into_iter().collect(),
        };
        if waited_for.is_empty() {
            return self.screen.stop_row();
        }
        let label = TermSafeBuf::line(&format!("waiting for {}", waited_for.join(", ")));
        self.screen.start_row(label, RowTime::Since(Instant::now()));
        if self.columns.is_none() && matches!(self.format, OutputFormat::Text | OutputFormat::Markdown) {
            let waiting = std::mem::take(&mut self.parts[self.current].waiting);
            self.print(self.current, &waiting);
        }
    }
}

/// One turn's side of the board.
pub struct BoardView<'b, 's> {
    pub board: &'b RefCell<Board<'s>>,
    pub index: usize,
}

impl Frontend for BoardView<'_, '_> {
    fn show(&mut self, event: &TurnEvent<'_>) {
        self.board.borrow_mut().show(self.index, event);
    }

    fn flush(&mut self) -> Result<Flushed, OutputError> {
        self.board.borrow_mut().screen.flush()
    }

    fn tick(&mut self) -> Result<(), OutputError> {
        self.board.borrow_mut().tick()
    }
}
