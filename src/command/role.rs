//! From `--role` and a stored conversation to the role of a session.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::context::Context;
use super::wiring::{self, Beginning};
use crate::cli::{ConversationOptions, RoleOptions, ToolOptions};
use crate::config::{Config, FilledRole, LoadOptions, Paths, ROLE_OFF, RoleError, RoleSurroundings, Roles};
use crate::conversation::{QuestionNote, Role as Speaker, UsedRole, exit_code, now_ms};
use crate::exit::Failure;

impl From<RoleError> for Failure {
    fn from(error: RoleError) -> Self {
        let failure = Self::new(
            if error.exit_code() == exit_code::USAGE { "usage" } else { "config" },
            error.exit_code(),
            error.to_string(),
        );
        Self { hint: error.hint().map(str::to_owned), ..failure }
    }
}

/// What a conversation begins with: its configuration, what it goes on with, and its role.
pub struct Begun {
    pub role: Option<FilledRole>,
    /// What the command line says, without the role.
    pub plain_options: LoadOptions,
    /// The same with what the role adds.
    pub load_options: LoadOptions,
    pub config: Config,
    pub beginning: Beginning,
}

/// Loads the configuration with what the role says in it: the one that is named, else the one of the conversation.
pub fn begin(
    options: &ConversationOptions,
    arguments: &[String],
    plain_options: LoadOptions,
    context: &mut Context,
) -> Result<Begun, Failure> {
    let named = named(&options.role, arguments, context)?;
    let mut load_options = plain_options.clone();
    if let Some(role) = &named {
        adopt(role, &mut load_options);
    }
    let mut config = wiring::load(&load_options, context)?;
    let beginning = wiring::beginning(options, &config.stored)?;
    let role = match named {
        None if !options.role.is_given() => of_conversation(&beginning, context),
        named => return Ok(Begun { role: named, plain_options, load_options, config, beginning }),
    };
    if let Some(role) = &role {
        adopt(role, &mut load_options);
        // The conversation has its system prompt already.
        load_options.system.clone_from(&plain_options.system);
        config.choose_again(&load_options, &context.environment)?;
        context.note(&format!("with the role {}; `--role off` leaves it", role.used.name));
    }
    Ok(Begun { role, plain_options, load_options, config, beginning })
}

/// The role that the command line names, with its arguments.
fn named(options: &RoleOptions, arguments: &[String], context: &Context) -> Result<Option<FilledRole>, Failure> {
    let pairs = arguments.iter().filter_map(|word| word.split_once('='));
    let arguments = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let used = match (&options.role, &options.role_file) {
        (Some(name), _) if name == ROLE_OFF => return Ok(None),
        (Some(name), _) => UsedRole { name: name.clone(), file: None, arguments },
        // Found again by a later `-c`, wherever that is.
        (None, Some(file)) => UsedRole {
            name: file_name(file),
            file: Some(std::path::absolute(file).unwrap_or_else(|_| file.clone())),
            arguments,
        },
        (None, None) => return Ok(None),
    };
    Ok(Some(fill(used, context)?))
}

fn file_name(file: &Path) -> String {
    file.file_stem().map_or_else(|| "role".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Reads a role and takes its arguments in.
pub fn fill(used: UsedRole, context: &Context) -> Result<FilledRole, RoleError> {
    let surroundings = surroundings(context);
    Roles::new(&Paths::new(&context.environment)).load(&used)?.fill(used, &surroundings)
}

#[must_use]
pub fn surroundings(context: &Context) -> RoleSurroundings {
    let now = Timestamp::from_millisecond(now_ms()).unwrap_or_default();
    let shell = context.environment.text("SHELL").unwrap_or_default();
    RoleSurroundings {
        shell: Path::new(shell).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        cwd: std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default(),
        date: TimeZone::system().to_datetime(now).date().to_string(),
    }
}

/// The role of the last question. One that is gone, or has changed, stops nothing.
fn of_conversation(beginning: &Beginning, context: &mut Context) -> Option<FilledRole> {
    let Beginning::Resumed(stored) = beginning else { return None };
    let question = stored.messages.iter().rfind(|message| message.role == Speaker::User)?;
    let used = QuestionNote::of(question).role?;
    let name = used.name.clone();
    fill(used, context).map_err(|error| context.warn(&format!("this goes on without the role {name}: {error}"))).ok()
}

/// What the role says counts unless the command line says something else.
pub fn adopt(role: &FilledRole, options: &mut LoadOptions) {
    options.model = options.model.take().or_else(|| role.role.model.clone());
    if options.system.is_none() && options.system_file.is_none() {
        options.system.clone_from(&role.system);
    }
    let own = role.role.options.iter().cloned();
    options.options = own.chain(std::mem::take(&mut options.options)).collect();
}

/// The tools of the command line and of the role. A role offers tools; it lets none run without asking.
#[must_use]
pub fn tools(role: Option<&FilledRole>, options: &ToolOptions) -> ToolOptions {
    let mut options = options.clone();
    match role.and_then(|role| role.role.tools.as_ref()) {
        Some(tools) if !options.no_tools => {
            options.no_tools = tools.is_empty() && options.tools.is_empty();
            options.tools.extend(tools.iter().cloned());
        }
        Some(_) | None => {}
    }
    options
}
