//! Picks the dialect of a provider.

use super::anthropic::Anthropic;
use super::demo::Demo;
use super::error_context::is_secret_header;
use super::gemini::Gemini;
use super::openai_chat::OpenAiChat;
use super::openai_responses::OpenAiResponses;
use super::{Api, ErrorKind, Provider, ProviderError, ProviderSettings};
use crate::http::{Asked, HttpClient, Player, Secret, remember_key};

/// The provider that `settings` describe. A record that cannot be read is an error.
pub fn connect(settings: ProviderSettings, client: &HttpClient) -> Result<Box<dyn Provider>, ProviderError> {
    remember_keys(&settings);
    match settings.api {
        Api::OpenaiChat => Ok(Box::new(OpenAiChat::new(settings, client.clone()))),
        Api::Anthropic => Ok(Box::new(Anthropic::new(settings, client.clone()))),
        Api::OpenaiResponses => Ok(Box::new(OpenAiResponses::new(settings, client.clone()))),
        Api::Gemini => Ok(Box::new(Gemini::new(settings, client.clone()))),
        Api::Demo => Ok(Box::new(Demo::new(settings))),
        Api::Replay => {
            let opened = open_record(settings, client);
            let (settings, client) = opened.map_err(|reason| ProviderError::new(ErrorKind::Rejected, reason))?;
            connect(settings, &client)
        }
    }
}

/// A provider with `api: replay` as the one that was recorded, and the client that plays it.
pub fn open_record(settings: ProviderSettings, client: &HttpClient) -> Result<(ProviderSettings, HttpClient), String> {
    let record =
        settings.record.as_ref().ok_or_else(|| format!("{}: no record is named to be played", settings.name))?;
    let player = Player::open(&record.path, record.pace)?;
    let Asked { model, base_url, .. } = player.first().clone();
    let api = recorded_api(player.first())?;
    let model = if settings.model.is_empty() { model } else { settings.model };
    Ok((ProviderSettings { api, base_url, model, ..settings }, client.playing(player)))
}

/// The dialect a record speaks.
pub fn recorded_api(asked: &Asked) -> Result<Api, String> {
    match Api::named(&asked.api) {
        Some(api @ (Api::OpenaiChat | Api::OpenaiResponses | Api::Anthropic | Api::Gemini)) => Ok(api),
        Some(Api::Demo | Api::Replay) | None => Err(format!("the record speaks {:?}, which is no dialect", asked.api)),
    }
}

/// Whatever is written down from now on is cleaned of the keys of this provider too.
fn remember_keys(settings: &ProviderSettings) {
    settings.key.iter().for_each(remember_key);
    for (_, value) in settings.headers.iter().filter(|(name, _)| is_secret_header(name)) {
        remember_key(&Secret::new(value.clone()));
    }
}
