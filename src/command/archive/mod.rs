//! `history export` and `history import`, and `/export` at the prompt: conversations as files.

mod branch;
mod export;
mod fence;
mod files;
mod html;
mod import;
mod markdown;
mod timeline;

pub use export::{NewFile, export, export_one};
pub use html::{escape, page_begin};
pub use import::import;
