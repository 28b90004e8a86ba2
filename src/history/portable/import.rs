//! Conversations into the tables, in transactions short enough that nobody waits for them.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::lineage::{Placed, parents_first};
use super::use_order::{self, FileOrder};
use super::{Head, PortableConversation, PortableMessage};
use crate::conversation::{ATTACHMENTS_MAX, Attachment, InterruptReason, MessageId, Role, Usage, now_ms};
use crate::history::queue::{Line, Wait};
use crate::history::redact::mask_conversation;
use crate::history::statements::title;
use crate::history::store::{BUSY_TIMEOUT, Durability, Store};
use crate::history::sums::{self, EndedCall, EndedTurn};
use crate::history::{HistoryError, HistorySettings, attached, names, rows, why_no_name};

/// Nobody else waits longer for the lock than this, and one long conversation.
const LOCK_MAX: Duration = Duration::from_millis(50);
const MESSAGES_IN_TRANSACTION_MAX: u64 = 256;
const ID_BYTES_MAX: usize = 64;
/// More of them are counted, not told.
const NOTICES_MAX: usize = 20;
/// The names that the tables know.
pub const STATUSES: [&str; 4] = ["streaming", "complete", "interrupted", "error"];

/// What an import has brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// New ones.
    pub conversations: u64,
    /// New ones.
    pub messages: u64,
    /// Messages that were there already.
    pub known: u64,
}

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub counts: ImportCounts,
    /// Words about what is stored otherwise than the file has it.
    pub notices: Vec<String>,
}

struct OpenTransaction {
    since: Instant,
    /// What it will have brought.
    counts: ImportCounts,
    /// Others stand in line until it ends.
    _turn: Wait,
}

/// Writes conversations into the history. What is there already stays as it is, so that the
/// same file can be imported again, also after an import that was cut off.
pub struct Importer {
    store: Store,
    counts: ImportCounts,
    line: Line,
    open: Option<OpenTransaction>,
    redact: bool,
    order: FileOrder,
    /// The numbers of new conversations, as they came.
    new: Vec<i64>,
    notices: Vec<String>,
    notices_left_out: usize,
}

impl Importer {
    /// Opens the history for writing, and makes it where there is none.
    pub fn open(settings: &HistorySettings) -> std::result::Result<Self, HistoryError> {
        let path = settings.path.as_deref().ok_or(HistoryError::NotKept)?;
        let line = Line::of(path);
        let mut store = Store::open(path, settings.mmap_mb, &mut line.wait(BUSY_TIMEOUT))?;
        store.set_synchronous(Durability::Power)?;
        Ok(Self {
            store,
            counts: ImportCounts::default(),
            line,
            open: None,
            redact: settings.upkeep.redact,
            order: FileOrder::ByTime,
            new: Vec::new(),
            notices: Vec::new(),
            notices_left_out: 0,
        })
    }

    /// The conversations come in the order they were used.
    #[must_use]
    pub fn in_order_of_use(mut self) -> Self {
        self.order = FileOrder::AsGiven;
        self
    }

    /// Adds what is new of a conversation.
    pub fn add(&mut self, conversation: &PortableConversation) -> std::result::Result<(), HistoryError> {
        check(conversation)?;
        let masked = self.redact.then(|| mask_conversation(conversation.clone()));
        let conversation = masked.as_ref().unwrap_or(conversation);
        if self.open.is_none() {
            let mut turn = self.line.wait(BUSY_TIMEOUT);
            turn.take_turn();
            self.store.connection().execute_batch("BEGIN IMMEDIATE")?;
            let counts = ImportCounts::default();
            self.open = Some(OpenTransaction { since: Instant::now(), counts, _turn: turn });
        }
        let added = add_conversation(self.store.connection(), conversation)?;
        self.tell(added.notices);
        self.new.extend(added.is_new.then_some(added.number));
        if let Some(open) = &mut self.open {
            open.counts.conversations += u64::from(added.is_new);
            open.counts.messages += added.messages;
            open.counts.known += conversation.messages.len() as u64 - added.messages;
            let messages = open.counts.messages + open.counts.known;
            if messages >= MESSAGES_IN_TRANSACTION_MAX || open.since.elapsed() >= LOCK_MAX {
                self.commit()?;
            }
        }
        Ok(())
    }

    /// Runs what writes in a transaction of its own, behind all conversations that were added.
    pub fn write(&mut self, action: impl FnOnce(&Connection) -> Result<()>) -> std::result::Result<(), HistoryError> {
        self.commit()?;
        let mut turn = self.line.wait(BUSY_TIMEOUT);
        let transaction = turn.begin(self.store.connection())?;
        action(&transaction)?;
        transaction.commit()?;
        Ok(())
    }

    fn tell(&mut self, mut notices: Vec<String>) {
        let room = NOTICES_MAX - self.notices.len();
        self.notices_left_out += notices.len().saturating_sub(room);
        notices.truncate(room);
        self.notices.append(&mut notices);
    }

