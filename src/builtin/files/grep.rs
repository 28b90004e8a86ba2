//! Lines that match a regular expression.

use std::io::Read as _;

use globset::GlobMatcher;
use regex::bytes::{Regex, RegexBuilder};

use super::arguments::Grep;
use super::denied::Shut;
use super::glob::{matcher, path_below};
use super::open::{BEGIN_BYTES, is_binary, is_file, open_in, open_regular};
use super::roots::{Place, Roots};
use super::walk::{Ended, Flow, Found, walk};

/// Larger files are not searched, and that is said.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
const LINE_BYTES_MAX: usize = 400;
const CONTEXT_LINES_MAX: usize = 10;
const MATCHES_MAX: usize = 2000;
const TEXT_BYTES_MAX: usize = 256 * 1024;

pub fn grep(roots: &Roots, arguments: &Grep, is_cancelled: &dyn Fn() -> bool) -> Result<String, String> {
    let mut search = Search::new(arguments)?;
    let file = roots.existing(&arguments.path).ok().filter(is_file);
    let ended = match file {
        Some(place) => search.one_file(&place)?,
        None => {
            let folder = roots.folder(&arguments.path)?;
            walk(&folder, is_cancelled, &mut |found| search.visit(found, &folder.shut))
        }
    };
    Ok(search.report(ended))
}

struct Search<'a> {
    arguments: &'a Grep,
    regex: Regex,
    /// Whether the pattern is for the name alone.
    glob: Option<(GlobMatcher, bool)>,
    matches_left: usize,
    large_files: usize,
    text: String,
}

impl<'a> Search<'a> {
    fn new(arguments: &'a Grep) -> Result<Self, String> {
        let regex = RegexBuilder::new(&arguments.pattern).case_insensitive(arguments.ignore_case).build();
        let regex = regex.map_err(|error| format!("the pattern is no regular expression: {error}"))?;
        let glob = match &arguments.glob {
            Some(pattern) => Some((matcher(pattern)?, !pattern.contains('/'))),
            None => None,
        };
        let matches_left = arguments.matches_max.clamp(1, MATCHES_MAX);
        Ok(Self { arguments, regex, glob, matches_left, large_files: 0, text: String::new() })
    }

    fn visit(&mut self, found: &Found, shut: &Shut) -> Flow {
        let is_wanted = self.glob.as_ref().is_none_or(|(glob, is_for_name)| match is_for_name {
            true => glob.is_match(found.name),
            false => glob.is_match(found.below),
        });
        if !is_wanted {
            return Flow::On;
        }
        if found.stat.st_size as u64 > FILE_BYTES_MAX {
            self.large_files += 1;
            return Flow::On;
        }
        // What cannot be read is passed by, as what is binary.
        if let Ok((file, _)) = open_in(found.folder, found.name, found.below, shut)
            && let Some(bytes) = text_in(file)
        {
            self.lines(&path_below(&self.arguments.path, found.below), &bytes);
        }
        if self.is_full() { Flow::Stop } else { Flow::On }
    }

    fn one_file(&mut self, place: &Place) -> Result<Ended, String> {
        let path = &place.shown;
        let (file, stat) = open_regular(place)?;
        if stat.st_size as u64 > FILE_BYTES_MAX {
            return Err(format!("{path} is larger than {FILE_BYTES_MAX} bytes"));
        }
        let bytes = text_in(file).ok_or_else(|| format!("{path} is binary"))?;
        self.lines(path, &bytes);
        Ok(None)
    }

    fn is_full(&self) -> bool {
        self.matches_left == 0 || self.text.len() > TEXT_BYTES_MAX
    }

    fn lines(&mut self, path: &str, bytes: &[u8]) {
        let lines: Vec<&[u8]> = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n').collect();
        let around = self.arguments.context_lines.min(CONTEXT_LINES_MAX);
        let mut shown_until = 0;
        for (index, line) in lines.iter().enumerate() {
            if self.is_full() {
                return;
            }
            if !self.regex.is_match(line) {
                continue;
            }
            self.matches_left -= 1;
            let from = index.saturating_sub(around).max(shown_until);
            if around > 0 && from > shown_until && shown_until > 0 {
                self.text.push_str("--\n");
            }
            for (before, line) in lines.iter().enumerate().take(index).skip(from) {
                self.line(path, before, '-', line);
            }
            if index >= shown_until {
                self.line(path, index, ':', line);
            }
            let until = (index + 1 + around).min(lines.len());
            for (after, line) in lines.iter().enumerate().take(until).skip((index + 1).max(shown_until)) {
                let mark = if self.regex.is_match(line) { ':' } else { '-' };
                self.line(path, after, mark, line);
            }
            shown_until = until.max(shown_until);
        }
    }

    fn line(&mut self, path: &str, index: usize, mark: char, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = String::from_utf8_lossy(&line[..line.len().min(LINE_BYTES_MAX)]);
        let cut = if line.len() > LINE_BYTES_MAX { " …" } else { "" };
        self.text.push_str(&format!("{path}{mark}{}{mark} {text}{cut}\n", index + 1));
    }

    fn report(mut self, ended: Ended) -> String {
        if self.text.is_empty() {
            self.text.push_str("[no line matches]\n");
        } else if self.is_full() {
            self.text.push_str("[there can be more matches: narrow the search]\n");
        }
        if self.large_files > 0 {
            self.text.push_str(&format!(
                "[files larger than {FILE_BYTES_MAX} bytes were not searched: {}]\n",
                self.large_files
            ));
        }
        if let Some(reason) = ended {
            self.text.push_str(&format!("[incomplete: {reason}]\n"));
        }
        self.text
    }
}

/// `None` where it is binary, or has gone.
fn text_in(file: std::fs::File) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    (!is_binary(&bytes[..bytes.len().min(BEGIN_BYTES)])).then_some(bytes)
}
