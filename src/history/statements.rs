//! Facts to rows: the SQL of the writer. Every function may run twice with the same fact.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::sums::{self, EndedCall, EndedTurn};
use super::{DeltaKind, Entry, Place, ReplyEnd, ToolEnd, ToolStart, answers, attached, fork};
use crate::conversation::{ConversationId, Message, MessageId, MessageStatus, Role, ToolCall, UnixMillis, Usage};

/// The title of a conversation is cut here.
const TITLE_CHARS_MAX: usize = 80;

/// The status of a reply that is not at its end.
const STREAMING: &str = "streaming";

/// What the writer stores: an entry, or some more of a running reply.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "as with the entries themselves")]
pub enum Fact {
    Entry(Entry),
    Deltas(Deltas),
}

/// Text of a running reply, as one hand-over of the buffer or several together.
#[derive(Clone, Debug)]
pub struct Deltas {
    pub reply: MessageId,
    pub text: String,
    pub reasoning: String,
}

/// Writes a fact. `owner` is the token of this process.
pub fn apply(connection: &Connection, fact: &Fact, owner: &str) -> Result<()> {
    match fact {
        Fact::Deltas(deltas) => add_deltas(connection, deltas),
        Fact::Entry(entry) => apply_entry(connection, entry, owner),
    }
}

fn apply_entry(connection: &Connection, entry: &Entry, owner: &str) -> Result<()> {
    match entry {
        Entry::ConversationStarted { id, name, created_ms } => {
            start_conversation(connection, id, name.as_deref(), *created_ms)
        }
        Entry::ConversationRenamed { conversation, name } => connection
            .prepare_cached(
                "UPDATE conversation SET name = ?2 WHERE id = ?1
                     AND NOT EXISTS (SELECT 1 FROM conversation WHERE name = ?2 AND id <> ?1)",
            )?
            .execute(params![conversation.0, name])
            .map(drop),
        Entry::ConversationOpened { conversation, place } => open_conversation(connection, conversation, place, owner),
        Entry::ConversationLeft { conversation } => connection
            .prepare_cached("UPDATE conversation SET owner = NULL WHERE id = ?1 AND owner = ?2")?
            .execute(params![conversation.0, owner])
            .map(drop),
        Entry::ConversationPinned { conversation, pinned } => connection
            .prepare_cached("UPDATE conversation SET pinned = ?2 WHERE id = ?1")?
            .execute(params![conversation.0, pinned])
            .map(drop),
        Entry::ConversationForked(fork) => fork::copy(connection, fork),
        Entry::HeadMoved { conversation, head } => connection
            .prepare_cached("UPDATE conversation SET head = (SELECT number FROM message WHERE id = ?2) WHERE id = ?1")?
            .execute(params![conversation.0, head.as_ref().map(|id| &id.0)])
            .map(drop),
        Entry::MessageAdded { conversation, message } => add_message(connection, conversation, message),
        Entry::ReplyStarted { conversation, reply, parent, model, created_ms } => {
            let mut row =
                Message::new(reply.clone(), Some(parent.clone()), Role::Assistant, String::new(), *created_ms);
            row.status = MessageStatus::Streaming;
            row.model = Some(model.clone());
            let conversation = conversation_number(connection, conversation, *created_ms)?;
            insert_message(connection, conversation, &row, Some(owner))?;
            connection
                .prepare_cached("UPDATE conversation SET owner = ?2 WHERE number = ?1")?
                .execute(params![conversation, owner])?;
            use_conversation(connection, conversation, &row)
        }
        Entry::ReplyEnded(end) => end_reply(connection, end),
        Entry::ToolStarted(start) => start_tool(connection, start),
        Entry::ToolFinished(end) => finish_tool(connection, end),
        Entry::AnswerMatched(matched) => answers::match_answer(connection, matched),
        Entry::AnswerKept(kept) => answers::keep(connection, kept),
        Entry::PromptTyped { text, cwd, typed_ms } => connection
            .prepare_cached("INSERT INTO prompt_history (created_ms, cwd, text) VALUES (?1, ?2, ?3)")?
            .execute(params![typed_ms, cwd, text])
            .map(drop),
    }
}

