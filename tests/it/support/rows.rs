//! Tables of promises, each with the tests that prove it by name.

use std::fs;
use std::path::Path;

/// What is promised, and the tests.
pub type Row = (&'static str, &'static [&'static str]);

/// Panics where a promise has no test, or names one that is not there.
#[track_caller]
pub fn assert_tested(rows: &[Row]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    sources(&root.join("tests/it"), &mut text);
    sources(&root.join("src"), &mut text);
    let is_missing = |name: &&str| !text.contains(&format!("fn {name}("));
    for (promise, tests) in rows {
        let missing: Vec<_> = tests.iter().copied().filter(is_missing).collect();
        assert!(!tests.is_empty() && missing.is_empty(), "{promise}: no test named {missing:?}");
    }
}

/// All sources below `folder`, as one text.
fn sources(folder: &Path, text: &mut String) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
