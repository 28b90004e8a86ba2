//! The built-in offline model.

use bytes::Bytes;

use super::{ChatRequest, ErrorKind, Opening, Provider, ProviderError, ProviderSettings};

/// The dialect `demo`. It reaches no network and needs no key.
pub struct Demo {}

impl Demo {
    #[must_use]
    pub fn new(_: ProviderSettings) -> Self {
        Self {}
    }
}

impl Provider for Demo {
    fn describe(&self, request: &ChatRequest<'_>) -> String {
        format!("the demo model {}", request.model)
    }

    fn open<'a>(&'a self, _: &'a ChatRequest<'a>) -> Opening<'a> {
        let error = ProviderError::new(ErrorKind::Rejected, "the demo model is not built");
        Box::pin(std::future::ready(Err(error)))
    }

    fn prewarm(&self) {}
}

/// A reply of the demo model, in the bytes a server would send.
pub struct DemoStream {}

impl DemoStream {
    /// The next part of the body; `None` at its end. Cancel-safe.
    pub async fn next_bytes(&mut self) -> Option<Result<Bytes, ProviderError>> {
        std::future::ready(None).await
    }
}
