//! Brings what can be read of a damaged history into the current one. The damaged file stays as it is.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Result, Row};

use super::calls;
use super::rest;
use super::salvage::{known_columns, rows, text};
use super::workshop::Workshop;
use crate::conversation::{InterruptReason, MessageId, Role};
use crate::history::file::{self, SET_ASIDE, time_mark};
use crate::history::owner::Owners;
use crate::history::portable::{PortableCall, PortableReplay, PortableUsage, STATUSES, is_id};
use crate::history::{
    Head, HistoryError, HistorySettings, ImportCounts, Imported, Importer, PortableAttachment, PortableConversation,
    PortableMessage, Time, attached, packing,
};

/// Stands where a text stood that cannot be read.
const LOST_TEXT: &str = "[this text could not be recovered]";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoverReport {
    pub counts: ImportCounts,
    /// Words about what is stored otherwise than it was.
    pub notices: Vec<String>,
    /// Messages of which only the row could be read, not the text.
    pub lost_texts: u64,
    /// Whether pages could not be read.
    pub has_gaps: bool,
}

/// Reads `damaged` and adds what it holds to the history of the settings. `progress` is told
/// how many conversations are done, and of how many.
pub fn recover_file(
    damaged: &Path,
    settings: &HistorySettings,
    progress: &mut dyn FnMut(u64, u64),
) -> std::result::Result<RecoverReport, HistoryError> {
    let place = settings.path.as_deref().ok_or(HistoryError::NotKept)?;
    let workshop = Workshop::enter(place)?;
    let (connection, had_gaps) = workshop.mend(workshop.open_copy(damaged)?)?;
    let mut wreck = Wreck::read(&connection)?;
    wreck.has_gaps |= had_gaps;
    if !calls::are_whole(&connection) {
        wreck.has_gaps = true;
        wreck.gathered_calls = workshop.gather_calls(&connection)?;
    }
    if wreck.rows.is_empty() && wreck.conversations.is_empty() {
        return Err(HistoryError::unusable(damaged, "nothing in it can be read"));
    }
    let mut importer = Importer::open(settings)?.in_order_of_use();
    let total = wreck.by_conversation.len() as u64;
    let groups = std::mem::take(&mut wreck.by_conversation);
    for (done, (number, messages)) in (0..).zip(groups) {
        progress(done, total);
        let conversation = wreck.conversation(number, &messages);
        if is_id(&conversation.id) {
            importer.add(&conversation)?;
        }
    }
    let id = |number| wreck.rows.get(&number).map(|row| MessageId(row.id.clone()));
    wreck.has_gaps |= !rest::bring(&connection, id, settings.upkeep.redact, &mut importer)?;
    let Imported { counts, notices } = importer.finish()?;
    Ok(RecoverReport { counts, notices, lost_texts: wreck.lost_texts, has_gaps: wreck.has_gaps })
}

/// Moves a damaged history away, with its WAL; the path is free then. Others who use it make
/// a new one.
pub fn set_aside(path: &Path) -> std::result::Result<PathBuf, HistoryError> {
    let moved = Owners::beside(path).alone(|| file::move_aside(path, &format!("{SET_ASIDE}{}", time_mark())));
    moved.map_err(|error| HistoryError::unusable(path, error))
}

/// Of the files that were moved away because they were damaged, the last one.
#[must_use]
pub fn newest_set_aside(path: &Path) -> Option<PathBuf> {
    files_beside(path).into_iter().rfind(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.contains(&format!(".{SET_ASIDE}"))
    })
}

/// Copies of the history that were moved away, sorted by name and so by age.
#[must_use]
pub fn files_beside(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let start = format!("{}.", name.to_string_lossy());
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with(&start) && !name.ends_with("-wal") && !name.ends_with("-shm")
        })
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

/// The part of a message that lies in one page.
struct LightRow {
    id: String,
    conversation: i64,
    parent: Option<i64>,
    role: String,
    status: String,
    reason: Option<String>,
    created: Time,
}

/// What could be read at first sight.
struct Wreck<'a> {
    connection: &'a Connection,
    full_columns: String,
    call_columns: String,
    /// What pages hold of calls that SQLite cannot find.
    gathered_calls: Option<Connection>,
    conversations: HashMap<i64, (PortableConversation, Option<i64>)>,
    rows: HashMap<i64, LightRow>,
    /// In the order they were used, as far as that is known.
    by_conversation: Vec<(i64, Vec<i64>)>,
    has_gaps: bool,
    lost_texts: u64,
}

const FULL: [&str; 18] = [
    "model",
    "finish",
    "tool_call_id",
    "finished_ms",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
    "cost_usd",
    "metrics",
    "replay_origin",
    "replay_json",
    "text",
    "reasoning",
    "packed",
    "number",
];
const CALL: [&str; 10] = [
    "call_id",
    "name",
    "arguments",
    "server",
    "approval",
    "ok",
    "result",
    "packed_result",
    "started_ms",
    "finished_ms",
];

