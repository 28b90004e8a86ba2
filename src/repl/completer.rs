//! What Tab offers: slash commands, their arguments, files after `@`.

use std::path::{Path, PathBuf};

use super::command_table::{self, ArgumentKind, CommandSpec};
use super::completion_source::{CompletionSource, is_presentable};
use super::session_settings::{OPTION_PREFIX, SETTINGS};
use super::{attach, uri_template};
use crate::mcp::{CompletionQuestion, CompletionSubject, LogLevel};

/// Editing helpers look at the whole line on each key; beyond this they would be felt.
pub const LINE_BYTES_MAX: usize = 8 * 1024;
/// The line editor lists at most `u16::MAX` candidates, and nobody reads more than a page.
const CANDIDATES_MAX: usize = 200;
const FOLDER_ENTRIES_MAX: usize = 10_000;

/// One thing Tab can put into the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub shown: String,
    pub inserted: String,
}

/// Completes the part of a line that ends at the cursor.
#[derive(Debug)]
pub struct Completions {
    source: CompletionSource,
    home: Option<PathBuf>,
}

impl Completions {
    pub fn new(source: CompletionSource, home: Option<PathBuf>) -> Self {
        Self { source, home }
    }

    /// Where the completed part begins, and what can stand there.
    pub fn offers(&self, before_cursor: &str) -> (usize, Vec<Offer>) {
        if before_cursor.len() > LINE_BYTES_MAX {
            return (before_cursor.len(), Vec::new());
        }
        let (start, mut offers) = self
            .command_offers(before_cursor)
            .or_else(|| self.argument_offers(before_cursor))
            .or_else(|| self.file_offers(before_cursor))
            .unwrap_or((before_cursor.len(), Vec::new()));
        offers.truncate(CANDIDATES_MAX);
        (start, offers)
    }

    fn argument_offers(&self, before_cursor: &str) -> Option<(usize, Vec<Offer>)> {
        let (name, rest) = before_cursor.strip_prefix('/')?.split_once(' ')?;
        let completes = command_table::find(name)?.completes;
        let typed = completes.part_completed(rest.trim_start());
        let offers = match completes {
            ArgumentKind::Nothing => return None,
            ArgumentKind::CommandName => matching(command_table::COMMANDS.iter().map(|spec| spec.name), typed),
            ArgumentKind::Model => matching(self.source.names().models.iter().map(String::as_str), typed),
            ArgumentKind::Role => {
                let names = self.source.names();
                matching(names.roles.iter().map(String::as_str).chain(["off"]), typed)
            }
            ArgumentKind::Session => matching(self.source.names().sessions.iter().map(String::as_str), typed),
            ArgumentKind::Provider => matching(self.source.names().providers.iter().map(String::as_str), typed),
            ArgumentKind::Macro => matching(self.source.names().macros.iter().map(String::as_str), typed),
            ArgumentKind::Shown => {
                let names = self.source.names();
                matching(["last"].into_iter().chain(names.sessions.iter().map(String::as_str)), typed)
            }
            ArgumentKind::Setting => setting_offers(typed),
            ArgumentKind::OneOf(words) => matching(words.iter().copied(), typed),
            ArgumentKind::Server => matching(self.source.names().servers.iter().map(String::as_str), typed),
            ArgumentKind::ServerChange => self.server_changes(typed),
            ArgumentKind::ToolSwitch => self.behind_words(&["on", "off"], typed),
            ArgumentKind::Resource => {
                let addresses: Vec<String> = self.addresses().into_iter().map(|(address, _)| address).collect();
                let mut offers = matching(addresses.iter().map(String::as_str), typed);
                offers.extend(self.filled_templates(typed).into_iter().map(|(address, _)| same(address)));
                offers
            }
            ArgumentKind::Paths => return Some(self.path_offers(before_cursor)),
            ArgumentKind::File => paths(typed, self.home.as_deref()),
            ArgumentKind::Prompt => return Some(self.prompt_offers(before_cursor, typed)),
        };
        Some((before_cursor.len() - typed.len(), offers))
    }

    /// Commands of ours, and those of the person.
    fn command_offers(&self, before_cursor: &str) -> Option<(usize, Vec<Offer>)> {
        let typed = before_cursor.strip_prefix('/')?;
        if typed.contains(|c: char| c.is_whitespace() || c == '/') {
            return None;
        }
        let ours = command_table::COMMANDS.iter().map(CommandSpec::usage);
        let all = ours.chain(self.source.names().commands.clone());
        let fitting = all.filter(|usage| usage[1..].starts_with(typed));
        let offers = fitting.map(|usage| {
            let name = usage[1..].split(' ').next().unwrap_or_default();
            let inserted = format!("{name}{}", if usage.contains(' ') { " " } else { "" });
            Offer { shown: usage, inserted }
        });
        Some((1, offers.collect()))
    }

