//! Picks the dialect of a provider.

use super::anthropic::Anthropic;
use super::demo::Demo;
use super::gemini::Gemini;
use super::openai_chat::OpenAiChat;
use super::openai_responses::OpenAiResponses;
use super::{Api, ErrorKind, Provider, ProviderError, ProviderSettings};
use crate::http::HttpClient;

/// The provider that `settings` describe. Fails with a clear text for a dialect that this
/// version does not speak.
pub fn connect(settings: ProviderSettings, client: &HttpClient) -> Result<Box<dyn Provider>, ProviderError> {
    match settings.api {
        Api::OpenaiChat => Ok(Box::new(OpenAiChat::new(settings, client.clone()))),
        Api::Anthropic => Ok(Box::new(Anthropic::new(settings, client.clone()))),
        Api::OpenaiResponses => Ok(Box::new(OpenAiResponses::new(settings, client.clone()))),
        Api::Gemini => Ok(Box::new(Gemini::new(settings, client.clone()))),
        Api::Demo => Ok(Box::new(Demo::new(settings))),
        Api::Replay => {
            let message =
                format!("{}: api: {} is not supported by this version yet", settings.name, settings.api.name());
            Err(ProviderError::new(ErrorKind::Rejected, message)
                .hint("use `api: openai_chat`; most providers offer it beside their own"))
        }
    }
}
