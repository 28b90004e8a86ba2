//! Addresses: which may be linked to, and what a reader has to be told about them.

use std::fmt::Write as _;

/// Longer addresses are not followed by hand, and not by a click either.
pub const URL_BYTES_MAX: usize = 2048;

/// The address as it may be sent to a terminal: http, https or mailto, visible ASCII only. `None`: it is text.
#[must_use]
pub fn safe_url(raw: &str) -> Option<String> {
    let raw = raw.trim();
    let scheme = raw.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase())?;
    let rest = &raw[scheme.len() + 1..];
    let is_known = match scheme.as_str() {
        "http" | "https" => rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty()),
        "mailto" => rest.contains('@'),
        _ => false,
    };
    if !is_known || raw.len() > URL_BYTES_MAX {
        return None;
    }
    let mut url = String::with_capacity(raw.len());
    for byte in raw.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}') {
            url.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
    (url.len() <= 3 * URL_BYTES_MAX).then_some(url)
}

/// Where an address really leads: the host, or whom a mail goes to.
#[must_use]
pub fn host(url: &str) -> &str {
    let (scheme, rest) = url.split_once(':').unwrap_or_default();
    if scheme.eq_ignore_ascii_case("mailto") {
        return rest.split('?').next().unwrap_or(rest);
    }
    let authority = rest.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or(authority);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

/// Whether the text of a link names another place than the one it leads to.
#[must_use]
pub fn text_lies(text: &str, url: &str) -> bool {
    let host = bare(host(url)).to_ascii_lowercase();
    text.split(|char: char| char.is_whitespace() || matches!(char, '(' | ')' | ',' | '"' | '<' | '>'))
        .filter_map(named_host)
        .any(|named| named != host)
}

fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// The host that a word names, where it looks like an address.
fn named_host(word: &str) -> Option<String> {
    let word = word.trim_matches(['.', ':', ';', '!', '?', '\'']);
    let is_mail = word.contains('@') && !word.contains("//");
    if word.contains("//") || is_mail {
        let url = if word.contains(':') { word.to_owned() } else { format!("mailto:{word}") };
        return Some(bare(host(&url)).to_ascii_lowercase());
    }
    let name = word.split(['/', '?', '#', ':']).next()?;
    let (before, top) = name.rsplit_once('.')?;
    let is_name = !before.is_empty() && top.chars().count() >= 2 && top.chars().all(char::is_alphabetic);
    // `main.rs` and `Cargo.toml` are files.
    let is_host = is_name && (word.starts_with("www.") || is_top_level(top) || name.matches('.').count() > 1);
    is_host.then(|| bare(name).to_lowercase())
}

/// The usual ends of host names; the list only decides whether the host is shown once more.
fn is_top_level(top: &str) -> bool {
    const KNOWN: [&str; 24] = [
        "com", "org", "net", "io", "dev", "edu", "gov", "info", "biz", "app", "ai", "co", "me", "de", "uk", "eu", "fr",
        "ch", "nl", "us", "cloud", "site", "xyz", "example",
    ];
    KNOWN.contains(&top.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::{host, safe_url, text_lies};

    #[test]
    fn only_harmless_addresses_are_linked_to() {
        assert_eq!(safe_url("https://a.example/b c?d=\u{1b}é").as_deref(), Some("https://a.example/b%20c?d=%1B%C3%A9"));
        assert_eq!(safe_url("mailto:a@b.example").as_deref(), Some("mailto:a@b.example"));
        let long = format!("https://a.example/{}", "x".repeat(3000));
        for bad in ["javascript:alert(1)", "file:///etc/passwd", "http:", "https:x", "data:,", "a", "mailto:", &long] {
            assert_eq!(safe_url(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_host_is_the_one_that_is_connected_to() {
        for (url, expected) in [
            ("https://docs.rs/x", "docs.rs"),
            ("https://bank.example@evil.example:8443/x", "evil.example"),
            ("http://[::1]:80/", "[::1]"),
            ("mailto:a@b.example?subject=x", "a@b.example"),
        ] {
            assert_eq!(host(url), expected);
        }
    }

    #[test]
    fn a_text_that_names_another_host_lies() {
        for text in ["https://bank.example/login", "bank.example", "www.bank.com", "log in at bank.com!", "me@bank.com"]
        {
            assert!(text_lies(text, "https://evil.example/"), "{text}");
        }
        for text in ["the book", "main.rs", "https://evil.example", "www.evil.example/x", "v1.2.3", "e.g. this"] {
            assert!(!text_lies(text, "https://evil.example/"), "{text}");
        }
    }
}