impl<'a> Wreck<'a> {
    fn read(connection: &'a Connection) -> Result<Self> {
        let names = ["id", "name", "title", "created_ms", "used_ms", "used_seq", "pinned", "cwd", "model", "head"];
        let columns = known_columns(connection, "conversation", &names)?;
        let (mut conversations, conversations_whole) = rows(connection, "conversation", &columns, conversation);
        conversations.sort_by_key(|(_, (_, seq, _))| *seq);
        let columns = known_columns(
            connection,
            "message",
            &["id", "conversation", "parent", "role", "status", "reason", "created_ms"],
        )?;
        let (light, messages_whole) = rows(connection, "message", &columns, light_row);
        let mut groups: HashMap<i64, Vec<i64>> = HashMap::new();
        for (number, row) in &light {
            groups.entry(row.conversation).or_default().push(*number);
        }
        let mut by_conversation: Vec<(i64, Vec<i64>)> =
            conversations.iter().map(|(number, _)| (*number, groups.remove(number).unwrap_or_default())).collect();
        // Conversations whose own row is lost come first: nobody knows when they were used.
        let mut strays: Vec<_> = groups.into_iter().collect();
        strays.sort_by_key(|(number, _)| *number);
        by_conversation.splice(0..0, strays);
        Ok(Self {
            connection,
            full_columns: known_columns(connection, "message", &FULL)?,
            call_columns: known_columns(connection, "tool_call", &CALL)?,
            gathered_calls: None,
            conversations: conversations
                .into_iter()
                .map(|(number, (found, _, head))| (number, (found, head)))
                .collect(),
            rows: light.into_iter().collect(),
            by_conversation,
            has_gaps: !(conversations_whole && messages_whole),
            lost_texts: 0,
        })
    }

    fn conversation(&mut self, number: i64, messages: &[i64]) -> PortableConversation {
        let (mut conversation, head) = match self.conversations.remove(&number) {
            Some((conversation, head)) => {
                (conversation, head.map(|head| self.rows.get(&head).map(|row| row.id.clone())))
            }
            None => (self.stray(messages), Some(None)),
        };
        let mut last: Option<String> = None;
        for number in messages {
            let Some(mut message) = self.message(*number) else { continue };
            let parent = self.rows.get(number).and_then(|row| row.parent);
            let is_first = last.is_none();
            message.parent = match parent.map(|parent| self.rows.get(&parent).map(|row| row.id.clone())) {
                None if is_first => None,
                None => None,
                Some(Some(parent)) => Some(parent),
                // What it followed is lost: it follows what is left.
                Some(None) => last.clone(),
            };
            last = Some(message.id.clone());
            conversation.messages.push(message);
        }
        // Where it was before the first message, it stays there; one that is lost gives way to what is left.
        conversation.head = Head::At(head.and_then(|head| head.or(last)));
        conversation
    }

    /// Under the id of its first message: the same each time.
    fn stray(&self, messages: &[i64]) -> PortableConversation {
        let first = messages.first().and_then(|number| self.rows.get(number));
        let id = first.map_or_else(String::new, |row| row.id.clone());
        let created = first.map_or_else(Time::default, |row| row.created);
        PortableConversation { created, used: created, ..PortableConversation::of_messages(id, None, Vec::new()) }
    }

    fn message(&mut self, number: i64) -> Option<PortableMessage> {
        let query = format!("SELECT {} FROM message WHERE number = ?1", self.full_columns);
        let full = self.connection.prepare_cached(&query).and_then(|mut found| found.query_row([number], full_row));
        let row = self.rows.get(&number).filter(|row| is_id(&row.id))?;
        let mut message = full.unwrap_or_else(|_| {
            self.lost_texts += 1;
            blank(LOST_TEXT)
        });
        message.id.clone_from(&row.id);
        message.role.clone_from(&row.role);
        message.status =
            if STATUSES.contains(&row.status.as_str()) { row.status.clone() } else { "complete".to_owned() };
        message.reason.clone_from(&row.reason);
        message.created = row.created;
        if message.status == "streaming" {
            message.status = "interrupted".to_owned();
            message.reason = Some(InterruptReason::Crash.name().to_owned());
            message.text = self.deltas(number, "text");
            message.reasoning = self.deltas(number, "reasoning");
        }
        message.tool_calls = self.calls(number);
        message.attachments = self.attachments(&message.id);
        Some(message)
    }

    fn deltas(&self, message: i64, kind: &str) -> String {
        let query = "SELECT text FROM message_delta WHERE message = ?1 AND kind = ?2 ORDER BY number";
        let Ok(mut statement) = self.connection.prepare_cached(query) else { return String::new() };
        let Ok(rows) = statement.query_map((message, kind), |row| text(row, "text")) else { return String::new() };
        rows.map_while(Result::ok).flatten().collect()
    }

