//! Providers that need no configuration: their address, the variable of their key, a model to begin with.

/// A provider that is known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    pub name: &'static str,
    pub base_url: &'static str,
    /// The variable that holds its key; `None` for servers on this machine, which want none.
    pub key_variable: Option<&'static str>,
    /// The model where none is named; `None` where it depends on what is installed.
    pub model: Option<&'static str>,
}

const fn remote(name: &'static str, key_variable: &'static str, base_url: &'static str, model: &'static str) -> Preset {
    Preset { name, base_url, key_variable: Some(key_variable), model: Some(model) }
}

const fn local(name: &'static str, base_url: &'static str) -> Preset {
    Preset { name, base_url, key_variable: None, model: None }
}

/// In the order in which keys in the environment are looked for.
const PRESETS: [Preset; 14] = [
    remote("openrouter", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1", "openai/gpt-4o-mini"),
    remote("openai", "OPENAI_API_KEY", "https://api.openai.com/v1", "gpt-4o-mini"),
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
    remote("gemini", "GEMINI_API_KEY", "https://generativelanguage.googleapis.com/v1beta/openai", "gemini-2.5-flash"),
    local("ollama", "http://localhost:11434/v1"),
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
