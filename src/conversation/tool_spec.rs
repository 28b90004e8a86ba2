//! A tool as it is offered to a model, and whether the model is to call one.

use super::ToolSchema;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSpec {
    pub name: String,
    pub description: String,
    pub parameters: ToolSchema,
}

/// Whether the model is to call tools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// As it likes.
    #[default]
    Auto,
    Never,
    /// At least one, whichever.
    Required,
    /// This one, by the name it is offered under.
    Named(String),
}
