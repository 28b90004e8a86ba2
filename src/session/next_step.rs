//! What a conversation needs next, from its messages alone.

use crate::conversation::{Message, Role};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// The last word is the user's or a tool's: the model is to answer.
    AskModel,
    /// The model asks for tools.
    RunTools,
    /// It does so once more than is allowed.
    HopLimit,
    /// The model has answered.
    Done,
}

#[must_use]
pub fn next_step(messages: &[Message], may_run_tools: bool) -> NextStep {
    match messages.last() {
        None => NextStep::Done,
        Some(last) => match last.role {
            Role::System | Role::User | Role::Tool => NextStep::AskModel,
            Role::Assistant if last.tool_calls.is_empty() => NextStep::Done,
            Role::Assistant if may_run_tools => NextStep::RunTools,
            Role::Assistant => NextStep::HopLimit,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, NextStep, Role, next_step};
    use crate::conversation::{MessageId, ToolCall};

    #[test]
    fn the_last_message_decides() {
        let message = |role| Message::new(MessageId("m".into()), None, role, "text".into(), 0);
        let mut calling = message(Role::Assistant);
        calling.tool_calls.push(ToolCall::default());
        let steps = [message(Role::User), message(Role::Tool), message(Role::Assistant), calling.clone()];
        assert_eq!(
            steps.map(|last| next_step(&[message(Role::User), last], true)),
            [NextStep::AskModel, NextStep::AskModel, NextStep::Done, NextStep::RunTools]
        );
        assert_eq!(next_step(&[message(Role::User), calling], false), NextStep::HopLimit);
        assert_eq!(next_step(&[], true), NextStep::Done);
    }
}
