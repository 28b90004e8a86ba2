//! Why a role cannot be used.

use std::fmt;
use std::path::PathBuf;

use crate::config::problem::Problem;
use crate::conversation::exit_code;

/// `Display` has a line for every mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleError {
    /// The file can be read, and this is all that is wrong with it.
    Invalid { path: PathBuf, problems: Vec<Problem> },
    /// The file cannot be read.
    Unreadable { path: PathBuf, reason: String },
    /// What was asked of it cannot be.
    Usage { reason: String, hint: String },
}

impl RoleError {
    /// The code that the process ends with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Invalid { .. } | Self::Unreadable { .. } => exit_code::CONFIG,
            Self::Usage { .. } => exit_code::USAGE,
        }
    }

    /// What to do now.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Invalid { .. } => {
                Some("`sayso roles show explain` prints one that is right; docs/roles.md has all keys")
            }
            Self::Unreadable { .. } => None,
            Self::Usage { hint, .. } => Some(hint),
        }
    }

    pub(super) fn usage(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { reason: reason.into(), hint: hint.into() }
    }
}

impl std::error::Error for RoleError {}

impl fmt::Display for RoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { path, problems } => {
                for (index, problem) in problems.iter().enumerate() {
                    let end = if index == 0 { "" } else { "\n" };
                    write!(f, "{end}{}:{problem}", path.display())?;
                }
                Ok(())
            }
            Self::Unreadable { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Usage { reason, .. } => f.write_str(reason),
        }
    }
}
