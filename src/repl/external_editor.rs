//! Editing a prompt in the user's own editor.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow, bail, ensure};

use crate::platform::{create_private_folder, private};

const TEXT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Runs `editor` (a program and its arguments, split at blanks; no shell) on `text` and gives back
/// what was saved. By the extension an editor knows how to colour it. Blocks until the editor ends, and needs the terminal for itself.
pub fn edit_text(editor: &str, text: &str, extension: &str) -> anyhow::Result<String> {
    let mut words = editor.split_whitespace();
    let program = words.next().context("no editor is set: set $VISUAL or $EDITOR")?;
    let draft = Draft::create(text, extension).context("cannot make a file for the editor")?;
    let status = Command::new(program)
        .args(words)
        .arg(&draft.file)
        .status()
        .with_context(|| format!("cannot start the editor {program:?}: set $VISUAL or $EDITOR"))?;
    if !status.success() {
        bail!("the editor {program:?} failed ({status}); the text is as it was");
    }
    draft.read()
}

/// The text in a file of its own folder, so that an editor's backup and swap files go with it.
struct Draft {
    folder: PathBuf,
    file: PathBuf,
}

impl Draft {
    fn create(text: &str, extension: &str) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("sayso-{}", random_name()?));
        create_private_folder(&folder)?;
        // Dropping the draft removes the folder also when the next step fails.
        let draft = Self { file: folder.join(format!("sayso.{extension}")), folder };
        create_private_file(&draft.file)?.write_all(text.as_bytes())?;
        Ok(draft)
    }

    fn read(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        let file = File::open(&self.file).context("the editor removed the text")?;
        file.take(TEXT_BYTES_MAX + 1).read_to_string(&mut text).context("cannot read the edited text")?;
        ensure!(text.len() as u64 <= TEXT_BYTES_MAX, "the edited text is larger than {TEXT_BYTES_MAX} bytes");
        // The line end that editors add is not part of the prompt.
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        Ok(text.replace("\r\n", "\n"))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What is left in the folder of temporary files is private and does no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn random_name() -> anyhow::Result<String> {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    let mut name = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(name, "{byte:02x}")?;
    }
    Ok(name)
}

fn create_private_file(path: &Path) -> std::io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{Draft, edit_text};

    #[test]
    fn the_saved_text_comes_back_and_the_arguments_are_no_shell() {
        assert_eq!(edit_text("sed -i s/a/b/g", "a cat\n", "md").unwrap(), "b cbt");
        assert_eq!(edit_text("true", "two\nlines", "md").unwrap(), "two\nlines");
        assert!(edit_text("true ; false", "x", "md").is_ok());
    }

    #[test]
    fn a_failing_or_missing_editor_is_told() {
        let failed = edit_text("false", "x", "md").unwrap_err().to_string();
        assert!(failed.starts_with("the editor \"false\" failed"), "{failed}");
        let missing = edit_text("/nonexistent/editor", "x", "md").unwrap_err().to_string();
        assert!(missing.contains("set $VISUAL or $EDITOR"), "{missing}");
        assert!(edit_text("rm", "x", "md").unwrap_err().to_string().contains("removed the text"));
    }

    #[test]
    fn the_draft_is_private_and_goes_away() {
        let draft = Draft::create("x", "md").unwrap();
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&draft.folder), mode(&draft.file)), (0o700, 0o600));
        let folder = draft.folder.clone();
        drop(draft);
        assert!(!folder.exists());
    }
}
