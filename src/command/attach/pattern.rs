//! Files by a pattern that the shell has left alone: `'src/**/*.rs'`.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use super::basket::Basket;
use super::{folder, open};
use crate::conversation::NotAttachable;

const SPECIAL: [char; 4] = ['*', '?', '[', '{'];

pub fn is_pattern(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains(SPECIAL))
}

/// Adds all files that fit. Hidden ones only where the pattern names them, and none that `.gitignore` leaves out.
pub fn add(pattern: &Path, basket: &mut Basket) -> Result<(), String> {
    let text = pattern.to_str().ok_or("the pattern is no text")?;
    let text = text.strip_prefix("./").unwrap_or(text);
    let glob = GlobBuilder::new(text).literal_separator(true).build();
    let glob = glob.map_err(|error| format!("it is no pattern: {}", error.kind()))?.compile_matcher();
    let names_hidden = text.split('/').any(|part| part.starts_with('.') && part != "..");
    let (before, mut left_out) = (basket.len(), 0_usize);
    folder::walk(&beginning(text), names_hidden, &mut |path| {
        if !glob.is_match(path) {
            return Ok(());
        }
        let name = path.to_string_lossy();
        let content = open::read(path).map_err(|reason| format!("{name}: {reason}"))?;
        match basket.add(&name, content) {
            Err(reason) if reason == NotAttachable::Unknown.to_string() => left_out += 1,
            added => added?,
        }
        Ok(())
    })
    .map_err(|reason| if beginning(text).is_dir() { reason } else { "no file fits it".to_owned() })?;
    if basket.len() == before && left_out == 0 {
        return Err("no file fits it that is neither hidden nor left out by .gitignore".to_owned());
    }
    if left_out > 0 {
        basket.notes.push(format!("{text}: {left_out} files are left out: they are neither text, image nor PDF"));
    }
    Ok(())
}

/// The folder above the first part with anything special in it.
fn beginning(pattern: &str) -> PathBuf {
    let plain: Vec<&str> = pattern.split('/').take_while(|part| !part.contains(SPECIAL)).collect();
    match plain.join("/").as_str() {
        "" if pattern.starts_with('/') => PathBuf::from("/"),
        "" => PathBuf::from("."),
        folder => PathBuf::from(folder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_begins_in_a_folder() {
        let begins = |pattern: &str| beginning(pattern).to_string_lossy().into_owned();
        assert_eq!(["*.rs", "src/**/*.rs", "/a/b?/c", "/*", "../x/*"].map(begins), [".", "src", "/a", "/", "../x"]);
        assert!(is_pattern(Path::new("a{b,c}")) && !is_pattern(Path::new("a b")));
    }
}
