//! What both dialects of OpenAI tell of tokens, beside their number.

use serde::de::{IgnoredAny, MapAccess};

use super::tolerant::{Key, Scalar, Slot, Take, take_fields};

#[derive(Debug, Default)]
pub struct TokenDetails<'a> {
    pub cached_tokens: Scalar<'a>,
    pub cache_write_tokens: Scalar<'a>,
    pub reasoning_tokens: Scalar<'a>,
}

take_fields!(TokenDetails {
    "cached_tokens" => cached_tokens,
    "cache_write_tokens" => cache_write_tokens,
    "reasoning_tokens" => reasoning_tokens,
});
