//! What a change looks like: a unified diff.

use std::time::Duration;

use similar::TextDiff;

/// Beyond it a coarser diff has to do.
const TIME_MAX: Duration = Duration::from_millis(500);
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// `None` on one side: no file. Names are those that were asked for.
pub fn unified(path: &str, before: Option<&str>, after: Option<&str>) -> String {
    let name = |text: Option<&str>, side: &str| match text {
        Some(_) => format!("{side}/{}", path.trim_start_matches('/')),
        None => "/dev/null".to_owned(),
    };
    let (old, new) = (name(before, "a"), name(after, "b"));
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    if before == after {
        return format!("{path} stays as it is\n");
    }
    let diff = TextDiff::configure().timeout(TIME_MAX).diff_lines(before, after);
    cut(diff.unified_diff().context_radius(3).header(&old, &new).to_string())
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT_BYTES_MAX {
        let left_out = text.len() - TEXT_BYTES_MAX;
        let end = text.floor_char_boundary(TEXT_BYTES_MAX);
        text.truncate(end);
        text.push_str(&format!("\n[{left_out} more bytes of changes are not shown]\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_as_git_shows_them() {
        assert_eq!(
            unified("x/y", Some("a\nb\n"), Some("a\nc")),
            "--- a/x/y\n+++ b/x/y\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n"
        );
        assert_eq!(unified("/x", None, Some("a\n")), "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n");
        assert_eq!(unified("x", Some("a"), Some("a")), "x stays as it is\n");
    }
}
