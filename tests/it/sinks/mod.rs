//! Whatever comes from outside, from wherever it comes: on the terminal it is text. The real binary, on a real
//! terminal, with each sequence of the list in each place where somebody else has a say.

mod files;
mod grammar;
mod prompt;
mod servers;
mod stored;
mod turns;

use serde_json::Value;

use self::grammar::{Ours, assert_harmless};
use crate::support::{ModelServer, Pty, Run, TestConfig};

/// Marks of ours would look like those of others.
fn config(server: &ModelServer) -> TestConfig {
    plain(TestConfig::for_server(server))
}

fn plain(config: TestConfig) -> TestConfig {
    config.set("ui.markers", false).set("ui.prompt", Value::from(vec!["provider"]))
}

/// Runs it to its end on a terminal, without colours: all that stands there is text.
#[track_caller]
fn assert_sink(run: impl Fn() -> Run, least: usize) {
    let log = Pty::start(run().env("SAYSO_PAGER", "cat").env("NO_COLOR", "1"), 40, 200).finish();
    assert_harmless(&log, Ours::Plain, least);
}

/// The same also with colours.
#[track_caller]
fn assert_styled_sink(run: impl Fn() -> Run, least: usize) {
    assert_sink(&run, least);
    let log = Pty::start(run().env("SAYSO_PAGER", "cat").env("FORCE_COLOR", "1"), 40, 200).finish();
    assert_harmless(&log, Ours::Styled, least);
}
