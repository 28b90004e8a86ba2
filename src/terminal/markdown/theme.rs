//! What each element of an answer looks like.

use super::look::{Colour, Look, Palette};

/// Everything that can have a look of its own. The names in [`Element::NAMES`] are those of a theme file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    Heading1,
    Heading2,
    Heading3,
    Strong,
    Emphasis,
    Strike,
    Code,
    CodeBlock,
    Link,
    Url,
    Quote,
    Marker,
    Rule,
    TableHeader,
    Math,
    Html,
    Footnote,
    Keyword,
    Type,
    Function,
    String,
    Number,
    Constant,
    Comment,
    Inserted,
    Deleted,
    Prompt,
}

impl Element {
    pub const NAMES: [(&'static str, Self); 27] = [
        ("heading1", Self::Heading1),
        ("heading2", Self::Heading2),
        ("heading3", Self::Heading3),
        ("strong", Self::Strong),
        ("emphasis", Self::Emphasis),
        ("strike", Self::Strike),
        ("code", Self::Code),
        ("code_block", Self::CodeBlock),
        ("link", Self::Link),
        ("url", Self::Url),
        ("quote", Self::Quote),
        ("marker", Self::Marker),
        ("rule", Self::Rule),
        ("table_header", Self::TableHeader),
        ("math", Self::Math),
        ("html", Self::Html),
        ("footnote", Self::Footnote),
        ("keyword", Self::Keyword),
        ("type", Self::Type),
        ("function", Self::Function),
        ("string", Self::String),
        ("number", Self::Number),
        ("constant", Self::Constant),
        ("comment", Self::Comment),
        ("inserted", Self::Inserted),
        ("deleted", Self::Deleted),
        ("prompt", Self::Prompt),
    ];

    #[must_use]
    pub fn heading(level: usize) -> Self {
        match level {
            0 | 1 => Self::Heading1,
            2 => Self::Heading2,
            _ => Self::Heading3,
        }
    }
}

/// The themes that are built in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Builtin {
    /// Can be read on black and on white, for a terminal that does not say what it has.
    #[default]
    Middle,
    Light,
    Dark,
    /// Only the sixteen colours of the terminal.
    Ansi,
    /// Bold and italics, no colour.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme([Look; 27]);

impl Default for Theme {
    fn default() -> Self {
        Self::builtin(Builtin::default())
    }
}

/// Of each theme the same ten colours, by what they are for.
struct Colours {
    heading: Colour,
    code: Colour,
    link: Colour,
    faint: Colour,
    keyword: Colour,
    type_name: Colour,
    string: Colour,
    number: Colour,
    inserted: Colour,
    deleted: Colour,
}

impl Colours {
    /// In the order of the fields.
    fn of_table(indices: [u8; 10]) -> Self {
        let [heading, code, link, faint, keyword, type_name, string, number, inserted, deleted] =
            indices.map(|index| if index < 16 { Colour::Ansi(index) } else { Colour::Table(index) });
        Self { heading, code, link, faint, keyword, type_name, string, number, inserted, deleted }
    }
}

impl Theme {
    #[must_use]
    pub fn builtin(which: Builtin) -> Self {
        match which {
            Builtin::Middle => Self::of(&Colours::of_table([67, 131, 67, 244, 97, 66, 65, 131, 65, 131])),
            Builtin::Light => Self::of(&Colours::of_table([24, 88, 25, 242, 90, 23, 22, 94, 22, 88])),
            Builtin::Dark => Self::of(&Colours::of_table([110, 180, 110, 245, 139, 116, 108, 173, 108, 167])),
            Builtin::Ansi => Self::of(&Colours::of_table([6, 3, 6, 8, 5, 6, 2, 3, 2, 1])),
            Builtin::None => Self::without_colours(),
        }
    }

    #[must_use]
    pub fn look(&self, element: Element) -> Look {
        self.0[element as usize]
    }

    /// What begins the style of what stands before the cursor; nothing where it has none.
    #[must_use]
    pub fn prompt_style(&self) -> String {
        Look::PLAIN.change(self.look(Element::Prompt))
    }

    pub fn set(&mut self, element: Element, look: Look) {
        self.0[element as usize] = look;
    }

    /// With no colour that the terminal does not have.
    #[must_use]
    pub fn within(mut self, palette: Palette) -> Self {
        for look in &mut self.0 {
            look.colour = look.colour.map(|colour| colour.within(palette));
        }
        self
    }

    fn of(colours: &Colours) -> Self {
        let mut theme = Self::without_colours();
        let colour_of = [
            (Element::Heading1, colours.heading),
            (Element::Heading2, colours.heading),
            (Element::Heading3, colours.heading),
            (Element::Code, colours.code),
            (Element::Link, colours.link),
            (Element::Url, colours.faint),
            (Element::Quote, colours.faint),
            (Element::Marker, colours.faint),
            (Element::Rule, colours.faint),
            (Element::Html, colours.faint),
            (Element::Footnote, colours.link),
            (Element::Keyword, colours.keyword),
            (Element::Type, colours.type_name),
            (Element::Function, colours.heading),
            (Element::String, colours.string),
            (Element::Number, colours.number),
            (Element::Constant, colours.number),
            (Element::Comment, colours.faint),
            (Element::Inserted, colours.inserted),
            (Element::Deleted, colours.deleted),
            (Element::Prompt, colours.heading),
        ];
        for (element, colour) in colour_of {
            let look = Look { colour: Some(colour), dim: false, ..theme.look(element) };
            theme.set(element, look);
        }
        theme
    }

    fn without_colours() -> Self {
        let mut theme = Self([Look::PLAIN; 27]);
        let bold = Look { bold: true, ..Look::PLAIN };
        let italic = Look { italic: true, ..Look::PLAIN };
        let dim = Look { dim: true, ..Look::PLAIN };
        let underline = Look { underline: true, ..Look::PLAIN };
        for (element, look) in [
            (Element::Heading1, bold.with(underline)),
            (Element::Heading2, bold),
            (Element::Heading3, bold),
            (Element::Strong, bold),
            (Element::Emphasis, italic),
            (Element::Strike, Look { strike: true, ..Look::PLAIN }),
            (Element::Link, underline),
            (Element::Url, dim),
            (Element::Rule, dim),
            (Element::TableHeader, bold),
            (Element::Prompt, bold),
            (Element::Math, italic),
            (Element::Comment, italic),
        ] {
            theme.set(element, look);
        }
        theme
    }
}

#[cfg(test)]
mod tests {
    use super::{Builtin, Colour, Element, Look, Palette, Theme};

    #[test]
    fn every_element_has_its_place_and_name() {
        for (place, (name, element)) in Element::NAMES.iter().enumerate() {
            assert_eq!(*element as usize, place, "{name}");
        }
    }

    #[test]
    fn a_terminal_of_sixteen_colours_gets_no_others() {
        for builtin in [Builtin::Middle, Builtin::Light, Builtin::Dark, Builtin::Ansi, Builtin::None] {
            let theme = Theme::builtin(builtin).within(Palette::Sixteen);
            for (name, element) in Element::NAMES {
                let colour = theme.look(element).colour;
                assert!(matches!(colour, None | Some(Colour::Ansi(_))), "{builtin:?} {name} {colour:?}");
            }
        }
        assert_eq!(Theme::builtin(Builtin::None).look(Element::Keyword), Look::PLAIN);
    }
}
