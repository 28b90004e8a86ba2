//! What servers ask while a command runs: put to the person, answered with the defaults, or declined.

use serde_json::{Map, Value};

use super::super::context::Context;
use super::super::tty::Person;
use super::form::{self, Entry};
use crate::mcp::{ElicitAnswer, ServerQuestion};
use crate::session::{CancelCause, Signals};

/// Who answers.
pub enum Policy {
    Ask(Person),
    /// The values that the server itself proposes.
    Defaults,
    Decline,
}

/// Fields of one form; more is not filled in by hand.
const FIELDS_MAX: usize = 50;

/// Answers the question, or is stopped by a signal, which cancels it.
pub async fn answer(
    question: ServerQuestion,
    policy: &Policy,
    context: &mut Context,
    signals: &mut Signals,
) -> Result<(), CancelCause> {
    match question {
        // Dropped: declined. No model takes part in these commands.
        ServerQuestion::Sampling { server, .. } => {
            context.warn(&format!("{server} wants to ask a model, and there is none here: declined"));
        }
        ServerQuestion::Form { server, message, schema, answer } => {
            let said = match policy {
                Policy::Ask(person) => fill_in(&server, &message, &schema, (person, context, signals)).await?,
                Policy::Defaults => form::defaults(&schema).map_or(ElicitAnswer::Decline, ElicitAnswer::Accept),
                Policy::Decline => ElicitAnswer::Decline,
            };
            if !matches!((&said, policy), (_, Policy::Ask(_)) | (ElicitAnswer::Accept(_), _)) {
                context.warn(&format!("{server} asks: {message} (declined; nobody is here to answer)"));
            }
            // A server that waits no longer hears nothing.
            let _ = answer.send(said);
        }
        ServerQuestion::Url { server, message, url, answer } => {
            let said = match policy {
                Policy::Ask(person) => {
                    context.note(&format!("{server} wants you to open a page: {message}"));
                    context.note(&format!("  {url}"));
                    let agrees =
                        person.agrees("Have you opened it yourself, and shall the server go on?", context, signals);
                    if agrees.await? { ElicitAnswer::Accept(Map::new()) } else { ElicitAnswer::Decline }
                }
                Policy::Defaults | Policy::Decline => ElicitAnswer::Decline,
            };
            let _ = answer.send(said);
        }
    }
    Ok(())
}

async fn fill_in(
    server: &str,
    message: &str,
    schema: &Map<String, Value>,
    (person, context, signals): (&Person, &mut Context, &mut Signals),
) -> Result<ElicitAnswer, CancelCause> {
    let fields = form::fields(schema);
    context.screen.stop_row();
    context.note(&format!("{server} asks: {message}"));
    if fields.len() > FIELDS_MAX || !person.agrees("Answer it?", context, signals).await? {
        return Ok(ElicitAnswer::Decline);
    }
    let mut values = Map::new();
    for field in &fields {
        loop {
            let Some(line) = person.line(&field.question(), context, signals).await? else {
                return Ok(ElicitAnswer::Cancel);
            };
            match field.read(&line) {
                Entry::Value(value) => {
                    values.insert(field.name.clone(), value);
                    break;
                }
                Entry::LeftOut => break,
                Entry::Wrong(reason) => context.note(&format!("  {reason}")),
            }
        }
    }
    context.note(&format!("  {}", Value::Object(values.clone())));
    if person.agrees("Send this?", context, signals).await? {
        Ok(ElicitAnswer::Accept(values))
    } else {
        Ok(ElicitAnswer::Decline)
    }
}
