//! What goes along with a message, in the pieces that all dialects have in common.

use std::borrow::Cow;
use std::fmt;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, Serializer};

use super::{ErrorKind, ProviderError};
use crate::conversation::{Attachment, AttachmentKind, Message, size_in_words};

/// Letters of base64 that `--dry-run` shows.
const SHOWN_CHARS: usize = 24;

/// What becomes of attached images in a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Images {
    #[default]
    Sent,
    /// The model takes none: each is a line of text.
    Named,
}

/// A message of the user.
#[derive(Debug, PartialEq)]
pub struct UserContent<'a> {
    /// As it was typed.
    pub prompt: &'a str,
    /// Texts that go along, each under its name and in a fence; empty where there are none.
    pub files: String,
    /// Images and PDFs.
    pub binaries: Vec<&'a Attachment>,
}

impl<'a> UserContent<'a> {
    pub fn of(message: &'a Message, images: Images) -> Self {
        let mut files = Vec::new();
        let mut binaries = Vec::new();
        for attachment in &message.attachments {
            match (attachment.kind(), images) {
                (AttachmentKind::Text, _) => {
                    files.extend(attachment.text().map(|text| fenced(attachment.name(), text)));
                }
                (AttachmentKind::Image, Images::Named) => files.push(note_of(attachment)),
                (AttachmentKind::Image, Images::Sent) | (AttachmentKind::Pdf, _) => binaries.push(attachment),
            }
        }
        Self { prompt: &message.text, files: files.join("\n\n"), binaries }
    }

    /// Words alone.
    pub fn of_text(text: &'a str) -> Self {
        Self { prompt: text, files: String::new(), binaries: Vec::new() }
    }

    /// The prompt, and the files behind it.
    pub fn text(&self) -> Cow<'a, str> {
        match (self.prompt, self.files.as_str()) {
            (prompt, "") => Cow::Borrowed(prompt),
            ("", files) => Cow::Owned(files.to_owned()),
            (prompt, files) => Cow::Owned(format!("{prompt}\n\n{files}")),
        }
    }
}

/// The images of a tool's result, where the model takes them.
pub fn images_of(attachments: &[Attachment], images: Images) -> &[Attachment] {
    if images == Images::Sent { attachments } else { &[] }
}

/// A file as a model reads it best: its name, and its text in a fence that the text cannot close.
fn fenced(name: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    format!("File: {name}\n{fence}\n{text}{newline}{fence}")
}

fn note_of(attachment: &Attachment) -> String {
    format!("[image: {}, {}: not sent, this model takes no images]", attachment.label(), attachment.mime())
}

/// The bytes of an attachment in base64, written straight into the request.
pub struct Encoded<'a>(pub &'a Attachment);

/// The same as the address that some APIs want: `data:image/png;base64,…`.
pub struct DataUrl<'a>(pub &'a Attachment);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(self.0.content(), &STANDARD).fmt(f)
    }
}

impl fmt::Display for DataUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data:{};base64,{}", self.0.mime(), Encoded(self.0))
    }
}

impl Serialize for Encoded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for DataUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How many bytes the attachments and texts of a request take at least, so that its body is not moved while it
/// grows.
pub fn bytes_of(messages: &[Message]) -> usize {
    let of_attachment = |attachment: &Attachment| match attachment.kind() {
        AttachmentKind::Text => attachment.content().len(),
        AttachmentKind::Image | AttachmentKind::Pdf => attachment.content().len().div_ceil(3) * 4,
    };
    let of_message = |message: &Message| {
        // What stands around them: roles, names, types.
        let frame = 256 * (1 + message.attachments.len());
        frame + message.text.len() + message.attachments.iter().map(of_attachment).sum::<usize>()
    };
    messages.iter().map(of_message).sum()
}

/// A request as `--dry-run` shows it: of each attachment how it begins, and its hash, by which two requests differ.
pub fn shortened(body: String, messages: &[Message]) -> String {
    let all = messages.iter().flat_map(|message| &message.attachments);
    let binaries = all.filter(|attachment| attachment.kind() != AttachmentKind::Text);
    let mut body = body;
    for attachment in binaries {
        let whole = Encoded(attachment).to_string();
        if whole.len() > SHOWN_CHARS * 2 {
            let bytes = size_in_words(attachment.content().len() as u64);
            let hash = attachment.hash();
            body = body.replace(&whole, &format!("{}… ({bytes} in base64, SHA-256 {hash})", &whole[..SHOWN_CHARS]));
        }
    }
    body
}

