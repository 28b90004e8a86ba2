//! The way to each provider, as `doctor` sees it: name, connection, key, protocol, times.

use std::time::{Duration, Instant};

use futures::future::join_all;

use super::finding::Finding;
use crate::command::context::Context;
use crate::command::{accounts, wiring};
use crate::config::{Choice, Config};
use crate::exit::Failure;
use crate::http::{HttpClient, Lifetime};
use crate::provider::{Api, ErrorKind, Fetched, ProviderError, ProviderSettings, fetch_models};

const RESOLVE_LIMIT: Duration = Duration::from_secs(10);
const GIVE_BACK_WAIT: Duration = Duration::from_millis(10);

/// What is to be said of each provider that is set up, all looked at side by side.
pub async fn network_findings(config: &Config, context: &Context) -> Vec<Finding> {
    let http = &config.http;
    let way = [
        if http.http2 { "HTTP/2 is offered" } else { "HTTP/1.1 only (llm.http.http2: false)" },
        if http.prewarm { "pre-warm is on" } else { "pre-warm is off (llm.http.prewarm: false)" },
        if http.trust_env { "proxies of the environment are used" } else { "no proxies" },
    ];
    let mut findings = vec![Finding::good("network", way.join(", "))];
    let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    if !http.trust_env && proxies.iter().any(|name| context.environment.text(name).is_some()) {
        let fix = "set `llm.http.trust_env: true` where the internet is only reached through it";
        findings.push(Finding::doubtful("network", "the environment names a proxy, which is not used", fix));
    }
    let names = accounts::names(config, context);
    findings.extend(join_all(names.iter().map(|name| one(name, config, context))).await);
    findings
}

async fn one(name: &str, config: &Config, context: &Context) -> Finding {
    let area = format!("provider {name}");
    let settings = match accounts::account(name, config, context) {
        Ok(chosen) => chosen.settings,
        Err(error) => {
            let failure = Failure::from(error);
            let fix = failure.hint.clone().unwrap_or_else(|| format!("mend llm.providers.{name}"));
            return not_well(&area, is_active(name, config), &failure, fix);
        }
    };
    if matches!(settings.api, Api::Demo | Api::Replay) {
        return Finding::good(area, "built in, needs no network");
    }
    if context.global.offline && !wiring::is_on_this_machine(&settings) {
        return Finding::skipped(area, "not tried (--offline)");
    }
    let started = Instant::now();
    if let Err(error) = resolve(&settings).await {
        let fix = "look at the spelling of base_url, and whether this machine is online".to_owned();
        return not_well(&area, is_active(name, config), &error.into(), fix);
    }
    let resolved = started.elapsed();
    match measured(&settings, config).await {
        Ok((cold, warm)) => reached(&area, &settings, resolved, (&cold, warm.as_ref())),
        Err(error) => {
            let fix = fix_for(&error, name);
            not_well(&area, is_active(name, config), &error.into(), fix)
        }
    }
}

/// What answers to whoever asks is no problem of the day; where nobody is asked it can wait.
fn not_well(area: &str, is_active: bool, failure: &Failure, fix: String) -> Finding {
    match is_active {
        true => Finding::broken(area, failure.message.clone(), failure.exit, fix),
        false => Finding::doubtful(area, failure.message.clone(), fix),
    }
}

fn is_active(name: &str, config: &Config) -> bool {
    matches!(&config.provider, Choice::Provider(chosen) if chosen.settings.name == name)
}

async fn resolve(settings: &ProviderSettings) -> Result<(), ProviderError> {
    let url = url::Url::parse(&settings.base_url)
        .map_err(|error| ProviderError::new(ErrorKind::Rejected, format!("base_url is not usable: {error}")))?;
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let failed = |why: String| ProviderError::new(ErrorKind::Network, format!("cannot resolve {host}{why}"));
    match tokio::time::timeout(RESOLVE_LIMIT, tokio::net::lookup_host((host.as_str(), port))).await {
        Err(_) => Err(failed(" in time".to_owned())),
        Ok(Err(error)) => Err(failed(format!(": {error}"))),
        Ok(Ok(mut addresses)) => addresses.next().map(drop).ok_or_else(|| failed(String::new())),
    }
}

/// The list of models, twice over one client: the second time the connection is there.
async fn measured(settings: &ProviderSettings, config: &Config) -> Result<(Fetched, Option<Fetched>), ProviderError> {
    let client: HttpClient = wiring::http_client(config, Lifetime::OneShot);
    let cold = fetch_models(settings, &client).await?;
    // The task of the connection gives it back when it runs next.
    tokio::time::sleep(GIVE_BACK_WAIT).await;
    let warm = fetch_models(settings, &client).await.ok();
    Ok((cold, warm))
}

fn reached(
    area: &str,
    settings: &ProviderSettings,
    resolved: Duration,
    (cold, warm): (&Fetched, Option<&Fetched>),
) -> Finding {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let is_tls = settings.base_url.starts_with("https://");
    let wire = if is_tls { format!("{} over TLS", cold.version) } else { cold.version.to_owned() };
    let again = warm.map_or(String::new(), |warm| format!(", {} ms on the open connection", ms(warm.first_answer)));
    let message = format!(
        "{wire}, {} models, first answer after {} ms{again}, name in {} ms",
        cold.models.len(),
        ms(cold.first_answer),
        ms(resolved),
    );
    let finding = Finding::good(area, message)
        .fact("http", cold.version)
        .fact("tls", is_tls)
        .fact("models", cold.models.len())
        .fact("resolve_ms", ms(resolved))
        .fact("cold_ms", ms(cold.first_answer));
    match warm {
        Some(warm) => finding.fact("warm_ms", ms(warm.first_answer)),
        None => finding,
    }
}

fn fix_for(error: &ProviderError, name: &str) -> String {
    let fix = match error.kind {
        ErrorKind::Auth => format!("run `sayso keys set {name}`"),
        ErrorKind::Tls => "name the authority of the certificate in `llm.http.ca_file`".to_owned(),
        ErrorKind::LocalFile => "look at `llm.http.ca_file`".to_owned(),
        ErrorKind::Quota => "add credit to that account".to_owned(),
        ErrorKind::RateLimited => "wait, then try again".to_owned(),
        ErrorKind::Network => "start the server, or look at base_url and the network".to_owned(),
        ErrorKind::Rejected
        | ErrorKind::ContextTooLong
        | ErrorKind::Budget
        | ErrorKind::TryAgain
        | ErrorKind::Failed
        | ErrorKind::BadResponse
        | ErrorKind::Disconnected => format!("look at llm.providers.{name}.base_url"),
    };
    match (&error.hint, error.kind) {
        (Some(hint), ErrorKind::Rejected | ErrorKind::Tls | ErrorKind::BadResponse) => hint.clone(),
        (Some(_) | None, _) => fix,
    }
}
