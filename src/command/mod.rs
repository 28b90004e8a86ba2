//! One file per command: what each of them does, on top of the layers below.

pub mod completions;
pub mod help;
pub mod history;
