//! The same questions to sayso and to simonw's llm, each with a million messages of its own.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// llm takes a second for most of these.
const ROUNDS: usize = 5;

/// What is asked: of sayso, and of llm.
const QUESTIONS: [(&str, &[&str], &[&str]); 6] = [
    ("nothing: `--version`", &["--version"], &["--version"]),
    ("the last message", &["history", "show", "--limit", "1"], &["logs", "-n", "1"]),
    ("a list of 50", &["history", "list"], &["logs", "--short", "-n", "50"]),
    ("search: a rare word, 20 hits", &["history", "search", "zebra"], &["logs", "-q", "zebra", "-n", "20"]),
    ("search: a frequent word, 20 hits", &["history", "search", "the"], &["logs", "-q", "the", "-n", "20"]),
    ("search: both words", &["history", "search", "zebra the"], &["logs", "-q", "zebra the", "-n", "20"]),
];

/// `llm` is the program, `folder` its folder (`LLM_USER_PATH`).
pub fn compare(sayso: &Path, home: &Path, llm: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    writeln!(out, "| | sayso ms | llm ms | ratio |\n|---|---:|---:|---:|")?;
    for (what, ours, theirs) in QUESTIONS {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            times[0].push(super::time(sayso, home, ours)?);
            times[1].push(ask_llm(llm, folder, theirs)?);
        }
        let [one, other] = times.map(|mut times| {
            times.sort();
            times[ROUNDS / 4].as_secs_f64() * 1000.0
        });
        writeln!(out, "| {what} | {one:.1} | {other:.0} | {:.0} |", other / one)?;
    }
    Ok(())
}

fn ask_llm(llm: &Path, folder: &Path, arguments: &[&str]) -> io::Result<Duration> {
    let started = Instant::now();
    let status = Command::new(llm)
        .args(arguments)
        .env("LLM_USER_PATH", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    let took = started.elapsed();
    if status.success() { Ok(took) } else { Err(io::Error::other(format!("llm {arguments:?}: {status}"))) }
}
