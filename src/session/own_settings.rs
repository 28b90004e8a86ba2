//! The session's own settings, as the server `settings` shows them and asks for changes.

use super::{ActiveModel, Frontend, NoticeLevel, Session, TurnEvent};
use crate::conversation::{SessionSettings, SettingsChange};

/// Makes the model `[provider:]model` ready to be asked; the reason where it cannot be.
pub type Connect = Box<dyn Fn(&str) -> Result<ActiveModel, String>>;

impl Session {
    /// Says what the settings are, before anybody can ask.
    pub fn publish_settings(&self) {
        self.shared.publish(SessionSettings {
            model: self.model.label.clone(),
            temperature: self.model.parameters.temperature,
            max_tokens: self.model.parameters.max_tokens,
            system_prompt: self.system.clone(),
            uses_tools: self.uses_tools,
        });
    }

    /// Does what tools have asked for, from the next request on. The person is told.
    pub(super) fn change_settings(&mut self, front: &mut dyn Frontend) {
        let changes = self.shared.take_requests();
        if changes.is_empty() {
            return;
        }
        for change in changes {
            let (level, message) = match self.change_setting(change) {
                Ok(told) => (NoticeLevel::Info, told),
                Err(reason) => {
                    self.shared.refuse(reason.clone());
                    (NoticeLevel::Warn, reason)
                }
            };
            front.show(&TurnEvent::Notice { level, code: "settings", message: &message });
        }
        self.publish_settings();
    }

    fn change_setting(&mut self, change: SettingsChange) -> Result<String, String> {
        Ok(match change {
            SettingsChange::Model(name) => {
                let connect = self.connect.as_ref().ok_or("the model cannot be changed here")?;
                self.model = connect(&name)?;
                format!("using {}", self.model.label)
            }
            SettingsChange::Temperature(temperature) => {
                self.model.parameters.temperature = temperature;
                told("the temperature", temperature)
            }
            SettingsChange::MaxTokens(max_tokens) => {
                self.model.parameters.max_tokens = max_tokens;
                told("the token limit", max_tokens)
            }
            SettingsChange::SystemPrompt(text) => {
                self.set_system(text);
                "the system prompt is changed".to_owned()
            }
            SettingsChange::UsesTools(uses_tools) => {
                self.uses_tools = uses_tools;
                format!("tools are {}", if uses_tools { "on" } else { "off" })
            }
        })
    }
}

fn told(what: &str, value: Option<impl ToString>) -> String {
    match value {
        Some(value) => format!("{what} is {}", value.to_string()),
        None => format!("{what} is the provider's own"),
    }
}
