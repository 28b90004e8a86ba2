//! The slash commands around servers: `/mcp`, `/tools`, `/approve`, `/prompt`, `/resource`, and `@server:uri` in a prompt.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Map, Value};

use super::Repl;
use super::run::Flow;
use crate::mcp::{Content, McpHost, PromptMessage, ResourceContent, ServerState, ServerStatus};
use crate::session::{CancelCause, TurnInput};

/// Text of one resource that goes along with a prompt.
const RESOURCE_BYTES_MAX: usize = 1 << 20;
/// Resources that go along with one prompt.
const RESOURCES_MAX: usize = 20;
/// How long a server may take, whatever the configuration says: the prompt is waiting.
const WAIT_MAX: Duration = Duration::from_secs(60);

impl Repl<'_> {
    /// `/mcp`: the servers and their state; `/mcp restart NAME`.
    pub(super) async fn show_servers(&mut self, restart: Option<String>) {
        let Some(host) = self.host() else { return };
        match restart {
            None => {
                let lines: String = host.servers().iter().map(server_line).collect();
                self.page(if lines.is_empty() { "no servers are set up; `sayso mcp add` sets one up" } else { &lines });
            }
            Some(server) => match self.waited(host.restart(&server)).await {
                Some(Ok(())) => self.note(&format!("{server} is started anew")),
                Some(Err(error)) => self.fail("mcp", &error.to_string()),
                None => {}
            },
        }
    }

    /// `/tools`: what is offered to the model now.
    pub(super) async fn show_tools(&mut self) {
        if self.host().is_none() {
            return;
        }
        for notice in self.session.toolbox.refresh().await {
            self.warn(&notice);
        }
        let toolbox = &self.session.toolbox;
        let definitions = toolbox.specs().iter().filter_map(|spec| toolbox.find(&spec.name));
        let lines: String = definitions
            .map(|tool| {
                let definition = tool.definition();
                let about = definition.spec.description.lines().next().unwrap_or_default();
                format!("{}/{}  {about}\n", definition.server, definition.tool)
            })
            .collect();
        let held_back = toolbox.quarantined().len();
        self.page(if lines.is_empty() { "no tools are offered" } else { &lines });
        if held_back > 0 {
            self.note(&format!("{held_back} held back because they are not what they were; /approve shows them"));
        }
    }

    /// `/approve`: what is held back; `/approve SERVER` lets the tools of a server in again.
    pub(super) fn approve(&mut self, server: Option<&str>) {
        let changes = self.session.toolbox.quarantined();
        if changes.is_empty() {
            self.note("nothing is held back; what may run is asked when it is called");
            return;
        }
        let Some(server) = server else {
            let shown: Vec<String> = changes.iter().map(|change| format!("{}\n", change.shown())).collect();
            self.page(&shown.join("\n"));
            self.note("/approve SERVER offers the tools of a server as they are now");
            return;
        };
        for change in changes.iter().filter(|change| change.server == server) {
            match self.session.toolbox.accept(change) {
                Ok(()) => self.note(&format!("{}: accepted", change.title())),
                Err(reason) => self.fail("config", &reason),
            }
        }
    }

    /// `/prompt SERVER:NAME key=value`: the messages of the prompt are asked.
    pub(super) async fn run_prompt(&mut self, address: &str, pairs: &str) -> Flow {
        let Some(host) = self.host() else { return ControlFlow::Continue(None) };
        let Some((server, name)) = address.split_once(':') else {
            self.fail("usage", "a prompt is named SERVER:NAME");
            return ControlFlow::Continue(None);
        };
        let asked = host.prompt(server, name, prompt_arguments(pairs));
        match self.waited(asked).await {
            Some(Ok(messages)) => {
                let text = prompt_text(&messages);
                self.note(&text);
                self.turn(TurnInput::Prompt(text)).await
            }
            Some(Err(error)) => {
                self.fail("mcp", &error.to_string());
                ControlFlow::Continue(None)
            }
            None => ControlFlow::Continue(None),
        }
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

    /// The prompt with the resources that it names as `@server:uri`. What no server has stays text.
    pub(super) async fn with_resources(&mut self, prompt: String) -> String {
        let Some(host) = self.session.toolbox.host.clone() else { return prompt };
        let servers: Vec<String> = host.servers().into_iter().map(|server| server.name).collect();
        let named: Vec<(String, String)> = mentions(&prompt, &servers);
        let mut text = prompt;
        for (server, uri) in named {
            match self.waited(host.read_resource(&server, &uri)).await {
                Some(Ok(parts)) => {
                    text.push_str(&format!("\n\n--- {server}:{uri} ---\n{}", resource_text(&parts)));
                    // The words of others: what writes or tells is asked about again.
                    self.session.toolbox.taint();
                }
                Some(Err(error)) => self.warn(&format!("@{server}:{uri} stays as it is: {error}")),
                None => break,
            }
        }
        text
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
            cause = self.signals.next() => {
                if cause != CancelCause::UserInterrupt {
                    self.warn("stopped by a signal");
                }
                None
            }
        }
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
    let tools = server.tools.map(|count| format!(", {count} tools")).unwrap_or_default();
    let protocol = server.protocol.as_ref().map(|protocol| format!(", {protocol}")).unwrap_or_default();
    format!("{}  {}, {state}{tools}{protocol}\n", server.name, server.transport)
}

