//! The names that Tab offers, as whoever knows them tells them: shared, and safe to stand in a line.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::suggestions::Asker;
use crate::mcp::CompletionQuestion;

/// Names that come and go while the REPL runs; all clones share them.
#[derive(Clone, Debug, Default)]
pub struct CompletionSource(Arc<Mutex<Names>>);

#[derive(Debug, Default)]
pub struct Names {
    pub models: Vec<String>,
    pub sessions: Vec<String>,
    pub roles: Vec<String>,
    pub servers: Vec<String>,
    /// With the names of their arguments.
    pub prompts: Vec<(String, Vec<String>)>,
    pub resources: Vec<String>,
    /// Commands of the person's own, as help shows them.
    pub commands: Vec<String>,
    pub providers: Vec<String>,
    pub macros: Vec<String>,
    /// Servers and their templates.
    pub templates: Vec<(String, String)>,
    /// Whoever can ask servers for values.
    pub asker: Option<Asker>,
}

impl CompletionSource {
    /// Offered after `/model`, as `provider:model`.
    pub fn set_models(&self, models: Vec<String>) {
        self.names().models = presentable(models);
    }

    /// Offered where a conversation is named.
    pub fn set_sessions(&self, sessions: Vec<String>) {
        self.names().sessions = presentable(sessions);
    }

    /// Offered after `/role`.
    pub fn set_roles(&self, roles: Vec<String>) {
        self.names().roles = presentable(roles);
    }

    /// Commands of the person's own, as `name ARGUMENTS` behind a slash.
    pub fn set_commands(&self, usages: Vec<String>) {
        self.names().commands = presentable(usages);
    }

    pub fn set_providers(&self, providers: Vec<String>) {
        self.names().providers = presentable(providers);
    }

    pub fn set_macros(&self, macros: Vec<String>) {
        self.names().macros = presentable(macros);
    }

    pub fn set_servers(&self, servers: Vec<String>) {
        self.names().servers = presentable(servers);
    }

    /// As `server:name`, each with the names of its arguments.
    pub fn set_prompts(&self, prompts: Vec<(String, Vec<String>)>) {
        let usable =
            prompts.into_iter().filter(|(name, _)| is_presentable(name) && !name.contains(char::is_whitespace));
        self.names().prompts = usable.map(|(name, arguments)| (name, presentable(arguments))).collect();
    }

    /// As `server:uri`.
    pub fn set_resources(&self, resources: Vec<String>) {
        self.names().resources = presentable(resources);
    }

    /// With their servers.
    pub fn set_templates(&self, templates: Vec<(String, String)>) {
        self.names().templates = templates.into_iter().filter(|(_, template)| is_presentable(template)).collect();
    }

    pub fn set_asker(&self, asker: Asker) {
        self.names().asker = Some(asker);
    }

    /// Values that a server suggests. Blocks for a moment.
    pub fn suggested(&self, server: &str, question: CompletionQuestion) -> Vec<String> {
        // The lock is not held while somebody else has to answer.
        let asker = self.names().asker.clone();
        presentable(asker.map(|asker| asker.ask(server, question)).unwrap_or_default())
    }

    pub fn names(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn presentable(names: Vec<String>) -> Vec<String> {
    names.into_iter().filter(|name| is_presentable(name)).collect()
}

/// The line editor writes names as they are, so one that could steer the terminal, or read
/// differently from what it is, is not offered.
pub fn is_presentable(name: &str) -> bool {
    let misleads = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
    };
    !name.is_empty() && !name.contains(misleads)
}
