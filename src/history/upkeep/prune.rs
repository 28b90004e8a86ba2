//! Deletes what the limits say, in steps short enough that nobody waits for them.

use std::time::{Duration, Instant};

use rusqlite::{Connection, Result, TransactionBehavior, params};

use super::plan::{Candidate, Doomed, plan};
use super::space;
use crate::conversation::{ConversationId, UnixMillis, now_ms, rfc3339};
use crate::history::owner::Owners;
use crate::history::queue::Line;
use crate::history::store::{BUSY_TIMEOUT, Durability, Store};
use crate::history::{History, HistoryError, HistorySettings, UpkeepSettings};

/// A step that takes longer than half of the 50 ms that others may wait makes the next one smaller.
const STEP_SLOW: Duration = Duration::from_millis(25);
const STEP_FAST: Duration = Duration::from_millis(8);
const MESSAGES_FIRST: u32 = 32;
const MESSAGES_MAX: u32 = 2_048;
/// A clock may be off by this much before retention distrusts it.
const CLOCK_SLACK_MS: i64 = 24 * 60 * 60 * 1000;

/// What retention has deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PruneReport {
    pub conversations: u64,
    pub messages: u64,
    /// By how much the file is shorter.
    pub bytes: i64,
    /// The longest that others had to wait.
    pub lock_max: Duration,
}

/// What would go now. Changes nothing.
pub fn prune_plan(history: &History, settings: &UpkeepSettings) -> std::result::Result<Vec<Doomed>, HistoryError> {
    find_doomed(&history.connection, history.owners.as_ref(), None, settings, now_ms())
}

/// Deletes what the limits say, and gives the space back. `progress` is told how many
/// conversations have gone, and of how many.
pub fn prune(
    settings: &HistorySettings,
    progress: &mut dyn FnMut(u64, u64),
) -> std::result::Result<PruneReport, HistoryError> {
    let path = settings.path.as_deref().ok_or(HistoryError::NotKept)?;
    if !path.exists() {
        return Ok(PruneReport::default());
    }
    let mut store = Store::open(path, settings.mmap_mb, &mut Line::of(path).wait(BUSY_TIMEOUT))?;
    store.set_synchronous(Durability::Power)?;
    let owners = Owners::beside(path);
    let before = space::bytes(store.connection())?;
    let doomed = find_doomed(store.connection(), Some(&owners), None, &settings.upkeep, now_ms())?;
    let total = doomed.len() as u64;
    let mut pruning = Pruning::new(doomed);
    while pruning.step(store.connection())? {
        progress(total - pruning.left(), total);
        store.shorten_wal();
    }
    if space::is_worth_tidying(store.connection(), pruning.report.messages)? {
        let mut is_first = true;
        while space::tidy_index(store.connection(), is_first)? {
            is_first = false;
            store.shorten_wal();
        }
    }
    while space::give_back(store.connection())? {
        store.shorten_wal();
    }
    store.shorten_wal_at_exit();
    pruning.report.bytes = before - space::bytes(store.connection())?;
    Ok(pruning.report)
}

/// The conversations that go. `own` is that of this process.
pub fn find_doomed(
    connection: &Connection,
    owners: Option<&Owners>,
    own: Option<&ConversationId>,
    settings: &UpkeepSettings,
    now: UnixMillis,
) -> std::result::Result<Vec<Doomed>, HistoryError> {
    if !(settings.unnamed.is_set() || settings.named.is_set()) {
        return Ok(Vec::new());
    }
    let newest: i64 =
        connection.query_row("SELECT coalesce(max(used_ms), 0) FROM conversation", [], |row| row.get(0))?;
    if now < newest.saturating_sub(CLOCK_SLACK_MS) {
        let day = |time| rfc3339(time).unwrap_or_else(|| format!("{time} ms"));
        return Err(HistoryError::ClockWentBack { now: day(now), newest: day(newest) });
    }
    let mut candidates = candidates(connection, owners)?;
    for candidate in &mut candidates {
        candidate.is_safe |= own.is_some_and(|own| own.0 == candidate.id);
    }
    Ok(plan(&candidates, settings, now))
}

