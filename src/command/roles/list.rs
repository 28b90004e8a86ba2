//! `roles list`, and `/role` without a name.

use serde_json::json;

use crate::cli::ListFormat;
use crate::command::listing::Listing;
use crate::config::{FoundRole, Role, RoleError, Roles};
use crate::conversation::UsedRole;

pub fn load(roles: &Roles, found: &FoundRole) -> Result<Role, RoleError> {
    roles.load(&UsedRole { name: found.name.clone(), ..UsedRole::default() })
}

/// A role with mistakes is listed with the first of them: it cannot be used, and is not lost.
pub fn listing(roles: &Roles) -> Listing<4> {
    let mut listing =
        Listing { names: ["name", "from", "arguments", "description"], rows: Vec::new(), values: Vec::new() };
    for found in roles.list() {
        let loaded = load(roles, &found);
        let from = if found.path.is_some() { "file" } else { "built-in" };
        let arguments: Vec<String> =
            loaded.iter().flat_map(|role| &role.arguments).map(|argument| argument.name.clone()).collect();
        let (description, error) = match &loaded {
            Ok(role) => (role.description.clone().unwrap_or_default(), None),
            Err(error) => (format!("error: {error}"), Some(error.to_string())),
        };
        listing.rows.push([found.name.clone(), from.to_owned(), arguments.join(" "), description.clone()]);
        listing.values.push(json!({
            "name": found.name, "from": from, "path": found.path, "arguments": arguments,
            "description": loaded.ok().and_then(|role| role.description), "error": error,
        }));
    }
    listing
}

/// The roles as a table for a person.
#[must_use]
pub fn described(roles: &Roles) -> String {
    listing(roles).render(ListFormat::Table)
}
