//! The line editor's questions about the line: completion, hint, colours, whether it is complete.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::history::{History, SearchDirection};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, GraphemeClusterMode, Helper, Result};
use tokio::sync::mpsc::UnboundedSender;

use super::command_table;
use super::completer::{Completions, LINE_BYTES_MAX};
use super::input::InputEvent;
use super::key_bindings::Asked;
use super::{multiline, paste, slash};

/// Of a hint: it is drawn again with each key.
const HINT_LETTERS_MAX: usize = 200;

const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

pub struct LineHelper {
    completions: Completions,
    /// Begins the style of a command; `None` without colour.
    style: Option<String>,
    graphemes: GraphemeClusterMode,
    /// The line as it is: the editor gives it back only when it was sent.
    current: RefCell<String>,
    asked: Arc<Asked>,
    typing: Option<UnboundedSender<InputEvent>>,
}

impl LineHelper {
    pub fn new(completions: Completions, graphemes: GraphemeClusterMode, asked: Arc<Asked>) -> Self {
        Self { completions, style: None, graphemes, current: RefCell::default(), asked, typing: None }
    }

    /// As the prompt in front has it. A question has none: nothing that answers it is a command.
    pub fn set_style(&mut self, style: Option<&str>) {
        self.style = style.map(str::to_owned);
    }

    /// Also sends [`InputEvent::Typing`] with the first character of each line.
    pub fn telling(mut self, typing: UnboundedSender<InputEvent>) -> Self {
        self.typing = Some(typing);
        self
    }

    /// Takes the line as it was when the editor stopped.
    pub fn take_current(&self) -> String {
        self.current.take()
    }
}

impl Helper for LineHelper {}

impl Completer for LineHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let before_cursor = &line[..pos];
        if self.asked.take_new_line() && multiline::ends_in_continuation(before_cursor) {
            let new_line = Pair { display: String::new(), replacement: "\n".to_owned() };
            return Ok((pos - 1, vec![new_line]));
        }
        let (start, offers) = self.completions.offers(before_cursor);
        let pairs = offers.into_iter().map(|offer| Pair { display: offer.shown, replacement: offer.inserted });
        Ok((start, pairs.collect()))
    }
}

/// Dim text behind the cursor, and the part of it that Right takes over.
#[derive(Debug, PartialEq, Eq)]
pub struct DimHint {
    shown: String,
    taken: Option<String>,
}

impl Hint for DimHint {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        self.taken.as_deref()
    }
}

impl Hinter for LineHelper {
    type Hint = DimHint;

    /// The editor asks after each change of the line, which is how we know it.
    fn hint(&self, line: &str, pos: usize, context: &Context<'_>) -> Option<DimHint> {
        let mut current = self.current.borrow_mut();
        if let (true, false, Some(typing)) = (current.is_empty(), line.is_empty(), &self.typing) {
            // With nobody to hear it the line is not wanted either.
            let _ = typing.send(InputEvent::Typing);
        }
        current.clear();
        current.push_str(line);
        // Without colour a hint could not be told from what was typed.
        if self.style.is_none() || pos < line.len() || line.len() > LINE_BYTES_MAX {
            return None;
        }
        command_hint(line).or_else(|| fence_hint(line)).or_else(|| history_hint(line, context.history()))
    }
}

/// How the newest earlier prompt goes on that begins like this one: its first line is shown, all of it is taken.
fn history_hint(line: &str, history: &dyn History) -> Option<DimHint> {
    const LETTERS_MIN: usize = 2;
    if line.trim().chars().count() < LETTERS_MIN || line.starts_with('/') || line.contains(paste::is_mark) {
        return None;
    }
    let newest = history.len().checked_sub(1)?;
    let found = history.starts_with(line, newest, SearchDirection::Reverse).ok().flatten()?;
    let rest = found.entry.get(line.len()..).filter(|rest| !rest.is_empty())?;
    let first = rest.lines().next().unwrap_or_default();
    let is_shown = |c: &char| !c.is_control() && !paste::is_mark(*c);
    let shown: String = first.chars().take_while(is_shown).take(HINT_LETTERS_MAX).collect();
    let mark = if shown.len() < rest.len() { " …" } else { "" };
    Some(DimHint { shown: format!("{shown}{mark}"), taken: Some(rest.to_owned()) })
}

fn command_hint(line: &str) -> Option<DimHint> {
    let typed = line.strip_prefix('/').filter(|typed| !typed.is_empty())?;
    let mut fitting = command_table::COMMANDS.iter().filter(|spec| spec.name.starts_with(typed));
    let spec = fitting.next().filter(|_| fitting.next().is_none())?;
    let rest = &spec.name[typed.len()..];
    let shown = format!("{rest} {}", spec.arguments).trim_end().to_owned();
    Some(DimHint { shown, taken: (!rest.is_empty()).then(|| rest.to_owned()) })
}

/// Enter does not send inside a block; whoever wonders why is told.
fn fence_hint(line: &str) -> Option<DimHint> {
    let is_waiting = line.ends_with("\n\n") && multiline::has_open_fence(line);
    is_waiting.then(|| DimHint { shown: "``` ends the block".to_owned(), taken: None })
}

