//! What a session may spend: reserved before a request, settled after it with what it really was.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::context::{ANSWER_TOKENS, tokens_of};
use super::outcome::ReplyEnding;
use super::{Cancel, Frontend, NoticeLevel, Session, TurnEvent};
use crate::conversation::{ConversationId, ReplyBuilder, Usage, now_ms};
use crate::history::{
    BudgetScope, Exhausted, HistoryError, HistorySettings, Ledger, Reservation, SharedLimits, Spend, SpendLimit,
};
use crate::provider::{ErrorKind, Price, ProviderError};

/// Guesses of the size of a prompt are raised by this: a request shall rarely cost more than was reserved for it.
const GUESS_MARGIN: f64 = 1.5;

/// The limits of all requests of this process; cloned, it is the same one.
#[derive(Clone)]
pub struct Budget(Rc<Inner>);

struct Inner {
    /// Of this process alone.
    run: SpendLimit,
    shared: SharedLimits,
    place: HistorySettings,
    /// Opened with the first request; on other threads while it waits for the disk.
    ledger: Arc<Mutex<Option<Ledger>>>,
    spent: Cell<Spend>,
    reserved: Cell<Spend>,
    under_way: Cell<u32>,
    settled: Notify,
    /// One reservation at a time.
    turn: tokio::sync::Mutex<()>,
    /// Models whose price is not known, told once.
    unpriced: RefCell<Vec<String>>,
}

/// A request under way.
struct Hold {
    budget: Budget,
    wanted: Spend,
    reservation: Option<Reservation>,
    is_settled: bool,
}

/// A request as far as it costs something.
struct Estimate<'a> {
    model: &'a str,
    price: Option<&'a Price>,
    /// A guess.
    input_tokens: u64,
    /// At most.
    output_tokens: u64,
}

impl Estimate<'_> {
    fn spend(&self) -> Spend {
        let input = (self.input_tokens as f64 * GUESS_MARGIN).ceil() as u64;
        let usage = Usage { input: Some(input), output: Some(self.output_tokens), ..Usage::default() };
        let cost = self.price.and_then(|price| price.cost_usd(&usage));
        Spend::new(cost.unwrap_or(0.0), input.saturating_add(self.output_tokens))
    }
}

impl Budget {
    /// `None` where nothing limits anything. `place`: the history that holds the sums of all processes.
    #[must_use]
    pub fn new(run: SpendLimit, shared: SharedLimits, place: HistorySettings) -> Option<Self> {
        let is_set = run.is_set() || shared.day.is_set() || shared.conversation.is_set();
        is_set.then(|| {
            Self(Rc::new(Inner {
                run,
                shared,
                place,
                ledger: Arc::default(),
                spent: Cell::default(),
                reserved: Cell::default(),
                under_way: Cell::default(),
                settled: Notify::new(),
                turn: tokio::sync::Mutex::default(),
                unpriced: RefCell::default(),
            }))
        })
    }

    /// Says once for each model that its cost cannot be held to a limit.
    fn warning(&self, estimate: &Estimate<'_>) -> Option<String> {
        let Inner { run, shared, unpriced, .. } = &*self.0;
        let limits_cost = [run, &shared.day, &shared.conversation].iter().any(|limit| limit.cost_usd.is_some());
        let is_news = limits_cost && estimate.price.is_none() && !unpriced.borrow().iter().any(|m| m == estimate.model);
        is_news.then(|| {
            unpriced.borrow_mut().push(estimate.model.to_owned());
            format!(
                "the price of {} is not known: before a request only tokens are held to the budget, not its cost",
                estimate.model
            )
        })
    }

    /// Sets aside what a request may cost. Where only requests of this process are in the way it waits for them.
    async fn reserve(
        &self,
        conversation: &ConversationId,
        estimate: &Estimate<'_>,
        cancel: &mut Cancel,
    ) -> Result<Hold, ReplyEnding> {
        let wanted = estimate.spend();
        loop {
            let refusal = match self.try_reserve(conversation, wanted).await.map_err(ReplyEnding::Failed)? {
                Ok(hold) => return Ok(hold),
                Err(refusal) => refusal,
            };
            let may_pass = refusal.limit.allows(refusal.spent.plus(wanted));
            if !may_pass || self.0.under_way.get() == 0 {
                return Err(ReplyEnding::Failed(refusal.into_error(wanted)));
            }
            // One thread: nothing settles between the look and the wait.
            tokio::select! {
                cause = cancel.cancelled() => return Err(ReplyEnding::Cancelled(cause)),
                () = self.0.settled.notified() => {}
            }
        }
    }

