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
    let root = Cli::command();
    let mut text = head(&root)?;
    for command in root.get_subcommands() {
        text.push_str(&command_section(command, "sayso")?);
    }
    text.push_str(&topics());
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
    let man = Man::new(command.clone()).manual(MANUAL);
    let mut more = Vec::new();
    if command.has_subcommands() {
        man.render_subcommands_section(&mut more)?;
    }
    Ok(head(command)? + &String::from_utf8_lossy(&more))
}

/// One file for each command and one for sayso itself. Returns their number.
fn write_all(folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let root = built();
    std::fs::write(folder.join("sayso.1"), page(&root)? + &topics())?;
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

/// Title, name, synopsis, description and options.
fn head(command: &Command) -> std::io::Result<String> {
    let man = Man::new(command.clone()).manual(MANUAL).source(concat!("sayso ", env!("CARGO_PKG_VERSION")));
    let mut head = Vec::new();
    man.render_title(&mut head)?;
    man.render_name_section(&mut head)?;
    man.render_synopsis_section(&mut head)?;
    man.render_description_section(&mut head)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut head)?;
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn topics() -> String {
    [("EXIT STATUS", "exit-codes"), ("ENVIRONMENT", "environment"), ("CONFIGURATION", "config")]
        .map(|(heading, name)| topic_section(heading, help::topic(name).unwrap_or_default()))
        .concat()
}

/// One command with its subcommands, each under its full name.
fn command_section(command: &Command, parent: &str) -> std::io::Result<String> {
    let name = format!("{parent} {}", command.get_name());
    let man = Man::new(command.clone().bin_name(&name).disable_help_flag(true));
    let mut body = Vec::new();
    man.render_synopsis_section(&mut body)?;
    man.render_description_section(&mut body)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut body)?;
    }
    let body = String::from_utf8_lossy(&body).replace(".SH ", ".SS ");
    let mut section = format!(".SH \"{}\"\n{body}", name.to_uppercase());
    for subcommand in command.get_subcommands() {
        section.push_str(&command_section(subcommand, &name)?);
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
