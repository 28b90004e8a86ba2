//! What all processes together have spent: a request reserves what it may cost, and settles what it did.

use rusqlite::{Connection, OptionalExtension, params};

use super::owner::{Owner, Owners};
use super::queue::Line;
use super::store::{BUSY_TIMEOUT, Durability, Store};
use super::{History, HistoryError, HistorySettings};
use crate::conversation::{ConversationId, UnixMillis};

/// An amount: money and tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    /// Billionths of a US dollar.
    pub cost_nano: i64,
    pub tokens: i64,
}

impl Spend {
    #[must_use]
    pub fn new(cost_usd: f64, tokens: u64) -> Self {
        Self { cost_nano: (cost_usd * 1e9).ceil() as i64, tokens: i64::try_from(tokens).unwrap_or(i64::MAX) }
    }

    #[must_use]
    pub fn cost_usd(self) -> f64 {
        self.cost_nano as f64 / 1e9
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cost_nano: self.cost_nano.saturating_add(other.cost_nano),
            tokens: self.tokens.saturating_add(other.tokens),
        }
    }

    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            cost_nano: self.cost_nano.saturating_sub(other.cost_nano),
            tokens: self.tokens.saturating_sub(other.tokens),
        }
    }
}

/// How much may be spent; `None`: as much as it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpendLimit {
    pub cost_usd: Option<f64>,
    pub tokens: Option<u64>,
}

impl SpendLimit {
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }

    /// Whether so much is within the limit.
    #[must_use]
    pub fn allows(&self, spend: Spend) -> bool {
        let limit = |max: Option<i64>, amount: i64| max.is_none_or(|max| amount <= max);
        limit(self.cost_usd.map(|usd| Spend::new(usd, 0).cost_nano), spend.cost_nano)
            && limit(self.tokens.map(|tokens| i64::try_from(tokens).unwrap_or(i64::MAX)), spend.tokens)
    }
}

/// The limits that hold for all processes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SharedLimits {
    /// Of a day (UTC).
    pub day: SpendLimit,
    pub conversation: SpendLimit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetScope {
    Day,
    Conversation,
}

impl BudgetScope {
    fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Conversation => "conversation",
        }
    }
}

/// A reservation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    pub scope: BudgetScope,
    pub spent: Spend,
    /// What requests under way may still cost.
    pub reserved: Spend,
}

/// A row of what is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation(i64);

/// The right to reserve. Holds a lock file, so that others can tell when this process dies.
pub struct Ledger {
    store: Store,
    line: Line,
    owners: Owners,
    owner: Owner,
}

/// The day (UTC) of a time, as in `2026-01-31`.
#[must_use]
pub fn day_of(time: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(time).unwrap_or_default().strftime("%Y-%m-%d").to_string()
}

impl Ledger {
    /// Opens the history for writing, and migrates it where needed.
    pub fn open(settings: &HistorySettings) -> Result<Self, HistoryError> {
        let path = settings.path.as_ref().ok_or(HistoryError::NotKept)?;
        let line = Line::of(path);
        let mut store = Store::open(path, settings.mmap_mb, &mut line.wait(BUSY_TIMEOUT))?;
        store.set_synchronous(Durability::Process)?;
        let owners = Owners::beside(path);
        Ok(Self { store, line, owner: owners.enter(), owners })
    }

    /// Reserves in one step with the look at what is spent: of several at once no two get the last of it.
    pub fn reserve(
        &mut self,
        conversation: &ConversationId,
        wanted: Spend,
        limits: &SharedLimits,
        now: UnixMillis,
    ) -> Result<Result<Reservation, Exhausted>, HistoryError> {
        let mut wait = self.line.wait(BUSY_TIMEOUT);
        let transaction = wait.begin(self.store.connection())?;
        release_dead(&transaction, &self.owners, &self.owner.token)?;
        let day = day_of(now);
        let scopes =
            [(BudgetScope::Day, &day, limits.day), (BudgetScope::Conversation, &conversation.0, limits.conversation)];
        for (scope, key, limit) in scopes {
            let spent = spent(&transaction, scope, key)?;
            let reserved = reserved(&transaction, scope, key)?;
            if !limit.allows(spent.plus(reserved).plus(wanted)) {
                // Reservations of the dead are gone all the same.
                transaction.commit()?;
                return Ok(Err(Exhausted { scope, spent, reserved }));
            }
        }
        // Sums of conversations are kept where they are limited: a batch has one for each row.
        let counted = if limits.conversation.is_set() { conversation.0.as_str() } else { "" };
        transaction.execute(
            "INSERT INTO reservation (owner, day, conversation, cost_nano, tokens) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![self.owner.token, day, counted, wanted.cost_nano, wanted.tokens],
        )?;
        let reservation = Reservation(transaction.last_insert_rowid());
        transaction.commit()?;
        Ok(Ok(reservation))
    }

