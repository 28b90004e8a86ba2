//! Files that go along with the next prompt: `/attach`, and `@path` in the prompt itself.

use std::path::{Path, PathBuf};

use super::Repl;
use crate::conversation::Attachment;
use crate::session::Prompt;

/// Files that one prompt may name.
const MENTIONS_MAX: usize = 20;

/// What `/attach` is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachChange {
    Add(Vec<String>),
    List,
    /// From 1, as the list counts.
    Drop(usize),
    Clear,
}

/// Understands what follows `/attach`; `None` where it does not fit. A file with the name of a word is `./list`.
pub fn parse(rest: &str) -> Option<AttachChange> {
    let words = split_words(rest, quoted);
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | ["list"] => Some(AttachChange::List),
        ["clear"] => Some(AttachChange::Clear),
        ["drop", number] => number.parse().ok().filter(|number| *number > 0).map(AttachChange::Drop),
        ["drop", ..] => None,
        _ => Some(AttachChange::Add(words)),
    }
}

impl Repl<'_> {
    pub(super) async fn attach(&mut self, change: AttachChange) {
        match change {
            AttachChange::Add(sources) => {
                for source in sources {
                    if let Some(added) = self.read(&source, self.attached.clone()).await {
                        self.attached.extend(added);
                    }
                }
            }
            AttachChange::List if self.attached.is_empty() => {
                self.note("nothing is attached; /attach PATH… attaches files to the next prompt");
            }
            AttachChange::List => {
                let lines: Vec<String> = (1..)
                    .zip(&self.attached)
                    .map(|(number, attachment)| format!("{number} {}, {}", attachment.label(), attachment.mime()))
                    .collect();
                self.tell(&lines.join("\n"));
            }
            AttachChange::Drop(number) if number <= self.attached.len() => {
                let dropped = self.attached.remove(number - 1);
                self.note(&format!("not attached any more: {}", dropped.label()));
            }
            AttachChange::Drop(_) => self.fail("usage", "there is no such attachment; /attach lists them"),
            AttachChange::Clear => {
                self.attached.clear();
                self.note("nothing is attached any more");
            }
        }
    }

    /// The prompt with what is attached and what it names itself. `None`: a file that it names cannot be read, which
    /// the person has been told, or it was stopped.
    pub(super) async fn with_attachments(&mut self, text: String) -> Option<Prompt> {
        let mut attachments = self.attached.clone();
        for path in self.files_in(&text) {
            let added = self.read(&path, attachments.clone()).await?;
            attachments.extend(added);
        }
        self.attached.clear();
        Some(Prompt { attachments, ..text.into() })
    }

    /// The files that are there of those that a prompt names, as they are opened.
    pub(super) fn files_in(&self, text: &str) -> Vec<String> {
        self.named_in(text).into_iter().filter(|file| Path::new(file).is_file()).collect()
    }

    /// The same, whether they are there or not.
    pub(super) fn named_in(&self, text: &str) -> Vec<String> {
        let named = mentions(text, &|word| self.is_resource(word)).into_iter();
        let files = named.filter_map(|path| self.file_of(&path));
        files.map(|file| file.to_string_lossy().into_owned()).collect()
    }

    /// What comes to `before`. Says what was attached, or why not.
    pub(super) async fn read(&mut self, source: &str, before: Vec<Attachment>) -> Option<Vec<Attachment>> {
        let home = |path: PathBuf| path.to_string_lossy().into_owned();
        let path = self.file_of(source).map_or_else(|| source.to_owned(), home);
        let known = before.len();
        let read = tokio::select! {
            read = self.services.attach(path, before) => read,
            _ = self.signals.next_stop() => return None,
        };
        match read {
            Ok((attachments, notes)) => {
                let added = attachments.get(known..).unwrap_or_default().to_vec();
                match added.as_slice() {
                    [] => {}
                    [one] => self.note(&format!("attached: {}", one.label())),
                    several => {
                        let bytes = several.iter().map(|attachment| attachment.content().len() as u64).sum();
                        let size = crate::conversation::size_in_words(bytes);
                        self.note(&format!("attached: {} files of {source} ({size})", several.len()));
                    }
                }
                notes.iter().for_each(|note| self.warn(note));
                Some(added)
            }
            Err(report) => {
                self.report(&report);
                None
            }
        }
    }

    /// `~/` is home, as Tab has it.
    fn file_of(&self, path: &str) -> Option<PathBuf> {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(below), Some(home)) => Some(home.join(below)),
            (Some(_), None) => None,
            (None, _) => Some(PathBuf::from(path)),
        }
    }

    fn is_resource(&self, word: &str) -> bool {
        let host = self.session.toolbox.host.as_ref();
        let server = word.split_once(':').map(|(server, _)| server);
        host.zip(server).is_some_and(|(host, server)| host.names().any(|known| known == server))
    }
}

