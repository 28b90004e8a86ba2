//! A conversation as Markdown, to be read.

use std::fmt::Write as _;
use std::io;

use super::branch::{about, active_branch, label};
use super::fence::left_open;
use super::files::{Files, left_out};
use crate::command::listing::one_line;
use crate::conversation::AttachmentKind;
use crate::history::{PortableAttachment, PortableConversation, PortableMessage};

/// `files`: where images and PDFs go.
pub fn markdown(conversation: &PortableConversation, files: &mut Files) -> io::Result<String> {
    let branch = active_branch(conversation);
    let mut text = format!("# {}\n\n`{}`", one_line(label(conversation)), conversation.id);
    let others = conversation.messages.len() - branch.len();
    if others > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, ", {others} more messages on other branches");
    }
    text.push('\n');
    let mut attachments = 0;
    for message in branch {
        write_head(&mut text, message);
        for attachment in &message.attachments {
            attachments += 1;
            write_attachment(&mut text, attachment, (&conversation.id, attachments), files)?;
        }
        write_calls(&mut text, message);
    }
    Ok(text)
}

/// What was said, and by whom.
fn write_head(text: &mut String, message: &PortableMessage) {
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
            // An answer that was cut off within code does not take in what follows.
            if let Some(fence) = left_open(&message.text) {
                let _ = writeln!(text, "{fence}");
            }
        }
    }
}

fn write_calls(text: &mut String, message: &PortableMessage) {
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

/// An image as one, a text in a fence, a PDF as a link. `number`: as `history show` counts them.
fn write_attachment(
    text: &mut String,
    attached: &PortableAttachment,
    (conversation, number): (&str, usize),
    files: &mut Files,
) -> io::Result<()> {
    let Ok(attachment) = attached.attachment() else { return Ok(()) };
    // What would end the brackets around it.
    let label = one_line(&attachment.label()).replace(['[', ']', '\\', '`', '<'], "_");
    if let Some(content) = attachment.text() {
        let _ = write!(text, "\n{label}:\n\n{}", fenced(content, ""));
        return Ok(());
    }
    let _ = match (attachment.kind(), files.address(&attachment)?) {
        (AttachmentKind::Image, Some(address)) => write!(text, "\n![{label}]({address})\n"),
        (AttachmentKind::Pdf | AttachmentKind::Text, Some(address)) => write!(text, "\n[{label}]({address})\n"),
        (_, None) => {
            let [what, command] = left_out(&label, conversation, number);
            write!(text, "\n{what} `{command}`\n")
        }
    };
    Ok(())
}

/// A block of text with a fence longer than any in it.
fn fenced(text: &str, language: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::{Files, fenced, markdown};
    use crate::history::{PortableConversation, PortableMessage};

    #[test]
    fn code_that_was_cut_off_ends_with_its_message() {
        let said = |id: &str, parent: Option<&str>, text: &str| PortableMessage {
            parent: parent.map(str::to_owned),
            ..PortableMessage::new(id.to_owned(), "assistant", text.to_owned())
        };
        let messages = vec![said("A", None, "look\n````sh\nls"), said("B", Some("A"), "more")];
        let conversation = PortableConversation::of_messages("C".to_owned(), None, messages);
        let text = markdown(&conversation, &mut Files::InText).unwrap();
        assert!(text.contains("\n````sh\nls\n````\n\n## assistant\n"), "{text}");
    }

    #[test]
    fn a_fence_holds_fences() {
        assert_eq!(fenced("a\n", "json"), "```json\na\n```\n");
        assert_eq!(fenced("```rust\nx\n```", ""), "````\n```rust\nx\n```\n````\n");
    }
}
