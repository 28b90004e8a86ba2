//! What is promised for a later version: known by name, so that it is told apart from a typo.

/// Commands and their subcommands, by what stands before them.
const COMMANDS: &[(&str, &[&str])] = &[
    ("", &["batch", "shell-init"]),
    ("history", &["diff", "follow"]),
    ("config", &["get", "set", "edit"]),
    ("help", &["batch", "shell-init"]),
];

const FLAGS: &[&str] = &["--max-cost", "--role", "--role-file"];

/// Whether `name` is going to be a subcommand of `parent`, which is empty for the top.
pub fn is_later_command(parent: &str, name: &str) -> bool {
    COMMANDS.iter().any(|(other, names)| *other == parent && names.contains(&name))
}

pub fn is_later_flag(flag: &str) -> bool {
    FLAGS.contains(&flag)
}
