//! Entry of the `sayso` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(sayso::run(std::env::args_os()))
}
