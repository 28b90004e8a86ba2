//! `help`: topics that are no command, and the help of every command by its name.

use clap::CommandFactory;

use super::user_line;
use crate::cli::{Cli, HelpOptions, UsageError};
use crate::terminal::events_schema;

/// The topics by name; a topic wins over a command of the same name, and ends with it.
const TOPICS: [(&str, &str); 9] = [
    ("exit-codes", include_str!("topics/exit-codes.txt")),
    ("environment", include_str!("topics/environment.txt")),
    ("events", include_str!("topics/events.txt")),
    ("messages", include_str!("topics/messages.txt")),
    ("keys", include_str!("topics/keys.txt")),
    ("config", include_str!("topics/config.txt")),
    ("roles", include_str!("topics/roles.txt")),
    ("scripting", include_str!("topics/scripting.txt")),
    ("shell", include_str!("topics/shell.txt")),
];

/// The text that was asked for, ready for a pager.
pub fn text(options: &HelpOptions) -> Result<String, UsageError> {
    let path: Vec<&str> = options.topic.iter().map(String::as_str).collect();
    if options.schema {
        return match path.as_slice() {
            ["events"] => Ok(events_schema()),
            ["messages"] => Ok(user_line::SCHEMA.to_owned()),
            _ => Err(UsageError::new(
                "only `events` and `messages` have a schema here",
                "`sayso help events --schema`; that of the configuration is `sayso config schema`",
            )),
        };
    }
    if let [name] = path.as_slice()
        && let Some(text) = topic(name)
    {
        return Ok(text.to_owned());
    }
    command(&path)
}

/// A topic by its name, for `help` and for the manual.
#[must_use]
pub fn topic(name: &str) -> Option<&'static str> {
    TOPICS.iter().find(|(other, _)| *other == name).map(|(_, text)| *text)
}

fn command(path: &[&str]) -> Result<String, UsageError> {
    let mut root = Cli::command();
    root.build();
    let mut command = &mut root;
    let mut parent = "";
    for name in path {
        if command.find_subcommand(name).is_none() {
            return Err(unknown(command, name, parent.is_empty()));
        }
        command = command.find_subcommand_mut(name).expect("it was there a line ago");
        parent = name;
    }
    Ok(command.render_help().to_string())
}

fn unknown(command: &clap::Command, name: &str, is_top: bool) -> UsageError {
    let topics = TOPICS.iter().filter(|_| is_top).map(|(topic, _)| *topic);
    let mut names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).chain(topics).collect();
    names.sort_unstable();
    names.dedup();
    let likeness = |other: &&str| strsim::jaro_winkler(name, other);
    let near = names.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let list = format!("there is help on {}", names.join(", "));
    let hint = match near {
        _ if names.is_empty() => "`sayso --help` lists the commands".into(),
        Some(near) if likeness(&near) > 0.7 => format!("did you mean `{near}`? {list}"),
        Some(_) | None => list,
    };
    UsageError::new(format!("there is no help on `{name}`"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(topic: &str, schema: bool) -> Result<String, UsageError> {
        text(&HelpOptions { topic: topic.split_whitespace().map(str::to_owned).collect(), schema })
    }

    #[test]
    fn topics_and_commands_have_help() {
        for (name, first) in [
            ("exit-codes", "EXIT CODES"),
            ("environment", "ENVIRONMENT"),
            ("events", "EVENTS"),
            ("config", "CONFIG"),
            ("scripting", "SCRIPTING"),
            ("", "Chat with language models"),
            ("ask", "Ask one question"),
            ("history list", "List conversations"),
        ] {
            assert!(help(name, false).unwrap().starts_with(first), "{name}");
        }
    }

    #[test]
    fn an_unknown_topic_is_answered_with_those_there_are() {
        let error = help("exitcodes", false).unwrap_err();
        assert_eq!(error.message, "there is no help on `exitcodes`");
        assert!(
            error
                .hint
                .unwrap()
                .starts_with("did you mean `exit-codes`? there is help on ask, batch, chat, completions,")
        );
        assert!(help("history dif", false).unwrap_err().message.contains("dif"));
        assert!(help("ask hello", false).is_err());
        assert!(help("config", true).is_err());
    }

    #[test]
    fn the_page_and_the_topic_list_the_same_exit_codes() {
        let leading = |line: &str| line.trim_start_matches(['|', ' ']).split(' ').next().unwrap().parse::<u8>().ok();
        let page: Vec<u8> = include_str!("../../docs/exit-codes.md").lines().filter_map(leading).collect();
        let table = topic("exit-codes").unwrap().lines().filter(|line| line.starts_with("  "));
        let topic: Vec<u8> = table.filter_map(leading).collect();
        assert_eq!(page, topic);
    }

    #[test]
    fn topics_fit_a_terminal() {
        for (name, text) in TOPICS {
            assert!(text.lines().all(|line| line.chars().count() <= 90), "{name}");
        }
    }

    #[test]
    fn the_page_has_every_type_of_the_schema_with_its_fields() {
        let schema: serde_json::Value = serde_json::from_str(&help("events", true).unwrap()).unwrap();
        let described = |line: &serde_json::Value| {
            let name = line["$ref"].as_str().unwrap().trim_start_matches("#/$defs/");
            let properties = schema["$defs"][name]["properties"].as_object().unwrap();
            let mut fields: Vec<&str> = properties.keys().map(String::as_str).collect();
            fields.retain(|field| !["v", "type", "index"].contains(field));
            fields.sort_unstable();
            (properties["type"]["const"].as_str().unwrap().to_owned(), fields.join(" "))
        };
        let lines: Vec<_> = schema["oneOf"].as_array().unwrap().iter().map(described).collect();
        assert_eq!(lines, listed_events());
    }

    /// The types of the page, each with the names after its colon.
    fn listed_events() -> Vec<(String, String)> {
        let page = topic("events").unwrap();
        let table = page.split("\n\n").nth(1).unwrap();
        let entries = table.replace("\n              ", " ");
        let described = |entry: &str| {
            let (name, text) = entry.trim().split_once(' ').unwrap();
            let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
            let names = text.rsplit(": ").next().unwrap().split(|c| !is_name(c));
            let mut fields: Vec<&str> = names.filter(|word| !word.is_empty()).collect();
            fields.sort_unstable();
            (name.to_owned(), fields.join(" "))
        };
        entries.lines().map(described).collect()
    }
}
