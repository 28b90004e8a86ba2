#![doc = include_str!("../ARCHITECTURE.md")]
// The private modules in layer order; `pub` inside them is what other layers may use.
mod cli;
mod command;
mod conversation;
mod history;
mod http;
mod provider;
mod repl;
mod session;
mod terminal;
