//! strace as a saboteur: it makes the system calls of the binary fail, late or deadly.

use std::fs;
use std::path::PathBuf;

use super::Sandbox;

pub struct Strace {
    log: PathBuf,
    expressions: Vec<String>,
    paths: Vec<PathBuf>,
    hex_bytes: Option<usize>,
}

impl Strace {
    pub fn new(sandbox: &Sandbox) -> Self {
        Self::logging_to(sandbox.path("strace.log"))
    }

    /// For several at once.
    pub fn logging_to(log: PathBuf) -> Self {
        Self { log, expressions: Vec::new(), paths: Vec::new(), hex_bytes: None }
    }

    /// As in `trace=fdatasync`.
    pub fn trace(mut self, calls: &str) -> Self {
        self.expressions.push(format!("trace={calls}"));
        self
    }

    /// As in `write:error=ENOSPC:when=3+`.
    pub fn inject(mut self, what: &str) -> Self {
        self.expressions.push(format!("inject={what}"));
        self
    }

    /// Only calls on the files of the history count.
    pub fn on_history(mut self, sandbox: &Sandbox) -> Self {
        let path = sandbox.database_path();
        let name = path.to_str().unwrap();
        self.paths = ["", "-wal", "-shm", "-journal"].map(|suffix| PathBuf::from(format!("{name}{suffix}"))).to_vec();
        self
    }

    /// Only calls on these files count, and on those of earlier calls.
    pub fn on(mut self, paths: &[PathBuf]) -> Self {
        self.paths.extend_from_slice(paths);
        self
    }

    /// Shows so many bytes of each string, all of them as `\x00`.
    pub fn hex(mut self, bytes: usize) -> Self {
        self.hex_bytes = Some(bytes);
        self
    }

    pub(super) fn args(&self) -> Vec<String> {
        let mut args: Vec<String> =
            ["strace", "-f", "-qq", "-y", "-o", self.log.to_str().unwrap()].map(str::to_owned).to_vec();
        for expression in &self.expressions {
            args.extend(["-e".to_owned(), expression.clone()]);
        }
        for path in &self.paths {
            args.extend(["-P".to_owned(), path.to_str().unwrap().to_owned()]);
        }
        if let Some(bytes) = self.hex_bytes {
            args.extend(["-xx".to_owned(), "-s".to_owned(), bytes.to_string()]);
        }
        args.push("--".to_owned());
        args
    }

    /// The calls that were traced, one line each.
    pub fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.log).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// The sum of what the calls of these names returned, where they did not fail.
    pub fn sum(&self, calls: &[&str]) -> u64 {
        let is_meant = |line: &&String| calls.iter().any(|call| line.contains(&format!(" {call}(")));
        let returned = |line: &String| line.rsplit("= ").next()?.split_whitespace().next()?.parse::<u64>().ok();
        self.lines().iter().filter(is_meant).filter_map(returned).sum()
    }

    /// How often a call was made, on files whose path ends so.
    pub fn count(&self, call: &str, path_end: &str) -> usize {
        let (call, end) = (format!(" {call}("), format!("{path_end}>"));
        self.lines().iter().filter(|line| line.contains(&call) && line.contains(&end)).count()
    }
}
