//! A picture of a terminal's screen as SVG: text that can be selected, and the same bytes for the same screen.

use std::fmt::Write as _;
use std::ops::Range;

use vt100::{Color, Screen};

const CELL_WIDTH: f64 = 8.4;
const CELL_HEIGHT: u16 = 19;
const FONT_SIZE: u16 = 14;
const MARGIN: u16 = 16;
/// With the three dots of a window.
const BAR_HEIGHT: u16 = 34;
const FONTS: &str = "ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono','Cascadia Mono',Consolas,monospace";

/// What a terminal brings along: its own colours.
pub struct Colours {
    pub name: &'static str,
    /// What such terminals set `COLORFGBG` to.
    pub colorfgbg: &'static str,
    background: &'static str,
    text: &'static str,
    bar: &'static str,
    sixteen: [&'static str; 16],
}

pub const DARK: Colours = Colours {
    name: "dark",
    colorfgbg: "15;0",
    background: "#16181d",
    text: "#d7dae0",
    bar: "#23262e",
    sixteen: [
        "#23262e", "#e5686e", "#8fbf6f", "#e0b35f", "#6aa6e8", "#c486dd", "#5fb8c2", "#c8ccd4", "#6b7280", "#f08a8f",
        "#a9d48c", "#f0c97f", "#8fbef2", "#d8a6ea", "#84d0d8", "#ffffff",
    ],
};

pub const LIGHT: Colours = Colours {
    name: "light",
    colorfgbg: "0;15",
    background: "#fdfdfc",
    text: "#24292f",
    bar: "#ececea",
    sixteen: [
        "#24292f", "#c2333b", "#3f7d20", "#93640a", "#1f66c0", "#8b3fb0", "#0d7580", "#6e7781", "#818b98", "#a40e26",
        "#2d6a12", "#7a5200", "#0a55ad", "#7327a0", "#055f68", "#d0d4d9",
    ],
};

/// One character's place; what goes on from the place before it is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cell {
    column: u16,
    text: String,
    columns: u16,
    look: Look,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    color: Color,
    background: Color,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    inverse: bool,
}

/// Draws these rows of the screen in a window of this title. `mask` may change the text of a row, not its length.
pub fn picture(
    screen: &Screen,
    rows: Range<u16>,
    title: &str,
    colours: &Colours,
    mask: impl Fn(String) -> String,
) -> String {
    let columns = screen.size().1.get();
    let width = f64::from(columns) * CELL_WIDTH + f64::from(2 * MARGIN);
    let height = BAR_HEIGHT + (rows.end - rows.start) * CELL_HEIGHT + MARGIN;
    let Colours { background, text, bar, .. } = colours;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height}\" width=\"{width:.0}\" \
         height=\"{height}\" xml:space=\"preserve\" role=\"img\" aria-label=\"{0}\">\n<style>text{{font:{FONT_SIZE}px {FONTS};fill:{text};\
         white-space:pre}}.b{{font-weight:bold}}.i{{font-style:italic}}.u{{text-decoration:underline}}\
         .d{{fill-opacity:.65}}</style>\n<rect width=\"100%\" height=\"100%\" rx=\"9\" fill=\"{background}\" \
         stroke=\"{bar}\"/>\n<path d=\"M0 26V9a9 9 0 0 1 9-9H{1:.0}a9 9 0 0 1 9 9v17z\" fill=\"{bar}\"/>\n",
        escaped(title),
        width - 9.0,
    );
    for (at, color) in [(16, "#ff5f57"), (34, "#febc2e"), (52, "#28c840")] {
        let _ = writeln!(svg, "<circle cx=\"{at}\" cy=\"13\" r=\"5\" fill=\"{color}\"/>");
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.0}\" y=\"18\" text-anchor=\"middle\" style=\"font-size:12px\" opacity=\".7\">{}</text>",
        width / 2.0,
        escaped(title)
    );
    for row in rows.clone() {
        let cells = masked(cells(screen, row), &mask);
        draw_row(&cells, top_of(row - rows.start), colours, &mut svg);
    }
    let (row, column) = screen.cursor_position();
    if rows.contains(&row) && !screen.hide_cursor() {
        let (x, y) = (left_of(column), top_of(row - rows.start) + 2);
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"8.4\" height=\"{}\" fill=\"{text}\" opacity=\".7\"/>",
            CELL_HEIGHT - 2
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn top_of(row: u16) -> u16 {
    BAR_HEIGHT + row * CELL_HEIGHT
}

/// The left edge of a column; without needless zeros.
fn left_of(column: u16) -> String {
    tidy(f64::from(MARGIN) + f64::from(column) * CELL_WIDTH)
}

fn tidy(number: f64) -> String {
    format!("{number:.1}").trim_end_matches(".0").to_owned()
}

/// Without the blanks at the end.
fn cells(screen: &Screen, row: u16) -> Vec<Cell> {
    let mut cells = Vec::new();
    for column in 0..screen.size().1.get() {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else { continue };
        let look = Look {
            color: cell.fgcolor(),
            background: cell.bgcolor(),
            bold: cell.bold(),
            dim: cell.dim(),
            italic: cell.italic(),
            underline: cell.underline(),
            inverse: cell.inverse(),
        };
        let text = if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() };
        cells.push(Cell { column, text, columns: if cell.is_wide() { 2 } else { 1 }, look });
    }
    let is_seen = |cell: &Cell| cell.text != " " || cell.look.background != Color::Default || cell.look.inverse;
    let end = cells.iter().rposition(is_seen).map_or(0, |last| last + 1);
    cells.truncate(end);
    cells
}