/// `key=value` between blanks. A value with blanks stands in double quotes.
fn prompt_arguments(pairs: &str) -> Map<String, Value> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in pairs.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            letter if letter.is_whitespace() && !is_quoted => words.push(String::new()),
            letter => words.last_mut().expect("there is one from the start").push(letter),
        }
    }
    let pair = |word: &String| {
        let (key, value) = word.split_once('=')?;
        Some((key.to_owned(), Value::String(value.to_owned())))
    };
    words.iter().filter_map(pair).collect()
}

/// All messages as one text, under their roles where there are several.
fn prompt_text(messages: &[PromptMessage]) -> String {
    let text = |message: &PromptMessage| message.content.as_text().unwrap_or("[no text]").trim_end().to_owned();
    match messages {
        [message] => text(message),
        messages => {
            let texts: Vec<_> = messages.iter().map(|message| format!("{}: {}", message.role, text(message))).collect();
            texts.join("\n\n")
        }
    }
}

fn resource_text(parts: &[ResourceContent]) -> String {
    let mut text = String::new();
    for part in parts {
        match Content::Resource(part.clone()).as_text() {
            Some(part) => text.push_str(part),
            None => text.push_str(&format!("[{}: no text]", part.uri)),
        }
        text.push('\n');
    }
    if text.len() > RESOURCE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(RESOURCE_BYTES_MAX));
        text.push_str("\n[the rest is left out]\n");
    }
    text
}

/// The words `@server:uri` whose server there is.
fn mentions(prompt: &str, servers: &[String]) -> Vec<(String, String)> {
    let words = prompt.split_whitespace().filter_map(|word| word.strip_prefix('@')?.split_once(':'));
    let known = words.filter(|(server, uri)| !uri.is_empty() && servers.iter().any(|name| name == server));
    known.take(RESOURCES_MAX).map(|(server, uri)| (server.to_owned(), uri.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_servers_that_are_there_are_mentioned() {
        let servers = ["docs".to_owned()];
        let found = mentions("look at @docs:file:///a.md and me@docs:x @other:x @docs: @notes.md", &servers);
        assert_eq!(found, [("docs".to_owned(), "file:///a.md".to_owned())]);
    }

    #[test]
    fn arguments_of_a_prompt_are_texts() {
        let read = prompt_arguments(r#"city=Paris style="short and kind" 7 n=7"#);
        let expected = serde_json::json!({ "city": "Paris", "style": "short and kind", "n": "7" });
        assert_eq!(Value::Object(read), expected);
    }
}
