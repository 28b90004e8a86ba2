//! The slash commands that turn to another conversation or branch. Nothing that was said is lost by any of them.

use std::ops::ControlFlow;

use super::run::{Flow, Loaded};
use super::slash::line_of;
use super::{ExportImages, Repl, document};
use crate::conversation::{Message, MessageId, Role};
use crate::session::{Draft, Piece, Prompt, Session, TurnInput};

/// Messages that are shown of a conversation that one comes back to.
const EXCERPT_MESSAGES: usize = 2;

/// To somebody who comes back to a turn without an end.
#[must_use]
pub fn unfinished_turn(session: &Session) -> Option<String> {
    if session.is_answered_elsewhere() {
        let id = session.conversation();
        return Some(format!("another sayso still receives the last answer: /resume {id} shows it later"));
    }
    session.is_interrupted().then(|| "the last turn was cut off: /continue goes on with it".to_owned())
}

/// What `/edit` opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditTarget {
    LastPrompt,
    /// The N-th message, from 1, as `/show` counts.
    Message(usize),
    Everything,
}

impl Repl<'_> {
    /// A copy of the conversation, which is the one that goes on.
    pub(super) async fn fork(&mut self, name: Option<String>) {
        if !self.is_kept() {
            return;
        }
        self.save().await;
        let Some(head) = self.session.head().cloned() else {
            return self.fail("usage", "there is nothing to fork yet");
        };
        let forked = self.services.fork(self.session.conversation(), &head, name);
        match forked.and_then(|id| self.services.load(&id, false)) {
            Ok(loaded) => {
                self.note(&format!("forked: {} goes on, the other stays as it is", loaded.id));
                self.go_on_in(loaded);
            }
            Err(report) => self.report(&report),
        }
    }

    /// The last prompt comes back to the line.
    pub(super) fn undo(&mut self) -> Flow {
        let before = self.session.head().cloned();
        match self.session.undo() {
            Some(prompt) => {
                let way_back = before.map(|id| format!("; /resume {id} goes back to it")).unwrap_or_default();
                self.note(&format!("the last prompt is taken back{way_back}"));
                ControlFlow::Continue(Some(self.give_back(prompt)))
            }
            None => {
                self.fail("usage", "there is nothing to take back");
                ControlFlow::Continue(None)
            }
        }
    }

    /// Another conversation, also by the number of a hit (`#2`). Without an address the list of them.
    pub(super) async fn resume(&mut self, address: Option<String>) {
        self.save().await;
        let Some(address) = address else { return self.tell_or_fail(self.services.conversations()) };
        let hit = match address.strip_prefix('#').map(str::parse::<usize>) {
            None => None,
            Some(number) => match number.ok().and_then(|number| self.found.get(number.checked_sub(1)?)) {
                Some(found) => Some(found.0.clone()),
                None => return self.fail("usage", "there is no such hit; /search WORDS lists them"),
            },
        };
        match self.services.load(hit.as_ref().unwrap_or(&address), hit.is_some()) {
            Ok(loaded) => {
                self.note(&format!("continuing {}: {}", loaded.id, loaded.name.as_ref().unwrap_or(&loaded.title)));
                let excerpt = excerpt(&loaded.messages, loaded.focus.as_ref());
                self.turn_to(loaded);
                if !excerpt.is_empty() {
                    self.page(&excerpt);
                }
                if let Some(remark) = unfinished_turn(&self.session) {
                    self.note(&remark);
                }
            }
            Err(report) => self.report(&report),
        }
    }

    /// What a role says holds there as well; a system prompt of the conversation before does not.
    fn turn_to(&mut self, loaded: Loaded) {
        if loaded.id == *self.session.conversation() {
            return self.go_on_in(loaded);
        }
        let of_role = self.system_of_role();
        self.take_up(loaded);
        if let Some(system) = of_role {
            self.put_system_of_role(system);
        }
    }

    /// The same conversation, or a copy of it: its system prompt is the one that holds now.
    fn go_on_in(&mut self, loaded: Loaded) {
        let system = self.session.system().map(str::to_owned);
        self.take_up(loaded);
        self.session.set_system(system);
    }

    fn take_up(&mut self, loaded: Loaded) {
        self.name = loaded.name;
        self.session.resume(loaded.id, loaded.messages);
        self.session.hold();
    }

    pub(super) async fn pin(&mut self) {
        if !self.is_kept() {
            return;
        }
        if !self.session.is_recorded() {
            return self.fail("usage", "nothing has been said yet");
        }
        self.save().await;
        match self.services.toggle_pin(self.session.conversation()) {
            Ok(true) => self.note("this conversation is pinned: it is kept whatever the limits are"),
            Ok(false) => self.note("this conversation is not pinned any more"),
            Err(report) => self.report(&report),
        }
    }

    /// Writes the conversation to a file.
    pub(super) async fn export(&mut self, file: Option<&str>, images: ExportImages) {
        if !self.is_kept() {
            return;
        }
        if !self.session.is_recorded() {
            return self.fail("usage", "nothing has been said yet");
        }
        self.save().await;
        match self.services.export(self.session.conversation(), file, images) {
            Ok(path) => self.note(&format!("exported to {}", path.display())),
            Err(report) => self.report(&report),
        }
    }

    pub(super) async fn rename(&mut self, name: String) {
        self.save().await;
        if self.services.is_kept() && self.session.is_recorded() {
            if let Err(report) = self.services.rename(self.session.conversation(), &name) {
                return self.report(&report);
            }
        } else if let Err(report) = self.services.check_name(&name) {
            return self.report(&report);
        } else if !self.session.is_recorded() {
            self.session.start_new(Some(name.clone()));
        }
        self.note(&format!("this conversation is named {name}"));
        self.name = Some(name);
    }

    pub(super) async fn search(&mut self, words: &str) {
        self.save().await;
        match self.services.search(words, self.style.is_some()) {
            Ok(hits) => {
                if !hits.messages.is_empty() {
                    self.screen.print_folded(hits.text.as_safe());
                    self.tell("/resume #1 goes to the first");
                    self.found = hits.messages;
                }
                if let Some(remark) = hits.remark {
                    self.note(&remark);
                }
            }
            Err(report) => self.report(&report),
        }
    }

    pub(super) async fn edit_messages(&mut self, target: EditTarget) -> Flow {
        let edited = match target {
            EditTarget::LastPrompt => self.edit_prompt().await,
            EditTarget::Message(number) => self.edit_message(number).await,
            EditTarget::Everything => self.edit_everything().await,
        };
        match edited {
            Ok(Some(input)) => self.turn(input).await,
            Ok(None) => ControlFlow::Continue(None),
            Err(flow) => flow,
        }
    }

    async fn edit_prompt(&mut self) -> Result<Option<TurnInput>, Flow> {
        let last = self.session.messages().iter().rfind(|message| message.role == Role::User);
        let Some(before) = self.session.unanswered().or(last).map(|message| Prompt::of(message).into_editable()) else {
            self.fail("usage", "there is no prompt to edit yet");
            return Ok(None);
        };
        let Some(text) = self.changed(&before.text).await? else { return Ok(None) };
        let edited = self.edited(before, text).await?;
        self.session.undo();
        Ok(Some(TurnInput::Prompt(edited)))
    }

    /// An edited prompt is asked again, and what followed it is left behind; any other message keeps what follows.
    async fn edit_message(&mut self, number: usize) -> Result<Option<TurnInput>, Flow> {
        let messages = self.session.messages();
        let Some(message) = number.checked_sub(1).and_then(|at| messages.get(at)).cloned() else {
            self.fail("usage", "there is no such message; /show counts them");
            return Ok(None);
        };
        let is_prompt = message.role == Role::User;
        let changed = if is_prompt {
            let before = Prompt::of(&message).into_editable();
            let Some(text) = self.changed(&before.text).await? else { return Ok(None) };
            Piece::Asked(self.edited(before, text).await?)
        } else {
            let Some(text) = self.changed(&message.text).await? else { return Ok(None) };
            Piece::Changed(Draft { original: Some(message.id.clone()), role: message.role, text })
        };
        let kept = |message: &Message| Piece::Kept(message.id.clone());
        let messages = self.session.messages();
        let mut pieces: Vec<_> = messages[..number - 1].iter().map(kept).collect();
        pieces.push(changed);
        if !is_prompt {
            pieces.extend(messages[number..].iter().map(kept));
        }
        self.session.rewrite(pieces);
        self.save().await;
        self.note("this is a new branch; the old one stays in the history");
        Ok(is_prompt.then_some(TurnInput::Continue))
    }

    async fn edit_everything(&mut self) -> Result<Option<TurnInput>, Flow> {
        let before = document::write(self.session.messages());
        let Some(text) = self.changed(before.trim_end()).await? else { return Ok(None) };
        let pieces = match document::read(&text, self.session.messages()) {
            Ok(pieces) => pieces,
            Err(mistake) => {
                self.fail("editor", &format!("{mistake}; the conversation is as it was"));
                return Ok(None);
            }
        };
        let is_same = pieces.len() == self.session.messages().len()
            && pieces
                .iter()
                .zip(self.session.messages())
                .all(|(piece, message)| *piece == Piece::Kept(message.id.clone()));
        if is_same {
            self.note("nothing was changed");
            return Ok(None);
        }
        self.session.rewrite(pieces);
        self.save().await;
        self.note("this is a new branch; the old one stays in the history");
        let last = self.session.messages().last().map(|message| message.role);
        Ok(matches!(last, Some(Role::User)).then_some(TurnInput::Continue))
    }

    /// A prompt with its new text and the files that this one names, put through the role as any that is typed; the
    /// words of a server are none of the person's. Where it cannot be asked, which the person has been told, the text
    /// is for the line.
    async fn edited(&mut self, before: Prompt, text: String) -> Result<Prompt, Flow> {
        let was_named = self.named_in(&before.text);
        let named = self.files_in(&text);
        let mut attachments = before.attachments;
        attachments.retain(|attachment| {
            let is = |name: &String| name == attachment.name();
            !was_named.iter().any(is) || self.named_in(&text).iter().any(is)
        });
        for file in named.iter().filter(|file| !was_named.contains(file)) {
            match self.read(file, attachments.clone()).await {
                Some(added) => attachments.extend(added),
                None => return Err(ControlFlow::Continue(Some(line_of(&text)))),
            }
        }
        let edited = Prompt { attachments, is_of_others: before.is_of_others, ..text.clone().into() };
        if edited.is_of_others {
            return Ok(edited);
        }
        match self.in_role(&text).await {
            Some(whole) => Ok(edited.made_into(whole)),
            None => Err(ControlFlow::Continue(Some(line_of(&text)))),
        }
    }

    /// The text as the editor gives it back; `None` where it is the same, or empty.
    async fn changed(&mut self, before: &str) -> Result<Option<String>, Flow> {
        let text = self.in_editor(before).await?;
        if text.trim_end() == before.trim_end() || text.trim().is_empty() {
            self.note("nothing was changed");
            return Ok(None);
        }
        Ok(Some(text))
    }

    fn is_kept(&mut self) -> bool {
        let is_kept = self.services.is_kept();
        if !is_kept {
            self.fail("usage", "nothing of this conversation is kept (--no-save, storage.type: memory)");
        }
        is_kept
    }
}

/// The last messages, or those from the one that was found on.
fn excerpt(messages: &[Message], focus: Option<&MessageId>) -> String {
    let said: Vec<_> = messages.iter().filter(|message| message.role != Role::System).collect();
    let found = focus.and_then(|focus| said.iter().position(|message| message.id == *focus));
    let start = found.unwrap_or(said.len().saturating_sub(EXCERPT_MESSAGES));
    let texts = said[start..].iter().take(EXCERPT_MESSAGES);
    texts
        .map(|message| format!("{}>\n{}\n", message.role.name(), message.text.trim_end()))
        .collect::<Vec<_>>()
        .join("\n")
}
