//! `history`: past conversations as text, found again, and changed.

mod attachment;
mod change;
mod diff;
mod filter;
pub mod follow;
mod list;
mod rows;
mod run;
mod search;
mod show;
mod text;
mod timeline;
mod tree;

pub use change::fork_of;
pub use list::list;
pub use rows::utc;
pub use run::run;
pub use search::{hits_text, remark, search_everywhere};
pub use show::show;
pub use text::Text;
