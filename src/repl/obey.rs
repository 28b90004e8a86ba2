//! The slash commands that no turn comes of.

use super::{Command, Repl, ThinkingDisplay, help};
use crate::conversation::{Message, Usage};
use crate::session::ContextLoad;
use crate::terminal::Thinking;

impl Repl<'_> {
    pub(super) async fn obey(&mut self, command: Command) {
        match command {
            // The loop's own: they end it or start a turn.
            Command::Exit
            | Command::Retry
            | Command::Continue
            | Command::Undo
            | Command::Edit { .. }
            | Command::Prompt { .. } => {}
            Command::Help { topic } => match help(topic.as_deref()) {
                Some(text) => self.page(&text),
                None => self.fail("usage", "no such command; /help lists them"),
            },
            Command::New { name } => self.start_new(name),
            Command::Sessions => {
                self.save().await;
                self.page_or_fail(self.services.conversations());
            }
            Command::Resume { address } => self.resume(address).await,
            Command::Rename { name } => self.rename(name).await,
            Command::Pin => self.pin().await,
            Command::Fork { name } => self.fork(name).await,
            Command::Export { file } => self.export(file.as_deref()).await,
            Command::Search { words } => self.search(&words).await,
            Command::Model { model } => self.change_model(model),
            Command::System { text } => self.change_system(text),
            Command::Thinking { display } => self.change_thinking(display),
            Command::Show { conversation: Some(address) } => {
                self.save().await;
                self.page_or_fail(self.services.conversation(&address));
            }
            Command::Show { conversation: None } => self.show_current(),
            Command::Usage => self.show_usage(),
            Command::Stats => {
                self.save().await;
                self.page_or_fail(self.services.stats());
            }
            Command::Tools { switch: None } => self.show_tools().await,
            Command::Tools { switch: Some((is_on, server)) } => self.switch_tools(is_on, server.as_deref()),
            Command::Mcp { change: None } => self.show_servers(),
            Command::Mcp { change: Some(change) } => self.change_server(change).await,
            Command::Approve { server } => self.approve(server.as_deref()),
            Command::Resource { address } => self.show_resource(&address).await,
        }
    }

    /// What was just renamed or begun is read from the file.
    pub(super) async fn save(&mut self) {
        // A history that cannot be written is told with the notices, and can still be read.
        let _ = self.session.journal.flush().await;
        for notice in self.session.journal.take_notices() {
            self.warn(&notice);
        }
    }

    fn start_new(&mut self, name: Option<String>) {
        if let Some(Err(report)) = name.as_ref().map(|name| self.services.check_name(name)) {
            return self.report(&report);
        }
        self.note(&match &name {
            Some(name) => format!("a new conversation, named {name}"),
            None => "a new conversation".to_owned(),
        });
        self.name.clone_from(&name);
        self.session.start_new(name);
    }

    fn change_model(&mut self, model: Option<String>) {
        let Some(model) = model else {
            self.note(&self.session.model.label.clone());
            return;
        };
        match self.services.connect(&model) {
            Ok(active) => {
                self.note(&format!("using {}", active.label));
                self.session.model = active;
            }
            Err(report) => self.report(&report),
        }
    }

    fn change_system(&mut self, text: Option<String>) {
        match text {
            Some(text) => {
                self.session.set_system(Some(text));
                self.note("the system prompt is set, from the next message on");
            }
            None => match self.session.system().map(str::to_owned) {
                Some(text) => self.page(&text),
                None => self.note("there is no system prompt; /system TEXT sets one"),
            },
        }
    }

    fn change_thinking(&mut self, display: Option<ThinkingDisplay>) {
        self.view.thinking = match display {
            Some(ThinkingDisplay::Show) => Thinking::Show,
            Some(ThinkingDisplay::Hide) => Thinking::Hide,
            None => self.view.thinking,
        };
        let state = match self.view.thinking {
            Thinking::Show => "shown",
            Thinking::Hide => "hidden",
        };
        self.note(&format!("reasoning is {state}"));
    }

    fn show_current(&mut self) {
        let texts = (1..).zip(self.session.messages());
        let text: Vec<_> = texts
            .map(|(number, message)| format!("{number} {}>\n{}\n", message.role.name(), message.text.trim_end()))
            .collect();
        if text.is_empty() {
            self.note("nothing has been said yet");
        } else {
            self.page(&text.join("\n"));
        }
    }

    fn show_usage(&mut self) {
        let turns = match self.session.turns() {
            1 => "1 turn".to_owned(),
            turns => format!("{turns} turns"),
        };
        let (start, all) = (self.session.usage, usage_of(self.session.messages()));
        let mut text = format!("{turns} in this conversation{}", spent(&all));
        if start != all && start != Usage::default() {
            text.push_str(&format!("\nsince the start{}", spent(&start)));
        }
        let (load, window) = self.session.context_gauge();
        if load.total() > 0 || window.is_some() {
            text.push_str(&format!("\n{}", gauge(&load, window)));
        }
        for line in text.lines() {
            self.note(line);
        }
    }
}

/// What the replies of a conversation took together.
fn usage_of(messages: &[Message]) -> Usage {
    let mut all = Usage::default();
    messages.iter().filter_map(|message| message.usage.as_ref()).for_each(|usage| all.add(usage));
    all
}

fn spent(usage: &Usage) -> String {
    let tokens = usage.input.zip(usage.output).map(|(input, output)| format!("; tokens: {input} in, {output} out"));
    let cost = usage.cost_usd.map(|cost| format!("; ${cost:.4}"));
    tokens.unwrap_or_default() + &cost.unwrap_or_default()
}

/// As in `context: [##........] about 21000 of 128000 tokens (16 %): system 200, tools 1800, messages 19000`.
fn gauge(load: &ContextLoad, window: Option<u64>) -> String {
    const CELLS: u64 = 20;
    let total = load.total();
    let ContextLoad { system, tools, messages } = load;
    let by_source = format!("system {system}, tools {tools}, messages {messages}");
    let Some(window) = window.filter(|window| *window > 0) else {
        return format!("context: about {total} tokens, of how many is not known: {by_source}");
    };
    let full = (total * CELLS).div_ceil(window).min(CELLS) as usize;
    let bar = "#".repeat(full) + &".".repeat(CELLS as usize - full);
    format!("context: [{bar}] about {total} of {window} tokens ({} %): {by_source}", total * 100 / window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gauge_shows_how_full_it_is() {
        let load = ContextLoad { system: 200, tools: 1800, messages: 19_000 };
        assert_eq!(
            gauge(&load, Some(128_000)),
            "context: [####................] about 21000 of 128000 tokens (16 %): system 200, tools 1800, messages 19000"
        );
        assert!(
            gauge(&load, Some(1000)).starts_with("context: [####################] about 21000 of 1000 tokens (2100 %)")
        );
        assert!(gauge(&load, None).starts_with("context: about 21000 tokens, of how many is not known: system 200"));
    }
}