/// Without its name where another one has it: of two that begin at once, one is faster.
pub fn start_conversation(
    connection: &Connection,
    id: &ConversationId,
    name: Option<&str>,
    created_ms: UnixMillis,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO conversation (id, name, created_ms, used_ms, used_seq)
             VALUES (?1, (SELECT ?2 WHERE NOT EXISTS (SELECT 1 FROM conversation WHERE name = ?2 AND id <> ?1)),
                 ?3, ?3, (SELECT coalesce(max(used_seq), 0) + 1 FROM conversation))
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![id.0, name, created_ms])
        .map(drop)
}

fn open_conversation(connection: &Connection, id: &ConversationId, place: &Place, owner: &str) -> Result<()> {
    let owner = Some(owner).filter(|owner| !owner.is_empty());
    connection
        .prepare_cached("UPDATE conversation SET terminal = ?2, cwd = ?3, owner = ?4 WHERE id = ?1")?
        .execute(params![id.0, place.terminal, place.folder, owner])
        .map(drop)
}

/// The row of a conversation. One that was removed meanwhile by another process comes back.
fn conversation_number(connection: &Connection, id: &ConversationId, now: UnixMillis) -> Result<i64> {
    const FIND: &str = "SELECT number FROM conversation WHERE id = ?1";
    let find = || connection.prepare_cached(FIND)?.query_row([&id.0], |row| row.get(0)).optional();
    if let Some(number) = find()? {
        return Ok(number);
    }
    start_conversation(connection, id, None, now)?;
    find()?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

fn add_message(connection: &Connection, conversation: &ConversationId, message: &Message) -> Result<()> {
    let conversation = conversation_number(connection, conversation, message.created_ms)?;
    insert_message(connection, conversation, message, None)?;
    put_tool_calls(connection, &message.id, &message.tool_calls)?;
    attached::put(connection, &message.id, &message.attachments)?;
    if message.role == Role::User {
        connection
            .prepare_cached("UPDATE conversation SET title = ?2 WHERE number = ?1 AND title = ''")?
            .execute(params![conversation, title_of(message)])?;
    }
    use_conversation(connection, conversation, message)
}

fn insert_message(connection: &Connection, conversation: i64, message: &Message, owner: Option<&str>) -> Result<()> {
    let (status, reason) = status_columns(&message.status);
    let usage = UsageColumns::of(message.usage.as_ref());
    connection
        .prepare_cached(
            "INSERT INTO message (id, conversation, parent, role, status, reason, owner, model, tool_call_id,
                 created_ms, replay_origin, replay_json, text, reasoning, input_tokens, output_tokens,
                 cached_tokens, cache_write_tokens, reasoning_tokens, total_tokens, cost_usd)
             VALUES (?1, ?2, (SELECT number FROM message WHERE id = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
                 ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            message.id.0,
            conversation,
            message.parent.as_ref().map(|id| &id.0),
            message.role.name(),
            status,
            reason,
            owner,
            message.model,
            message.tool_call_id,
            message.created_ms,
            message.replay.as_ref().map(|replay| &replay.origin),
            message.replay.as_ref().map(|replay| &replay.json),
            message.text,
            message.reasoning,
            usage.input,
            usage.output,
            usage.cached,
            usage.cache_write,
            usage.reasoning,
            usage.total,
            usage.cost_usd,
        ])
        .map(drop)
}

/// Makes a message the head of its conversation, and the conversation the last used one.
fn use_conversation(connection: &Connection, conversation: i64, message: &Message) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE conversation SET head = (SELECT number FROM message WHERE id = ?2),
                 used_ms = max(used_ms, ?3), model = coalesce(?4, model),
                 used_seq = (SELECT max(used_seq) + 1 FROM conversation)
             WHERE number = ?1",
        )?
        .execute(params![conversation, message.id.0, message.created_ms, message.model])
        .map(drop)
}

fn add_deltas(connection: &Connection, deltas: &Deltas) -> Result<()> {
    for (kind, text) in [(DeltaKind::Reasoning, &deltas.reasoning), (DeltaKind::Text, &deltas.text)] {
        if !text.is_empty() {
            connection
                .prepare_cached(
                    "INSERT INTO message_delta (message, kind, text)
                     SELECT number, ?2, ?3 FROM message WHERE id = ?1 AND status = 'streaming'",
                )?
                .execute(params![deltas.reply.0, kind.name(), text])?;
        }
    }
    Ok(())
}

