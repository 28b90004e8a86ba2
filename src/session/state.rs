//! The state of one conversation at work, and how it starts, resumes and takes a message back.

use std::cell::LazyCell;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Map, Value};

use super::budget::Budget;
use super::context::ContextPolicy;
use super::log::Log;
use super::own_settings::Connect;
use super::prompt::Prompt;
use super::repair::repair;
use super::resources::brings_words_of_others;
use super::room::ContextState;
use super::wanted::Wanted;

use crate::conversation::{
    Attachment, ConversationId, IdSource, InterruptReason, Message, MessageId, MessageStatus, QuestionNote, Role,
    SharedSettings, ToolChoice, Usage, UsedRole, now_ms,
};
use crate::history::{Entry, Journal, KeptAnswer, KeptBy, Place};
use crate::mcp::HostEvents;
use crate::provider::{ModelFacts, ModelParameters, Provider};
use crate::tool::Toolbox;

/// What is known of a model, once somebody asks.
pub type LazyFacts = LazyCell<ModelFacts, Box<dyn FnOnce() -> ModelFacts>>;

/// The model that answers, with the account it is reached through.
pub struct ActiveModel {
    pub provider: Box<dyn Provider>,
    /// `provider:model`, as it is shown and stored.
    pub label: String,
    /// The model's name as the provider knows it.
    pub model: String,
    pub parameters: ModelParameters,
    /// What is known of it; looked up when it is first needed, while the connection is being opened.
    pub facts: LazyFacts,
}

#[derive(Clone, Debug)]
pub struct TurnSettings {
    /// Requests after the first one, as long as no token has come.
    pub retries_max: u32,
    pub first_token_timeout: Duration,
    /// Without progress after the first token.
    pub idle_timeout: Duration,
    /// False asks for whole answers.
    pub stream: bool,
    /// A history that cannot be written ends the turn.
    pub require_history: bool,
    /// Rounds of tool calls in one turn.
    pub tool_hops_max: u32,
    /// What becomes of a conversation that no longer fits.
    pub context: ContextPolicy,
    /// Asked in this order when the model is down or over its limit; each as `[provider:]model`.
    pub fallback: Vec<String>,
}

/// Opens a page in the person's browser; false where none can be started.
pub type OpenPage = Box<dyn Fn(String) -> Pin<Box<dyn Future<Output = bool>>>>;

/// What a call would change, as a diff, where that can be told before it runs.
pub type Preview = Box<dyn Fn(&str, &str, &Map<String, Value>) -> Option<String>>;

pub struct Session {
    pub journal: Journal,
    pub model: ActiveModel,
    pub settings: TurnSettings,
    /// Summed over the turns of this process.
    pub usage: Usage,
    pub toolbox: Toolbox,
    /// What servers say by themselves; `None` where there are none.
    pub events: Option<HostEvents>,
    pub tool_choice: ToolChoice,
    /// What of the answers is wanted; `None`: all.
    pub wanted: Option<Wanted>,
    /// By server, tool and arguments.
    pub preview: Preview,
    /// What the server `settings` shows and asks for.
    pub shared: SharedSettings,
    /// Whether tools are offered; a person or a tool can switch them off.
    pub uses_tools: bool,
    /// For a server that asks for it, once the person has agreed.
    pub open_page: OpenPage,
    /// `None` where the model stays what it is.
    pub connect: Option<Connect>,
    /// What questions are put through; kept beside each of them.
    pub role: Option<UsedRole>,
    pub(super) place: Place,
    /// `None` where nothing limits what is spent.
    pub budget: Option<Budget>,
    /// `None` where nothing is logged.
    pub log: Option<Log>,
    /// What this process was started with: it wins over what a stored conversation has.
    given_system: Option<String>,
    pub(super) system: Option<String>,
    pub(super) system_is_recorded: bool,
    pub(super) conversation: ConversationId,
    pub(super) is_recorded: bool,
    /// User, assistant and tool messages of the active branch, oldest first.
    pub(super) messages: Vec<Message>,
    /// The last message of the branch as the history knows it.
    pub(super) head: Option<MessageId>,
    /// A prompt that got no answer at all: not sent again with the next one, but by a retry.
    pub(super) unanswered: Option<Message>,
    /// Another process was receiving the last answer when the conversation was taken up.
    is_answered_elsewhere: bool,
    /// What a retry has set aside; it comes back where the retry brings nothing.
    set_aside: Option<SetAside>,
    pub(super) ids: IdSource,
    pub(super) turn: u64,
    pub(super) context: ContextState,
    /// The model of which it was told how it takes images.
    pub(super) told_images_of: Option<String>,
}

