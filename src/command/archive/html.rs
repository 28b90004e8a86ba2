//! Conversations as one page that needs nothing else: no script, no font, no request. Everything said is escaped.

use std::fmt::Write as _;

use super::branch::{about, active_branch, label};
use super::fence::after_line;
use super::files::{IN_PAGE_BYTES_MAX, data_url, left_out};
use super::timeline::timeline;
use crate::conversation::AttachmentKind;
use crate::history::{PortableAttachment, PortableConversation, PortableMessage};

/// With the policy no text could load or run anything, even if it were not escaped.
const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">
<meta name=\"referrer\" content=\"no-referrer\">
";

const STYLE: &str = "<style>
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fdfdfb; --faint: #6b6b6b; --line: #d9d9d4; --user: #eef3fa;
  --wait: #c9b458; --answer: #4c8c6b; --tool: #8a6bb1; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e4e0; --paper: #17181a; --faint: #9a9a96; --line: #35363a;
  --user: #1f2733; --wait: #a8943a; --answer: #58a07c; --tool: #a184c9; } }
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-top: 2.5rem; } h2 { font-size: 1rem; margin: 0; }
article { border: 1px solid var(--line); border-radius: 6px; padding: .7rem 1rem; margin: .8rem 0; }
article.user { background: var(--user); }
.about, nav, .id { color: var(--faint); font-size: .8rem; } a { color: inherit; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: 4px; padding: .5rem;
  font: 13px/1.4 ui-monospace, monospace; }
summary { cursor: pointer; color: var(--faint); font-size: .85rem; }
figure { margin: .5rem 0; } img { max-width: 100%; } figcaption { color: var(--faint); font-size: .8rem; }
svg text { fill: var(--faint); font: 11px system-ui, sans-serif; }
.wait { fill: var(--wait); } .answer { fill: var(--answer); } .tool { fill: var(--tool); }
</style>
";

/// The page from its beginning to the first conversation.
#[must_use]
pub fn page_begin(title: &str) -> String {
    format!("{HEAD}<title>{}</title>\n{STYLE}</head>\n<body>\n", escape(title))
}

pub const PAGE_END: &str = "</body>\n</html>\n";

/// The list of what is on the page.
#[must_use]
pub fn contents(entries: &[(String, String)]) -> String {
    if entries.len() < 2 {
        return String::new();
    }
    let links =
        entries.iter().map(|(id, label)| format!("<li><a href=\"#{}\">{}</a></li>\n", escape(id), escape(label)));
    format!("<nav><ol>\n{}</ol></nav>\n", links.collect::<String>())
}

/// One conversation.
#[must_use]
pub fn section(conversation: &PortableConversation) -> String {
    let branch = active_branch(conversation);
    let id = escape(&conversation.id);
    let mut page = format!(
        "<section id=\"{id}\">\n<h1>{}</h1>\n<p class=\"id\"><a href=\"#{id}\">{id}</a>{}</p>\n{}",
        escape(label(conversation)),
        match conversation.messages.len() - branch.len() {
            0 => String::new(),
            others => format!(" · {others} more messages on other branches"),
        },
        timeline(&branch)
    );
    let mut attachments = 0;
    for message in branch {
        write_message(&mut page, message, |page, attached| {
            attachments += 1;
            write_attachment(page, attached, (&conversation.id, attachments));
        });
    }
    page.push_str("</section>\n");
    page
}

