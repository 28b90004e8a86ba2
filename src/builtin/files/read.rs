//! Lines of a text file.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};

use super::arguments::Read;
use super::open::{BEGIN_BYTES, is_binary, open_regular};
use super::roots::{Roots, explain};

/// Of one answer.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Looked through to reach the first line.
const SCAN_BYTES_MAX: u64 = 256 * 1024 * 1024;

pub fn read(roots: &Roots, arguments: &Read) -> Result<String, String> {
    let place = roots.existing(&arguments.path)?;
    let (file, stat) = open_regular(&place)?;
    let mut reader = BufReader::with_capacity(BEGIN_BYTES.max(64 * 1024), file.take(SCAN_BYTES_MAX));
    let io = |error: std::io::Error| explain(&place.shown, &error);
    let begin = reader.fill_buf().map_err(io)?;
    if is_binary(&begin[..begin.len().min(BEGIN_BYTES)]) {
        return Err(format!("{} is binary ({} bytes): it cannot be read as text", place.shown, stat.st_size));
    }
    let start = arguments.start_line.max(1);
    for passed in 1..start {
        if skip_line(&mut reader).map_err(io)? == 0 {
            return Err(format!("{} has {} lines: there is no line {start}", place.shown, passed - 1));
        }
    }
    let (text, lines) = take_lines(&mut reader, arguments.line_count).map_err(io)?;
    let has_more = !reader.fill_buf().map_err(io)?.is_empty();
    Ok(with_note(text, start, lines, has_more))
}

fn with_note(mut text: String, start: usize, lines: usize, has_more: bool) -> String {
    if has_more {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let end = start + lines;
        text.push_str(&format!("[lines {start} to {}; there is more: go on with start_line={end}]\n", end.max(2) - 1));
    }
    if text.is_empty() {
        text.push_str("[the file is empty]\n");
    }
    text
}

/// Bytes up to the end of the line; 0 at the end of the file.
fn skip_line(reader: &mut BufReader<std::io::Take<File>>) -> std::io::Result<usize> {
    let mut skipped = 0;
    loop {
        let buffer = reader.fill_buf()?;
        let (used, is_end) = match memchr::memchr(b'\n', buffer) {
            Some(position) => (position + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(used);
        skipped += used;
        if is_end {
            return Ok(skipped);
        }
    }
}

/// Whole lines as long as they fit; a first line that is too long by itself is cut, and its rest skipped.
fn take_lines(reader: &mut BufReader<std::io::Take<File>>, lines_max: usize) -> std::io::Result<(String, usize)> {
    let mut bytes = Vec::new();
    let mut lines = 0;
    while lines < lines_max {
        let room = TEXT_BYTES_MAX - bytes.len();
        let before = bytes.len();
        let read = reader.by_ref().take(room as u64).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            break;
        }
        lines += 1;
        if read == room && bytes.last() != Some(&b'\n') {
            if lines > 1 {
                // Give the line back to the next call.
                bytes.truncate(before);
                lines -= 1;
                return Ok((text_of(bytes), lines));
            }
            skip_line(reader)?;
            bytes.extend_from_slice(b"[the rest of this line is left out]\n");
            break;
        }
    }
    Ok((text_of(bytes), lines))
}

fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
