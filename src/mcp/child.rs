//! One child process: how it is started, and how it ends with everything that it started itself.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::watch;

use super::program_path;
use super::register::Register;
use super::stderr_tail::StderrTail;
use crate::platform::ProcessGroup;

/// After its stdin was closed, a child has this long to end by itself.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// After it was asked to end by a signal.
const TERM_WAIT: Duration = Duration::from_secs(1);

/// For what is left in its stderr once it has ended.
const LAST_WORDS_WAIT: Duration = Duration::from_millis(200);

/// What to start.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    pub program: &'a str,
    pub args: &'a [String],
    /// On top of `environment`.
    pub env: &'a BTreeMap<String, String>,
    pub cwd: Option<&'a Path>,
    /// All that a child gets of ours.
    pub environment: &'a [(String, String)],
    /// Our own program, which the child runs under.
    pub guard: Option<&'a Path>,
    pub register: &'a Register,
}

/// What we write to and read from.
pub(super) type Pipes = (ChildStdin, ChildStdout);

/// How far the end of a child has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    /// Its stdin is closed.
    Closing,
    /// It is ended without further notice.
    Killing,
}

/// Tells the end of a child to whoever holds it.
#[derive(Clone, Debug)]
pub(super) struct Ending(watch::Sender<Stage>);

impl Ending {
    /// Gently: its stdin is closed, then a signal, then a stronger one.
    pub(super) fn gently(&self) {
        self.advance(Stage::Closing);
    }

    pub(super) fn now(&self) {
        self.advance(Stage::Killing);
    }

    fn advance(&self, stage: Stage) {
        self.0.send_if_modified(|current| {
            let is_further = stage > *current;
            *current = stage.max(*current);
            is_further
        });
    }
}

/// A child, seen from outside. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Child {
    ending: Ending,
    exited: watch::Receiver<Option<ExitStatus>>,
    pub(super) stderr: StderrTail,
}

impl Child {
    /// Starts it in a process group of its own, so that a Ctrl-C at the terminal does not reach it.
    pub(super) fn start(start: &Start<'_>) -> io::Result<(Self, Pipes)> {
        let (mut child, group) = ProcessGroup::start(&mut command(start)?)?;
        let entry = start.register.enter(&group);
        let mut group = Group(group);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let pipes = stdin.zip(stdout).expect("both are piped");
        let tail = StderrTail::default();
        let listening = tokio::spawn(tail.clone().drain(stderr.expect("it is piped")));

        let (ending, stages) = watch::channel(Stage::Running);
        let (tell_exit, exited) = watch::channel(None);
        tokio::spawn(async move {
            // What ended it is of no interest, only that it has.
            let status = see_to_the_end(&mut child, &mut group.0, stages).await.unwrap_or_default();
            if let Some(entry) = entry {
                entry.remove();
            }
            let _ = tokio::time::timeout(LAST_WORDS_WAIT, listening).await;
            let _ = tell_exit.send(Some(status));
        });
        Ok((Self { ending: Ending(ending), exited, stderr: tail }, pipes))
    }

    pub(super) fn ending(&self) -> Ending {
        self.ending.clone()
    }

    /// Waits until it has ended, and all of its group with it.
    pub(super) async fn ended(&self) -> ExitStatus {
        let mut exited = self.exited.clone();
        // The task that tells lives as long as the runtime.
        let status = exited.wait_for(Option::is_some).await;
        status.ok().and_then(|status| *status).unwrap_or_default()
    }

    pub(super) fn exit_status(&self) -> Option<ExitStatus> {
        *self.exited.borrow()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.ending.gently();
    }
}

/// Dropping it ends what is left of the group.
#[derive(Debug)]
struct Group(ProcessGroup);

impl Drop for Group {
    fn drop(&mut self) {
        self.0.ask_to_end();
    }
}

/// Waits for the end of a child, and brings it about when it is time: by closing its stdin, which
/// the transport has done by then, by a signal, by a stronger one.
async fn see_to_the_end(
    child: &mut tokio::process::Child,
    group: &mut ProcessGroup,
    mut stages: watch::Receiver<Stage>,
) -> io::Result<ExitStatus> {
    let stage = tokio::select! {
        status = child.wait() => {
            group.kill();
            return status;
        }
        stage = stages.wait_for(|stage| *stage > Stage::Running) => stage.map_or(Stage::Killing, |stage| *stage),
    };
    if stage == Stage::Closing {
        tokio::select! {
            status = child.wait() => {
                group.kill();
                return status;
            }
            _ = stages.wait_for(|stage| *stage == Stage::Killing) => {}
            () = tokio::time::sleep(CLOSE_WAIT) => {}
        }
    }
    // The guard passes it on, also to what has left the group.
    group.ask_to_end();
    if let Ok(status) = tokio::time::timeout(TERM_WAIT, child.wait()).await {
        group.kill();
        return status;
    }
    group.kill();
    child.wait().await
}

fn command(start: &Start<'_>) -> io::Result<Command> {
    let folder = match start.cwd {
        Some(folder) => folder.to_owned(),
        None => std::env::current_dir()?,
    };
    if !folder.is_dir() {
        let reason = format!("the folder {} to start it in is not there, or no folder", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, reason));
    }
    let search_path = start.env.get("PATH").or_else(|| {
        let pair = start.environment.iter().find(|(name, _)| name == "PATH");
        pair.map(|(_, value)| value)
    });
    let program = program_path::find(start.program, search_path.map(String::as_str), &folder)?;
    let mut command = guarded(&program, start.guard);
    command
        .args(start.args)
        .env_clear()
        .envs(start.environment.iter().map(|(name, value)| (name, value)))
        .envs(start.env)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}

/// The program itself, or our guard that starts it. The child is to lead a process group of its own.
#[cfg(unix)]
pub fn guarded(program: &Path, guard: Option<&Path>) -> Command {
    let Some(guard) = guard else { return Command::new(program) };
    let mut command = Command::new(guard);
    command.arg(super::guard::WORD).arg(std::process::id().to_string()).arg("--").arg(program);
    command
}

/// The program itself: the system ends it with us.
#[cfg(not(unix))]
pub fn guarded(program: &Path, _: Option<&Path>) -> Command {
    Command::new(program)
}
