//! `roles edit`: the file of a role in the person's editor.

use super::list::load;
use crate::command::context::Context;
use crate::command::edit_file::{self, Checked};
use crate::config::{FoundRole, Roles, write_private};
use crate::conversation::exit_code;
use crate::exit::Failure;

const NEW: &str = "\
---
description: What this role is for
# model: openrouter:openai/gpt-4o-mini
# temperature: 0.2
# tools: []
# arguments:
#   to:              # has to be given
#   tone: friendly   # a default
---
You are …
";

pub fn run(roles: &Roles, name: &str, context: &mut Context) -> Result<u8, Failure> {
    let path = roles.path_of(name)?;
    let text = match roles.text(name) {
        Ok((text, _)) => text,
        Err(error) if error.exit_code() == exit_code::USAGE => NEW.to_owned(),
        Err(error) => return Err(error.into()),
    };
    let written = path.clone();
    let found = FoundRole { name: name.to_owned(), path: Some(path.clone()) };
    edit_file::run(&path, text, context, |text| {
        write_private(&written, text)
            .map_err(|error| Failure::config(format!("{}: cannot be written: {error}", written.display())))?;
        // Where it has mistakes it is kept, so that no words are lost, and told.
        Ok(match load(roles, &found) {
            Ok(_) => Checked::Right,
            Err(error) => Checked::Wrong(error.to_string()),
        })
    })
}
