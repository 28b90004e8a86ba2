//! The chunks of the chat-completions dialect: only the fields that are read, all optional.
//!
//! No field can make a chunk unreadable: a value of a type nobody expects is as if it were not
//! there. Text is borrowed from the chunk, and the list of choices is never built, because a chunk
//! of plain text must not allocate. What few chunks carry is boxed, so that a chunk is small.

use std::borrow::Cow;

use serde::de::{IgnoredAny, MapAccess, SeqAccess};
use serde_json::{Map, Value};

use crate::provider::token_details::TokenDetails;
use crate::provider::tolerant::{First, Indexed, Key, List, Maybe, Scalar, Slot, Take, take_fields};

#[derive(Debug, Default)]
pub struct Chunk<'a> {
    pub(super) id: Scalar<'a>,
    pub(super) model: Scalar<'a>,
    pub(super) choices: First<Choice<'a>>,
    pub(super) usage: Maybe<Box<WireUsage<'a>>>,
    pub(super) x_groq: Maybe<Box<XGroq<'a>>>,
    pub(super) error: Scalar<'a>,
}

take_fields!(Chunk {
    "id" => id,
    "model" => model,
    "choices" => choices,
    "usage" => usage,
    "x_groq" => x_groq,
    "error" => error,
});

#[derive(Debug, Default)]
pub(super) struct XGroq<'a> {
    pub(super) usage: Maybe<Box<WireUsage<'a>>>,
}

take_fields!(XGroq { "usage" => usage });

impl Indexed for Choice<'_> {
    fn index(&self) -> Option<u64> {
        self.index.count()
    }
}

#[derive(Debug, Default)]
pub(super) struct Choice<'a> {
    index: Scalar<'a>,
    pub(super) delta: Maybe<Delta<'a>>,
    /// The whole answer, where the server does not stream; the answer so far, beside a delta.
    pub(super) message: Maybe<Box<Delta<'a>>>,
    /// The older completions dialect; also sent beside a delta.
    pub(super) text: Scalar<'a>,
    pub(super) finish_reason: Scalar<'a>,
    pub(super) usage: Maybe<Box<WireUsage<'a>>>,
    pub(super) error: Scalar<'a>,
}

take_fields!(Choice {
    "index" => index,
    "delta" => delta,
    "message" => message,
    "text" => text,
    "finish_reason" => finish_reason,
    "usage" => usage,
    "error" => error,
});

#[derive(Debug, Default)]
pub(super) struct Delta<'a> {
    pub(super) content: Content<'a>,
    pub(super) reasoning_content: Scalar<'a>,
    pub(super) reasoning: Scalar<'a>,
    pub(super) reasoning_text: Scalar<'a>,
    pub(super) reasoning_opaque: Scalar<'a>,
    pub(super) reasoning_details: List<Map<String, Value>>,
    pub(super) refusal: Scalar<'a>,
    pub(super) tool_calls: List<ToolCallPart<'a>>,
}

take_fields!(Delta {
    "content" => content,
    "reasoning_content" => reasoning_content,
    "reasoning" => reasoning,
    "reasoning_text" => reasoning_text,
    "reasoning_opaque" => reasoning_opaque,
    "reasoning_details" => reasoning_details,
    "refusal" => refusal,
    "tool_calls" => tool_calls,
});

/// Text, or a list of parts.
#[derive(Debug, Default)]
pub(super) enum Content<'a> {
    #[default]
    Missing,
    Text(Cow<'a, str>),
    Parts(Vec<Part<'a>>),
}

impl<'de> Take<'de> for Content<'de> {
    fn take_scalar(&mut self, value: Scalar<'de>) {
        *self = value.into_text().map_or(Self::Missing, Self::Text);
    }

    fn take_list<A: SeqAccess<'de>>(&mut self, list: A) -> Result<(), A::Error> {
        let mut parts = List::default();
        parts.take_list(list)?;
        *self = Self::Parts(parts.0);
        Ok(())
    }
}

#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    pub(super) text: Scalar<'a>,
    pub(super) thinking: Content<'a>,
}

take_fields!(Part { "text" => text, "thinking" => thinking });

/// A piece of a call; everything else than its place and its function is given back to the server.
#[derive(Debug, Default)]
pub(super) struct ToolCallPart<'a> {
    pub(super) index: Scalar<'a>,
    pub(super) id: Scalar<'a>,
    pub(super) function: Function<'a>,
    pub(super) extra: Map<String, Value>,
}

take_fields!(ToolCallPart { "index" => index, "id" => id, "function" => function, rest => extra });

#[derive(Debug, Default)]
pub(super) struct Function<'a> {
    pub(super) name: Scalar<'a>,
    pub(super) arguments: Arguments<'a>,
}

take_fields!(Function { "name" => name, "arguments" => arguments });

/// A piece of JSON text, or an object where a server parses it for us.
#[derive(Debug, Default)]
pub(super) struct Arguments<'a>(pub(super) Option<Cow<'a, str>>);

impl<'de> Take<'de> for Arguments<'de> {
    fn take_scalar(&mut self, value: Scalar<'de>) {
        self.0 = value.into_text();
    }

    fn take_object<A: MapAccess<'de>>(&mut self, object: A) -> Result<(), A::Error> {
        let mut value = Map::new();
        value.take_object(object)?;
        self.0 = Some(Cow::Owned(Value::Object(value).to_string()));
        Ok(())
    }
}

#[derive(Debug, Default)]
pub(super) struct WireUsage<'a> {
    pub(super) prompt_tokens: Scalar<'a>,
    pub(super) completion_tokens: Scalar<'a>,
    pub(super) total_tokens: Scalar<'a>,
    pub(super) reasoning_tokens: Scalar<'a>,
    pub(super) cached_tokens: Scalar<'a>,
    pub(super) prompt_cache_hit_tokens: Scalar<'a>,
    pub(super) prompt_tokens_details: TokenDetails<'a>,
    pub(super) completion_tokens_details: TokenDetails<'a>,
    pub(super) cost: Cost<'a>,
}

take_fields!(WireUsage {
    "prompt_tokens" => prompt_tokens,
    "completion_tokens" => completion_tokens,
    "total_tokens" => total_tokens,
    "reasoning_tokens" => reasoning_tokens,
    "cached_tokens" => cached_tokens,
    "prompt_cache_hit_tokens" => prompt_cache_hit_tokens,
    "prompt_tokens_details" => prompt_tokens_details,
    "completion_tokens_details" => completion_tokens_details,
    "cost" => cost,
});

/// A number, or an object with the total.
#[derive(Debug, Default)]
pub(super) struct Cost<'a> {
    pub(super) total: Scalar<'a>,
}

impl<'de> Take<'de> for Cost<'de> {
    fn take_scalar(&mut self, value: Scalar<'de>) {
        self.total = value;
    }

    fn take_object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        while let Some(Key(name)) = object.next_key()? {
            match name.as_ref() {
                "total_cost" => object.next_value_seed(Slot(&mut self.total))?,
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}
