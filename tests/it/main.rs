//! The integration tests, in one binary because linking is what takes the time.

mod architecture;
mod completions;
mod corpus;
mod repl;
