//! From arguments to [`Cli`], with every mistake said in our own words.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use super::plain::plain_question;
use super::{AskOptions, ChatOptions, Cli, Command, GlobalOptions, settle_words};

/// Why there is no command to run.
#[derive(Debug)]
pub enum Stop {
    /// `--help` or `--version`: to stdout, exit 0.
    Show(StyledStr),
    /// A mistake: to stderr, exit 2.
    Usage(UsageError),
}

/// A mistake on the command line. Holds what was typed: sanitise before it is shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    /// A lower-case fragment of one line.
    pub message: String,
    /// What to do now.
    pub hint: Option<String>,
}

impl UsageError {
    #[must_use]
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }

    pub(super) fn one_too_many(word: &str) -> Self {
        Self::new(
            format!("one argument too many: `{word}`"),
            "put quotes around a question of several words: `sayso ask \"why is the sky blue?\"`",
        )
    }
}

/// Reads a command line, the name of the program first.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Stop> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match plain_question(&arguments).or_else(|| parse_frequent(&arguments)) {
        Some(cli) => cli,
        None => Cli::try_parse_from(&arguments).map_err(|error| stop(&error, &arguments))?,
    };
    with_settled_words(cli).map_err(Stop::Usage)
}

fn stop(error: &clap::Error, arguments: &[OsString]) -> Stop {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            stop_for_help(error, arguments)
        }
        _ => Stop::Usage(usage_error(error, arguments)),
    }
}

/// The commands that are typed again and again, alone: to set up all the others takes longer than to parse.
#[derive(Parser)]
#[command(name = "sayso", disable_help_flag = true, disable_help_subcommand = true)]
struct FrequentCli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: FrequentCommand,
}

#[derive(Subcommand)]
#[command(defer = true)]
enum FrequentCommand {
    Ask(Box<AskOptions>),
    Chat(Box<ChatOptions>),
}

/// `None` where anything else is wanted, or something is wrong: that is for [`Cli`], which knows all there is.
fn parse_frequent(arguments: &[OsString]) -> Option<Cli> {
    match arguments {
        [_] => Some(Cli::default()),
        [_, command, ..] if command == "ask" || command == "chat" => {
            let FrequentCli { global, command } = FrequentCli::try_parse_from(arguments).ok()?;
            let command = match command {
                FrequentCommand::Ask(options) => Command::Ask(options),
                FrequentCommand::Chat(options) => Command::Chat(options),
            };
            Some(Cli { global, command: Some(command) })
        }
        _ => None,
    }
}

/// Tells the arguments of a role from the question.
fn with_settled_words(mut cli: Cli) -> Result<Cli, UsageError> {
    match &mut cli.command {
        Some(Command::Ask(ask)) => {
            let is_role = ask.conversation.role.is_given();
            settle_words(&mut ask.prompt, &mut ask.arguments, is_role)?;
        }
        Some(Command::Chat(chat)) => {
            let mut question = None;
            settle_words(&mut question, &mut chat.arguments, chat.conversation.role.is_given())?;
            if let Some(word) = question {
                return Err(UsageError::new(
                    format!("`chat` takes no question: `{word}`"),
                    "one question goes as `sayso ask`; arguments of a role as `chat --role ROLE KEY=VALUE`",
                ));
            }
        }
        Some(_) | None => {}
    }
    Ok(cli)
}

fn stop_for_help(error: &clap::Error, arguments: &[OsString]) -> Stop {
    if error.use_stderr() {
        // `sayso history` alone: clap would print the whole help as an error.
        return Stop::Usage(UsageError::new("a subcommand is missing", subcommands(arguments)));
    }
    Stop::Show(error.render())
}

/// What can stand behind the command that was typed.
fn subcommands(arguments: &[OsString]) -> String {
    let root = Cli::command();
    let mut typed = arguments.iter().skip(1).filter_map(|argument| root.find_subcommand(argument));
    let Some(command) = typed.find(|command| command.has_subcommands()) else {
        return "add `--help` to see which there are".to_owned();
    };
    let names: Vec<&str> =
        command.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name).collect();
    format!("it is one of {}; `sayso {} --help` explains them", names.join(", "), command.get_name())
}

