//! A stored branch as it can be sent: whatever cut it short, no server refuses it. Pure.

use std::collections::HashSet;

use crate::conversation::{Message, MessageId, Role};

/// What the model is told of a call that was cut off.
const NO_RESULT: &str = "interrupted: there is no result, and whether the call had any effect is not known";

/// Each call gets exactly one result, right behind its reply; results of nothing go, and ids that stand twice
/// become different ones.
#[must_use]
pub fn repair(messages: Vec<Message>) -> Vec<Message> {
    let mut repaired = Vec::with_capacity(messages.len());
    let mut taken = HashSet::new();
    // Calls of the last reply that have no result yet: the id as it was, and as it is.
    let mut open: Vec<(String, String)> = Vec::new();
    for mut message in messages {
        if message.role == Role::Tool {
            let answers = |(id, _): &(String, String)| message.tool_call_id.as_ref() == Some(id);
            if let Some(at) = open.iter().position(answers) {
                message.tool_call_id = Some(open.remove(at).1);
                repaired.push(message);
            }
            continue;
        }
        repaired.extend(open.drain(..).map(|(_, id)| no_result(id)));
        for call in &mut message.tool_calls {
            let id = free_id(&taken, &call.id);
            taken.insert(id.clone());
            open.push((std::mem::replace(&mut call.id, id.clone()), id));
        }
        repaired.push(message);
    }
    repaired.extend(open.into_iter().map(|(_, id)| no_result(id)));
    repaired
}

/// The id, or one like it that no call of the conversation has.
#[must_use]
pub fn free_id(taken: &HashSet<String>, id: &str) -> String {
    if !id.is_empty() && !taken.contains(id) {
        return id.to_owned();
    }
    let base = if id.is_empty() { "call" } else { id };
    (2..).map(|number| format!("{base}_{number}")).find(|id| !taken.contains(id)).unwrap_or_default()
}

/// It has no id: the history does not know it, and makes it anew each time.
fn no_result(call: String) -> Message {
    let mut message = Message::new(MessageId(String::new()), None, Role::Tool, NO_RESULT.to_owned(), 0);
    message.tool_call_id = Some(call);
    message
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::ToolCall;

    fn message(role: Role, text: &str) -> Message {
        Message::new(MessageId("m".into()), None, role, text.into(), 0)
    }

    fn calling(ids: &[&str]) -> Message {
        let call = |id: &&str| ToolCall { id: (*id).into(), name: "read".into(), arguments: "{}".into() };
        Message { tool_calls: ids.iter().map(call).collect(), ..message(Role::Assistant, "") }
    }

    fn result(id: &str) -> Message {
        Message { tool_call_id: Some(id.into()), ..message(Role::Tool, id) }
    }

    /// Roles, with the ids of calls and results.
    fn told(messages: &[Message]) -> Vec<String> {
        let ids =
            |message: &Message| message.tool_calls.iter().map(|call| call.id.clone()).collect::<Vec<_>>().join("+");
        let tell = |message: &Message| match &message.tool_call_id {
            Some(id) => format!("tool {id}{}", if message.text == NO_RESULT { " none" } else { "" }),
            None => format!("{} {}", message.role.name(), ids(message)).trim().to_owned(),
        };
        messages.iter().map(tell).collect()
    }

    #[test]
    fn each_call_gets_one_result_behind_its_reply() {
        let user = || message(Role::User, "q");
        for (messages, expected) in [
            (vec![user(), calling(&["a", "b"]), result("b")], vec!["user", "assistant a+b", "tool b", "tool a none"]),
            (vec![calling(&["a"]), user(), result("a")], vec!["assistant a", "tool a none", "user"]),
            (vec![calling(&["a"]), result("a"), result("a"), result("x")], vec!["assistant a", "tool a"]),
            (
                vec![calling(&["a"]), result("a"), calling(&["a", ""]), result("a")],
                vec!["assistant a", "tool a", "assistant a_2+call_2", "tool a_2", "tool call_2 none"],
            ),
            (vec![result("a"), user()], vec!["user"]),
        ] {
            assert_eq!(told(&repair(messages)), expected);
        }
    }

    #[test]
    fn whatever_is_stored_comes_out_in_order_and_stays_as_it_is() {
        let any = prop_oneof![
            Just(message(Role::User, "q")),
            Just(message(Role::Assistant, "a")),
            prop::sample::subsequence(vec!["a", "b", "c", "a"], 1..4).prop_map(|ids| calling(&ids)),
            prop::sample::select(vec!["a", "b", "c", "x"]).prop_map(result),
        ];
        let mut runner = proptest::test_runner::TestRunner::default();
        let outcome = runner.run(&prop::collection::vec(any, 0..12), |messages| {
            let repaired = repair(messages);
            let (mut open, mut seen) = (Vec::new(), HashSet::new());
            for message in &repaired {
                if let Some(id) = &message.tool_call_id {
                    let at = open.iter().position(|other| other == id);
                    prop_assert!(at.is_some(), "{:?}", told(&repaired));
                    at.map(|at| open.remove(at));
                } else {
                    prop_assert!(open.is_empty(), "{:?}", told(&repaired));
                    open = message.tool_calls.iter().map(|call| call.id.clone()).collect();
                    prop_assert!(open.iter().all(|id| seen.insert(id.clone())), "{:?}", told(&repaired));
                }
            }
            prop_assert!(open.is_empty());
            prop_assert_eq!(repair(repaired.clone()), repaired);
            Ok(())
        });
        outcome.unwrap();
    }
}
