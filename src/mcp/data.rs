//! What servers offer and answer, as plain data. Every text in it comes from outside: hostile.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::conversation::ToolSchema;

/// A tool as its server describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolInfo {
    pub name: String,
    pub title: Option<String>,
    pub description: String,
    /// A JSON Schema of the 2020-12 draft, exactly as it came.
    pub input_schema: ToolSchema,
    pub output_schema: Option<ToolSchema>,
    /// What the server says of the tool; believed of our own servers only.
    pub read_only_hint: Option<bool>,
    pub destructive_hint: Option<bool>,
    pub open_world_hint: Option<bool>,
    /// It runs only as a task that is asked for in a way of older revisions, which is not spoken here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_task_only: bool,
}

/// One piece of a result, a prompt or a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Text(String),
    /// `data` is base64.
    Image {
        mime: String,
        data: String,
    },
    /// `data` is base64.
    Audio {
        mime: String,
        data: String,
    },
    Link {
        uri: String,
        name: String,
        mime: Option<String>,
        description: Option<String>,
    },
    Resource(ResourceContent),
}

impl Content {
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Resource(resource) => resource.text.as_deref(),
            Self::Image { .. } | Self::Audio { .. } | Self::Link { .. } => None,
        }
    }

    /// As the protocol writes it; absent fields are left out.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut value = match self {
            Self::Text(text) => json!({ "type": "text", "text": text }),
            Self::Image { mime, data } => json!({ "type": "image", "mimeType": mime, "data": data }),
            Self::Audio { mime, data } => json!({ "type": "audio", "mimeType": mime, "data": data }),
            Self::Link { uri, name, mime, description } => {
                json!({ "type": "resource_link", "uri": uri, "name": name, "mimeType": mime, "description": description })
            }
            Self::Resource(resource) => json!({ "type": "resource", "resource": resource.to_json() }),
        };
        if let Value::Object(fields) = &mut value {
            fields.retain(|_, value| !value.is_null());
        }
        value
    }
}

impl ResourceContent {
    /// As the protocol writes it; absent fields are left out.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut value = json!({ "uri": self.uri, "mimeType": self.mime, "text": self.text, "blob": self.blob });
        if let Value::Object(fields) = &mut value {
            fields.retain(|_, value| !value.is_null());
        }
        value
    }
}

/// A resource as it was read: text, or base64.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceContent {
    pub uri: String,
    pub mime: Option<String>,
    pub text: Option<String>,
    /// Base64.
    pub blob: Option<String>,
}

/// What came of a call. `is_error`: the tool failed, and says so in `content`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallResult {
    pub content: Vec<Content>,
    pub structured: Option<Value>,
    pub is_error: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ResourceInfo {
    pub uri: String,
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub mime: Option<String>,
    pub bytes: Option<u64>,
}

/// A family of resources: an RFC 6570 template.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceTemplate {
    pub uri_template: String,
    pub name: String,
    pub description: Option<String>,
    pub mime: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PromptInfo {
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub arguments: Vec<PromptArgument>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PromptArgument {
    pub name: String,
    pub description: Option<String>,
    pub required: bool,
}

/// One message of a prompt that was filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptMessage {
    /// `user` or `assistant`.
    pub role: String,
    pub content: Content,
}

/// Which argument a server is to suggest values for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionQuestion {
    pub subject: CompletionSubject,
    pub argument: String,
    /// What it begins with.
    pub value: String,
    /// Other arguments that are known already.
    pub known: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompletionSubject {
    /// By its name.
    Prompt(String),
    /// As its server writes it.
    Template(String),
}

/// Values that a server suggests for an argument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    pub values: Vec<String>,
    pub has_more: bool,
}

/// One configured server, as `/mcp` and `sayso mcp list` show it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerStatus {
    pub name: String,
    /// `builtin`, `stdio` or `http`.
    pub transport: &'static str,
    pub state: ServerState,
    /// The revision that was agreed on, as in `2026-07-28`.
    pub protocol: Option<String>,
    /// Instructions for the model, from the server.
    pub instructions: Option<String>,
    /// Tools, where they are known.
    pub tools: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// Set up, and not needed yet.
    Idle,
    Connecting,
    Ready,
    /// Why it cannot be used; its last words on stderr are part of it.
    Failed(String),
    Disabled,
}
