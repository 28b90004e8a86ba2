//! The work behind the scenes: what is too old goes, what is long is compressed, and space is given back.

mod compress;
mod plan;
mod prune;
mod schedule;
mod space;
pub mod state;

pub use plan::Doomed;
pub use prune::{prune, prune_plan};
pub use schedule::Upkeeper;
