//! What servers ask while a command runs: put to the person, answered with the defaults, or declined.

use serde_json::{Map, Value};

use super::super::context::Context;
use super::super::tty::Person;
use crate::mcp::{ElicitAnswer, ServerQuestion};
use crate::session::{Answer, CancelCause, Question, Signals};
use crate::terminal::{Dialogue, Said, Stream, Turnout, question_text};

/// Who answers.
pub enum Policy {
    Ask(Person),
    /// The values that the server itself proposes.
    Defaults,
    Decline,
}

/// Answers the question, or is stopped by a signal, which cancels it.
pub async fn answer(
    question: ServerQuestion,
    policy: &Policy,
    context: &mut Context,
    signals: &mut Signals,
) -> Result<(), CancelCause> {
    let said = match policy {
        Policy::Ask(person) if !matches!(question, ServerQuestion::Sampling { .. }) => {
            ask(&question, person, context, signals).await?
        }
        Policy::Defaults => match &question {
            ServerQuestion::Form { schema, .. } => defaults(schema).map_or(Answer::Nobody, Answer::With),
            ServerQuestion::Url { .. } | ServerQuestion::Sampling { .. } => Answer::Nobody,
        },
        Policy::Ask(_) | Policy::Decline => Answer::Nobody,
    };
    match question {
        // Dropped: declined. No model takes part in these commands.
        ServerQuestion::Sampling { server, .. } => {
            context.warn(&format!("{server} wants to ask a model, and there is none here: declined"));
        }
        ServerQuestion::Form { server, message, answer, .. } | ServerQuestion::Url { server, message, answer, .. } => {
            if said == Answer::Nobody {
                let why = match policy {
                    Policy::Defaults => "not all that it wants has a default",
                    Policy::Ask(_) | Policy::Decline => "nobody is here to answer",
                };
                context.warn(&format!("{server} asks: {message} (declined: {why})"));
            }
            // A server that waits no longer hears nothing.
            let _ = answer.send(match said {
                Answer::Yes | Answer::Always => ElicitAnswer::Accept(Map::new()),
                Answer::With(values) => ElicitAnswer::Accept(values),
                Answer::No | Answer::Nobody => ElicitAnswer::Decline,
                Answer::StopTurn => ElicitAnswer::Cancel,
            });
        }
    }
    Ok(())
}

async fn ask(
    asked: &ServerQuestion,
    person: &Person,
    context: &mut Context,
    signals: &mut Signals,
) -> Result<Answer, CancelCause> {
    context.screen.stop_row();
    let question = Question::Server(asked);
    let text = question_text(&question, context.screen.color(Stream::Stderr));
    context.screen.lines(text.as_safe());
    let mut dialogue = Dialogue::new(&question);
    loop {
        let (prompt, _) = dialogue.prompt();
        let said = match person.line(prompt.trim_end(), context, signals).await? {
            Some(line) => Said::Line(line),
            None => Said::No,
        };
        match dialogue.enter(&said) {
            Turnout::Done(answer) => return Ok(answer),
            Turnout::Again(None) => {}
            Turnout::Again(Some(note)) => note.lines().for_each(|line| context.note(line)),
        }
    }
}

/// What the server proposes; `None` where a field that it needs has no default.
fn defaults(schema: &Map<String, Value>) -> Option<Map<String, Value>> {
    let list = |key: &str| schema.get(key).and_then(Value::as_array).into_iter().flatten();
    let properties = schema.get("properties").and_then(Value::as_object);
    let with_default = |(name, field): (&String, &Value)| Some((name.clone(), field.get("default")?.clone()));
    let values: Map<String, Value> = properties.into_iter().flatten().filter_map(with_default).collect();
    let is_enough = list("required").filter_map(Value::as_str).all(|name| values.contains_key(name));
    is_enough.then_some(values)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::defaults;

    #[test]
    fn defaults_are_taken_where_they_are_enough() {
        let mut schema = json!({
            "properties": { "name": { "type": "string" }, "age": { "default": 30 }, "sure": { "default": true } },
            "required": ["name", "age"],
        });
        let schema = schema.as_object_mut().unwrap();
        assert_eq!(defaults(schema), None);
        schema["required"] = json!(["age"]);
        assert_eq!(defaults(schema), json!({ "age": 30, "sure": true }).as_object().cloned());
        assert_eq!(defaults(&serde_json::Map::new()), Some(serde_json::Map::new()));
    }
}
