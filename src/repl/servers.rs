//! The slash commands around servers: `/mcp`, `/tools`, `/approve`, `/prompt`, `/resource`, and `@server:uri` in a prompt.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr as _;

use super::custom::words;
use super::run::Flow;
use super::slash::ServerChange;
use super::suggestions;
use super::{CompletionSource, Repl};
use crate::conversation::Typed;
use crate::mcp::{BUILTIN_SERVERS, McpHost, PromptMessage, ServerState, ServerStatus};
use crate::session::{Prompt, Session, TurnInput, resource_text};
use crate::terminal::{Stream, cut};

/// How long a server may take, whatever the configuration says: the prompt is waiting.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// The same for names that Tab offers: nobody waits for them.
const NAMES_WAIT_MAX: Duration = Duration::from_secs(5);

impl Repl<'_> {
    /// `/mcp`: the servers and their state.
    pub(super) fn show_servers(&mut self) {
        let Some(host) = self.host() else { return };
        let lines: String = host.servers().iter().map(server_line).collect();
        self.tell(if lines.is_empty() { "no servers are set up; `sayso mcp add` sets one up" } else { &lines });
    }

    /// `/mcp restart NAME` and `/mcp log NAME LEVEL`.
    pub(super) async fn change_server(&mut self, change: ServerChange) {
        let Some(host) = self.host() else { return };
        let (changed, done) = match &change {
            ServerChange::Restart(server) => {
                (self.waited(host.restart(server)).await, format!("{server} is started anew"))
            }
            ServerChange::Log(server, level) => {
                let done = format!("{server} is to tell what is {} and above, until sayso ends", level.name());
                (self.waited(host.set_log_level(server, *level)).await, done)
            }
        };
        match changed {
            Some(Ok(())) => self.note(&done),
            Some(Err(error)) => self.fail("mcp", &error.to_string()),
            None => {}
        }
    }

    /// `/tools`: what is offered to the model now.
    pub(super) async fn show_tools(&mut self) {
        if self.host().is_none() {
            return;
        }
        let notices = tokio::select! {
            notices = self.session.toolbox.refresh() => notices,
            _ = self.signals.next_stop() => return,
        };
        for notice in &notices {
            self.warn(notice);
        }
        let toolbox = &self.session.toolbox;
        let columns = self.screen.width(Stream::Stdout);
        let definitions = toolbox.specs().iter().filter_map(|spec| toolbox.find(&spec.name));
        let lines: String = definitions
            .map(|tool| {
                let definition = tool.definition();
                let about = definition.spec.description.lines().next().unwrap_or_default();
                let line = format!("{}/{}  {about}", definition.server, definition.tool);
                if line.width() <= columns {
                    line + "\n"
                } else {
                    format!("{}…\n", cut(&line, columns.saturating_sub(1)))
                }
            })
            .collect();
        let held_back = toolbox.quarantined().len();
        self.tell(if lines.is_empty() { "no tools are offered" } else { &lines });
        if held_back > 0 {
            self.note(&format!("{held_back} held back because they are not what they were; /approve shows them"));
        }
    }

    /// `/approve`: what is held back; `/approve SERVER` lets the tools of a server in again.
    pub(super) fn approve(&mut self, server: Option<&str>) {
        let changes = self.session.toolbox.quarantined();
        let Some(server) = server else {
            self.show_permissions();
            if changes.is_empty() {
                self.note("no tools are held back");
                return;
            }
            let shown: Vec<String> = changes.iter().map(|change| format!("{}\n", change.shown())).collect();
            self.page(&shown.join("\n"));
            self.note("/approve SERVER offers the tools of a server as they are now");
            return;
        };
        if !changes.iter().any(|change| change.server == server) {
            return match self.host() {
                Some(host) if host.names().all(|known| known != server) => self.fail("usage", &unknown(server)),
                Some(_) => self.note(&format!("no tools of {server} are held back")),
                None => {}
            };
        }
        for change in changes.iter().filter(|change| change.server == server) {
            match self.session.toolbox.accept(change) {
                Ok(()) => self.note(&format!("{}: accepted", change.title())),
                Err(reason) => self.fail("config", &reason),
            }
        }
    }

    /// What has been allowed or denied beforehand.
    fn show_permissions(&mut self) {
        let lines = self.session.toolbox.permissions();
        if lines.is_empty() {
            self.note("nothing is allowed beforehand: tools of our own that only read run, all others are asked about");
        } else {
            self.page(&lines.join("\n"));
        }
    }

    /// `/tools on|off [SERVER]`.
    pub(super) fn switch_tools(&mut self, is_on: bool, server: Option<&str>) {
        let word = if is_on { "on" } else { "off" };
        let Some(server) = server else {
            self.session.uses_tools = is_on;
            self.session.publish_settings();
            return self.note(&format!("tools are {word}"));
        };
        let Some(host) = self.host() else { return };
        if host.names().any(|known| known == server) {
            self.session.toolbox.switch(server, is_on);
            self.note(&format!("the tools of {server} are {word}, from the next message on"));
        } else {
            self.fail("usage", &unknown(server));
        }
    }

    /// What Tab offers: the servers, and what those that are there have. Nothing is connected to for it.
    pub(super) fn offer_names(&mut self) {
        self.refresh_commands();
        let Some(host) = self.session.toolbox.host.clone() else { return };
        self.completions.set_servers(host.names().map(str::to_owned).collect());
        let ready = host.ready_external();
        if ready != self.offered_servers {
            self.offered_servers.clone_from(&ready);
            self.completions.set_asker(suggestions::answer_with(host.clone()));
            let completions = self.completions.clone();
            tokio::task::spawn_local(async move { offer_contents(&host, &ready, &completions).await });
        }
    }

    /// `/prompt [SERVER:]NAME key=value`: the messages of the prompt are asked.
    pub(super) async fn run_prompt(&mut self, address: &str, pairs: &str) -> Flow {
        let Some(host) = self.host() else { return ControlFlow::Continue(None) };
        let Some((server, name)) = self.prompt_place(&host, address).await else {
            return ControlFlow::Continue(None);
        };
        let asked = host.prompt(&server, &name, prompt_arguments(pairs));
        match self.waited(asked).await {
            Some(Ok(messages)) => {
                let mut prompt = prompt_of(&self.session, &messages, &name);
                self.page(&prompt.text);
                let text = format!("/prompt {address} {pairs}").trim_end().to_owned();
                prompt.typed = Some(Typed { text, attachments: self.attached.len() });
                prompt.attachments.splice(..0, std::mem::take(&mut self.attached));
                self.turn(TurnInput::Prompt(prompt)).await
            }
            Some(Err(error)) => {
                self.fail("mcp", &error.to_string());
                ControlFlow::Continue(None)
            }
            None => ControlFlow::Continue(None),
        }
    }

    /// The server and the name of a prompt. Without a server, the only one that has it.
    async fn prompt_place(&mut self, host: &McpHost, address: &str) -> Option<(String, String)> {
        let named = address.split_once(':').filter(|(server, _)| host.names().any(|known| known == *server));
        if let Some((server, name)) = named {
            return Some((server.to_owned(), name.to_owned()));
        }
        let (having, failed) = self.waited(host.servers_with_prompt(address)).await?;
        if let [server] = having.as_slice() {
            return Some((server.clone(), address.to_owned()));
        }
        for error in failed {
            self.warn(&error.to_string());
        }
        let candidates: Vec<String> = having.iter().map(|server| format!("{server}:{address}")).collect();
        self.fail(
            "usage",
            &match candidates.as_slice() {
                [] => format!("no server has a prompt {address}; Tab lists them behind `/prompt`"),
                candidates => format!("several servers have it: {}", candidates.join(", ")),
            },
        );
        None
    }

    /// `/resource SERVER:URI`: its text is printed.
    pub(super) async fn show_resource(&mut self, address: &str) {
        let Some(host) = self.host() else { return };
        let Some((server, uri)) = address.split_once(':') else {
            self.fail("usage", "a resource is named SERVER:URI");
            return;
        };
        match self.waited(host.read_resource(server, uri)).await {
            Some(Ok(parts)) => self.page(&resource_text(&parts)),
            Some(Err(error)) => self.fail("mcp", &error.to_string()),
            None => {}
        }
    }

    /// The prompt with the resources that it names as `@server:uri`. What no server has stays text. `None`: stopped.
    pub(super) async fn with_resources(&mut self, prompt: &str) -> Option<Prompt> {
        let attached = tokio::select! {
            attached = self.session.attach_resources(prompt) => attached,
            _ = self.signals.next_stop() => return None,
        };
        for warning in &attached.warnings {
            self.warn(warning);
        }
        for attachment in &attached.attachments {
            self.note(&format!("attached: {}", attachment.label()));
        }
        Some(Prompt::from(prompt.to_owned()).and(&attached.text, attached.attachments))
    }

    fn host(&mut self) -> Option<McpHost> {
        let host = self.session.toolbox.host.clone();
        if host.is_none() {
            self.note("there are no servers and no tools here");
        }
        host
    }

    /// Waits for a server, but neither for ever nor against Ctrl-C.
    async fn waited<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = tokio::time::timeout(WAIT_MAX, work) => match done {
                Ok(done) => Some(done),
                Err(_) => {
                    self.fail("mcp", "the server takes too long");
                    None
                }
            },
            _ = self.signals.next_stop() => None,
        }
    }
}

