//! The chunks of the Gemini API: only the fields that are read, all optional, text borrowed.
//!
//! The first part of a chunk, which nearly always is the only one, is read without a list.

use serde::de::{IgnoredAny, MapAccess, SeqAccess};
use serde_json::{Map, Value};

use crate::provider::tolerant::{First, Indexed, Key, List, Maybe, Scalar, Slot, Take, take_fields};

#[derive(Debug, Default)]
pub struct Chunk<'a> {
    pub(super) candidates: First<Candidate<'a>>,
    /// Not boxed: it comes with every chunk.
    pub(super) usage: Maybe<WireUsage<'a>>,
    pub(super) prompt_feedback: Maybe<Box<PromptFeedback<'a>>>,
    pub(super) model_version: Scalar<'a>,
    pub(super) response_id: Scalar<'a>,
    pub(super) error: Scalar<'a>,
}

take_fields!(Chunk {
    "candidates" => candidates,
    "usageMetadata" => usage,
    "promptFeedback" => prompt_feedback,
    "modelVersion" => model_version,
    "responseId" => response_id,
    "error" => error,
});

impl Indexed for Candidate<'_> {
    fn index(&self) -> Option<u64> {
        self.index.count()
    }
}

#[derive(Debug, Default)]
pub(super) struct Candidate<'a> {
    index: Scalar<'a>,
    pub(super) content: Content<'a>,
    pub(super) finish_reason: Scalar<'a>,
}

take_fields!(Candidate { "index" => index, "content" => content, "finishReason" => finish_reason });

#[derive(Debug, Default)]
pub(super) struct Content<'a> {
    pub(super) parts: Parts<'a>,
}

take_fields!(Content { "parts" => parts });

#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) first: Maybe<Part<'a>>,
    pub(super) rest: List<Part<'a>>,
}

impl<'de> Take<'de> for Parts<'de> {
    fn take_list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        if list.next_element_seed(Slot(&mut self.first))?.is_some() {
            self.rest.take_list(list)?;
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    pub(super) text: Scalar<'a>,
    pub(super) is_thought: Scalar<'a>,
    pub(super) signature: Scalar<'a>,
    pub(super) call: Maybe<Box<FunctionCall<'a>>>,
    /// Whatever else it is.
    pub(super) extra: Map<String, Value>,
}

take_fields!(Part {
    "text" => text,
    "thought" => is_thought,
    "thoughtSignature" => signature,
    "functionCall" => call,
    rest => extra,
});

#[derive(Debug, Default)]
pub(super) struct FunctionCall<'a> {
    pub(super) id: Scalar<'a>,
    pub(super) name: Scalar<'a>,
    pub(super) args: Maybe<Map<String, Value>>,
    pub(super) partial_args: List<PartialArg<'a>>,
    /// More pieces of this call follow.
    pub(super) will_continue: Scalar<'a>,
}

take_fields!(FunctionCall {
    "id" => id,
    "name" => name,
    "args" => args,
    "partialArgs" => partial_args,
    "willContinue" => will_continue,
});

/// A piece of one argument.
#[derive(Debug, Default)]
pub(super) struct PartialArg<'a> {
    pub(super) path: Scalar<'a>,
    pub(super) text: Scalar<'a>,
    pub(super) number: Scalar<'a>,
    pub(super) boolean: Scalar<'a>,
}

take_fields!(PartialArg {
    "jsonPath" => path,
    "stringValue" => text,
    "numberValue" => number,
    "boolValue" => boolean,
});

#[derive(Debug, Default)]
pub(super) struct PromptFeedback<'a> {
    pub(super) block_reason: Scalar<'a>,
    pub(super) message: Scalar<'a>,
}

take_fields!(PromptFeedback { "blockReason" => block_reason, "blockReasonMessage" => message });

#[derive(Debug, Default)]
pub(super) struct WireUsage<'a> {
    pub(super) prompt: Scalar<'a>,
    pub(super) tool_use_prompt: Scalar<'a>,
    pub(super) cached: Scalar<'a>,
    pub(super) candidates: Scalar<'a>,
    pub(super) thoughts: Scalar<'a>,
    pub(super) total: Scalar<'a>,
}

take_fields!(WireUsage {
    "promptTokenCount" => prompt,
    "toolUsePromptTokenCount" => tool_use_prompt,
    "cachedContentTokenCount" => cached,
    "candidatesTokenCount" => candidates,
    "thoughtsTokenCount" => thoughts,
    "totalTokenCount" => total,
});
