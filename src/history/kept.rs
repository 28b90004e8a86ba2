//! What this process wrote of the conversation at hand, for the case that the file is lost.

use rusqlite::Connection;

use super::statements::Fact;
use super::{Entry, attached, rows};
use crate::conversation::{ConversationId, MessageId, MessageStatus};

#[derive(Debug, Default)]
pub struct Kept {
    conversation: Option<ConversationId>,
    facts: Vec<Fact>,
}

impl Kept {
    /// Takes what was just written. Another conversation replaces the one before.
    pub fn extend(&mut self, facts: impl Iterator<Item = Fact>) {
        for fact in facts {
            match &fact {
                Fact::Entry(entry) => {
                    let Some(conversation) = entry.conversation() else { continue };
                    if self.conversation.as_ref() != Some(conversation) {
                        self.conversation = Some(conversation.clone());
                        self.facts.clear();
                    }
                }
                Fact::Deltas(_) => {}
            }
            self.facts.push(fact);
        }
    }

    /// The end of a reply, which is about to be written, holds all of its text.
    pub fn forget_deltas(&mut self, reply: &MessageId) {
        self.facts.retain(|fact| !matches!(fact, Fact::Deltas(deltas) if deltas.reply == *reply));
    }

    /// The conversation at hand.
    pub fn conversation(&self) -> Option<&ConversationId> {
        self.conversation.as_ref()
    }

    /// Whether a reply of it has begun and not ended.
    pub fn has_open_reply(&self) -> bool {
        let open = |fact: &Fact| match fact {
            Fact::Entry(Entry::ReplyStarted { .. }) => Some(true),
            Fact::Entry(Entry::ReplyEnded(_)) => Some(false),
            Fact::Entry(_) | Fact::Deltas(_) => None,
        };
        self.facts.iter().rev().find_map(open).unwrap_or(false)
    }

    pub fn take(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// The whole conversation as a file that is still open holds it, with what earlier
    /// processes wrote. Empty where it cannot be read any more.
    pub fn older_facts(&self, connection: &Connection) -> Vec<Fact> {
        self.conversation.as_ref().and_then(|id| conversation_facts(connection, id).ok()).unwrap_or_default()
    }
}

fn conversation_facts(connection: &Connection, id: &ConversationId) -> rusqlite::Result<Vec<Fact>> {
    let (name, created_ms) =
        connection
            .query_row("SELECT name, created_ms FROM conversation WHERE id = ?1", [&id.0], |row| row.try_into())?;
    let start = Entry::ConversationStarted { id: id.clone(), name, created_ms };
    let finished = attached::loaded(connection, rows::all_messages(connection, id)?)?
        .into_iter()
        .filter(|message| message.status != MessageStatus::Streaming)
        .map(|message| Entry::MessageAdded { conversation: id.clone(), message });
    Ok(std::iter::once(start).chain(finished).map(Fact::Entry).collect())
}
