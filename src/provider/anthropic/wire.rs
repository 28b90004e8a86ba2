//! The events of the Messages API: only the fields that are read, all optional, text borrowed.
//!
//! What a block starts with is kept whole, because it can have to be given back word for word.

use serde::de::{IgnoredAny, MapAccess};
use serde_json::{Map, Value};

use crate::provider::tolerant::{Key, List, Maybe, Scalar, Slot, Take, take_fields};

/// An event of the stream, or the whole message where the server does not stream.
#[derive(Debug, Default)]
pub struct Chunk<'a> {
    pub(super) kind: Scalar<'a>,
    pub(super) index: Scalar<'a>,
    pub(super) delta: Maybe<Delta<'a>>,
    pub(super) content_block: Maybe<Box<Map<String, Value>>>,
    pub(super) message: Maybe<Box<Head<'a>>>,
    pub(super) usage: Maybe<Box<WireUsage<'a>>>,
    pub(super) error: Scalar<'a>,
    pub(super) id: Scalar<'a>,
    pub(super) model: Scalar<'a>,
    pub(super) content: List<Map<String, Value>>,
    pub(super) stop_reason: Scalar<'a>,
    pub(super) stop_details: Maybe<Box<StopDetails<'a>>>,
}

take_fields!(Chunk {
    "type" => kind,
    "index" => index,
    "delta" => delta,
    "content_block" => content_block,
    "message" => message,
    "usage" => usage,
    "error" => error,
    "id" => id,
    "model" => model,
    "content" => content,
    "stop_reason" => stop_reason,
    "stop_details" => stop_details,
});

/// The message as it begins.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    pub(super) id: Scalar<'a>,
    pub(super) model: Scalar<'a>,
    pub(super) usage: Maybe<Box<WireUsage<'a>>>,
}

take_fields!(Head { "id" => id, "model" => model, "usage" => usage });

#[derive(Debug, Default)]
pub(super) struct Delta<'a> {
    pub(super) text: Scalar<'a>,
    pub(super) thinking: Scalar<'a>,
    pub(super) signature: Scalar<'a>,
    pub(super) partial_json: Scalar<'a>,
    pub(super) stop_reason: Scalar<'a>,
    pub(super) stop_details: Maybe<Box<StopDetails<'a>>>,
    /// Whatever else belongs to the block.
    pub(super) extra: Map<String, Value>,
}

take_fields!(Delta {
    "text" => text,
    "thinking" => thinking,
    "signature" => signature,
    "partial_json" => partial_json,
    "stop_reason" => stop_reason,
    "stop_details" => stop_details,
    rest => extra,
});

/// Why the model refused.
#[derive(Debug, Default)]
pub(super) struct StopDetails<'a> {
    pub(super) explanation: Scalar<'a>,
}

take_fields!(StopDetails { "explanation" => explanation });

#[derive(Debug, Default)]
pub(super) struct WireUsage<'a> {
    pub(super) input_tokens: Scalar<'a>,
    pub(super) output_tokens: Scalar<'a>,
    pub(super) cache_creation_input_tokens: Scalar<'a>,
    pub(super) cache_read_input_tokens: Scalar<'a>,
    pub(super) output_tokens_details: OutputDetails<'a>,
}

take_fields!(WireUsage {
    "input_tokens" => input_tokens,
    "output_tokens" => output_tokens,
    "cache_creation_input_tokens" => cache_creation_input_tokens,
    "cache_read_input_tokens" => cache_read_input_tokens,
    "output_tokens_details" => output_tokens_details,
});

#[derive(Debug, Default)]
pub(super) struct OutputDetails<'a> {
    pub(super) thinking_tokens: Scalar<'a>,
}

take_fields!(OutputDetails { "thinking_tokens" => thinking_tokens });