    /// `restart` or `log` with a server, and behind that the levels.
    fn server_changes(&self, typed: &str) -> Vec<Offer> {
        let Some((of_server, _)) = typed.strip_prefix("log ").and_then(|rest| rest.split_once(' ')) else {
            return self.behind_words(&["restart", "log"], typed);
        };
        let levels = LogLevel::ALL.map(|level| format!("log {of_server} {}", level.name()));
        matching(levels.iter().map(String::as_str), typed)
    }

    /// One of the words and a server.
    fn behind_words(&self, words: &[&str], typed: &str) -> Vec<Offer> {
        let names = self.source.names();
        let both = words.iter().flat_map(|word| names.servers.iter().map(move |server| format!("{word} {server}")));
        let both: Vec<String> = both.collect();
        matching(both.iter().map(String::as_str), typed)
    }

    /// Prompts, and behind a whole one the arguments it takes.
    fn prompt_offers(&self, before_cursor: &str, typed: &str) -> (usize, Vec<Offer>) {
        let Some((prompt, rest)) = typed.split_once(' ') else {
            let names = self.source.names();
            let prompts = matching(names.prompts.iter().map(|(name, _)| name.as_str()), typed);
            return (before_cursor.len() - typed.len(), prompts);
        };
        let word = rest.rsplit(' ').next().unwrap_or_default();
        let start = before_cursor.len() - word.len();
        let Some((address, arguments)) = self.prompt(prompt) else { return (start, Vec::new()) };
        let Some((argument, value)) = word.split_once('=') else {
            let missing = arguments.iter().filter(|argument| !rest.contains(&format!("{argument}=")));
            let missing: Vec<String> = missing.map(|argument| format!("{argument}=")).collect();
            return (start, matching(missing.iter().map(String::as_str), word));
        };
        let values = self.prompt_values(&address, argument, value, rest).into_iter();
        (start, values.map(|value| same(format!("{argument}={}", quoted(&value)))).collect())
    }

    /// By `server:name`, or by a name that only one server has.
    fn prompt(&self, typed: &str) -> Option<(String, Vec<String>)> {
        let names = self.source.names();
        let is_named = |address: &str| address.split_once(':').is_some_and(|(_, name)| name == typed);
        if let Some(found) = names.prompts.iter().find(|(address, _)| address == typed) {
            return Some(found.clone());
        }
        let mut named = names.prompts.iter().filter(|(address, _)| is_named(address));
        named.next().filter(|_| named.next().is_none()).cloned()
    }

    fn prompt_values(&self, address: &str, argument: &str, value: &str, typed: &str) -> Vec<String> {
        let Some((server, name)) = address.split_once(':') else { return Vec::new() };
        let pairs = typed.split(' ').filter_map(|word| word.split_once('='));
        let known = pairs.filter(|(other, _)| *other != argument);
        let question = CompletionQuestion {
            subject: CompletionSubject::Prompt(name.to_owned()),
            argument: argument.to_owned(),
            value: value.to_owned(),
            known: known.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        };
        self.source.suggested(server, question)
    }

    /// Resources, and how addresses of templates begin; whether each is whole.
    fn addresses(&self) -> Vec<(String, bool)> {
        let names = self.source.names();
        let resources = names.resources.iter().map(|resource| (resource.clone(), true));
        let beginnings = names.templates.iter().map(|(server, template)| {
            let beginning = uri_template::beginning(template);
            (format!("{server}:{beginning}"), beginning == template)
        });
        resources.chain(beginnings).collect()
    }

    /// Templates that what was typed leads into, with the values that their servers suggest; whether each is whole.
    fn filled_templates(&self, typed: &str) -> Vec<(String, bool)> {
        let templates = self.source.names().templates.clone();
        let mut filled = Vec::new();
        for (server, template) in &templates {
            let Some((_, uri)) = typed.split_once(':').filter(|(typed, _)| typed == server) else { continue };
            let Some(slot) = uri_template::slot(template, uri) else { continue };
            let question = CompletionQuestion {
                subject: CompletionSubject::Template(template.clone()),
                argument: slot.variable.to_owned(),
                value: slot.value.clone(),
                known: slot.known.clone(),
            };
            let before = &uri[..slot.start];
            let values = self.source.suggested(server, question).into_iter();
            filled.extend(values.map(|value| {
                let address = format!("{server}:{before}{}{}", slot.encoded(&value), slot.following);
                (address, slot.following.is_empty())
            }));
        }
        filled
    }

    /// The path that the cursor is in.
    fn path_offers(&self, before_cursor: &str) -> (usize, Vec<Offer>) {
        let start = word_start(before_cursor);
        (start, paths(&before_cursor[start..], self.home.as_deref()))
    }

