//! The form that an answer is to have, as providers are told of it.

/// A JSON Schema for the whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerFormat {
    /// One word of letters, digits, `_` and `-`, 64 at most: some APIs want one.
    pub name: String,
    /// JSON text.
    pub schema: String,
    /// Whether it is an object that is asked for. Some APIs take nothing else.
    pub is_object: bool,
    /// Whether every object names all its properties as required and allows no others: OpenAI's strict mode takes
    /// nothing else.
    pub is_strict: bool,
}

impl AnswerFormat {
    /// What a model is told where its API has no such mode.
    #[must_use]
    pub fn instructions(&self) -> String {
        format!(
            "Answer with one JSON value and nothing else: no explanation, no code fence. It has to be valid against \
             this JSON Schema:\n{}",
            self.schema
        )
    }
}
