#![doc = include_str!("../ARCHITECTURE.md")]
// The private modules in layer order; `pub` inside them is what other layers may use.
mod conversation;
mod http;
mod provider;
mod history;
mod session;
mod terminal;
mod config;
mod repl;
mod cli;
mod exit;
mod command;

pub use command::run::run;
