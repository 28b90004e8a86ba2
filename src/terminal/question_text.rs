//! How a question is shown: exactly what would run, with everything hidden made visible.

use serde_json::Value;

use super::status_row::cut;
use super::term_safe::{Color, Style, TermSafeBuf};
use crate::mcp::ServerQuestion;
use crate::session::{Approval, Question};

/// One value is cut here, with a word on how much is missing.
const VALUE_COLUMNS_MAX: usize = 4000;
const LINES_MAX: usize = 200;

/// The lines of a question.
#[must_use]
pub fn question_text(question: &Question<'_>, color: Color) -> TermSafeBuf {
    let mut text = Text { out: TermSafeBuf::new(), color };
    match question {
        Question::Approval(approval) => text.approval(approval),
        Question::Server(ServerQuestion::Form { server, message, schema, .. }) => {
            text.head(server, " asks you to fill in a form:");
            text.block(message);
            let properties = schema.get("properties").and_then(Value::as_object);
            for (name, field) in properties.into_iter().flatten().take(LINES_MAX) {
                let about = field.get("description").or_else(|| field.get("title")).and_then(Value::as_str);
                text.item(name, about.unwrap_or_default());
            }
        }
        Question::Server(ServerQuestion::Url { server, message, url, .. }) => {
            text.head(server, " asks you to open a page in your browser:");
            text.block(message);
            text.item("address", url);
            text.item("host", &host_of(url));
        }
        Question::Server(ServerQuestion::Sampling { server, system, messages, max_tokens, .. }) => {
            text.head(server, " asks the model, at your cost:");
            if let Some(system) = system {
                text.item("system", system);
            }
            for message in messages.iter().take(LINES_MAX) {
                let words: Vec<&str> = message.content.iter().filter_map(crate::mcp::Content::as_text).collect();
                text.item(&message.role, &words.join(" "));
            }
            text.item("tokens at most", &max_tokens.to_string());
        }
    }
    text.out
}

struct Text {
    out: TermSafeBuf,
    color: Color,
}

impl Text {
    fn head(&mut self, who: &str, what: &'static str) {
        self.out.push_style(Style::Bold, self.color);
        self.out.push_line(who);
        self.out.push_style(Style::Reset, self.color);
        self.out.push_literal(what);
        self.out.end_line();
    }

    fn approval(&mut self, approval: &Approval<'_>) {
        self.head(&format!("{}/{}", approval.server, approval.tool), " wants to run:");
        if approval.arguments.is_empty() {
            self.item("", "without arguments");
        }
        for (name, value) in approval.arguments {
            self.item(name, &value.to_string());
        }
        if let Some(preview) = approval.preview {
            for line in preview.lines().take(LINES_MAX) {
                self.out.push_literal("  ");
                self.out.push_line(line);
                self.out.end_line();
            }
            if preview.lines().count() > LINES_MAX {
                self.item("", "… and more");
            }
        }
    }

    fn block(&mut self, message: &str) {
        for line in message.lines().take(LINES_MAX) {
            self.item("", line);
        }
    }

    /// `  name: value`, on one line.
    fn item(&mut self, name: &str, value: &str) {
        self.out.push_literal("  ");
        if !name.is_empty() {
            self.out.push_line(name);
            self.out.push_literal(": ");
        }
        let safe = TermSafeBuf::line(value);
        let shown = cut(safe.as_str(), VALUE_COLUMNS_MAX);
        let missing = safe.as_str().len() - shown.len();
        self.out.push_line(shown);
        if missing > 0 {
            self.out.push_line(&format!(" … and {missing} bytes more"));
        }
        self.out.end_line();
    }
}

/// The host on its own, since it is what to look at. Names in other scripts are shown as they are registered.
fn host_of(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(url) => {
            let host = url.host_str().unwrap_or("none").to_owned();
            let is_disguised = host.split('.').any(|label| label.starts_with("xn--"));
            if is_disguised { format!("{host} (letters of another script: look twice)") } else { host }
        }
        Err(_) => "not readable: say no".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    #[test]
    fn the_exact_call_is_shown_and_nothing_in_it_is_hidden() {
        let arguments: Map<String, Value> =
            serde_json::from_str(r#"{"path": "a\u202eb\u001b[2K", "text": "x\ny"}"#).unwrap();
        let approval = Approval {
            server: "files",
            tool: "write",
            arguments: &arguments,
            reason: "",
            always: "",
            preview: Some("-old\n+new\u{9b}2J"),
        };
        let text = question_text(&Question::Approval(approval), Color::Off);
        let text = text.as_str();
        assert!(text.starts_with("files/write wants to run:\n  path: \"a<U+202E>b"), "{text}");
        assert!(text.contains("  text: \"x\\ny\"\n"), "{text}");
        assert!(text.contains("  -old\n  +new"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
    }

    #[test]
    fn the_host_of_an_address_stands_alone() {
        assert_eq!(host_of("https://user@example.com:8080/a?b"), "example.com");
        assert!(host_of("https://exаmple.com/").contains("look twice"));
        assert!(host_of("::").contains("say no"));
    }
}
