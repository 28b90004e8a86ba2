//! What a person asks, with what goes along.

use crate::conversation::{Attachment, Message, QuestionNote, Typed};

/// What the model is told when an answer that was cut off is to go on.
const CONTINUATION: &str = "Continue your last answer exactly where it stopped. Do not repeat any of it.";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    pub text: String,
    pub attachments: Vec<Attachment>,
    /// What the person has typed for it; `None`: the text itself.
    pub typed: Option<Typed>,
    /// A server has written it.
    pub is_of_others: bool,
}

impl Prompt {
    /// What a message has asked.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let QuestionNote { typed, is_of_others, .. } = QuestionNote::of(message);
        Self { text: message.text.clone(), attachments: message.attachments.clone(), typed, is_of_others }
    }

    #[must_use]
    pub fn continuation() -> Self {
        CONTINUATION.to_owned().into()
    }

    /// Nobody has typed it.
    #[must_use]
    pub fn is_continuation(&self) -> bool {
        self.text == CONTINUATION
    }

    /// As the person has typed it, to be typed again.
    #[must_use]
    pub fn into_typed(mut self) -> Self {
        match self.typed.take() {
            Some(Typed { text, attachments }) => {
                self.attachments.truncate(attachments);
                Self { attachments: self.attachments, ..text.into() }
            }
            None => self,
        }
    }

    /// As it is edited: what the person has typed, but what a server has written as it is.
    #[must_use]
    pub fn into_editable(self) -> Self {
        if self.is_of_others { self } else { self.into_typed() }
    }

    /// With what came of it on the way to the model, and the files of servers behind its own.
    #[must_use]
    pub fn made_into(self, whole: Self) -> Self {
        let mut prompt = self.sent_as(whole.text);
        prompt.attachments.extend(whole.attachments);
        prompt
    }

    /// What is asked in its place; what was typed stays known.
    #[must_use]
    pub fn sent_as(mut self, text: String) -> Self {
        let typed = Typed { text: std::mem::replace(&mut self.text, text), attachments: self.attachments.len() };
        if typed.text != self.text {
            self.typed.get_or_insert(typed);
        }
        self
    }

    /// With more text at its end, and more files.
    #[must_use]
    pub fn and(self, more: &str, files: Vec<Attachment>) -> Self {
        let whole = format!("{}{more}", self.text);
        let mut prompt = self.sent_as(whole);
        prompt.attachments.extend(files);
        prompt
    }
}

impl From<String> for Prompt {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}
