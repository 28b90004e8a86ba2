//! A tool as it is offered to a model.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSpec {
    pub name: String,
    pub description: String,
    /// A JSON Schema object, as text.
    pub parameters: String,
}
