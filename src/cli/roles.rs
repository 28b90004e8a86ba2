//! The options of `roles`.

use clap::{Args, Subcommand};

use super::ListFormat;

const ROLES_EXAMPLES: &str = "\
Examples:
  sayso roles edit translate                     begin one, or change it
  sayso ask --role translate to=French \"Hello\"   use it
  sayso chat --role explain                      use it for a whole chat

A role is a Markdown file in the folder `sayso roles path` prints. `sayso help roles` shows one.";

#[derive(Clone, Debug, Subcommand)]
#[command(after_help = ROLES_EXAMPLES)]
pub enum RoleCommand {
    /// List the roles, your own and those that are built in
    List(RolesListOptions),
    /// Print a role with its arguments
    Show(RoleShowOptions),
    /// Open a role in your editor, and check it afterwards; a new name begins one
    Edit(RoleEditOptions),
    /// Print the folder of the roles, or the file of one
    Path(RolePathOptions),
}

#[derive(Args, Clone, Debug)]
pub struct RolesListOptions {
    /// How to write the list
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,
}

#[derive(Args, Clone, Debug)]
pub struct RoleShowOptions {
    /// The role, by its name
    #[arg(value_name = "ROLE")]
    pub name: String,

    /// How to write it; `table` is the file with a line on its use
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,
}

#[derive(Args, Clone, Debug)]
pub struct RoleEditOptions {
    /// The role, by its name
    #[arg(value_name = "ROLE")]
    pub name: String,
}

#[derive(Args, Clone, Debug)]
pub struct RolePathOptions {
    /// The role, by its name; none: the folder
    #[arg(value_name = "ROLE")]
    pub name: Option<String>,
}
