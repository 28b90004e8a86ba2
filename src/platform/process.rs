//! This process and its threads, as the system counts them, and programs that every system has under a name of its own.

use std::time::Duration;

/// Shows the page whose address is its last argument.
pub const PAGE_OPENER: &[&str] = if cfg!(windows) {
    &["rundll32", "url.dll,FileProtocolHandler"]
} else if cfg!(target_os = "macos") {
    &["open"]
} else {
    &["xdg-open"]
};

/// Where nobody has said which editor they like.
pub const USUAL_EDITOR: &str = if cfg!(windows) { "notepad" } else { "vi" };

/// What this thread has taken of the processor, where the system tells; else the time since it first asked.
#[cfg(unix)]
#[must_use]
pub fn thread_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(not(unix))]
#[must_use]
pub fn thread_time() -> Duration {
    use std::time::Instant;
    thread_local! {
        static FIRST_ASKED: Instant = Instant::now();
    }
    FIRST_ASKED.with(Instant::elapsed)
}

/// The same for all commands that are typed into one terminal, and for no other. `None`: there is no terminal, as
/// in a job of the system, or the system does not tell.
#[cfg(unix)]
#[must_use]
pub fn terminal_session() -> Option<String> {
    std::fs::File::open("/dev/tty").ok()?;
    let leader = rustix::process::getsid(None).ok()?.as_raw_nonzero();
    // Numbers of processes come again; together with a beginning they do not, as long as the system runs.
    let started = std::fs::read_to_string(format!("/proc/{leader}/stat")).ok().and_then(|stat| start_time(&stat));
    Some(format!("{leader}-{}", started.unwrap_or_default()))
}

#[cfg(not(unix))]
#[must_use]
pub fn terminal_session() -> Option<String> {
    None
}

/// The time at which a process began, from what Linux tells of it. The name before it can hold anything.
#[cfg(unix)]
fn start_time(stat: &str) -> Option<String> {
    const FIELD_AFTER_NAME: usize = 19;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(FIELD_AFTER_NAME).map(str::to_owned)
}

#[cfg(all(test, unix))]
mod tests {
    use super::start_time;

    #[test]
    fn the_beginning_of_a_process_stands_behind_its_name() {
        let stat = "42 (a) 7 (b) S 1 42 42 34816 50 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 2";
        assert_eq!(start_time(stat).as_deref(), Some("98765"));
        assert_eq!(start_time("nonsense"), None);
    }
}
