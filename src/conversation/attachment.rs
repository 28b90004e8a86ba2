//! A file that goes along with a message: bytes under a name, and what kind of bytes they are.

use std::fmt;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::is_hidden;

/// Attachments of one message.
pub const ATTACHMENTS_MAX: usize = 500;
/// Bytes of one attachment: 32 MiB.
pub const ATTACHMENT_BYTES_MAX: usize = 32 << 20;
/// Bytes of all attachments of one message: 64 MiB.
pub const ATTACHMENTS_BYTES_MAX: usize = 64 << 20;
/// A longer name loses its beginning, which tells less than its end.
const NAME_BYTES_MAX: usize = 255;
/// What is no text shows it early, as `grep` and Git see it.
const BEGIN_BYTES: usize = 8192;

/// What a provider can make of an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentKind {
    Text,
    Image,
    Pdf,
}

/// Why bytes cannot be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAttachable {
    #[error("it is neither text (UTF-8) nor an image (PNG, JPEG, GIF, WebP) nor a PDF")]
    Unknown,
    #[error("it has more than {} MiB", ATTACHMENT_BYTES_MAX >> 20)]
    TooLong,
}

/// Clones share the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    name: String,
    mime: &'static str,
    hash: String,
    content: Bytes,
}

impl Attachment {
    /// The bytes themselves say of what kind they are; a name says nothing. What a reader would not see in the
    /// name is replaced.
    pub fn new(name: &str, content: impl Into<Bytes>) -> Result<Self, NotAttachable> {
        let content = content.into();
        if content.len() > ATTACHMENT_BYTES_MAX {
            return Err(NotAttachable::TooLong);
        }
        let mime = mime_of(&content).ok_or(NotAttachable::Unknown)?;
        Ok(Self { name: presentable(name), mime, hash: hash_of(&content), content })
    }

    /// The same from where it was stored, with the hash that was taken then.
    #[must_use]
    pub fn restored(name: &str, hash: String, content: impl Into<Bytes>) -> Option<Self> {
        let content = content.into();
        let mime = mime_of(&content)?;
        Some(Self { name: presentable(name), mime, hash, content })
    }

    /// As it was attached, without what could steer a terminal or deceive a reader.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One of those that [`mime_of`] knows.
    #[must_use]
    pub fn mime(&self) -> &'static str {
        self.mime
    }

    /// SHA-256 of the bytes, as 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    #[must_use]
    pub fn content(&self) -> &Bytes {
        &self.content
    }

    #[must_use]
    pub fn kind(&self) -> AttachmentKind {
        kind_of(self.mime)
    }

    /// The text of a text; nothing of all else.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if self.kind() == AttachmentKind::Text { std::str::from_utf8(&self.content).ok() } else { None }
    }

    /// As in `src/main.rs (3.1 kB)`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} ({})", self.name, size_in_words(self.content.len() as u64))
    }
}

/// Without the bytes: they have no place in a log.
impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, mime, content, .. } = self;
        write!(f, "Attachment({name:?}, {mime}, {} bytes)", content.len())
    }
}

/// By the first bytes; `None` for what cannot be sent.
#[must_use]
pub fn mime_of(content: &[u8]) -> Option<&'static str> {
    let is_webp = || content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP");
    match content {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ if is_webp() => Some("image/webp"),
        _ if content.starts_with(b"%PDF-") => Some("application/pdf"),
        _ if looks_like_text(content) && std::str::from_utf8(content).is_ok() => Some("text/plain"),
        _ => None,
    }
}

/// Whether the beginning of a file is that of a text.
#[must_use]
pub fn looks_like_text(content: &[u8]) -> bool {
    !content[..content.len().min(BEGIN_BYTES)].contains(&0)
}

#[must_use]
pub fn kind_of(mime: &str) -> AttachmentKind {
    match mime {
        "application/pdf" => AttachmentKind::Pdf,
        image if image.starts_with("image/") => AttachmentKind::Image,
        _ => AttachmentKind::Text,
    }
}

fn hash_of(content: &[u8]) -> String {
    format!("{:x}", Sha256::digest(content))
}

fn presentable(name: &str) -> String {
    let start = name.ceil_char_boundary(name.len().saturating_sub(NAME_BYTES_MAX));
    let shown: String = name[start..]
        .chars()
        .map(|letter| if is_hidden(letter) { char::REPLACEMENT_CHARACTER } else { letter })
        .collect();
    if shown.is_empty() { "file".to_owned() } else { shown }
}

/// As in `812 bytes`, `3.1 kB` or `15.0 MB`.
#[must_use]
pub fn size_in_words(bytes: u64) -> String {
    match bytes {
        ..1_000 => format!("{bytes} bytes"),
        1_000..999_950 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_say_what_they_are_whatever_the_name_says() {
        for (bytes, mime) in [
            (&b"\x89PNG\r\n\x1a\n\0\0"[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some("image/jpeg")),
            (b"GIF89a\0", Some("image/gif")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"%PDF-1.7\n\xe2\xe3", Some("application/pdf")),
            ("Grüße\n".as_bytes(), Some("text/plain")),
            (b"caf\xe9", None),
            (b"\x7fELF\0\0", None),
            (b"\x89PNG", None),
        ] {
            assert_eq!(mime_of(bytes), mime, "{bytes:?}");
        }
        assert_eq!(Attachment::new("a.png", &b"text"[..]).unwrap().kind(), AttachmentKind::Text);
        assert_eq!(Attachment::new("a", Bytes::new()).unwrap().text(), Some(""));
    }

    #[test]
    fn a_name_deceives_nobody() {
        let name = |name: &str| Attachment::new(name, &b"x"[..]).unwrap().name().to_owned();
        assert_eq!(name("a\u{1b}[2J\nb\u{202e}gpj.exe"), "a\u{fffd}[2J\u{fffd}b\u{fffd}gpj.exe");
        assert_eq!(name(""), "file");
        assert_eq!(name(&format!("{}end.md", "é".repeat(300))).len(), 254);
    }

    #[test]
    fn sizes_are_for_people() {
        let words = [0, 999, 1_000, 3_141, 999_949, 999_950, 15_000_000].map(size_in_words);
        assert_eq!(words, ["0 bytes", "999 bytes", "1.0 kB", "3.1 kB", "999.9 kB", "1.0 MB", "15.0 MB"]);
    }
}
