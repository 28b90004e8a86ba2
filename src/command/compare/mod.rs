//! `ask` with several models: one prompt, and an answer of each as branches of one conversation.

mod board;
mod run;

pub use run::run;
