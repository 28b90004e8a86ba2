//! Reads JSON byte by byte, so that its end is known the moment it is there, and prose is told from it at once.

/// As deep as the readers of JSON here go.
const DEPTH_MAX: usize = 127;

/// Each beginning without an end costs a look at all the rest.
const UNENDED_MAX: usize = 1000;

/// What one more byte means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    More,
    /// The value ends with this byte.
    End,
    /// This is no JSON.
    Bad,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A value has to follow.
    Value,
    /// After `[`: a value, or the end of the list.
    ItemOrEnd,
    /// After `{`: a name, or the end of the object.
    NameOrEnd,
    Name,
    Colon,
    /// After a value inside a list or an object.
    AfterValue,
    String {
        is_name: bool,
    },
    Escape {
        is_name: bool,
    },
    /// Hexadecimal digits of `\u` that are still to come.
    Unicode {
        is_name: bool,
        left: u8,
    },
    /// Whether it is a good number is for a real parser to say.
    Number,
    Literal {
        word: &'static [u8],
        at: usize,
    },
}

/// An object or a list on its way in; the first byte has to be `{` or `[`.
#[derive(Debug)]
pub struct JsonScan {
    state: State,
    /// What is open: `{` or `[`.
    open: Vec<u8>,
}

impl JsonScan {
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Value, open: Vec::new() }
    }

    pub fn push(&mut self, byte: u8) -> Step {
        match self.state {
            State::String { is_name } => self.in_string(byte, is_name),
            State::Escape { is_name } => match byte {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.go(State::String { is_name }),
                b'u' => self.go(State::Unicode { is_name, left: 4 }),
                _ => Step::Bad,
            },
            State::Unicode { is_name, left } if byte.is_ascii_hexdigit() => match left {
                1 => self.go(State::String { is_name }),
                _ => self.go(State::Unicode { is_name, left: left - 1 }),
            },
            State::Unicode { .. } => Step::Bad,
            State::Literal { word, at } if word.get(at) == Some(&byte) => {
                let is_over = at + 1 == word.len();
                self.go(if is_over { State::AfterValue } else { State::Literal { word, at: at + 1 } })
            }
            State::Literal { .. } => Step::Bad,
            State::Number if byte.is_ascii_digit() || b"+-.eE".contains(&byte) => Step::More,
            State::Number => {
                self.state = State::AfterValue;
                self.push(byte)
            }
            _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => Step::More,
            State::Value | State::ItemOrEnd => self.value(byte),
            State::NameOrEnd if byte == b'}' => self.close(b'{'),
            State::NameOrEnd | State::Name if byte == b'"' => self.go(State::String { is_name: true }),
            State::Colon if byte == b':' => self.go(State::Value),
            State::AfterValue => match (byte, self.open.last()) {
                (b',', Some(b'{')) => self.go(State::Name),
                (b',', Some(b'[')) => self.go(State::Value),
                (b'}', _) => self.close(b'{'),
                (b']', _) => self.close(b'['),
                _ => Step::Bad,
            },
            State::NameOrEnd | State::Name | State::Colon => Step::Bad,
        }
    }

    fn value(&mut self, byte: u8) -> Step {
        let literal = |word: &'static [u8]| State::Literal { word, at: 1 };
        match byte {
            b'{' | b'[' if self.open.len() >= DEPTH_MAX => Step::Bad,
            b'{' => {
                self.open.push(byte);
                self.go(State::NameOrEnd)
            }
            b'[' => {
                self.open.push(byte);
                self.go(State::ItemOrEnd)
            }
            b']' if self.state == State::ItemOrEnd => self.close(b'['),
            _ if self.open.is_empty() => Step::Bad,
            b'"' => self.go(State::String { is_name: false }),
            b't' => self.go(literal(b"true")),
            b'f' => self.go(literal(b"false")),
            b'n' => self.go(literal(b"null")),
            b'-' | b'0'..=b'9' => self.go(State::Number),
            _ => Step::Bad,
        }
    }

    fn in_string(&mut self, byte: u8, is_name: bool) -> Step {
        match byte {
            b'"' if is_name => self.go(State::Colon),
            b'"' => self.go(State::AfterValue),
            b'\\' => self.go(State::Escape { is_name }),
            0..=0x1f => Step::Bad,
            _ => Step::More,
        }
    }

    fn close(&mut self, opened_by: u8) -> Step {
        if self.open.pop() != Some(opened_by) {
            return Step::Bad;
        }
        self.state = State::AfterValue;
        if self.open.is_empty() { Step::End } else { Step::More }
    }

    fn go(&mut self, state: State) -> Step {
        self.state = state;
        Step::More
    }
}

