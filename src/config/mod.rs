//! The configuration: a YAML file, the environment and the options, made into one [`Config`] at the start.
//!
//! Text → positioned tree (`tree.rs`) → value (`value.rs`) → [`ConfigFile`] → [`Config`]. A file
//! without mistakes takes only this way; the schema and the messages are made when one is found.

mod approval_rules;
mod builtin_servers;
mod check;
mod choice;
mod connection;
mod edit;
mod env;
mod file;
mod key;
pub mod key_store;
pub mod keyring;
mod keys;
mod limits;
mod loaded;
mod model_names;
mod paths;
pub mod presets;
mod problem;
mod resolve;
mod role;
mod rules;
mod save;
mod save_lock;
mod schema;
mod servers;
mod set;
mod setting;
mod source;
mod terminal_kind;
mod tree;
mod ui;
mod value;
mod variables;
mod waiting_variables;

pub use builtin_servers::{WantedBuiltin, wanted_builtins};
pub use choice::Origin;
#[cfg(test)]
mod tests;

pub use connection::{Choice, Chosen};
pub use edit::{EditError, with_active, with_provider, with_server, without_server};
pub use env::{Environment, OWN_VARIABLES};
pub use file::{
    Budget, Clipboard, ColorChoice, ConfigFile, Editing, KeyAction, Logging, PromptPart, Thinking, UsagePart,
};
pub use key::{FoundKey, clean as clean_key};
pub use keys::{Key, KeyBinding, KeyCode};
pub use loaded::{Loaded, load_file, load_source};
pub use paths::Paths;
pub use problem::{ConfigError, KeyPath, Warning, nearest};
pub use resolve::{Config, LoadOptions, config_place, load};
pub use role::{Answer, Argument, FilledRole, FoundRole, OFF as ROLE_OFF, Role, RoleError, RoleSurroundings, Roles};
pub use save::{save, write_private};
pub use schema::for_editors as schema;
pub use servers::{ConfiguredState, everybody_could_read, readable_header, server_settings, sign_in_place};
pub use set::{secret_within, with_setting};
pub use setting::{all_keys, known as known_setting, value_of as value_of_setting};
pub use source::{Source, read as read_source, read_regular_file};
pub use ui::{Desktop, THEME_NAMES, ThemeChoice, UiSettings, themes_there_are};