    /// Puts what was spent in the place of what was reserved.
    pub fn settle(&mut self, Reservation(number): Reservation, spend: Spend) -> Result<(), HistoryError> {
        let mut wait = self.line.wait(BUSY_TIMEOUT);
        let transaction = wait.begin(self.store.connection())?;
        let row = transaction
            .query_row("DELETE FROM reservation WHERE number = ?1 RETURNING day, conversation", [number], |row| {
                <(String, String)>::try_from(row)
            })
            .optional()?;
        // Somebody took us for dead: what was spent counts for today.
        let (day, conversation) = row.unwrap_or_else(|| (day_of(crate::conversation::now_ms()), String::new()));
        let scopes = [(BudgetScope::Day, day), (BudgetScope::Conversation, conversation)];
        for (scope, key) in scopes.into_iter().filter(|(_, key)| !key.is_empty()) {
            transaction.execute(
                "INSERT INTO spending (scope, key, cost_nano, tokens) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (scope, key) DO UPDATE SET cost_nano = cost_nano + excluded.cost_nano,
                     tokens = tokens + excluded.tokens",
                params![scope.name(), key, spend.cost_nano, spend.tokens],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }
}

impl History {
    /// What was spent on a day, as far as a budget was set. Requests under way are not in it.
    pub fn spent_on(&self, day: &str) -> Result<Spend, HistoryError> {
        if !self.connection.table_exists(None, "spending")? {
            return Ok(Spend::default());
        }
        spent(&self.connection, BudgetScope::Day, day)
    }
}

fn release_dead(connection: &Connection, owners: &Owners, own: &str) -> Result<(), HistoryError> {
    let mut tokens = connection.prepare_cached("SELECT DISTINCT owner FROM reservation WHERE owner <> ?1")?;
    let all = tokens.query_map([own], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    for token in all.iter().filter(|token| !owners.is_alive(token)) {
        connection.execute("DELETE FROM reservation WHERE owner = ?1", [token])?;
    }
    Ok(())
}

fn spent(connection: &Connection, scope: BudgetScope, key: &str) -> Result<Spend, HistoryError> {
    let mut sum = connection.prepare_cached("SELECT cost_nano, tokens FROM spending WHERE scope = ?1 AND key = ?2")?;
    let row = sum.query_row([scope.name(), key], |row| Ok(Spend { cost_nano: row.get(0)?, tokens: row.get(1)? }));
    Ok(row.optional()?.unwrap_or_default())
}

fn reserved(connection: &Connection, scope: BudgetScope, key: &str) -> Result<Spend, HistoryError> {
    let sums = match scope {
        BudgetScope::Day => {
            "SELECT coalesce(sum(cost_nano), 0), coalesce(sum(tokens), 0) FROM reservation WHERE day = ?1"
        }
        BudgetScope::Conversation => {
            "SELECT coalesce(sum(cost_nano), 0), coalesce(sum(tokens), 0) FROM reservation WHERE conversation = ?1"
        }
    };
    let mut sum = connection.prepare_cached(sums)?;
    Ok(sum.query_row([key], |row| Ok(Spend { cost_nano: row.get(0)?, tokens: row.get(1)? }))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(folder: &tempfile::TempDir) -> HistorySettings {
        HistorySettings { path: Some(folder.path().join("history.db")), ..HistorySettings::default() }
    }

    fn day(cost_usd: f64) -> SharedLimits {
        SharedLimits { day: SpendLimit { cost_usd: Some(cost_usd), tokens: None }, ..SharedLimits::default() }
    }

    const NOW: UnixMillis = 1_800_000_000_000;

    #[test]
    fn what_is_reserved_counts_until_it_is_settled_with_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&settings(&folder)).unwrap();
        let (id, limits) = (ConversationId("c".to_owned()), day(0.10));
        let cents = |cents: f64| Spend::new(cents / 100.0, 5);
        let first = ledger.reserve(&id, cents(6.0), &limits, NOW).unwrap().unwrap();
        let refused = ledger.reserve(&id, cents(5.0), &limits, NOW).unwrap().unwrap_err();
        assert_eq!(refused, Exhausted { scope: BudgetScope::Day, spent: Spend::default(), reserved: cents(6.0) });
        ledger.settle(first, cents(2.0)).unwrap();
        let second = ledger.reserve(&id, cents(8.0), &limits, NOW).unwrap().unwrap();
        ledger.settle(second, cents(8.0)).unwrap();
        assert!(ledger.reserve(&id, cents(0.1), &limits, NOW).unwrap().is_err());
        // Tomorrow is another day.
        assert!(ledger.reserve(&id, cents(1.0), &limits, NOW + 86_400_000).unwrap().is_ok());
        let history = History::open_read(&settings(&folder)).unwrap();
        assert_eq!(history.spent_on(&day_of(NOW)).unwrap(), Spend { cost_nano: 100_000_000, tokens: 10 });
    }

    #[test]
    fn each_conversation_has_its_own_sum() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&settings(&folder)).unwrap();
        let limit = SpendLimit { cost_usd: None, tokens: Some(10) };
        let limits = SharedLimits { conversation: limit, ..SharedLimits::default() };
        let [one, other] = ["a", "b"].map(|id| ConversationId(id.to_owned()));
        assert!(ledger.reserve(&one, Spend::new(0.0, 9), &limits, NOW).unwrap().is_ok());
        let refused = ledger.reserve(&one, Spend::new(0.0, 2), &limits, NOW).unwrap().unwrap_err();
        assert_eq!((refused.scope, refused.reserved.tokens), (BudgetScope::Conversation, 9));
        assert!(ledger.reserve(&other, Spend::new(0.0, 9), &limits, NOW).unwrap().is_ok());
    }

    #[test]
    fn the_reservations_of_the_dead_are_released() {
        let folder = tempfile::tempdir().unwrap();
        let id = ConversationId("c".to_owned());
        let mut dead = Ledger::open(&settings(&folder)).unwrap();
        let mut alive = Ledger::open(&settings(&folder)).unwrap();
        dead.reserve(&id, Spend::new(0.1, 1), &day(0.1), NOW).unwrap().unwrap();
        assert!(alive.reserve(&id, Spend::new(0.1, 1), &day(0.1), NOW).unwrap().is_err());
        drop(dead);
        assert!(alive.reserve(&id, Spend::new(0.1, 1), &day(0.1), NOW).unwrap().is_ok());
    }
}
