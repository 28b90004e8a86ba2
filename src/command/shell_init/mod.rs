//! `shell-init`: what a shell's rc file takes in, so that a key writes a command and another explains one.

mod key;

use key::Key;

use crate::cli::{InitShell, ShellInitOptions};
use crate::exit::Failure;

/// The snippet for a shell.
pub fn snippet(options: &ShellInitOptions) -> Result<String, Failure> {
    let read = |flag: &str, text: &str| {
        Key::parse(text).ok_or_else(|| {
            Failure::usage(format!("{flag}: {text:?} is no key")).hint("write it as alt-k, ctrl-g or f9")
        })
    };
    let keys = [read("--key", &options.key)?, read("--explain-key", &options.explain_key)?];
    if keys[0] == keys[1] {
        return Err(Failure::usage("one key cannot do both").hint("name another one with --explain-key"));
    }
    let (script, bind): (&str, fn(&Key, &str) -> String) = match options.shell {
        InitShell::Bash => (include_str!("bash.sh"), Key::bind_in_bash),
        InitShell::Zsh => (include_str!("zsh.sh"), Key::bind_in_zsh),
        InitShell::Fish => (include_str!("fish.fish"), Key::bind_in_fish),
    };
    let mut bindings = [bind(&keys[0], "_sayso_write"), bind(&keys[1], "_sayso_explain")].concat();
    if options.shell == InitShell::Bash {
        // A shell that reads the same file without a line to edit warns of each `bind`.
        bindings = format!("if [[ $- == *i* ]]; then\n{bindings}fi\n");
    }
    Ok(format!(
        "# {} writes a command, {} explains the last one that failed (sayso shell-init)\n{script}{bindings}",
        options.key, options.explain_key
    ))
}
