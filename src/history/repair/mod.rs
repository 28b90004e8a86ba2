//! What is done about damage: find it, tell it, and read what can be read.

mod calls;
mod check;
mod graft;
mod page_file;
mod pages;
mod recover;
mod reroot;
mod rest;
mod salvage;
mod workshop;

pub use check::{Depth, check};
pub use recover::{files_beside, newest_set_aside, recover_file, set_aside};
