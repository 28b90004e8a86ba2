//! The terminal of this process: its modes, its place among the jobs of a shell, and words to it when all else fails.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{
    Modes, ask_to_stop, discard_typed, has_job_control, is_foreground, is_gone, look_at_window, stop_process,
    tell_on_stderr,
};
#[cfg(windows)]
pub use windows::{
    Modes, ask_to_stop, discard_typed, has_job_control, is_foreground, is_gone, look_at_window, stop_process,
    tell_on_stderr,
};
