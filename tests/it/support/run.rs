//! Runs the binary with everything said: arguments, environment, stdin, wrapper, time limit.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{Output, Strace, event_schema};

enum Input {
    Null,
    Bytes(Vec<u8>),
    /// A pipe that stays open until the test closes it.
    Open,
    File(File),
}

pub struct Run {
    command: Vec<String>,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    input: Input,
    reads_stdout: bool,
    limit: Duration,
}

impl Run {
    pub(super) fn new<'a>(
        program: &Path,
        args: impl IntoIterator<Item = &'a str>,
        environment: Vec<(String, String)>,
        folder: PathBuf,
    ) -> Self {
        let mut command = vec![program.to_str().unwrap().to_owned()];
        command.extend(args.into_iter().map(str::to_owned));
        Self { command, environment, folder, input: Input::Null, reads_stdout: true, limit: Duration::from_secs(60) }
    }

    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.input = Input::Bytes(bytes.as_ref().to_vec());
        self
    }

    /// A pipe that says nothing until [`Running::send_stdin`] does.
    pub fn open_stdin(mut self) -> Self {
        self.input = Input::Open;
        self
    }

    pub fn stdin_file(mut self, file: File) -> Self {
        self.input = Input::File(file);
        self
    }

    /// stdout is a pipe that nobody reads.
    pub fn unread_stdout(mut self) -> Self {
        self.reads_stdout = false;
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.retain(|(other, _)| other != name);
        self
    }

    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it below another program.
    pub fn under<'a>(mut self, wrapper: impl IntoIterator<Item = &'a str>) -> Self {
        let own = std::mem::take(&mut self.command);
        self.command = wrapper.into_iter().map(str::to_owned).chain(own).collect();
        self
    }

    /// Runs a shell script in which `"$@"` is the command so far.
    pub fn shell(self, script: &str) -> Self {
        self.under(["sh", "-c", script, "sh"])
    }

    /// Writes the process id of the command so far to `file`, whatever wraps it later.
    pub fn pid_file(self, file: &Path) -> Self {
        self.shell(&format!("echo $$ >'{0}.new' && mv '{0}.new' '{0}'; exec \"$@\"", file.display()))
    }

    pub fn strace(self, strace: &Strace) -> Self {
        let args = strace.args();
        self.under(args.iter().map(String::as_str))
    }

    /// The parts for a pseudo-terminal, which starts processes itself.
    pub(super) fn into_parts(self) -> (Vec<String>, Vec<(String, String)>, PathBuf) {
        (self.command, self.environment, self.folder)
    }

    #[track_caller]
    pub fn run(self) -> Output {
        self.spawn().wait()
    }

    #[track_caller]
    pub fn spawn(self) -> Running {
        let words: Vec<&str> =
            heeding_signals().iter().copied().chain(self.command.iter().map(String::as_str)).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().envs(self.environment).current_dir(self.folder);
        // A group of its own, so that nothing outlives a test that fails.
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (stdin, bytes) = match self.input {
            Input::Null => (Stdio::null(), None),
            Input::File(file) => (file.into(), None),
            Input::Open => (Stdio::piped(), None),
            Input::Bytes(bytes) => (Stdio::piped(), Some(bytes)),
        };
        let started = Instant::now();
        let spawned = command.stdin(stdin).spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("cannot start {:?}: {error}", self.command));
        let mut stdin = child.stdin.take();
        if let Some(bytes) = bytes {
            let mut pipe = stdin.take().unwrap();
            // A program that does not read its stdin to the end is none of our business here.
            thread::spawn(move || pipe.write_all(&bytes));
        }
        let pipe = child.stdout.take().unwrap();
        let (stdout, unread) =
            if self.reads_stdout { (Captured::of(pipe), None) } else { (Captured::of(std::io::empty()), Some(pipe)) };
        let stderr = Captured::of(child.stderr.take().unwrap());
        let deadline = started + self.limit;
        let writes_events = writes_events(&self.command);
        Running { child, stdin, stdout, stderr, unread, started, deadline, rss_peak_kib: 0, writes_events }
    }
}

/// What came out of a pipe so far.
#[derive(Clone)]
struct Captured(Arc<(Mutex<Capture>, Condvar)>);

#[derive(Default)]
struct Capture {
    bytes: Vec<u8>,
    is_over: bool,
}

impl Captured {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let captured = Self(Arc::default());
        let writer = captured.clone();
        thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            loop {
                let count = pipe.read(&mut buffer).unwrap_or(0);
                let mut capture = writer.0.0.lock().unwrap();
                capture.bytes.extend_from_slice(&buffer[..count]);
                capture.is_over = count == 0;
                writer.0.1.notify_all();
                if count == 0 {
                    break;
                }
            }
        });
        captured
    }

    /// Waits until `condition` holds or the pipe is closed; false when neither happens in time.
    fn wait(&self, deadline: Instant, condition: impl Fn(&[u8]) -> bool) -> bool {
        let mut capture = self.0.0.lock().unwrap();
        while !condition(&capture.bytes) && !capture.is_over {
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return false;
            }
            capture = self.0.1.wait_timeout(capture, rest).unwrap().0;
        }
        condition(&capture.bytes) || capture.is_over
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.0.lock().unwrap().bytes.clone()
    }
}

