//! The one table of slash commands: the parser, `/help` and completion all read it.

use super::attach;
use super::session_settings::settings_help;
use super::slash::{Command, ExportImages, ServerChange, Shown, ThinkingDisplay};
use super::tree::EditTarget;
use crate::mcp::LogLevel;

/// What `/export` and `history export` call it.
pub const FILES_BESIDE: &str = "--files";

/// One slash command.
pub struct CommandSpec {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// As `/help` writes it: `[NAME]`.
    pub arguments: &'static str,
    pub summary: &'static str,
    pub completes: ArgumentKind,
    /// Reads the trimmed text after the name; `None` where it does not fit.
    pub parse: fn(&str) -> Option<Command>,
}

/// What Tab offers after the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    Nothing,
    CommandName,
    Model,
    Role,
    Session,
    Server,
    /// `restart` and a server, or `log`, a server and a level.
    ServerChange,
    /// `on` or `off`, and a server.
    ToolSwitch,
    /// A prompt of a server, then its arguments.
    Prompt,
    Resource,
    /// Several paths.
    Paths,
    Provider,
    Macro,
    /// `last`, or a stored conversation.
    Shown,
    /// A setting of the session, then its values.
    Setting,
    /// A blank in a path is written `\ `.
    File,
    OneOf(&'static [&'static str]),
}

impl ArgumentKind {
    /// The end of what was typed that Tab completes: of a file without the option before it.
    pub fn part_completed(self, typed: &str) -> &str {
        let behind = typed.strip_prefix(FILES_BESIDE).and_then(|rest| rest.strip_prefix(' '));
        if self == Self::File { behind.unwrap_or(typed) } else { typed }
    }
}

impl CommandSpec {
    /// `/model [[PROVIDER:]MODEL]`
    pub fn usage(&self) -> String {
        format!("/{} {}", self.name, self.arguments).trim_end().to_owned()
    }

    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }

    const fn new(name: &'static str, summary: &'static str, parse: fn(&str) -> Option<Command>) -> Self {
        Self { name, aliases: &[], arguments: "", summary, completes: ArgumentKind::Nothing, parse }
    }

    const fn takes(mut self, arguments: &'static str, completes: ArgumentKind) -> Self {
        self.arguments = arguments;
        self.completes = completes;
        self
    }

    const fn also(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }
}

pub static COMMANDS: &[CommandSpec] = &[
    CommandSpec::new("help", "list the commands, or explain one", |rest| Some(Command::Help { topic: optional(rest) }))
        .takes("[COMMAND]", ArgumentKind::CommandName)
        .also(&["?"]),
    CommandSpec::new("exit", "leave", |rest| alone(rest, Command::Exit)).also(&["quit"]),
    CommandSpec::new("new", "start a new conversation", |rest| Some(Command::New { name: optional(rest) }))
        .takes("[NAME]", ArgumentKind::Nothing),
    CommandSpec::new("sessions", "list recent conversations", |rest| alone(rest, Command::Sessions)),
    CommandSpec::new("resume", "go on with another conversation, or at a hit", |rest| {
        Some(Command::Resume { address: optional(rest) })
    })
    .takes("[NAME|ID|#HIT]", ArgumentKind::Session),
    CommandSpec::new("search", "find messages by their words", |rest| {
        optional(rest).map(|words| Command::Search { words })
    })
    .takes("WORDS", ArgumentKind::Nothing),
    CommandSpec::new("rename", "name this conversation", |rest| optional(rest).map(|name| Command::Rename { name }))
        .takes("NAME", ArgumentKind::Nothing),
    CommandSpec::new("pin", "keep this conversation for good, or let it go", |rest| alone(rest, Command::Pin)),
    CommandSpec::new("fork", "go on with a copy of this conversation", |rest| {
        Some(Command::Fork { name: optional(rest) })
    })
    .takes("[NAME]", ArgumentKind::Nothing),
    CommandSpec::new("undo", "take the last prompt and its answer back", |rest| alone(rest, Command::Undo)),
    CommandSpec::new("edit", "edit the last prompt, one message, or all of it", edit)
        .takes("[N|all]", ArgumentKind::OneOf(&["all"])),
    CommandSpec::new("retry", "ask the last question again", |rest| alone(rest, Command::Retry)),
    CommandSpec::new("continue", "let the model go on where its answer was cut off", |rest| {
        alone(rest, Command::Continue)
    }),
    CommandSpec::new("model", "show or change the model", |rest| one_word(rest).map(|model| Command::Model { model }))
        .takes("[[PROVIDER:]MODEL]", ArgumentKind::Model),
    CommandSpec::new("role", "put questions through a role, or list them", role)
        .takes("[NAME|off] [K=V]", ArgumentKind::Role),
    CommandSpec::new("provider", "list the providers, or ask another one", |rest| {
        one_word(rest).map(|name| Command::Provider { name })
    })
    .takes("[NAME]", ArgumentKind::Provider),
    CommandSpec::new("set", "show or change what holds until you leave", set)
        .takes("[KEY [VALUE]]", ArgumentKind::Setting),
    CommandSpec::new("system", "show or set the system prompt", |rest| Some(Command::System { text: optional(rest) }))
        .takes("[TEXT]", ArgumentKind::Nothing),
    CommandSpec::new("thinking", "show or hide the model's reasoning", thinking)
        .takes("[hide|show]", ArgumentKind::OneOf(&["hide", "show"])),
    CommandSpec::new("show", "print this conversation, a message, or another one", |rest| {
        show(rest).map(|what| Command::Show { what })
    })
    .takes("[N|last|ID]", ArgumentKind::Shown),
    CommandSpec::new("copy", "copy the last answer, or its code block N", copy).takes("[N]", ArgumentKind::Nothing),
    CommandSpec::new("redraw", "print the last answer again, for this width", |rest| alone(rest, Command::Redraw)),
    CommandSpec::new("export", "write this conversation to a .md, .html or .json", |rest| Some(export(rest)))
        .takes("[--files] [FILE]", ArgumentKind::File),
    CommandSpec::new("usage", "tokens and cost so far", |rest| alone(rest, Command::Usage)),
    CommandSpec::new("stats", "turns, tokens and times of the last days", |rest| alone(rest, Command::Stats)),
    CommandSpec::new("tools", "list the model's tools, or switch them off and on", tools)
        .takes("[on|off [SERVER]]", ArgumentKind::ToolSwitch),
    CommandSpec::new("mcp", "list the servers, restart one, or set its log LEVEL", mcp)
        .takes("[restart|log NAME …]", ArgumentKind::ServerChange),
    CommandSpec::new("approve", "show what may run, or let the tools of a server in", |rest| {
        one_word(rest).map(|server| Command::Approve { server })
    })
    .takes("[SERVER]", ArgumentKind::Server),
    CommandSpec::new("prompt", "ask a prompt of a server", prompt).takes("[SERVER:]NAME [K=V]", ArgumentKind::Prompt),
    CommandSpec::new("resource", "print a resource of a server", |rest| {
        optional(rest).map(|address| Command::Resource { address })
    })
    .takes("SERVER:URI", ArgumentKind::Resource),
    CommandSpec::new("attach", "send files along with the next prompt", |rest| {
        attach::parse(rest).map(|change| Command::Attach { change })
    })
    .takes("[PATH|drop N|clear]", ArgumentKind::Paths),
    CommandSpec::new("macro", "list the macros, or run one", |rest| one_word(rest).map(|name| Command::Macro { name }))
        .takes("[NAME]", ArgumentKind::Macro),
];

