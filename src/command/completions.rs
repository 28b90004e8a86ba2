//! `completions`: made from the definitions of the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use super::completion_names;
use crate::cli::Cli;

/// The script that makes `shell` complete `sayso`.
#[must_use]
pub fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sayso", &mut script);
    completion_names::added(shell, &String::from_utf8_lossy(&script))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_gets_a_script() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let script = script(shell);
            assert!(script.contains("require-history"), "{shell}");
        }
    }
}
