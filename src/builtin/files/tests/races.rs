//! Somebody swaps folders and files for links while the tools work.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::json;

use super::Ground;

const SWAPS_MIN: u64 = 10_000;
const ROUNDS_MIN: u64 = 100;

/// Swaps names with one another, over and over: often enough, and as long as there is work going on.
struct Swapper {
    swaps: Arc<AtomicU64>,
    is_enough: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Swapper {
    fn start(pairs: Vec<(PathBuf, PathBuf)>) -> Self {
        let (swaps, is_enough) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, flag) = (swaps.clone(), is_enough.clone());
        let thread = std::thread::spawn(move || {
            while !flag.load(Ordering::SeqCst) {
                for (one, other) in &pairs {
                    swap(one, other);
                }
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { swaps, is_enough, thread }
    }

    /// How often it swapped.
    fn stop(self) -> u64 {
        self.is_enough.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        self.swaps.load(Ordering::SeqCst)
    }
}

/// In one step, where the system can.
fn swap(one: &Path, other: &Path) {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        // A tool can just have put a file in the place of one of them.
        let _ = renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE);
    }
    #[cfg(not(target_os = "linux"))]
    {
        let aside = one.with_extension("aside");
        let _ = fs::rename(one, &aside);
        let _ = fs::rename(other, one);
        let _ = fs::rename(&aside, other);
    }
}

#[tokio::test]
async fn ten_thousand_swaps_open_no_way_out() {
    let ground = Ground::new();
    // `dir` is a folder, or a link to one outside; `file.txt` a file, or a link to one outside.
    fs::create_dir(ground.path("in/dir")).unwrap();
    ground.put("in/dir/secret.txt", "inside\n");
    ground.put("in/file.txt", "inside\n");
    ground.link("../out", "in/dir-link");
    ground.link("../out/secret.txt", "in/file-link");
    let client = ground.client().await;
    let swapper = Swapper::start(vec![
        (ground.path("in/dir"), ground.path("in/dir-link")),
        (ground.path("in/file.txt"), ground.path("in/file-link")),
    ]);
    let (mut done, mut refused, mut rounds) = (0, 0, 0);
    while rounds < ROUNDS_MIN || swapper.swaps.load(Ordering::SeqCst) < SWAPS_MIN {
        rounds += 1;
        let calls = [
            ("read", json!({"path": "dir/secret.txt"})),
            ("read", json!({"path": "file.txt"})),
            ("grep", json!({"pattern": "SECRET"})),
            ("glob", json!({"pattern": "**/secret.txt"})),
            ("write", json!({"path": "dir/secret.txt", "content": "inside\n"})),
            ("write", json!({"path": "dir/new.txt", "content": "new\n"})),
            ("edit", json!({"path": "dir/secret.txt", "old": "inside", "new": "inside"})),
            ("make_folder", json!({"path": "dir/made"})),
            ("remove", json!({"path": "dir/made"})),
            ("remove", json!({"path": "dir/new.txt"})),
            ("move", json!({"from": "dir/secret.txt", "to": "dir/moved"})),
            ("move", json!({"from": "dir/moved", "to": "dir/secret.txt"})),
        ];
        for (tool, arguments) in calls {
            match client.call(tool, arguments.clone()).await {
                Ok(text) => {
                    assert!(!text.contains("SECRET"), "{tool} {arguments}: {text}");
                    done += 1;
                }
                Err(reason) => {
                    assert!(!reason.contains("SECRET"), "{tool} {arguments}: {reason}");
                    refused += 1;
                }
            }
        }
    }
    assert!(swapper.stop() >= SWAPS_MIN);
    assert_eq!(ground.text("out/secret.txt"), "SECRET\n");
    assert_eq!(ground.names("out"), ["secret.txt"]);
    assert!(
        done > ROUNDS_MIN && refused > ROUNDS_MIN,
        "both sides of the swap were met: {done} done, {refused} refused"
    );
}

#[tokio::test]
async fn a_change_by_somebody_else_is_not_overwritten() {
    use crate::builtin::files::change::{Change, Target};
    use crate::builtin::files::roots::Roots;

    let ground = Ground::new();
    let roots = Roots::open(&ground.settings(&[]));
    let plan = |path: &str| Change { target: Target::at(&roots, path).unwrap(), after: Some("mine\n".to_owned()) };
    let (change, new) = (plan("a.txt"), plan("new.txt"));
    ground.put("in/a.txt", "of somebody else\n");
    ground.put("in/new.txt", "of somebody else\n");
    assert_eq!(change.make().unwrap_err(), "a.txt has changed meanwhile: read it again");
    assert_eq!(new.make().unwrap_err(), "new.txt has changed meanwhile: read it again");
    assert_eq!(ground.names("in"), ["a.txt", "new.txt", "sub"]);
    assert_eq!(ground.text("in/a.txt"), "of somebody else\n");
}
