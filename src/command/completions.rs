//! `completions` and `man`: both made from the definitions of the command line.

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::{completion_names, help};
use crate::cli::Cli;

/// The script that makes `shell` complete `sayso`.
#[must_use]
pub fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sayso", &mut script);
    completion_names::added(shell, &String::from_utf8_lossy(&script))
}

/// The manual page, as roff: all commands on one page, and the topics that a script's author looks up.
pub fn manual() -> std::io::Result<String> {
    let mut page = Vec::new();
    let root = Cli::command();
    let man = Man::new(root.clone()).manual("User Commands");
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut text = String::from_utf8_lossy(&page).into_owned();
    for command in root.get_subcommands() {
        text.push_str(&command_section(command, "sayso")?);
    }
    for (heading, name) in [("EXIT STATUS", "exit-codes"), ("ENVIRONMENT", "environment"), ("CONFIGURATION", "config")]
    {
        text.push_str(&topic_section(heading, help::topic(name).unwrap_or_default()));
    }
    Ok(text)
}

/// One command with its subcommands, each under its full name.
fn command_section(command: &clap::Command, parent: &str) -> std::io::Result<String> {
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
    fn every_shell_gets_a_script() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let script = script(shell);
            assert!(script.contains("require-history"), "{shell}");
            assert!(!script.contains("schema-retries"), "{shell}: completes what is not there yet");
        }
    }

    #[test]
    fn the_manual_has_every_command_and_no_stray_request() {
        let manual = manual().unwrap();
        for heading in ["SAYSO ASK", "SAYSO HISTORY LIST", "EXIT STATUS", "ENVIRONMENT"] {
            assert!(manual.contains(&format!(".SH \"{heading}\"\n")), "{heading}");
        }
        assert_eq!(escape_roff(".it's a \\ -x"), "\\&.it's a \\e \\-x");
    }
}
