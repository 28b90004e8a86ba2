//! `man`: manual pages, made from the definitions of the command line and the topics of `help`.

use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::help;
use crate::cli::{Cli, ManOptions};
use crate::exit::Failure;

/// The page that is asked for, or a line that says what was written with `--dir`.
pub fn run(options: &ManOptions) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::internal(error.to_string());
    let Some(folder) = &options.dir else {
        if options.command.is_empty() {
            return whole().map_err(failed);
        }
        return page(&subcommand(&options.command)?).map_err(failed);
    };
    let count = write_all(folder)
        .map_err(|error| Failure::config(format!("cannot write manual pages to {}: {error}", folder.display())))?;
    Ok(format!("wrote {count} manual pages to {}\n", folder.display()))
}

/// All commands on one page, and the topics that a script's author looks up.
fn whole() -> std::io::Result<String> {
    let root = built();
    let mut text = head(&root)?;
    for command in root.get_subcommands() {
        text.push_str(&command_section(command)?);
    }
    text.push_str(&topics());
    text.push_str(&afterwards(&root));
    Ok(text)
}

/// The commands with their full names, as their pages are called: `sayso-history-list`.
fn built() -> Command {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    root
}

fn subcommand(names: &[String]) -> Result<Command, Failure> {
    let mut command = built();
    for name in names {
        let Some(found) = command.find_subcommand(name).filter(|found| !found.is_hide_set()) else {
            return Err(Failure::usage(format!("`{}` is no command of sayso", names.join(" ")))
                .hint("`sayso help` lists the commands"));
        };
        command = found.clone();
    }
    Ok(command)
}

/// One command on a page of its own; its subcommands are named, not explained.
fn page(command: &Command) -> std::io::Result<String> {
    let mut more = Vec::new();
    if command.has_subcommands() {
        Man::new(command.clone()).render_subcommands_section(&mut more)?;
    }
    let is_root = full_name(command) == ROOT;
    let common = if is_root { topics() } else { topic_section("EXIT STATUS", EXIT_STATUS) };
    let more = String::from_utf8_lossy(&more).into_owned();
    Ok(head(command)? + &more + &common + &afterwards(command) + &see_also(command))
}

/// One file for each command and one for sayso itself. Returns their number.
fn write_all(folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let root = built();
    std::fs::write(folder.join("sayso.1"), page(&root)?)?;
    let shown = |command: &&Command| !command.is_hide_set();
    let mut waiting: Vec<&Command> = root.get_subcommands().filter(shown).collect();
    let mut count = 1;
    while let Some(command) = waiting.pop() {
        let man = Man::new(command.clone());
        std::fs::write(folder.join(man.get_filename()), page(command)?)?;
        waiting.extend(command.get_subcommands().filter(shown));
        count += 1;
    }
    Ok(count)
}

const MANUAL: &str = "User Commands";
const ROOT: &str = "sayso";
/// The heading of the last group of options.
const GLOBAL_OPTIONS: &str = ".SH \"GLOBAL OPTIONS\"";
/// Below the title line that a topic has.
const EXIT_STATUS: &str = "\n0 where all went well. Every other code says why it did not; sayso(1) lists them,\n\
    with the environment and the files that are used.";

/// `sayso history list`.
fn full_name(command: &Command) -> &str {
    command.get_bin_name().unwrap_or_else(|| command.get_name())
}

/// Title, name, synopsis, description and options.
fn head(command: &Command) -> std::io::Result<String> {
    let man = Man::new(command.clone());
    let mut name = Vec::new();
    man.render_name_section(&mut name)?;
    let mut rest = Vec::new();
    man.render_description_section(&mut rest)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut rest)?;
    }
    let [name, rest] = [name, rest].map(|part| String::from_utf8_lossy(&part).into_owned());
    // The date is empty: a build has none, and two of them are to be the same.
    let title = format!(
        ".TH {} 1 \"\" \"sayso {}\" \"{MANUAL}\"\n",
        escape_roff(&full_name(command).replace(' ', "-")),
        env!("CARGO_PKG_VERSION")
    );
    Ok(title + &name + ".SH SYNOPSIS\n" + &synopsis(command) + &rest)
}

