//! The power goes: writes that were not synced are lost, torn and reordered. What was said to be saved is there.
//!
//! strace records what real runs write and sync. A state is what a disk may hold when the power goes at some
//! moment: everything that was synced by then, and any part of the rest in any order.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use rusqlite::Connection;

use crate::support::{ModelServer, Reply, Sandbox, Strace, TestConfig, long_tests, needs};

/// What a disk writes whole.
const SECTOR: usize = 512;
const CALLS: &str = "pwrite64,ftruncate,fdatasync,fsync,unlink,sendto,writev,write";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    Database,
    Wal,
    /// Of the time before the WAL: a commit rolls back while it is there.
    Journal,
    /// Removing a file is durable when its folder is synced.
    Folder,
}

#[derive(Clone, Debug)]
enum Event {
    Write {
        place: Place,
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        place: Place,
        length: usize,
    },
    Synced(Place),
    JournalRemoved,
    /// The first bytes of the request of this run went out: its prompt is durable.
    Sent(usize),
    /// This run has ended: its answer is durable.
    Ended(usize),
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % sides.max(1) as u64).unwrap()
    }
}

/// The events of one traced run.
fn events(lines: &[String], run: usize) -> Vec<Event> {
    let mut events = Vec::new();
    let mut syncing: HashMap<String, Place> = HashMap::new();
    let mut is_sent = false;
    for line in lines {
        let Some((pid, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let place = place_named_in(call);
        if call.starts_with("<... f") && call.contains("sync resumed>") {
            events.extend(syncing.remove(pid).map(Event::Synced));
        } else if call.starts_with("fdatasync(") || call.starts_with("fsync(") {
            let Some(place) = place else { continue };
            if call.contains("unfinished") {
                syncing.insert(pid.to_owned(), place);
            } else {
                events.push(Event::Synced(place));
            }
        } else if call.starts_with("pwrite64(") {
            let Some(place) = place else { continue };
            let (bytes, rest) = string_of(call);
            let offset = rest.split([',', ')', ' ']).filter(|part| !part.is_empty()).nth(1).unwrap();
            events.push(Event::Write { place, offset: offset.parse().unwrap(), bytes });
        } else if call.starts_with("ftruncate(") {
            let Some(place) = place else { continue };
            let length = call.split(">, ").nth(1).unwrap();
            let length: String = length.chars().take_while(char::is_ascii_digit).collect();
            events.push(Event::Truncate { place, length: length.parse().unwrap() });
        } else if call.starts_with("unlink(") && call.contains(&hex("/history.db-journal")) {
            events.push(Event::JournalRemoved);
        } else if call.contains(&hex("socket:")) && call.contains(&hex("POST")) && !is_sent {
            is_sent = true;
            events.push(Event::Sent(run));
        }
    }
    events.push(Event::Ended(run));
    events
}

/// As strace writes strings and paths.
fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

fn place_named_in(call: &str) -> Option<Place> {
    let names = [
        ("/history.db", Place::Database),
        ("/history.db-wal", Place::Wal),
        ("/history.db-journal", Place::Journal),
        ("/data/sayso", Place::Folder),
    ];
    names.into_iter().find(|(name, _)| call.contains(&(hex(name) + ">"))).map(|(_, place)| place)
}

/// The bytes of the first string, written as `\x00`, and what follows it.
fn string_of(call: &str) -> (Vec<u8>, &str) {
    let start = call.find('"').unwrap() + 1;
    let end = start + call[start..].find('"').unwrap();
    assert!(!call[end..].starts_with("\"..."), "strace has cut the bytes of a write");
    let digits: Vec<&str> = call[start..end].split("\\x").skip(1).collect();
    (digits.iter().map(|digit| u8::from_str_radix(digit, 16).unwrap()).collect(), &call[end + 1..])
}

#[derive(Default)]
struct Disk(HashMap<Place, Vec<u8>>);

impl Disk {
    fn apply(&mut self, event: &Event, dice: Option<&mut Dice>) {
        match event {
            Event::Write { place, offset, bytes } => {
                let file = self.0.entry(*place).or_default();
                if file.len() < offset + bytes.len() {
                    file.resize(offset + bytes.len(), 0);
                }
                let mut torn = dice.filter(|dice| dice.0 % 4 == 0);
                for (sector, part) in bytes.chunks(SECTOR).enumerate() {
                    // Torn: only some of its sectors.
                    if torn.as_mut().is_none_or(|dice| dice.roll(2) == 0) {
                        let start = offset + sector * SECTOR;
                        file[start..start + part.len()].copy_from_slice(part);
                    }
                }
            }
            Event::Truncate { place, length } => self.0.entry(*place).or_default().resize(*length, 0),
            Event::JournalRemoved => drop(self.0.remove(&Place::Journal)),
            Event::Synced(_) | Event::Sent(_) | Event::Ended(_) => {}
        }
    }

    fn write(&self, folder: &Path) {
        for (place, name) in
            [(Place::Database, "history.db"), (Place::Wal, "history.db-wal"), (Place::Journal, "history.db-journal")]
        {
            match self.0.get(&place) {
                Some(bytes) => fs::write(folder.join(name), bytes).unwrap(),
                None => drop(fs::remove_file(folder.join(name))),
            }
        }
        let _ = fs::remove_file(folder.join("history.db-shm"));
    }
}

fn place_of(event: &Event) -> Option<Place> {
    match event {
        Event::Write { place, .. } | Event::Truncate { place, .. } => Some(*place),
        Event::JournalRemoved => Some(Place::Folder),
        Event::Synced(_) | Event::Sent(_) | Event::Ended(_) => None,
    }
}

/// What may be there when the power goes after so many events.
fn state(events: &[Event], moment: usize, dice: &mut Dice) -> Disk {
    let mut disk = Disk::default();
    let mut open: Vec<&Event> = Vec::new();
    for (index, event) in events[..moment].iter().enumerate() {
        let Some(place) = place_of(event) else { continue };
        let later = &events[index..moment];
        if later.iter().any(|later| matches!(later, Event::Synced(other) if *other == place)) {
            disk.apply(event, None);
        } else if !(place == Place::Journal && later.iter().any(|later| matches!(later, Event::JournalRemoved))) {
            open.push(event);
        }
    }
    // Any of the rest, in any order.
    match dice.roll(4) {
        // Nothing of it, or all of it up to a moment: what most disks do.
        0 => {}
        1 => {
            let count = dice.roll(open.len() + 1);
            open[..count].iter().for_each(|event| disk.apply(event, None));
        }
        _ => {
            for last in (1..open.len()).rev() {
                open.swap(last, dice.roll(last + 1));
            }
            for event in open {
                if dice.roll(2) == 0 {
                    disk.apply(event, Some(dice));
                }
            }
        }
    }
    disk
}

/// The same of a copy: whoever looks into the file itself could write its WAL back, untraced.
fn messages_now(sandbox: &Sandbox) -> HashMap<String, (String, String)> {
    let copy = Sandbox::new();
    for name in ["history.db", "history.db-wal"] {
        let _ = fs::copy(sandbox.data_folder().join(name), copy.work_folder().join(name));
    }
    messages(&copy.work_folder().join("history.db")).unwrap()
}

/// The finished messages by id.
fn messages(path: &Path) -> rusqlite::Result<HashMap<String, (String, String)>> {
    let database = Connection::open(path)?;
    let mut statement = database.prepare("SELECT id, role, text FROM message WHERE status = 'complete'")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    rows.collect()
}

#[test]
fn no_finished_message_is_lost_and_nothing_is_corrupt_when_the_power_goes() {
    if !needs("strace") {
        return;
    }
    const RUNS: usize = 4;
    let reply = |number: usize| {
        (0..20)
            .fold(Reply::sse(), |reply, piece| reply.text(&format!("{number}.{piece} ").repeat(60)).sleep_ms(3))
            .finished()
    };
    let server = ModelServer::start((0..RUNS).map(reply).collect::<Vec<_>>());
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(10, 200));
    let mut all: Vec<Event> = Vec::new();
    let mut promised: Vec<HashMap<String, (String, String)>> = Vec::new();
    for run in 0..RUNS {
        let strace = Strace::new(&sandbox).trace(CALLS).hex(1 << 20);
        let prompt = format!("question {run}");
        let args = if run == 0 { vec![prompt.as_str()] } else { vec!["-c", prompt.as_str()] };
        sandbox.ask_once(args).strace(&strace).run().assert_exit(0);
        all.extend(events(&strace.lines(), run));
        promised.push(messages_now(&sandbox));
        if run == 1 {
            // A checkpoint, so that writes into the database itself are among them.
            let strace = Strace::new(&sandbox).trace(CALLS).hex(1 << 20);
            sandbox.sayso(["history", "scrub", "question"]).strace(&strace).run().assert_exit(0);
            all.extend(events(&strace.lines(), run).into_iter().filter(|event| !matches!(event, Event::Ended(_))));
            promised[run] = messages_now(&sandbox);
            all.retain(|event| !matches!(event, Event::Ended(1)));
            all.push(Event::Ended(1));
        }
    }
    let syncs = all.iter().filter(|event| matches!(event, Event::Synced(_))).count();
    let sent = all.iter().filter(|event| matches!(event, Event::Sent(_))).count();
    assert!(syncs >= 2 * RUNS && sent == RUNS, "{syncs} syncs, {sent} requests in {} events", all.len());
    let states = if long_tests() { 10_000 } else { 1_000 };
    let lost = losses(&all, &promised, states);
    let _ = writeln!(std::io::stderr(), "{} of {states} states have lost something", lost.len());
    assert!(lost.is_empty(), "{} of {states} states: {:#?}", lost.len(), &lost[..lost.len().min(5)]);
    // The same disk, but nothing is ever synced: this must be seen.
    all.retain(|event| !matches!(event, Event::Synced(_)));
    assert!(!losses(&all, &promised, 50).is_empty());
}

/// What is wrong in so many states.
fn losses(all: &[Event], promised: &[HashMap<String, (String, String)>], states: usize) -> Vec<String> {
    let place = Sandbox::new();
    let folder = place.work_folder();
    let mut dice = Dice(7);
    let mut lost = Vec::new();
    for number in 0..states {
        let moment = 1 + dice.roll(all.len());
        state(all, moment, &mut dice).write(&folder);
        if let Err(what) = check(&folder.join("history.db"), &all[..moment], promised) {
            lost.push(format!("state {number}, the power went after event {moment} of {}: {what}", all.len()));
        }
    }
    lost
}

/// What was promised by the end of these events is in the file, and the file is in order.
fn check(path: &Path, before: &[Event], promised: &[HashMap<String, (String, String)>]) -> Result<(), String> {
    let last = |run: fn(&Event) -> Option<usize>| before.iter().rev().find_map(run);
    let ended = last(|event| if let Event::Ended(run) = event { Some(*run) } else { None });
    let sent = last(|event| if let Event::Sent(run) = event { Some(*run) } else { None });
    let verdict: String = Connection::open(path)
        .and_then(|database| database.query_row("PRAGMA integrity_check", [], |row| row.get(0)))
        .map_err(|error| error.to_string())?;
    if verdict != "ok" {
        return Err(verdict);
    }
    if ended.is_none() && sent.is_none() {
        return Ok(());
    }
    let there = messages(path).map_err(|error| error.to_string())?;
    for (id, (role, text)) in ended.iter().flat_map(|run| &promised[*run]) {
        let found = there.get(id).ok_or_else(|| format!("{role} {id} is lost"))?;
        // The scrub changes prompts.
        if found.1 != *text && role != "user" {
            return Err(format!("{role} {id} has changed"));
        }
    }
    let prompts = there.values().filter(|(role, _)| role == "user").count();
    match sent {
        Some(run) if prompts <= run => Err(format!("the prompt of run {run} is lost")),
        _ => Ok(()),
    }
}
