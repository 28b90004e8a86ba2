//! `mcp prompt`: a prompt of a server, filled in.

use serde_json::{Map, Value, json};

use super::open::with_host;
use super::prompts::usage;
use crate::cli::{McpPromptOptions, ResultFormat};
use crate::command::context::Context;
use crate::config::nearest;
use crate::exit::Failure;
use crate::mcp::{CompletionQuestion, CompletionSubject, Content, McpError, PromptInfo, PromptMessage};

/// Runs the command; the exit code.
pub async fn run(options: &McpPromptOptions, context: &mut Context) -> Result<u8, Failure> {
    if let Some(wanted) = &options.suggest {
        return suggest(options, wanted, context).await;
    }
    let arguments = arguments(&options.arguments)?;
    with_host(context, false, async |opened| {
        opened.check(&options.server)?;
        let host = opened.host.clone();
        let filled = host.prompt(&options.server, &options.name, arguments);
        let messages = match opened.wait(&options.server, filled).await? {
            Err(error @ McpError::Refused { .. }) => {
                // Servers tell this in their own words, or in those of their language.
                let prompts = opened.wait(&options.server, host.prompts(&options.server)).await?;
                return Err(mistake(options, &prompts.unwrap_or_default()).unwrap_or_else(|| error.into()).into());
            }
            filled => filled?,
        };
        let text = match options.format {
            ResultFormat::Text => text_of(&messages),
            ResultFormat::Json => format!("{:#}\n", messages.iter().map(message_json).collect::<Value>()),
        };
        Ok(opened.context.show(&text))
    })
    .await
}

/// What is wrong with the question, by what the server says of its prompts.
fn mistake(options: &McpPromptOptions, prompts: &[PromptInfo]) -> Option<Failure> {
    let (server, name) = (&options.server, &options.name);
    let Some(prompt) = prompts.iter().find(|prompt| prompt.name == *name) else {
        let names = || prompts.iter().map(|prompt| prompt.name.as_str());
        let failure = Failure::usage(format!("{server} has no prompt {name:?}"));
        return (!prompts.is_empty()).then(|| match nearest(name, names()) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint(format!("`sayso mcp prompts {server}` lists what there is")),
        });
    };
    let is_given = |name: &str| options.arguments.iter().any(|pair| pair.split('=').next() == Some(name));
    let missing = prompt.arguments.iter().filter(|argument| argument.required && !is_given(&argument.name));
    let missing: Vec<String> = missing.map(usage).collect();
    (!missing.is_empty()).then(|| {
        let all: Vec<String> = prompt.arguments.iter().map(usage).collect();
        Failure::usage(format!("the prompt {name} needs {}", missing.join(" ")))
            .hint(format!("it takes {}", all.join(" ")))
    })
}

/// What the server suggests for one argument.
async fn suggest(options: &McpPromptOptions, wanted: &str, context: &mut Context) -> Result<u8, Failure> {
    let (argument, beginning) = wanted.split_once('=').unwrap_or((wanted, ""));
    let known = arguments(&options.arguments)?;
    let known: Vec<(String, String)> =
        known.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    with_host(context, false, async |opened| {
        opened.check(&options.server)?;
        let host = opened.host.clone();
        let question = CompletionQuestion {
            subject: CompletionSubject::Prompt(options.name.clone()),
            argument: argument.to_owned(),
            value: beginning.to_owned(),
            known: known.clone(),
        };
        let suggested = host.complete(&options.server, &question);
        let suggested = opened.wait(&options.server, suggested).await??;
        let text = match options.format {
            ResultFormat::Text => {
                suggested.values.iter().map(|value| format!("{}\n", value.replace('\n', " "))).collect()
            }
            ResultFormat::Json => {
                format!("{:#}\n", json!({ "values": suggested.values, "has_more": suggested.has_more }))
            }
        };
        Ok(opened.context.show(&text))
    })
    .await
}

/// The arguments of a prompt are texts, whatever they look like.
pub fn arguments(pairs: &[String]) -> Result<Map<String, Value>, Failure> {
    let read = |pair: &String| {
        let (name, value) = pair.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
            Failure::usage(format!("`{pair}` is no argument")).hint("write it as KEY=VALUE, as in `city=Paris`")
        })?;
        Ok((name.to_owned(), Value::String(value.to_owned())))
    };
    pairs.iter().map(read).collect()
}

/// The messages, each under its role where there is more than one.
fn text_of(messages: &[PromptMessage]) -> String {
    let is_single = messages.len() == 1;
    let texts = messages.iter().map(|message| {
        let text = described(&message.content);
        let text = text.trim_end();
        if is_single { format!("{text}\n") } else { format!("{}>\n{text}\n", message.role) }
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// Content as text: what is no text is named.
#[must_use]
pub fn described(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Image { mime, data } => format!("[image {mime}, {} bytes]", decoded_bytes(data)),
        Content::Audio { mime, data } => format!("[audio {mime}, {} bytes]", decoded_bytes(data)),
        Content::Link { uri, name, .. } => format!("[{name}]({uri})"),
        Content::Resource(resource) => match (&resource.text, &resource.blob) {
            (Some(text), _) => text.clone(),
            (None, Some(blob)) => format!("[{}, {} bytes]", resource.uri, decoded_bytes(blob)),
            (None, None) => format!("[{}]", resource.uri),
        },
    }
}

/// How long base64 is once it is read.
fn decoded_bytes(data: &str) -> usize {
    data.trim_end_matches('=').len() * 3 / 4
}

fn message_json(message: &PromptMessage) -> Value {
    json!({ "role": message.role, "content": message.content.to_json() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_named() {
        let image = Content::Image { mime: "image/png".into(), data: "aGVsbG8=".into() };
        assert_eq!(described(&image), "[image image/png, 5 bytes]");
        let message = |role: &str, text: &str| PromptMessage { role: role.into(), content: Content::Text(text.into()) };
        assert_eq!(text_of(&[message("user", "Hi\n")]), "Hi\n");
        assert_eq!(text_of(&[message("user", "Hi"), message("assistant", "Yes?")]), "user>\nHi\n\nassistant>\nYes?\n");
    }
}
