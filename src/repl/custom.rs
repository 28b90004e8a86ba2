//! Commands of one's own: Markdown files in the folder `commands` beside the configuration.
//!
//! ```text
//! ---
//! description: review a change
//! arguments: FILE [FOCUS]
//! model: openrouter:openai/gpt-4o
//! ---
//! Review @$1. Look at $2 above all.
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::command_table;
use crate::config::read_regular_file;

const FILES_MAX: usize = 200;
const FILE_BYTES_MAX: u64 = 64 << 10;
/// Of one file that goes along.
const INCLUDED_BYTES_MAX: u64 = 1 << 20;
const INCLUDED_MAX: usize = 20;

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomCommand {
    pub name: String,
    pub description: String,
    /// As help shows it: `FILE [FOCUS]`.
    pub arguments: String,
    /// Answers this one prompt, as it would be typed after `/model`.
    pub model: Option<String>,
    body: String,
}

/// What stands between the lines of dashes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Front {
    description: String,
    arguments: String,
    model: Option<String>,
}

/// The commands of a folder, read again when it changes.
#[derive(Debug, Default)]
pub struct CustomCommands {
    folder: Option<PathBuf>,
    /// Paths, sizes and times of change, as they were when the files were read.
    seen: Vec<(PathBuf, u64, Option<std::time::SystemTime>)>,
    commands: Vec<CustomCommand>,
}

impl CustomCommands {
    #[must_use]
    pub fn of(folder: Option<PathBuf>) -> Self {
        Self { folder, ..Self::default() }
    }

    /// Looks whether files came, went or changed; what is wrong with those that did. `None`: nothing changed.
    pub fn refresh(&mut self) -> Option<Vec<String>> {
        let found = self.folder.as_deref().map(list).unwrap_or_default();
        if found == self.seen {
            return None;
        }
        self.commands.clear();
        let mut warnings = Vec::new();
        for (path, _, _) in &found {
            match load(path) {
                Ok(command) => self.commands.push(command),
                Err(reason) => warnings.push(format!("{}: {reason}", path.display())),
            }
        }
        self.seen = found;
        Some(warnings)
    }

    pub fn find(&self, name: &str) -> Option<&CustomCommand> {
        self.commands.iter().find(|command| command.name.eq_ignore_ascii_case(name))
    }

    #[must_use]
    pub fn all(&self) -> &[CustomCommand] {
        &self.commands
    }
}

/// The files of a folder by name. A folder that is not there has none.
fn list(folder: &Path) -> Vec<(PathBuf, u64, Option<std::time::SystemTime>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let paths = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ext| ext == "md"));
    let mut files: Vec<_> = paths
        .take(FILES_MAX)
        .filter_map(|path| {
            let metadata = fs::metadata(&path).ok()?;
            Some((path, metadata.len(), metadata.modified().ok()))
        })
        .collect();
    files.sort();
    files
}

fn load(path: &Path) -> Result<CustomCommand, String> {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    if !is_name(name) {
        return Err("the name of a command has letters, digits, - and _ only, and begins with a letter".to_owned());
    }
    if command_table::find(name).is_some() {
        return Err(format!("/{name} is a command of sayso, which no file takes the place of"));
    }
    let text = read_text(path, FILE_BYTES_MAX)?;
    let (front, body) = split_front(&text)?;
    if body.trim().is_empty() {
        return Err("has no text to send".to_owned());
    }
    let Front { description, arguments, model } = front;
    Ok(CustomCommand { name: name.to_owned(), description, arguments, model, body: body.trim().to_owned() })
}

/// What stands between two lines of dashes at the start, and the rest.
fn split_front(text: &str) -> Result<(Front, String), String> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let Some(after) = text.strip_prefix("---\n") else { return Ok((Front::default(), text)) };
    let Some((front, body)) =
        after.split_once("\n---\n").or_else(|| after.strip_prefix("---\n").map(|body| ("", body)))
    else {
        return Err("begins with ---, which nothing ends".to_owned());
    };
    if front.trim().is_empty() {
        return Ok((Front::default(), body.to_owned()));
    }
    let front = serde_yaml::from_str(front).map_err(|error| format!("between the lines of dashes: {error}"))?;
    Ok((front, body.to_owned()))
}

/// What is sent: the text with its arguments and files, and what could not be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Filled {
    pub text: String,
    pub warnings: Vec<String>,
}

impl CustomCommand {
    /// `/review FILE [FOCUS]`
    #[must_use]
    pub fn usage(&self) -> String {
        format!("/{} {}", self.name, self.arguments).trim_end().to_owned()
    }

    /// Puts arguments in their places, and behind the text the files that it names as `@path`.
    #[must_use]
    pub fn fill(&self, arguments: &str) -> Filled {
        let text = with_arguments(&self.body, arguments);
        with_files(&text)
    }
}

/// `$1` to `$9` are single arguments, `$ARGUMENTS` all of them, `$$` is a dollar. Where the text has no place for
/// them they stand behind it.
fn with_arguments(body: &str, arguments: &str) -> String {
    let words = words(arguments);
    let (mut text, mut rest, mut has_place) = (String::new(), body, false);
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let digit = after.chars().next().and_then(|c| c.to_digit(10)).filter(|digit| *digit > 0);
        if let Some(all) = after.strip_prefix("ARGUMENTS") {
            text.push_str(arguments);
            (rest, has_place) = (all, true);
        } else if let Some(digit) = digit {
            text.push_str(words.get(digit as usize - 1).map_or("", String::as_str));
            (rest, has_place) = (&after[1..], true);
        } else {
            text.push('$');
            rest = after.strip_prefix('$').unwrap_or(after);
        }
    }
    text.push_str(rest);
    if !has_place && !arguments.is_empty() {
        text.push_str("\n\n");
        text.push_str(arguments);
    }
    text
}

