//! `history export` and `history import`: conversations as files.

mod branch;
mod export;
mod html;
mod import;
mod markdown;
mod timeline;

pub use export::{NewFile, export};
pub use html::{escape, page_begin};
pub use import::import;