fn write_message(
    page: &mut String,
    message: &PortableMessage,
    mut write_attachment: impl FnMut(&mut String, &PortableAttachment),
) {
    let (id, role) = (escape(&message.id), escape(&message.role));
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "<article id=\"{id}\" class=\"{role}\">\n<h2>{role} <a class=\"about\" href=\"#{id}\">{}</a></h2>\n",
        escape(&about(message).join(" · "))
    );
    if !message.reasoning.is_empty() {
        let _ = writeln!(
            page,
            "<details><summary>reasoning</summary><div class=\"text\">{}</div></details>",
            escape(&message.reasoning)
        );
    }
    if message.role == "tool" {
        let _ = writeln!(page, "<details><summary>result</summary><pre>{}</pre></details>", escape(&message.text));
    } else {
        page.push_str(&prose(&message.text));
    }
    for attachment in &message.attachments {
        write_attachment(page, attachment);
    }
    for call in &message.tool_calls {
        let server = call.server.as_ref().map_or_else(String::new, |server| format!("{server}/"));
        let approval = call.approval.as_ref().map_or_else(String::new, |approval| format!(" · {approval}"));
        let _ = writeln!(
            page,
            "<details><summary>→ {}{}</summary><pre>{}</pre></details>",
            escape(&format!("{server}{}", call.name)),
            escape(&approval),
            escape(&call.arguments)
        );
    }
    page.push_str("</article>\n");
}

/// An image in the page itself, a text to be unfolded, a PDF to be saved. `number`: as `history show` counts them.
fn write_attachment(page: &mut String, attached: &PortableAttachment, (conversation, number): (&str, usize)) {
    let Ok(attachment) = attached.attachment() else { return };
    let (name, label) = (escape(attachment.name()), escape(&attachment.label()));
    if let Some(text) = attachment.text() {
        let _ = writeln!(page, "<details><summary>{label}</summary><pre>{}</pre></details>", escape(text));
        return;
    }
    let Some(url) = data_url(&attachment, IN_PAGE_BYTES_MAX) else {
        let [text, command] = left_out(&attachment.label(), conversation, number);
        let _ = writeln!(page, "<p class=\"about\">{} <code>{}</code></p>", escape(&text), escape(&command));
        return;
    };
    let _ = match attachment.kind() {
        AttachmentKind::Image => {
            writeln!(page, "<figure><img alt=\"{name}\" src=\"{url}\"><figcaption>{label}</figcaption></figure>")
        }
        AttachmentKind::Pdf | AttachmentKind::Text => {
            writeln!(page, "<p><a download=\"{name}\" href=\"{url}\">{label}</a></p>")
        }
    };
}

/// Text as it stands; what is between fences is set as code.
fn prose(text: &str) -> String {
    let mut page = String::new();
    let mut open: Option<&str> = None;
    let mut part = String::new();
    for line in text.split_inclusive('\n') {
        let next = after_line(open, line);
        if next == open {
            part.push_str(line);
            continue;
        }
        let (begin, end) = if open.is_some() { ("pre", "pre") } else { ("div class=\"text\"", "div") };
        end_part(&mut page, &mut part, begin, end);
        open = next;
    }
    let (begin, end) = if open.is_some() { ("pre", "pre") } else { ("div class=\"text\"", "div") };
    end_part(&mut page, &mut part, begin, end);
    page
}

fn end_part(page: &mut String, part: &mut String, begin: &str, end: &str) {
    let text = std::mem::take(part);
    if !text.trim().is_empty() {
        let _ = writeln!(page, "<{begin}>{}</{end}>", escape(text.trim_matches('\n')));
    }
}

/// Text for the inside of an element or of a quoted attribute. What a browser would take for a
/// command or hide is shown as a replacement character.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            _ if character.is_control() || is_bidi_control(character) => escaped.push('\u{FFFD}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_said_is_markup() {
        assert_eq!(escape("<b a='1' \"&\u{202E}\0>"), "&lt;b a=&#39;1&#39; &quot;&amp;\u{FFFD}\u{FFFD}&gt;");
        assert_eq!(
            prose("a <b>\n```html\n</pre><script>\n```\nc"),
            "<div class=\"text\">a &lt;b&gt;</div>\n<pre>&lt;/pre&gt;&lt;script&gt;</pre>\n<div class=\"text\">c</div>\n"
        );
        assert_eq!(prose("````\n```\nx"), "<pre>```\nx</pre>\n");
        let whole = "```echo hi``` prints\n    ```\nthe end\n";
        assert_eq!(prose(whole), format!("<div class=\"text\">{}</div>\n", whole.trim_end()));
        assert_eq!(prose(""), "");
    }
}
