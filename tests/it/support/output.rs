//! What a finished run left behind, with the checks that every run must pass.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

pub struct Output {
    /// `None` after a signal that was not handled.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout_bytes: Vec<u8>,
    pub stderr: String,
    pub elapsed: Duration,
    /// The most memory it held, as far as seen; 0 where the system does not tell.
    pub rss_peak_kib: u64,
}

/// As text, and not all of it: this is what a failed test shows.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let beginning = |text: &str| text.chars().take(2_000).collect::<String>();
        f.debug_struct("Output")
            .field("code", &self.code)
            .field("signal", &self.signal)
            .field("stdout", &beginning(&self.stdout()))
            .field("stderr", &beginning(&self.stderr))
            .field("elapsed", &self.elapsed)
            .field("rss_peak_kib", &self.rss_peak_kib)
            .finish()
    }
}

impl Output {
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout_bytes).into_owned()
    }

    #[track_caller]
    pub fn assert_exit(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code of {self:?}");
        assert!(!self.stderr.contains("panicked at"), "{self:?}");
        self
    }

    #[track_caller]
    pub fn assert_stdout(self, text: &str) -> Self {
        assert_eq!(self.stdout(), text, "stdout of {self:?}");
        self
    }

    /// All of `parts` stand on stderr.
    #[track_caller]
    pub fn assert_stderr_has(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not in the stderr of {self:?}");
        }
        self
    }

    /// stderr holds nothing but what a good answer brings with it: usage, and what is continued.
    #[track_caller]
    pub fn assert_quiet(self) -> Self {
        let is_usual = |line: &str| line.starts_with("usage: ") || line.starts_with("continuing ");
        assert!(self.stderr.lines().all(is_usual), "stderr of {self:?}");
        self
    }

    #[track_caller]
    pub fn assert_silent(self) -> Self {
        assert_eq!(self.stderr, "", "stderr of {self:?}");
        self
    }

    /// The lines of `--format jsonl`; checked to be versioned and to end in the only `result`.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let stdout = self.stdout();
        assert!(stdout.ends_with('\n'), "the last line is not whole: {self:?}");
        let events: Vec<Value> = stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?} of {self:?}")))
            .collect();
        assert!(events.iter().all(|event| event["v"] == 1 && event["type"].is_string()), "{events:#?}");
        let results = events.iter().filter(|event| event["type"] == "result").count();
        assert_eq!((results, events.last().map(|event| event["type"] == "result")), (1, Some(true)), "{self:?}");
        events
    }

    /// The one `result`, whose exit code must be that of the process.
    #[track_caller]
    pub fn result(&self) -> Value {
        let result = self.events().pop().unwrap();
        assert_eq!(result["exit"].as_i64(), self.code.map(i64::from), "exit in {self:?}");
        result
    }

    /// The events of one type.
    #[track_caller]
    pub fn events_of(&self, kind: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["type"] == kind).collect()
    }
}
