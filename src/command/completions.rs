//! `completions`: made from the definitions of the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// The script that makes `shell` complete `sayso`.
#[must_use]
pub fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sayso", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_gets_a_script() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let script = script(shell);
            assert!(script.contains("require-history"), "{shell}");
            assert!(!script.contains("max-cost"), "{shell}: completes what is not there yet");
        }
    }
}