impl Highlighter for LineHelper {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let line = harmless(line, self.graphemes);
        match command_word(&line).zip(self.style.as_ref()) {
            Some((end, style)) => Cow::Owned(format!("{style}{}{RESET}{}", &line[..end], &line[end..])),
            None => line,
        }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("{DIM}{hint}{RESET}"))
    }

    /// The editor writes a typed character alone where it may; a command's name changes colour
    /// as a whole.
    fn highlight_char(&self, line: &str, _: usize, kind: CmdKind) -> bool {
        const NAME_BYTES_MAX: usize = 40;
        self.style.is_some() && kind != CmdKind::MoveCursor && line.starts_with('/') && line.len() <= NAME_BYTES_MAX
    }
}

/// Where the name of a known command ends, if the line starts with one.
fn command_word(line: &str) -> Option<usize> {
    let after = line.strip_prefix('/')?;
    let end = after.find(char::is_whitespace).unwrap_or(after.len());
    command_table::find(&after[..end]).map(|_| end + 1)
}

/// The line without what could steer the terminal: a paste or an old prompt may hold it. What is
/// sent keeps it. The editor counts columns itself, so each character gives way to as many dots
/// as it was counted for.
fn harmless(line: &str, graphemes: GraphemeClusterMode) -> Cow<'_, str> {
    let steers = |c: char| (c.is_control() && c != '\n' && c != '\t') || disorders(c);
    if !line.contains(|c| steers(c) || paste::is_mark(c)) {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        if steers(c) {
            let columns = graphemes.width(c.encode_utf8(&mut [0; 4]));
            shown.extend((0..columns).map(|_| '·'));
        } else {
            shown.push(paste::drawn(c));
        }
    }
    Cow::Owned(shown)
}

/// Changes the order of its neighbours, or begins a line, or is a letter that nobody sees.
fn disorders(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{E0000}'..='\u{E007F}')
}

impl Validator for LineHelper {
    fn validate(&self, context: &mut ValidationContext) -> Result<ValidationResult> {
        let is_complete = is_complete(context.input());
        Ok(if is_complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

/// Whether Enter sends. A trailing backslash is the key binding's.
fn is_complete(text: &str) -> bool {
    slash::is_command(text) || !multiline::has_open_fence(text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustyline::GraphemeClusterMode;
    use rustyline::highlight::Highlighter as _;

    use super::super::completer::Completions;
    use super::super::completion_source::CompletionSource;
    use super::{DimHint, LineHelper, command_hint, fence_hint, harmless, is_complete};

    fn helper(color: bool) -> LineHelper {
        let completions = Completions::new(CompletionSource::default(), None);
        let mut helper = LineHelper::new(completions, GraphemeClusterMode::WcWidth, Arc::default());
        helper.set_style(color.then_some("\u{1b}[36m"));
        helper
    }

    #[test]
    fn an_open_block_is_incomplete_and_a_command_never_is() {
        let texts = ["hi", "```\ncode", "```\ncode\n```", "/system ```\ncode", "/usr/bin\n```\ncode", "text \\"];
        assert_eq!(texts.map(is_complete), [true, false, true, true, false, true]);
    }

    #[test]
    fn a_hint_stands_only_for_one_command() {
        let hint = |shown: &str, taken: Option<&str>| {
            Some(DimHint { shown: shown.to_owned(), taken: taken.map(str::to_owned) })
        };
        assert_eq!(command_hint("/mo"), hint("del [[PROVIDER:]MODEL]", Some("del")));
        assert_eq!(command_hint("/new"), hint(" [NAME]", None));
        assert_eq!(command_hint("/us"), hint("age", Some("age")));
        assert_eq!(
            ["/", "/re", "/model x", "text", "/usage"].map(command_hint).map(|hint| hint.map(|hint| hint.shown)),
            [None, None, None, None, Some(String::new())]
        );
        assert!(fence_hint("```\n\n").is_some() && fence_hint("a\n\n").is_none());
    }

    #[test]
    fn nothing_in_the_line_steers_the_terminal() {
        let line = "a\u{1b}[2J\tb\u{9b}31m\u{7}\r\nc\u{7f}";
        assert_eq!(harmless(line, GraphemeClusterMode::WcWidth), "a[2J\tb31m\nc");
        assert_eq!(harmless(line, GraphemeClusterMode::Unicode).matches('·').count(), 5);
        let unseen = harmless("a\u{202e}b\u{2066}c\u{e0041}d\u{2028}e\u{200d}", GraphemeClusterMode::WcWidth);
        assert_eq!(unseen.replace('·', ""), "abcde\u{200d}");
        assert_eq!(helper(false).highlight("/help \u{1b}c", 0), "/help c");
        assert_eq!(helper(true).highlight("/help me", 0), "\u{1b}[36m/help\u{1b}[0m me");
        assert_eq!(helper(true).highlight("/nope", 0), "/nope");
    }
}