    /// Makes everything durable, and puts what is new where it belongs in the order of use.
    pub fn finish(mut self) -> std::result::Result<Imported, HistoryError> {
        self.commit()?;
        let (new, order) = (std::mem::take(&mut self.new), self.order);
        if !new.is_empty() {
            self.write(|connection| use_order::place(connection, &new, order))?;
        }
        self.store.shorten_wal_at_exit();
        if self.notices_left_out > 0 {
            self.notices.push(format!("{} more of this kind", self.notices_left_out));
        }
        Ok(Imported { counts: self.counts, notices: self.notices })
    }

    fn commit(&mut self) -> std::result::Result<(), HistoryError> {
        if let Some(open) = self.open.take() {
            self.store.connection().execute_batch("COMMIT")?;
            self.counts.conversations += open.counts.conversations;
            self.counts.messages += open.counts.messages;
            self.counts.known += open.counts.known;
            self.store.shorten_wal();
        }
        Ok(())
    }
}

/// Whether it can be the id of a conversation or message.
pub fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= ID_BYTES_MAX && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A file made by hand can hold anything; what the tables refuse is told with its name.
fn check(conversation: &PortableConversation) -> std::result::Result<(), HistoryError> {
    let refused = |what: String| Err(HistoryError::NotImportable { what });
    let ids = conversation.messages.iter().map(|message| &message.id);
    for id in std::iter::once(&conversation.id).chain(ids) {
        if !is_id(id) {
            return refused(format!("the id {id:?} is not made of at most {ID_BYTES_MAX} letters and digits"));
        }
    }
    for message in &conversation.messages {
        if Role::from_name(&message.role).is_none() {
            return refused(format!("message {} has the role {:?}", message.id, message.role));
        }
        for attachment in &message.attachments {
            if let Err(reason) = attachment.attachment() {
                return refused(format!("message {} has the attachment {:?}: {reason}", message.id, attachment.name));
            }
        }
        if message.attachments.len() > ATTACHMENTS_MAX {
            return refused(format!("message {} has more than {ATTACHMENTS_MAX} attachments", message.id));
        }
        if !STATUSES.contains(&message.status.as_str()) {
            return refused(format!("message {} has the status {:?}", message.id, message.status));
        }
    }
    Ok(())
}

struct Added {
    number: i64,
    is_new: bool,
    messages: u64,
    notices: Vec<String>,
}

fn add_conversation(connection: &Connection, conversation: &PortableConversation) -> Result<Added> {
    let id = &conversation.id;
    let mut notices = Vec::new();
    let (name, refused) = name_for(connection, conversation)?;
    let is_new = insert_conversation(connection, conversation, name)?;
    notices.extend(refused.filter(|_| is_new));
    let number: i64 = connection
        .prepare_cached("SELECT number FROM conversation WHERE id = ?1")?
        .query_row([id], |row| row.get(0))?;
    let (mut messages, mut elsewhere, mut last) = (0, 0_u64, None);
    for Placed { place, is_cut } in parents_first(&conversation.messages) {
        let message = &conversation.messages[place];
        let parent = message.parent.as_deref().filter(|_| !is_cut);
        let parent = number_of(connection, number, parent)?;
        if insert_message(connection, number, parent, message)? {
            messages += 1;
            last = last.max(Some(place));
            if is_cut {
                notices.push(format!(
                    "the parents of message {} of {id} run in a circle: it is kept as a beginning",
                    message.id
                ));
            }
            insert_calls(connection, message)?;
            insert_attachments(connection, message)?;
            count(connection, id, message)?;
        } else {
            elsewhere += u64::from(number_of(connection, number, Some(&message.id))?.is_none());
        }
    }
    if elsewhere > 0 {
        let which = if elsewhere == 1 { "1 message" } else { &format!("{elsewhere} messages") };
        notices.push(format!("{which} of {id}: another conversation has that id, and only the message there is kept"));
    }
    if messages > 0 {
        let last = last.map(|place| conversation.messages[place].id.as_str());
        let head = match &conversation.head {
            Head::At(None) => None,
            Head::At(head) => match number_of(connection, number, head.as_deref())? {
                None => number_of(connection, number, last)?,
                head => head,
            },
            Head::Last => number_of(connection, number, last)?,
        };
        connection
            .prepare_cached("UPDATE conversation SET head = ?2 WHERE number = ?1")?
            .execute(params![number, head])?;
    }
    Ok(Added { number, is_new, messages, notices })
}

/// The name it can get, and why it does not get the one that the file gives.
fn name_for(connection: &Connection, conversation: &PortableConversation) -> Result<(Option<String>, Option<String>)> {
    let Some(name) = conversation.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) else {
        return Ok((None, None));
    };
    let refused = match (why_no_name(name), names::holder(connection, Some(&conversation.id), name)?) {
        (None, None) => return Ok((Some(name.to_owned()), None)),
        (Some(reason), _) => reason.to_owned(),
        (None, Some(holder)) => format!("the conversation {holder} has it"),
    };
    Ok((None, Some(format!("{} is kept without its name {name:?}: {refused}", conversation.id))))
}