fn end_reply(connection: &Connection, end: &ReplyEnd) -> Result<()> {
    let status = status_of(connection, &end.reply)?;
    if status.is_none() {
        // Its conversation was removed while it was streaming: the answer is not lost with it.
        let mut row = Message::new(end.reply.clone(), None, Role::Assistant, String::new(), end.finished_ms);
        row.status = MessageStatus::Streaming;
        let conversation = conversation_number(connection, &end.conversation, end.finished_ms)?;
        insert_message(connection, conversation, &row, None)?;
        use_conversation(connection, conversation, &row)?;
    }
    // First, so that the text goes into the pages which the deltas leave.
    connection
        .prepare_cached("DELETE FROM message_delta WHERE message = (SELECT number FROM message WHERE id = ?1)")?
        .execute([&end.reply.0])?;
    update_ended(connection, end)?;
    if status.is_none_or(|status| status == STREAMING) {
        index_ended(connection, &end.reply)?;
        let turn = EndedTurn {
            conversation: &end.conversation.0,
            model: &model_of(connection, &end.reply)?,
            status: &end.status,
            usage: end.usage.as_ref(),
            metrics: &end.metrics,
            finished_ms: end.finished_ms,
        };
        sums::count_turn(connection, &turn)?;
    }
    put_tool_calls(connection, &end.reply, &end.tool_calls)
}

/// `provider:model`; empty where nobody knows.
fn model_of(connection: &Connection, id: &MessageId) -> Result<String> {
    connection
        .prepare_cached("SELECT coalesce(model, '') FROM message WHERE id = ?1")?
        .query_row([&id.0], |row| row.get(0))
}

/// The column `status`; `None` where there is no such message.
fn status_of(connection: &Connection, id: &MessageId) -> Result<Option<String>> {
    connection
        .prepare_cached("SELECT status FROM message WHERE id = ?1")?
        .query_row([&id.0], |row| row.get(0))
        .optional()
}

/// Makes the words of a reply that was streaming until now searchable. For all other changes
/// the triggers do.
pub fn index_ended(connection: &Connection, reply: &MessageId) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO message_search (rowid, text)
             SELECT number, text FROM searchable WHERE number = (SELECT number FROM message WHERE id = ?1)",
        )?
        .execute([&reply.0])?;
    connection
        .prepare_cached(
            "INSERT INTO detail_search (rowid, reasoning, tool)
             SELECT number, reasoning, tool FROM searchable_details
             WHERE number = (SELECT number FROM message WHERE id = ?1)
                 AND number >= (SELECT detail_from FROM search_state)",
        )?
        .execute([&reply.0])
        .map(drop)
}

fn update_ended(connection: &Connection, end: &ReplyEnd) -> Result<()> {
    let (status, reason) = status_columns(&end.status);
    let usage = UsageColumns::of(end.usage.as_ref());
    connection
        .prepare_cached(
            "UPDATE message SET status = ?2, reason = ?3, owner = NULL, text = ?4, reasoning = ?5, finish = ?6,
                 finished_ms = ?7, replay_origin = ?8, replay_json = ?9, metrics = ?10, input_tokens = ?11,
                 output_tokens = ?12, cached_tokens = ?13, cache_write_tokens = ?14, reasoning_tokens = ?15,
                 total_tokens = ?16, cost_usd = ?17
             WHERE id = ?1",
        )?
        .execute(params![
            end.reply.0,
            status,
            reason,
            end.text,
            end.reasoning,
            end.finish,
            end.finished_ms,
            end.replay.as_ref().map(|replay| &replay.origin),
            end.replay.as_ref().map(|replay| &replay.json),
            serde_json::to_string(&end.metrics).ok(),
            usage.input,
            usage.output,
            usage.cached,
            usage.cache_write,
            usage.reasoning,
            usage.total,
            usage.cost_usd,
        ])
        .map(drop)
}

fn put_tool_calls(connection: &Connection, message: &MessageId, calls: &[ToolCall]) -> Result<()> {
    for (position, call) in (0_i64..).zip(calls) {
        connection
            .prepare_cached(
                "INSERT INTO tool_call (message, position, call_id, name, arguments)
                 SELECT number, ?2, ?3, ?4, ?5 FROM message WHERE id = ?1
                 ON CONFLICT (message, position) DO NOTHING",
            )?
            .execute(params![message.0, position, call.id, call.name, call.arguments])?;
    }
    Ok(())
}

