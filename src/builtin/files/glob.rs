//! Files by their names.

use globset::{GlobBuilder, GlobMatcher};

use super::arguments::Glob;
use super::roots::Roots;
use super::walk::{Flow, walk};

const PATHS_MAX: usize = 1000;

pub fn glob(roots: &Roots, arguments: &Glob, is_cancelled: &dyn Fn() -> bool) -> Result<String, String> {
    let matcher = matcher(&arguments.pattern)?;
    let folder = roots.folder(&arguments.path)?;
    let mut text = String::new();
    let mut count = 0;
    let ended = walk(&folder, is_cancelled, &mut |found| {
        if matcher.is_match(found.below) {
            if count == PATHS_MAX {
                text.push_str(&format!("[only the first {PATHS_MAX} are shown]\n"));
                return Flow::Stop;
            }
            count += 1;
            text.push_str(&format!("{}\n", path_below(&arguments.path, found.below)));
        }
        Flow::On
    });
    if let Some(reason) = ended {
        text.push_str(&format!("[incomplete: {reason}]\n"));
    }
    if text.is_empty() {
        text.push_str("[no file matches]\n");
    }
    Ok(text)
}

pub fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    let built = GlobBuilder::new(pattern).literal_separator(true).build();
    built.map(|glob| glob.compile_matcher()).map_err(|error| format!("{pattern} is no glob pattern: {}", error.kind()))
}

/// A path that other tools take, from the folder that was asked for and the way from there.
pub fn path_below(folder: &str, below: &str) -> String {
    match folder.trim_end_matches('/') {
        "." => below.to_owned(),
        folder => format!("{folder}/{below}"),
    }
}
