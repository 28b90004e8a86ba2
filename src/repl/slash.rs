//! What was entered at the prompt: text for the model, or a slash command (pure).
//!
//! A line is a command where it starts with `/` and a letter, and its first word has no second
//! `/`: `/usr/bin is what?` and `/* a comment */` are prompts. `//text` sends `/text`; a `//`
//! before a space stays as it is, since that is how a comment starts.

use super::attach::AttachChange;
use super::command_table;
use super::tree::EditTarget;
use crate::mcp::LogLevel;

/// One entered line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// For the model, exactly as it goes out.
    Prompt(String),
    Command(Command),
    /// No such command; never sent.
    Unknown {
        name: String,
        suggestion: Option<&'static str>,
    },
    /// The command exists, its arguments do not fit.
    Misused {
        usage: String,
    },
    Empty,
}

/// What `/mcp` can do with a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerChange {
    Restart(String),
    /// How much it is to tell in its log.
    Log(String, LogLevel),
}

/// Where images and PDFs of an exported text go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportImages {
    InText,
    /// Into a folder beside the file.
    Beside,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Help {
        topic: Option<String>,
    },
    Exit,
    New {
        name: Option<String>,
    },
    Sessions,
    Rename {
        name: String,
    },
    Retry,
    Continue,
    Undo,
    Edit {
        target: EditTarget,
    },
    Fork {
        name: Option<String>,
    },
    Pin,
    /// `None` lists them.
    Resume {
        address: Option<String>,
    },
    Search {
        words: String,
    },
    /// `[provider:]model`; `None` asks which one is in use.
    Model {
        model: Option<String>,
    },
    /// `None` asks for the present one; with `key=value` as it was typed.
    Role {
        role: Option<String>,
        arguments: String,
    },
    /// `None` asks for the present one.
    System {
        text: Option<String>,
    },
    Thinking {
        display: Option<ThinkingDisplay>,
    },
    Show {
        what: Shown,
    },
    /// The last answer, or one of its code blocks, counted from 1.
    Copy {
        block: Option<usize>,
    },
    Redraw,
    /// `None` lists them.
    Provider {
        name: Option<String>,
    },
    /// Without a key all of them are shown, without a value one.
    Set {
        key: Option<String>,
        value: Option<String>,
    },
    /// `None` lists them.
    Macro {
        name: Option<String>,
    },
    Usage,
    Stats,
    /// What the model is offered.
    Tools {
        /// On or off, and the server that it is for; without one, all tools.
        switch: Option<(bool, Option<String>)>,
    },
    /// The servers, or something to be done with one of them.
    Mcp {
        change: Option<ServerChange>,
    },
    /// This conversation to a file.
    Export {
        file: Option<String>,
        images: ExportImages,
    },
    /// Tools that are held back; those of a server are let in.
    Approve {
        server: Option<String>,
    },
    /// `SERVER:NAME`, and `key=value` as it was typed.
    Prompt {
        address: String,
        arguments: String,
    },
    Attach {
        change: AttachChange,
    },
    /// `SERVER:URI`.
    Resource {
        address: String,
    },
}

