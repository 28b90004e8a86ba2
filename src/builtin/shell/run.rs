//! One command from start to end.

use std::future::Future;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Child;
use tokio::time::{sleep, timeout};

use super::capture::Capture;
use super::group::{Group, Leader};
use crate::conversation::without_error_numbers;
use crate::mcp::{find_program, guarded};
use crate::platform::ProcessGroup;

/// To end in good order, after it was asked to.
const GRACE: Duration = Duration::from_millis(500);
/// The guard has the same to do, and then some.
const GUARD_GRACE: Duration = Duration::from_secs(2);
/// For output that is still in the pipes when the command has ended.
const DRAIN_MAX: Duration = Duration::from_secs(1);

/// What is to be run, and how.
#[derive(Debug)]
pub struct Order<'a> {
    pub argv: &'a [String],
    pub folder: &'a Path,
    pub environment: &'a [(String, String)],
    pub guard: Option<&'a Path>,
    pub limit: Duration,
}

#[derive(Debug)]
pub struct Finished {
    pub stdout: Capture,
    pub stderr: Capture,
    pub end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Exit(i32),
    Signal(i32),
    TimedOut(Duration),
    Cancelled,
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        match status.code() {
            Some(code) => Self::Exit(code),
            None => Self::Signal(status.signal().unwrap_or_default()),
        }
    }
}

/// Runs it; `Err` where it does not start. Dropping the future ends it and all it has started.
pub async fn run(order: &Order<'_>, cancelled: impl Future<Output = ()>) -> Result<Finished, String> {
    let (mut child, group) = start(order)?;
    let leader = if order.guard.is_some() { Leader::Guard } else { Leader::Program };
    let mut group = Group::new(group, leader);
    let (mut stdout, mut stderr) = (Capture::default(), Capture::default());
    let end = {
        let (out_pipe, err_pipe) = (child.stdout.take(), child.stderr.take());
        let (out_pipe, err_pipe) = out_pipe.zip(err_pipe).ok_or("its output cannot be read")?;
        let reading = async { tokio::join!(stdout.fill(out_pipe), stderr.fill(err_pipe)) };
        tokio::pin!(reading);
        let mut is_read = false;
        let end = {
            let waiting = wait(&mut child, &mut group, order, cancelled);
            tokio::pin!(waiting);
            loop {
                tokio::select! {
                    end = &mut waiting => break end,
                    _ = &mut reading, if !is_read => is_read = true,
                }
            }
        };
        // Whatever it left running would hold the pipes open.
        group.kill();
        if !is_read {
            let _ = timeout(DRAIN_MAX, reading).await;
        }
        end
    };
    Ok(Finished { stdout, stderr, end: end? })
}

fn start(order: &Order<'_>) -> Result<(Child, ProcessGroup), String> {
    let [program, arguments @ ..] = order.argv else { return Err("`argv` is empty".to_owned()) };
    let failed = |error: std::io::Error| without_error_numbers(format!("cannot run {program}: {error}"));
    let search_path = order.environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_str());
    let path = find_program(program, search_path, order.folder).map_err(failed)?;
    let mut command = guarded(&path, order.guard);
    command
        .args(arguments)
        .current_dir(order.folder)
        .env_clear()
        .envs(order.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(order.guard.is_none());
    ProcessGroup::start(&mut command).map_err(failed)
}

/// Waits for its end, which comes soon after its time is over or nobody wants it any more.
async fn wait(
    child: &mut Child,
    group: &mut Group,
    order: &Order<'_>,
    cancelled: impl Future<Output = ()>,
) -> Result<End, String> {
    let end = tokio::select! {
        status = child.wait() => return status.map(End::from).map_err(|error| error.to_string()),
        () = sleep(order.limit) => End::TimedOut(order.limit),
        () = cancelled => End::Cancelled,
    };
    group.ask_to_end();
    let grace = if order.guard.is_some() { GUARD_GRACE } else { GRACE };
    if timeout(grace, child.wait()).await.is_err() {
        group.kill();
        let _ = child.wait().await;
    }
    Ok(end)
}
