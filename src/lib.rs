#![doc = include_str!("../ARCHITECTURE.md")]
// The private modules; `pub` inside them is what other layers may use.
mod answer;
mod builtin;
mod cli;
mod command;
mod config;
mod conversation;
mod exit;
mod history;
mod http;
mod mcp;
mod platform;
mod provider;
mod repl;
mod session;
mod template;
mod terminal;
#[doc(hidden)]
pub mod testing;
mod tool;

pub use command::run::run;