/// Blanks part words, but not inside double quotes.
pub fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted, mut is_begun) = (Vec::new(), String::new(), false, false);
    for letter in text.chars() {
        match letter {
            '"' => (is_quoted, is_begun) = (!is_quoted, true),
            letter if letter.is_whitespace() && !is_quoted => {
                if std::mem::take(&mut is_begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            letter => {
                word.push(letter);
                is_begun = true;
            }
        }
    }
    if is_begun {
        words.push(word);
    }
    words
}

fn with_files(text: &str) -> Filled {
    let mut filled = Filled { text: text.to_owned(), warnings: Vec::new() };
    let mut behind = String::new();
    // `@server:uri` is a resource, which whoever sends the prompt looks up.
    let named = text.split_whitespace().filter_map(|word| word.strip_prefix('@')).filter(|path| !path.contains(':'));
    let mut paths: Vec<&str> = Vec::new();
    for path in named.map(|path| path.trim_end_matches([',', '.', ';', ')'])) {
        if !path.is_empty() && !paths.contains(&path) && paths.len() < INCLUDED_MAX {
            paths.push(path);
        }
    }
    for path in paths {
        match read_text(Path::new(path), INCLUDED_BYTES_MAX) {
            Ok(content) => {
                behind.push_str(&format!("\n\n--- {path} ---\n{}", content.trim_end()));
                filled.text = filled.text.replace(&format!("@{path}"), path);
            }
            Err(reason) => filled.warnings.push(format!("@{path} stays as it is: {reason}")),
        }
    }
    filled.text.push_str(&behind);
    filled
}

fn read_text(path: &Path, bytes_max: u64) -> Result<String, String> {
    let (bytes, _) = read_regular_file(path, bytes_max)?.ok_or("there is no such file")?;
    String::from_utf8(bytes).map_err(|_| "is no UTF-8 text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(body: &str) -> CustomCommand {
        CustomCommand {
            name: "x".into(),
            description: String::new(),
            arguments: String::new(),
            model: None,
            body: body.into(),
        }
    }

    #[test]
    fn arguments_take_their_places_once() {
        let filled = |body: &str, arguments: &str| command(body).fill(arguments).text;
        assert_eq!(
            filled("a $1, b $2, all $ARGUMENTS", "one \"two three\""),
            "a one, b two three, all one \"two three\""
        );
        assert_eq!(filled("costs $$5 or $x, $3.", "$2 y"), "costs $5 or $x, .");
        assert_eq!(filled("no place", "here $1"), "no place\n\nhere $1");
        assert_eq!(filled("$1 and $ARGUMENTS", "$2 b"), "$2 and $2 b");
        assert_eq!(filled("alone", ""), "alone");
    }

    #[test]
    fn files_stand_behind_the_text_and_what_is_none_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.md");
        fs::write(&file, "@inner is text\n").unwrap();
        let path = file.to_str().unwrap();
        let filled = command("read @$1, me@home and @docs:x.").fill(path);
        assert_eq!(filled.text, format!("read {path}, me@home and @docs:x.\n\n--- {path} ---\n@inner is text"));
        assert_eq!(filled.warnings, Vec::<String>::new());
        let missing = command("read @/nonexistent/x").fill("");
        assert_eq!(missing.text, "read @/nonexistent/x");
        assert!(missing.warnings[0].starts_with("@/nonexistent/x stays as it is: "), "{:?}", missing.warnings);
    }

    #[test]
    fn a_folder_of_files_is_read_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let mut commands = CustomCommands::of(Some(folder.path().join("missing")));
        assert_eq!(commands.refresh(), None);
        let mut commands = CustomCommands::of(Some(folder.path().to_owned()));
        write("review.md", "---\ndescription: review a file\narguments: FILE\nmodel: a:b\n---\nReview @$1\n");
        write("plain.md", "\u{feff}Just this\r\n");
        write("help.md", "mine");
        write("bad.md", "---\ncolour: red\n---\ntext");
        write("open.md", "---\ntext");
        write("two words.md", "text");
        write("empty.md", "---\n---\n\n");
        write("notes.txt", "no command");
        let warnings = commands.refresh().unwrap();
        assert_eq!(warnings.len(), 5, "{warnings:#?}");
        assert!(warnings.iter().any(|warning| warning.contains("/help is a command of sayso")), "{warnings:#?}");
        assert!(warnings.iter().any(|warning| warning.contains("colour")), "{warnings:#?}");
        let names: Vec<&str> = commands.all().iter().map(|command| command.name.as_str()).collect();
        assert_eq!(names, ["plain", "review"]);
        let review = commands.find("Review").unwrap();
        assert_eq!((review.usage().as_str(), review.model.as_deref()), ("/review FILE", Some("a:b")));
        assert_eq!(commands.find("plain").unwrap().fill("").text, "Just this");
        assert_eq!(commands.refresh(), None);
        fs::remove_file(folder.path().join("plain.md")).unwrap();
        assert!(commands.refresh().is_some() && commands.find("plain").is_none());
    }
}
