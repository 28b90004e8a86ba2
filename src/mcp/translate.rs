//! From the words of the SDK to our own, and what is too long or too many cut on the way (pure).
#![expect(deprecated, reason = "older servers sample; newer ones will not")]

use std::path::Path;
use std::sync::Arc;

use rmcp::model::{
    CallToolResult, ContentBlock, CreateMessageResult, Prompt, ReadResourceResult, Resource, ResourceContents, Role,
    Root, SamplingMessageContentBlock, Tool,
};
use serde_json::Value;

use super::{
    CallResult, Content, PromptArgument, PromptInfo, PromptMessage, ResourceContent, ResourceInfo, ResourceTemplate,
    SamplingAnswer, SamplingMessage, ToolInfo, task_only,
};

/// Of a name that a server gives to something.
const NAME_BYTES_MAX: usize = 256;

/// Of an address that a server gives to something.
const URI_BYTES_MAX: usize = 8 * 1024;

/// Of a description.
const DESCRIPTION_CHARS_MAX: usize = 64 * 1024;

pub(super) fn shortened(text: String, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn described(text: Option<String>) -> Option<String> {
    text.map(|text| shortened(text, DESCRIPTION_CHARS_MAX))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX
}

fn is_uri(uri: &str) -> bool {
    !uri.is_empty() && uri.len() <= URI_BYTES_MAX
}

/// `None` where its name cannot be one.
pub(super) fn tool(tool: Tool) -> Option<ToolInfo> {
    let annotations = tool.annotations.unwrap_or_default();
    is_name(&tool.name).then(|| ToolInfo {
        name: tool.name.into_owned(),
        title: described(tool.title.or(annotations.title)),
        description: described(tool.description.map(std::borrow::Cow::into_owned)).unwrap_or_default(),
        input_schema: Arc::unwrap_or_clone(tool.input_schema).into(),
        output_schema: tool.output_schema.map(|schema| Arc::unwrap_or_clone(schema).into()),
        read_only_hint: annotations.read_only_hint,
        destructive_hint: annotations.destructive_hint,
        open_world_hint: annotations.open_world_hint,
        is_task_only: task_only::is_marked(tool.meta.as_ref()),
    })
}

pub(super) fn resource(resource: Resource) -> Option<ResourceInfo> {
    is_uri(&resource.uri).then(|| ResourceInfo {
        uri: resource.uri,
        name: shortened(resource.name, NAME_BYTES_MAX),
        title: described(resource.title),
        description: described(resource.description),
        mime: resource.mime_type,
        bytes: resource.size,
    })
}

pub(super) fn resource_template(template: rmcp::model::ResourceTemplate) -> Option<ResourceTemplate> {
    is_uri(&template.uri_template).then(|| ResourceTemplate {
        uri_template: template.uri_template,
        name: shortened(template.name, NAME_BYTES_MAX),
        description: described(template.description),
        mime: template.mime_type,
    })
}

pub(super) fn prompt(prompt: Prompt) -> Option<PromptInfo> {
    is_name(&prompt.name).then(|| PromptInfo {
        name: prompt.name,
        title: described(prompt.title),
        description: described(prompt.description),
        arguments: prompt.arguments.unwrap_or_default().into_iter().filter_map(prompt_argument).collect(),
    })
}

fn prompt_argument(argument: rmcp::model::PromptArgument) -> Option<PromptArgument> {
    is_name(&argument.name).then(|| PromptArgument {
        name: argument.name,
        description: described(argument.description),
        required: argument.required == Some(true),
    })
}

pub(super) fn prompt_message(message: rmcp::model::PromptMessage) -> PromptMessage {
    PromptMessage { role: role(&message.role), content: content(message.content) }
}

pub(super) fn role(role: &Role) -> String {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
    .to_owned()
}

pub(super) fn call_result(result: CallToolResult) -> CallResult {
    CallResult {
        content: result.content.into_iter().map(content).collect(),
        structured: result.structured_content,
        is_error: result.is_error == Some(true),
    }
}

fn content(block: ContentBlock) -> Content {
    match block {
        ContentBlock::Text(text) => Content::Text(text.text),
        ContentBlock::Image(image) => Content::Image { mime: image.mime_type, data: image.data },
        ContentBlock::Audio(audio) => Content::Audio { mime: audio.mime_type, data: audio.data },
        ContentBlock::Resource(embedded) => Content::Resource(resource_content(embedded.resource)),
        ContentBlock::ResourceLink(link) => {
            Content::Link { uri: link.uri, name: link.name, mime: link.mime_type, description: link.description }
        }
        // The SDK may learn new kinds; what we do not know is named, not dropped.
        _ => Content::Text("[a kind of content that sayso does not know]".to_owned()),
    }
}

pub(super) fn read_result(result: ReadResourceResult) -> Vec<ResourceContent> {
    result.contents.into_iter().map(resource_content).collect()
}

fn resource_content(contents: ResourceContents) -> ResourceContent {
    match contents {
        ResourceContents::TextResourceContents { uri, mime_type, text, .. } => {
            ResourceContent { uri, mime: mime_type, text: Some(text), blob: None }
        }
        ResourceContents::BlobResourceContents { uri, mime_type, blob, .. } => {
            ResourceContent { uri, mime: mime_type, text: None, blob: Some(blob) }
        }
        _ => ResourceContent { uri: String::new(), mime: None, text: None, blob: None },
    }
}

/// `None` where a message holds more than text, images and sound.
pub(super) fn sampling_messages(messages: Vec<rmcp::model::SamplingMessage>) -> Option<Vec<SamplingMessage>> {
    messages
        .into_iter()
        .map(|message| {
            let content = message.content.into_vec().into_iter().map(sampling_content).collect::<Option<Vec<_>>>()?;
            Some(SamplingMessage { role: role(&message.role), content })
        })
        .collect()
}

fn sampling_content(block: SamplingMessageContentBlock) -> Option<Content> {
    match block {
        SamplingMessageContentBlock::Text(text) => Some(Content::Text(text.text)),
        SamplingMessageContentBlock::Image(image) => Some(Content::Image { mime: image.mime_type, data: image.data }),
        SamplingMessageContentBlock::Audio(audio) => Some(Content::Audio { mime: audio.mime_type, data: audio.data }),
        _ => None,
    }
}

pub(super) fn sampling_result(answer: SamplingAnswer) -> CreateMessageResult {
    let content = SamplingMessageContentBlock::text(answer.text);
    let mut result =
        CreateMessageResult::new(rmcp::model::SamplingMessage::new(Role::Assistant, content), answer.model);
    result.stop_reason = answer.stop_reason;
    result
}

pub(super) fn log_text(data: Value) -> String {
    match data {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Folders as `file://` addresses; those that have none are left out.
pub(super) fn roots<'a>(folders: impl IntoIterator<Item = &'a Path>) -> Vec<Root> {
    folders.into_iter().filter_map(|folder| Some(Root::new(url::Url::from_directory_path(folder).ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_names_is_bounded() {
        assert!(tool(Tool::new("", "", serde_json::Map::new())).is_none());
        assert!(tool(Tool::new("x".repeat(257), "", serde_json::Map::new())).is_none());
        let long = tool(Tool::new("x", "ä".repeat(70_000), serde_json::Map::new())).unwrap();
        assert_eq!(long.description.chars().count(), DESCRIPTION_CHARS_MAX + 1);
        assert!(resource(Resource::new("", "x")).is_none());
    }

    #[test]
    fn roots_are_addresses_of_folders() {
        let roots = roots([Path::new("/tmp/a b"), Path::new("relative")]);
        let addresses: Vec<&str> = roots.iter().map(|root| root.uri.as_str()).collect();
        assert_eq!(addresses, ["file:///tmp/a%20b/"]);
    }
}
