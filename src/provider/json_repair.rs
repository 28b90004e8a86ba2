//! What the quick JSON parser cannot do: read what is slightly wrong, and survive deep nesting.

use serde_json::Value;

/// Any JSON that can be understood: doubled keys are read as the last one, and half a surrogate
/// pair (`\ud83d` alone, left over where a server cut a text between its halves) as U+FFFD.
pub(super) fn parse_leniently(text: &str) -> Option<Value> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&without_lone_surrogates(text))).ok()
}

/// Deeper nesting is refused; serde_json has the same limit.
const DEPTH_MAX: u32 = 127;
/// Shorter texts cannot nest so deeply that it matters, and most chunks are shorter.
const HARMLESS_BYTES: usize = 1 << 10;

/// Whether sonic-rs must not see the text: it skips unknown fields recursively, without a limit,
/// and would run out of stack.
pub(super) fn is_nested_too_deeply(json: &str) -> bool {
    if json.len() <= HARMLESS_BYTES {
        return false;
    }
    let (mut depth, mut is_text, mut is_escaped) = (0_u32, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => depth += 1,
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
}

fn without_lone_surrogates(text: &str) -> String {
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        let length = match (surrogate(escape), escape.get(6..).and_then(surrogate)) {
            (Some(Half::High), Some(Half::Low)) => 12,
            (Some(Half::High | Half::Low), _) => {
                repaired.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            // Both characters, because the second one can be a backslash of its own.
            (None, _) => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        repaired.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    repaired.push_str(rest);
    repaired
}

#[derive(Clone, Copy)]
enum Half {
    High,
    Low,
}

/// Which half of a pair the escape at the beginning of `text` is.
fn surrogate(text: &str) -> Option<Half> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..0xdc00 => Some(Half::High),
        0xdc00..0xe000 => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_nested_too_deeply, parse_leniently};

    #[test]
    fn half_a_pair_becomes_the_replacement_character() {
        let text = |json: &str| parse_leniently(json).map(|value| value.as_str().unwrap().to_owned());
        for (json, expected) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""a\ude00\ud83dz""#, "a\u{fffd}\u{fffd}z"),
            (r#""\ud83d\ude00 \ud83d""#, "😀 \u{fffd}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\\ud83d \ude00""#, "\\ud83d \u{fffd}"),
        ] {
            assert_eq!(text(json).as_deref(), Some(expected), "{json}");
        }
        assert_eq!(text(r#""\ud83"#), None);
        assert_eq!(parse_leniently(r#"{"a":1,"a":2}"#).map(|value| value.to_string()).as_deref(), Some(r#"{"a":2}"#));
    }

    #[test]
    fn nesting_is_counted_outside_of_text() {
        let nested = |depth: usize| format!("{}1{}{}", "[".repeat(depth), "]".repeat(depth), " ".repeat(2_000));
        assert!(!is_nested_too_deeply(&nested(127)));
        assert!(is_nested_too_deeply(&nested(128)));
        assert!(!is_nested_too_deeply(&format!("[\"\\\"{}\"]", "[".repeat(2_000))));
        assert!(!is_nested_too_deeply(&"[],".repeat(1_000)));
    }
}
