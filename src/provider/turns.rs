//! The messages of a conversation in an order that every server takes.

use std::borrow::Cow;

use super::ChatRequest;
use super::call_ids::{CallIdForm, CallIds};
use crate::conversation::{Attachment, Message, Role};

/// What the server is told of a call that never came to a result.
const INTERRUPTED: &str = "interrupted: this call has no result";

/// One message of a request.
#[derive(Debug, PartialEq)]
pub enum Turn<'a> {
    System(&'a str),
    User(&'a Message),
    Assistant(Assistant<'a>),
    Result(CallResult<'a>),
}

/// With calls, thoughts to give back, or both.
#[derive(Debug, PartialEq)]
pub struct Assistant<'a> {
    pub message: &'a Message,
    /// The ids of its calls, in the form that was asked for.
    pub call_ids: Vec<Cow<'a, str>>,
}

#[derive(Debug, PartialEq)]
pub struct CallResult<'a> {
    pub call_id: Cow<'a, str>,
    /// The tool that was called.
    pub name: &'a str,
    pub text: &'a str,
    /// Images of the result.
    pub attachments: &'a [Attachment],
    /// Which of the calls of its message it is about.
    pub number: usize,
}

/// Each call is followed by exactly one result, each result follows its call, no id stands twice, and no
/// answer is empty.
pub fn in_order(messages: &[Message], form: CallIdForm) -> Vec<Turn<'_>> {
    let mut turns = Vec::with_capacity(messages.len());
    let mut ids = CallIds::new(form);
    for (at, message) in messages.iter().enumerate() {
        match message.role {
            Role::System => turns.push(Turn::System(&message.text)),
            Role::User => turns.push(Turn::User(message)),
            Role::Assistant if message.text.is_empty() && message.tool_calls.is_empty() => {}
            Role::Assistant => {
                let call_ids: Vec<_> = message.tool_calls.iter().map(|call| ids.take(&call.id)).collect();
                let results = results_of(message, &call_ids, &messages[at + 1..]);
                turns.push(Turn::Assistant(Assistant { message, call_ids }));
                turns.extend(results.into_iter().map(Turn::Result));
            }
            // Sent with its call.
            Role::Tool => {}
        }
    }
    turns
}

fn results_of<'a>(message: &'a Message, call_ids: &[Cow<'a, str>], later: &'a [Message]) -> Vec<CallResult<'a>> {
    let later = || later.iter().take_while(|later| later.role != Role::Assistant);
    let calls = message.tool_calls.iter().zip(call_ids).enumerate();
    let result = |(number, (call, call_id)): (usize, (&'a crate::conversation::ToolCall, &Cow<'a, str>))| {
        let is_result = |later: &&Message| later.tool_call_id.as_deref() == Some(&call.id);
        let result = later().filter(|later| later.role == Role::Tool).find(is_result);
        let text = result.map_or(INTERRUPTED, |result| &result.text);
        let attachments = result.map_or(&[][..], |result| &result.attachments);
        CallResult { call_id: call_id.clone(), name: &call.name, text, attachments, number }
    };
    calls.map(result).collect()
}

/// The system prompts of a request, for servers that have one place for all of them.
pub fn system_texts<'a>(request: &ChatRequest<'a>) -> Vec<&'a str> {
    let later = request.messages.iter().filter(|message| message.role == Role::System);
    let all = request.system.into_iter().chain(later.map(|message| message.text.as_str()));
    all.filter(|text| !text.trim().is_empty()).collect()
}

/// Stands before a conversation whose beginning is not sent, where the first turn has to be the user's.
pub const BEGINNING: &str = "(the beginning of this conversation is left out)";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    User,
    Model,
}

/// One turn of a conversation in which two speakers take turns.
#[derive(Debug)]
pub struct Alternating<P> {
    pub speaker: Speaker,
    pub parts: Vec<P>,
}

/// The parts put into turns, of which the first is the user's.
pub fn alternate<P>(parts: Vec<(Speaker, P)>, beginning: impl FnOnce() -> P) -> Vec<Alternating<P>> {
    let mut turns: Vec<Alternating<P>> = Vec::new();
    if parts.first().is_some_and(|(speaker, _)| *speaker == Speaker::Model) {
        turns.push(Alternating { speaker: Speaker::User, parts: vec![beginning()] });
    }
    for (speaker, part) in parts {
        match turns.last_mut() {
            Some(last) if last.speaker == speaker => last.parts.push(part),
            Some(_) | None => turns.push(Alternating { speaker, parts: vec![part] }),
        }
    }
    turns
}
