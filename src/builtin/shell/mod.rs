//! The server `shell`: runs commands for a limited time, in the allowed folders, without our keys.
//!
//! A command can do whatever its user can: the folder is where it starts, not a cage. That is why each
//! one is asked about.

mod capture;
mod group;
mod run;
mod server;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

pub use server::{Shell, answer_max};

#[derive(Clone, Debug)]
pub struct ShellSettings {
    /// The folders that commands may start in; relative paths are those of the first.
    pub roots: Vec<PathBuf>,
    /// Where they may not start, even so.
    pub denied: Vec<PathBuf>,
    /// All variables that they get.
    pub environment: Vec<(String, String)>,
    /// How long a command may take of which the call does not say so.
    pub limit: Duration,
    /// Our own program, which ends commands when we cannot any more; without it they are started bare.
    pub guard: Option<PathBuf>,
}

#[must_use]
pub fn new(settings: &ShellSettings) -> Shell {
    Shell::new(settings)
}
