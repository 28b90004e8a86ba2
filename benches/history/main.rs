//! A history of a million messages, and what it costs beside an empty one.
//!
//! ```sh
//! cargo build && cargo build --example history_bench      # or both with --release
//! history_bench make /tmp/big 1000000                     # once
//! history_bench measure target/debug/sayso /tmp/big /tmp/empty
//! history_bench search /tmp/big                           # the searches alone
//! history_bench crowd /tmp/crowd 64 100                   # 64 processes write 100 messages each
//! /venv/bin/python benches/history/fill_llm.py /tmp/big-llm 1000000
//! history_bench compare target/debug/sayso /tmp/big /venv/bin/llm /tmp/big-llm
//! ```
//!
//! Each folder is a home of its own. The commands take turns, so that ratios hold on a busy machine. What is
//! written are the tables of `benches/README.md`.

mod crowd;
mod peer;

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sayso::testing::{fill_history, search_history};

const USAGE: &str = "usage: make FOLDER MESSAGES | measure SAYSO BIG EMPTY | search BIG |
    crowd FOLDER PROCESSES MESSAGES | compare SAYSO BIG LLM LLM_FOLDER";

const ROUNDS: usize = 41;
/// Of what takes seconds.
const ROUNDS_OF_SLOW: usize = 3;
/// Searches of one kind.
const SEARCH_ROUNDS: usize = 15;

/// What people look for, from the easiest to the hardest. Words are those of `make`: each message has one of its own
/// (`n123456`), one in ten thousand a zebra, and nearly all of them `the`.
const SEARCHES: [(&str, &str); 17] = [
    ("a word that is not there", "unfindable"),
    ("a word of one message", "n123456"),
    ("a rare word", "zebra"),
    ("a frequent word", "the"),
    ("two frequent words", "river stone"),
    ("a rare and a frequent word", "zebra the"),
    ("a rare and five frequent words", "zebra the river stone green walks"),
    ("a rare word without a frequent one", "zebra NOT the"),
    ("a rare or a frequent word", "zebra OR the"),
    ("a phrase", "\"green river\""),
    ("a phrase that is nowhere, of frequent words", "\"green river green river green river\""),
    ("a beginning of a frequent word", "wat*"),
    ("a rare word and a beginning of a frequent one", "zebra wat*"),
    ("five beginnings of frequent words", "nob* kno* goe* gar* pap*"),
    ("a beginning of 100 words", "n1234*"),
    ("a beginning of 1,000 words", "n123*"),
    ("a beginning of 10,000 words", "n12*"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", folder, messages] => make(Path::new(folder), messages.parse()?),
        ["measure", sayso, big, empty] => measure(Path::new(sayso), Path::new(big), Path::new(empty)),
        ["search", folder] => search(Path::new(folder)),
        ["crowd", folder, processes, messages] => crowd::run(Path::new(folder), processes.parse()?, messages.parse()?),
        ["crowd-member", path, messages] => crowd::member(Path::new(path), messages.parse()?),
        ["compare", sayso, home, llm, folder] => {
            peer::compare(Path::new(sayso), Path::new(home), Path::new(llm), Path::new(folder))
        }
        _ => Err(USAGE.into()),
    }
}

fn database(folder: &Path) -> PathBuf {
    folder.join("data/sayso/history.db")
}

fn make(folder: &Path, messages: u64) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    fill_history(&database(folder), messages)?;
    let bytes = fs::metadata(database(folder))?.len();
    writeln!(io::stdout(), "{messages} messages, {} MiB, {:.0} s", bytes >> 20, started.elapsed().as_secs_f64())?;
    Ok(())
}

/// A command with its home in `folder`; the time from its start to its end.
fn time(sayso: &Path, folder: &Path, arguments: &[&str]) -> io::Result<Duration> {
    let mut command = Command::new(sayso);
    // Paths in such variables count only where they are whole.
    let folder = &std::path::absolute(folder)?;
    command.args(arguments).env_clear().env("HOME", folder);
    for (name, below) in [
        ("XDG_DATA_HOME", "data"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
    ] {
        command.env(name, folder.join(below));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let status = command.status()?;
    let took = started.elapsed();
    if status.success() { Ok(took) } else { Err(io::Error::other(format!("{arguments:?}: {status}"))) }
}

fn measure(sayso: &Path, big: &Path, empty: &Path) -> Result<(), Box<dyn Error>> {
    let commands: [(&str, &[&str]); 8] = [
        ("--version", &["--version"]),
        ("open: show the last message", &["history", "show", "--limit", "1"]),
        ("list", &["history", "list"]),
        ("append: a new conversation", &["ask", "-m", "demo:echo", "--no-tools", "hi"]),
        ("-c: go on with the last", &["ask", "-c", "-m", "demo:echo", "--no-tools", "hi"]),
        ("stats", &["stats", "--by", "model"]),
        ("doctor --history", &["doctor", "--history"]),
        ("sql: count", &["history", "sql", "SELECT count(*) FROM conversations"]),
    ];
    fs::create_dir_all(empty)?;
    // Something to show and to go on with, the same on both sides.
    for folder in [empty, big] {
        time(sayso, folder, &["ask", "-m", "demo:echo", "--no-tools", "hi"])?;
    }
    let mut out = io::stdout();
    writeln!(out, "| | empty ms | big ms | ratio |\n|---|---:|---:|---:|")?;
    for (name, arguments) in commands {
        let mut times = [Vec::new(), Vec::new()];
        let rounds = if name.starts_with("doctor") { ROUNDS_OF_SLOW } else { ROUNDS };
        for round in 0..rounds {
            for turn in 0..2 {
                // Who is first changes.
                let which = (round + turn) % 2;
                times[which].push(time(sayso, [empty, big][which], arguments)?);
            }
        }
        let [small, large] = times.map(|mut times| {
            times.sort();
            times[rounds / 4].as_secs_f64() * 1000.0
        });
        writeln!(out, "| {name} | {small:.1} | {large:.1} | {:.2} |", large / small)?;
    }
    writeln!(out)?;
    search(big)
}

fn search(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    writeln!(out, "| search, in the process | shown | ms |\n|---|---:|---:|")?;
    for (what, words) in SEARCHES {
        let (found, times) = search_history(&database(folder), words, SEARCH_ROUNDS)?;
        writeln!(out, "| {what}: `{words}` | {found} | {:.1} |", times.as_secs_f64() * 1000.0)?;
    }
    Ok(())
}