/// Finds the objects and lists in a text that grows.
#[derive(Debug, Default)]
pub struct JsonFinder {
    /// Where reading goes on.
    at: usize,
    /// What looks like JSON so far, and where it began.
    running: Option<(usize, JsonScan)>,
    /// Those that never ended.
    unended: usize,
}

impl JsonFinder {
    /// The next object or list of `text`, which begins with all that was given before. Calling it again finds the
    /// one after that.
    pub fn next<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let bytes = text.as_bytes();
        while self.at < bytes.len() {
            let byte = bytes[self.at];
            let Some((start, scan)) = &mut self.running else {
                if matches!(byte, b'{' | b'[') {
                    self.running = Some((self.at, JsonScan::new()));
                } else {
                    self.at += 1;
                }
                continue;
            };
            let (start, step) = (*start, scan.push(byte));
            self.at += 1;
            match step {
                Step::More => {}
                Step::Bad => {
                    self.at = start + 1;
                    self.running = None;
                }
                Step::End => {
                    self.running = None;
                    let found = &text[start..self.at];
                    if serde_json::from_str::<&serde_json::value::RawValue>(found).is_ok() {
                        return Some(found);
                    }
                    self.at = start + 1;
                }
            }
        }
        None
    }

    /// The same where no more of `text` will come: what began and never ended was none, and can hold some.
    pub fn next_of_whole<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        loop {
            let found = self.next(text);
            match self.running.take() {
                Some((start, _)) if found.is_none() && self.unended < UNENDED_MAX => {
                    self.unended += 1;
                    self.at = start + 1;
                }
                Some(_) | None => return found,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JsonFinder;

    fn all(text: &str) -> Vec<&str> {
        let mut finder = JsonFinder::default();
        std::iter::from_fn(|| finder.next_of_whole(text)).collect()
    }

    #[test]
    fn values_are_found_between_words() {
        assert_eq!(all("Use {braces} like so: {\"a\": [1, 2]} and [3]."), ["{\"a\": [1, 2]}", "[3]"]);
        assert_eq!(all("a { that never closes {\"x\": \"}\"}"), ["{\"x\": \"}\"}"]);
        assert_eq!(all("[1.5e3, -0, true, null, \"\\u00e9\\n\", {}]"), ["[1.5e3, -0, true, null, \"\\u00e9\\n\", {}]"]);
        assert_eq!(all("[1,] {\"a\" 1} [01] {'a': 1} [\"\n\"] 7 \"x\" [}"), [""; 0]);
        assert_eq!(all("[[1]"), ["[1]"], "what is inside counts where the outside never ends");
    }

    #[test]
    fn the_end_is_known_with_the_last_byte_however_the_text_comes() {
        let text = "so: {\"a\": {\"b\": [1, \"x]\"]}} done";
        let end = text.find("}}").unwrap() + 2;
        let mut finder = JsonFinder::default();
        for cut in 0..end {
            assert_eq!(finder.next(&text[..cut]), None, "{cut}");
        }
        assert_eq!(finder.next(&text[..end]), Some("{\"a\": {\"b\": [1, \"x]\"]}}"));
    }

    #[test]
    fn every_value_that_a_parser_takes_is_found_whole() {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        let tree = leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
            ]
        });
        proptest!(|(value in tree.prop_map(|value| serde_json::json!([value])))| {
            let text = format!("{value:#}");
            let answer = format!("It is {text}, I think");
            prop_assert_eq!(all(&answer).first().copied(), Some(text.as_str()));
        });
    }

    #[test]
    fn a_deep_nest_is_left_alone_and_quick() {
        assert_eq!(all(&"[".repeat(20_000)), [""; 0]);
    }
}