fn candidates(connection: &Connection, owners: Option<&Owners>) -> Result<Vec<Candidate>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, used_seq, id, coalesce(name, title), used_ms, message_count, name IS NOT NULL, pinned, owner
         FROM conversation ORDER BY used_seq",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let owner: Option<String> = row.get(8)?;
        let is_alive = owner.is_some_and(|token| owners.is_some_and(|owners| owners.is_alive(&token)));
        let is_pinned: bool = row.get(7)?;
        found.push(Candidate {
            number: row.get(0)?,
            used_seq: row.get(1)?,
            id: row.get(2)?,
            title: row.get(3)?,
            used_ms: row.get(4)?,
            messages: u64::from(row.get::<_, u32>(5)?),
            is_named: row.get(6)?,
            is_safe: is_pinned || is_alive,
        });
    }
    Ok(found)
}

/// A plan on its way.
#[derive(Debug)]
pub struct Pruning {
    /// The next one is last.
    doomed: Vec<Doomed>,
    messages_at_once: u32,
    pub report: PruneReport,
}

impl Pruning {
    pub fn new(mut doomed: Vec<Doomed>) -> Self {
        doomed.reverse();
        Self { doomed, messages_at_once: MESSAGES_FIRST, report: PruneReport::default() }
    }

    pub fn left(&self) -> u64 {
        self.doomed.len() as u64
    }

    /// Deletes some messages in one transaction: those of several short conversations, or the
    /// newest of a long one, which is whole and shorter after it. False: nothing is left to do.
    pub fn step(&mut self, connection: &mut Connection) -> Result<bool> {
        if self.doomed.is_empty() {
            return Ok(false);
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let since = Instant::now();
        let mut room = i64::from(self.messages_at_once);
        while room > 0 && since.elapsed() < STEP_SLOW {
            let Some(next) = self.doomed.pop() else { break };
            let deleted = match still_there(&transaction, &next)? {
                None => 0,
                Some(count) if count <= room => {
                    delete_messages(&transaction, next.number, count)?;
                    transaction.prepare_cached("DELETE FROM conversation WHERE number = ?1")?.execute([next.number])?;
                    self.report.conversations += 1;
                    count
                }
                Some(_) => {
                    delete_messages(&transaction, next.number, room)?;
                    self.doomed.push(next);
                    room
                }
            };
            self.report.messages += u64::try_from(deleted).unwrap_or(0);
            // A conversation without messages is work too.
            room -= deleted.max(1);
        }
        transaction.commit()?;
        let locked = since.elapsed();
        self.report.lock_max = self.report.lock_max.max(locked);
        if locked > STEP_SLOW {
            self.messages_at_once = (self.messages_at_once / 2).max(1);
        } else if locked < STEP_FAST {
            self.messages_at_once = (self.messages_at_once * 2).min(MESSAGES_MAX);
        }
        Ok(true)
    }
}

/// How many messages it has; `None`: it is gone, or somebody has used or pinned it meanwhile.
fn still_there(connection: &Connection, doomed: &Doomed) -> Result<Option<i64>> {
    let query = "SELECT message_count FROM conversation WHERE number = ?1 AND id = ?2 AND used_seq = ?3 AND pinned = 0";
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query(params![doomed.number, doomed.id, doomed.used_seq])?;
    rows.next()?.map(|row| row.get(0)).transpose()
}

/// The newest go first, so that what is left is a conversation in order.
fn delete_messages(connection: &Connection, conversation: i64, count: i64) -> Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM message WHERE number IN
                 (SELECT number FROM message WHERE conversation = ?1 ORDER BY number DESC LIMIT ?2)",
        )?
        .execute([conversation, count])?;
    connection
        .prepare_cached(
            "UPDATE conversation SET head = (SELECT max(number) FROM message WHERE conversation = ?1) WHERE number = ?1",
        )?
        .execute([conversation])
        .map(drop)
}