fn usage_error(error: &clap::Error, arguments: &[OsString]) -> UsageError {
    let context = |kind| error.get(kind).map(context_text).unwrap_or_default();
    match error.kind() {
        ErrorKind::InvalidSubcommand => unknown_command(
            &context(ContextKind::InvalidSubcommand),
            &context(ContextKind::SuggestedSubcommand),
            arguments,
        ),
        ErrorKind::UnknownArgument => {
            unknown_argument(&context(ContextKind::InvalidArg), &context(ContextKind::SuggestedArg), arguments)
        }
        ErrorKind::InvalidValue => invalid_value(error),
        ErrorKind::MissingRequiredArgument => {
            UsageError::new(format!("missing: {}", context(ContextKind::InvalidArg)), EXPLAINED)
        }
        ErrorKind::ValueValidation => UsageError::new(without_ranges(&first_paragraph(error)), EXPLAINED),
        _ => UsageError::new(first_paragraph(error), EXPLAINED),
    }
}

const EXPLAINED: &str = "`--help` after the command explains its options";

/// Numbers that are none or out of range, without the words of Rust.
fn without_ranges(text: &str) -> String {
    let text = text.replace("invalid digit found in string", "it is no whole number");
    let Some((before, range)) = text.rsplit_once(" is not in ") else { return text };
    let Some((before, _)) = before.rsplit_once(": ") else { return text };
    match range.split_once("..") {
        Some((first, last)) if last.starts_with('=') => {
            format!("{before}: it has to be from {first} to {}", &last[1..])
        }
        Some((first, _)) => format!("{before}: it has to be {first} or more"),
        None => text,
    }
}

fn unknown_command(name: &str, suggestion: &str, arguments: &[OsString]) -> UsageError {
    let parent = parent_of(name, arguments);
    let message = match parent {
        "" => format!("there is no command `{name}`"),
        parent => format!("there is no command `{parent} {name}`"),
    };
    let question = format!("a question goes as `sayso ask \"{name}\"`");
    // Clap likes names that share letters, and puts the best of them last; a slip of the fingers is one change or two.
    let likely = suggestion.rsplit(", ").next().unwrap_or_default();
    let slip = slip_of(name, parent);
    match (slip.as_deref().unwrap_or(likely), parent) {
        ("", "") => UsageError::new(message, format!("{question}; `sayso --help` lists the commands")),
        ("", parent) => UsageError::new(message, format!("`sayso {parent} --help` lists what there is")),
        (suggestion, "") => UsageError::new(message, format!("did you mean `{suggestion}`? {question}")),
        (suggestion, _) => UsageError::new(message, format!("did you mean `{suggestion}`?")),
    }
}

/// The command below `parent` that a slip of the fingers makes `name` of.
fn slip_of(name: &str, parent: &str) -> Option<String> {
    let root = Cli::command();
    let below = root.find_subcommand(parent).unwrap_or(&root);
    let changes_max = (name.chars().count() / 3).max(1);
    let visible = below.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name);
    let near = visible.map(|known| (strsim::damerau_levenshtein(name, known), known));
    let nearest = near.filter(|(changes, _)| *changes <= changes_max).min_by_key(|(changes, _)| *changes);
    nearest.map(|(_, known)| known.to_owned())
}

/// The command whose subcommand `name` was meant to be, or nothing for the top.
fn parent_of<'a>(name: &str, arguments: &'a [OsString]) -> &'a str {
    let position = arguments.iter().position(|argument| argument == name).unwrap_or(0);
    let before = arguments[..position].iter().skip(1).filter_map(|argument| argument.to_str());
    before
        .into_iter()
        .find(|argument| ["history", "config", "mcp", "keys", "models", "roles"].contains(argument))
        .unwrap_or("")
}

