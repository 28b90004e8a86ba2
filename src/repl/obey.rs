//! The slash commands that no turn comes of.

use super::slash::Shown;
use super::{Command, InRole, Repl, ThinkingDisplay, help};
use crate::conversation::{Message, Usage};
use crate::session::ContextLoad;
use crate::terminal::{Stream, Thinking, print_answer};

impl Repl<'_> {
    pub(super) async fn obey(&mut self, command: Command) {
        match command {
            // The loop's own: they end it or start a turn.
            Command::Exit
            | Command::Retry
            | Command::Continue
            | Command::Undo
            | Command::Edit { .. }
            | Command::Macro { .. }
            | Command::Prompt { .. } => {}
            Command::Help { topic } => self.help(topic.as_deref()),
            Command::New { name } => self.start_new(name).await,
            Command::Sessions => {
                self.save().await;
                self.tell_or_fail(self.services.conversations());
            }
            Command::Resume { address } => self.resume(address).await,
            Command::Rename { name } => self.rename(name).await,
            Command::Pin => self.pin().await,
            Command::Fork { name } => self.fork(name).await,
            Command::Export { file, images } => self.export(file.as_deref(), images).await,
            Command::Search { words } => self.search(&words).await,
            Command::Model { model } => self.change_model(model),
            Command::Role { role, arguments } => self.change_role(role, &arguments),
            Command::System { text } => self.change_system(text),
            Command::Thinking { display } => self.change_thinking(display),
            Command::Show { what } => self.show(what).await,
            Command::Copy { block } => self.copy(block).await,
            Command::Redraw => self.redraw(),
            Command::Provider { name } => self.change_provider(name),
            Command::Set { key, value } => self.set(key.as_deref(), value.as_deref()),
            Command::Usage => self.show_usage(),
            Command::Stats => {
                self.save().await;
                self.tell_or_fail(self.services.stats(self.screen.width(Stream::Stdout)));
            }
            Command::Tools { switch: None } => self.show_tools().await,
            Command::Tools { switch: Some((is_on, server)) } => self.switch_tools(is_on, server.as_deref()),
            Command::Mcp { change: None } => self.show_servers(),
            Command::Mcp { change: Some(change) } => self.change_server(change).await,
            Command::Approve { server } => self.approve(server.as_deref()),
            Command::Attach { change } => self.attach(change).await,
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

    async fn start_new(&mut self, name: Option<String>) {
        if name.is_some() {
            self.save().await;
        }
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

    pub(super) fn change_model(&mut self, model: Option<String>) {
        let Some(model) = model else {
            self.note(&self.session.model.label.clone());
            return;
        };
        match self.services.connect(Some(&model), self.role.as_ref().map(InRole::role)) {
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

    fn help(&mut self, topic: Option<&str>) {
        let own = topic.and_then(|topic| self.own_help_of(topic));
        match own.or_else(|| help(topic)) {
            Some(text) if topic.is_none() => {
                let own = self.own_help();
                self.tell(&format!("{own}{text}"));
            }
            Some(text) => self.tell(&text),
            None => self.fail("usage", "no such command; /help lists them"),
        }
    }

    async fn show(&mut self, what: Shown) {
        match what {
            Shown::Everything => self.show_current(),
            Shown::LastAnswer => match self.last_answer().map(str::to_owned) {
                Some(text) => self.page(&text),
                None => self.fail("usage", "there is no answer yet"),
            },
            Shown::Message(number) => {
                let message = number.checked_sub(1).and_then(|at| self.session.messages().get(at));
                match message.map(|message| message.text.clone()) {
                    Some(text) => self.page(&text),
                    None => self.fail("usage", "there is no such message; /show counts them"),
                }
            }
            Shown::Conversation(address) => {
                self.save().await;
                self.page_or_fail(self.services.conversation(&address));
            }
        }
    }

    fn redraw(&mut self) {
        match self.last_answer().map(str::to_owned) {
            Some(text) => {
                print_answer(self.screen, &text, self.view.markdown);
                self.write();
            }
            None => self.fail("usage", "there is no answer yet"),
        }
    }

    fn show_current(&mut self) {
        let texts = (1..).zip(self.session.messages());
        let text: Vec<_> = texts
            .map(|(number, message)| {
                let attached =
                    message.attachments.iter().map(|attachment| format!("[attached: {}]\n", attachment.label()));
                let attached: String = attached.collect();
                format!("{number} {}>\n{}\n{attached}", message.role.name(), message.text.trim_end())
            })
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
        let last = self.session.messages().iter().rev().find_map(|message| message.usage.as_ref());
        if let Some(last) = last.filter(|last| **last != all) {
            text.push_str(&format!("\nthe last answer{}", spent(last)));
        }
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
    let ContextLoad { system, tools, messages, attachments } = load;
    let mut by_source = format!("system {system}, tools {tools}, messages {messages}");
    if *attachments > 0 {
        by_source.push_str(&format!(", attachments {attachments}"));
    }
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
        let load = ContextLoad { system: 200, tools: 1800, messages: 19_000, attachments: 0 };
        assert_eq!(
            gauge(&load, Some(128_000)),
            "context: [####................] about 21000 of 128000 tokens (16 %): system 200, tools 1800, messages 19000"
        );
        assert!(
            gauge(&load, Some(1000)).starts_with("context: [####################] about 21000 of 1000 tokens (2100 %)")
        );
        let with_image = ContextLoad { attachments: 1600, ..load };
        assert!(gauge(&with_image, None).ends_with(": system 200, tools 1800, messages 19000, attachments 1600"));
        assert!(gauge(&load, None).starts_with("context: about 21000 tokens, of how many is not known: system 200"));
    }
}
