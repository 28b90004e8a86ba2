//! `batch`: many prompts from a file, so many at a time, and a line of JSON for each.

mod csv;
mod input;
mod plan;
mod results;
mod row;
mod run;
mod sink;
mod source;
mod tally;
mod template;
mod watch;
mod work;

pub use run::run;