/// An answer to the last prompt, with all that came of it.
struct SetAside {
    head: Option<MessageId>,
    messages: Vec<Message>,
}

impl Session {
    #[must_use]
    pub fn new(journal: Journal, model: ActiveModel, settings: TurnSettings, system: Option<String>) -> Self {
        let mut ids = IdSource::default();
        let conversation = ids.conversation(now_ms());
        Self {
            journal,
            model,
            settings,
            usage: Usage::default(),
            toolbox: Toolbox::none(),
            events: None,
            tool_choice: ToolChoice::Auto,
            wanted: None,
            preview: Box::new(|_, _, _| None),
            shared: SharedSettings::default(),
            uses_tools: true,
            open_page: Box::new(|_| Box::pin(std::future::ready(false))),
            connect: None,
            role: None,
            place: Place::default(),
            budget: None,
            log: None,
            given_system: system.clone(),
            system,
            system_is_recorded: false,
            conversation,
            is_recorded: false,
            messages: Vec::new(),
            head: None,
            unanswered: None,
            is_answered_elsewhere: false,
            set_aside: None,
            ids,
            turn: 0,
            context: ContextState::default(),
            told_images_of: None,
        }
    }

    /// Goes on with a stored conversation: `messages` is the branch to go on with. A system prompt
    /// given with this start wins over the stored one; one that was set since stays behind.
    pub fn resume(&mut self, conversation: ConversationId, messages: Vec<Message>) {
        self.record_left();
        self.forget();
        self.conversation = conversation;
        self.is_recorded = true;
        self.head = messages.last().map(|message| message.id.clone());
        let stored = messages.iter().rfind(|message| message.role == Role::System).map(|message| message.text.clone());
        self.system = self.given_system.clone().or_else(|| stored.clone());
        self.system_is_recorded = stored.is_some() && self.system == stored;
        self.turn = messages.iter().filter(|message| message.role == Role::User).count() as u64;
        let is_unanswered = messages.last().is_some_and(has_failed_empty);
        // That of a process that has gone is stored as interrupted.
        self.is_answered_elsewhere = messages.last().is_some_and(|last| last.status == MessageStatus::Streaming);
        self.messages = repair(messages.into_iter().filter(is_worth_sending).collect());
        if is_unanswered {
            self.take_back_prompt();
        }
        if self.holds_words_of_others() {
            self.toolbox.taint();
        }
    }

    /// Whether a tool of somebody else has said something in this conversation, or a prompt brought such words along.
    fn holds_words_of_others(&self) -> bool {
        self.messages.iter().chain(&self.unanswered).any(|message| {
            message.tool_calls.iter().any(|call| !self.toolbox.is_ours(&call.name))
                || message.role == Role::User
                    && (QuestionNote::of(message).is_of_others
                        || brings_words_of_others(&message.text, &message.attachments))
        })
    }

    /// Starts a new conversation with the same model and system prompt.
    pub fn start_new(&mut self, name: Option<String>) {
        self.record_left();
        self.forget();
        self.conversation = self.ids.conversation(now_ms());
        self.is_recorded = false;
        if name.is_some() {
            self.record_conversation(name);
        }
    }

    /// Changes the system prompt from the next message on.
    pub fn set_system(&mut self, system: Option<String>) {
        if self.system != system {
            self.system = system;
            self.system_is_recorded = false;
        }
    }

    /// What wins over stored ones from here on, as where the one that was given is a role's.
    pub fn set_given_system(&mut self, system: Option<String>) {
        self.given_system = system;
    }

    #[must_use]
    pub fn system(&self) -> Option<&str> {
        self.system.as_deref()
    }

    #[must_use]
    pub fn conversation(&self) -> &ConversationId {
        &self.conversation
    }

    /// Whether another process was receiving the last answer when the conversation was taken up.
    #[must_use]
    pub fn is_answered_elsewhere(&self) -> bool {
        self.is_answered_elsewhere
    }

