//! Which optional fields a server takes, and what its refusals teach about that. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::call_ids::CallIdForm;
use super::quirks::{MaxTokensName, Quirks};
use super::{ChatRequest, Images, ProviderNote};
use crate::conversation::{Message, Role, ToolChoice, ToolSpec};

/// How a request is written for one server and model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Accepted {
    pub max_tokens: MaxTokensName,
    pub call_ids: CallIdForm,
    /// Prompts are kept by the server only up to marks.
    pub wants_marks: bool,
    /// Fields that the server refuses.
    pub left_out: BTreeSet<String>,
    /// Tools whose schemas it refuses. Their servers mend that, so it is not kept for later.
    #[serde(skip)]
    pub refused_tools: BTreeSet<String>,
}

/// A field that a dialect sends of itself and can do without.
#[derive(Clone, Copy, Debug)]
pub struct OptionalField {
    pub name: &'static str,
    /// A refusal that holds one of these is about it.
    pub words: &'static [&'static str],
}

/// Words by which a server says that it does not know a field, and not that its value is wrong.
const UNKNOWN: [&str; 12] = [
    "unsupported",
    "not supported",
    "not support",
    "unknown",
    "extra",
    "unrecognized",
    "not permitted",
    "not allowed",
    "not enabled",
    "unexpected",
    "deprecated",
    "only the default",
];
/// Words by which it says that another value would do.
const VALUE_WORDS: [&str; 3] = ["supported values are", "supported values:", "permitted:"];
/// A refusal that holds one of these is about the schema of a tool.
const TOOL_SCHEMA_WORDS: [&str; 3] = ["schema", "parameters", "properties"];
/// And one with these about a call or a result: neither is about tools as such.
const TOOL_CALL_WORDS: [&str; 3] = ["tool_use", "tool_result", "tool_call_id"];
/// What a place in the list of tools stands behind, the most exact first.
const TOOL_PLACES: [&str; 3] = ["function_declarations[", "tools[", "tools."];
/// Without these an answer would be another one than was asked for.
const NEEDED: [&str; 3] = ["response_format", "modalities", "audio"];

/// What stands in [`Accepted::left_out`] for images of tools, where an API has no place for them in a result.
pub const RESULT_IMAGES: &str = "images of tools";

/// What stands in [`Accepted::left_out`] for the schema of an answer, whatever its field is called in a dialect.
pub const ANSWER_FORMAT: &str = "answer_format";
/// A refusal that holds one of these is about it: the fields of all dialects, and what servers say of them.
const ANSWER_FORMAT_WORDS: [&str; 13] = [
    "response_format",
    "json_schema",
    "text.format",
    "output_config",
    "output_format",
    "responsejsonschema",
    "response_json_schema",
    "responsemimetype",
    "response_mime_type",
    "response mime type",
    "structured output",
    "json mode",
    "grammar",
];
/// Such a refusal is about this schema, and not about schemas.
const THIS_SCHEMA_WORDS: [&str; 8] = [
    "invalid schema",
    "additionalproperties",
    "in context",
    "keyword",
    "properties",
    "property",
    "format.schema",
    "values other than",
];

impl Accepted {
    pub fn of(quirks: &Quirks) -> Self {
        let left_out = quirks.refuses.iter().map(|name| (*name).to_owned()).collect();
        Self { max_tokens: quirks.max_tokens, left_out, ..Self::default() }
    }

    /// Whether a field is left out. What is said about tools goes with them.
    pub fn leaves_out(&self, name: &str) -> bool {
        let is_about_tools = matches!(name, "tool_choice" | "toolConfig" | "parallel_tool_calls");
        self.left_out.contains(name) || is_about_tools && self.left_out.contains("tools")
    }

