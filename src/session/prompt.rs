//! What a person asks, with what goes along.

use crate::conversation::{Attachment, Message, QuestionNote};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    pub text: String,
    pub attachments: Vec<Attachment>,
    /// A server has written it.
    pub is_of_others: bool,
}

impl Prompt {
    /// What a message has asked.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let QuestionNote { is_of_others, .. } = QuestionNote::of(message);
        Self { text: message.text.clone(), attachments: message.attachments.clone(), is_of_others }
    }

    /// With more text at its end, and more files.
    #[must_use]
    pub fn and(mut self, more: &str, files: Vec<Attachment>) -> Self {
        self.text.push_str(more);
        self.attachments.extend(files);
        self
    }
}

impl From<String> for Prompt {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}
