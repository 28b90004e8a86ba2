//! Session files of aichat: one YAML file for each session.

use serde::Deserialize;
use serde_yaml::Value;

use super::foreign_id::foreign_id;
use super::{PortableCall, PortableConversation, PortableMessage, Time};
use crate::conversation::UnixMillis;

const ORIGIN: &str = "aichat";

#[derive(Deserialize)]
struct Session {
    #[serde(default)]
    model: Option<String>,
    /// What was said before the program summed it up.
    #[serde(default)]
    compressed_messages: Vec<SessionMessage>,
    messages: Vec<SessionMessage>,
}

#[derive(Deserialize)]
struct SessionMessage {
    role: String,
    #[serde(default)]
    content: Value,
}

/// The conversation in a session file. `name` is that of the file without its ending; the
/// file holds no times, so all of it is said at `time`.
pub fn aichat_session(text: &str, name: &str, time: UnixMillis) -> Result<PortableConversation, serde_yaml::Error> {
    let session: Session = serde_yaml::from_str(text)?;
    let mut messages: Vec<PortableMessage> = Vec::new();
    let said = session.compressed_messages.into_iter().chain(session.messages);
    for message in said.flat_map(|message| unfold(&message)) {
        let place = messages.len().to_string();
        let parent = messages.last().map(|last| last.id.clone());
        let model = session.model.clone().filter(|_| message.role == "assistant" || message.role == "user");
        let id = foreign_id(&[ORIGIN, name, &place, &message.role, &message.text]);
        messages.push(PortableMessage { id, parent, model, created: Time(time), ..message });
    }
    Ok(PortableConversation::of_messages(foreign_id(&[ORIGIN, name]), Some(name.to_owned()), messages))
}

/// A message with results of tools is an answer with calls, and then the results.
fn unfold(message: &SessionMessage) -> Vec<PortableMessage> {
    let results = message.content.get("tool_results").and_then(Value::as_sequence);
    let Some(results) = results else {
        let text = content_text(&message.content);
        return vec![PortableMessage::new(String::new(), role(&message.role), text)];
    };
    let calls: Vec<_> = results.iter().enumerate().map(|(place, result)| call(result, place)).collect();
    let said = message.content.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    let answers = calls.iter().zip(results).map(|(call, result)| {
        let answer =
            PortableMessage::new(String::new(), "tool", result.get("output").map_or_else(String::new, value_text));
        PortableMessage { tool_call_id: Some(call.id.clone()), ..answer }
    });
    let answers: Vec<_> = answers.collect();
    let asked = PortableMessage { tool_calls: calls, ..PortableMessage::new(String::new(), "assistant", said) };
    std::iter::once(asked).chain(answers).collect()
}

fn role(name: &str) -> &str {
    match name {
        "system" | "assistant" | "tool" => name,
        _ => "user",
    }
}

fn call(result: &Value, place: usize) -> PortableCall {
    let call = result.get("call");
    let word = |name: &str| call.and_then(|call| call.get(name)).and_then(Value::as_str).map(str::to_owned);
    PortableCall {
        id: word("id").unwrap_or_else(|| format!("call_{place}")),
        name: word("name").unwrap_or_default(),
        arguments: call.and_then(|call| call.get("arguments")).map_or_else(|| "{}".to_owned(), value_text),
        ..PortableCall::default()
    }
}

/// A text, or parts of which the pictures are named.
fn content_text(content: &Value) -> String {
    let Some(parts) = content.as_sequence() else { return value_text(content) };
    let texts = parts.iter().filter_map(|part| {
        let text = part.get("text").and_then(Value::as_str).map(str::to_owned);
        let picture = || part.get("image_url").and_then(|image| image.get("url")).and_then(Value::as_str).map(picture);
        text.or_else(picture)
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

fn picture(url: &str) -> String {
    if url.starts_with("data:") { "[a picture]".to_owned() } else { format!("[a picture: {url}]") }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = "model: openai:gpt-4o
temperature: 0.5
save_session: true
compressed_messages:
- role: user
  content: Hello
messages:
- role: system
  content: A short summary.
- role: user
  content:
  - type: text
    text: What is this?
  - type: image_url
    image_url:
      url: data:image/png;base64,AAAA
- role: assistant
  content:
    text: Let me look.
    tool_results:
    - call:
        name: look
        arguments:
          deep: true
        id: call_9
      output:
        found: cat
- role: assistant
  content: |
    A cat.
data_urls: {}
";

    #[test]
    fn a_session_becomes_a_conversation() {
        let read = aichat_session(SESSION, "cats", 1000).unwrap();
        let said: Vec<_> = read.messages.iter().map(|message| (message.role.as_str(), message.text.as_str())).collect();
        assert_eq!(
            said,
            [
                ("user", "Hello"),
                ("system", "A short summary."),
                ("user", "What is this?\n\n[a picture]"),
                ("assistant", "Let me look."),
                ("tool", "{\"found\":\"cat\"}"),
                ("assistant", "A cat.\n"),
            ]
        );
        assert_eq!(read.messages[3].tool_calls[0].arguments, "{\"deep\":true}");
        assert_eq!(read.messages[4].tool_call_id.as_deref(), Some("call_9"));
        assert_eq!((read.name.as_deref(), read.model.as_deref()), (Some("cats"), Some("openai:gpt-4o")));
        let again = aichat_session(SESSION, "cats", 2000).unwrap();
        assert_eq!(again.messages[5].id, read.messages[5].id, "a second import finds the same messages");
        assert!(aichat_session("just: words", "x", 0).is_err());
    }
}
