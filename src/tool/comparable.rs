//! Values as rules compare them: one form for everything that means the same.
//!
//! Letters that look or mean the same are made the same (NFKC). Then a URL is written as it would be
//! requested, and in everything else with a `/` the parts `.` and `..` are resolved, without a look
//! at the disk.

use unicode_normalization::UnicodeNormalization;

/// The form that has one writing only.
#[must_use]
pub fn comparable(text: &str) -> String {
    let folded = folded(text);
    address(&folded).map_or_else(|| lexical_path(&folded), String::from)
}

/// A text that is a URL as a whole.
#[must_use]
pub fn address(text: &str) -> Option<url::Url> {
    url::Url::parse(text).ok().filter(url::Url::has_authority)
}

/// A pattern in that form. A URL in it may have stars anywhere, so it stays as it is.
#[must_use]
pub fn comparable_pattern(pattern: &str) -> String {
    let folded = folded(pattern);
    if starts_with_scheme(&folded) { folded } else { lexical_path(&folded) }
}

/// Letters that look or mean the same made the same.
#[must_use]
pub fn folded(text: &str) -> String {
    text.nfkc().collect()
}

fn starts_with_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.*".contains(&b))
    })
}

/// `a//b/./c/../d` as `a/b/d`. What goes above its beginning keeps its `..`.
fn lexical_path(text: &str) -> String {
    if !text.contains('/') && text != "." && text != ".." {
        return text.to_owned();
    }
    let is_absolute = text.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if is_absolute => {}
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    match (is_absolute, path.is_empty()) {
        (true, _) => format!("/{path}"),
        (false, true) => ".".to_owned(),
        (false, false) => path,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_means_the_same_is_written_the_same() {
        for (text, expected) in [
            ("/tmp/../etc/passwd", "/etc/passwd"),
            ("/../..//etc/./passwd/", "/etc/passwd"),
            ("a/b/../../../c", "../c"),
            ("./src/main.rs", "src/main.rs"),
            ("a/..", "."),
            ("..", ".."),
            ("/", "/"),
            ("／etc／passwd", "/etc/passwd"),
            ("/tmp/\u{2025}/etc", "/etc"),
            ("plain words", "plain words"),
            ("HTTPS://Example.com:443/a/../b", "https://example.com/b"),
            ("https:\\\\example.com/%2e%2e/b", "https://example.com/b"),
            ("file:///tmp/../etc/passwd", "file:///etc/passwd"),
            ("/tmp/x://../../etc/passwd", "/etc/passwd"),
            ("ﬁle", "file"),
        ] {
            assert_eq!(comparable(text), expected, "{text}");
        }
        assert_eq!(comparable_pattern("./src//*"), "src/*");
        assert_eq!(comparable_pattern("https://*.example.com/*"), "https://*.example.com/*");
    }

    proptest! {
        #[test]
        fn paths_are_resolved_once_and_for_all(text in "[a./*]{0,16}") {
            let once = comparable(&text);
            prop_assert_eq!(comparable(&once), once.clone());
            prop_assert!(!text.starts_with('/') || !once.split('/').any(|part| part == ".." || part == "."));
        }
    }
}
