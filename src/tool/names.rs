//! Names of tools as every API takes them: `server__tool`, one for each tool and never two alike.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The server that the toolbox's own tools belong to.
pub const OWN_SERVER: &str = "sayso";

/// What the strictest API takes.
const BYTES_MAX: usize = 64;
const HASH_DIGITS: usize = 16;

/// The name for the model. It depends on nothing but the two names: not on what else there is.
///
/// A name that no API would misread stays as it is. Every other one ends in a hash of what it
/// really is; and a name that only looks as if it did gets one too, so that nothing can pass for
/// something else.
#[must_use]
pub fn model_name(server: &str, tool: &str) -> String {
    let plain = format!("{server}__{tool}");
    // Up to the first `__` it is the server: else `a__b` + `c` would be `a` + `b__c`.
    let is_unambiguous = !server.is_empty() && !server.contains("__") && !server.ends_with('_') && server != OWN_SERVER;
    if is_unambiguous && plain.len() <= BYTES_MAX && plain.bytes().all(is_plain) && !ends_in_hash(&plain) {
        return plain;
    }
    let mut name: String = plain.chars().map(|char| if is_plain_char(char) { char } else { '_' }).collect();
    name.truncate(BYTES_MAX - HASH_DIGITS - 1);
    name.push('_');
    name.push_str(&hash(server, tool));
    name
}

/// The name of one of the toolbox's own tools.
#[must_use]
pub fn own_name(tool: &str) -> String {
    format!("{OWN_SERVER}__{tool}")
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn is_plain_char(char: char) -> bool {
    u8::try_from(char).is_ok_and(is_plain)
}

fn ends_in_hash(name: &str) -> bool {
    let bytes = name.as_bytes();
    let Some(start) = bytes.len().checked_sub(HASH_DIGITS + 1) else { return false };
    bytes[start] == b'_' && bytes[start + 1..].iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn hash(server: &str, tool: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update((server.len() as u64).to_be_bytes());
    hasher.update(server);
    hasher.update(tool);
    let mut digits = String::with_capacity(HASH_DIGITS);
    for byte in &hasher.finalize()[..HASH_DIGITS / 2] {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_stay_and_others_get_a_hash() {
        assert_eq!(model_name("files", "read"), "files__read");
        assert_eq!(model_name("a", "b__c"), "a__b__c");
        for (server, tool, start) in [
            ("a__b", "c", "a__b__c_"),
            ("a_", "b", "a___b_"),
            ("a", "b.c", "a__b_c_"),
            ("a", "größe", "a__gr__e_"),
            ("", "x", "__x_"),
            ("sayso", "find_tools", "sayso__find_tools_"),
            ("a", "b_0123456789abcdef", "a__b_0123456789abcdef_"),
        ] {
            let name = model_name(server, tool);
            assert!(name.starts_with(start) && ends_in_hash(&name), "{name}");
        }
        let long = model_name("server", &"x".repeat(200));
        assert!(long.len() == BYTES_MAX && ends_in_hash(&long), "{long}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn two_tools_never_have_one_name(
            first in ("[a-c_./]{0,4}", "[a-c_./]{0,4}(_[0-9a-f]{16})?"),
            second in ("[a-c_./]{0,4}", "[a-c_./]{0,4}(_[0-9a-f]{16})?"),
        ) {
            let names = [&first, &second].map(|(server, tool)| model_name(server, tool));
            prop_assert_eq!(first == second, names[0] == names[1]);
            // Nor can a tool be named after what another one was turned into.
            let third = ("a", names[0].strip_prefix("a__").unwrap_or(&names[0]));
            let is_second = third == (second.0.as_str(), second.1.as_str());
            prop_assert_eq!(is_second, model_name(third.0, third.1) == names[1]);
        }

        #[test]
        fn every_name_is_taken_by_every_api(server in ".{0,80}", tool in ".{0,200}") {
            let name = model_name(&server, &tool);
            prop_assert!((1..=BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain), "{}", name);
        }
    }
}