    async fn try_reserve(
        &self,
        conversation: &ConversationId,
        wanted: Spend,
    ) -> Result<Result<Hold, Refusal>, ProviderError> {
        let Inner { run, shared, spent, reserved, under_way, turn, .. } = &*self.0;
        let _turn = turn.lock().await;
        if !run.allows(spent.get().plus(reserved.get()).plus(wanted)) {
            let (spent, reserved) = (spent.get(), reserved.get());
            return Ok(Err(Refusal { what: "this run", how: RAISE_RUN, limit: *run, spent, reserved }));
        }
        let mut reservation = None;
        if shared.day.is_set() || shared.conversation.is_set() {
            let (limits, conversation) = (*shared, conversation.clone());
            let reserve = move |ledger: &mut Ledger| ledger.reserve(&conversation, wanted, &limits, now_ms());
            match self.with_ledger(reserve).await.map_err(|error| unusable(&error))? {
                Ok(reserved) => reservation = Some(reserved),
                Err(exhausted) => return Ok(Err(self.refusal(exhausted))),
            }
        }
        reserved.set(reserved.get().plus(wanted));
        under_way.set(under_way.get() + 1);
        Ok(Ok(Hold { budget: self.clone(), wanted, reservation, is_settled: false }))
    }

    fn refusal(&self, Exhausted { scope, spent, reserved }: Exhausted) -> Refusal {
        let SharedLimits { day, conversation } = self.0.shared;
        let (what, how, limit) = match scope {
            BudgetScope::Day => ("today", RAISE_DAY, day),
            BudgetScope::Conversation => ("this conversation", RAISE_CONVERSATION, conversation),
        };
        Refusal { what, how, limit, spent, reserved }
    }

    async fn with_ledger<T: Send + 'static>(
        &self,
        action: impl FnOnce(&mut Ledger) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let (ledger, place) = (Arc::clone(&self.0.ledger), self.0.place.clone());
        let work = move || {
            let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            if ledger.is_none() {
                *ledger = Some(Ledger::open(&place)?);
            }
            ledger.as_mut().map_or(Err(HistoryError::NotKept), action)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(HistoryError::NotKept),
        }
    }
}

impl Hold {
    /// The request is over. `guess` counts where the provider told nothing of a reply that came.
    async fn settle(mut self, usage: Option<&Usage>, guess: Spend) -> Result<(), ProviderError> {
        let spend = usage.map_or(guess, spend_of);
        self.release(spend);
        let Some(reservation) = self.reservation.take() else { return Ok(()) };
        let settle = move |ledger: &mut Ledger| ledger.settle(reservation, spend);
        self.budget.with_ledger(settle).await.map_err(|error| unusable(&error))
    }

    fn release(&mut self, spend: Spend) {
        if !std::mem::replace(&mut self.is_settled, true) {
            let Inner { spent, reserved, under_way, settled, .. } = &*self.budget.0;
            under_way.set(under_way.get().saturating_sub(1));
            reserved.set(reserved.get().minus(self.wanted));
            spent.set(spent.get().plus(spend));
            settled.notify_waiters();
        }
    }
}

impl Drop for Hold {
    /// A request that is left, as with the second Ctrl-C: this process ends, and with it its reservations.
    fn drop(&mut self) {
        self.release(Spend::default());
    }
}

