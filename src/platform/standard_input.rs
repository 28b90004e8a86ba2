//! What stdin is, and whether anything comes there.

use std::time::Duration;

/// Whether what stands there can be read whole at once: nothing at all (`/dev/null`), or a file of at most
/// `file_bytes_max`. In doubt it cannot.
#[cfg(unix)]
#[must_use]
pub fn is_ready_whole(file_bytes_max: u64) -> bool {
    use rustix::fs::FileType;
    let Ok(about) = rustix::fs::fstat(std::io::stdin()) else { return false };
    match FileType::from_raw_mode(about.st_mode) {
        FileType::RegularFile => u64::try_from(about.st_size).is_ok_and(|bytes| bytes <= file_bytes_max),
        FileType::CharacterDevice => rustix::fs::stat("/dev/null").is_ok_and(|null| null.st_rdev == about.st_rdev),
        _ => false,
    }
}

#[cfg(not(unix))]
#[must_use]
pub fn is_ready_whole(_: u64) -> bool {
    false
}

/// Whether it has bytes, or has ended, within `wait`. Blocks.
#[cfg(unix)]
#[must_use]
pub fn shows_itself_within(wait: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = std::io::stdin();
    let timeout = Timespec { tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX), tv_nsec: 0 };
    loop {
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(count) => return count > 0,
            // What cannot be polled can be read.
            Err(_) => return true,
        }
    }
}

/// What comes stays in the buffer of the standard library, for whoever reads next. Where nothing comes, a thread is left
/// waiting, and nobody else can read.
#[cfg(not(unix))]
#[must_use]
pub fn shows_itself_within(wait: Duration) -> bool {
    use std::io::BufRead as _;
    let (tell, told) = std::sync::mpsc::channel();
    let watching = std::thread::Builder::new().spawn(move || {
        // An error shows itself as well: to the next reader.
        let _ = std::io::stdin().lock().fill_buf();
        let _ = tell.send(());
    });
    watching.is_err() || told.recv_timeout(wait).is_ok()
}