    /// Files, and resources of servers, after `@`.
    fn file_offers(&self, before_cursor: &str) -> Option<(usize, Vec<Offer>)> {
        let start = path_start(before_cursor)?;
        let typed = &before_cursor[start..];
        let mut offers = paths(typed, self.home.as_deref());
        if !typed.is_empty() {
            let known = self.addresses().into_iter().filter(|(address, _)| address.starts_with(typed));
            offers.extend(known.chain(self.filled_templates(typed)).map(|(address, is_whole)| {
                let end = if is_whole { " " } else { "" };
                Offer { inserted: format!("{address}{end}"), shown: address }
            }));
        }
        Some((start, offers))
    }
}

/// Inserted as it is shown.
fn same(text: String) -> Offer {
    Offer { shown: text.clone(), inserted: text }
}

/// As `/prompt` reads it: a value with blanks stands in quotes.
fn quoted(value: &str) -> String {
    if value.contains(char::is_whitespace) { format!("\"{value}\"") } else { value.to_owned() }
}

/// A setting, and behind a whole one its values.
fn setting_offers(typed: &str) -> Vec<Offer> {
    let Some((name, _)) = typed.split_once(' ') else {
        let names = SETTINGS.iter().map(|setting| setting.name).chain([OPTION_PREFIX]);
        return matching(names, typed);
    };
    let setting = SETTINGS.iter().find(|setting| setting.name == name);
    let values = setting.map(|setting| setting.values).unwrap_or_default();
    let lines: Vec<String> = values.iter().map(|value| format!("{name} {value}")).collect();
    matching(lines.iter().map(String::as_str), typed)
}

/// Those that start with what was typed; where none does, those that contain it.
fn matching<'a>(names: impl Iterator<Item = &'a str>, typed: &str) -> Vec<Offer> {
    let typed = typed.to_lowercase();
    let (starting, others): (Vec<_>, Vec<_>) = names.partition(|name| name.to_lowercase().starts_with(&typed));
    let containing = others.into_iter().filter(|name| name.to_lowercase().contains(&typed));
    let fitting = if starting.is_empty() { containing.collect() } else { starting };
    fitting.into_iter().map(|name| Offer { shown: name.to_owned(), inserted: name.to_owned() }).collect()
}

/// Where the path behind the last `@` begins, if the cursor is in one. A space in a path is
/// written `\ `.
fn path_start(before_cursor: &str) -> Option<usize> {
    let word = word_start(before_cursor);
    before_cursor[word..].starts_with('@').then_some(word + 1)
}

fn word_start(before_cursor: &str) -> usize {
    let mut word = 0;
    let mut is_escaped = false;
    for (at, c) in before_cursor.char_indices() {
        if c.is_whitespace() && !is_escaped {
            word = at + c.len_utf8();
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    word
}

fn paths(typed: &str, home: Option<&Path>) -> Vec<Offer> {
    let (folder_typed, name_typed) = match typed.rfind('/') {
        Some(slash) => typed.split_at(slash + 1),
        None => ("", typed),
    };
    let name_start = attach::unescaped(name_typed);
    let mut offers: Vec<_> = folder_entries(&folder_of(&attach::unescaped(folder_typed), home))
        .filter(|(name, _)| name.starts_with(&name_start) && (name_start.starts_with('.') || !name.starts_with('.')))
        .map(|(name, is_folder)| {
            let end = if is_folder { "/" } else { " " };
            let inserted = format!("{folder_typed}{}{end}", attach::escaped(&name));
            Offer { shown: format!("{name}{}", end.trim_end()), inserted }
        })
        .collect();
    offers.sort_by(|one, other| one.shown.cmp(&other.shown));
    offers
}

fn folder_of(typed: &str, home: Option<&Path>) -> PathBuf {
    match (typed.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => home.join(below),
        _ if typed.is_empty() => PathBuf::from("."),
        _ => PathBuf::from(typed),
    }
}

/// Names in a folder, and whether each is a folder itself; nothing where it cannot be read.
fn folder_entries(folder: &Path) -> impl Iterator<Item = (String, bool)> {
    std::fs::read_dir(folder).into_iter().flatten().take(FOLDER_ENTRIES_MAX).flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok().filter(|name| is_presentable(name))?;
        Some((name, entry.path().is_dir()))
    })
}

#[cfg(test)]
mod tests {
    use super::{CompletionSource, Completions, LINE_BYTES_MAX};

    fn completions() -> Completions {
        let source = CompletionSource::default();
        source.set_models(["demo:tour", "openrouter:a/b", "bad\u{1b}[2J", "openrouter:a/c"].map(String::from).into());
        Completions::new(source, None)
    }