/// A message of this conversation.
fn number_of(connection: &Connection, conversation: i64, id: Option<&str>) -> Result<Option<i64>> {
    let Some(id) = id else { return Ok(None) };
    connection
        .prepare_cached("SELECT number FROM message WHERE id = ?1 AND conversation = ?2")?
        .query_row(params![id, conversation], |row| row.get(0))
        .optional()
}

/// False: it is there already.
fn insert_conversation(
    connection: &Connection,
    conversation: &PortableConversation,
    name: Option<String>,
) -> Result<bool> {
    let first_prompt = || conversation.messages.iter().find(|message| message.role == Role::User.name());
    let title = match conversation.title.as_str() {
        "" => first_prompt().map_or_else(String::new, |message| title(&message.text)),
        known => known.to_owned(),
    };
    let inserted = connection
        .prepare_cached(
            "INSERT INTO conversation (id, name, title, created_ms, used_ms, pinned, cwd, model, used_seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, (SELECT coalesce(max(used_seq), 0) + 1 FROM conversation))
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            conversation.id,
            name,
            title,
            conversation.created.0,
            // A time to come would keep it out of all limits until then.
            conversation.used.0.max(conversation.created.0).min(now_ms()),
            conversation.pinned,
            conversation.cwd,
            conversation.model,
        ])?;
    Ok(inserted > 0)
}

/// False: it is there already.
fn insert_message(
    connection: &Connection,
    conversation: i64,
    parent: Option<i64>,
    message: &PortableMessage,
) -> Result<bool> {
    // Nobody receives it any more.
    let is_open = message.status == "streaming";
    let crash = InterruptReason::Crash.name();
    let usage = &message.usage;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO message (id, conversation, parent, role, status, reason, model, finish, tool_call_id,
                 created_ms, finished_ms, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
                 reasoning_tokens, total_tokens, cost_usd, metrics, replay_origin, replay_json, text, reasoning)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
                 ?22, ?23)
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            message.id,
            conversation,
            parent,
            message.role,
            if is_open { "interrupted" } else { &message.status },
            if is_open { Some(crash) } else { message.reason.as_deref() },
            message.model,
            message.finish,
            message.tool_call_id,
            message.created.0,
            message.finished.map(|time| time.0),
            usage.input,
            usage.output,
            usage.cached,
            usage.cache_write,
            usage.reasoning,
            usage.total,
            usage.cost_usd,
            message.metrics.as_ref().map(|json| json.get()),
            message.replay.as_ref().map(|replay| &replay.origin),
            message.replay.as_ref().map(|replay| &replay.json),
            message.text,
            message.reasoning,
        ])?;
    Ok(inserted > 0)
}

fn insert_calls(connection: &Connection, message: &PortableMessage) -> Result<()> {
    for (position, call) in (0_i64..).zip(&message.tool_calls) {
        connection
            .prepare_cached(
                "INSERT INTO tool_call (message, position, call_id, name, arguments, server, approval, ok, result,
                     started_ms, finished_ms)
                 SELECT number, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 FROM message WHERE id = ?1
                 ON CONFLICT (message, position) DO NOTHING",
            )?
            .execute(params![
                message.id,
                position,
                call.id,
                call.name,
                call.arguments,
                call.server,
                call.approval,
                call.ok,
                call.result,
                call.started.map(|time| time.0),
                call.finished.map(|time| time.0),
            ])?;
    }
    Ok(())
}

fn insert_attachments(connection: &Connection, message: &PortableMessage) -> Result<()> {
    let attachments: Vec<Attachment> =
        message.attachments.iter().filter_map(|attachment| attachment.attachment().ok()).collect();
    attached::put(connection, &MessageId(message.id.clone()), &attachments)
}

/// An answer counts as if it had been given here.
fn count(connection: &Connection, conversation: &str, message: &PortableMessage) -> Result<()> {
    if message.role != Role::Assistant.name() {
        return Ok(());
    }
    let tokens = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok());
    let usage = Usage {
        input: tokens(message.usage.input),
        output: tokens(message.usage.output),
        cached: tokens(message.usage.cached),
        cost_usd: message.usage.cost_usd,
        reasoning: tokens(message.usage.reasoning),
        ..Usage::default()
    };
    let metrics = message.metrics.as_ref().and_then(|json| serde_json::from_str(json.get()).ok());
    let turn = EndedTurn {
        conversation,
        model: message.model.as_deref().unwrap_or_default(),
        status: &rows::status(&message.status, message.reason.clone()),
        usage: Some(&usage),
        metrics: &metrics.unwrap_or_default(),
        finished_ms: message.finished.unwrap_or(message.created).0,
    };
    sums::count_turn(connection, &turn)?;
    sums::count_usage(connection, &turn)?;
    for call in &message.tool_calls {
        let (Some(started), Some(finished)) = (call.started, call.finished) else { continue };
        let server = call.server.as_ref().map_or_else(String::new, |server| format!("{server}/"));
        let call = EndedCall {
            conversation,
            model: turn.model,
            tool: &format!("{server}{}", call.name),
            ok: call.ok.unwrap_or(false),
            started_ms: started.0,
            finished_ms: finished.0,
        };
        sums::count_call(connection, &call)?;
    }
    Ok(())
}
