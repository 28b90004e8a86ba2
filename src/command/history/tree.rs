//! `history show --tree`: all branches of a conversation, one line for each message (pure).

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::rows::{message_json, status_text};
use super::text::{Ink, Text};
use crate::command::listing::{cut, one_line};
use crate::conversation::{MessageId, MessageStatus};
use crate::history::StoredMessage;

/// The first words of a message.
const WORDS_COLUMNS_MAX: usize = 60;

/// Messages in the order they were written, with the head of the active branch. Where several follow one
/// message, the older ways stand indented and the newest goes on straight.
#[must_use]
pub fn tree(messages: &[StoredMessage], head: Option<&MessageId>) -> Text {
    let mut children: HashMap<Option<&MessageId>, Vec<&StoredMessage>> = HashMap::new();
    let known: HashMap<&MessageId, &StoredMessage> =
        messages.iter().map(|stored| (&stored.message.id, stored)).collect();
    for stored in messages {
        let parent = stored.message.parent.as_ref().filter(|parent| known.contains_key(parent));
        children.entry(parent).or_default().push(stored);
    }
    let active = active_ids(&known, head);
    let mut text = Text::default();
    // A stack and no recursion: a conversation can be long.
    let mut open: Vec<(&StoredMessage, usize)> =
        children.get(&None).into_iter().flatten().rev().map(|root| (*root, 0)).collect();
    while let Some((stored, depth)) = open.pop() {
        push_line(&mut text, stored, depth, active.contains(&stored.message.id));
        let next = children.get(&Some(&stored.message.id)).map_or(&[][..], Vec::as_slice);
        let Some((newest, older)) = next.split_last() else { continue };
        open.push((newest, depth));
        open.extend(older.iter().rev().map(|child| (*child, depth + 1)));
    }
    text
}

fn active_ids<'a>(
    known: &HashMap<&'a MessageId, &'a StoredMessage>,
    head: Option<&MessageId>,
) -> HashSet<&'a MessageId> {
    let mut next = head.and_then(|head| known.get(head));
    let mut ids = HashSet::new();
    // Bounded: in a damaged file messages can follow each other in a circle.
    while let Some(stored) = next.filter(|stored| ids.insert(&stored.message.id)) {
        next = stored.message.parent.as_ref().and_then(|parent| known.get(parent));
    }
    ids
}

fn push_line(text: &mut Text, stored: &StoredMessage, depth: usize, is_active: bool) {
    let message = &stored.message;
    let ink = if is_active { Ink::Strong } else { Ink::Plain };
    let mark = if is_active { "*" } else { "o" };
    text.push(Ink::Faint, "| ".repeat(depth));
    text.push(ink, format!("{mark} {}", message.role.name()));
    text.push(Ink::Faint, format!(" {}", message.id));
    let mut words = cut(&one_line(&message.text), WORDS_COLUMNS_MAX);
    if words.is_empty() {
        let names: Vec<_> = message.tool_calls.iter().map(|call| call.name.as_str()).collect();
        words = names.iter().map(|name| format!("→ {name}")).collect::<Vec<_>>().join(" ");
    }
    if message.status != MessageStatus::Complete {
        words.push_str(&format!(" [{}]", status_text(&message.status)));
    }
    text.line(Ink::Plain, format!(" {words}").trim_end());
}

/// The same for scripts.
#[must_use]
pub fn values(messages: &[StoredMessage], head: Option<&MessageId>) -> Vec<Value> {
    let known: HashMap<&MessageId, &StoredMessage> =
        messages.iter().map(|stored| (&stored.message.id, stored)).collect();
    let active = active_ids(&known, head);
    let value = |stored: &StoredMessage| {
        let mut value = message_json(stored);
        value["active"] = json!(active.contains(&stored.message.id));
        value
    };
    messages.iter().map(value).collect()
}
