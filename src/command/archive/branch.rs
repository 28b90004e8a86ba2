//! What of a conversation is read as text: the way from the first message to the last.

use std::collections::HashMap;

use crate::history::{PortableConversation, PortableMessage};

/// The messages of the active branch, the first one first.
pub fn active_branch(conversation: &PortableConversation) -> Vec<&PortableMessage> {
    let by_id: HashMap<&str, &PortableMessage> =
        conversation.messages.iter().map(|message| (message.id.as_str(), message)).collect();
    let mut branch = Vec::new();
    let mut next = conversation.head();
    // Bounded: a damaged file could have messages that follow each other in a circle.
    while let Some(message) = next.and_then(|id| by_id.get(id)).filter(|_| branch.len() < by_id.len()) {
        branch.push(*message);
        next = message.parent.as_deref();
    }
    branch.reverse();
    branch
}

/// What a person calls it.
pub fn label(conversation: &PortableConversation) -> &str {
    match conversation.name.as_deref().unwrap_or(&conversation.title) {
        "" => &conversation.id,
        label => label,
    }
}

/// As in `interrupted: signal`; `None`: it is complete.
pub fn status(message: &PortableMessage) -> Option<String> {
    match (message.status.as_str(), &message.reason) {
        ("complete", _) => None,
        (status, Some(reason)) => Some(format!("{status}: {reason}")),
        (status, None) => Some(status.to_owned()),
    }
}

/// The words about a message: who, when, with which model, how it ended.
pub fn about(message: &PortableMessage) -> Vec<String> {
    let mut about = vec![crate::command::history::utc(message.created.0)];
    about.extend(message.model.clone());
    about.extend(status(message));
    let tokens = [("in", message.usage.input), ("out", message.usage.output)];
    about.extend(tokens.into_iter().filter_map(|(name, count)| Some(format!("{} tokens {name}", count?))));
    about.extend(message.usage.cost_usd.map(|cost| format!("${cost:.4}")));
    about
}
