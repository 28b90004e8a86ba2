//! The message store of simonw/llm from 0.32 on: messages that know the one before them, and turns that lead to some.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Result, Row};
use serde_json::Value;

use super::foreign_id::foreign_id;
use super::llm_attachments::{OF_PARTS, only_images};
use super::llm_log::{ORIGIN, has_table, number, text, time};
use super::{PortableAttachment, PortableCall, PortableMessage, PortableUsage, Time};

/// A longer way from a message to the first one is a circle.
const CHAIN_MAX: usize = 1_000_000;

pub struct LlmTurns<'a> {
    connection: &'a Connection,
    has_attachments: bool,
    /// What a message of the store became, in this conversation.
    ids: HashMap<String, String>,
}

struct Turn {
    id: String,
    /// The last message that was sent, and the last that came back.
    sent: Option<String>,
    last: Option<String>,
    model: Option<String>,
    created: Time,
    finished: Option<Time>,
    usage: PortableUsage,
}

/// A message of the store.
struct Link {
    hash: String,
    role: String,
    parent: Option<String>,
}

/// What a message holds.
struct Parts(Vec<Part>);

struct Part {
    kind: String,
    words: Option<String>,
    attachments: Vec<PortableAttachment>,
    /// All else.
    payload: Value,
}

impl<'a> LlmTurns<'a> {
    /// For the turns of one conversation, in their order.
    pub fn of(connection: &'a Connection) -> Result<Self> {
        let has_attachments = has_table(connection, "attachments")? && has_table(connection, OF_PARTS.table)?;
        Ok(Self { connection, has_attachments, ids: HashMap::new() })
    }

    /// Adds what a turn has brought. The first one brings all that stands before it, too.
    pub fn add(&mut self, row: i64, messages: &mut Vec<PortableMessage>) -> Result<()> {
        let query = "SELECT id, parent_message_hash, tip_message_hash, model, datetime_utc, duration_ms, input_tokens,
                output_tokens FROM turns WHERE rowid = ?1";
        let turn = self.connection.prepare_cached(query)?.query_row([row], Turn::read)?;
        let chain = self.chain(&turn, messages.is_empty())?;
        let before = chain.first().and_then(|first| self.ids.get(first.parent.as_deref()?).cloned());
        let mut parent = before.or_else(|| messages.last().map(|last| last.id.clone()));
        let new = new_from(&chain, &turn);
        let mut names = Names::default();
        for (place, link) in chain.iter().enumerate() {
            let kind = match link.role.as_str() {
                "system" => Some("system"),
                "assistant" => Some("response").filter(|_| place + 1 == chain.len()),
                "tool" => Some("result").filter(|_| place >= new),
                _ => Some("prompt").filter(|_| place >= new),
            };
            for message in turn.messages(link, &self.parts(&link.hash)?, kind == Some("response")) {
                let id = foreign_id(&[ORIGIN, &names.next(kind), &turn.id]);
                self.ids.insert(link.hash.clone(), id.clone());
                let parent = parent.replace(id.clone());
                messages.push(PortableMessage { id, parent, created: turn.created, ..message });
            }
        }
        Ok(())
    }

    /// The messages that are new with a turn: what was sent, and what came back; where nothing is known yet,
    /// everything up to the first.
    fn chain(&self, turn: &Turn, is_first: bool) -> Result<Vec<Link>> {
        let query = "SELECT role, parent_hash FROM messages WHERE hash = ?1";
        let mut chain = Vec::new();
        let mut is_answer = true;
        let mut seen = HashSet::new();
        let mut next = turn.last.clone();
        while let Some(hash) = next.take().filter(|hash| chain.len() < CHAIN_MAX && seen.insert(hash.clone())) {
            is_answer &= turn.sent.as_ref() != Some(&hash);
            let read = |row: &Row<'_>| Ok((text(row, 0)?.unwrap_or_default(), text(row, 1)?));
            let Some((role, parent)) = self.connection.prepare_cached(query)?.query_row([&hash], read).optional()?
            else {
                break;
            };
            if self.ids.contains_key(&hash) || !(is_first || is_answer || is_from_here(&role)) {
                break;
            }
            next = parent.clone();
            chain.push(Link { hash, role, parent });
        }
        chain.reverse();
        Ok(chain)
    }

    fn parts(&self, hash: &str) -> Result<Parts> {
        let query = "SELECT type, text, payload, id FROM parts WHERE message_hash = ?1 ORDER BY position";
        let mut statement = self.connection.prepare_cached(query)?;
        let mut rows = statement.query([hash])?;
        let mut parts = Vec::new();
        while let Some(row) = rows.next()? {
            let payload: Value = text(row, 2)?.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
            let words = match text(row, 1)? {
                Some(words) => Some(words),
                None => self.words(&payload)?,
            };
            let has_some = payload.get("attachment").or_else(|| payload.get("attachments")).is_some();
            let attachments = match number(row, 3).filter(|_| has_some && self.has_attachments) {
                Some(id) => OF_PARTS.find(self.connection, &id)?,
                None => Vec::new(),
            };
            parts.push(Part { kind: text(row, 0)?.unwrap_or_default(), words, payload, attachments });
        }
        Ok(Parts(parts))
    }

