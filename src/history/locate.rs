//! From an address, or from where a person is, to the conversation and the message that are meant.

use rusqlite::{OptionalExtension, params};

use super::address::{self, Address, MessageTarget, Target};
use super::rows::BRANCH;
use super::{History, HistoryError, Place};
use crate::conversation::{ConversationId, MessageId};

/// So many fits are named when an address fits several.
const FITS_SHOWN_MAX: u8 = 5;
/// The words of a message by which it is told from others.
const WORDS_CHARS: u8 = 40;

/// What an address means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    pub conversation: ConversationId,
    /// `None`: wherever the conversation is now.
    pub message: Option<MessageId>,
}

/// Among which conversations the last used one was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Terminal,
    Folder,
    Everywhere,
}

impl History {
    /// Finds what a person types: `@N` for the N-th latest conversation, an id, a name, or the beginning of an
    /// id; behind an `@` a message of it, by its place in the branch (`3`, `-1` is the last) or its id. The id
    /// of a message alone is enough, too.
    pub fn locate(&self, text: &str) -> Result<Spot, HistoryError> {
        let address = Address::parse(text);
        let spot = |conversation| Spot { conversation, message: None };
        if let Some(id) = self.by_id_or_name(&address.whole)? {
            return Ok(spot(id));
        }
        let conversation = match &address.conversation {
            Target::Latest(number) => self.nth_latest(*number)?,
            Target::Named(name) if *name == address.whole => self.by_prefix(name)?,
            Target::Named(name) => match self.by_id_or_name(name)? {
                Some(id) => Some(id),
                None => self.by_prefix(name)?,
            },
        };
        match (conversation, &address.message) {
            (Some(id), None) => Ok(spot(id)),
            (Some(id), Some(message)) => {
                let message = self.message_in(&id, message, &address.whole)?;
                Ok(Spot { conversation: id, message: Some(message) })
            }
            (None, message) => {
                match message.is_none().then(|| self.by_message(&address.whole)).transpose()?.flatten() {
                    Some(spot) => Ok(spot),
                    None => Err(HistoryError::NotFound { wanted: address.whole }),
                }
            }
        }
    }

    /// The same where a whole conversation is wanted; an address of a message is a mistake then.
    pub fn resolve(&self, text: &str) -> Result<ConversationId, HistoryError> {
        let spot = self.locate(text)?;
        match spot.message {
            None => Ok(spot.conversation),
            Some(_) => Err(HistoryError::OnlyWhole { wanted: text.trim().to_owned() }),
        }
    }

    /// The conversation used last, wherever.
    pub fn last_used(&self) -> Result<ConversationId, HistoryError> {
        self.nth_latest(1)?.ok_or(HistoryError::Empty)
    }

    /// The conversation `-c` goes on with: the last one of this terminal, else of this folder, else of all.
    pub fn last_used_at(&self, place: &Place) -> Result<(ConversationId, Scope), HistoryError> {
        if let Some(terminal) = place.terminal.as_ref().filter(|_| self.has_places()) {
            let query = "SELECT id FROM conversation WHERE terminal = ?1 ORDER BY used_seq DESC LIMIT 1";
            if let Some(id) = self.id_of(query, terminal)? {
                return Ok((id, Scope::Terminal));
            }
        }
        if let Some(folder) = place.folder.as_ref().filter(|_| self.has_places()) {
            let query = "SELECT id FROM conversation WHERE cwd = ?1 ORDER BY used_seq DESC LIMIT 1";
            if let Some(id) = self.id_of(query, folder)? {
                return Ok((id, Scope::Folder));
            }
        }
        Ok((self.last_used()?, Scope::Everywhere))
    }

    fn id_of(&self, query: &str, value: &str) -> Result<Option<ConversationId>, HistoryError> {
        let found = self.connection.prepare_cached(query)?.query_row([value], |row| row.get(0)).optional()?;
        Ok(found.map(ConversationId))
    }

    fn nth_latest(&self, number: u32) -> Result<Option<ConversationId>, HistoryError> {
        let Some(offset) = number.checked_sub(1) else { return Ok(None) };
        let query = "SELECT id FROM conversation ORDER BY used_seq DESC LIMIT 1 OFFSET ?1";
        let found = self.connection.prepare_cached(query)?.query_row([offset], |row| row.get(0)).optional()?;
        Ok(found.map(ConversationId))
    }

    fn by_id_or_name(&self, wanted: &str) -> Result<Option<ConversationId>, HistoryError> {
        // Ours are in capitals, and may be typed in any; what was imported is as it was.
        let query = "SELECT id FROM conversation WHERE id IN (?1, upper(?1)) ORDER BY id <> ?1 LIMIT 1";
        let by_id = self.id_of(query, wanted)?;
        if by_id.is_some() {
            return Ok(by_id);
        }
        let query = "SELECT id, title FROM conversation WHERE name = ?1 ORDER BY used_seq DESC LIMIT ?2";
        one_of("conversation", wanted, self.fits(query, params![wanted, FITS_SHOWN_MAX + 1])?)
            .map(|id| id.map(ConversationId))
    }

