//! A conversation as Markdown, to be read.

use std::fmt::Write as _;

use super::branch::{about, active_branch, label};
use super::html::data_url;
use crate::command::listing::one_line;
use crate::conversation::AttachmentKind;
use crate::history::{PortableAttachment, PortableConversation, PortableMessage};

#[must_use]
pub fn markdown(conversation: &PortableConversation) -> String {
    let branch = active_branch(conversation);
    let mut text = format!("# {}\n\n`{}`", one_line(label(conversation)), conversation.id);
    let others = conversation.messages.len() - branch.len();
    if others > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, ", {others} more messages on other branches");
    }
    text.push('\n');
    for message in branch {
        write_message(&mut text, message);
    }
    text
}

fn write_message(text: &mut String, message: &PortableMessage) {
    let _ = write!(text, "\n## {}\n\n*{}*\n", message.role, about(message).join(" · "));
    if !message.reasoning.is_empty() {
        let _ =
            write!(text, "\n<details><summary>reasoning</summary>\n\n{}\n</details>\n", fenced(&message.reasoning, ""));
    }
    match message.role.as_str() {
        "tool" => {
            let _ = write!(text, "\n{}", fenced(&message.text, ""));
        }
        _ if message.text.is_empty() => {}
        _ => {
            let _ = write!(text, "\n{}\n", message.text.trim_end_matches('\n'));
        }
    }
    for attachment in &message.attachments {
        write_attachment(text, attachment);
    }
    for call in &message.tool_calls {
        let server = call.server.as_ref().map_or_else(String::new, |server| format!("{server}/"));
        let _ = write!(
            text,
            "\n→ `{server}{}`\n\n{}",
            one_line(&call.name).replace('`', "'"),
            fenced(&call.arguments, "json")
        );
    }
}

/// An image in the text itself, a text in a fence, a PDF as a link.
fn write_attachment(text: &mut String, attached: &PortableAttachment) {
    let Ok(attachment) = attached.attachment() else { return };
    // What would end the brackets around it.
    let label = one_line(&attachment.label()).replace(['[', ']', '\\', '`', '<'], "_");
    let _ = match attachment.kind() {
        AttachmentKind::Text => {
            write!(text, "\n{label}:\n\n{}", fenced(attachment.text().unwrap_or_default(), ""))
        }
        AttachmentKind::Image => write!(text, "\n![{label}]({})\n", data_url(&attachment)),
        AttachmentKind::Pdf => write!(text, "\n[{label}]({})\n", data_url(&attachment)),
    };
}

/// A block of text with a fence longer than any in it.
fn fenced(text: &str, language: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::fenced;

    #[test]
    fn a_fence_holds_fences() {
        assert_eq!(fenced("a\n", "json"), "```json\na\n```\n");
        assert_eq!(fenced("```rust\nx\n```", ""), "````\n```rust\nx\n```\n````\n");
    }
}
