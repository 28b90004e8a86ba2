//! The jobs: each takes a row, asks, hands over what came of it, and takes the next one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::row::BadRow;
use super::source::{Source, Task};
use crate::command::turn::CLOSE_LIMIT;
use crate::conversation::ConversationId;
use crate::http::RetryPolicy;
use crate::provider::{ErrorKind, ProviderError};
use crate::session::{
    Cancel, CancelCause, CancelSource, Flushed, Frontend, NoticeLevel, OutputError, Session, TurnEvent, TurnFailure,
    TurnInput, TurnResult, TurnStatus,
};

/// What the jobs share with the loop that writes.
pub struct Shared {
    pub source: RefCell<Source>,
    /// No more rows are taken.
    pub is_stopping: Cell<bool>,
    /// Rows below this number are written; where the order is kept no job runs far ahead of it.
    written: Cell<u64>,
    moved: Notify,
    limits: Limits,
}

/// How far the jobs go.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many rows may wait for an older one to be written; `None` keeps no order.
    pub window: Option<u64>,
    /// Of one row.
    pub timeout: Option<Duration>,
    /// The first row that fails is the last one that is taken.
    pub fail_fast: bool,
}

/// A row that has come to its end.
pub struct Done {
    pub task: Task,
    pub result: TurnResult,
    pub timed_out: bool,
    /// Where rows are kept in the history.
    pub conversation: Option<ConversationId>,
    /// What a person should know, as warnings.
    pub notices: Vec<String>,
}

/// Why a job ended before its time.
#[derive(Debug)]
pub enum Broken {
    Input(BadRow),
    Turn(TurnFailure),
}

pub type Outcome = Result<Box<Done>, Broken>;

impl Shared {
    pub fn new(source: Source, limits: Limits) -> Rc<Self> {
        Rc::new(Self {
            source: RefCell::new(source),
            is_stopping: Cell::new(false),
            written: Cell::new(0),
            moved: Notify::new(),
            limits,
        })
    }

    /// All rows below this number are written now.
    pub fn advance(&self, written: u64) {
        self.written.set(written);
        self.moved.notify_waiters();
    }

    /// Takes no more rows; those under way go on.
    pub fn stop(&self) {
        self.is_stopping.set(true);
        self.moved.notify_waiters();
    }

    /// Whether no other row is worth asking after this one.
    fn ends_with(&self, result: &TurnResult) -> bool {
        result.status != TurnStatus::Ok && (self.limits.fail_fast || result.error.as_ref().is_some_and(is_for_all))
    }

    fn take(&self) -> Result<Option<Task>, BadRow> {
        if self.is_stopping.get() { Ok(None) } else { self.source.borrow_mut().next() }
    }

    /// Waits until the row may be asked; false where it is not asked any more.
    async fn wait_for_window(&self, number: u64) -> bool {
        while self.limits.window.is_some_and(|window| number >= self.written.get() + window) && !self.is_stopping.get()
        {
            self.moved.notified().await;
        }
        !self.is_stopping.get()
    }
}

/// Works until there are no more rows, and what is to be kept is on disk. Dropping `outcomes` ends it, too.
pub async fn work(mut session: Session, shared: Rc<Shared>, outcomes: mpsc::Sender<Outcome>, cancel: Cancel) {
    ask_rows(&mut session, &shared, &outcomes, cancel).await;
    session.journal.close(CLOSE_LIMIT).await;
}

async fn ask_rows(session: &mut Session, shared: &Shared, outcomes: &mpsc::Sender<Outcome>, cancel: Cancel) {
    loop {
        let outcome = match shared.take() {
            Ok(None) => return,
            Ok(Some(task)) if !shared.wait_for_window(task.number).await => return,
            Ok(Some(task)) => ask(session, task, shared.limits.timeout, cancel.clone()).await,
            Err(bad) => Err(Broken::Input(bad)),
        };
        if let Ok(done) = &outcome
            && shared.ends_with(&done.result)
        {
            shared.stop();
        }
        let is_broken = outcome.is_err();
        if outcomes.send(outcome).await.is_err() || is_broken {
            return;
        }
    }
}

async fn ask(session: &mut Session, mut task: Task, timeout: Option<Duration>, mut cancel: Cancel) -> Outcome {
    session.start_new(None);
    let mut view = RowView::default();
    let source = CancelSource::default();
    let mut token = source.token();
    let mut is_over = false;
    let input = TurnInput::Prompt(std::mem::take(&mut task.prompt).into());
    let report = {
        let mut turn = std::pin::pin!(session.run_turn(input, &mut view, &mut token));
        loop {
            let cause = tokio::select! {
                biased;
                report = &mut turn => break report,
                cause = cancel.cancelled(), if !is_over => cause,
                () = limit(timeout), if !is_over => CancelCause::Timeout,
            };
            is_over = true;
            source.cancel(cause);
        }
    };
    let result = report.map_err(Broken::Turn)?.result;
    let timed_out = result.interrupted == Some(CancelCause::Timeout.reason());
    let conversation = session.journal.is_kept().then(|| result.conversation.clone());
    Ok(Box::new(Done { task, result, timed_out, conversation, notices: view.notices }))
}

/// Whether every other row would fail the same way: the key, the account, the budget, a rate that lasts.
fn is_for_all(error: &ProviderError) -> bool {
    match error.kind {
        ErrorKind::Auth | ErrorKind::Quota | ErrorKind::Budget | ErrorKind::LocalFile => true,
        ErrorKind::RateLimited => error.retry_after.is_some_and(|wait| wait > RetryPolicy::RETRY_AFTER_MAX),
        ErrorKind::Rejected
        | ErrorKind::ContextTooLong
        | ErrorKind::TryAgain
        | ErrorKind::Failed
        | ErrorKind::Network
        | ErrorKind::Tls
        | ErrorKind::BadResponse
        | ErrorKind::Disconnected => false,
    }
}

async fn limit(timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => std::future::pending().await,
    }
}

/// Nobody looks on while a row is asked: its result says it all, but for warnings.
#[derive(Default)]
struct RowView {
    notices: Vec<String>,
}

/// A row with more warnings than this repeats itself.
const NOTICES_MAX: usize = 8;

impl Frontend for RowView {
    fn show(&mut self, event: &TurnEvent<'_>) {
        if let TurnEvent::Notice { level: NoticeLevel::Warn, message, .. } = event
            && self.notices.len() < NOTICES_MAX
        {
            self.notices.push((*message).to_owned());
        }
    }

    fn flush(&mut self) -> Result<Flushed, OutputError> {
        Ok(Flushed::All)
    }

    fn tick(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}
