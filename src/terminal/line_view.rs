//! A turn whose answer goes into a command line: one line, once it is whole.

use super::plain_view::PlainView;
use super::screen::Screen;
use super::settings::ViewSettings;
use crate::conversation::is_hidden;
use crate::session::{Flushed, Frontend, OutputError, TurnEvent, TurnStatus};

/// A turn that shows nothing of an answer until it can be one line. One that is cut off is not shown at all: half
/// a command is another command.
#[derive(Debug)]
pub struct LineView<'s> {
    inner: PlainView<'s>,
    text: String,
}

impl<'s> LineView<'s> {
    #[must_use]
    pub fn new(screen: &'s mut Screen, settings: ViewSettings) -> Self {
        Self { inner: PlainView::new(screen, settings), text: String::new() }
    }
}

impl Frontend for LineView<'_> {
    fn show(&mut self, event: &TurnEvent<'_>) {
        match event {
            TurnEvent::Text(text) => return self.text.push_str(text),
            TurnEvent::Ended(result) if result.status == TurnStatus::Ok => {
                let line = one_line(&self.text);
                if !line.is_empty() {
                    self.inner.show(&TurnEvent::Text(&line));
                }
            }
            TurnEvent::Ended(_)
            | TurnEvent::Started { .. }
            | TurnEvent::Waiting
            | TurnEvent::Usage(_)
            | TurnEvent::Notice { .. }
            | TurnEvent::Retry { .. }
            | TurnEvent::Reasoning { .. }
            | TurnEvent::ToolCall(_)
            | TurnEvent::Approval { .. }
            | TurnEvent::ToolStarted(_)
            | TurnEvent::ToolProgress { .. }
            | TurnEvent::ToolResult { .. }
            | TurnEvent::Question(_) => {}
        }
        self.inner.show(event);
    }

    fn flush(&mut self) -> Result<Flushed, OutputError> {
        self.inner.flush()
    }

    fn has_unseen(&self) -> bool {
        self.inner.has_unseen()
    }

    fn tick(&mut self) -> Result<(), OutputError> {
        self.inner.tick()
    }
}

/// The commands of an answer as one line: without fences, prompt signs and characters that nobody sees. Lines that
/// go on are joined as a shell would join them.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("```"));
    let mut whole = String::new();
    for line in lines {
        let line = line.strip_prefix("$ ").unwrap_or(line);
        match whole.strip_suffix('\\') {
            _ if whole.is_empty() => {}
            Some(before) => whole = format!("{} ", before.trim_end()),
            None if goes_on(&whole) => whole.push(' '),
            None => whole.push_str("; "),
        }
        whole.push_str(line);
    }
    let whole: String = whole.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !is_hidden(*c)).collect();
    let is_quoted = whole.len() > 2 && whole.starts_with('`') && whole.ends_with('`');
    let inside = whole.trim_matches('`');
    if is_quoted && !inside.contains('`') { inside.to_owned() } else { whole }
}

/// Whether a shell waits for more behind this.
fn goes_on(line: &str) -> bool {
    const ENDS: [&str; 10] = ["|", "&&", "||", ";", "{", "(", "do", "then", "else", "begin"];
    ENDS.iter().any(|end| {
        line.strip_suffix(end).is_some_and(|before| {
            !end.starts_with(char::is_alphabetic) || before.is_empty() || before.ends_with([' ', ';'])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn an_answer_becomes_one_line() {
        for (answer, line) in [
            ("ls -la\n", "ls -la"),
            ("```sh\n$ find . -name '*.rs'\n```\n", "find . -name '*.rs'"),
            ("`du -sh *`", "du -sh *"),
            ("echo `date` `id`", "echo `date` `id`"),
            ("cd build\nmake", "cd build; make"),
            ("tar c . \\\n  | gzip", "tar c . | gzip"),
            ("for f in *; do\n  echo $f\ndone", "for f in *; do echo $f; done"),
            ("ls\u{1b}]0;x\u{7} \u{202e}x\u{200b}\r\n", "ls]0;x x"),
            ("a\tb", "a b"),
            ("echo sudo\nls", "echo sudo; ls"),
            ("\n\n", ""),
        ] {
            assert_eq!(one_line(answer), line, "{answer:?}");
        }
    }
}
