//! Which optional fields a server takes, and what its refusals teach about that. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::provider::quirks::{MaxTokensName, Quirks};
use crate::provider::{ChatRequest, ProviderNote};

/// How a request is written for one server and model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Dialect {
    pub(super) max_tokens: MaxTokensName,
    /// Fields that the server refuses.
    pub(super) left_out: BTreeSet<String>,
}

/// Words by which a server says that it does not know a field, and not that its value is wrong.
const UNKNOWN: [&str; 11] = [
    "unsupported",
    "not supported",
    "not support",
    "unknown",
    "extra",
    "unrecognized",
    "not permitted",
    "not allowed",
    "unexpected",
    "deprecated",
    "only the default",
];
/// Without these an answer would be another one than was asked for.
const NEEDED: [&str; 3] = ["response_format", "modalities", "audio"];

impl Dialect {
    pub(super) fn of(quirks: &Quirks) -> Self {
        let left_out = quirks.refuses.iter().map(|name| (*name).to_owned()).collect();
        Self { max_tokens: quirks.max_tokens, left_out }
    }

    /// Whether a field is left out. What is said about tools goes with them.
    pub(super) fn leaves_out(&self, name: &str) -> bool {
        let is_about_tools = name == "tool_choice" || name == "parallel_tool_calls";
        self.left_out.contains(name) || is_about_tools && self.left_out.contains("tools")
    }

    /// What `refusal`, the text of a 400 or 422, asks to change in a request that was sent like
    /// this; `None` where it is about something else.
    pub(super) fn after_refusal(&self, refusal: &str, request: &ChatRequest<'_>) -> Option<Self> {
        let text = refusal.to_lowercase();
        let is_unknown = UNKNOWN.iter().any(|word| text.contains(word));
        let asked_for_usage = request.stream && !self.leaves_out("stream_options");
        if asked_for_usage && (text.contains("stream_options") || text.contains("include_usage")) {
            return Some(self.without("stream_options"));
        }
        if let Some(max_tokens) = self.other_limit(&text, is_unknown, request) {
            return Some(Self { max_tokens, ..self.clone() });
        }
        if !is_unknown {
            return None;
        }
        let optional = ["parallel_tool_calls", "tool_choice", "temperature"].into_iter();
        let extra = request.parameters.extra.keys().map(String::as_str).filter(|name| !NEEDED.contains(name));
        let mut candidates = optional.filter(|name| is_sent(name, request)).chain(extra);
        if let Some(name) = candidates.find(|name| !self.leaves_out(name) && names(&text, name)) {
            return Some(self.without(name));
        }
        let offers_tools = !request.tools.is_empty() && !self.leaves_out("tools");
        (offers_tools && text.contains("tool")).then(|| self.without("tools"))
    }

    fn without(&self, name: &str) -> Self {
        let mut less = self.clone();
        less.left_out.insert(name.to_owned());
        less
    }

    fn other_limit(&self, text: &str, is_unknown: bool, request: &ChatRequest<'_>) -> Option<MaxTokensName> {
        request.parameters.max_tokens?;
        let says = |name: &str| text.contains(name);
        match self.max_tokens {
            MaxTokensName::MaxTokens if says("max_completion_tokens") || says("max_tokens") && is_unknown => {
                Some(MaxTokensName::MaxCompletionTokens)
            }
            MaxTokensName::MaxCompletionTokens if says("max_completion_tokens") && is_unknown => {
                Some(MaxTokensName::MaxTokens)
            }
            MaxTokensName::MaxTokens | MaxTokensName::MaxCompletionTokens => None,
        }
    }

    /// What of `request` does not go out, for the person: `before` is what was known before.
    pub(super) fn notes(&self, before: &Self, provider: &str, request: &ChatRequest<'_>) -> Vec<ProviderNote> {
        let mut notes: Vec<ProviderNote> = self
            .left_out
            .iter()
            .filter(|name| is_sent(name, request))
            .map(|name| ProviderNote {
                is_news: !before.left_out.contains(name) && name != "stream_options",
                message: match name.as_str() {
                    "tools" => format!("{provider} takes no tools with {}: they are left out", request.model),
                    name => format!("{provider} refuses `{name}` with {}: it is left out", request.model),
                },
            })
            .collect();
        if self.max_tokens != before.max_tokens {
            let name = self.max_tokens.field();
            notes.push(ProviderNote {
                is_news: false,
                message: format!("{provider} wants the token limit as `{name}`"),
            });
        }
        notes
    }
}