impl Session {
    /// Sets aside what the next request may cost; nothing where nothing limits it.
    pub(super) async fn hold_budget(
        &mut self,
        front: &mut dyn Frontend,
        cancel: &mut Cancel,
    ) -> Result<Option<Held>, ReplyEnding> {
        let Some(budget) = self.budget.clone() else { return Ok(None) };
        let input_tokens = self.context_gauge().0.total();
        let output_tokens = self.model.parameters.max_tokens.unwrap_or_else(|| self.answer_tokens());
        let price = self.model.facts.price;
        let estimate = Estimate { model: &self.model.label, price: price.as_ref(), input_tokens, output_tokens };
        if let Some(message) = budget.warning(&estimate) {
            front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "budget_price", message: &message });
        }
        let hold = budget.reserve(&self.conversation, &estimate, cancel).await?;
        Ok(Some(Held { hold, price, input_tokens }))
    }

    /// The same for a request beside the turn, as for a summary. It never waits: what is in the way can be the turn
    /// itself. The error says why it is not sent.
    pub(super) async fn hold_aside(&self, input: &str, output_tokens: Option<u64>) -> Result<Option<Held>, String> {
        let Some(budget) = self.budget.clone() else { return Ok(None) };
        let input_tokens = tokens_of(input);
        let output_tokens = output_tokens.unwrap_or_else(|| self.answer_tokens());
        let price = self.model.facts.price;
        let estimate = Estimate { model: &self.model.label, price: price.as_ref(), input_tokens, output_tokens };
        let wanted = estimate.spend();
        match budget.try_reserve(&self.conversation, wanted).await.map_err(|error| error.message)? {
            Ok(hold) => Ok(Some(Held { hold, price, input_tokens })),
            Err(refusal) => Err(refusal.into_error(wanted).message),
        }
    }

    /// Tokens of an answer that nothing limits, as they are set aside.
    fn answer_tokens(&self) -> u64 {
        self.model.facts.output.unwrap_or(ANSWER_TOKENS).min(ANSWER_TOKENS)
    }

    /// What the reply has cost, where the provider does not say it.
    pub(super) fn price_usage(&self, usage: &mut Option<Usage>) {
        if let (Some(usage), Some(price)) = (usage, &self.model.facts.price) {
            usage.cost_usd = usage.cost_usd.or_else(|| price.cost_usd(usage));
        }
    }
}

/// What is set aside for a request, and what is needed to guess its cost where nobody counts.
pub struct Held {
    hold: Hold,
    price: Option<Price>,
    input_tokens: u64,
}

impl Held {
    /// The reply is over. One that never began has cost nothing.
    pub(super) async fn settle(self, reply: &ReplyBuilder, front: &mut dyn Frontend) {
        let guess = if reply.is_empty() {
            Spend::default()
        } else {
            let output = tokens_of(&reply.text) + tokens_of(&reply.reasoning);
            guessed_spend(self.price.as_ref(), self.input_tokens, output)
        };
        if let Err(error) = self.hold.settle(reply.usage.as_ref(), guess).await {
            let message = error.message;
            front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "budget", message: &message });
        }
    }
}

/// What a reply has cost, as the provider counts it.
fn spend_of(usage: &Usage) -> Spend {
    let sum = usage.input.unwrap_or(0).saturating_add(usage.output.unwrap_or(0));
    Spend::new(usage.cost_usd.unwrap_or(0.0), usage.total.unwrap_or(sum).max(sum))
}

/// What a reply has cost whose tokens nobody has counted.
fn guessed_spend(price: Option<&Price>, input: u64, output: u64) -> Spend {
    let usage = Usage { input: Some(input), output: Some(output), ..Usage::default() };
    Spend::new(price.and_then(|price| price.cost_usd(&usage)).unwrap_or(0.0), input.saturating_add(output))
}

const RAISE_RUN: &str = "raise `--max-cost` or `--max-tokens-total`";
const RAISE_DAY: &str = "raise `budget.per_day_usd` or `budget.per_day_tokens`, or wait until midnight (UTC)";
const RAISE_CONVERSATION: &str = "raise `budget.per_conversation_usd`, or begin a new conversation";

struct Refusal {
    what: &'static str,
    how: &'static str,
    limit: SpendLimit,
    spent: Spend,
    reserved: Spend,
}

impl Refusal {
    fn into_error(self, wanted: Spend) -> ProviderError {
        let Self { what, how, limit, spent, reserved } = self;
        let mut parts = Vec::new();
        if let Some(usd) = limit.cost_usd {
            let also =
                if reserved.cost_nano > 0 { format!(", ${:.4} under way", reserved.cost_usd()) } else { String::new() };
            parts.push(format!(
                "${:.4} of ${usd} spent{also}, and this request may cost ${:.4}",
                spent.cost_usd(),
                wanted.cost_usd()
            ));
        }
        if let Some(tokens) = limit.tokens {
            let also = if reserved.tokens > 0 { format!(", {} under way", reserved.tokens) } else { String::new() };
            parts.push(format!(
                "{} of {tokens} tokens used{also}, and this request may take {}",
                spent.tokens, wanted.tokens
            ));
        }
        let message = format!("the budget of {what} is reached: {}", parts.join("; "));
        let smaller = "; a smaller `max_tokens` reserves less";
        ProviderError::new(ErrorKind::Budget, message).hint(format!("{how}{smaller}"))
    }
}

/// A budget that cannot be held is none: the request does not go out.
fn unusable(error: &HistoryError) -> ProviderError {
    ProviderError::new(ErrorKind::Budget, format!("the budget cannot be held: {error}"))
        .hint("it is kept in the history: see `sayso doctor`, or take `budget` out of the configuration")
}