/// What servers say that cannot read what was attached. Those that know no parts at all expect a string.
const REFUSALS: [&str; 10] = [
    "image",
    "vision",
    "multimodal",
    "multi-modal",
    "mmproj",
    "pdf",
    "document",
    "input_file",
    "a string",
    "media type",
];

/// Says what a refusal is about, where it is about something that was attached.
pub fn explain_refusal(error: ProviderError, messages: &[Message], host: &str) -> ProviderError {
    let is_binary = |attachment: &&Attachment| attachment.kind() != AttachmentKind::Text;
    let attached = messages.iter().flat_map(|message| &message.attachments).filter(is_binary).count();
    let is_about_it = match error.kind {
        ErrorKind::Rejected | ErrorKind::Failed => {
            let said = error.message.to_lowercase();
            REFUSALS.iter().any(|word| said.contains(word))
        }
        _ => false,
    };
    if attached == 0 || !is_about_it {
        return error;
    }
    let what = if attached == 1 { "the attached file" } else { "the attached files" };
    let message = format!("{host} does not take {what}: {}", error.message);
    let hint = "choose a model that takes it (`sayso models list` tells which take images), or leave it out";
    ProviderError { kind: ErrorKind::Rejected, message, hint: Some(hint.to_owned()), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{MessageId, Role};

    fn attached(text: &str, files: &[(&str, &[u8])]) -> Message {
        let message = Message::new(MessageId(String::new()), None, Role::User, text.to_owned(), 0);
        let attachments = files.iter().map(|(name, bytes)| Attachment::new(name, bytes.to_vec()).unwrap()).collect();
        Message { attachments, ..message }
    }

    #[test]
    fn texts_stand_behind_the_prompt_in_fences_they_cannot_close() {
        let message = attached("explain", &[("a.md", b"x ``` y"), ("b\n```", b"z\n")]);
        let content = UserContent::of(&message, Images::Sent);
        assert_eq!(content.text(), "explain\n\nFile: a.md\n````\nx ``` y\n````\n\nFile: b\u{fffd}```\n```\nz\n```");
        assert_eq!(UserContent::of(&attached("", &[("a", b"b")]), Images::Sent).text(), "File: a\n```\nb\n```");
        assert_eq!(UserContent::of(&attached("only", &[]), Images::Sent).text(), "only");
    }

    #[test]
    fn a_model_without_eyes_reads_that_there_was_an_image() {
        let message = attached("what?", &[("a.gif", b"GIF89a")]);
        let content = UserContent::of(&message, Images::Named);
        let note = "[image: a.gif (6 bytes), image/gif: not sent, this model takes no images]";
        assert_eq!((content.text().as_ref(), content.binaries.len()), (&*format!("what?\n\n{note}"), 0));
        assert_eq!(images_of(&message.attachments, Images::Named), []);
    }

    #[test]
    fn a_refusal_says_what_it_is_about() {
        let error = |kind, message: &str| ProviderError::new(kind, message);
        let image = [attached("what?", &[("a.gif", b"GIF89a")])];
        let explained = |error, messages: &[Message]| {
            let explained = explain_refusal(error, messages, "localhost");
            (explained.kind, explained.message, explained.hint.is_some())
        };
        let said = "image input is not supported (500)";
        let told = format!("localhost does not take the attached file: {said}");
        assert_eq!(explained(error(ErrorKind::Failed, said), &image), (ErrorKind::Rejected, told, true));
        let text = [attached("what?", &[("a.md", b"text")])];
        assert_eq!(explained(error(ErrorKind::Failed, said), &text).0, ErrorKind::Failed);
        assert_eq!(explained(error(ErrorKind::Failed, "overloaded (529)"), &image).0, ErrorKind::Failed);
        assert_eq!(explained(error(ErrorKind::RateLimited, said), &image).0, ErrorKind::RateLimited);
    }

    #[test]
    fn a_dry_run_shows_the_beginning_of_an_image() {
        let bytes: Vec<u8> = b"GIF89a".iter().copied().chain((0..3_000).map(|n| (n % 251) as u8)).collect();
        let message = attached("", &[("a", &bytes)]);
        let whole = serde_json::to_string(&DataUrl(&message.attachments[0])).unwrap();
        assert_eq!(whole.len(), "\"data:image/gif;base64,\"".len() + 3006 / 3 * 4);
        let shown = shortened(whole, &[message]);
        assert!(shown.starts_with("\"data:image/gif;base64,R0lGODlh") && shown.len() < 200, "{shown}");
    }
}
