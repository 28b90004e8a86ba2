//! Many processes that write into one history at the same time: how long each message waits until it is on disk.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sayso::testing::{Entry, FlushOutcome, HistorySettings, IdSource, Journal, Message, Role, stored_messages};

const CLOSE_LIMIT: Duration = Duration::from_secs(60);

/// Starts the processes, waits for all, and writes how long their messages have waited.
pub fn run(folder: &Path, processes: usize, messages: usize) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let path = folder.join("history.db");
    let before = stored_messages(&path)?;
    let started = Instant::now();
    let member = |_| {
        Command::new(env::current_exe()?)
            .args(["crowd-member".as_ref(), path.as_os_str(), messages.to_string().as_ref()])
            .stdout(Stdio::piped())
            .spawn()
    };
    let members: Vec<_> = (0..processes).map(member).collect::<io::Result<_>>()?;
    let (mut waits, mut first): (Vec<f64>, f64) = (Vec::new(), 0.0);
    for mut member in members {
        let mut text = String::new();
        member.stdout.take().ok_or("no output")?.read_to_string(&mut text)?;
        if !member.wait()?.success() {
            return Err("a process has failed".into());
        }
        let waited = text.lines().map(str::parse::<f64>).collect::<Result<Vec<_>, _>>()?;
        first = first.max(waited.first().copied().unwrap_or_default());
        waits.extend(waited.into_iter().skip(1));
    }
    let seconds = started.elapsed().as_secs_f64();
    let (expected, stored) = (processes * messages, stored_messages(&path)? - before);
    let durable = waits.len() + processes;
    if (durable, stored) != (expected, expected) {
        return Err(format!("of {expected} messages {durable} were durable and {stored} are there").into());
    }
    waits.sort_by(f64::total_cmp);
    let part = |share: f64| waits.get((waits.len().saturating_sub(1) as f64 * share) as usize).copied().unwrap_or(0.0);
    let mut out = io::stdout();
    // With the first message a process waits for its start: for all others that start, and for whoever makes the file.
    writeln!(out, "| processes | messages of each | in all s | first, longest ms | median ms | p99 ms | longest ms |")?;
    writeln!(out, "|---:|---:|---:|---:|---:|---:|---:|")?;
    let (median, p99, longest) = (part(0.5), part(0.99), part(1.0));
    writeln!(out, "| {processes} | {messages} | {seconds:.1} | {first:.0} | {median:.0} | {p99:.0} | {longest:.0} |")?;
    Ok(())
}

/// One of them: each message is durable before the next one.
pub fn member(path: &Path, messages: usize) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let settings = HistorySettings { path: Some(path.to_owned()), ..HistorySettings::default() };
    let mut journal = Journal::start(settings);
    let mut ids = IdSource::default();
    let conversation = ids.conversation(1);
    journal.record(Entry::ConversationStarted { id: conversation.clone(), name: None, created_ms: 1 });
    let mut parent = None;
    let mut out = io::stdout().lock();
    for number in 0..messages {
        let id = ids.message(1);
        let text = format!("message {number} of many that are written at once");
        let message = Message::new(id.clone(), parent.replace(id), Role::User, text, 1);
        journal.record(Entry::MessageAdded { conversation: conversation.clone(), message });
        let started = Instant::now();
        match runtime.block_on(journal.flush()) {
            FlushOutcome::Durable => writeln!(out, "{}", started.elapsed().as_secs_f64() * 1000.0)?,
            other => return Err(format!("{other:?}").into()),
        }
    }
    runtime.block_on(journal.close(CLOSE_LIMIT));
    Ok(())
}
