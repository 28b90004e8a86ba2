//! The terminal, as `doctor` sees it.

use super::finding::Finding;
use crate::command::context::Context;
use crate::terminal::{Color, Stream};

/// What can be shown here, and what stands in the way.
pub fn terminal_findings(context: &Context) -> Vec<Finding> {
    const AREA: &str = "terminal";
    let variable = |name: &str| context.environment.text(name).map(str::to_owned);
    let term = variable("TERM").unwrap_or_else(|| "not set".to_owned());
    let is_terminal = context.screen.is_terminal(Stream::Stdout);
    let mut findings = Vec::new();
    if is_terminal {
        let color = match context.screen.color(Stream::Stdout) {
            Color::On => "colour",
            Color::Off => "no colour",
        };
        let width = context.screen.width(Stream::Stdout);
        findings.push(Finding::good(AREA, format!("TERM {term}, {width} columns, {color}")));
    } else {
        findings.push(Finding::good(AREA, format!("TERM {term}, stdout is no terminal")));
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_default();
    let folded = locale.to_lowercase().replace('-', "");
    if !folded.contains("utf8") {
        let message = format!("the locale ({}) is not UTF-8", if locale.is_empty() { "none" } else { &locale });
        findings.push(Finding::doubtful(AREA, message, "set LANG to one that ends in .UTF-8, as in C.UTF-8"));
    }
    if is_terminal && term == "not set" {
        findings.push(Finding::doubtful(AREA, "TERM is not set", "set it, as in TERM=xterm-256color"));
    }
    findings
}
