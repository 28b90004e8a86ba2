//! A long text for a person goes through a pager, as with git: on a terminal, and where it does not fit.

use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use unicode_width::UnicodeWidthStr;

use super::context::Context;
use super::history::Text;
use super::wiring;
use crate::config::Environment;
use crate::conversation::exit_code;
use crate::session::Signals;
use crate::terminal::{Color, Stream, TermSafeBuf};

/// What a pager reads of the environment, besides what every child gets.
const PAGER_VARIABLES: [&str; 5] = ["LESS", "LESSCHARSET", "LV", "MORE", "COLORTERM"];

/// Shows a text; the exit code. `pager` is a command line, split at blanks; `None` starts none.
pub fn show(text: &Text, pager: Option<&str>, context: &mut Context) -> u8 {
    if !context.screen.is_terminal(Stream::Stdout) {
        return context.show(&text.raw());
    }
    let safe = text.safe(context.screen.color(Stream::Stdout));
    let words: Vec<String> = pager.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let is_wanted = !matches!(words.first().map(String::as_str), None | Some("cat")) && !fits(text, context);
    let bytes = if is_wanted { safe.as_bytes().to_vec() } else { Vec::new() };
    if is_wanted && page(words, bytes, &context.environment) {
        return exit_code::OK;
    }
    print(&safe, context)
}

fn print(safe: &TermSafeBuf, context: &mut Context) -> u8 {
    context.screen.out().push(safe.as_safe());
    context.finish()
}

/// Whether it stands on the screen as a whole, with the line of the shell below it.
fn fits(text: &Text, context: &Context) -> bool {
    let Some(rows) = context.screen.height(Stream::Stdout) else { return true };
    let columns = context.screen.width(Stream::Stdout).max(1);
    let plain = text.safe(Color::Off);
    let needed: usize = plain.as_str().lines().map(|line| line.width().div_ceil(columns).max(1)).sum();
    needed < rows
}

/// Runs the pager to its end; false where it cannot be started.
fn page(words: Vec<String>, bytes: Vec<u8>, environment: &Environment) -> bool {
    let mut variables = environment.for_children();
    let own = |name: &&str| environment.text(name).map(|value| ((*name).to_owned(), value.to_owned()));
    variables.extend(PAGER_VARIABLES.iter().filter_map(own));
    if environment.text("LESS").is_none() {
        variables.push(("LESS".to_owned(), "FRX".to_owned()));
    }
    let paged = wiring::block_on(|| async move {
        // Ctrl-C is the pager's: heard here, it does nothing.
        let mut signals = Signals::listen().ok()?;
        let mut command = tokio::process::Command::new(words.first()?);
        let mut child = command.args(&words[1..]).env_clear().envs(variables).stdin(Stdio::piped()).spawn().ok()?;
        let mut input = child.stdin.take()?;
        let writing = async move {
            // Whoever leaves the pager early has seen enough.
            let _ = input.write_all(&bytes).await;
            drop(input);
        };
        let mut paging = std::pin::pin!(async { tokio::join!(writing, child.wait()).1 });
        loop {
            tokio::select! {
                ended = &mut paging => break ended.ok(),
                _ = signals.next() => {}
            }
        }
    });
    matches!(paged, Ok(Some(_)))
}
