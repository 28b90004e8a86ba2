//! Which variable of a resource template somebody is typing (RFC 6570, simple and reserved variables; pure).

/// The place in a typed address where the value of a variable stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Slot<'a> {
    pub variable: &'a str,
    /// Where its value begins, in bytes of what was typed.
    pub start: usize,
    /// As typed so far, decoded.
    pub value: String,
    /// The variables before it, with their values.
    pub known: Vec<(String, String)>,
    /// What follows in the template, up to the next variable.
    pub following: &'a str,
    /// It may hold `/` and the like as they are.
    is_reserved: bool,
}

impl Slot<'_> {
    /// A value as it stands in an address.
    pub fn encoded(&self, value: &str) -> String {
        let mut text = String::with_capacity(value.len());
        for byte in value.bytes() {
            let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            if is_plain || (self.is_reserved && b":/?#[]@!$&'()*+,;=".contains(&byte)) {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
        text
    }
}

/// The template up to its first variable.
pub fn beginning(template: &str) -> &str {
    template.split('{').next().unwrap_or_default()
}

/// `None` where what was typed does not lead into a variable of this template.
pub fn slot<'a>(template: &'a str, typed: &str) -> Option<Slot<'a>> {
    let (mut template, mut at, mut known) = (template, 0, Vec::new());
    loop {
        let (literal, behind) = template.split_once('{')?;
        typed[at..].strip_prefix(literal)?;
        at += literal.len();
        let (expression, behind) = behind.split_once('}')?;
        let reserved = expression.strip_prefix('+');
        let variable = reserved.unwrap_or(expression);
        let is_simple =
            !variable.is_empty() && variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_simple {
            return None;
        }
        let following = beginning(behind);
        let end = typed[at..].find(following).filter(|_| !following.is_empty());
        let value = &typed[at..end.map_or(typed.len(), |end| at + end)];
        if reserved.is_none() && value.contains('/') {
            return None;
        }
        let value = decoded(value);
        let Some(end) = end else {
            return Some(Slot { variable, start: at, value, known, following, is_reserved: reserved.is_some() });
        };
        known.push((variable.to_owned(), value));
        at += end;
        template = behind;
    }
}

fn decoded(text: &str) -> String {
    let form = text.replace('+', "%2B");
    let pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs.map(|(name, value)| if value.is_empty() { name.into_owned() } else { format!("{name}={value}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(template: &str, typed: &str) -> Option<(String, usize, String, String)> {
        let slot = slot(template, typed)?;
        let known: Vec<String> = slot.known.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Some((slot.variable.to_owned(), slot.start, slot.value, known.join(" ")))
    }

    fn is(variable: &str, start: usize, value: &str, known: &str) -> Option<(String, usize, String, String)> {
        Some((variable.to_owned(), start, value.to_owned(), known.to_owned()))
    }

    #[test]
    fn the_variable_under_the_cursor_is_found() {
        for (template, typed, expected) in [
            ("a://{x}", "a://", is("x", 4, "", "")),
            ("a://{x}", "a://b%20c", is("x", 4, "b c", "")),
            ("a://{x}/y/{z}", "a://b/y/c", is("z", 8, "c", "x=b")),
            ("a://{x}/y/{z}", "a://b/y", None),
            ("a://{x}", "a://b/c", None),
            ("a://{+x}", "a://b/c", is("x", 4, "b/c", "")),
            ("a://{x}", "a:/", None),
            ("a://{?x,y}", "a://", None),
            ("a://b", "a://b", None),
            ("a://{x}/end", "a://b/end", None),
            ("a://{x", "a://b", None),
        ] {
            assert_eq!(found(template, typed), expected, "{template} {typed}");
        }
    }

    #[test]
    fn values_are_written_as_the_template_wants_them() {
        let simple = slot("a://{x}", "a://").unwrap();
        assert_eq!(simple.encoded("b c/ä"), "b%20c%2F%C3%A4");
        assert_eq!(slot("a://{+x}", "a://").unwrap().encoded("b c/d"), "b%20c/d");
        for value in ["a+b", "a=b&c", "100%", "ä b"] {
            let typed = format!("a://{}", simple.encoded(value));
            assert_eq!(slot("a://{x}", &typed).unwrap().value, value);
        }
    }
}
