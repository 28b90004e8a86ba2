//! The server `settings`: what this session is set to, and changes to it, which the session itself carries out.

use std::sync::Arc;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::{schemars, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::builtin::any_server::ToolServer;
use crate::conversation::{RequestRefused, SettingsChange, SharedSettings};

const MODEL_BYTES_MAX: usize = 300;
const SYSTEM_PROMPT_BYTES_MAX: usize = 64 * 1024;

#[derive(Clone)]
pub struct Settings {
    tool_router: Arc<ToolRouter<Self>>,
    session: SharedSettings,
}

/// Whatever is left out stays as it is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct ChangeParameters {
    /// The model to ask from now on, as in `openrouter:openai/gpt-4o`, or a name from the configuration.
    model: Option<String>,
    /// From 0 (sober) to 2 (wild).
    #[schemars(range(min = 0, max = 2))]
    temperature: Option<f64>,
    /// Tokens that an answer may have.
    #[schemars(range(min = 1))]
    max_tokens: Option<u64>,
    /// What the model is told before everything else; empty for nothing.
    system_prompt: Option<String>,
    /// Whether tools are offered to the model.
    uses_tools: Option<bool>,
    /// Settings to take back to what the provider does by itself.
    #[serde(default)]
    reset: Vec<Resettable>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Resettable {
    Temperature,
    MaxTokens,
    SystemPrompt,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Current {
    /// As in `provider:model`.
    model: String,
    /// Left out where the provider decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_prompt: Option<String>,
    uses_tools: bool,
    /// Why earlier changes could not be made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Queued {
    /// How many settings change.
    changes: usize,
    /// When they count.
    note: &'static str,
}

#[must_use]
pub fn new(session: SharedSettings) -> Settings {
    Settings { tool_router: Arc::new(Settings::tool_router()), session }
}

#[tool_router]
impl Settings {
    /// Shows the settings of this session: the model, temperature, length of answers, system prompt, use of tools.
    #[tool(annotations(
        title = "Show the session's settings",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    fn show(&self) -> Result<Json<Current>, String> {
        let current = self.session.show().ok_or_else(|| RequestRefused::NoSession.to_string())?;
        Ok(Json(Current {
            model: current.model,
            temperature: current.temperature,
            max_tokens: current.max_tokens,
            system_prompt: current.system_prompt,
            uses_tools: current.uses_tools,
            refused: self.session.take_refusals(),
        }))
    }

    /// Changes settings of this session, and of nothing else: the configuration file stays as it is.
    #[tool(annotations(
        title = "Change the session's settings",
        read_only_hint = false,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    fn change(&self, Parameters(wanted): Parameters<ChangeParameters>) -> Result<Json<Queued>, String> {
        let changes = changes(wanted)?;
        let count = changes.len();
        self.session.request(changes).map_err(|refused| refused.to_string())?;
        let note = "they count from your next answer on; `show` tells what came of them";
        Ok(Json(Queued { changes: count, note }))
    }
}

impl ToolServer for Settings {
    const NAME: &str = "sayso-settings";

    fn instructions(&self) -> String {
        "The settings of the session at hand.".to_owned()
    }

    fn router(&self) -> &ToolRouter<Self> {
        &self.tool_router
    }
}

/// The changes that were asked for, checked for what can be checked without the session.
fn changes(wanted: ChangeParameters) -> Result<Vec<SettingsChange>, String> {
    let mut changes = Vec::new();
    if let Some(model) = wanted.model {
        let model = model.trim();
        if model.is_empty() || model.len() > MODEL_BYTES_MAX || model.contains(char::is_control) {
            return Err("`model` is no name of a model; they are as in `openrouter:openai/gpt-4o`".to_owned());
        }
        changes.push(SettingsChange::Model(model.to_owned()));
    }
    if let Some(temperature) = wanted.temperature {
        if !(0.0..=2.0).contains(&temperature) {
            return Err(format!("`temperature` has to be 0 to 2, got {temperature}"));
        }
        changes.push(SettingsChange::Temperature(Some(temperature)));
    }
    if let Some(tokens) = wanted.max_tokens {
        if tokens == 0 {
            return Err("`max_tokens` has to be 1 or more".to_owned());
        }
        changes.push(SettingsChange::MaxTokens(Some(tokens)));
    }
    if let Some(prompt) = wanted.system_prompt {
        if prompt.len() > SYSTEM_PROMPT_BYTES_MAX {
            return Err(format!("`system_prompt` is longer than {SYSTEM_PROMPT_BYTES_MAX} bytes"));
        }
        changes.push(SettingsChange::SystemPrompt(Some(prompt).filter(|prompt| !prompt.trim().is_empty())));
    }
    changes.extend(wanted.uses_tools.map(SettingsChange::UsesTools));
    changes.extend(wanted.reset.into_iter().map(|setting| match setting {
        Resettable::Temperature => SettingsChange::Temperature(None),
        Resettable::MaxTokens => SettingsChange::MaxTokens(None),
        Resettable::SystemPrompt => SettingsChange::SystemPrompt(None),
    }));
    if changes.is_empty() {
        return Err(
            "nothing to change was named: there are model, temperature, max_tokens, system_prompt, uses_tools \
                    and reset"
                .to_owned(),
        );
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin::tests::{answer, failure};
    use crate::builtin::{BuiltinSettings, server};
    use crate::conversation::SessionSettings;

    #[test]
    fn a_session_shows_its_settings_and_gets_requests() {
        let session = SharedSettings::default();
        let settings = server("settings", &BuiltinSettings { session: session.clone(), ..BuiltinSettings::default() });
        let settings = settings.unwrap();
        assert_eq!(failure(&settings, "show", json!({})), "no session is at work here");
        assert_eq!(failure(&settings, "change", json!({"uses_tools": false})), "no session is at work here");
        let current = SessionSettings { model: "demo:tour".into(), max_tokens: Some(9), ..SessionSettings::default() };
        session.publish(current);
        session.refuse("no provider has the name \"x\"".into());
        let shown = answer(&settings, "show", json!({}));
        assert_eq!(
            shown,
            json!({"model": "demo:tour", "max_tokens": 9, "uses_tools": false, "refused": ["no provider has the name \"x\""]})
        );
        let wanted = json!({"model": "demo:echo", "temperature": 0.5, "system_prompt": " ", "reset": ["max_tokens"]});
        assert_eq!(answer(&settings, "change", wanted)["changes"], 4);
        assert_eq!(
            session.take_requests(),
            [
                SettingsChange::Model("demo:echo".into()),
                SettingsChange::Temperature(Some(0.5)),
                SettingsChange::SystemPrompt(None),
                SettingsChange::MaxTokens(None),
            ]
        );
    }

    #[test]
    fn what_cannot_be_is_refused_as_a_whole() {
        let mistake = |wanted| changes(serde_json::from_value(wanted).unwrap()).unwrap_err();
        assert_eq!(mistake(json!({"temperature": 2.5, "uses_tools": true})), "`temperature` has to be 0 to 2, got 2.5");
        assert_eq!(mistake(json!({"max_tokens": 0})), "`max_tokens` has to be 1 or more");
        assert!(mistake(json!({"model": "a\u{1b}[31m"})).starts_with("`model` is no name"));
        assert!(mistake(json!({"system_prompt": "x".repeat(70_000)})).starts_with("`system_prompt` is longer"));
        assert!(mistake(json!({})).starts_with("nothing to change was named"));
    }
}