/// Asks servers for the names of their prompts and resources. One that does not answer has none to offer.
async fn offer_contents(host: &McpHost, servers: &[String], completions: &CompletionSource) {
    let (mut prompts, mut resources, mut templates) = (Vec::new(), Vec::new(), Vec::new());
    for server in servers {
        if let Ok(Ok(found)) = tokio::time::timeout(NAMES_WAIT_MAX, host.prompts(server)).await {
            prompts.extend(found.into_iter().map(|prompt| {
                let arguments = prompt.arguments.into_iter().map(|argument| argument.name).collect();
                (format!("{server}:{}", prompt.name), arguments)
            }));
        }
        if let Ok(Ok(found)) = tokio::time::timeout(NAMES_WAIT_MAX, host.resources(server)).await {
            resources.extend(found.into_iter().map(|resource| format!("{server}:{}", resource.uri)));
        }
        if let Ok(Ok(found)) = tokio::time::timeout(NAMES_WAIT_MAX, host.resource_templates(server)).await {
            templates.extend(found.into_iter().map(|template| (server.clone(), template.uri_template)));
        }
    }
    completions.set_prompts(prompts);
    completions.set_resources(resources);
    completions.set_templates(templates);
}

/// Names of built-in servers are known from the documentation, and are servers of this run only where they are wanted.
fn unknown(server: &str) -> String {
    if BUILTIN_SERVERS.contains(&server) {
        format!("{server} is not offered in this run; `sayso chat -t {server}` offers it, also with `-c`")
    } else {
        format!("no server is named {server}; /mcp lists them")
    }
}

