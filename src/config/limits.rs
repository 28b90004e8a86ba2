//! The quick question whether all numbers are in their ranges.
//!
//! The ranges stand in the schema, which takes a while to make; a test holds these here to them.
//! Where the answer is no, the check tells which number and why.

use std::ops::RangeInclusive;

use super::file::{Budget, Chat, ConfigFile, Llm, Mcp, Retention};
use crate::history::DeltaPersistence;
use crate::http::HttpSettings;

const DAY_MS: u64 = 86_400_000;
const HOUR_MS: u64 = 3_600_000;

#[must_use]
pub fn are_kept(file: &ConfigFile) -> bool {
    chat(&file.chat) && llm(&file.llm) && mcp(&file.mcp) && budget(&file.budget)
}

fn chat(chat: &Chat) -> bool {
    let service = &chat.service;
    let persistence = &chat.storage.persistence;
    let DeltaPersistence { persist_deltas: _, interval_ms, min_chars } = &service.streaming.persistence;
    service.max_tool_hops <= 1000
        && (1..=60_000).contains(interval_ms)
        && (1..=1_048_576).contains(min_chars)
        && (1..=256).contains(&service.tools.max_parallel)
        && (1..=86_400).contains(&service.tools.timeout_seconds)
        && (1024..=1_073_741_824).contains(&service.tools.result_bytes_max)
        && (1..=1_048_576).contains(&service.tools.search_over_kb)
        && (1..=10_000).contains(&service.tools.search_over_tools)
        && persistence.mmap_mb <= 1_048_576
        && persistence.compress_over_kb <= 1_048_576
        && retention(&persistence.retention)
        && retention(&chat.storage.saved_sessions)
}

fn retention(retention: &Retention) -> bool {
    is_in(retention.max_age_hours, 1..=8_760_000)
        && is_in(retention.max_messages, 1..=u64::MAX)
        && is_in(retention.max_sessions, 1..=u64::MAX)
        && (1..=525_600).contains(&retention.cleanup_interval_minutes)
}

fn llm(llm: &Llm) -> bool {
    http(&llm.http)
        && llm.providers.values().all(|provider| {
            let mut patches = provider.patches.iter();
            are_usable(provider.temperature, provider.max_tokens, provider.context_window)
                && provider.replay_speed.is_none_or(|times| (0.01..=1000.0).contains(&times))
                && patches.all(|patch| are_usable(patch.temperature, patch.max_tokens, patch.context_window))
        })
}

fn are_usable(temperature: Option<f64>, max_tokens: Option<u64>, context_window: Option<u64>) -> bool {
    temperature.is_none_or(|temperature| (0.0..=2.0).contains(&temperature))
        && is_in(max_tokens, 1..=100_000_000)
        && is_in(context_window, 1..=1_000_000_000)
}

fn http(http: &HttpSettings) -> bool {
    (1..=10_000).contains(&http.max_connections)
        && http.max_keepalive_connections <= 10_000
        && (1..=HOUR_MS).contains(&http.connect_timeout_ms)
        && (1..=HOUR_MS).contains(&http.first_byte_timeout_ms)
        && (1..=DAY_MS).contains(&http.first_token_timeout_ms)
        && (1..=DAY_MS).contains(&http.idle_timeout_ms)
        && (10..=HOUR_MS).contains(&http.ping_interval_ms)
}

fn mcp(mcp: &Mcp) -> bool {
    mcp.servers.values().all(|server| {
        server.timeout.is_none_or(|seconds| (1..=86_400).contains(&seconds))
            && (1..=3600).contains(&server.connect_timeout)
            && server.oauth.as_ref().and_then(|oauth| oauth.redirect_port) != Some(0)
    })
}

fn budget(budget: &Budget) -> bool {
    let is_amount = |usd: Option<f64>| usd.is_none_or(|usd| (0.0..=1e9).contains(&usd));
    is_amount(budget.per_day_usd)
        && is_amount(budget.per_conversation_usd)
        && is_in(budget.per_day_tokens, 1..=u64::MAX)
}

fn is_in(value: Option<u64>, range: RangeInclusive<u64>) -> bool {
    value.is_none_or(|value| range.contains(&value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schema;

    /// The file with one setting in it, in flow style.
    fn with(path: &[String], value: f64) -> ConfigFile {
        let text = path.iter().rev().fold(value.to_string(), |inner, name| format!("{{{name}: {inner}}}"));
        serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn limits_are_those_of_the_schema() {
        let schema = schema::of_file();
        let mut count = 0;
        for (path, view) in schema::all_settings(&schema) {
            let (minimum, maximum) = view.range();
            let step = if view.expected() == schema::Expected::Number { 0.01 } else { 1.0 };
            if let Some(maximum) = maximum.filter(|maximum| *maximum != 65_535.0) {
                assert!(are_kept(&with(&path, maximum)), "{path:?}");
                assert!(!are_kept(&with(&path, maximum + step)), "{path:?}");
                count += 1;
            }
            if let Some(minimum) = minimum.filter(|minimum| *minimum > 0.0) {
                assert!(are_kept(&with(&path, minimum)), "{path:?}");
                assert!(!are_kept(&with(&path, minimum - step)), "{path:?}");
                count += 1;
            }
        }
        assert!(count >= 40, "{count}");
        assert!(!are_kept(&with(&["llm", "providers", "p", "temperature"].map(str::to_owned), -0.1)));
    }
}
