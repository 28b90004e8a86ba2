//! What came, as text for a model.

use url::Url;

use super::get::BODY_BYTES_MAX;
use super::html;

/// What a look at the beginning goes by.
const BEGIN_BYTES: usize = 8192;

#[derive(Debug)]
pub struct Page {
    /// After all redirects.
    pub url: Url,
    pub status: u16,
    pub content_type: String,
    pub kind: Kind,
    pub body: Body,
}

#[derive(Debug)]
pub struct Body {
    pub bytes: Vec<u8>,
    /// There was more than is read.
    pub is_cut: bool,
    pub total: Option<u64>,
}

/// What to do with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Html,
    Text,
    /// Not even read.
    Binary,
    /// Its bytes tell.
    Unknown,
}

impl Kind {
    pub fn of(content_type: &str) -> Self {
        let name = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let (main, sub) = name.split_once('/').unwrap_or_default();
        match (main, sub) {
            ("text", "html") | ("application", "xhtml+xml") => Self::Html,
            ("text", _) => Self::Text,
            (_, sub) if sub.ends_with("+json") || sub.ends_with("+xml") => Self::Text,
            ("application", "json" | "xml" | "javascript" | "yaml" | "toml" | "x-ndjson" | "x-sh") => Self::Text,
            ("image" | "audio" | "video" | "font", _) | ("application", "pdf" | "zip" | "gzip") => Self::Binary,
            _ => Self::Unknown,
        }
    }
}

/// Which part of a text to show, in characters.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub start: usize,
    pub chars_max: usize,
}

impl Page {
    /// The part of it, with a line about where it comes from. Takes a while for large pages.
    pub fn told(&self, part: Part, is_raw: bool) -> Result<String, String> {
        let Self { url, status, content_type, .. } = self;
        let kind = if content_type.is_empty() { "no type" } else { content_type };
        let text = match self.text(is_raw) {
            Some(text) => cut(&text, part),
            None => {
                let size = self.body.total.map_or_else(String::new, |total| format!(", {total} bytes"));
                format!("[binary{size}: it cannot be shown as text]\n")
            }
        };
        let end = if self.body.is_cut {
            format!("[only the first {BODY_BYTES_MAX} bytes were read]\n")
        } else {
            String::new()
        };
        let told = format!("[{status} {kind} from {url}]\n{text}{end}");
        if *status < 400 { Ok(told) } else { Err(told) }
    }

    /// The body for somebody who wants all of it: HTML as text, other text as UTF-8, and the rest as it came.
    pub fn content(self) -> Result<Vec<u8>, String> {
        if self.status >= 400 {
            return Err(format!("the server answered with status {}", self.status));
        }
        if self.body.is_cut {
            return Err(format!("it has more than {} MiB", BODY_BYTES_MAX >> 20));
        }
        match self.text(false) {
            Some(text) if self.kind != Kind::Unknown => Ok(text.into_bytes()),
            Some(_) | None => Ok(self.body.bytes),
        }
    }

    /// `None` where it is binary.
    fn text(&self, is_raw: bool) -> Option<String> {
        let bytes = &self.body.bytes;
        let is_text = match self.kind {
            Kind::Html if !is_raw => return Some(html::text(&decode(bytes, &self.content_type), &self.url)),
            Kind::Html | Kind::Text => true,
            Kind::Binary => false,
            Kind::Unknown => memchr::memchr(0, &bytes[..bytes.len().min(BEGIN_BYTES)]).is_none(),
        };
        is_text.then(|| decode(bytes, &self.content_type))
    }
}

/// Latin-1 where the header says so, UTF-8 otherwise.
fn decode(bytes: &[u8], content_type: &str) -> String {
    let content_type = content_type.to_ascii_lowercase();
    if ["iso-8859-1", "latin1", "windows-1252"].iter().any(|name| content_type.contains(name)) {
        return bytes.iter().copied().map(char::from).collect();
    }
    String::from_utf8_lossy(bytes).into_owned()
}

fn cut(text: &str, part: Part) -> String {
    let total = text.chars().count();
    let start = part.start.min(total);
    let mut shown: String = text.chars().skip(start).take(part.chars_max).collect();
    let end = (start + part.chars_max).min(total);
    if !shown.is_empty() && !shown.ends_with('\n') {
        shown.push('\n');
    }
    if end < total {
        shown.push_str(&format!("[characters {start} to {end} of {total}; go on with start={end}]\n"));
    } else if total == 0 {
        shown.push_str("[there is no text]\n");
    } else if shown.is_empty() {
        shown.push_str(&format!("[the text has {total} characters: that is its end]\n"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_say_what_to_do() {
        for (content_type, kind) in [
            ("text/html; charset=utf-8", Kind::Html),
            ("TEXT/HTML", Kind::Html),
            ("text/markdown", Kind::Text),
            ("application/ld+json", Kind::Text),
            ("application/json", Kind::Text),
            ("image/svg+xml", Kind::Text),
            ("image/png", Kind::Binary),
            ("application/pdf", Kind::Binary),
            ("application/octet-stream", Kind::Unknown),
            ("", Kind::Unknown),
        ] {
            assert_eq!(Kind::of(content_type), kind, "{content_type}");
        }
    }

    #[test]
    fn long_texts_come_in_parts() {
        let part = |start| cut("äöü", Part { start, chars_max: 2 });
        assert_eq!(part(0), "äö\n[characters 0 to 2 of 3; go on with start=2]\n");
        assert_eq!(part(2), "ü\n");
        assert_eq!(part(9), "[the text has 3 characters: that is its end]\n");
        assert_eq!(cut("", Part { start: 0, chars_max: 2 }), "[there is no text]\n");
    }

    #[test]
    fn old_encodings_are_read_where_they_are_named() {
        assert_eq!(decode(b"caf\xe9", "text/plain; charset=ISO-8859-1"), "café");
        assert_eq!(decode(b"caf\xe9", "text/plain"), "caf\u{fffd}");
    }
}