fn optional(rest: &str) -> Option<String> {
    (!rest.is_empty()).then(|| rest.to_owned())
}

fn export(rest: &str) -> Command {
    let (images, file) = match rest.strip_prefix(FILES_BESIDE) {
        Some(file) if file.is_empty() || file.starts_with(' ') => (ExportImages::Beside, file.trim_start()),
        Some(_) | None => (ExportImages::InText, rest),
    };
    let file = match attach::quoted(file) {
        Some((path, "")) => path.to_owned(),
        Some(_) | None => attach::unescaped(file),
    };
    Command::Export { file: optional(&file), images }
}

fn alone(rest: &str, command: Command) -> Option<Command> {
    rest.is_empty().then_some(command)
}

fn one_word(rest: &str) -> Option<Option<String>> {
    (!rest.contains(char::is_whitespace)).then(|| optional(rest))
}

fn set(rest: &str) -> Option<Command> {
    let (key, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Some(Command::Set { key: optional(key), value: optional(value.trim()) })
}

fn show(rest: &str) -> Option<Shown> {
    Some(match one_word(rest)?.as_deref() {
        None => Shown::Everything,
        Some("last") => Shown::LastAnswer,
        Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Shown::Message(number.parse().ok().filter(|number| *number > 0)?)
        }
        Some(address) => Shown::Conversation(address.to_owned()),
    })
}

fn copy(rest: &str) -> Option<Command> {
    let block = match rest {
        "" => None,
        number => Some(number.parse().ok().filter(|number| *number > 0)?),
    };
    Some(Command::Copy { block })
}

fn edit(rest: &str) -> Option<Command> {
    let target = match rest {
        "" => EditTarget::LastPrompt,
        "all" => EditTarget::Everything,
        number => EditTarget::Message(number.parse().ok().filter(|number| *number > 0)?),
    };
    Some(Command::Edit { target })
}

fn mcp(rest: &str) -> Option<Command> {
    match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
        [] => Some(Command::Mcp { change: None }),
        ["restart", server] => Some(Command::Mcp { change: Some(ServerChange::Restart((*server).to_owned())) }),
        ["log", server, level] => {
            let change = ServerChange::Log((*server).to_owned(), LogLevel::named(level)?);
            Some(Command::Mcp { change: Some(change) })
        }
        _ => None,
    }
}

