//! What types and ranges cannot say: settings that contradict each other or name nothing.

use std::collections::BTreeMap;

use super::approval_rules;
use super::choice::is_known;
use super::file::{ConfigFile, Oauth, ProviderSection, ServerSection, ServerType, ToolFilter, Ui};
use super::problem::{KeyPath, nearest};
use super::ui::{ThemeChoice, themes_there_are};
use super::variables::has_variable;
use super::{keys, model_names, presets};
use crate::conversation::is_hidden;
use crate::mcp::BUILTIN_SERVERS;
use crate::provider::Api;
use crate::tool::{OWN_SERVER, fits};

/// What is wrong, and with which setting.
pub type Finding = (KeyPath, String);

/// All contradictions in a file whose types and ranges are right.
#[must_use]
pub fn find(file: &ConfigFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    active(file, &mut findings);
    model_names::check(file, &mut findings);
    for (name, provider) in &file.llm.providers {
        let path = KeyPath(vec!["llm".into(), "providers".into(), name.clone()]);
        if name.is_empty() || name.contains(|c: char| c == ':' || c.is_whitespace() || c.is_control()) {
            findings.push((
                path.clone(),
                "the name of a provider has neither `:` nor blanks, because of `-m name:model`".into(),
            ));
        }
        check_provider(name, provider, &path, &mut findings);
    }
    for (name, server) in &file.mcp.servers {
        let path = KeyPath(vec!["mcp".into(), "servers".into(), name.clone()]);
        if name == OWN_SERVER
            || name.is_empty()
            || name.contains(|c: char| c == '/' || c.is_whitespace() || is_hidden(c))
        {
            let reason =
                "the name of a server has neither `/` nor blanks, because of `--allow SERVER/TOOL`, and is not `sayso`";
            findings.push((path.clone(), reason.into()));
        }
        check_server(server, &path, &mut findings);
    }
    approval_rules::check(file, &mut findings);
    check_ui(&file.ui, &mut findings);
    if file.chat.storage.persistence.db_path.trim().is_empty() {
        findings.push((KeyPath::of("chat.storage.persistence.db_path"), "names no file".into()));
    }
    if ThemeChoice::read(&file.ui.theme).is_none() {
        let reason = format!("is no theme: {}", themes_there_are(&file.ui.theme));
        findings.push((KeyPath::of("ui.theme"), reason));
    }
    findings
}

fn check_ui(ui: &Ui, findings: &mut Vec<Finding>) {
    for name in ui.keys.keys() {
        if let Err(reason) = keys::read(name) {
            findings.push((KeyPath(vec!["ui".into(), "keys".into(), name.clone()]), reason));
        }
    }
    for (name, lines) in &ui.macros {
        let path = KeyPath(vec!["ui".into(), "macros".into(), name.clone()]);
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || is_hidden(c)) {
            findings.push((path.clone(), "the name of a macro has no blanks".into()));
        }
        if lines.iter().any(|line| line.trim_start().starts_with("/macro")) {
            findings.push((path.clone(), "a macro does not run macros".into()));
        }
        if lines.iter().all(|line| line.trim().is_empty()) {
            findings.push((path, "has no lines to run".into()));
        }
    }
}

fn active(file: &ConfigFile, findings: &mut Vec<Finding>) {
    let Some(active) = &file.llm.active else { return };
    if is_known(active, file) {
        return;
    }
    let advice = model_names::advice(active, file);
    findings.push((KeyPath::of("llm.active"), format!("no provider has the name {active:?}{advice}")));
}

fn check_provider(name: &str, provider: &ProviderSection, path: &KeyPath, findings: &mut Vec<Finding>) {
    let sources: Vec<&str> =
        key_sources(provider).into_iter().filter_map(|(name, is_set)| is_set.then_some(name)).collect();
    if let [first, .., last] = sources.as_slice() {
        findings.push((path.join(last), format!("{first} is set too; only one of them can count")));
    }
    let is_offline = matches!(provider.api, Some(Api::Demo | Api::Replay));
    match &provider.base_url {
        None if !is_offline && presets::find(name).is_none() => {
            findings.push((path.join("base_url"), "is missing: where does the API of this provider begin?".into()));
        }
        Some(url) if !has_variable(url) => {
            if let Err(reason) = check_base_url(url) {
                findings.push((path.join("base_url"), reason));
            }
        }
        None | Some(_) => {}
    }
    check_record(provider, path, findings);
    check_headers(provider.headers.iter(), &path.join("headers"), findings);
    for (field, text) in [
        ("model", &provider.model),
        ("api_key_env", &provider.api_key_env),
        ("api_key_command", &provider.api_key_command),
    ] {
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            findings.push((path.join(field), "is empty".into()));
        }
    }
    // Not shown: it is often the key itself that stands here by mistake.
    if provider.api_key_env.as_deref().is_some_and(|name| !is_variable_name(name)) {
        findings.push((
            path.join("api_key_env"),
            "is not the name of an environment variable; does the key itself stand here?".into(),
        ));
    }
    check_body(&provider.extra_body, &path.join("extra_body"), findings);
    for patch in &provider.patches {
        let path = path.join("patches");
        if patch.models.trim().is_empty() {
            findings.push((path.join("models"), "is missing: which models is this patch for?".into()));
        }
        check_headers(patch.headers.iter(), &path.join("headers"), findings);
        check_body(&patch.extra_body, &path.join("extra_body"), findings);
    }
}

