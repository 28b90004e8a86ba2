//! Picks the dialect of a provider.

use super::{Provider, ProviderError, ProviderSettings};
use crate::http::HttpClient;

/// The provider that `settings` describe. Fails with a clear text for a dialect that this
/// version does not speak.
pub fn connect(settings: ProviderSettings, client: &HttpClient) -> Result<Box<dyn Provider>, ProviderError> {
    let _ = client;
    Err(ProviderError::new(super::ErrorKind::Rejected, format!("{:?} is not built", settings.api)))
}
