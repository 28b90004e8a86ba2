//! The register of children: who runs on our behalf, so that the next start can end those that nobody ended.
//!
//! The guard ends a server when we are killed. The register is for when the guard was killed as well. It
//! needs `/proc` to know a process again; elsewhere nothing is registered.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::processes::{self, Process};
use crate::platform::{ProcessGroup, create_private_folders};

/// Entries that are looked at in one sweep.
const ENTRIES_MAX: usize = 1024;

/// The folder of the register.
#[derive(Debug, Default)]
pub(super) struct Register {
    folder: Option<PathBuf>,
    is_swept: Cell<bool>,
}

/// One child in it. It stays where nobody says [`Entry::remove`].
#[derive(Debug)]
pub(super) struct Entry(PathBuf);

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    boot: String,
    group: i32,
    started: u64,
    owner: i32,
    owner_started: u64,
}

impl Register {
    pub(super) fn new(state_folder: Option<&Path>) -> Self {
        Self { folder: state_folder.map(|folder| folder.join("children")), is_swept: Cell::new(false) }
    }

    /// Registers a child of ours. A register that cannot be written is no reason not to start it.
    pub(super) fn enter(&self, group: &ProcessGroup) -> Option<Entry> {
        let folder = self.folder.as_ref()?;
        let (child, owner) = (processes::of(group.leader()?)?, processes::of(i32::try_from(std::process::id()).ok()?)?);
        let record = Record {
            boot: processes::boot_id()?,
            group: child.id,
            started: child.started,
            owner: owner.id,
            owner_started: owner.started,
        };
        create_private_folders(folder).ok()?;
        let path = folder.join(format!("{}-{}", record.group, record.started));
        fs::write(&path, record.to_text()).ok()?;
        Some(Entry(path))
    }

    /// Ends what is left of processes that are no more. Once is enough.
    pub(super) fn sweep(&self) {
        if let Some(folder) = &self.folder
            && !self.is_swept.replace(true)
        {
            // There may be no folder yet.
            let _ = sweep(folder);
        }
    }
}

impl Entry {
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Record {
    fn to_text(&self) -> String {
        format!("{} {} {} {} {}\n", self.boot, self.group, self.started, self.owner, self.owner_started)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split_ascii_whitespace();
        Some(Self {
            boot: fields.next()?.to_owned(),
            group: fields.next()?.parse().ok()?,
            started: fields.next()?.parse().ok()?,
            owner: fields.next()?.parse().ok()?,
            owner_started: fields.next()?.parse().ok()?,
        })
    }
}

/// What to do with an entry.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// Its owner lives.
    Keep,
    /// There is nobody to end.
    Forget,
    End,
}

fn fate(record: &Record, boot: &str, processes: &[Process]) -> Fate {
    if record.boot != boot {
        return Fate::Forget;
    }
    let is_alive = |id, started| processes.iter().any(|process| process.id == id && process.started == started);
    if is_alive(record.owner, record.owner_started) {
        return Fate::Keep;
    }
    let leader = processes.iter().find(|process| process.id == record.group);
    let is_another = leader.is_some_and(|leader| leader.started != record.started);
    let is_member = |process: &&Process| process.group == record.group && process.started >= record.started;
    if is_another || processes.iter().find(is_member).is_none() { Fate::Forget } else { Fate::End }
}

fn sweep(folder: &Path) -> io::Result<()> {
    let entries: Vec<_> = fs::read_dir(folder)?.flatten().take(ENTRIES_MAX).collect();
    let (false, Some(boot)) = (entries.is_empty(), processes::boot_id()) else { return Ok(()) };
    let processes = processes::all();
    for entry in entries {
        let record = fs::read_to_string(entry.path()).ok().and_then(|text| Record::parse(&text));
        match record.as_ref().map_or(Fate::Forget, |record| fate(record, &boot, &processes)) {
            Fate::Keep => continue,
            Fate::Forget => {}
            Fate::End => {
                if let Some(mut group) = record.and_then(|record| ProcessGroup::led_by(record.group)) {
                    group.kill();
                }
            }
        }
        let _ = fs::remove_file(entry.path());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record { boot: "b".to_owned(), group: 10, started: 500, owner: 5, owner_started: 400 }
    }

    fn process(id: i32, group: i32, started: u64) -> Process {
        Process { id, parent: 1, group, started }
    }

    #[test]
    fn a_group_without_an_owner_is_ended_and_nobody_else_is() {
        let left = [process(10, 10, 500)];
        assert_eq!(fate(&record(), "b", &left), Fate::End);
        assert_eq!(fate(&record(), "another boot", &left), Fate::Forget);
        assert_eq!(fate(&record(), "b", &[process(5, 5, 400), left[0]]), Fate::Keep);
        assert_eq!(fate(&record(), "b", &[process(5, 5, 401), left[0]]), Fate::End, "its owner's id is another's now");
        assert_eq!(fate(&record(), "b", &[process(11, 10, 501)]), Fate::End, "the leader has gone");
        assert_eq!(fate(&record(), "b", &[process(10, 10, 700)]), Fate::Forget, "the id is another's now");
        assert_eq!(fate(&record(), "b", &[process(11, 11, 501)]), Fate::Forget);
    }

    #[test]
    fn a_record_survives_the_file() {
        assert_eq!(Record::parse(&record().to_text()), Some(record()));
        assert_eq!(Record::parse("nonsense"), None);
    }
}
