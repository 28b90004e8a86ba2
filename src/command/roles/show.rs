//! `roles show`: a role with its arguments and its text.

use serde_json::{Value, json};

use super::list::load;
use crate::cli::{ListFormat, RoleShowOptions};
use crate::command::listing::{Listing, pretty};
use crate::config::{Argument, FoundRole, Role, Roles};
use crate::exit::Failure;

pub fn role(roles: &Roles, options: &RoleShowOptions) -> Result<String, Failure> {
    let (text, path) = roles.text(&options.name)?;
    let role = load(roles, &FoundRole { name: options.name.clone(), path })?;
    Ok(match options.format {
        ListFormat::Table => format!("{}{text}", heading(&role)),
        ListFormat::Json => pretty(&value(&role, &text)),
        ListFormat::Jsonl => format!("{}\n", value(&role, &text)),
        ListFormat::Tsv => arguments(&role).render(ListFormat::Tsv),
    })
}

/// Comments of YAML, so that what is printed is a role again.
fn heading(role: &Role) -> String {
    format!("# {}: {}\n# use: {}\n\n", role.name, role.place().display(), usage(role))
}

/// As in `sayso ask --role translate to=… [tone=kind] "…"`.
fn usage(role: &Role) -> String {
    let argument = |argument: &Argument| match &argument.default {
        Some(default) => format!(" [{}={default}]", argument.name),
        None => format!(" {}=…", argument.name),
    };
    let arguments: String = role.arguments.iter().map(argument).collect();
    format!("sayso ask --role {}{arguments} \"…\"", role.name)
}

fn value(role: &Role, text: &str) -> Value {
    let arguments: Vec<Value> = role
        .arguments
        .iter()
        .map(|argument| {
            json!({
                "name": argument.name, "description": argument.description, "default": argument.default,
                "required": argument.default.is_none(),
            })
        })
        .collect();
    json!({
        "name": role.name, "path": role.path, "description": role.description, "model": role.model,
        "options": role.options.iter().cloned().collect::<serde_json::Map<_, _>>(), "tools": role.tools, "schema": role.schema,
        "arguments": arguments, "is_prompt": role.is_prompt(), "text": text,
    })
}

fn arguments(role: &Role) -> Listing<3> {
    let row = |argument: &Argument| {
        [
            argument.name.clone(),
            argument.default.clone().unwrap_or_default(),
            argument.description.clone().unwrap_or_default(),
        ]
    };
    Listing {
        names: ["argument", "default", "description"],
        rows: role.arguments.iter().map(row).collect(),
        values: Vec::new(),
    }
}
