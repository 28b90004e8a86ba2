//! Which models a provider has: asked of the provider in whatever shape it answers, and kept as lines of a file.

mod cache;
mod fetch;
mod listing;

pub use cache::{ModelCache, cached_facts};
pub use fetch::{Fetched, fetch_models};
pub use listing::read_models;
