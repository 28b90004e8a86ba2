//! The sums as a picture: SVG alone, or on a page with the numbers.

use std::fmt::Write as _;

use super::table::table;
use crate::command::archive::{escape, page_begin};
use crate::command::listing::Bars;
use crate::history::{StatsBy, StatsRow};

const WIDTH: f64 = 800.0;
const LABEL_WIDTH: f64 = 220.0;
const NUMBER_WIDTH: f64 = 90.0;
const ROW_HEIGHT: usize = 20;
const ROWS_MAX: usize = 400;
const LABEL_CHARS_MAX: usize = 32;

/// One bar a row.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "lengths of bars")]
pub fn svg(rows: &[StatsRow]) -> String {
    let rows = &rows[rows.len().saturating_sub(ROWS_MAX)..];
    let most = rows.iter().map(|row| row.turns).max().unwrap_or(0).max(1) as f64;
    let height = rows.len().max(1) * ROW_HEIGHT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"turns\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\">\n"
    );
    for (place, row) in rows.iter().enumerate() {
        let top = place * ROW_HEIGHT;
        let label = row.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&row.key);
        let label: String = label.chars().take(LABEL_CHARS_MAX).collect();
        let width = row.turns as f64 / most * (WIDTH - LABEL_WIDTH - NUMBER_WIDTH);
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"{0}\" fill=\"#888\">{1}</text><rect x=\"{LABEL_WIDTH}\" y=\"{2}\" width=\"{width:.1}\" height=\"14\" \
             fill=\"#4c8c6b\"/><text x=\"{3:.1}\" y=\"{0}\" fill=\"#888\">{4}</text>",
            top + 14,
            escape(&label),
            top + 3,
            LABEL_WIDTH + width + 6.0,
            row.turns
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The picture and the table on a page that needs nothing else.
#[must_use]
pub fn page(rows: &[StatsRow], by: StatsBy) -> String {
    format!(
        "{}<h1>sayso: turns</h1>\n{}<pre>{}</pre>\n</body>\n</html>\n",
        page_begin("sayso: turns"),
        svg(rows),
        escape(&table(rows, by, Bars::Drawn, None))
    )
}