fn tools(rest: &str) -> Option<Command> {
    let switch = match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
        [] => None,
        ["on"] => Some((true, None)),
        ["off"] => Some((false, None)),
        ["on", server] => Some((true, Some((*server).to_owned()))),
        ["off", server] => Some((false, Some((*server).to_owned()))),
        _ => return None,
    };
    Some(Command::Tools { switch })
}

fn role(rest: &str) -> Option<Command> {
    let (name, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Some(Command::Role { role: optional(name), arguments: arguments.trim().to_owned() })
}

fn prompt(rest: &str) -> Option<Command> {
    let (address, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    optional(address).map(|address| Command::Prompt { address, arguments: arguments.trim().to_owned() })
}

fn thinking(rest: &str) -> Option<Command> {
    let display = match rest {
        "" => None,
        "hide" => Some(ThinkingDisplay::Hide),
        "show" => Some(ThinkingDisplay::Show),
        _ => return None,
    };
    Some(Command::Thinking { display })
}

/// By name or alias, in any case.
pub fn find(name: &str) -> Option<&'static CommandSpec> {
    let name = name.to_ascii_lowercase();
    COMMANDS.iter().find(|spec| spec.is_called(&name))
}

/// The command somebody who typed `name` may have meant.
pub fn suggest(name: &str) -> Option<&'static str> {
    const SIMILARITY_MIN: f64 = 0.8;
    let name = name.to_ascii_lowercase();
    if name.is_empty() {
        return Some("help");
    }
    let names = || COMMANDS.iter().flat_map(|spec| spec.aliases.iter().copied().chain([spec.name]));
    let started = names().filter(|known| known.starts_with(&name)).min_by_key(|known| known.len());
    let similar = || {
        names()
            .map(|known| (strsim::jaro_winkler(&name, known), known))
            .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
            .max_by(|(one, _), (other, _)| one.total_cmp(other))
            .map(|(_, known)| known)
    };
    started.or_else(similar)
}

const KEYS: &str = "\
Enter sends. Alt-Enter, Ctrl-J or a trailing \\ starts a new line, and so does
Enter inside a ``` block. Tab completes commands, models and files after @.
@path in a prompt sends that file along, and /attach any others.
Up and Ctrl-R find earlier prompts; Ctrl-X Ctrl-E opens your editor.
Ctrl-C clears the line or stops an answer; Ctrl-D on an empty line leaves.
//text sends \"/text\".
";

/// The text of `/help`, or of `/help COMMAND`; `None` for a command nobody knows.
#[must_use]
pub fn help(topic: Option<&str>) -> Option<String> {
    let Some(topic) = topic else {
        return Some(format!("{}\n{KEYS}", command_list()));
    };
    let spec = find(topic.trim_start_matches('/'))?;
    let mut text = format!("{}\n  {}\n", spec.usage(), spec.summary);
    if !spec.aliases.is_empty() {
        let aliases: Vec<_> = spec.aliases.iter().map(|alias| format!("/{alias}")).collect();
        text.push_str(&format!("  also: {}\n", aliases.join(" ")));
    }
    if matches!(spec.completes, ArgumentKind::Setting) {
        text.push_str(&settings_help());
    }
    Some(text)
}

fn command_list() -> String {
    let width = COMMANDS.iter().map(|spec| spec.usage().len()).max().unwrap_or(0);
    COMMANDS.iter().map(|spec| format!("{:width$}  {}\n", spec.usage(), spec.summary)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ArgumentKind, COMMANDS, help, suggest};

    #[test]
    fn no_name_stands_for_two_commands() {
        let names: Vec<_> = COMMANDS.iter().flat_map(|spec| spec.aliases.iter().copied().chain([spec.name])).collect();
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }

    #[test]
    fn suggestions_come_from_a_prefix_or_a_slip() {
        let typed = ["mod", "modle", "hlep", "exti", "q", "", "zzz", "re"];
        let expected =
            [Some("model"), Some("model"), Some("help"), Some("exit"), Some("quit"), Some("help"), None, Some("retry")];
        assert_eq!(typed.map(suggest), expected);
    }

    #[test]
    fn a_file_completes_behind_its_option_too() {
        let file = |typed: &'static str| ArgumentKind::File.part_completed(typed);
        assert_eq!([file("--files no"), file("no"), file("--filesno")], ["no", "no", "--filesno"]);
        assert_eq!(ArgumentKind::Session.part_completed("--files no"), "--files no");
    }

    #[test]
    fn help_fits_a_narrow_terminal_and_names_only_what_is_there() {
        let all = help(None).unwrap();
        assert!(all.lines().all(|line| line.chars().count() <= 80), "{all}");
        assert!(all.contains("/model [[PROVIDER:]MODEL]    show or change the model\n"), "{all}");
        assert_eq!(help(Some("/quit")).unwrap(), "/exit\n  leave\n  also: /quit\n");
        assert_eq!(help(Some("nonsense")), None);
        let settings = help(Some("set")).unwrap();
        assert!(settings.lines().all(|line| line.chars().count() <= 80), "{settings}");
        assert!(settings.contains("\n  theme          auto, light, dark, ansi, none, or the path"), "{settings}");
    }
}
