//! What came from a server on its way out: text to stdout as it is, data to a file, the rest described.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::prompt::described;
use crate::command::context::Context;
use crate::exit::Failure;
use crate::mcp::Content;

/// Content, sorted by what can be done with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// All texts, one after the other.
    pub text: String,
    /// The first piece that is no text, decoded.
    pub bytes: Option<Vec<u8>>,
    /// All that is no text, in words.
    pub others: Vec<String>,
}

impl Data {
    /// Sorts the content. Data that is no base64 is a fault of the server.
    pub fn of(contents: &[Content]) -> Result<Self, Failure> {
        let mut data = Self::default();
        for content in contents {
            if let Some(text) = content.as_text() {
                if !data.text.is_empty() && !data.text.ends_with('\n') {
                    data.text.push('\n');
                }
                data.text.push_str(text);
                continue;
            }
            data.others.push(described(content));
            if let Some(encoded) = encoded(content)
                && data.bytes.is_none()
            {
                let decoded = STANDARD.decode(encoded);
                let wrong = |error| {
                    Failure::new(
                        "mcp",
                        crate::conversation::exit_code::PROVIDER,
                        format!("the server sent data that is no base64: {error}"),
                    )
                };
                data.bytes = Some(decoded.map_err(wrong)?);
            }
        }
        Ok(data)
    }
}

fn encoded(content: &Content) -> Option<&str> {
    match content {
        Content::Image { data, .. } | Content::Audio { data, .. } => Some(data),
        Content::Resource(resource) => resource.blob.as_deref(),
        Content::Text(_) | Content::Link { .. } => None,
    }
}

/// Puts it where it was asked for; the exit code. With a file it gets the data, or else the text.
pub fn put(data: &Data, file: Option<&Path>, context: &mut Context) -> Result<u8, Failure> {
    let hint = if file.is_none() && data.bytes.is_some() { " (--output FILE writes it)" } else { "" };
    for other in &data.others {
        context.note(&format!("{other}{hint}"));
    }
    let Some(file) = file else { return Ok(context.show(&data.text)) };
    let bytes = data.bytes.as_deref().unwrap_or(data.text.as_bytes());
    std::fs::write(file, bytes)
        .map_err(|error| Failure::config(format!("cannot write {}: {error}", file.display())))?;
    context.note(&format!("{} bytes written to {}", bytes.len(), file.display()));
    // With data in the file the text is still worth something.
    Ok(if data.bytes.is_some() { context.show(&data.text) } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_data_part_ways() {
        let contents = [
            Content::Text("a".into()),
            Content::Image { mime: "image/png".into(), data: "aGk=".into() },
            Content::Text("b\n".into()),
            Content::Link { uri: "file:///x".into(), name: "x".into(), mime: None, description: None },
        ];
        let data = Data::of(&contents).unwrap();
        assert_eq!((data.text.as_str(), data.bytes.as_deref()), ("a\nb\n", Some(b"hi".as_slice())));
        assert_eq!(data.others, ["[image image/png, 2 bytes]", "[x](file:///x)"]);
        let broken = [Content::Audio { mime: "audio/wav".into(), data: "~".into() }];
        assert_eq!(Data::of(&broken).unwrap_err().exit, 8);
    }
}
