//! What is taken out of an answer for a script, and what the model is told where it cannot be.

use crate::answer::{Mismatch, PartFinder, PartKind, Schema};
use crate::conversation::{AnswerFormat, exit_code};

/// Instead of the whole answer.
#[derive(Debug)]
pub enum Wanted {
    Part(PartKind),
    /// A value that fits. So often, at most, the model is told what is wrong with its answer and asked again.
    Value {
        schema: Box<Schema>,
        repairs_max: u32,
    },
}

/// What was found in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// For stdout.
    pub text: String,
    /// The value as JSON, where one was asked for.
    pub json: Option<String>,
}

/// Why nothing was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// As in `error[schema]`.
    pub class: &'static str,
    pub exit: u8,
    pub message: String,
    mismatches: Vec<Mismatch>,
}

impl NotTaken {
    /// The model does not want to. What it says instead is all there is, and no part of an answer.
    pub(super) fn refused(text: &str) -> Self {
        let message = match text.trim() {
            "" => "the model refuses to answer".to_owned(),
            text => format!("the model refuses: {text}"),
        };
        Self { class: "refused", exit: exit_code::REFUSED, message, mismatches: Vec::new() }
    }

    /// All that is wrong.
    pub(super) fn in_one_line(&self) -> String {
        self.mismatches.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }
}

impl Wanted {
    /// What providers are told of it.
    #[must_use]
    pub fn format(&self) -> Option<&AnswerFormat> {
        match self {
            Self::Part(_) => None,
            Self::Value { schema, .. } => Some(schema.format()),
        }
    }

    /// The part, where it is one.
    #[must_use]
    pub fn part(&self) -> Option<&PartKind> {
        match self {
            Self::Part(kind) => Some(kind),
            Self::Value { .. } => None,
        }
    }

    /// Looks for it while the answer comes in.
    pub(super) fn finder(&self) -> Option<PartFinder> {
        match self {
            Self::Part(kind) => Some(PartFinder::new(kind.clone())),
            Self::Value { .. } => None,
        }
    }

    /// Takes it out of a whole answer.
    pub fn take(&self, answer: &str) -> Result<Taken, NotTaken> {
        match self {
            Self::Part(kind) => match PartFinder::new(kind.clone()).finish(answer) {
                Some(text) => Ok(Taken { text, json: None }),
                None => Err(NotTaken {
                    class: "part",
                    exit: exit_code::INCOMPLETE,
                    message: format!("the answer has no {}", kind.name()),
                    mismatches: Vec::new(),
                }),
            },
            Self::Value { schema, .. } => match schema.check(answer) {
                Ok(fit) => Ok(Taken { text: fit.lines, json: Some(fit.value) }),
                Err(mismatches) => Err(NotTaken {
                    class: "schema",
                    exit: exit_code::SCHEMA,
                    message: format!("the answer does not match the schema:\n{}", listed(&mismatches)),
                    mismatches,
                }),
            },
        }
    }

    /// What the model is told, where it gets another try after `repairs` of them.
    pub(super) fn complaint(&self, problem: &NotTaken, repairs: u32) -> Option<String> {
        match self {
            Self::Part(_) => None,
            Self::Value { repairs_max, .. } if repairs >= *repairs_max => None,
            Self::Value { schema, .. } => Some(format!(
                "Your answer is not what was asked for:\n{}\n\n{}",
                listed(&problem.mismatches),
                schema.format().instructions()
            )),
        }
    }
}

fn listed(mismatches: &[Mismatch]) -> String {
    mismatches.iter().map(|mismatch| format!("- {mismatch}")).collect::<Vec<_>>().join("\n")
}
