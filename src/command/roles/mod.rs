//! `roles`: which there are, what is in them, and how they are changed.

mod edit;
mod list;
mod show;

use super::context::Context;
use crate::cli::RoleCommand;
use crate::config::{Paths, Roles};
use crate::exit::Failure;

pub use list::described;

/// Runs the command; the exit code.
pub fn run(command: &RoleCommand, context: &mut Context) -> Result<u8, Failure> {
    let roles = Roles::new(&Paths::new(&context.environment));
    let text = match command {
        RoleCommand::List(options) => list::listing(&roles).render(options.format),
        RoleCommand::Show(options) => show::role(&roles, options)?,
        RoleCommand::Path(options) => path(&roles, options.name.as_deref())?,
        RoleCommand::Edit(options) => return edit::run(&roles, &options.name, context),
    };
    Ok(context.show(&text))
}

fn path(roles: &Roles, name: Option<&str>) -> Result<String, Failure> {
    let no_folder = || Failure::config("there is no home folder for roles").hint("set HOME or XDG_CONFIG_HOME");
    let path = match name {
        Some(name) => roles.path_of(name)?,
        None => roles.folder().map(std::path::Path::to_owned).ok_or_else(no_folder)?,
    };
    Ok(format!("{}\n", path.display()))
}
