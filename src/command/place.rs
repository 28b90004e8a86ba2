//! Where somebody is at work: the session of the terminal, and the folder. `-c` looks there first.

use std::fs;

use rustix::process::getsid;

use crate::history::Place;

/// Of this process.
#[must_use]
pub fn place() -> Place {
    let folder = std::env::current_dir().ok().and_then(|folder| folder.into_os_string().into_string().ok());
    Place { terminal: terminal_session(), folder }
}

/// The same for all commands that are typed into one terminal, and for no other. `None`: there is no terminal, as
/// in a job of the system.
fn terminal_session() -> Option<String> {
    fs::File::open("/dev/tty").ok()?;
    let leader = getsid(None).ok()?.as_raw_nonzero();
    // Numbers of processes come again; together with a beginning they do not, as long as the system runs.
    let started = fs::read_to_string(format!("/proc/{leader}/stat")).ok().and_then(|stat| start_time(&stat));
    Some(format!("{leader}-{}", started.unwrap_or_default()))
}

/// The time at which a process began, from what Linux tells of it. The name before it can hold anything.
fn start_time(stat: &str) -> Option<String> {
    const FIELD_AFTER_NAME: usize = 19;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(FIELD_AFTER_NAME).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::start_time;

    #[test]
    fn the_beginning_of_a_process_stands_behind_its_name() {
        let stat = "42 (a) 7 (b) S 1 42 42 34816 50 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 2";
        assert_eq!(start_time(stat).as_deref(), Some("98765"));
        assert_eq!(start_time("nonsense"), None);
    }
}
