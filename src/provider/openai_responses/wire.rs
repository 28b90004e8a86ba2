//! The events of the Responses API: only the fields that are read, all optional, text borrowed.
//!
//! What an item is at its end is kept whole, because it can have to be given back word for word.

use serde_json::{Map, Value};

use serde::de::{IgnoredAny, MapAccess};

use crate::provider::token_details::TokenDetails;
use crate::provider::tolerant::{Key, List, Maybe, Scalar, Slot, Take, take_fields};

/// An event of the stream.
#[derive(Debug, Default)]
pub struct Chunk<'a> {
    pub(super) kind: Scalar<'a>,
    pub(super) delta: Scalar<'a>,
    pub(super) output_index: Scalar<'a>,
    /// The part of a message or thought.
    pub(super) content_index: Scalar<'a>,
    /// The part of a summary of thoughts.
    pub(super) summary_index: Scalar<'a>,
    /// What the deltas so far make.
    pub(super) text: Scalar<'a>,
    pub(super) refusal: Scalar<'a>,
    pub(super) arguments: Scalar<'a>,
    pub(super) item: Maybe<Box<Map<String, Value>>>,
    pub(super) response: Maybe<Box<Response<'a>>>,
    pub(super) error: Scalar<'a>,
    /// Set where the chunk is no event but a whole response.
    pub(super) object: Scalar<'a>,
}

take_fields!(Chunk {
    "type" => kind,
    "delta" => delta,
    "output_index" => output_index,
    "content_index" => content_index,
    "summary_index" => summary_index,
    "text" => text,
    "refusal" => refusal,
    "arguments" => arguments,
    "item" => item,
    "response" => response,
    "error" => error,
    "object" => object,
});

#[derive(Debug, Default)]
pub(super) struct Response<'a> {
    pub(super) id: Scalar<'a>,
    pub(super) model: Scalar<'a>,
    pub(super) status: Scalar<'a>,
    pub(super) output: List<Map<String, Value>>,
    pub(super) usage: Maybe<Box<WireUsage<'a>>>,
    pub(super) incomplete_details: IncompleteDetails<'a>,
}

take_fields!(Response {
    "id" => id,
    "model" => model,
    "status" => status,
    "output" => output,
    "usage" => usage,
    "incomplete_details" => incomplete_details,
});

#[derive(Debug, Default)]
pub(super) struct IncompleteDetails<'a> {
    pub(super) reason: Scalar<'a>,
}

take_fields!(IncompleteDetails { "reason" => reason });

#[derive(Debug, Default)]
pub(super) struct WireUsage<'a> {
    pub(super) input_tokens: Scalar<'a>,
    pub(super) output_tokens: Scalar<'a>,
    pub(super) total_tokens: Scalar<'a>,
    pub(super) input_tokens_details: TokenDetails<'a>,
    pub(super) output_tokens_details: TokenDetails<'a>,
    pub(super) cost: Scalar<'a>,
}

take_fields!(WireUsage {
    "input_tokens" => input_tokens,
    "output_tokens" => output_tokens,
    "total_tokens" => total_tokens,
    "input_tokens_details" => input_tokens_details,
    "output_tokens_details" => output_tokens_details,
    "cost" => cost,
});
