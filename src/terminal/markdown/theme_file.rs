//! A theme of one's own: a file that names elements and how they look.

use serde_yaml::Value;

use super::look::{Colour, Look};
use super::theme::{Builtin, Element, Theme};

/// No theme is larger.
pub const THEME_BYTES_MAX: usize = 64 << 10;

const COLOURS: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// Reads a theme: `base` and, for each element, words such as `bold`, `"#5f87af"`, `67`, `bright-blue`, `plain`.
///
/// # Errors
/// What is wrong with it, in words for the person who wrote it.
pub fn parse_theme(text: &str) -> Result<Theme, String> {
    if text.len() > THEME_BYTES_MAX {
        return Err(format!("is larger than {} KiB", THEME_BYTES_MAX >> 10));
    }
    let value: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    let Value::Mapping(entries) = value else {
        return Err("has to be a list of elements, as in `heading1: bold blue`".to_owned());
    };
    let mut theme = Theme::builtin(Builtin::default());
    for (key, value) in entries.iter().filter(|(key, _)| key.as_str() == Some("base")) {
        theme = Theme::builtin(base(value).ok_or_else(|| format!("{key:?}: one of auto, light, dark, ansi, none"))?);
    }
    for (key, value) in &entries {
        let name = key.as_str().ok_or("the names of elements are words")?;
        if name == "base" {
            continue;
        }
        let element = element(name)?;
        theme.set(element, look(value).map_err(|wrong| format!("{name}: {wrong}"))?);
    }
    Ok(theme)
}

fn base(value: &Value) -> Option<Builtin> {
    Some(match value.as_str()? {
        "auto" => Builtin::Middle,
        "light" => Builtin::Light,
        "dark" => Builtin::Dark,
        "ansi" => Builtin::Ansi,
        "none" => Builtin::None,
        _ => return None,
    })
}

fn element(name: &str) -> Result<Element, String> {
    if let Some((_, element)) = Element::NAMES.iter().find(|(known, _)| *known == name) {
        return Ok(*element);
    }
    let near = Element::NAMES
        .iter()
        .map(|(known, _)| *known)
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
    Err(format!("unknown element `{name}`; did you mean `{}`?", near.unwrap_or_default()))
}

fn look(value: &Value) -> Result<Look, String> {
    let words = match value {
        Value::String(words) => words.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err("words are expected, as in `bold bright-blue`".to_owned()),
    };
    let mut look = Look::PLAIN;
    for word in words.split_whitespace() {
        match word {
            "plain" => look = Look::PLAIN,
            "bold" => look.bold = true,
            "dim" => look.dim = true,
            "italic" => look.italic = true,
            "underline" => look.underline = true,
            "strike" => look.strike = true,
            other => look.colour = Some(colour(other)?),
        }
    }
    Ok(look)
}

fn colour(word: &str) -> Result<Colour, String> {
    if let Some(index) = COLOURS.iter().position(|name| *name == word) {
        return Ok(Colour::Ansi(u8::try_from(index).unwrap_or(0)));
    }
    if let Some(digits) = word.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii()) {
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16);
        if let (Ok(red), Ok(green), Ok(blue)) = (part(0), part(2), part(4)) {
            return Ok(Colour::Rgb(red, green, blue));
        }
    }
    match word.parse() {
        Ok(index @ 0..=15) => Ok(Colour::Ansi(index)),
        Ok(index) => Ok(Colour::Table(index)),
        Err(_) => Err(format!(
            "`{word}` is no colour and no attribute: a name, 0 to 255, \"#rrggbb\", or bold, dim, italic, underline, strike, plain"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{Colour, Element, Look, parse_theme};

    #[test]
    fn a_theme_says_how_elements_look() {
        let theme =
            parse_theme("base: dark\nheading1: bold bright-blue\ncode: '#ff8800'\nstrong: 67\nlink: plain\n").unwrap();
        let look = |colour| Look { colour: Some(colour), ..Look::PLAIN };
        assert_eq!(theme.look(Element::Heading1), Look { bold: true, ..look(Colour::Ansi(12)) });
        assert_eq!(theme.look(Element::Code), look(Colour::Rgb(0xff, 0x88, 0)));
        assert_eq!(theme.look(Element::Strong), look(Colour::Table(67)));
        assert_eq!(theme.look(Element::Link), Look::PLAIN);
        assert_eq!(theme.look(Element::Comment).colour, Some(Colour::Table(245)));
    }

    #[test]
    fn mistakes_are_told() {
        for (text, wrong) in [
            ("hedaing1: bold", "did you mean `heading1`?"),
            ("code: mauve", "`mauve` is no colour"),
            ("base: nice", "one of auto"),
            ("- a", "has to be a list of elements"),
            ("code: [a]", "words are expected"),
            ("code: '#12345'", "is no colour"),
        ] {
            let error = parse_theme(text).unwrap_err();
            assert!(error.contains(wrong), "{text}: {error}");
        }
    }
}
