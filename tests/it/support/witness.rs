//! Tells how slow the machine was meanwhile: where the disk hangs, a promise about milliseconds waits for it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Writes and syncs a small file of its own, again and again until it is dropped.
pub struct Witness {
    is_over: Arc<AtomicBool>,
    slowest_us: Arc<AtomicU64>,
}

impl Witness {
    /// On the file system of this folder.
    pub fn start(folder: &Path) -> Self {
        const PAUSE: Duration = Duration::from_millis(10);
        let witness = Self { is_over: Arc::default(), slowest_us: Arc::default() };
        let (is_over, slowest_us) = (Arc::clone(&witness.is_over), Arc::clone(&witness.slowest_us));
        let mut file = File::create(folder.join("witness")).unwrap();
        thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                let begun = Instant::now();
                thread::sleep(PAUSE);
                let _ = file.write_all(b".").and_then(|()| file.sync_data());
                let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
                slowest_us.fetch_max(took, Ordering::SeqCst);
            }
        });
        witness
    }

    /// The longest that one round took so far.
    pub fn slowest(&self) -> Duration {
        Duration::from_micros(self.slowest_us.load(Ordering::SeqCst))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}