fn masked(mut cells: Vec<Cell>, mask: impl Fn(String) -> String) -> Vec<Cell> {
    let text: String = cells.iter().map(|cell| cell.text.as_str()).collect();
    let shown = mask(text.clone());
    if shown != text {
        assert_eq!(shown.chars().count(), cells.len(), "a mask keeps the length, and rows with it are simple: {text}");
        for (cell, char) in cells.iter_mut().zip(shown.chars()) {
            cell.text = char.to_string();
        }
    }
    cells
}

/// Pieces of one look; wide characters apart, so that each piece has a length that is known.
fn draw_row(cells: &[Cell], top: u16, colours: &Colours, svg: &mut String) {
    let runs: Vec<&[Cell]> = cells.chunk_by(belong_together).collect();
    for run in &runs {
        if let Some(fill) = fill_of(run[0].look, colours) {
            let (x, width) = (left_of(run[0].column), tidy(f64::from(columns_of(run)) * CELL_WIDTH));
            let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"19\" fill=\"{fill}\"/>");
        }
    }
    if runs.is_empty() {
        return;
    }
    let _ = write!(svg, "<text y=\"{}\">", top + 14);
    for run in runs {
        let text: String = run.iter().map(|cell| cell.text.as_str()).collect();
        let _ = write!(svg, "<tspan {}{}>{}</tspan>", place(run), attributes(run[0].look, colours), escaped(&text));
    }
    svg.push_str("</text>\n");
}

fn belong_together(a: &Cell, b: &Cell) -> bool {
    // Places are counted by units of UTF-16, and not in the same way by everybody where one is not a character.
    let is_one_unit = |cell: &Cell| cell.text.encode_utf16().count() == 1;
    a.look == b.look && a.columns == b.columns && (a.columns == 1 || (is_one_unit(a) && is_one_unit(b)))
}

/// Where a piece stands. Its font may be another than ours: so its length is told, and of what is wide, for which each
/// font has its own idea, the place of each character.
fn place(run: &[Cell]) -> String {
    if run[0].columns == 1 {
        let length = tidy(f64::from(columns_of(run)) * CELL_WIDTH);
        return format!("x=\"{}\" textLength=\"{length}\"", left_of(run[0].column));
    }
    let places: Vec<String> = run.iter().map(|cell| left_of(cell.column)).collect();
    format!("x=\"{}\"", places.join(" "))
}

fn columns_of(run: &[Cell]) -> u16 {
    run.iter().map(|cell| cell.columns).sum()
}

fn attributes(look: Look, colours: &Colours) -> String {
    let classes: String = [(look.bold, 'b'), (look.dim, 'd'), (look.italic, 'i'), (look.underline, 'u')]
        .into_iter()
        .filter(|(is_on, _)| *is_on)
        .map(|(_, class)| format!("{class} "))
        .collect();
    let mut text = String::new();
    if !classes.is_empty() {
        let _ = write!(text, " class=\"{}\"", classes.trim_end());
    }
    let color = if look.inverse { look.background } else { look.color };
    let fill = name_of(color, colours).or_else(|| look.inverse.then(|| colours.background.to_owned()));
    if let Some(fill) = fill {
        // A style, since that of the sheet would win over an attribute.
        let _ = write!(text, " style=\"fill:{fill}\"");
    }
    text
}

fn fill_of(look: Look, colours: &Colours) -> Option<String> {
    if look.inverse {
        Some(name_of(look.color, colours).unwrap_or_else(|| colours.text.to_owned()))
    } else {
        name_of(look.background, colours)
    }
}

/// `None`: what the terminal has without being told.
fn name_of(color: Color, colours: &Colours) -> Option<String> {
    match color {
        Color::Default => None,
        Color::Idx(index @ 0..16) => Some(colours.sixteen[usize::from(index)].to_owned()),
        Color::Idx(index @ 16..232) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            Some(hex(level(cube / 36), level(cube / 6 % 6), level(cube % 6)))
        }
        Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            Some(hex(grey, grey, grey))
        }
        Color::Rgb(red, green, blue) => Some(hex(red, green, blue)),
    }
}

fn hex(red: u8, green: u8, blue: u8) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
