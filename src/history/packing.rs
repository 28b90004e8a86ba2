//! Long texts stored compressed. Every query sees them as they were said, through the SQL function `unpack`.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

/// A text that says it is longer than this is not unpacked: an answer has 64 MiB at most.
const TEXT_BYTES_MAX: u64 = 128 << 20;
/// The first byte tells how the rest is packed.
const ZLIB: u8 = b'z';
/// Shown in place of a text that does not come back.
const DAMAGED: &str = "[this text was stored compressed and is damaged]";

/// The text compressed; `None` where that would not make it smaller by a tenth at least.
pub fn pack(text: &str) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(vec![ZLIB], Compression::default());
    encoder.write_all(text.as_bytes()).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < text.len() / 10 * 9).then_some(packed)
}

/// The text again; `None` where the bytes are damaged or would grow beyond the limit.
pub fn unpack(packed: &[u8]) -> Option<String> {
    let (ZLIB, rest) = packed.split_first().map(|(kind, rest)| (*kind, rest))? else { return None };
    let mut text = String::new();
    ZlibDecoder::new(rest).take(TEXT_BYTES_MAX + 1).read_to_string(&mut text).ok()?;
    (text.len() as u64 <= TEXT_BYTES_MAX).then_some(text)
}

/// Gives a connection the function that views and triggers use.
pub fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("is_damaged", 1, flags, |context| {
        let packed: Option<Vec<u8>> = context.get(0)?;
        Ok(packed.is_some_and(|packed| unpack(&packed).is_none()))
    })?;
    connection.create_scalar_function("unpack", 1, flags, |context| {
        let packed: Option<Vec<u8>> = context.get(0)?;
        Ok(packed.map(|packed| unpack(&packed).unwrap_or_else(|| DAMAGED.to_owned())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_comes_back_and_a_bomb_does_not() {
        let text = "Grüße an alle. ".repeat(10_000);
        let packed = pack(&text).unwrap();
        assert!(packed.len() < text.len() / 50, "{}", packed.len());
        assert_eq!(unpack(&packed).as_deref(), Some(text.as_str()));
        assert_eq!(pack("short"), None);
        for damaged in [&[][..], b"z", b"x123", &packed[..packed.len() / 2]] {
            assert_eq!(unpack(damaged), None);
        }
        let mut encoder = ZlibEncoder::new(vec![ZLIB], Compression::fast());
        let mebibyte = vec![b'a'; 1 << 20];
        (0..=TEXT_BYTES_MAX >> 20).for_each(|_| encoder.write_all(&mebibyte).unwrap());
        assert_eq!(unpack(&encoder.finish().unwrap()), None);
    }
}
