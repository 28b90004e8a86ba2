//! How a piece of text looks: a colour and attributes, and the shortest sequence from one look to the next.

use std::fmt::Write as _;

/// A colour of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// One of the sixteen that the terminal itself defines, 0 to 15.
    Ansi(u8),
    /// One of the fixed ones of the table of 256, 16 to 255.
    Table(u8),
    Rgb(u8, u8, u8),
}

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    Sixteen,
    #[default]
    Table,
    True,
}

/// The steps of the colour cube in the table of 256.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Colour {
    /// The nearest colour that the palette has.
    #[must_use]
    pub fn within(self, palette: Palette) -> Self {
        match (self, palette) {
            (Self::Rgb(..), Palette::True) | (Self::Table(_), Palette::True | Palette::Table) | (Self::Ansi(_), _) => {
                self
            }
            (Self::Rgb(red, green, blue), Palette::Table) => nearest_of_table(red, green, blue),
            (Self::Rgb(red, green, blue), Palette::Sixteen) => nearest_of_sixteen(red, green, blue),
            (Self::Table(index), Palette::Sixteen) => {
                let (red, green, blue) = rgb_of_table(index);
                nearest_of_sixteen(red, green, blue)
            }
        }
    }

    fn write(self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Ansi(index @ 0..=7) => write!(out, "{}", 30 + u16::from(index)),
            Self::Ansi(index) => write!(out, "{}", 82 + u16::from(index.min(15))),
            Self::Table(index) => write!(out, "38;5;{index}"),
            Self::Rgb(red, green, blue) => write!(out, "38;2;{red};{green};{blue}"),
        };
    }
}

fn rgb_of_table(index: u8) -> (u8, u8, u8) {
    match index {
        232.. => {
            let grey = 8 + (index - 232) * 10;
            (grey, grey, grey)
        }
        16..=231 => {
            let cube = index - 16;
            let step = |place: u8| CUBE[usize::from(place % 6)];
            (step(cube / 36), step(cube / 6), step(cube))
        }
        _ => (128, 128, 128),
    }
}

fn nearest_of_table(red: u8, green: u8, blue: u8) -> Colour {
    let distance = |index: u8| {
        let (r, g, b) = rgb_of_table(index);
        [(r, red), (g, green), (b, blue)].iter().map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum::<u32>()
    };
    Colour::Table((16..=255).min_by_key(|index| distance(*index)).unwrap_or(16))
}

/// By hue alone: what a terminal makes of its sixteen colours nobody knows. Greys are the bright black.
fn nearest_of_sixteen(red: u8, green: u8, blue: u8) -> Colour {
    let (high, low) = (red.max(green).max(blue), red.min(green).min(blue));
    if high - low < 30 {
        return Colour::Ansi(8);
    }
    let half = low + (high - low) / 2;
    let bit = |value: u8, weight: u8| if value > half { weight } else { 0 };
    Colour::Ansi(bit(red, 1) | bit(green, 2) | bit(blue, 4))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub colour: Option<Colour>,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    pub strike: bool,
}

impl Look {
    pub const PLAIN: Self =
        Self { colour: None, bold: false, dim: false, italic: false, underline: false, strike: false };

    /// `other` laid over this one: its colour wins, attributes add up.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            colour: other.colour.or(self.colour),
            bold: self.bold || other.bold,
            dim: self.dim || other.dim,
            italic: self.italic || other.italic,
            underline: self.underline || other.underline,
            strike: self.strike || other.strike,
        }
    }

    /// Whether a blank shows it.
    #[must_use]
    pub fn marks_blanks(self) -> bool {
        self.underline || self.strike
    }

    fn attributes(self) -> [(bool, char); 5] {
        [(self.bold, '1'), (self.dim, '2'), (self.italic, '3'), (self.underline, '4'), (self.strike, '9')]
    }

    /// The sequence from `self` to `next`; nothing where they are the same.
    #[must_use]
    pub fn change(self, next: Self) -> String {
        if self == next {
            return String::new();
        }
        if next == Self::PLAIN {
            return "\x1b[0m".to_owned();
        }
        let lost = self.attributes().iter().zip(next.attributes()).any(|(before, after)| before.0 && !after.0);
        let starts_over = lost || (self.colour.is_some() && next.colour.is_none());
        let before = if starts_over { Self::PLAIN } else { self };
        let mut codes = String::from(if starts_over { "\x1b[0" } else { "\x1b[" });
        let mut push = |code: &dyn Fn(&mut String)| {
            if !codes.ends_with('[') {
                codes.push(';');
            }
            code(&mut codes);
        };
        for (old, new) in before.attributes().iter().zip(next.attributes()) {
            if new.0 && !old.0 {
                push(&|codes: &mut String| codes.push(new.1));
            }
        }
        if let Some(colour) = next.colour.filter(|colour| before.colour != Some(*colour)) {
            push(&|codes: &mut String| colour.write(codes));
        }
        codes.push('m');
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::{Colour, Look, Palette};

    #[test]
    fn the_shortest_way_from_look_to_look() {
        let bold = Look { bold: true, ..Look::PLAIN };
        let red = Look { colour: Some(Colour::Ansi(1)), ..bold };
        let blue = Look { colour: Some(Colour::Table(67)), ..Look::PLAIN };
        for (from, to, expected) in [
            (Look::PLAIN, bold, "\x1b[1m"),
            (bold, red, "\x1b[31m"),
            (red, bold, "\x1b[0;1m"),
            (red, blue, "\x1b[0;38;5;67m"),
            (blue, Look::PLAIN, "\x1b[0m"),
            (red, red, ""),
        ] {
            assert_eq!(from.change(to), expected, "{from:?} {to:?}");
        }
        let bright = Look { colour: Some(Colour::Ansi(9)), ..Look::PLAIN };
        assert_eq!(Look::PLAIN.change(bright), "\x1b[91m");
    }

    #[test]
    fn colours_are_brought_to_what_the_terminal_has() {
        let rgb = Colour::Rgb(0x5f, 0x87, 0xb0);
        assert_eq!(rgb.within(Palette::True), rgb);
        assert_eq!(rgb.within(Palette::Table), Colour::Table(67));
        assert_eq!(rgb.within(Palette::Sixteen), Colour::Ansi(4));
        assert_eq!(Colour::Rgb(0x80, 0x80, 0x82).within(Palette::Sixteen), Colour::Ansi(8));
        assert_eq!(Colour::Table(160).within(Palette::Sixteen), Colour::Ansi(1));
        assert_eq!(Colour::Ansi(3).within(Palette::Sixteen), Colour::Ansi(3));
    }
}