/// As `--help` has it: an option with a value does not look like one without, and the list below has all of them.
fn synopsis(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let words = usage.trim_start_matches("Usage:").trim().strip_prefix(full_name(command)).unwrap_or_default();
    format!("\\fB{}\\fR{}\n", escape_roff(full_name(command)), escape_roff(words))
}

/// What `--help` says at its end, with the examples in a section of their own.
fn afterwards(command: &Command) -> String {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let is_example = |part: &&str| part.starts_with("Examples:\n");
    let (examples, notes): (Vec<&str>, Vec<&str>) = text.split("\n\n").partition(is_example);
    let notes = notes.join("\n\n");
    let mut sections = String::new();
    if !notes.trim().is_empty() {
        sections.push_str(&topic_section("NOTES", &format!("\n{notes}")));
    }
    if !examples.is_empty() {
        sections.push_str(&topic_section("EXAMPLES", &examples.join("\n")));
    }
    sections
}

/// The pages above a command.
fn see_also(command: &Command) -> String {
    let words: Vec<&str> = full_name(command).split(' ').collect();
    if words.len() == 1 {
        return String::new();
    }
    let above = (1..words.len()).map(|count| format!("\\fB{}\\fR(1)", escape_roff(&words[..count].join("-"))));
    format!(".SH \"SEE ALSO\"\n{}\n", above.collect::<Vec<_>>().join(", "))
}

fn topics() -> String {
    let topic = |(heading, name)| topic_section(heading, help::topic(name).unwrap_or_default());
    [("EXIT STATUS", "exit-codes"), ("ENVIRONMENT", "environment"), ("CONFIGURATION", "config")].map(topic).concat()
        + &topic_section("FILES", include_str!("topics/files.txt"))
}

/// One command with its subcommands, each under its full name.
fn command_section(command: &Command) -> std::io::Result<String> {
    let man = Man::new(command.clone().disable_help_flag(true));
    let mut body = Vec::new();
    man.render_description_section(&mut body)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut body)?;
    }
    let body = String::from_utf8_lossy(&body);
    // The options that every command takes stand once, at the beginning of the page.
    let own = body.split(GLOBAL_OPTIONS).next().unwrap_or_default();
    let body = format!(".SH SYNOPSIS\n{}{own}{}", synopsis(command), afterwards(command));
    let mut section = format!(".SH \"{}\"\n{}", full_name(command).to_uppercase(), body.replace(".SH ", ".SS "));
    for subcommand in command.get_subcommands() {
        section.push_str(&command_section(subcommand)?);
    }
    Ok(section)
}

/// A topic as it stands, without its title, which is the heading here.
fn topic_section(heading: &str, topic: &str) -> String {
    let lines = topic.lines().skip(1).map(escape_roff).collect::<Vec<_>>().join("\n");
    format!(".SH \"{heading}\"\n.nf\n{lines}\n.fi\n")
}

/// Keeps roff from reading a line of text as a request.
fn escape_roff(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_has_every_command_and_no_stray_request() {
        let manual = whole().unwrap();
        for heading in ["SAYSO ASK", "SAYSO HISTORY LIST", "EXIT STATUS", "ENVIRONMENT"] {
            assert!(manual.contains(&format!(".SH \"{heading}\"\n")), "{heading}");
        }
        assert_eq!(escape_roff(".it's a \\ -x"), "\\&.it's a \\e \\-x");
    }

    #[test]
    fn each_command_has_a_page_that_names_itself() {
        let names = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let list = page(&subcommand(&names(&["history", "list"])).unwrap()).unwrap();
        assert!(list.contains("sayso\\-history\\-list \\- List conversations"), "{list}");
        let history = page(&subcommand(&names(&["history"])).unwrap()).unwrap();
        assert!(history.contains("sayso\\-history\\-search(1)"), "{history}");
        assert!(subcommand(&names(&["history", "lisp"])).is_err());
    }
}