/// What `/show` prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    Everything,
    /// As `/show` counts, from 1.
    Message(usize),
    LastAnswer,
    /// A stored conversation.
    Conversation(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThinkingDisplay {
    Hide,
    Show,
}

/// Understands what was entered.
#[must_use]
pub fn parse(line: &str) -> Entered {
    let text = without_blank_edges(line);
    if text.is_empty() {
        return Entered::Empty;
    }
    if let Some((name, rest)) = split_command(text) {
        return command(name, rest.trim());
    }
    Entered::Prompt(unescaped(text).to_owned())
}

/// Whether Enter hands this to the command parser and so never starts a new line.
#[must_use]
pub fn is_command(line: &str) -> bool {
    split_command(without_blank_edges(line)).is_some()
}

/// What to tell the user about a line that cannot be used; the text in it is as it was typed.
#[must_use]
pub fn complaint(entered: &Entered) -> Option<String> {
    match entered {
        Entered::Prompt(_) | Entered::Command(_) | Entered::Empty => None,
        Entered::Unknown { name, suggestion: Some(suggestion) } => {
            Some(format!("unknown command /{name}; did you mean /{suggestion}?"))
        }
        Entered::Unknown { name, suggestion: None } => {
            Some(format!("unknown command /{name}; /help lists them, //{name} sends it as text"))
        }
        Entered::Misused { usage } => Some(format!("usage: {usage}")),
    }
}

/// Blank lines round the text carry nothing; the indentation of its first line may.
fn without_blank_edges(line: &str) -> &str {
    let text = line.trim_end();
    let first = text.find(|c: char| !c.is_whitespace()).unwrap_or(0);
    let start = text[..first].rfind('\n').map_or(0, |newline| newline + 1);
    &text[start..]
}

/// The name and the rest of a line that is a command, whether or not there is one of that name.
#[must_use]
pub fn split_command(text: &str) -> Option<(&str, &str)> {
    let after = text.trim_start().strip_prefix('/')?;
    let end = after.find(char::is_whitespace).unwrap_or(after.len());
    let (name, rest) = after.split_at(end);
    let starts_like_a_name = name.is_empty() || name == "?" || name.starts_with(char::is_alphabetic);
    (starts_like_a_name && !name.contains('/')).then_some((name, rest))
}

/// The line that sends this text: one that reads like a command takes a second slash.
#[must_use]
pub fn line_of(text: &str) -> String {
    if split_command(text).is_some() { format!("/{}", text.trim_start()) } else { text.to_owned() }
}

fn unescaped(text: &str) -> &str {
    match text.strip_prefix("//") {
        Some(after) if after.starts_with(|c: char| !c.is_whitespace() && c != '/') => &text[1..],
        Some(_) | None => text,
    }
}

fn command(name: &str, rest: &str) -> Entered {
    let Some(spec) = command_table::find(name) else {
        return Entered::Unknown { name: name.to_owned(), suggestion: command_table::suggest(name) };
    };
    (spec.parse)(rest).map_or_else(|| Entered::Misused { usage: spec.usage() }, Entered::Command)
}

#[cfg(test)]
mod tests {
    use super::{Command, EditTarget, Entered, ExportImages, Shown, ThinkingDisplay, complaint, is_command, parse};

    fn prompt(text: &str) -> Entered {
        Entered::Prompt(text.to_owned())
    }

    fn misused(usage: &str) -> Entered {
        Entered::Misused { usage: usage.to_owned() }
    }

    #[test]
    fn commands_with_their_arguments() {
        let text = |text: &str| Some(text.to_owned());
        let cases = [
            ("/help", Command::Help { topic: None }),
            ("/? model", Command::Help { topic: text("model") }),
            ("/exit\n", Command::Exit),
            ("  /QUIT ", Command::Exit),
            ("/new", Command::New { name: None }),
            ("/new two words", Command::New { name: text("two words") }),
            ("/model", Command::Model { model: None }),
            ("/model openrouter:a/b", Command::Model { model: text("openrouter:a/b") }),
            ("/system be brief\n\nand kind", Command::System { text: text("be brief\n\nand kind") }),
            ("/system\nbe brief", Command::System { text: text("be brief") }),
            ("/thinking hide", Command::Thinking { display: Some(ThinkingDisplay::Hide) }),
            ("/rename plans", Command::Rename { name: "plans".to_owned() }),
            ("/show", Command::Show { what: Shown::Everything }),
            ("/show 3", Command::Show { what: Shown::Message(3) }),
            ("/show last", Command::Show { what: Shown::LastAnswer }),
            ("/show 01J", Command::Show { what: Shown::Conversation("01J".to_owned()) }),
            ("/copy", Command::Copy { block: None }),
            ("/copy 2", Command::Copy { block: Some(2) }),
            ("/redraw", Command::Redraw),
            ("/provider demo", Command::Provider { name: text("demo") }),
            ("/set", Command::Set { key: None, value: None }),
            ("/set temperature  0.2", Command::Set { key: text("temperature"), value: text("0.2") }),
            ("/macro standup", Command::Macro { name: text("standup") }),
            ("/retry", Command::Retry),
            ("/continue", Command::Continue),
            ("/usage", Command::Usage),
            ("/stats", Command::Stats),
            ("/export", Command::Export { file: None, images: ExportImages::InText }),
            (
                "/export my\\ trip/to Rome.md ",
                Command::Export { file: text("my trip/to Rome.md"), images: ExportImages::InText },
            ),
            (
                "/export --files 'my trip/to Rome.md'",
                Command::Export { file: text("my trip/to Rome.md"), images: ExportImages::Beside },
            ),
            ("/export --files", Command::Export { file: None, images: ExportImages::Beside }),
            ("/export --files  a b.md", Command::Export { file: text("a b.md"), images: ExportImages::Beside }),
            ("/export --filesystem", Command::Export { file: text("--filesystem"), images: ExportImages::InText }),
            ("/sessions", Command::Sessions),
            ("/resume", Command::Resume { address: None }),
            ("/resume trip to Rome@-3", Command::Resume { address: text("trip to Rome@-3") }),
            ("/search two words", Command::Search { words: "two words".to_owned() }),
            ("/fork", Command::Fork { name: None }),
            ("/undo", Command::Undo),
            ("/pin", Command::Pin),
            ("/edit", Command::Edit { target: EditTarget::LastPrompt }),
            ("/edit 3", Command::Edit { target: EditTarget::Message(3) }),
            ("/edit all", Command::Edit { target: EditTarget::Everything }),
        ];
        for (line, command) in cases {
            assert_eq!(parse(line), Entered::Command(command), "{line:?}");
        }
    }

    #[test]
    fn arguments_that_do_not_fit_are_told() {
        assert_eq!(parse("/exit now"), misused("/exit"));
        assert_eq!(parse("/copy 0"), misused("/copy [N]"));
        assert_eq!(parse("/show 0"), misused("/show [N|last|ID]"));
        assert_eq!(parse("/rename"), misused("/rename NAME"));
        assert_eq!(parse("/edit 0"), misused("/edit [N|all]"));
        assert_eq!(parse("/search"), misused("/search WORDS"));
        assert_eq!(parse("/thinking loud"), misused("/thinking [hide|show]"));
        assert_eq!(parse("/model two words"), misused("/model [[PROVIDER:]MODEL]"));
    }

    #[test]
    fn an_unknown_command_is_never_sent() {
        let unknown = Entered::Unknown { name: "modle".to_owned(), suggestion: Some("model") };
        assert_eq!(parse("/modle gpt"), unknown);
        assert_eq!(complaint(&unknown).unwrap(), "unknown command /modle; did you mean /model?");
        let bare = Entered::Unknown { name: String::new(), suggestion: Some("help") };
        assert_eq!(parse("/ new"), bare);
    }

    #[test]
    fn text_that_only_looks_like_a_command_is_a_prompt() {
        for line in
            ["/usr/bin is what?", "/etc/hosts\nexplain", "/* comment */ int x;", "// a comment", "///", "a /help"]
        {
            assert_eq!(parse(line), prompt(line));
            assert!(!is_command(line), "{line:?}");
        }
        assert_eq!(parse("//help me"), prompt("/help me"));
    }

    #[test]
    fn blank_edges_go_and_indentation_stays() {
        assert_eq!(parse("\n \n    indented\n  more\n\n"), prompt("    indented\n  more"));
        assert_eq!(parse(" \n\t\n "), Entered::Empty);
        assert_eq!(parse(""), Entered::Empty);
    }
}
