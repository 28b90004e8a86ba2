//! The built-in offline model.

use bytes::Bytes;

use super::ProviderError;

/// A reply of the demo model, in the bytes a server would send.
pub struct DemoStream {}

impl DemoStream {
    /// The next part of the body; `None` at its end.
    pub async fn next_bytes(&mut self) -> Option<Result<Bytes, ProviderError>> {
        std::future::ready(None).await
    }
}
