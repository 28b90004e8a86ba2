//! The files of the history on the disk: made private, recognised, moved aside; never deleted.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::conversation::now_ms;
use crate::platform::{create_private_folders, mode_of, private};

/// The mark of a damaged history that was moved away; a time follows.
pub const SET_ASIDE: &str = "corrupt-";

/// As many as Linux follows.
const LINKS_MAX: u32 = 40;

/// SQLite's companions of a database with a WAL.
const WAL_COMPANIONS: [&str; 2] = ["-wal", "-shm"];
/// And without: what undoes a transaction that was not finished. It must never meet another database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The file itself, where the path is a symbolic link: locks and companions go by its name, so that all who use it, by
/// whatever path, meet at the same ones. A link that leads nowhere stays as it is, and is told when it is opened.
#[must_use]
pub fn behind_links(path: &Path) -> PathBuf {
    let mut found = path.to_owned();
    for _ in 0..LINKS_MAX {
        let Ok(target) = fs::read_link(&found) else { break };
        found = found.parent().unwrap_or_else(|| Path::new("")).join(target);
    }
    let leads_somewhere = found == path || found.parent().is_some_and(Path::is_dir) && !found.is_symlink();
    if leads_somewhere { found } else { path.to_owned() }
}

/// Where the path is a symbolic link to something that is not there: words about it.
pub fn leads_nowhere(path: &Path) -> Option<String> {
    let target = fs::read_link(path).ok().filter(|_| !path.exists())?;
    let target = target.display();
    Some(format!("it is a symbolic link to {target}, which is not there: bring that back, or remove the link"))
}

/// Makes the folder and an empty file where they are missing, for nobody else to read. The
/// file has its mode before SQLite opens it; SQLite gives its companions the same.
pub fn prepare(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    match private(OpenOptions::new().write(true).create_new(true)).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

pub fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() { Ok(()) } else { create_private_folders(folder) }
}

/// The permission bits, if others than the owner can get at the file.
pub fn open_to_others(path: &Path) -> Option<u32> {
    let mode = mode_of(&fs::metadata(path).ok()?)?;
    (mode & 0o077 != 0).then_some(mode)
}

/// The path with something added to its last part.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Gives a finished file its name, unless somebody was faster: nothing is overwritten.
pub fn give_name(unfinished: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(unfinished, target) {
        Ok(()) => {
            let _ = fs::remove_file(unfinished);
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // Some file systems have no links, as FAT and those of some networks.
        Err(_) => rename_to_free(unfinished, target),
    }
}

/// A rename would overwrite what somebody has put there: so the name is taken first, with an empty file.
fn rename_to_free(unfinished: &Path, target: &Path) -> io::Result<()> {
    private(OpenOptions::new().write(true).create_new(true)).open(target)?;
    fs::rename(unfinished, target).inspect_err(|_| {
        let _ = fs::remove_file(target);
    })
}

/// Renames a database to `<path>.<mark>`, its companions with it. They go first: what is left
/// after a kill in between is a database without its WAL, never a new one with a foreign WAL.
pub fn move_aside(path: &Path, mark: &str) -> io::Result<PathBuf> {
    let target = free_name(path, mark);
    move_companions(path, &target, &COMPANIONS)?;
    fs::rename(path, &target)?;
    Ok(target)
}

/// Renames the WAL alone, after its database has gone. A journal is of the one that is there now.
pub fn move_wal_aside(path: &Path, mark: &str) -> io::Result<()> {
    move_companions(path, &free_name(path, mark), &WAL_COMPANIONS)
}

fn move_companions(path: &Path, target: &Path, companions: &[&str]) -> io::Result<()> {
    for suffix in companions {
        match fs::rename(beside(path, suffix), beside(target, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The time as part of a file name.
pub fn time_mark() -> String {
    jiff::Timestamp::from_millisecond(now_ms())
        .map_or_else(|_| "unknown".to_owned(), |time| time.strftime("%Y%m%dT%H%M%SZ").to_string())
}

fn free_name(path: &Path, mark: &str) -> PathBuf {
    let first = beside(path, &format!(".{mark}"));
    let more = (2_u32..).map(|number| beside(path, &format!(".{mark}-{number}")));
    let is_free = |candidate: &PathBuf| {
        !candidate.exists() && COMPANIONS.iter().all(|suffix| !beside(candidate, suffix).exists())
    };
    std::iter::once(first.clone()).chain(more).find(is_free).unwrap_or(first)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::{behind_links, beside, leads_nowhere, move_aside, open_to_others, prepare, rename_to_free};

    #[test]
    fn a_link_is_followed_to_where_a_file_is_or_can_be_made() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("real")).unwrap();
        fs::write(path("plain"), "").unwrap();
        symlink("real/history.db", path("link")).unwrap();
        symlink(path("link"), path("twice")).unwrap();
        symlink("gone/history.db", path("nowhere")).unwrap();
        symlink("round", path("round")).unwrap();
        for (from, to) in [
            ("plain", "plain"),
            ("missing", "missing"),
            ("link", "real/history.db"),
            ("twice", "real/history.db"),
            ("nowhere", "nowhere"),
            ("round", "round"),
        ] {
            assert_eq!(behind_links(&path(from)), path(to), "{from}");
        }
        let told = ["plain", "missing", "nowhere", "round"].map(|name| leads_nowhere(&path(name)).is_some());
        assert_eq!(told, [false, false, true, true]);
    }

    #[test]
    fn without_links_nothing_is_overwritten_either() {
        let folder = tempfile::tempdir().unwrap();
        let [unfinished, target] = ["unfinished", "target"].map(|name| folder.path().join(name));
        fs::write(&unfinished, "new").unwrap();
        fs::write(&target, "old").unwrap();
        rename_to_free(&unfinished, &target).unwrap_err();
        assert_eq!([&unfinished, &target].map(|path| fs::read_to_string(path).unwrap()), ["new", "old"]);
        fs::remove_file(&target).unwrap();
        rename_to_free(&unfinished, &target).unwrap();
        assert_eq!((fs::read_to_string(&target).unwrap(), unfinished.exists()), ("new".to_owned(), false));
        rename_to_free(&unfinished, &folder.path().join("other")).unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a name that was taken in vain is free again");
    }

    #[test]
    fn new_files_are_private_and_old_ones_keep_their_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/history.db");
        prepare(&path).unwrap();
        assert_eq!([open_to_others(&path), open_to_others(path.parent().unwrap())], [None, None]);
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        prepare(&path).unwrap();
        assert_eq!(open_to_others(&path), Some(0o644));
    }

    #[test]
    fn two_files_moved_in_one_second_both_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        for text in ["one", "two"] {
            fs::write(&path, text).unwrap();
            fs::write(beside(&path, "-wal"), text).unwrap();
            fs::write(beside(&path, "-journal"), text).unwrap();
            move_aside(&path, "corrupt-1").unwrap();
        }
        for (name, text) in [("", "one"), ("-wal", "one"), ("-2", "two"), ("-2-wal", "two"), ("-2-journal", "two")] {
            let moved = beside(&path, &format!(".corrupt-1{name}"));
            assert_eq!(fs::read_to_string(&moved).unwrap(), text, "{moved:?}");
        }
    }
}