    /// As far as they can be read.
    fn attachments(&self, message: &str) -> Vec<PortableAttachment> {
        let read = attached::load(self.connection, &MessageId(message.to_owned()));
        read.unwrap_or_default().into_iter().map(Into::into).collect()
    }

    fn calls(&self, message: i64) -> Vec<PortableCall> {
        let mut calls = calls_in(self.connection, &self.call_columns, message);
        if let Some(gathered) = &self.gathered_calls {
            for (position, call) in calls_in(gathered, &CALL.join(", "), message) {
                calls.entry(position).or_insert(call);
            }
        }
        calls.into_values().collect()
    }
}

/// The calls of a message by their position, as far as they can be read.
fn calls_in(connection: &Connection, columns: &str, message: i64) -> BTreeMap<i64, PortableCall> {
    let query = format!("SELECT {columns}, position FROM tool_call WHERE message = ?1 ORDER BY position");
    let Ok(mut statement) = connection.prepare_cached(&query) else { return BTreeMap::new() };
    let Ok(rows) = statement.query_map([message], |row| Ok((row.get("position")?, call(row)?))) else {
        return BTreeMap::new();
    };
    rows.map_while(Result::ok).collect()
}

fn conversation(row: &Row<'_>) -> Result<(PortableConversation, i64, Option<i64>)> {
    let conversation = PortableConversation {
        id: text(row, "id")?.unwrap_or_default(),
        name: text(row, "name")?,
        title: text(row, "title")?.unwrap_or_default(),
        created: Time(row.get("created_ms").unwrap_or(0)),
        used: Time(row.get("used_ms").unwrap_or(0)),
        pinned: row.get("pinned").unwrap_or(false),
        cwd: text(row, "cwd")?,
        model: text(row, "model")?,
        head: Head::Last,
        messages: Vec::new(),
    };
    Ok((conversation, row.get("used_seq").unwrap_or(0), row.get("head").unwrap_or(None)))
}

fn light_row(row: &Row<'_>) -> Result<LightRow> {
    let role = text(row, "role")?.unwrap_or_default();
    Ok(LightRow {
        id: text(row, "id")?.unwrap_or_default(),
        conversation: row.get("conversation")?,
        parent: row.get("parent")?,
        role: Role::from_name(&role).unwrap_or(Role::User).name().to_owned(),
        status: text(row, "status")?.unwrap_or_default(),
        reason: text(row, "reason")?,
        created: Time(row.get("created_ms").unwrap_or(0)),
    })
}

fn full_row(row: &Row<'_>) -> Result<PortableMessage> {
    let packed: Option<Vec<u8>> = row.get("packed").unwrap_or(None);
    let said = match packed {
        Some(packed) => packing::unpack(&packed).unwrap_or_else(|| LOST_TEXT.to_owned()),
        None => text(row, "text")?.unwrap_or_default(),
    };
    let metrics = text(row, "metrics")?.and_then(|json| serde_json::from_str(&json).ok());
    let replay = text(row, "replay_origin")?.zip(text(row, "replay_json")?);
    Ok(PortableMessage {
        reasoning: text(row, "reasoning")?.unwrap_or_default(),
        model: text(row, "model")?,
        finish: text(row, "finish")?,
        finished: row.get::<_, Option<i64>>("finished_ms").unwrap_or(None).map(Time),
        tool_call_id: text(row, "tool_call_id")?,
        usage: PortableUsage {
            input: row.get("input_tokens").unwrap_or(None),
            output: row.get("output_tokens").unwrap_or(None),
            cached: row.get("cached_tokens").unwrap_or(None),
            cache_write: row.get("cache_write_tokens").unwrap_or(None),
            reasoning: row.get("reasoning_tokens").unwrap_or(None),
            total: row.get("total_tokens").unwrap_or(None),
            cost_usd: row.get("cost_usd").unwrap_or(None),
        },
        metrics,
        replay: replay.map(|(origin, json)| PortableReplay { origin, json }),
        ..blank(&said)
    })
}

fn call(row: &Row<'_>) -> Result<PortableCall> {
    let packed: Option<Vec<u8>> = row.get("packed_result").unwrap_or(None);
    Ok(PortableCall {
        id: text(row, "call_id")?.unwrap_or_default(),
        name: text(row, "name")?.unwrap_or_default(),
        arguments: text(row, "arguments")?.unwrap_or_default(),
        server: text(row, "server")?,
        approval: text(row, "approval")?,
        ok: row.get("ok").unwrap_or(None),
        result: match packed {
            Some(packed) => packing::unpack(&packed),
            None => text(row, "result")?,
        },
        started: row.get::<_, Option<i64>>("started_ms").unwrap_or(None).map(Time),
        finished: row.get::<_, Option<i64>>("finished_ms").unwrap_or(None).map(Time),
    })
}

fn blank(text: &str) -> PortableMessage {
    PortableMessage::new(String::new(), "", text.to_owned())
}