    fn by_prefix(&self, prefix: &str) -> Result<Option<ConversationId>, HistoryError> {
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(None);
        }
        // Every character of an id sorts before `~`.
        let query = "SELECT id, coalesce(name, title) FROM conversation
                     WHERE id >= ?1 AND id < ?1 || '~' OR id >= upper(?1) AND id < upper(?1) || '~'
                     ORDER BY used_seq DESC LIMIT ?2";
        one_of("conversation", prefix, self.fits(query, params![prefix, FITS_SHOWN_MAX + 1])?)
            .map(|id| id.map(ConversationId))
    }

    /// The message that this is the beginning of the id of, with its conversation.
    fn by_message(&self, prefix: &str) -> Result<Option<Spot>, HistoryError> {
        if !address::is_id_start(prefix) {
            return Ok(None);
        }
        let query = "SELECT id, role || ' ' || substr(coalesce(unpack(packed), text), 1, ?3) FROM message
                     WHERE id >= upper(?1) AND id < upper(?1) || '~' ORDER BY id LIMIT ?2";
        let fits = self.fits(query, params![prefix, FITS_SHOWN_MAX + 1, WORDS_CHARS])?;
        let Some(message) = one_of("message", prefix, fits)? else { return Ok(None) };
        let query = "SELECT id FROM conversation WHERE number = (SELECT conversation FROM message WHERE id = ?1)";
        let conversation = self.id_of(query, &message)?;
        Ok(conversation.map(|conversation| Spot { conversation, message: Some(MessageId(message)) }))
    }

    fn message_in(
        &self,
        conversation: &ConversationId,
        wanted: &MessageTarget,
        whole: &str,
    ) -> Result<MessageId, HistoryError> {
        let found = match wanted {
            MessageTarget::FromStart(number) => self.nth_message(conversation, "ASC", *number)?,
            MessageTarget::FromEnd(number) => self.nth_message(conversation, "DESC", *number)?,
            MessageTarget::Id(prefix) => {
                let query = "SELECT id, role || ' ' || substr(coalesce(unpack(packed), text), 1, ?3) FROM message
                    WHERE id >= upper(?1) AND id < upper(?1) || '~'
                        AND conversation = (SELECT number FROM conversation WHERE id = ?4) ORDER BY id LIMIT ?2";
                let fits = self.fits(query, params![prefix, FITS_SHOWN_MAX + 1, WORDS_CHARS, conversation.0])?;
                one_of("message", whole, fits)?
            }
        };
        found.map(MessageId).ok_or_else(|| HistoryError::NoMessage { wanted: whole.to_owned() })
    }

    fn nth_message(
        &self,
        conversation: &ConversationId,
        order: &str,
        number: usize,
    ) -> Result<Option<String>, HistoryError> {
        let query = format!(
            "{BRANCH} SELECT id FROM message WHERE number IN branch AND role <> 'system' AND (role <> 'assistant'
                OR text <> '' OR packed IS NOT NULL
                OR EXISTS (SELECT 1 FROM tool_call WHERE tool_call.message = message.number)
                OR status = 'streaming' AND EXISTS (SELECT 1 FROM message_delta
                    WHERE message_delta.message = message.number AND kind = 'text'))
             ORDER BY number {order} LIMIT 1 OFFSET ?2"
        );
        let offset = i64::try_from(number.saturating_sub(1)).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(&query)?;
        Ok(statement.query_row(params![conversation.0, offset], |row| row.get(0)).optional()?)
    }

    /// Ids with the words a person knows them by.
    fn fits(&self, query: &str, parameters: impl rusqlite::Params) -> Result<Vec<(String, String)>, HistoryError> {
        let mut statement = self.connection.prepare_cached(query)?;
        Ok(statement.query_map(parameters, |row| row.try_into())?.collect::<Result<_, _>>()?)
    }
}

/// The one that fits, if any does; several are a mistake.
fn one_of(what: &'static str, wanted: &str, fits: Vec<(String, String)>) -> Result<Option<String>, HistoryError> {
    if fits.len() < 2 {
        return Ok(fits.into_iter().next().map(|(id, _)| id));
    }
    let is_cut = fits.len() > FITS_SHOWN_MAX.into();
    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = fits.into_iter().take(FITS_SHOWN_MAX.into()).map(|(id, text)| format!("{id} ({})", words(text)));
    let mut fits = shown.collect::<Vec<_>>().join(", ");
    if is_cut {
        fits.push_str(", …");
    }
    Err(HistoryError::Ambiguous { what, wanted: wanted.to_owned(), fits })
}
