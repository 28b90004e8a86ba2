//! `mcp login`: signs in to a remote server, in the browser or with an address that is pasted.

use std::io::{BufRead as _, Read as _};
use std::time::Duration;

use super::super::context::Context;
use super::browser::{self, Visit};
use super::remote::{self, Remote};
use crate::cli::McpLoginOptions;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::mcp::{SignIn, SignInStart};

/// Nobody takes longer to agree.
const PERSON_WAIT_MAX: Duration = Duration::from_secs(600);
const LINE_BYTES_MAX: u64 = 64 * 1024;
const LINES_MAX: usize = 20;

/// Runs the command; the exit code.
pub async fn run(options: &McpLoginOptions, context: &mut Context) -> Result<u8, Failure> {
    let name = &options.server;
    let Remote { server, has_own_authorization } = remote::find(name, context)?;
    if has_own_authorization {
        return Err(Failure::usage(format!(
            "{name} has a header Authorization in the configuration, which comes first"
        ))
        .hint("take it out to sign in instead"));
    }
    if server.is_signed_in() {
        context.note(&format!("you are signed in to {name} already; this replaces it"));
    }
    match server.begin_sign_in().await? {
        SignInStart::Done => {}
        SignInStart::Visit(sign_in) => {
            visit(sign_in.page(), options, context).await?;
            let back = tokio::time::timeout(PERSON_WAIT_MAX, way_back(&sign_in)).await;
            let redirect = back.ok().flatten().ok_or_else(|| {
                Failure::new("auth", exit_code::CREDENTIALS, format!("nobody came back from signing in to {name}"))
                    .hint(format!("run `sayso mcp login {name} --no-browser` where there is no browser"))
            })?;
            sign_in.finish(&redirect).await?;
        }
    }
    context.note(&format!("signed in to {name}"));
    Ok(exit_code::OK)
}

/// Sends the person to the page.
async fn visit(page: &str, options: &McpLoginOptions, context: &mut Context) -> Result<(), Failure> {
    let visit = Visit::to(page).map_err(|reason| Failure::new("auth", exit_code::CREDENTIALS, reason))?;
    if let Some(warning) = visit.warning() {
        context.warn(&warning);
    }
    if !options.no_browser && browser::open(&visit).await {
        context.note(&format!("your browser shows a page of {} that asks whether you agree:", visit.host()));
        context.note(page);
        context.note("or open it elsewhere, and paste the address that it leads to:");
        return Ok(());
    }
    context.note(&format!("open this page of {}, agree, and paste the address that it leads to", visit.host()));
    context.note("(it may look like an error there: only the address matters):");
    match context.show(page) {
        exit_code::OK => Ok(()),
        exit => Err(Failure::new("output", exit, "the address of the page cannot be shown")),
    }
}

/// The browser comes back by itself, or a line with the address is typed.
async fn way_back(sign_in: &SignIn) -> Option<String> {
    let mut typed = typed_lines();
    tokio::select! {
        Some(redirect) = sign_in.redirect() => Some(redirect),
        Some(line) = typed.recv() => Some(line),
        else => None,
    }
}

/// Lines from stdin that hold something. The thread ends with the process.
fn typed_lines() -> tokio::sync::mpsc::Receiver<String> {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let read = move || {
        let mut stdin = std::io::stdin().lock();
        for _ in 0..LINES_MAX {
            let mut line = Vec::new();
            let count = (&mut stdin).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).unwrap_or(0);
            let text = String::from_utf8_lossy(&line).trim().to_owned();
            let is_wanted = text.is_empty() || sender.blocking_send(text).is_ok();
            if count == 0 || !is_wanted {
                break;
            }
        }
    };
    // Without a thread there is still the browser.
    let _ = std::thread::Builder::new().name("pasted".to_owned()).spawn(read);
    receiver
}
