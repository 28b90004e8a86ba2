//! Patterns in which `*` stands for any letters, also for none and for `/`.

/// Whether `pattern` matches `text`. Takes time for at most each pair of letters once.
#[must_use]
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            retry = Some((p + 1, t));
            p += 1;
        } else if p < pattern.len() && pattern[p] == text[t] {
            (p, t) = (p + 1, t + 1);
        } else if let Some((after_star, start)) = retry {
            retry = Some((after_star, start + 1));
            (p, t) = (after_star, start + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// Whether `pattern` matches whatever `other` matches. A `*` in `other` is only matched by one.
#[must_use]
pub fn covers(pattern: &str, other: &str) -> bool {
    // As a letter, `*` is matched by nothing but a `*`: no pattern has it as a letter.
    fits(pattern, other)
}

/// The server and tool patterns of `SERVER/TOOL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolPattern {
    pub server: String,
    pub tool: String,
}

/// Longer than any name that a server has.
const PATTERN_BYTES_MAX: usize = 256;

impl ToolPattern {
    /// Reads `SERVER/TOOL`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((server, tool)) = text.split_once('/') else {
            return Err(format!("{text:?} is not of the form SERVER/TOOL, as in `files/read` or `files/*`"));
        };
        if server.is_empty() || tool.is_empty() {
            return Err(format!("{text:?} can never match: servers and tools have names"));
        }
        if text.len() > PATTERN_BYTES_MAX || text.chars().any(crate::conversation::is_hidden) {
            return Err(format!("{text:?} can never match: it is not like the name of any tool"));
        }
        Ok(Self { server: server.to_owned(), tool: tool.to_owned() })
    }

    #[must_use]
    pub fn fits(&self, server: &str, tool: &str) -> bool {
        fits(&self.server, server) && fits(&self.tool, tool)
    }

    /// Whether it fits every call that `other` fits.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        covers(&self.server, &other.server) && covers(&self.tool, &other.tool)
    }

    /// Whether it names one tool of one server.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.server.contains('*') && !self.tool.contains('*')
    }

    /// Whether it names no server at all.
    #[must_use]
    pub fn is_any_server(&self) -> bool {
        self.server.bytes().all(|byte| byte == b'*')
    }
}

impl std::fmt::Display for ToolPattern {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.server, self.tool)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_stand_for_any_letters() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("read*", "read/all", true),
            ("a*c", "abac", true),
            ("a*c", "acb", false),
            ("ab", "a", false),
            ("", "", true),
            ("**a", "ba", true),
            ("ä*", "äh", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
        assert!(covers("*", "a*b") && covers("a*", "a*b") && !covers("ab", "a*") && !covers("a*c", "ac*"));
    }

    #[test]
    fn a_tool_is_named_with_its_server() {
        let pattern = ToolPattern::parse("a/b/*").unwrap();
        assert!(pattern.fits("a", "b/c") && !pattern.fits("a", "c") && !pattern.fits("a/b", "c"));
        for text in ["files", "*", "/x", "x/", "", "a/\u{200b}b"] {
            ToolPattern::parse(text).unwrap_err();
        }
    }

    proptest! {
        #[test]
        fn stars_match_as_a_slow_search_says(pattern in "[ab*]{0,8}", text in "[ab]{0,8}") {
            fn slow(pattern: &[u8], text: &[u8]) -> bool {
                match pattern.split_first() {
                    None => text.is_empty(),
                    Some((b'*', rest)) => (0..=text.len()).any(|at| slow(rest, &text[at..])),
                    Some((byte, rest)) => text.first() == Some(byte) && slow(rest, &text[1..]),
                }
            }
            prop_assert_eq!(fits(&pattern, &text), slow(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn what_covers_matches_whatever_the_other_matches(
            pattern in "[ab*]{0,5}", other in "[ab*]{0,5}", text in "[ab]{0,6}",
        ) {
            prop_assert!(!covers(&pattern, &other) || !fits(&other, &text) || fits(&pattern, &text));
        }
    }
}