fn check_record(provider: &ProviderSection, path: &KeyPath, findings: &mut Vec<Finding>) {
    let is_replay = provider.api == Some(Api::Replay);
    if is_replay && provider.record.is_none() {
        findings.push((path.join("record"), "is missing: which record is to be played?".into()));
    }
    for (field, is_set) in [("record", provider.record.is_some()), ("replay_speed", provider.replay_speed.is_some())] {
        if is_set && !is_replay {
            findings.push((path.join(field), "has no effect without `api: replay`".into()));
        }
    }
}

fn check_body(body: &BTreeMap<String, serde_json::Value>, path: &KeyPath, findings: &mut Vec<Finding>) {
    for field in ["model", "messages", "stream"] {
        if body.contains_key(field) {
            findings.push((path.join(field), "is always set by sayso itself".into()));
        }
    }
}

fn key_sources(provider: &ProviderSection) -> [(&'static str, bool); 4] {
    [
        ("api_key", provider.api_key.is_some()),
        ("api_key_env", provider.api_key_env.is_some()),
        ("api_key_command", provider.api_key_command.is_some()),
        ("api_key_file", provider.api_key_file.is_some()),
    ]
}

fn is_variable_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether requests can be sent below this URL.
pub fn check_base_url(url: &str) -> Result<reqwest::Url, String> {
    let parsed = check_url(url)?;
    let path = parsed.path().trim_end_matches('/');
    for end in ["/chat/completions", "/responses", "/messages", "/completions"] {
        if path.ends_with(end) {
            return Err(format!("ends in {end}, which sayso adds itself; leave it out"));
        }
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err("has a part after `?` or `#`, which cannot be kept".into());
    }
    Ok(parsed)
}

/// Whether a server can be reached by this URL.
pub fn check_url(url: &str) -> Result<reqwest::Url, String> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err("has to begin with https:// or http://".into());
    }
    let parsed = reqwest::Url::parse(url).map_err(|error| format!("is not a URL: {error}"))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("holds a user or password; a key belongs into api_key_env, others into headers".into());
    }
    Ok(parsed)
}

fn check_headers<'a>(
    headers: impl Iterator<Item = (&'a String, &'a String)>,
    path: &KeyPath,
    findings: &mut Vec<Finding>,
) {
    for (name, value) in headers {
        if reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
            findings.push((path.join(name), "is not the name of a header".into()));
        } else if reqwest::header::HeaderValue::from_str(value).is_err() {
            findings.push((path.join(name), "has letters that a header cannot hold".into()));
        }
    }
}

fn check_server(server: &ServerSection, path: &KeyPath, findings: &mut Vec<Finding>) {
    let ways: Vec<&str> =
        [("command", server.command.is_some()), ("url", server.url.is_some()), ("builtin", server.builtin.is_some())]
            .into_iter()
            .filter_map(|(name, is_set)| is_set.then_some(name))
            .collect();
    match ways.as_slice() {
        [] => findings.push((path.clone(), "needs a command, a url or a builtin".into())),
        [_] => {}
        [first, .., last] => {
            findings.push((path.join(last), format!("{first} is set too; only one of them can count")))
        }
    }
    if let Some(name) = &server.builtin {
        check_builtin(name, &path.join("builtin"), findings);
    }
    let contradiction = match server.kind {
        Some(ServerType::Stdio) if server.command.is_none() => Some("stdio needs a command"),
        Some(ServerType::Http | ServerType::StreamableHttp | ServerType::Sse) if server.url.is_none() => {
            Some("this type needs a url")
        }
        None | Some(ServerType::Stdio | ServerType::Http | ServerType::StreamableHttp | ServerType::Sse) => None,
    };
    if let Some(reason) = contradiction {
        findings.push((path.join("type"), reason.into()));
    }
    if let Some(Err(reason)) = server.url.as_deref().filter(|url| !has_variable(url)).map(check_url) {
        findings.push((path.join("url"), reason));
    }
    if server.disabled == Some(false) && !server.enabled {
        findings.push((path.join("disabled"), "contradicts `enabled: false`".into()));
    }
    check_headers(server.headers.iter(), &path.join("headers"), findings);
    check_filter(&server.tools, &path.join("tools"), findings);
    if let Some(Oauth { client_secret: Some(_), client_secret_env: Some(_), .. }) = &server.oauth {
        let reason = "client_secret is set too; only one of them can count";
        findings.push((path.join("oauth").join("client_secret_env"), reason.into()));
    }
}

