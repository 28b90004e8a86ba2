//! Finds a program the way a shell does, in the environment that the child gets.

use std::io;
use std::path::{Path, PathBuf};

/// Where programs are if nobody says it.
#[cfg(unix)]
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
#[cfg(not(unix))]
const USUAL_PATH: &str = r"C:\Windows\System32;C:\Windows";

/// Of programs, in the order in which they are looked for.
#[cfg(not(unix))]
const ENDINGS: [&str; 4] = ["com", "exe", "bat", "cmd"];

/// The absolute path of `program`: from the folder it is started in where the name has a slash,
/// else from `search_path`, the `PATH` of the child.
pub fn find(program: &str, search_path: Option<&str>, folder: &Path) -> io::Result<PathBuf> {
    if program.contains(std::path::is_separator) {
        let path = folder.join(program);
        return program_at(&path).ok_or_else(|| missing(&path, "is not there, or no program"));
    }
    std::env::split_paths(search_path.unwrap_or(USUAL_PATH))
        .filter(|folder| folder.is_absolute())
        .find_map(|folder| program_at(&folder.join(program)))
        .ok_or_else(|| missing(Path::new(program), "is not on the PATH"))
}

fn missing(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("the command {} {why}", path.display()))
}

#[cfg(unix)]
fn program_at(path: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let is_program = path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    is_program.then(|| path.to_owned())
}

/// Also where the ending is left out, as in `npx` for `npx.cmd`.
#[cfg(not(unix))]
fn program_at(path: &Path) -> Option<PathBuf> {
    let has_ending =
        path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)));
    if has_ending && path.is_file() {
        return Some(path.to_owned());
    }
    let with = |ending: &&str| {
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(ending);
        PathBuf::from(name)
    };
    ENDINGS.iter().map(with).find(|path| path.is_file())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_looked_up_and_a_path_is_taken_from_the_folder() {
        let folder = Path::new("/usr");
        assert_eq!(find("sh", Some("/nowhere:relative:/bin"), folder).unwrap(), Path::new("/bin/sh"));
        assert_eq!(find("../bin/sh", None, folder).unwrap(), Path::new("/usr/../bin/sh"));
        let error = find("no-such-program", Some("/bin"), folder).unwrap_err();
        assert_eq!(error.to_string(), "the command no-such-program is not on the PATH");
        assert!(find("/etc/passwd", None, folder).is_err(), "not a program");
    }
}