    /// The same, with one field more left out.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut less = self.clone();
        less.left_out.insert(name.to_owned());
        less
    }

    /// What `refusal`, the text of a 400 or 422, asks to change in a request that was sent like
    /// this; `None` where it is about something else.
    pub fn after_refusal(&self, refusal: &str, own: &[OptionalField], request: &ChatRequest<'_>) -> Option<Self> {
        let text = refusal.to_lowercase();
        let is_unknown = UNKNOWN.iter().any(|word| text.contains(word));
        let is_about = |field: &&OptionalField| {
            let is_there = field.name != RESULT_IMAGES || has_result_images(request);
            is_there && field.words.iter().any(|word| text.contains(word))
        };
        // Before all else: a refusal of it together with tools is not about the tools.
        let is_about_answer = || ANSWER_FORMAT_WORDS.iter().any(|word| text.contains(word));
        if request.answer.is_some() && !self.leaves_out(ANSWER_FORMAT) && is_about_answer() {
            return Some(self.without(ANSWER_FORMAT));
        }
        if let Some(tool) = refused_tool(&text, request.tools) {
            let mut less = self.clone();
            return less.refused_tools.insert(tool.to_owned()).then_some(less);
        }
        if let Some(field) = own.iter().filter(|field| !self.leaves_out(field.name)).find(is_about) {
            return Some(self.without(field.name));
        }
        // As Mistral's models want them, whoever serves them.
        if self.call_ids == CallIdForm::Any && text.contains("length of 9") {
            return Some(Self { call_ids: CallIdForm::Nine, ..self.clone() });
        }
        if let Some(max_tokens) = self.other_limit(&text, is_unknown, request) {
            return Some(Self { max_tokens, ..self.clone() });
        }
        let is_value = VALUE_WORDS.iter().any(|word| text.contains(word));
        if !is_unknown || is_value {
            return None;
        }
        let optional = ["parallel_tool_calls", "tool_choice", "temperature"].into_iter();
        let extra = request.parameters.extra.keys().map(String::as_str).filter(|name| !NEEDED.contains(name));
        let mut candidates = optional.filter(|name| is_sent(name, request)).chain(extra);
        if let Some(name) = candidates.find(|name| !self.leaves_out(name) && names(&text, name)) {
            return Some(self.without(name));
        }
        let mut about_one = TOOL_SCHEMA_WORDS.iter().chain(&TOOL_CALL_WORDS);
        let is_about_one = about_one.any(|word| text.contains(word));
        let offers_tools = !request.tools.is_empty() && !self.leaves_out("tools");
        (offers_tools && !is_about_one && (text.contains("tool") || text.contains("function calling")))
            .then(|| self.without("tools"))
    }

    /// Whether what `refusal` has taught holds for later requests too: `before` is what was known before.
    pub fn is_lasting(&self, before: &Self, refusal: &str) -> bool {
        let text = refusal.to_lowercase();
        let is_about_schema = || THIS_SCHEMA_WORDS.iter().any(|word| text.contains(word));
        let is_about_tool = self.refused_tools != before.refused_tools;
        !is_about_tool && (before.leaves_out(ANSWER_FORMAT) || !self.leaves_out(ANSWER_FORMAT) || !is_about_schema())
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
    pub fn notes(&self, before: &Self, provider: &str, request: &ChatRequest<'_>) -> Vec<ProviderNote> {
        let mut notes: Vec<ProviderNote> = self
            .left_out
            .iter()
            .filter(|name| is_sent(name, request))
            .map(|name| ProviderNote {
                is_news: !before.left_out.contains(name) && !matches!(name.as_str(), "stream_options" | ANSWER_FORMAT),
                message: match name.as_str() {
                    ANSWER_FORMAT => {
                        format!("{provider} does not take this schema with {}: it is asked for in words", request.model)
                    }
                    "tools" => format!("{provider} takes no tools with {}: they are left out", request.model),
                    RESULT_IMAGES => {
                        format!("{provider} takes no {RESULT_IMAGES} with {}: they are only named", request.model)
                    }
                    name => format!("{provider} refuses `{name}` with {}: it is left out", request.model),
                },
            })
            .collect();
        notes.extend(self.refused_tools.iter().map(|tool| ProviderNote {
            is_news: !before.refused_tools.contains(tool),
            message: format!(
                "{provider} refuses the schema of the tool `{tool}` with {}: it is left out",
                request.model
            ),
        }));
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
    pub fn field(self) -> &'static str {
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
            ANSWER_FORMAT => request.answer.is_some(),
            RESULT_IMAGES => has_result_images(request),
            "tools" => !request.tools.is_empty(),
            "tool_choice" => !request.tools.is_empty() && *request.tool_choice != ToolChoice::Auto,
            "temperature" => request.parameters.temperature.is_some(),
            _ => false,
        }
}

fn has_result_images(request: &ChatRequest<'_>) -> bool {
    let is_one = |message: &Message| message.role == Role::Tool && !message.attachments.is_empty();
    request.images == Images::Sent && request.messages.iter().any(is_one)
}