fn start_tool(connection: &Connection, start: &ToolStart) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE tool_call SET server = ?3, approval = ?4, arguments = coalesce(?5, arguments), started_ms = ?6
             WHERE message = (SELECT number FROM message WHERE id = ?1) AND call_id = ?2",
        )?
        .execute(params![start.reply.0, start.call_id, start.server, start.approval, start.arguments, start.started_ms])
        .map(drop)
}

fn finish_tool(connection: &Connection, end: &ToolEnd) -> Result<()> {
    count_tool(connection, end)?;
    connection
        .prepare_cached(
            "UPDATE tool_call SET ok = ?3, result = ?4, finished_ms = ?5
             WHERE message = (SELECT number FROM message WHERE id = ?1) AND call_id = ?2",
        )?
        .execute(params![end.reply.0, end.call_id, end.ok, end.result, end.finished_ms])
        .map(drop)
}

/// Counts a call that had no result until now.
fn count_tool(connection: &Connection, end: &ToolEnd) -> Result<()> {
    let open = connection
        .prepare_cached(
            "SELECT coalesce(t.server || '/', '') || t.name, coalesce(t.started_ms, ?3), coalesce(m.model, '')
             FROM tool_call AS t JOIN message AS m ON m.number = t.message
             WHERE m.id = ?1 AND t.call_id = ?2 AND t.finished_ms IS NULL",
        )?
        .query_row(params![end.reply.0, end.call_id, end.finished_ms], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    let Some((tool, started_ms, model)) = open else { return Ok(()) };
    let call = EndedCall {
        conversation: &end.conversation.0,
        model: &model,
        tool: &tool,
        ok: end.ok,
        started_ms,
        finished_ms: end.finished_ms,
    };
    sums::count_call(connection, &call)
}

/// The columns `status` and `reason`.
fn status_columns(status: &MessageStatus) -> (&'static str, Option<&str>) {
    match status {
        MessageStatus::Streaming => (STREAMING, None),
        MessageStatus::Complete => ("complete", None),
        MessageStatus::Interrupted(reason) => ("interrupted", Some(reason.name())),
        MessageStatus::Error(class) => ("error", Some(class)),
    }
}

/// Counts as SQLite takes them: a count beyond its integers is as good as none.
#[derive(Default)]
struct UsageColumns {
    input: Option<i64>,
    output: Option<i64>,
    cached: Option<i64>,
    cache_write: Option<i64>,
    reasoning: Option<i64>,
    total: Option<i64>,
    cost_usd: Option<f64>,
}

impl UsageColumns {
    fn of(usage: Option<&Usage>) -> Self {
        let count = |tokens: Option<u64>| tokens.and_then(|tokens| i64::try_from(tokens).ok());
        usage.map_or_else(Self::default, |usage| Self {
            input: count(usage.input),
            output: count(usage.output),
            cached: count(usage.cached),
            cache_write: count(usage.cache_write),
            reasoning: count(usage.reasoning),
            total: count(usage.total),
            cost_usd: usage.cost_usd,
        })
    }
}

/// Of a prompt without words: what goes along with it.
fn title_of(message: &Message) -> String {
    match message.attachments.first() {
        Some(first) if message.text.trim().is_empty() => title(first.name()),
        Some(_) | None => title(&message.text),
    }
}

/// The first words of a prompt, on one line.
pub fn title(prompt: &str) -> String {
    let words: Vec<_> = prompt.split_whitespace().take(TITLE_CHARS_MAX).collect();
    let line = words.join(" ");
    if line.chars().nth(TITLE_CHARS_MAX).is_none() {
        return line;
    }
    line.chars().take(TITLE_CHARS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(title("  What\n is\tthis? "), "What is this?");
        assert_eq!(title(" \n"), "");
        assert_eq!(title(&"x".repeat(80)), "x".repeat(80));
        assert_eq!(title(&"é".repeat(81)), format!("{}…", "é".repeat(79)));
        assert_eq!(title(&"word ".repeat(100)).chars().count(), 79 + 1);
    }
}
