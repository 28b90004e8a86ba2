//! An error as people read it: what failed, on what, with which key, and what to do now.

use super::term_safe::{Color, Style, TermSafeBuf};
use crate::provider::ProviderError;

/// One failure, ready to be shown. All texts are sanitised when they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorReport {
    /// As in `error[auth]`.
    pub class: String,
    pub message: String,
    /// As in `POST https://openrouter.ai/api/v1/chat/completions  id=gen-01H…`.
    pub request: Option<String>,
    /// Where the key came from; never the key.
    pub key: Option<String>,
    pub hint: Option<String>,
    /// What else is known, of any number of lines; filled in with `-v`.
    pub details: Option<String>,
}

impl From<&ProviderError> for ErrorReport {
    fn from(error: &ProviderError) -> Self {
        let request = match (&error.request, &error.request_id) {
            (Some(request), Some(id)) => Some(format!("{request}  id={id}")),
            (Some(request), None) => Some(request.clone()),
            (None, Some(id)) => Some(format!("id={id}")),
            (None, None) => None,
        };
        Self {
            class: error.kind.name().to_owned(),
            message: error.message.clone(),
            request,
            key: error.key_source.clone(),
            hint: error.hint.clone(),
            details: None,
        }
    }
}

/// The lines for stderr, each with its newline.
#[must_use]
pub fn render_error(report: &ErrorReport, color: Color) -> TermSafeBuf {
    let mut out = TermSafeBuf::new();
    out.push_style(Style::Red, color);
    out.push_style(Style::Bold, color);
    out.push_literal("error[");
    out.push_line(&report.class);
    out.push_literal("]");
    out.push_style(Style::Reset, color);
    out.push_literal(": ");
    push_lines(&report.message, "  ", &mut out);
    let fields = [
        ("  request: ", &report.request),
        ("  key:     ", &report.key),
        ("  hint:    ", &report.hint),
        ("  details: ", &report.details),
    ];
    for (name, text) in fields {
        if let Some(text) = text {
            out.push_style(Style::Dim, color);
            out.push_literal(name);
            out.push_style(Style::Reset, color);
            push_lines(text, "           ", &mut out);
        }
    }
    out
}

/// A text of more lines goes on indented: no line of a server can look like one of ours.
fn push_lines(text: &str, indent: &'static str, out: &mut TermSafeBuf) {
    for (number, line) in text.trim_end().lines().enumerate() {
        if number > 0 {
            out.push_literal(indent);
        }
        out.push_line(line);
        out.end_line();
    }
    if text.trim_end().is_empty() {
        out.end_line();
    }
}

#[cfg(test)]
mod tests {
    use super::{Color, ErrorReport, render_error};
    use crate::provider::{ErrorKind, ProviderError};

    #[test]
    fn a_provider_error_reads_as_promised() {
        let mut error = ProviderError::new(ErrorKind::Auth, "openrouter refused the API key (401)")
            .hint("set a new one with `sayso keys set openrouter`, then run `sayso doctor`");
        error.request = Some("POST https://openrouter.ai/api/v1/chat/completions".into());
        error.request_id = Some("gen-01H".into());
        error.key_source = Some("OPENROUTER_API_KEY (environment), ends in …3f9a".into());
        let expected = "\
error[auth]: openrouter refused the API key (401)
  request: POST https://openrouter.ai/api/v1/chat/completions  id=gen-01H
  key:     OPENROUTER_API_KEY (environment), ends in …3f9a
  hint:    set a new one with `sayso keys set openrouter`, then run `sayso doctor`
";
        assert_eq!(render_error(&ErrorReport::from(&error), Color::Off).as_str(), expected);
    }

    #[test]
    fn text_of_a_server_cannot_forge_a_line_or_style() {
        let report = ErrorReport {
            class: "provider".into(),
            message: "bad\x1b[2J\nerror[auth]: \u{202E}x\r".into(),
            details: Some("a\n\nb\n".into()),
            ..ErrorReport::default()
        };
        let expected = "\x1b[31m\x1b[1merror[provider]\x1b[0m: bad^[[2J\n  error[auth]: <U+202E>x\n\
            \x1b[2m  details: \x1b[0ma\n           \n           b\n";
        assert_eq!(render_error(&report, Color::On).as_str(), expected);
    }
}