impl MaxTokensName {
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

/// Whether the request has something to say in this field.
fn is_sent(name: &str, request: &ChatRequest<'_>) -> bool {
    let extra = request.parameters.extra.get(name).is_some_and(|value| !value.is_null());
    extra
        || match name {
            "stream_options" => request.stream,
            "tools" => !request.tools.is_empty(),
            "tool_choice" => !request.tools.is_empty() && *request.tool_choice != crate::conversation::ToolChoice::Auto,
            "temperature" => request.parameters.temperature.is_some(),
            _ => false,
        }
}

/// Whether `text` holds `name` as a word of its own.
fn names(text: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = text.as_bytes();
    name.len() > 1
        && text.match_indices(&name).any(|(at, _)| {
            !is_part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_part(bytes.get(at + name.len()))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::conversation::ToolChoice;
    use crate::provider::ModelParameters;

    fn with<T>(parameters: &ModelParameters, check: impl FnOnce(&ChatRequest<'_>) -> T) -> T {
        check(&ChatRequest {
            model: "m",
            system: None,
            messages: &[],
            tools: &[],
            tool_choice: &ToolChoice::Auto,
            parameters,
            stream: true,
        })
    }

    fn after(dialect: &Dialect, parameters: &ModelParameters, text: &str) -> Option<Dialect> {
        with(parameters, |request| dialect.after_refusal(text, request))
    }

    #[test]
    fn a_refused_parameter_is_left_out_or_renamed() {
        let limited = ModelParameters { max_tokens: Some(1), ..ModelParameters::default() };
        let plain = Dialect::default();
        let renamed = Dialect { max_tokens: MaxTokensName::MaxCompletionTokens, ..plain.clone() };
        let without = plain.without("stream_options");
        assert_eq!(after(&plain, &limited, "extra_forbidden: stream_options"), Some(without.clone()));
        assert_eq!(after(&without, &limited, "extra_forbidden: stream_options"), None);
        let openai = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
        assert_eq!(after(&plain, &limited, openai), Some(renamed.clone()));
        assert_eq!(after(&renamed, &limited, "extra_forbidden: max_completion_tokens"), Some(plain.clone()));
        assert_eq!(after(&plain, &limited, "max_tokens is too large: 9"), None);
        assert_eq!(after(&renamed, &limited, "max_completion_tokens is too large"), None);
        assert_eq!(after(&plain, &limited, "no such model"), None);
    }

    #[test]
    fn what_was_set_is_left_out_only_where_it_is_not_known() {
        let extra = [("top_k", json!(3)), ("response_format", json!({})), ("user", json!("u"))];
        let set = ModelParameters {
            temperature: Some(0.5),
            extra: extra.map(|(name, value)| (name.to_owned(), value)).into(),
            ..ModelParameters::default()
        };
        let plain = Dialect::default();
        let reasoning = "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1)";
        assert_eq!(after(&plain, &set, reasoning), Some(plain.without("temperature")));
        assert_eq!(after(&plain, &set, "Unknown name \"top_k\": cannot find field"), Some(plain.without("top_k")));
        assert_eq!(after(&plain, &set, "temperature: range: 0..1"), None);
        assert_eq!(after(&plain, &set, "unsupported response_format"), None, "the answer would be another one");
        assert_eq!(after(&plain, &set, "unsupported superuser"), None, "part of a word");
        assert_eq!(after(&plain, &ModelParameters::default(), reasoning), None, "it was not sent");
    }

    #[test]
    fn the_person_hears_of_what_they_have_set() {
        let set = ModelParameters { temperature: Some(0.5), ..ModelParameters::default() };
        let plain = Dialect::default();
        let learnt = plain.without("temperature").without("stream_options").without("logit_bias");
        let told = |before: &Dialect| -> Vec<(bool, String)> {
            let notes = with(&set, |request| learnt.notes(before, "acme", request));
            notes.into_iter().map(|note| (note.is_news, note.message)).collect()
        };
        let stream = (false, "acme refuses `stream_options` with m: it is left out".to_owned());
        let temperature = |is_news| (is_news, "acme refuses `temperature` with m: it is left out".to_owned());
        assert_eq!(told(&plain), [stream.clone(), temperature(true)]);
        assert_eq!(told(&learnt), [stream, temperature(false)]);
    }
}
