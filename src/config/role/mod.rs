//! Roles: a prompt, a system prompt and settings under a name, in a Markdown file with YAML front matter.
//!
//! Text → front matter and body (`front_matter.rs`) → [`Role`] → with its arguments [`FilledRole`]. `folder.rs`
//! knows where roles are, and which are built in.

mod error;
mod filled;
mod folder;
mod front_matter;
mod read;

pub use error::RoleError;
pub use filled::{FilledRole, Surroundings as RoleSurroundings};
pub use folder::{FoundRole, OFF, Roles};
pub use front_matter::{Answer, Argument};
pub use read::Role;