fn check_builtin(name: &str, path: &KeyPath, findings: &mut Vec<Finding>) {
    if BUILTIN_SERVERS.contains(&name) {
        return;
    }
    let advice = match nearest(name, BUILTIN_SERVERS) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => format!("; there are {}", BUILTIN_SERVERS.join(", ")),
    };
    findings.push((path.clone(), format!("no built-in server is called {name:?}{advice}")));
}

/// A rule that can never match is a mistake, and in `deny` a dangerous one.
fn check_filter(filter: &ToolFilter, path: &KeyPath, findings: &mut Vec<Finding>) {
    for (field, patterns) in [("allow", &filter.allow), ("deny", &filter.deny)] {
        for pattern in patterns.iter().filter(|pattern| !could_be_a_tool(pattern)) {
            findings.push((
                path.join(field),
                format!("{pattern:?} can never match: tools have names of letters, digits, `_`, `-`, `.` and `/`"),
            ));
        }
    }
    for pattern in &filter.allow {
        if let Some(other) = filter.deny.iter().find(|other| fits(other, pattern)) {
            findings.push((path.join("allow"), format!("{pattern:?} can never match, because deny has {other:?}")));
        }
    }
}

fn could_be_a_tool(pattern: &str) -> bool {
    !pattern.is_empty()
        && pattern.len() <= 128
        && pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./*".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        find(&serde_yaml::from_str(text).unwrap()).into_iter().map(|(key, reason)| format!("{key}: {reason}")).collect()
    }

    #[test]
    fn a_rule_that_can_never_match_is_told() {
        let filter =
            "mcp: {servers: {files: {command: x, tools: {allow: [read_file, 'write_*', ''], deny: ['read*', '*_x']}}}}";
        assert_eq!(
            findings(filter),
            [
                "mcp.servers.files.tools.allow: \"\" can never match: tools have names of letters, digits, `_`, `-`, `.` and `/`",
                "mcp.servers.files.tools.allow: \"read_file\" can never match, because deny has \"read*\""
            ]
        );
    }

    #[test]
    fn providers_have_one_key_and_a_usable_url() {
        let text = "llm:\n  active: opnai\n  providers:\n    a: {}\n    b: {base_url: 'api.b.com', api_key: x, api_key_env: Y}\n    c: {base_url: 'https://c/v1/chat/completions', headers: {'a b': c}}\n    d: {base_url: 'https://u:p@d/v1', api_key_env: sk-123}\n    openai: {extra_body: {model: x}, replay_speed: 2}\n    tape: {api: replay}\n    demo: {api: demo}\n";
        assert_eq!(
            findings(text),
            [
                "llm.active: no provider has the name \"opnai\"; did you mean `openai`?",
                "llm.providers.a.base_url: is missing: where does the API of this provider begin?",
                "llm.providers.b.api_key_env: api_key is set too; only one of them can count",
                "llm.providers.b.base_url: has to begin with https:// or http://",
                "llm.providers.c.base_url: ends in /chat/completions, which sayso adds itself; leave it out",
                "llm.providers.c.headers.a b: is not the name of a header",
                "llm.providers.d.base_url: holds a user or password; a key belongs into api_key_env, others into headers",
                "llm.providers.d.api_key_env: is not the name of an environment variable; does the key itself stand here?",
                "llm.providers.openai.replay_speed: has no effect without `api: replay`",
                "llm.providers.openai.extra_body.model: is always set by sayso itself",
                "llm.providers.tape.record: is missing: which record is to be played?",
            ]
            .map(|line| line.replace("a b:", "\"a b\":"))
        );
    }

    #[test]
    fn servers_are_reached_in_one_way() {
        let text = "mcp: {servers: {a: {}, b: {command: x, url: 'https://x'}, c: {type: http, command: x}, d: {url: ftp://x}, e: {command: x, enabled: false, disabled: false}, f: {builtin: tiem}, g: {builtin: x}}}";
        assert_eq!(
            findings(text),
            [
                "mcp.servers.a: needs a command, a url or a builtin",
                "mcp.servers.b.url: command is set too; only one of them can count",
                "mcp.servers.c.type: this type needs a url",
                "mcp.servers.d.url: has to begin with https:// or http://",
                "mcp.servers.e.disabled: contradicts `enabled: false`",
                "mcp.servers.f.builtin: no built-in server is called \"tiem\"; did you mean `time`?",
                "mcp.servers.g.builtin: no built-in server is called \"x\"; there are time, calc, history, files, shell, fetch, models, settings",
            ]
        );
    }
}