    /// Whether the history knows the conversation.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.is_recorded
    }

    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    #[must_use]
    pub fn turns(&self) -> u64 {
        self.turn
    }

    fn forget(&mut self) {
        self.context = ContextState::default();
        self.messages.clear();
        self.head = None;
        self.unanswered = None;
        self.set_aside = None;
        self.is_answered_elsewhere = false;
        self.turn = 0;
        self.system_is_recorded = false;
        self.toolbox.clear_taint();
    }

    pub(super) fn record_conversation(&mut self, name: Option<String>) {
        self.is_recorded = true;
        self.journal.record(Entry::ConversationStarted { id: self.conversation.clone(), name, created_ms: now_ms() });
    }

    /// The last answer is to be given again under this key.
    pub fn keep_answer(&mut self, kept_by: KeptBy, key: String) {
        if let Some(answer) = self.messages.last() {
            let (conversation, message, at_ms) = (self.conversation.clone(), answer.id.clone(), now_ms());
            let kept = KeptAnswer { kept_by, key, conversation, message, at_ms };
            self.journal.record(Entry::AnswerKept(Box::new(kept)));
        }
    }

    /// Stores a message behind the head and makes it the head.
    pub(super) fn record_message(&mut self, role: Role, text: String) -> Message {
        let message = self.message(role, text);
        self.record(message)
    }

    pub(super) fn record_prompt(&mut self, prompt: Prompt) -> Message {
        if prompt.is_of_others || brings_words_of_others(&prompt.text, &prompt.attachments) {
            self.toolbox.taint();
        }
        let mut message = self.message(Role::User, prompt.text);
        message.attachments = prompt.attachments;
        let note = QuestionNote { role: self.role.clone(), typed: prompt.typed, is_of_others: prompt.is_of_others };
        message.replay = note.into_replay();
        self.record(message)
    }

    /// The same for what came of a call.
    pub(super) fn record_tool_result(&mut self, text: String, call: String, images: Vec<Attachment>) -> Message {
        let mut message = self.message(Role::Tool, text);
        message.attachments = images;
        message.tool_call_id = Some(call);
        self.record(message)
    }

    /// One that follows the head.
    fn message(&mut self, role: Role, text: String) -> Message {
        let now = now_ms();
        let mut message = Message::new(self.ids.message(now), self.head.clone(), role, text, now);
        message.model = Some(self.model.label.clone());
        if role == Role::User {
            message.replay = QuestionNote { role: self.role.clone(), ..QuestionNote::default() }.into_replay();
        }
        message
    }

    fn record(&mut self, message: Message) -> Message {
        self.head = Some(message.id.clone());
        self.journal.record(Entry::MessageAdded { conversation: self.conversation.clone(), message: message.clone() });
        message
    }

    /// After a turn without any answer: the prompt leaves the branch. The history shows it,
    /// with the failure, until the next message goes another way.
    pub(super) fn take_back_prompt(&mut self) {
        let Some(prompt) = self.messages.pop_if(|message| message.role == Role::User) else {
            return;
        };
        self.head.clone_from(&prompt.parent);
        self.unanswered = Some(prompt);
    }

    /// Makes the last prompt the last message again, so that it gets another answer beside
    /// the first. False when there is no prompt.
    pub(super) fn return_to_last_prompt(&mut self) -> bool {
        if let Some(prompt) = self.unanswered.take() {
            self.messages.push(prompt);
        }
        let Some(last) = self.messages.iter().rposition(|message| message.role == Role::User) else {
            return false;
        };
        let messages = self.messages.split_off(last + 1);
        if !messages.is_empty() {
            self.set_aside = Some(SetAside { head: self.head.clone(), messages });
        }
        self.head = self.messages.last().map(|message| message.id.clone());
        true
    }

    /// After a turn: a retry that has brought no answer is as if it had not been tried.
    pub(super) fn settle_retry(&mut self) {
        let Some(before) = self.set_aside.take() else { return };
        let is_bare = self.messages.last().is_some_and(|last| last.role == Role::User);
        if let Some(prompt) = self.unanswered.take() {
            self.messages.push(prompt);
        } else if !is_bare {
            return;
        }
        self.messages.extend(before.messages);
        self.turn = self.turn.saturating_sub(1);
        self.move_head(before.head);
    }
}

/// A reply that failed before its first word, and not by a crash: its prompt is asked again or left.
fn has_failed_empty(message: &Message) -> bool {
    let has_failed = match message.status {
        MessageStatus::Error(_) | MessageStatus::Interrupted(InterruptReason::UserInterrupt) => true,
        MessageStatus::Streaming | MessageStatus::Complete | MessageStatus::Interrupted(_) => false,
    };
    has_failed && message.role == Role::Assistant && !is_worth_sending(message)
}

/// System prompts travel apart from the messages, and a reply that failed before its first
/// word would only confuse a server.
fn is_worth_sending(message: &Message) -> bool {
    match message.role {
        Role::System => false,
        Role::Assistant => !message.text.is_empty() || !message.tool_calls.is_empty(),
        Role::User | Role::Tool => true,
    }
}
