//! What `.gitignore` files leave out, as Git reads them.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::config::read_regular_file;

/// Of one file; what is longer is no list of a few patterns.
const RULES_BYTES_MAX: u64 = 1 << 20;
/// Each path is matched with all of them.
const RULES_MAX: usize = 2_000;

struct Rule {
    /// Paths are matched from here on.
    folder: PathBuf,
    matcher: GlobMatcher,
    is_for_folders: bool,
    is_exception: bool,
}

/// The rules of a folder and of all above it; the last one that fits decides.
#[derive(Default)]
pub struct Ignored {
    rules: Vec<Rule>,
}

impl Ignored {
    /// What holds in `folder` because of the folders above it, up to that of the repository.
    pub fn above(folder: &Path) -> Result<Self, String> {
        let mut ignored = Self::default();
        let Ok(whole) = folder.canonicalize() else { return Ok(ignored) };
        let Some(root) = whole.ancestors().find(|above| above.join(".git").exists()) else { return Ok(ignored) };
        let mut above: Vec<&Path> = whole.ancestors().skip(1).take_while(|above| above.starts_with(root)).collect();
        above.reverse();
        above.into_iter().try_for_each(|above| ignored.enter(above))?;
        Ok(ignored)
    }

    /// How many rules there are, to go back to with [`Self::leave`].
    pub fn depth(&self) -> usize {
        self.rules.len()
    }

    /// Adds the rules of a folder. It has to be a whole path, as all paths that are asked about. The reason where they
    /// cannot be obeyed as a whole: what they leave out may be what nobody else is to see.
    pub fn enter(&mut self, folder: &Path) -> Result<(), String> {
        let path = folder.join(".gitignore");
        // Git follows no link here, and reads nothing else.
        if !path.symlink_metadata().is_ok_and(|about| about.is_file()) {
            return Ok(());
        }
        let unusable = |reason: &str| format!("{} {reason}; name the files themselves", path.display());
        let read = read_regular_file(&path, RULES_BYTES_MAX).map_err(|reason| unusable(&reason))?;
        let Some((text, _)) = read else { return Ok(()) };
        let text = String::from_utf8_lossy(&text);
        for rule in text.lines().filter_map(|line| rule(line, folder)) {
            if self.rules.len() == RULES_MAX {
                return Err(unusable(&format!("makes more than {RULES_MAX} rules with those above it")));
            }
            self.rules.push(rule);
        }
        Ok(())
    }

    pub fn leave(&mut self, depth: usize) {
        self.rules.truncate(depth);
    }

    pub fn leaves_out(&self, path: &Path, is_folder: bool) -> bool {
        let fits = |rule: &&Rule| {
            (is_folder || !rule.is_for_folders)
                && path.strip_prefix(&rule.folder).is_ok_and(|below| rule.matcher.is_match(below))
        };
        self.rules.iter().rev().find(fits).is_some_and(|rule| !rule.is_exception)
    }
}

fn rule(line: &str, folder: &Path) -> Option<Rule> {
    let line = without_spaces(line);
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (is_exception, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
    let (is_for_folders, line) = line.strip_suffix('/').map_or((false, line), |rest| (true, rest));
    // With a slash before its end a pattern is meant from this folder on, without one anywhere below.
    let pattern = match line.strip_prefix('/') {
        Some(rest) => rest.to_owned(),
        None if line.contains('/') => line.to_owned(),
        None => format!("**/{line}"),
    };
    let glob = GlobBuilder::new(&pattern).literal_separator(true).backslash_escape(true).build().ok()?;
    Some(Rule { folder: folder.to_owned(), matcher: glob.compile_matcher(), is_for_folders, is_exception })
}

/// Spaces at the end mean nothing, unless they are escaped.
fn without_spaces(line: &str) -> &str {
    let trimmed = line.trim_end_matches([' ', '\t', '\r']);
    if trimmed.ends_with('\\') && trimmed.len() < line.len() { &line[..=trimmed.len()] } else { trimmed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_git_reads_them() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().canonicalize().unwrap();
        let rules = "# words\n\n*.log\n!keep.log\n/top\nsub/inner\nbuild/\n\\#odd\nspaced  \ndoc/**/*.pdf\n";
        std::fs::write(folder.join(".gitignore"), rules).unwrap();
        let mut ignored = Ignored::default();
        ignored.enter(&folder).unwrap();
        let is_out = |path: &str| ignored.leaves_out(&folder.join(path), path.ends_with('/'));
        for out in ["a.log", "x/y/a.log", "top", "sub/inner", "build/", "x/build/", "#odd", "spaced", "doc/a/b.pdf"] {
            assert!(is_out(out), "{out}");
        }
        for there in ["keep.log", "x/keep.log", "x/top", "x/sub/inner", "build", "a.logs", "x/doc/a/b.pdf"] {
            assert!(!is_out(there), "{there}");
        }
        let before = ignored.depth();
        std::fs::create_dir(folder.join("x")).unwrap();
        std::fs::write(folder.join("x/.gitignore"), "!a.log\n").unwrap();
        ignored.enter(&folder.join("x")).unwrap();
        assert!(!ignored.leaves_out(&folder.join("x/a.log"), false));
        ignored.leave(before);
        assert!(ignored.leaves_out(&folder.join("x/a.log"), false));
    }

    #[test]
    fn rules_that_cannot_all_be_obeyed_are_told() {
        let place = tempfile::tempdir().unwrap();
        let told = |rules: String| {
            std::fs::write(place.path().join(".gitignore"), rules).unwrap();
            Ignored::default().enter(place.path())
        };
        assert_eq!(told("*.log\n# words\n\n".repeat(RULES_MAX)), Ok(()));
        assert!(told("*.log\n".repeat(RULES_MAX + 1)).unwrap_err().contains("makes more than 2000 rules"));
        assert!(told("#".repeat(2 << 20)).unwrap_err().contains("is larger than 1024 KiB; name the files"));
    }
}