/// The command that was typed, as in `mcp call`; empty where none was.
fn command_typed(arguments: &[OsString]) -> String {
    let root = Cli::command();
    let (mut command, mut names) = (&root, Vec::new());
    for word in arguments.iter().skip(1) {
        if let Some(found) = command.find_subcommand(word) {
            command = found;
            names.push(found.get_name());
        }
    }
    names.join(" ")
}

fn unknown_argument(typed: &str, suggestion: &str, arguments: &[OsString]) -> UsageError {
    let flag = typed.split('=').next().unwrap_or(typed);
    let command = command_typed(arguments);
    let is_for_questions = matches!(command.as_str(), "" | "ask" | "chat");
    if !flag.starts_with('-') {
        let error = UsageError::one_too_many(typed);
        return match is_for_questions {
            true => error,
            false => UsageError::new(error.message, format!("`sayso {command} --help` shows what it takes")),
        };
    }
    let message = format!("there is no option `{flag}` here");
    if !suggestion.is_empty() {
        return UsageError::new(message, format!("did you mean `{suggestion}`?"));
    }
    let taker = ["chat", "ask"].into_iter().find(|command| command_takes(command, flag));
    match taker {
        _ if !is_for_questions => {
            let taker = taker.map(|taker| format!("; `sayso {taker}` has it")).unwrap_or_default();
            UsageError::new(message, format!("`sayso {command} --help` lists its options{taker}"))
        }
        Some(command) => UsageError::new(message, format!("it goes after a command, as in `sayso {command} {flag}`")),
        None => UsageError::new(
            message,
            format!(
                "`--help` lists the options; text that begins with a dash goes after `--`, as in `sayso ask -- \"{flag}\"`"
            ),
        ),
    }
}

fn command_takes(command: &str, flag: &str) -> bool {
    let root = Cli::command();
    let Some(command) = root.find_subcommand(command) else {
        return false;
    };
    command.get_arguments().any(|argument| {
        argument.get_long().is_some_and(|long| flag.strip_prefix("--") == Some(long))
            || argument.get_short().is_some_and(|short| flag.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4])))
    })
}

fn invalid_value(error: &clap::Error) -> UsageError {
    let context = |kind| error.get(kind).map(context_text).unwrap_or_default();
    let argument = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    let valid = context(ContextKind::ValidValue);
    if value.is_empty() {
        return UsageError::new(format!("`{argument}` needs a value"), one_of(&valid));
    }
    let message = format!("`{value}` is not a value of `{argument}`");
    match context(ContextKind::SuggestedValue).as_str() {
        "" => UsageError::new(message, one_of(&valid)),
        suggestion => UsageError::new(message, format!("did you mean `{suggestion}`? {}", one_of(&valid))),
    }
}

fn one_of(values: &str) -> String {
    if values.is_empty() { "`--help` shows what it takes".into() } else { format!("it is one of {values}") }
}

