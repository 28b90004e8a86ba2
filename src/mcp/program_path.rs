//! Finds a program the way a shell does, in the environment that the child gets.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The absolute path of `program`: from the folder it is started in where the name has a slash,
/// else from `search_path`, the `PATH` of the child.
pub fn find(program: &str, search_path: Option<&str>, folder: &Path) -> io::Result<PathBuf> {
    if program.contains('/') {
        let path = folder.join(program);
        return if is_program(&path) { Ok(path) } else { Err(missing(&path, "is not there, or no program")) };
    }
    search_path
        .unwrap_or("/usr/local/bin:/usr/bin:/bin")
        .split(':')
        .filter(|folder| Path::new(folder).is_absolute())
        .map(|folder| Path::new(folder).join(program))
        .find(|path| is_program(path))
        .ok_or_else(|| missing(Path::new(program), "is not on the PATH"))
}

fn missing(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("the command {} {why}", path.display()))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
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
