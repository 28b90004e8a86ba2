//! What a script wants of an answer: a value that fits a schema, a block of code, the text up to a mark. Pure.

mod compact;
mod fence;
mod json_scan;
mod part;
mod schema;
mod short_form;
mod value;

pub use part::{PartFinder, PartKind};
pub use schema::{Schema, SchemaError};
pub use value::Mismatch;