/// The words of clap, without its prefix and its advice.
fn first_paragraph(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let paragraph = text.split("\n\n").next().unwrap_or(text);
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn context_text(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(values) => values.join(", "),
        ContextValue::None | ContextValue::Bool(_) => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, FileSource, StdinMode};
    use super::*;

    fn read(line: &str) -> Result<Cli, Stop> {
        parse(std::iter::once("sayso").chain(line.split_whitespace()).map(OsString::from))
    }

    fn mistake(line: &str) -> (String, String) {
        match read(line) {
            Err(Stop::Usage(error)) => (error.message, error.hint.unwrap_or_default()),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn clap_accepts_its_own_definitions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_typed_often_is_read_alone() {
        for line in ["sayso", "sayso ask --no-save --config x -m a:b -q hi", "sayso chat --color never"] {
            let arguments: Vec<_> = line.split_whitespace().map(OsString::from).collect();
            let alone = parse_frequent(&arguments).unwrap_or_else(|| panic!("{line}"));
            let whole = Cli::try_parse_from(&arguments).unwrap();
            assert_eq!(format!("{alone:?}"), format!("{whole:?}"));
        }
    }

    #[test]
    fn a_typo_is_never_a_prompt() {
        let (message, hint) = mistake("hitsory list");
        assert_eq!(message, "there is no command `hitsory`");
        assert_eq!(hint, "did you mean `history`? a question goes as `sayso ask \"hitsory\"`");
        assert_eq!(mistake("history lst").1, "did you mean `list`?");
        for (typed, meant) in
            [("aks", "ask"), ("mpc", "mcp"), ("modles", "models"), ("rols", "roles"), ("conf", "config")]
        {
            assert!(
                mistake(typed).1.starts_with(&format!("did you mean `{meant}`? ")),
                "{typed}: {}",
                mistake(typed).1
            );
        }
        assert_eq!(mistake("ask --modle x").1, "did you mean `--model`?");
        assert_eq!(mistake("--color alway").1, "did you mean `always`? it is one of auto, always, never");
        assert_eq!(mistake("ask why not").0, "one argument too many: `not`");
        assert_eq!(mistake("-m demo:tour").1, "it goes after a command, as in `sayso chat -m`");
        assert_eq!(mistake("history").0, "a subcommand is missing");
    }

    #[test]
    fn a_mistake_behind_a_command_is_told_by_that_command() {
        let told = |hint: &str| hint.to_owned();
        assert_eq!(mistake("batch a b").1, told("`sayso batch --help` shows what it takes"));
        assert_eq!(mistake("batch a --schema b").1, told("`sayso batch --help` lists its options; `sayso ask` has it"));
        assert_eq!(mistake("mcp call a b --xyzzy").1, told("`sayso mcp call --help` lists its options"));
        assert!(mistake("ask --xyzzy").1.contains("goes after `--`"));
    }

    #[test]
    fn mistakes_are_one_line_in_our_words() {
        let (message, _) = mistake("ask --timeout 30 hi");
        assert_eq!(message, "invalid value '30' for '--timeout <DURATION>': a unit is missing: 30s, 30m or 30ms?");
        assert!(mistake("ask --retries 11 hi").0.ends_with("it has to be from 0 to 10"));
        assert!(mistake("ask -c --session x hi").0.contains("cannot be used with"));
        assert_eq!(mistake("completions").0, "missing: <SHELL>");
        assert_eq!(mistake("ask --format").0, "`--format <FORMAT>` needs a value");
    }

    #[test]
    fn ask_takes_its_options_on_both_sides_of_the_prompt() {
        let cli = read("-q ask -m demo:echo hello -f - -f a.txt -o seed=1 --stdin never --color never").unwrap();
        assert!(cli.global.quiet && cli.global.color == Some(super::super::ColorMode::Never));
        let Some(Command::Ask(ask)) = cli.command else { panic!() };
        assert_eq!(ask.prompt.as_deref(), Some("hello"));
        assert_eq!(ask.files, [FileSource::Stdin, FileSource::Path("a.txt".into())]);
        assert_eq!((ask.conversation.request.retries, ask.stdin), (3, StdinMode::Never));
    }

    #[test]
    fn a_dash_is_stdin_and_bare_is_the_same_as_nothing_given() {
        let Some(Command::Ask(ask)) = read("ask -").unwrap().command else { panic!() };
        assert_eq!(format!("{ask:?}"), format!("{:?}", super::super::AskOptions::bare()));
        let Some(Command::Chat(chat)) = read("chat").unwrap().command else { panic!() };
        assert_eq!(format!("{chat:?}"), format!("{:?}", super::super::ChatOptions::bare()));
        assert!(read("").unwrap().command.is_none());
    }

    #[test]
    fn help_and_version_are_not_mistakes() {
        assert!(matches!(read("--version"), Err(Stop::Show(text)) if text.to_string() == "sayso 0.1.0\n"));
        for line in ["--help", "-h", "ask --help", "history --help", "history list -h"] {
            assert!(matches!(read(line), Err(Stop::Show(_))), "{line}");
        }
    }
}
