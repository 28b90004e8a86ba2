//! `/role`: what questions are put through, and what changes with it.

use std::collections::BTreeMap;

use super::Repl;
use super::servers::typed_pairs;
use crate::config::{FilledRole, ROLE_OFF};
use crate::conversation::UsedRole;
use crate::session::{ActiveModel, Prompt};

/// A role in use, and what was before it.
pub struct InRole {
    role: FilledRole,
    before: Before,
    /// What the role has set: where the person has changed it since, it stays.
    model: String,
}

/// What comes back when the role goes.
struct Before {
    system: Option<String>,
    /// `None`: the one that counts where nobody has chosen another.
    model: Option<ActiveModel>,
    uses_tools: bool,
}

impl InRole {
    /// A role that the conversation begins with. `system` is the prompt without it, `label` the model with it.
    #[must_use]
    pub fn from_start(role: FilledRole, system: Option<String>, label: String) -> Self {
        Self { role, before: Before { system, model: None, uses_tools: true }, model: label }
    }

    #[must_use]
    pub fn role(&self) -> &FilledRole {
        &self.role
    }

    fn sets_model(&self) -> bool {
        self.role.role.model.is_some() || !self.role.role.options.is_empty()
    }
}

impl Repl<'_> {
    /// What is sent for a question: with the resources it names, put through the role. `None`: the person has been
    /// told why nothing is.
    pub(super) async fn in_role(&mut self, text: &str) -> Option<Prompt> {
        let whole = self.with_resources(text).await?;
        match self.role.as_ref().map(|role| role.role.question(Some(&whole.text))) {
            None => Some(whole),
            Some(Ok(question)) => question.map(|text| whole.sent_as(text)),
            Some(Err(error)) => {
                self.fail("config", &error.to_string());
                None
            }
        }
    }

    pub(super) fn change_role(&mut self, name: Option<String>, arguments: &str) {
        match name.as_deref() {
            None => self.show_roles(),
            Some(ROLE_OFF) if self.role.is_none() => self.note("no role is in use"),
            Some(ROLE_OFF) => {
                self.leave_role();
                self.note("without a role, from the next message on");
            }
            Some(name) => self.take_role(name, arguments),
        }
    }

    fn show_roles(&mut self) {
        let roles = self.services.roles();
        self.tell(&roles);
        match &self.role {
            Some(role) => self.note(&format!("in use: {}", role.role.used.name)),
            None => self.note("none is in use; /role NAME uses one"),
        }
    }

    fn take_role(&mut self, name: &str, arguments: &str) {
        let arguments: BTreeMap<String, String> = typed_pairs(arguments).into_iter().collect();
        let role = match self.services.role(UsedRole { name: name.to_owned(), file: None, arguments }) {
            Ok(role) => role,
            Err(report) => return self.report(&report),
        };
        self.leave_role();
        let label = self.session.model.label.clone();
        let new = InRole::from_start(role, None, label.clone());
        let wanted = new.role.role.model.clone().unwrap_or(label);
        match new.sets_model().then(|| self.services.connect(Some(&wanted), Some(&new.role))).transpose() {
            Ok(model) => self.role = Some(self.put_on(new, model)),
            Err(report) => return self.report(&report),
        }
        self.session.publish_settings();
        self.note(&format!("with the role {name}, from the next message on; /role off leaves it"));
    }

    /// Changes the session as the role says.
    fn put_on(&mut self, mut new: InRole, model: Option<ActiveModel>) -> InRole {
        let system = self.session.system().map(str::to_owned);
        let model = model.map(|model| {
            new.model.clone_from(&model.label);
            std::mem::replace(&mut self.session.model, model)
        });
        new.before = Before { system, model, uses_tools: self.session.uses_tools };
        if let Some(system) = &new.role.system {
            self.session.set_system(Some(system.clone()));
        }
        match &new.role.role.tools {
            Some(tools) if tools.is_empty() => self.session.uses_tools = false,
            Some(tools) => {
                let host = self.session.toolbox.host.as_ref();
                let is_there = |name: &String| host.is_some_and(|host| host.names().any(|known| known == name));
                let missing: Vec<&str> = tools.iter().filter(|name| !is_there(name)).map(String::as_str).collect();
                if !missing.is_empty() {
                    let missing = missing.join(", ");
                    self.warn(&format!(
                        "its tools of {missing} are there from the start only: `sayso chat --role {}`",
                        new.role.used.name
                    ));
                }
            }
            None => {}
        }
        self.session.role = Some(new.role.used.clone());
        new
    }

    /// The system prompt of the role in use, where no other has been set since.
    pub(super) fn system_of_role(&self) -> Option<String> {
        let of_role = self.role.as_ref()?.role.system.as_deref()?;
        (self.session.system() == Some(of_role)).then(|| of_role.to_owned())
    }

    /// The same in another conversation, whose own one comes back when the role goes.
    pub(super) fn put_system_of_role(&mut self, system: String) {
        let own = self.session.system().map(str::to_owned);
        self.role.iter_mut().for_each(|role| role.before.system.clone_from(&own));
        self.session.set_system(Some(system));
    }

    fn leave_role(&mut self) {
        let is_of_role = self.system_of_role().is_some();
        let Some(old) = self.role.take() else { return };
        if old.sets_model() {
            let now = self.session.model.label.clone();
            let back = match old.before.model {
                Some(model) if now == old.model => Ok(model),
                None if now == old.model => self.services.connect(None, None),
                // The person has chosen another one since: it stays, without what the role says of it.
                Some(_) | None => self.services.connect(Some(&now), None),
            };
            match back {
                Ok(model) => self.session.model = model,
                Err(report) => self.report(&report),
            }
        }
        if is_of_role {
            self.session.set_system(old.before.system);
        }
        if old.role.role.tools.as_ref().is_some_and(Vec::is_empty) {
            self.session.uses_tools = old.before.uses_tools;
        }
        self.session.role = None;
        self.session.publish_settings();
    }
}
