//! Commands of one's own at work: the files of `commands/`, and the macros of the configuration.

use std::ops::ControlFlow;

use super::custom::CustomCommand;
use super::run::Flow;
use super::{InRole, Repl};
use crate::config::nearest;
use crate::conversation::exit_code;
use crate::session::{Prompt, TurnInput};

impl Repl<'_> {
    /// Before each prompt: files that came, went or changed.
    pub(super) fn refresh_commands(&mut self) {
        let Some(warnings) = self.custom.refresh() else { return };
        for warning in &warnings {
            self.warn(warning);
        }
        let usages = self.custom.all().iter().map(CustomCommand::usage).collect();
        self.completions.set_commands(usages);
    }

    /// What `/help` tells of them; empty where there are none.
    pub(super) fn own_help(&self) -> String {
        let mut text = String::new();
        for command in self.custom.all() {
            text.push_str(&format!("{}  {}\n", command.usage(), command.description).replace("  \n", "\n"));
        }
        for (name, lines) in &self.ui.macros {
            text.push_str(&format!("/macro {name}  {} lines\n", lines.len()).replace(" 1 lines", " 1 line"));
        }
        if text.is_empty() { text } else { format!("Your own:\n{text}\n") }
    }

    /// What `/help NAME` tells of one of them.
    pub(super) fn own_help_of(&self, name: &str) -> Option<String> {
        let command = self.custom.find(name.trim_start_matches('/'))?;
        Some(format!("{}\n  {}\n", command.usage(), command.description))
    }

    /// The name of one of them that somebody may have meant.
    pub(super) fn own_suggestion(&self, name: &str) -> Option<&str> {
        nearest(name, self.custom.all().iter().map(|command| command.name.as_str()))
    }

    /// Sends the text of a file. `None`: there is no such command.
    pub(super) async fn run_custom(&mut self, name: &str, arguments: &str) -> Option<Flow> {
        let command = self.custom.find(name)?.clone();
        let filled = command.fill(arguments);
        for warning in &filled.warnings {
            self.warn(warning);
        }
        let before = match &command.model {
            None => None,
            Some(model) => match self.services.connect(Some(model), self.role.as_ref().map(InRole::role)) {
                Ok(model) => Some(std::mem::replace(&mut self.session.model, model)),
                Err(report) => {
                    self.report(&report);
                    return Some(ControlFlow::Continue(None));
                }
            },
        };
        let flow = match self.in_role(&filled.text).await {
            Some(whole) => {
                let attachments = std::mem::take(&mut self.attached);
                let prompt = Prompt { attachments, ..filled.text.into() }.made_into(whole);
                self.turn(TurnInput::Prompt(prompt)).await
            }
            None => ControlFlow::Continue(None),
        };
        if let Some(before) = before {
            self.session.model = before;
        }
        // The text is the file's: the line to type again is the command.
        Some(flow.map_continue(|_| None))
    }

    /// Runs the lines of a macro in order, until one fails or is stopped.
    pub(super) async fn run_macro(&mut self, name: Option<&str>) -> Flow {
        let Some(name) = name else {
            self.list_macros();
            return ControlFlow::Continue(None);
        };
        let Some((_, lines)) = self.ui.macros.iter().find(|(known, _)| known == name).cloned() else {
            let meant = nearest(name, self.ui.macros.iter().map(|(known, _)| known.as_str()));
            let advice = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
            self.fail("usage", &format!("no macro is called {name}{advice}"));
            return ControlFlow::Continue(None);
        };
        let count = lines.len();
        for (number, line) in (1..).zip(&lines) {
            self.note(&format!("[{number}/{count}] {line}"));
            let flow = Box::pin(self.do_line(line)).await;
            let has_failed = self.last_exit != exit_code::OK;
            // As after /undo: a text is for the line, which the person has to see.
            let gives_back = matches!(flow, ControlFlow::Continue(Some(_)));
            if (has_failed || gives_back) && number < count {
                self.note(&format!("the macro {name} stops at line {number} of {count}"));
            }
            if has_failed || gives_back || flow.is_break() {
                return flow;
            }
        }
        ControlFlow::Continue(None)
    }

    fn list_macros(&mut self) {
        if self.ui.macros.is_empty() {
            return self.note("there are no macros; `ui.macros` in the configuration holds them");
        }
        let text: String = self
            .ui
            .macros
            .iter()
            .map(|(name, lines)| {
                format!("{name}\n{}", lines.iter().map(|line| format!("  {line}\n")).collect::<String>())
            })
            .collect();
        self.tell(&text);
    }
}