    /// The text of a part that is made of fragments, which are stored once.
    fn words(&self, payload: &Value) -> Result<Option<String>> {
        let Some(pieces) = payload["text_ref"].as_array() else {
            return Ok(payload["text"].as_str().map(str::to_owned));
        };
        let mut words = String::new();
        for piece in pieces {
            if let Some(literal) = piece["literal"].as_str() {
                words.push_str(literal);
            } else if let Some(fragment) = piece["fragment"].as_i64() {
                let query = "SELECT content FROM fragments WHERE id = ?1";
                let found =
                    self.connection.prepare_cached(query)?.query_row([fragment], |row| text(row, 0)).optional()?;
                words.push_str(&found.flatten().unwrap_or_default());
            }
        }
        Ok(Some(words))
    }
}

impl Turn {
    fn read(row: &Row<'_>) -> Result<Self> {
        let created = text(row, 4)?.map_or_else(Time::default, |written| time(&written));
        Ok(Self {
            id: text(row, 0)?.unwrap_or_default(),
            sent: text(row, 1)?,
            last: text(row, 2)?,
            model: text(row, 3)?,
            created,
            finished: number(row, 5).map(|duration| Time(created.0.saturating_add(duration))),
            usage: PortableUsage { input: number(row, 6), output: number(row, 7), ..PortableUsage::default() },
        })
    }

    /// What a stored message becomes: one, and of results of tools one each. They have no ids yet.
    fn messages(&self, link: &Link, parts: &Parts, is_response: bool) -> Vec<PortableMessage> {
        let new = |role: &str, text: String| PortableMessage::new(String::new(), role, text);
        match link.role.as_str() {
            "system" => vec![new("system", parts.text("text"))],
            "tool" => parts
                .of("tool_result")
                .map(|part| PortableMessage {
                    tool_call_id: Some(part.field("tool_call_id")),
                    attachments: only_images(part.attachments.clone()),
                    ..new("tool", part.field("output"))
                })
                .collect(),
            "assistant" => vec![PortableMessage {
                model: self.model.clone(),
                reasoning: parts.text("reasoning"),
                tool_calls: parts.calls(),
                finished: self.finished.filter(|_| is_response),
                usage: if is_response { self.usage.clone() } else { PortableUsage::default() },
                ..new("assistant", parts.text("text"))
            }],
            _ => vec![PortableMessage {
                model: self.model.clone(),
                attachments: parts.0.iter().flat_map(|part| part.attachments.clone()).collect(),
                ..new("user", parts.text("text"))
            }],
        }
    }
}

/// Whether such messages are sent, and not received.
fn is_from_here(role: &str) -> bool {
    matches!(role, "user" | "tool")
}

/// Where in the chain that begins which the turn itself has sent.
fn new_from(chain: &[Link], turn: &Turn) -> usize {
    let sent = chain.iter().position(|link| turn.sent.as_ref() == Some(&link.hash)).map_or(0, |last| last + 1);
    chain[..sent].iter().rposition(|link| !is_from_here(&link.role)).map_or(0, |before| before + 1)
}

/// The names of the messages of a turn, of which their ids are made: those that the older tables would give them, so
/// that a log which was imported before it was brought up adds nothing twice.
#[derive(Default)]
struct Names {
    count: usize,
    results: usize,
    taken: HashSet<&'static str>,
}

impl Names {
    fn next(&mut self, kind: Option<&'static str>) -> String {
        self.count += 1;
        match kind {
            Some("result") => {
                self.results += 1;
                format!("result {}", self.results - 1)
            }
            Some(kind) if self.taken.insert(kind) => kind.to_owned(),
            Some(_) | None => format!("message {}", self.count),
        }
    }
}

impl Parts {
    fn of(&self, kind: &str) -> impl Iterator<Item = &Part> {
        self.0.iter().filter(move |part| part.kind == kind)
    }

    /// All parts of this kind together.
    fn text(&self, kind: &str) -> String {
        self.of(kind).filter_map(|part| part.words.as_deref()).collect()
    }

    /// The calls that were to run here: what a provider has run on its own side is nobody's to answer.
    fn calls(&self) -> Vec<PortableCall> {
        let ours = self.of("tool_call").filter(|part| part.payload["server_executed"] != Value::Bool(true));
        ours.map(|part| PortableCall {
            id: part.field("tool_call_id"),
            name: part.field("name"),
            arguments: part.payload["arguments"].to_string(),
            ..PortableCall::default()
        })
        .collect()
    }
}

impl Part {
    fn field(&self, name: &str) -> String {
        self.payload[name].as_str().unwrap_or_default().to_owned()
    }
}
