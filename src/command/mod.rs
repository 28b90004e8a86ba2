//! One file per command: what each of them does, on top of the layers below.

mod archive;
pub mod ask;
pub mod chat;
pub mod completions;
pub mod config;
pub mod context;
mod doctor;
pub mod help;
pub mod history;
pub mod listing;
pub mod mcp;
mod pager;
mod person;
mod place;
pub mod prompt;
pub mod run;
mod stats;
pub mod stdin;
pub mod tty;
mod upkeep;
pub mod wiring;
pub mod wiring_builtin;
pub mod wiring_mcp;
pub mod wiring_tools;
