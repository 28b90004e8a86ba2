//! Where somebody is at work: the session of the terminal, and the folder. `-c` looks there first.

use crate::history::Place;
use crate::platform::terminal_session;

/// Of this process.
#[must_use]
pub fn place() -> Place {
    let folder = std::env::current_dir().ok().and_then(|folder| folder.into_os_string().into_string().ok());
    Place { terminal: terminal_session(), folder }
}