    fn inserted(line: &str) -> (usize, Vec<String>) {
        let (start, offers) = completions().offers(line);
        (start, offers.into_iter().map(|offer| offer.inserted).collect())
    }

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn commands_and_their_arguments() {
        assert_eq!(inserted("/us"), (1, strings(&["usage"])));
        assert_eq!(inserted("/re"), (1, strings(&["resume ", "rename ", "retry", "redraw", "resource "])));
        assert_eq!(inserted("/zz"), (1, strings(&[])));
        assert_eq!(inserted("/cop"), (1, strings(&["copy "])));
        assert_eq!(inserted("/show la"), (6, strings(&["last"])));
        assert_eq!(inserted("/set temp"), (5, strings(&["temperature"])));
        assert_eq!(inserted("/set thinking s"), (5, strings(&["thinking show"])));
        assert_eq!(inserted("/model o"), (7, strings(&["openrouter:a/b", "openrouter:a/c"])));
        assert_eq!(inserted("/model A/C"), (7, strings(&["openrouter:a/c"])));
        assert_eq!(inserted("/model bad"), (7, strings(&[])));
        assert_eq!(inserted("/thinking "), (10, strings(&["hide", "show"])));
        assert_eq!(inserted("/help th"), (6, strings(&["thinking"])));
        assert_eq!(inserted("/usr/bi"), (7, strings(&[])));
        assert_eq!(inserted("text"), (4, strings(&[])));
    }

    #[test]
    fn servers_and_what_they_have() {
        let source = CompletionSource::default();
        source.set_servers(strings(&["docs", "git", "evil\u{1b}[2J"]));
        source
            .set_prompts(vec![("docs:review".to_owned(), strings(&["style", "city"])), ("git:log".to_owned(), vec![])]);
        source.set_resources(strings(&["docs:file:///a.md", "docs:file:///b.md"]));
        let completions = Completions::new(source, None);
        let offers = |line: &str| {
            let (start, offers) = completions.offers(line);
            (start, offers.into_iter().map(|offer| offer.inserted).collect::<Vec<_>>())
        };
        assert_eq!(offers("/approve g"), (9, strings(&["git"])));
        assert_eq!(offers("/mcp re"), (5, strings(&["restart docs", "restart git"])));
        assert_eq!(offers("/mcp log g"), (5, strings(&["log git"])));
        assert_eq!(offers("/mcp log git w"), (5, strings(&["log git warning"])));
        assert_eq!(offers("/tools off d"), (7, strings(&["off docs"])));
        assert_eq!(offers("/prompt d"), (8, strings(&["docs:review"])));
        assert_eq!(offers("/prompt docs:review "), (20, strings(&["style=", "city="])));
        assert_eq!(offers("/prompt docs:review city=Rome s"), (30, strings(&["style="])));
        assert_eq!(offers("/resource docs:file:///b"), (10, strings(&["docs:file:///b.md"])));
        assert_eq!(offers("read @docs:"), (6, strings(&["docs:file:///a.md ", "docs:file:///b.md "])));
    }

    #[test]
    fn files_after_an_at_sign() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["notes.md", "my notes.md", ".hid\u{202f}den", "evil\u{1b}]0;x\u{7}"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("nested")).unwrap();
        let path = folder.path().to_str().unwrap();
        let at = |rest: &str| inserted(&format!("read @{path}/{rest}"));
        let expected = |rest: &[&str]| (6, rest.iter().map(|rest| format!("{path}/{rest}")).collect::<Vec<_>>());
        assert_eq!(at("n"), expected(&["nested/", "notes.md "]));
        assert_eq!(at("my\\ n"), expected(&["my\\ notes.md "]));
        assert_eq!(at(""), expected(&["my\\ notes.md ", "nested/", "notes.md "]));
        assert_eq!(at("."), expected(&[".hid\\\u{202f}den "]));
        assert_eq!(at("missing/x"), expected(&[]));
        assert_eq!(inserted(&format!("me@{path}/n")).1, strings(&[]));
        let named = |rest: &str| inserted(&format!("/export {path}/{rest}"));
        assert_eq!(named("n"), (8, [format!("{path}/nested/"), format!("{path}/notes.md ")].into()));
        assert_eq!(named("my\\ n"), (8, vec![format!("{path}/my\\ notes.md ")]));
    }

    #[test]
    fn home_is_found_and_long_lines_are_left_alone() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("todo"), "").unwrap();
        let completions = Completions::new(CompletionSource::default(), Some(home.path().to_owned()));
        let (start, offers) = completions.offers("@~/t");
        assert_eq!((start, offers[0].inserted.as_str()), (1, "~/todo "));
        let long = format!("{} @~/t", "x".repeat(LINE_BYTES_MAX));
        assert_eq!(completions.offers(&long).1, []);
    }
}