/// A process under way; killed when dropped.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Captured,
    stderr: Captured,
    unread: Option<ChildStdout>,
    started: Instant,
    deadline: Instant,
    rss_peak_kib: u64,
    /// stdout is nothing but events.
    writes_events: bool,
}

impl Running {
    /// Of the wrapper, where there is one that does not `exec`.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Until then the signal ends the process as the system does.
    pub fn wait_until_it_listens_to(&self, signal: Signal) {
        let status = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let caught = || {
            let status = std::fs::read_to_string(&status).ok()?;
            let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        };
        super::wait_until("the process to listen", || {
            caught().is_some_and(|mask| mask & (1 << (signal.as_raw() - 1)) != 0)
        });
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Presses Ctrl-C until it has ended: two that come at the same moment are one press.
    pub fn interrupt_until_it_ends(&mut self) {
        super::wait_until("the end of the process", || {
            self.signal(Signal::INT);
            !self.is_running()
        });
    }

    pub fn send_stdin(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits until so many bytes stand in an unread stdout.
    pub fn wait_for_unread(&self, bytes: u64) {
        let unread = self.unread.as_ref().unwrap();
        super::wait_until("unread output", || rustix::io::ioctl_fionread(unread).unwrap() >= bytes);
    }

    /// Closes the reading end of an unread stdout.
    pub fn close_stdout(&mut self) {
        self.unread = None;
    }

    /// From now on somebody reads stdout.
    pub fn read_stdout(&mut self) {
        self.stdout = Captured::of(self.unread.take().unwrap());
    }

    #[track_caller]
    pub fn wait_for_stdout(&self, text: &str) {
        self.wait_for(&self.stdout, text);
    }

    /// What it has written to stdout up to now.
    pub fn stdout_so_far(&self) -> String {
        String::from_utf8_lossy(&self.stdout.bytes()).into_owned()
    }

    /// What it has written to stderr up to now.
    pub fn stderr_so_far(&self) -> String {
        String::from_utf8_lossy(&self.stderr.bytes()).into_owned()
    }

    #[track_caller]
    pub fn wait_for_stderr(&self, text: &str) {
        self.wait_for(&self.stderr, text);
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end. A process that is too slow is killed, and the test fails.
    #[track_caller]
    pub fn wait(mut self) -> Output {
        let status = loop {
            self.rss_peak_kib = self.rss_peak_kib.max(rss_peak_kib(self.pid()));
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > self.deadline {
                self.kill_group();
                let status = self.child.wait().unwrap();
                let output = self.output(status);
                panic!("still running after {:?}: {output:?}", self.deadline - self.started);
            }
            thread::sleep(Duration::from_millis(2));
        };
        self.output(status)
    }

    #[track_caller]
    fn wait_for(&self, captured: &Captured, text: &str) {
        let has_it = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let is_done = captured.wait(self.deadline, has_it);
        let (stdout, stderr) = (self.stdout.bytes(), self.stderr.bytes());
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(is_done && has_it(&captured.bytes()), "{text:?} did not come; stdout: {stdout:?}, stderr: {stderr:?}");
    }

    fn output(&self, status: ExitStatus) -> Output {
        let elapsed = self.started.elapsed();
        let grace = Instant::now() + Duration::from_secs(5);
        let is_over = |captured: &Captured| captured.wait(grace, |_| false);
        assert!(is_over(&self.stdout) && is_over(&self.stderr), "a child of the process holds its output open");
        event_schema::assert_lines_valid(&self.stdout.bytes(), self.writes_events);
        Output {
            code: status.code(),
            signal: status.signal(),
            stdout_bytes: self.stdout.bytes(),
            stderr: String::from_utf8_lossy(&self.stderr.bytes()).into_owned(),
            elapsed,
            rss_peak_kib: self.rss_peak_kib,
        }
    }

    fn kill_group(&self) {
        let _ = kill_process_group(self.pid(), Signal::KILL);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill_group();
            let _ = self.child.wait();
        }
    }
}

/// What is ignored here is ignored by what is started: below `nohup`, or in the background of a script, no signal of a
/// test would do anything.
fn heeding_signals() -> &'static [&'static str] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    let is_ignored = |signal: Signal| mask & (1 << (signal.as_raw() - 1)) != 0;
    if [Signal::HUP, Signal::INT, Signal::QUIT].into_iter().any(is_ignored) {
        &["/usr/bin/env", "--default-signal=HUP,INT,QUIT"]
    } else {
        &[]
    }
}

/// Whether every line of stdout has to be an event: `ask` or `chat` with a format of JSON, and no shell around it.
fn writes_events(command: &[String]) -> bool {
    let has = |word: &str| command.iter().any(|argument| argument == word);
    let is_json = command.windows(2).any(|pair| pair[0] == "--format" && ["json", "jsonl"].contains(&&*pair[1]));
    is_json && (has("ask") || has("chat")) && !has("sh") && !has("--dry-run")
}

pub(super) fn rss_peak_kib(pid: Pid) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
