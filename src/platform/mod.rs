//! What differs from one operating system to another. Whoever needs it asks here, and does not know where it runs.

pub mod console;
mod file_identity;
mod file_kind;
mod output_handle;
mod private_file;
mod process;
mod process_group;
mod standard_input;
mod typed_lines;

pub use file_identity::FileIdentity;
pub use file_kind::FileKind;
pub use output_handle::{OutputHandle, OutputKind};
pub use private_file::{
    Durability, PRIVATE_MODE, can_be_written, create_private_folder, create_private_folders, mode_of,
    open_without_waiting, private, replace_file, replace_file_with_mode, set_mode,
};
pub use process::{PAGE_OPENER, USUAL_EDITOR, terminal_session, thread_time};
pub use process_group::ProcessGroup;
pub use standard_input::{is_ready_whole, shows_itself_within};
pub use typed_lines::TypedLines;
