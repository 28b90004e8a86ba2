//! The processes of this machine, where the system tells in `/proc`; none elsewhere.

use std::fs;
use std::path::Path;

/// One process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub id: i32,
    pub parent: i32,
    pub group: i32,
    /// In ticks since the machine started: with the id it names a process for good.
    pub started: u64,
}

/// All of them.
pub(super) fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(of).collect()
}

/// The one of this id, where there is one and it has not ended.
pub(super) fn of(id: i32) -> Option<Process> {
    parse(&fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat")).ok()?)
}

/// Names one start of the machine.
pub(super) fn boot_id() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

/// A line of `/proc/ID/stat`. Its second field is the name in brackets, and may hold anything.
fn parse(stat: &str) -> Option<Process> {
    let (before, after) = (stat.split_once('(')?.0, stat.rsplit_once(')')?.1);
    let fields: Vec<&str> = after.split_ascii_whitespace().collect();
    let is_zombie = matches!(*fields.first()?, "Z" | "X");
    (!is_zombie).then_some(())?;
    Some(Process {
        id: before.trim().parse().ok()?,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "42 (a) R 1 (b) S 7 41 40 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 123456 999 1 2";
        assert_eq!(parse(stat), Some(Process { id: 42, parent: 7, group: 41, started: 123_456 }));
        assert_eq!(parse(&stat.replace(") S 7", ") Z 7")), None);
        assert_eq!(parse("42"), None);
    }
}