fn server_line(server: &ServerStatus) -> String {
    let state = match &server.state {
        ServerState::Idle => "idle".to_owned(),
        ServerState::Connecting => "connecting".to_owned(),
        ServerState::Ready => "ready".to_owned(),
        ServerState::Failed(reason) => format!("failed: {reason}"),
        ServerState::Disabled => "off".to_owned(),
    };
    let count = |count| if count == 1 { ", 1 tool".to_owned() } else { format!(", {count} tools") };
    let tools = server.tools.map(count).unwrap_or_default();
    let protocol = server.protocol.as_ref().map(|protocol| format!(", {protocol}")).unwrap_or_default();
    format!("{}  {}, {state}{tools}{protocol}\n", server.name, server.transport)
}

/// `key=value` between blanks. A value with blanks stands in double quotes.
fn prompt_arguments(pairs: &str) -> Map<String, Value> {
    typed_pairs(pairs).into_iter().map(|(key, value)| (key, Value::String(value))).collect()
}

/// What stands as `key=value`, a value with blanks in quotes.
pub(super) fn typed_pairs(pairs: &str) -> Vec<(String, String)> {
    let pair = |word: &String| {
        let (key, value) = word.split_once('=')?;
        Some((key.to_owned(), value.to_owned()))
    };
    words(pairs).iter().filter_map(pair).collect()
}

/// All messages as one text, under their roles where there are several, with their images and PDFs.
fn prompt_of(session: &Session, messages: &[PromptMessage], name: &str) -> Prompt {
    let mut prompt = Prompt { is_of_others: true, ..Prompt::default() };
    let attachments = &mut prompt.attachments;
    let mut text =
        |message: &PromptMessage| session.for_prompt(std::slice::from_ref(&message.content), name, attachments);
    prompt.text = match messages {
        [message] => text(message),
        messages => {
            let texts: Vec<_> = messages.iter().map(|message| format!("{}: {}", message.role, text(message))).collect();
            texts.join("\n\n")
        }
    };
    prompt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_a_prompt_are_texts() {
        let read = prompt_arguments(r#"city=Paris style="short and kind" 7 n=7"#);
        let expected = serde_json::json!({ "city": "Paris", "style": "short and kind", "n": "7" });
        assert_eq!(Value::Object(read), expected);
    }
}
