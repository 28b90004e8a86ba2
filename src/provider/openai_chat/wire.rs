//! The chunks of the chat-completions dialect: only the fields that are read, all optional.
//!
//! No field can make a chunk unreadable: a value of a type nobody expects is as if it were not
//! there. Text is borrowed from the chunk, and the list of choices is never built, because a chunk
//! of plain text must not allocate.

use serde_json::{Map, Value};

use super::tolerant::{Arguments, Choices, Content, Cost, List, Maybe, Scalar};

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) model: Scalar<'a>,
    #[serde(borrow)]
    pub(super) choices: Choices<'a>,
    #[serde(borrow)]
    pub(super) usage: Maybe<WireUsage<'a>>,
    #[serde(borrow)]
    pub(super) x_groq: Maybe<XGroq<'a>>,
    #[serde(borrow)]
    pub(super) error: Scalar<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct XGroq<'a> {
    #[serde(borrow)]
    pub(super) usage: Maybe<WireUsage<'a>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Choice<'a> {
    #[serde(borrow)]
    pub(super) index: Scalar<'a>,
    #[serde(borrow)]
    pub(super) delta: Maybe<Delta<'a>>,
    /// The whole answer, where the server does not stream; the answer so far, beside a delta.
    #[serde(borrow)]
    pub(super) message: Maybe<Delta<'a>>,
    /// The older completions dialect; also sent beside a delta.
    #[serde(borrow)]
    pub(super) text: Scalar<'a>,
    #[serde(borrow)]
    pub(super) finish_reason: Scalar<'a>,
    #[serde(borrow)]
    pub(super) usage: Maybe<WireUsage<'a>>,
    #[serde(borrow)]
    pub(super) error: Scalar<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Delta<'a> {
    #[serde(borrow)]
    pub(super) content: Content<'a>,
    #[serde(borrow)]
    pub(super) reasoning_content: Scalar<'a>,
    #[serde(borrow)]
    pub(super) reasoning: Scalar<'a>,
    #[serde(borrow)]
    pub(super) reasoning_text: Scalar<'a>,
    #[serde(borrow)]
    pub(super) reasoning_opaque: Scalar<'a>,
    pub(super) reasoning_details: List<Map<String, Value>>,
    #[serde(borrow)]
    pub(super) refusal: Scalar<'a>,
    #[serde(borrow)]
    pub(super) tool_calls: List<ToolCallPart<'a>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) arguments: Arguments<'a>,
}

/// A piece of a call; everything else than its place and its function is given back to the server.
#[derive(Debug, Default)]
pub(super) struct ToolCallPart<'a> {
    pub(super) index: Scalar<'a>,
    pub(super) id: Scalar<'a>,
    pub(super) function: Maybe<Function<'a>>,
    pub(super) extra: Map<String, Value>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct WireUsage<'a> {
    #[serde(borrow)]
    pub(super) prompt_tokens: Scalar<'a>,
    #[serde(borrow)]
    pub(super) completion_tokens: Scalar<'a>,
    #[serde(borrow)]
    pub(super) total_tokens: Scalar<'a>,
    #[serde(borrow)]
    pub(super) reasoning_tokens: Scalar<'a>,
    #[serde(borrow)]
    pub(super) cached_tokens: Scalar<'a>,
    #[serde(borrow)]
    pub(super) prompt_cache_hit_tokens: Scalar<'a>,
    #[serde(borrow)]
    pub(super) prompt_tokens_details: Maybe<TokenDetails<'a>>,
    #[serde(borrow)]
    pub(super) completion_tokens_details: Maybe<TokenDetails<'a>>,
    #[serde(borrow)]
    pub(super) cost: Cost<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct TokenDetails<'a> {
    #[serde(borrow)]
    pub(super) cached_tokens: Scalar<'a>,
    #[serde(borrow)]
    pub(super) cache_write_tokens: Scalar<'a>,
    #[serde(borrow)]
    pub(super) reasoning_tokens: Scalar<'a>,
}

/// One part of a content list.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub(super) text: Scalar<'a>,
    #[serde(borrow)]
    pub(super) thinking: Content<'a>,
}

/// The price, where it is split up.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct CostParts<'a> {
    #[serde(borrow)]
    pub(super) total_cost: Scalar<'a>,
}