/// The tool whose schema is refused, by its name or by its place in the list.
fn refused_tool<'a>(text: &str, tools: &'a [ToolSpec]) -> Option<&'a str> {
    let is_about_schema = TOOL_SCHEMA_WORDS.iter().any(|word| text.contains(word));
    let by_name = || tools.iter().find(|tool| names(text, &tool.name));
    let place = || {
        TOOL_PLACES.iter().find_map(|before| {
            let (_, rest) = text.split_once(before)?;
            rest[..rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len())].parse::<usize>().ok()
        })
    };
    let found = if is_about_schema { by_name().or_else(|| tools.get(place()?)) } else { None };
    found.map(|tool| tool.name.as_str())
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
    use crate::conversation::ToolSchema;
    use crate::provider::ModelParameters;

    const OWN: [OptionalField; 1] =
        [OptionalField { name: "stream_options", words: &["stream_options", "include_usage"] }];

    fn after_with(
        accepted: &Accepted,
        parameters: &ModelParameters,
        tools: &[ToolSpec],
        text: &str,
    ) -> Option<Accepted> {
        let request = ChatRequest { tools, ..ChatRequest::new("m", &[], parameters) };
        accepted.after_refusal(text, &OWN, &request)
    }

    fn after(accepted: &Accepted, parameters: &ModelParameters, text: &str) -> Option<Accepted> {
        after_with(accepted, parameters, &[], text)
    }

    #[test]
    fn a_refused_parameter_is_left_out_or_renamed() {
        let limited = ModelParameters { max_tokens: Some(1), ..ModelParameters::default() };
        let plain = Accepted::default();
        let renamed = Accepted { max_tokens: MaxTokensName::MaxCompletionTokens, ..plain.clone() };
        let without = plain.without("stream_options");
        assert_eq!(after(&plain, &limited, "extra_forbidden: stream_options"), Some(without.clone()));
        assert_eq!(after(&without, &limited, "extra_forbidden: stream_options"), None);
        let openai = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
        assert_eq!(after(&plain, &limited, openai), Some(renamed.clone()));
        assert_eq!(after(&renamed, &limited, "extra_forbidden: max_completion_tokens"), Some(plain.clone()));
        assert_eq!(after(&plain, &limited, "max_tokens is too large: 9"), None);
        assert_eq!(after(&renamed, &limited, "max_completion_tokens is too large"), None);
        assert_eq!(after(&plain, &limited, "no such model"), None);
        let nine = Accepted { call_ids: CallIdForm::Nine, ..plain.clone() };
        let mistral = "Tool call id was c but must be a-z, A-Z, 0-9, with a length of 9.";
        assert_eq!(after(&plain, &limited, mistral), Some(nine));
    }

    #[test]
    fn what_was_set_is_left_out_only_where_it_is_not_known() {
        let extra = [("top_k", json!(3)), ("response_format", json!({})), ("user", json!("u"))];
        let set = ModelParameters {
            temperature: Some(0.5),
            extra: extra.map(|(name, value)| (name.to_owned(), value)).into(),
            ..ModelParameters::default()
        };
        let plain = Accepted::default();
        let reasoning = "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1)";
        assert_eq!(after(&plain, &set, reasoning), Some(plain.without("temperature")));
        assert_eq!(after(&plain, &set, "Unknown name \"top_k\": cannot find field"), Some(plain.without("top_k")));
        assert_eq!(after(&plain, &set, "temperature: range: 0..1"), None);
        assert_eq!(after(&plain, &set, "unsupported response_format"), None, "the answer would be another one");
        assert_eq!(after(&plain, &set, "unsupported superuser"), None, "part of a word");
        assert_eq!(after(&plain, &ModelParameters::default(), reasoning), None, "it was not sent");
    }

    #[test]
    fn tools_are_left_out_where_a_model_cannot_call_them() {
        let tools = [ToolSpec { name: "t".into(), description: String::new(), parameters: ToolSchema::default() }];
        let (plain, nothing) = (Accepted::default(), ModelParameters::default());
        for text in ["gemma:2b does not support tools", "Function calling is not enabled for models/gemma"] {
            let without = after_with(&plain, &nothing, &tools, text).unwrap();
            assert!(without.leaves_out("tools") && without.leaves_out("tool_choice"), "{text}");
            assert_eq!(after_with(&without, &nothing, &tools, text), None);
            assert_eq!(after(&plain, &nothing, text), None, "none were sent");
        }
    }

    #[test]
    fn the_person_hears_of_what_they_have_set() {
        let set = ModelParameters { temperature: Some(0.5), ..ModelParameters::default() };
        let plain = Accepted::default();
        let learnt = plain.without("temperature").without("stream_options").without("logit_bias");
        let told = |before: &Accepted| -> Vec<(bool, String)> {
            let request = ChatRequest::new("m", &[], &set);
            let notes = learnt.notes(before, "acme", &request);
            notes.into_iter().map(|note| (note.is_news, note.message)).collect()
        };
        let stream = (false, "acme refuses `stream_options` with m: it is left out".to_owned());
        let temperature = |is_news| (is_news, "acme refuses `temperature` with m: it is left out".to_owned());
        assert_eq!(told(&plain), [stream.clone(), temperature(true)]);
        assert_eq!(told(&learnt), [stream, temperature(false)]);
    }
}
