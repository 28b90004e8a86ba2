//! The history against real files: what is written, what survives, what is read back.

mod changing;
mod faults;
mod finding;
mod plans;
mod reading;
mod recovering;
mod searching;
mod writing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::{
    DeltaKind, DeltaPersistence, Entry, FlushOutcome, History, HistorySettings, Journal, ReplyEnd, TurnMetrics,
};
use crate::conversation::{ConversationId, IdSource, Message, MessageId, MessageStatus, Role};

/// A data folder of its own for each test.
struct Place {
    _folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/history.db");
        Self { _folder: folder, path }
    }

    fn settings(&self) -> HistorySettings {
        settings(&self.path, DeltaPersistence::default())
    }

    fn journal(&self) -> Journal {
        Journal::start(self.settings())
    }

    fn history(&self) -> History {
        History::open_read(&self.settings()).unwrap()
    }

    /// The names of the files beside the database, sorted.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path.parent().unwrap()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn moved(&self, mark: &str) -> Vec<String> {
        self.files().into_iter().filter(|name| name.contains(mark)).collect()
    }
}

fn settings(path: &Path, deltas: DeltaPersistence) -> HistorySettings {
    HistorySettings { path: Some(path.to_owned()), deltas, ..HistorySettings::default() }
}

fn persisting(interval_ms: u64, min_chars: usize) -> DeltaPersistence {
    DeltaPersistence { persist_deltas: true, interval_ms, min_chars }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn flush(journal: &mut Journal) -> FlushOutcome {
    block_on(journal.flush())
}

fn close(mut journal: Journal) -> FlushOutcome {
    block_on(journal.close(Duration::from_secs(10)))
}

/// One conversation as a session would record it.
struct Chat {
    ids: IdSource,
    id: ConversationId,
    head: Option<MessageId>,
}

impl Chat {
    fn start(journal: &mut Journal, name: Option<&str>) -> Self {
        let mut ids = IdSource::default();
        let id = ids.conversation(1_000);
        journal.record(Entry::ConversationStarted { id: id.clone(), name: name.map(str::to_owned), created_ms: 1_000 });
        Self { ids, id, head: None }
    }

    fn ask(&mut self, journal: &mut Journal, prompt: &str) -> MessageId {
        let id = self.ids.message(2_000);
        let message = Message::new(id.clone(), self.head.replace(id.clone()), Role::User, prompt.to_owned(), 2_000);
        journal.record(Entry::MessageAdded { conversation: self.id.clone(), message });
        id
    }

    fn begin_reply(&mut self, journal: &mut Journal) -> MessageId {
        let reply = self.ids.message(3_000);
        journal.record(Entry::ReplyStarted {
            conversation: self.id.clone(),
            reply: reply.clone(),
            parent: self.head.replace(reply.clone()).unwrap(),
            model: "demo:tour".to_owned(),
            created_ms: 3_000,
        });
        reply
    }

    fn end_reply(&self, journal: &mut Journal, reply: &MessageId, text: &str) {
        journal.record(Entry::ReplyEnded(Box::new(self.end(reply, text))));
    }

    fn end(&self, reply: &MessageId, text: &str) -> ReplyEnd {
        ReplyEnd {
            conversation: self.id.clone(),
            reply: reply.clone(),
            text: text.to_owned(),
            reasoning: String::new(),
            status: MessageStatus::Complete,
            tool_calls: Vec::new(),
            replay: None,
            usage: None,
            finish: Some("stop".to_owned()),
            finished_ms: 4_000,
            metrics: TurnMetrics::default(),
        }
    }

    /// A whole turn, durable at its end.
    fn turn(&mut self, journal: &mut Journal, prompt: &str, answer: &str) {
        self.ask(journal, prompt);
        let reply = self.begin_reply(journal);
        assert_eq!(flush(journal), FlushOutcome::Durable);
        journal.record_delta(&reply, DeltaKind::Text, answer);
        self.end_reply(journal, &reply, answer);
        assert_eq!(flush(journal), FlushOutcome::Durable);
    }
}

/// Conversations by these names, the last one used last.
fn filled(place: &Place, chats: &[&str]) -> (Journal, Vec<Chat>) {
    let mut journal = place.journal();
    let chats = chats.iter().map(|name| {
        let mut chat = Chat::start(&mut journal, Some(name));
        chat.turn(&mut journal, "q", "a");
        chat
    });
    let chats = chats.collect();
    (journal, chats)
}

/// Status and text of the messages on the active branch.
fn texts(history: &History, id: &ConversationId) -> Vec<(MessageStatus, String)> {
    let messages = history.stored_messages(id).unwrap().into_iter().map(|stored| stored.message);
    messages.map(|message| (message.status, message.text)).collect()
}

fn complete(text: &str) -> (MessageStatus, String) {
    (MessageStatus::Complete, text.to_owned())
}
