//! How a conversation turns to another branch: what was said before stays stored, and is only left behind.

use super::repair::repair;
use super::{Prompt, Session, TurnFailure, TurnInput};
use crate::conversation::{Message, MessageId, QuestionNote, Role, now_ms};
use crate::history::{Entry, FlushOutcome, Place};

/// One message of a conversation as somebody has edited it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it was.
    Kept(MessageId),
    Changed(Draft),
    /// A question that is put anew.
    Asked(Prompt),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Whose calls, or whose call, it keeps.
    pub original: Option<MessageId>,
    pub role: Role,
    pub text: String,
}

impl Session {
    /// Takes the last prompt, and all that followed, off the branch; the prompt. `None`: there is none.
    pub fn undo(&mut self) -> Option<Prompt> {
        let prompt = match self.unanswered.take() {
            Some(prompt) => prompt,
            None => {
                let at = self.messages.iter().rposition(|message| message.role == Role::User)?;
                self.turn = self.turn.saturating_sub(1);
                self.messages.drain(at..).next()?
            }
        };
        self.move_head(prompt.parent.clone());
        Some(Prompt::of(&prompt))
    }

    /// Goes on as if this had been said. From the first change on the messages are new ones, beside the old.
    pub fn rewrite(&mut self, pieces: Vec<Piece>) {
        self.unanswered = None;
        let before = self.messages.first().map(|first| first.parent.clone());
        let is_kept = |(piece, message): &(&Piece, &Message)| matches!(piece, Piece::Kept(id) if *id == message.id);
        let kept = pieces.iter().zip(&self.messages).take_while(is_kept).count();
        let left = self.messages.split_off(kept);
        let last = self.messages.iter().rfind(|message| !message.id.0.is_empty()).map(|message| message.id.clone());
        self.move_head(last.or(before.flatten()));
        for piece in pieces.into_iter().skip(kept) {
            let draft = match piece {
                Piece::Changed(draft) => draft,
                Piece::Asked(prompt) => {
                    let question = self.record_prompt(prompt);
                    self.messages.push(question);
                    continue;
                }
                Piece::Kept(id) => match left.iter().chain(&self.messages).find(|message| message.id == id) {
                    Some(message) => Draft { original: Some(id), role: message.role, text: message.text.clone() },
                    None => continue,
                },
            };
            let original = left.iter().find(|message| Some(&message.id) == draft.original.as_ref()).cloned();
            self.add_draft(draft, original);
        }
        self.turn = self.messages.iter().filter(|message| message.role == Role::User).count() as u64;
        self.messages = repair(std::mem::take(&mut self.messages));
    }

    fn add_draft(&mut self, draft: Draft, original: Option<Message>) {
        let now = now_ms();
        let mut message = Message::new(self.ids.message(now), self.head.clone(), draft.role, draft.text, now);
        message.model = Some(self.model.label.clone());
        if let Some(original) = original {
            message.replay = match draft.role {
                Role::User if original.text == message.text => original.replay.clone(),
                Role::User => QuestionNote { typed: None, ..QuestionNote::of(&original) }.into_replay(),
                // What the provider wants back is only true of the very words it has said.
                Role::Assistant | Role::System | Role::Tool => {
                    original.replay.clone().filter(|_| original.text == message.text)
                }
            };
            message.attachments = original.attachments;
            message.tool_calls = original.tool_calls;
            message.tool_call_id = original.tool_call_id;
            message.model = original.model;
            message.reasoning = original.reasoning;
        }
        self.head = Some(message.id.clone());
        let conversation = self.conversation.clone();
        self.journal.record(Entry::MessageAdded { conversation, message: message.clone() });
        self.messages.push(message);
    }

    pub(super) fn move_head(&mut self, head: Option<MessageId>) {
        self.head.clone_from(&head);
        if self.is_recorded {
            self.journal.record(Entry::HeadMoved { conversation: self.conversation.clone(), head });
        }
    }

    /// The last message of the branch as the history knows it.
    #[must_use]
    pub fn head(&self) -> Option<&MessageId> {
        self.head.as_ref()
    }

    /// A prompt that got no answer at all.
    #[must_use]
    pub fn unanswered(&self) -> Option<&Message> {
        self.unanswered.as_ref()
    }

    /// Whether the last turn came to no end: its prompt or the result of a tool waits for an answer, or the
    /// answer was cut off.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        use crate::conversation::MessageStatus::{Complete, Error, Interrupted, Streaming};
        self.unanswered.is_some()
            || self.messages.last().is_some_and(|last| match last.role {
                Role::User | Role::Tool => true,
                Role::Assistant => match last.status {
                    Interrupted(_) | Error(_) | Streaming => true,
                    Complete => !last.tool_calls.is_empty(),
                },
                Role::System => false,
            })
    }

    /// Where turns are run from here on; the history keeps it for `-c`.
    pub fn set_place(&mut self, place: Place) {
        self.place = place;
    }

    /// Says that the conversation is open here, before anything is said in it.
    pub fn hold(&mut self) {
        self.record_open();
        self.journal.hand_over();
    }

    /// Puts a prompt at the head of the branch and waits until it is on disk: [`super::TurnInput::Retry`] asks it,
    /// here and in sessions that resume the conversation.
    pub async fn post(&mut self, prompt: Prompt) -> Result<(), TurnFailure> {
        self.begin(TurnInput::Prompt(prompt))?;
        match self.journal.flush().await {
            FlushOutcome::Failed(reason) if self.settings.require_history => Err(TurnFailure::HistoryRequired(reason)),
            FlushOutcome::NotKept | FlushOutcome::Durable | FlushOutcome::Failed(_) => Ok(()),
        }
    }

    /// Makes this session's branch the one that the conversation goes on with.
    pub fn lead(&mut self) {
        if self.is_recorded {
            let (conversation, head) = (self.conversation.clone(), self.head.clone());
            self.journal.record(Entry::HeadMoved { conversation, head });
        }
    }

    pub(super) fn record_open(&mut self) {
        if self.is_recorded {
            let (conversation, place) = (self.conversation.clone(), self.place.clone());
            self.journal.record(Entry::ConversationOpened { conversation, place });
        }
    }

    pub(super) fn record_left(&mut self) {
        if self.is_recorded {
            self.journal.record(Entry::ConversationLeft { conversation: self.conversation.clone() });
        }
    }
}
