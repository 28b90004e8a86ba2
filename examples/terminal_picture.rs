//! Draws what a program wrote to a terminal: bytes on stdin, as `script` records them, SVG on stdout.
//!
//!     cargo run --example terminal_picture -- COLUMNS ROWS TITLE light|dark < BYTES > picture.svg

use std::io::{Read as _, Write as _};
use std::num::NonZero;

#[path = "../tests/it/support/picture.rs"]
mod picture;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [columns, rows, title, colours] = arguments.as_slice() else {
        return Err("usage: terminal_picture COLUMNS ROWS TITLE light|dark < BYTES".into());
    };
    let (columns, rows): (NonZero<u16>, NonZero<u16>) = (columns.parse()?, rows.parse()?);
    let known = [&picture::LIGHT, &picture::DARK];
    let colours = known.into_iter().find(|known| [known.name, known.colorfgbg].contains(&colours.as_str()));
    let colours = colours.ok_or("the colours are `light` or `dark`, or those of COLORFGBG")?;
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    let mut parser = vt100::Parser::new(rows, columns, 0);
    parser.process(&bytes);
    let svg = picture::picture(parser.screen(), 0..rows.get(), title, colours, |text| text);
    std::io::stdout().lock().write_all(svg.as_bytes())?;
    Ok(())
}
