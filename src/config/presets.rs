//! Providers that need no configuration: dialect, address, the variable of their key, a model to begin with.

use super::env::Environment;
use crate::provider::Api;

/// A provider that is known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    pub name: &'static str,
    pub api: Api,
    /// Empty where every account has its own.
    pub base_url: &'static str,
    /// A variable of other programs too, which names another address.
    pub url_variable: Option<&'static str>,
    /// The variable that holds its key; `None` for servers on this machine, which want none.
    pub key_variable: Option<&'static str>,
    /// The model where none is named; `None` where it depends on what is installed.
    pub model: Option<&'static str>,
}

const fn remote(name: &'static str, key_variable: &'static str, base_url: &'static str, model: &'static str) -> Preset {
    Preset {
        name,
        api: Api::OpenaiChat,
        base_url,
        url_variable: None,
        key_variable: Some(key_variable),
        model: Some(model),
    }
}

const fn local(name: &'static str, base_url: &'static str) -> Preset {
    Preset { name, api: Api::OpenaiChat, base_url, url_variable: None, key_variable: None, model: None }
}

impl Preset {
    const fn speaking(mut self, api: Api) -> Self {
        self.api = api;
        self
    }

    const fn url_in(mut self, variable: &'static str) -> Self {
        self.url_variable = Some(variable);
        self
    }

    const fn without_model(mut self) -> Self {
        self.model = None;
        self
    }
}

/// In the order in which keys in the environment are looked for.
const PRESETS: [Preset; 19] = [
    remote("openrouter", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1", "openai/gpt-4o-mini"),
    remote("openai", "OPENAI_API_KEY", "https://api.openai.com/v1", "gpt-4o-mini").url_in("OPENAI_BASE_URL"),
    remote("anthropic", "ANTHROPIC_API_KEY", "https://api.anthropic.com/v1", "claude-haiku-4-5")
        .speaking(Api::Anthropic),
    remote("groq", "GROQ_API_KEY", "https://api.groq.com/openai/v1", "llama-3.3-70b-versatile"),
    remote("deepseek", "DEEPSEEK_API_KEY", "https://api.deepseek.com/v1", "deepseek-chat"),
    remote("mistral", "MISTRAL_API_KEY", "https://api.mistral.ai/v1", "mistral-small-latest"),
    remote("xai", "XAI_API_KEY", "https://api.x.ai/v1", "grok-3-mini"),
    remote("together", "TOGETHER_API_KEY", "https://api.together.xyz/v1", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    remote("cerebras", "CEREBRAS_API_KEY", "https://api.cerebras.ai/v1", "llama-3.3-70b"),
    remote(
        "fireworks",
        "FIREWORKS_API_KEY",
        "https://api.fireworks.ai/inference/v1",
        "accounts/fireworks/models/llama-v3p3-70b-instruct",
    ),
    remote("gemini", "GEMINI_API_KEY", "https://generativelanguage.googleapis.com/v1beta", "gemini-2.5-flash")
        .speaking(Api::Gemini),
    remote("perplexity", "PERPLEXITY_API_KEY", "https://api.perplexity.ai", "sonar"),
    remote("moonshot", "MOONSHOT_API_KEY", "https://api.moonshot.ai/v1", "kimi-latest"),
    remote("zai", "ZAI_API_KEY", "https://api.z.ai/api/paas/v4", "glm-4.6"),
    // Each account has its own address, and the model is the name of a deployment.
    remote("azure", "AZURE_OPENAI_API_KEY", "", "").without_model().url_in("AZURE_OPENAI_ENDPOINT"),
    local("ollama", "http://localhost:11434/v1").url_in("OLLAMA_HOST"),
    local("lmstudio", "http://localhost:1234/v1"),
    local("llamacpp", "http://localhost:8080/v1"),
    local("vllm", "http://localhost:8000/v1"),
];

/// The offline model that is built in; it is no preset, because it has no address.
pub const DEMO: &str = "demo";
/// What the demo plays where no name is given.
pub const DEMO_MODEL: &str = "tour";

#[must_use]
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

pub fn all() -> impl Iterator<Item = &'static Preset> {
    PRESETS.iter()
}

pub fn names<'a>() -> impl Iterator<Item = &'a str> {
    PRESETS.iter().map(|preset| preset.name).chain([DEMO])
}

/// The address that a variable of other programs names, with the variable.
#[must_use]
pub fn url_in_environment(name: &str, environment: &Environment) -> Option<(String, &'static str)> {
    let variable = find(name)?.url_variable?;
    let text = environment.text(variable)?.trim_end_matches('/');
    let url = match name {
        "ollama" => ollama_url(text),
        "azure" if !text.ends_with("/v1") => format!("{text}/openai/v1"),
        _ => text.to_owned(),
    };
    Some((url, variable))
}

/// `OLLAMA_HOST` is written for the server: a host, a port, both, or a URL.
fn ollama_url(text: &str) -> String {
    if text.contains("://") {
        return if text.ends_with("/v1") { text.to_owned() } else { format!("{text}/v1") };
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => (host, port),
        Some(_) | None => (text, "11434"),
    };
    // What it listens on is no address to ask.
    let host = if host.is_empty() || host == "0.0.0.0" || host == "[::]" { "127.0.0.1" } else { host };
    format!("http://{host}:{port}/v1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_other_programs_are_understood() {
        let url = |name: &str, variable: &str, text: &str| {
            url_in_environment(name, &Environment::from_pairs([(variable, text)])).map(|(url, _)| url)
        };
        for (text, expected) in [
            ("0.0.0.0", "http://127.0.0.1:11434/v1"),
            (":8123", "http://127.0.0.1:8123/v1"),
            ("box:8123", "http://box:8123/v1"),
            ("https://box/", "https://box/v1"),
            ("http://box:1/v1", "http://box:1/v1"),
        ] {
            assert_eq!(url("ollama", "OLLAMA_HOST", text).as_deref(), Some(expected), "{text}");
        }
        let azure = url("azure", "AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/");
        assert_eq!(azure.as_deref(), Some("https://r.openai.azure.com/openai/v1"));
        assert_eq!(url("groq", "OPENAI_BASE_URL", "https://x"), None);
    }
}
