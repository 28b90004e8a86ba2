//! Entities of HTML, as models write them into prose: the common names and all numbers.

use crate::conversation::is_hidden;

/// The longest that is read, with `&` and `;`.
pub const ENTITY_BYTES_MAX: usize = 12;

const NAMED: [(&str, char); 30] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{A0}'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("hellip", '…'),
    ("mdash", '—'),
    ("ndash", '–'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("times", '×'),
    ("divide", '÷'),
    ("deg", '°'),
    ("plusmn", '±'),
    ("euro", '€'),
    ("middot", '·'),
    ("bull", '•'),
    ("rarr", '→'),
    ("larr", '←'),
    ("le", '≤'),
    ("ge", '≥'),
    ("ne", '≠'),
];

/// The character of what stands between `&` and `;`. A number can mean any character: none that could steer a
/// terminal or hide comes out.
#[must_use]
pub fn decode(name: &str) -> Option<char> {
    let char = match name.strip_prefix('#') {
        Some(number) => {
            let hex = number.strip_prefix(['x', 'X']);
            let code = match hex {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    let is_shown = !char.is_control() && !is_hidden(char) && char != ' ';
    is_shown.then_some(char)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn names_and_numbers_become_characters_but_never_controls() {
        for (name, expected) in [("lt", Some('<')), ("#233", Some('é')), ("#x1F600", Some('😀')), ("nope", None)] {
            assert_eq!(decode(name), expected);
        }
        for bad in
            ["#27", "#x1b", "#x9b", "#0", "#10", "#x202e", "#xE0041", "#x200b", "#xD800", "#99999999999", "#", "#x"]
        {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
