//! Our own files: JSON and JSON lines, read and written one conversation at a time.

use std::io::{self, BufReader, Read, Write};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::PortableConversation;
use crate::history::HistoryError;

/// The name in the first line of a JSON file.
const FORMAT: &str = "sayso-history";
/// Changes when older versions could not read the file.
const VERSION: u64 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentFormat {
    /// One object with all conversations, each on a line of its own.
    Json,
    /// One conversation a line.
    JsonLines,
}

#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error(transparent)]
    Json(serde_json::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// A disk that is full is no mistake in the document.
impl From<serde_json::Error> for DocumentError {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() { Self::Io(error.into()) } else { Self::Json(error) }
    }
}

/// Writes conversations as they come, and returns how many.
pub fn write_document(
    format: DocumentFormat,
    conversations: impl Iterator<Item = Result<PortableConversation, HistoryError>>,
    out: &mut dyn Write,
) -> Result<u64, DocumentError> {
    let mut count = 0;
    if format == DocumentFormat::Json {
        write!(out, "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"conversations\":[")?;
    }
    for conversation in conversations {
        if format == DocumentFormat::Json {
            out.write_all(if count == 0 { b"\n" } else { b",\n" })?;
        }
        serde_json::to_writer(&mut *out, &conversation?)?;
        if format == DocumentFormat::JsonLines {
            out.write_all(b"\n")?;
        }
        out.flush()?;
        count += 1;
    }
    if format == DocumentFormat::Json {
        out.write_all(b"\n]}\n")?;
    }
    out.flush()?;
    Ok(count)
}

/// Hands each conversation of a file on as soon as it is read. A file is in our format, or
/// holds conversations one after the other; one that `take` refuses ends the reading.
pub fn read_document(
    format: DocumentFormat,
    file: impl Read,
    take: &mut dyn FnMut(PortableConversation) -> Result<(), HistoryError>,
) -> Result<(), DocumentError> {
    let reader = BufReader::with_capacity(1 << 16, file);
    let mut refused = None;
    let mut take = |conversation| {
        take(conversation).map_err(|error| {
            refused = Some(error);
            "it cannot be stored"
        })
    };
    let read = match format {
        DocumentFormat::JsonLines => read_lines(reader, &mut take),
        DocumentFormat::Json => {
            let mut deserializer = serde_json::Deserializer::from_reader(reader);
            let read = deserializer.deserialize_map(Document { take: &mut take });
            read.and_then(|()| deserializer.end())
        }
    };
    match refused {
        Some(error) => Err(error.into()),
        None => Ok(read?),
    }
}

type Take<'a> = dyn FnMut(PortableConversation) -> Result<(), &'static str> + 'a;

fn read_lines(reader: impl Read, take: &mut Take<'_>) -> serde_json::Result<()> {
    for conversation in serde_json::Deserializer::from_reader(reader).into_iter::<PortableConversation>() {
        take(conversation?).map_err(serde_json::Error::custom)?;
    }
    Ok(())
}

/// The outer object of a JSON file.
struct Document<'a, 'b> {
    take: &'a mut Take<'b>,
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an object with \"format\":\"{FORMAT}\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut is_ours = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "format" => {
                    is_ours = map.next_value::<String>()? == FORMAT;
                }
                "version" => {
                    let version: u64 = map.next_value()?;
                    if version > VERSION {
                        return Err(A::Error::custom(format!(
                            "version {version} of this format is from a newer sayso; this one reads {VERSION}"
                        )));
                    }
                }
                "conversations" if is_ours => map.next_value_seed(Conversations { take: &mut *self.take })?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if is_ours { Ok(()) } else { Err(A::Error::custom(format!("it does not begin with \"format\":\"{FORMAT}\""))) }
    }
}

struct Conversations<'a, 'b> {
    take: &'a mut Take<'b>,
}

impl<'de> DeserializeSeed<'de> for Conversations<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Conversations<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("conversations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(conversation) = seq.next_element_seed(One)? {
            (self.take)(conversation).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

struct One;

impl<'de> DeserializeSeed<'de> for One {
    type Value = PortableConversation;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<PortableConversation, D::Error> {
        PortableConversation::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(format: DocumentFormat, text: &str) -> Result<Vec<String>, String> {
        let mut ids = Vec::new();
        read_document(format, text.as_bytes(), &mut |conversation| {
            ids.push(conversation.id);
            Ok(())
        })
        .map(|()| ids)
        .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_ours_is_told_and_what_is_newer_too() {
        let json = |text| ids(DocumentFormat::Json, text);
        assert_eq!(
            json(r#"{"format":"sayso-history","version":1,"conversations":[{"id":"A"},{"id":"B","x":1}]}"#),
            Ok(vec!["A".into(), "B".into()])
        );
        assert_eq!(
            ids(DocumentFormat::JsonLines, "{\"id\":\"A\"}\n\n{\"id\":\"B\"}\n"),
            Ok(vec!["A".into(), "B".into()])
        );
        for (text, reason) in [
            ("{}", "does not begin with"),
            (r#"{"conversations":[{"id":"A"}]}"#, "does not begin with"),
            (r#"{"format":"sayso-history","version":2,"conversations":[]}"#, "from a newer sayso"),
            (r#"{"format":"sayso-history","version":1,"conversations":[{}]}"#, "missing field `id` at line 1"),
            (r#"{"format":"sayso-history","version":1,"conversations":[{"id":"A"}"#, "EOF"),
            ("[1]", "invalid type: sequence"),
        ] {
            let error = json(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