/// The paths behind `@` in a prompt, each once. A space in one is written `\ `; a stop behind one belongs to the
/// sentence where no file is called so.
fn mentions(prompt: &str, is_resource: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for word in words(prompt) {
        let Some(path) = word.strip_prefix('@').filter(|path| !path.is_empty() && !is_resource(path)) else { continue };
        let bare = path.trim_end_matches([',', '.', ';', ':', '!', '?', ')', '"', '\'']);
        let path = if Path::new(path).exists() { path } else { bare };
        if !path.is_empty() && !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    }
    paths.truncate(MENTIONS_MAX);
    paths
}

/// A path as Tab writes it: its blanks stand behind a `\`, whatever blanks they are.
pub fn escaped(path: &str) -> String {
    path.chars().flat_map(|letter| is_blank(letter).then_some('\\').into_iter().chain([letter])).collect()
}

/// The path that is written so.
pub fn unescaped(written: &str) -> String {
    let mut letters = written.chars().peekable();
    let mut path = String::new();
    while let Some(letter) = letters.next() {
        let escapes = letter == '\\' && letters.peek().is_some_and(|next| is_blank(*next));
        path.extend(if escapes { letters.next() } else { Some(letter) });
    }
    path
}

/// Also U+202F and its like, as macOS has them in the names of screenshots; but the end of a line ends a word.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() && !letter.is_control()
}

/// Words between blanks; a blank that belongs to one is written `\ `, as Tab writes it.
fn words(text: &str) -> Vec<String> {
    split_words(text, |_| None)
}

/// The same, where `whole` may take a word of another kind off the front; it says what follows it.
fn split_words(text: &str, whole: impl Fn(&str) -> Option<(&str, &str)>) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = match whole(rest) {
            Some((word, after)) => (word.to_owned(), after),
            None => {
                let (written, after) = rest.split_at(word_length(rest));
                (unescaped(written), after)
            }
        };
        words.push(word);
        rest = after.trim_start();
    }
    words
}

/// Up to the first blank that does not belong to the word.
fn word_length(text: &str) -> usize {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && letters.peek().is_some_and(|(_, next)| is_blank(*next)) {
            letters.next();
        } else if letter.is_whitespace() {
            return at;
        }
    }
    text.len()
}

/// A path between quotes, as terminals write one that is dropped on them, and what follows it. A quote within a word
/// is a letter of it.
pub fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
    let (path, after) = text[quote.len_utf8()..].split_once(quote)?;
    let is_word = !path.is_empty() && (after.is_empty() || after.starts_with(char::is_whitespace));
    is_word.then_some((path, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attach_takes_paths_and_three_words() {
        let add = |paths: &[&str]| Some(AttachChange::Add(paths.iter().map(|path| (*path).to_owned()).collect()));
        assert_eq!(parse("a.png my\\ notes.md ./list"), add(&["a.png", "my notes.md", "./list"]));
        assert_eq!(parse("C\\x"), add(&["C\\x"]));
        assert_eq!(parse("'my photo.png' \"a \\ b\"  it's \"x"), add(&["my photo.png", "a \\ b", "it's", "\"x"]));
        assert_eq!(parse("'a'b 'c d"), add(&["'a'b", "'c", "d"]));
        assert_eq!((parse(""), parse("list")), (Some(AttachChange::List), Some(AttachChange::List)));
        assert_eq!((parse("clear"), parse("drop 2")), (Some(AttachChange::Clear), Some(AttachChange::Drop(2))));
        assert_eq!((parse("drop"), parse("drop 0"), parse("drop x")), (None, None, None));
    }

    #[test]
    fn a_prompt_names_files_behind_at_signs() {
        let named = |prompt: &str| mentions(prompt, &|word| word.starts_with("docs:"));
        assert_eq!(named("see @src/a.rs, and @my\\ b.md. me@host @docs:x @ @src/a.rs"), ["src/a.rs", "my b.md"]);
        assert_eq!(named("no files here"), Vec::<String>::new());
    }

    #[test]
    fn every_blank_can_belong_to_a_path() {
        for blank in [' ', '\u{a0}', '\u{202f}', '\u{3000}'] {
            let path = format!("at{blank}3\\04{blank}PM.png");
            let typed = escaped(&path);
            assert_eq!(unescaped(&typed), path);
            assert_eq!(parse(&typed), Some(AttachChange::Add(vec![path.clone()])), "{typed}");
            assert_eq!(mentions(&format!("see @{typed}\\\nnow"), &|_| false), [format!("{path}\\")], "{typed}");
            assert_eq!(words(&path).len(), 3);
        }
    }
}
