//! `--record` and `--replay`: what stands between the client and the network, and who is asked then.

use std::path::Path;

use super::context::Context;
use super::wiring;
use crate::cli::{ConversationOptions, GlobalOptions};
use crate::config::{Choice, Chosen, Config, Origin};
use crate::conversation::{now_ms, rfc3339};
use crate::exit::Failure;
use crate::http::{HttpClient, Lifetime, Pace, Player, Recorder, Tap};
use crate::provider::{Api, KEY_LEFT_OUT, ModelParameters, ProviderSettings, recorded_api};

/// What a record is asked for until it says itself who was: needs no key and no network.
const STAND_IN: &str = "demo:tour";

/// The model to load the configuration for.
#[must_use]
pub fn model_to_load(options: &ConversationOptions) -> Option<String> {
    let stand_in = || options.replay.as_ref().map(|_| STAND_IN.to_owned());
    options.request.models.first().cloned().or_else(stand_in)
}

/// The one client of the process, and the provider to begin with.
pub fn client_and_choice(
    config: &Config,
    options: &ConversationOptions,
    lifetime: Lifetime,
) -> Result<(HttpClient, Choice), Failure> {
    let choice = config.provider.clone();
    if let Some(path) = &options.replay {
        let pace = options.replay_speed.map_or(Pace::AtOnce, Pace::Times);
        let player = Player::open(path, pace).map_err(Failure::config)?;
        let choice = if !options.request.models.is_empty() { choice } else { recorded(&player, &choice)? };
        return Ok((wiring::tapped_client(config, lifetime, Tap::Player(player)), choice));
    }
    let tap = match (&options.record, &choice) {
        (None, _) => Tap::Nothing,
        (Some(_), Choice::NoProvider) => return Err(wiring::no_provider()),
        (Some(_), Choice::Provider(chosen)) if matches!(chosen.settings.api, Api::Demo | Api::Replay) => {
            let what = format!("{} asks no server: there is nothing to record", chosen.settings.name);
            return Err(Failure::usage(what).hint("name a model of a server with `-m`"));
        }
        (Some(path), _) if path == Path::new("-") => {
            let what = "`--record -` is no file, and stdout is for the answer";
            return Err(Failure::usage(what).hint("`./-` is a file of this name"));
        }
        (Some(path), _) => {
            let program = concat!("sayso ", env!("CARGO_PKG_VERSION"));
            Tap::Recorder(
                Recorder::create(path, program, &rfc3339(now_ms()).unwrap_or_default()).map_err(Failure::config)?,
            )
        }
    };
    Ok((wiring::tapped_client(config, lifetime, tap), choice))
}

/// Whoever was asked when the record was made, with the parameters of this run.
fn recorded(player: &Player, stand_in: &Choice) -> Result<Choice, Failure> {
    let asked = player.first();
    let parameters = match stand_in {
        Choice::Provider(chosen) => chosen.settings.parameters.clone(),
        Choice::NoProvider => ModelParameters::default(),
    };
    let settings = ProviderSettings {
        name: asked.provider.clone(),
        api: recorded_api(asked).map_err(Failure::config)?,
        base_url: asked.base_url.clone(),
        model: asked.model.clone(),
        key: None,
        key_source: KEY_LEFT_OUT.to_owned(),
        headers: Vec::new(),
        parameters,
        record: None,
    };
    let chosen = Chosen { settings, origin: Origin::Option, missing_key: None, warning: None, context_window: None };
    Ok(Choice::Provider(Box::new(chosen)))
}

/// The provider that was chosen, or what to do without one. A record needs neither a key nor a network.
pub fn chosen(choice: Choice, client: &HttpClient, global: &GlobalOptions) -> Result<Chosen, Failure> {
    match (choice, client.player()) {
        (Choice::Provider(chosen), Some(_)) => Ok(*chosen),
        (choice, _) => wiring::chosen(choice, global),
    }
}

/// Says where the record is not whole.
pub fn tell_of_problem(client: &HttpClient, context: &mut Context) {
    if let Some(problem) = client.recorder().and_then(Recorder::problem) {
        context.warn(&problem);
    }
}
