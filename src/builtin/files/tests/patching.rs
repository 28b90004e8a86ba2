//! Patches: what models write, and what does not fit.

use serde_json::json;

use super::Ground;
use crate::builtin::files::patch::{apply, parse};

fn patched(text: &str, patch: &str) -> Result<String, String> {
    let files = parse(&format!("--- a/x\n+++ b/x\n{patch}"))?;
    apply(text, &files[0].hunks)
}

const TEN: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

#[test]
fn hunks_land_where_their_lines_are() {
    let fits = |patch: &str, expected: &str| assert_eq!(patched(TEN, patch).unwrap(), expected, "{patch}");
    fits("@@ -2,2 +2,2 @@\n 2\n-3\n+three\n", "1\n2\nthree\n4\n5\n6\n7\n8\n9\n10\n");
    // Wrong numbers, and none at all.
    fits("@@ -7,9 +7,1 @@ fn\n 2\n-3\n+three\n", "1\n2\nthree\n4\n5\n6\n7\n8\n9\n10\n");
    fits("@@\n-10\n+ten\n\\ No newline at end of file\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\nten");
    fits("@@ -1 +0,0 @@\n-1\n@@ -9,2 +8,3 @@\n 9\n 10\n+11\n", "2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n");
    fits("@@ -4,0 +5 @@\n+new\n", "1\n2\n3\n4\nnew\n5\n6\n7\n8\n9\n10\n");
    assert_eq!(patched("a", "@@ -1 +1,2 @@\n a\n+b\n").unwrap(), "a\nb\n");
    assert_eq!(patched("a\n\nb\n", "@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n\n").unwrap(), "a\n\nc\n");
    assert_eq!(patched("-- x\n", "@@ -1 +1 @@\n--- x\n+++ y\n").unwrap(), "++ y\n");
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |text: &str, patch: &str| patched(text, patch).unwrap_err();
    assert_eq!(
        refused(TEN, "@@ -2,2 +2,2 @@\n 2\n-4\n+x\n"),
        "hunk 1 does not fit: no place has its 2 old lines, as in `2`"
    );
    assert_eq!(
        refused("a\nb\na\n", "@@ -9 +9 @@\n-a\n+x\n"),
        "hunk 1 fits in several places (lines 1 and 3, for two): its line numbers are wrong, or it needs more context"
    );
    // The second hunk lies before the first.
    assert!(refused(TEN, "@@ -5 +5 @@\n-5\n+x\n@@ -2 +2 @@\n-2\n+x\n").starts_with("hunk 2 does not fit"));
    assert!(refused(TEN, "@@ -1 +1 @@\n 1\n").starts_with("a hunk changes nothing"));
    assert!(refused(TEN, "@@ -1 +1 @@\n*1\n").starts_with("a line of a hunk begins with none of"));
    assert!(parse("hello").unwrap_err().starts_with("that is no unified diff"));
    assert!(parse("@@ -1 +1 @@\n-a\n+b\n").unwrap_err().starts_with("the patch names no file"));
    assert!(parse("--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n").unwrap_err().starts_with("a patch cannot rename"));
    assert!(parse("diff --git a/x b/y\nrename from x\nrename to y\n").is_err());
}

#[tokio::test]
async fn a_patch_changes_makes_and_removes_files() {
    let ground = Ground::new();
    let client = ground.client().await;
    ground.put("in/old.txt", "gone\r\nsoon\r\n");
    ground.put("in/dos.txt", "a\r\nb\r\n");
    let patch = "diff --git a/a.txt b/a.txt\nindex 1..2 100644\n--- a/a.txt\t2026-01-01\n+++ b/a.txt\t2026-01-02\n\
        @@ -1,3 +1,2 @@\n one\n-two\n three\n\ndiff --git a/sub/new.txt b/sub/new.txt\nnew file mode 100644\n\
        --- /dev/null\n+++ b/sub/new.txt\n@@ -0,0 +1,2 @@\n+x\n+y\n--- a/dos.txt\n+++ b/dos.txt\n@@ -2 +2 @@\n-b\n+c\n\
        --- a/old.txt\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-gone\n-soon\n";
    let diff = client.call("patch", json!({"patch": patch})).await.unwrap();
    assert!(diff.contains("--- /dev/null\n+++ b/sub/new.txt\n@@ -0,0 +1,2 @@\n+x\n+y\n"), "{diff}");
    assert_eq!(ground.text("in/a.txt"), "one\nthree\n");
    assert_eq!(ground.text("in/sub/new.txt"), "x\ny\n");
    assert_eq!(ground.text("in/dos.txt"), "a\r\nc\r\n");
    assert_eq!(ground.names("in"), ["a.txt", "dos.txt", "sub"]);
    let back = client.call("patch", json!({"patch": diff.replace("a/a.txt", "a/../out/secret.txt")})).await;
    assert!(back.is_err());
}

#[tokio::test]
async fn a_patch_that_fits_in_part_changes_nothing() {
    let ground = Ground::new();
    let client = ground.client().await;
    let patch =
        "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+1\n--- a/sub/none\n+++ b/sub/none\n@@ -1 +1 @@\n-x\n+y\n";
    let refused = client.call("patch", json!({"patch": patch})).await.unwrap_err();
    assert_eq!(refused, "sub/none is not there");
    let wrong = client.call("patch", json!({"patch": "--- a.txt\n+++ a.txt\n@@ -1 +1 @@\n-uno\n+1\n"})).await;
    assert_eq!(wrong.unwrap_err(), "a.txt: hunk 1 does not fit: no place has its 1 old lines, as in `uno`");
    assert_eq!(ground.text("in/a.txt"), "one\ntwo\nthree\n");
}
