//! The loop beside the jobs: writes results, counts them, shows how far it is, and decides when to stop.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;

use super::row::id_text;
use super::sink::{Sink, SinkError};
use super::tally::{Failed, Tally};
use super::work::{Broken, Done, Outcome, Shared};
use crate::command::context::Context;
use crate::command::turn::at;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::provider::{ErrorKind, Pace};
use crate::session::{CancelCause, CancelSource, OutputError, Signals, TurnStatus, exit_of_cancel};
use crate::terminal::{BatchRow, RowTime, TermSafeBuf, batch_line};

/// How often the row at the bottom is redrawn, and a reader that has gone is noticed.
const TICK: Duration = Duration::from_millis(100);
/// How long a line that is being written outlives SIGTERM.
const SLOW_READER_WAIT: Duration = Duration::from_secs(1);
/// Different warnings of rows that are told.
const NOTICES_MAX: usize = 10;

pub struct Watch {
    shared: Rc<Shared>,
    pace: Rc<Pace>,
    tally: Tally,
    total: u64,
    before: u64,
    begun: Instant,
    /// The server wants all to wait, and the row says so.
    is_paused: bool,
    notices: Vec<String>,
    /// What ends the batch early, where that is not the fault of its rows alone.
    stopped: Option<Stopped>,
}

/// Why no more rows are taken, where it is not that one has failed.
enum Stopped {
    Cancelled(CancelCause),
    Broken(Failure),
}

type Stops<'a> = (&'a mut Signals, &'a CancelSource);

impl Watch {
    pub fn new(shared: Rc<Shared>, pace: Rc<Pace>) -> Self {
        let (total, before) = {
            let source = shared.source.borrow();
            (source.plan.total(), source.plan.done())
        };
        let now = Instant::now();
        Self {
            shared,
            pace,
            tally: Tally::default(),
            total,
            before,
            begun: now,
            is_paused: false,
            notices: Vec::new(),
            stopped: None,
        }
    }

    /// Takes results until there are no more; the exit code.
    pub async fn collect(
        mut self,
        mut sink: Sink,
        mut outcomes: Receiver<Outcome>,
        (signals, cancel): Stops<'_>,
        context: &mut Context,
    ) -> Result<u8, Failure> {
        context.screen.start_row(self.label(), self.progress());
        let mut ticks = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                biased;
                cause = signals.next_cause() => {
                    if self.is_second(cause, cancel, context) {
                        context.screen.stop_row();
                        return Ok(exit_of_cancel(cause));
                    }
                }
                _ = ticks.tick() => match self.tick(&sink, context) {
                    Ok(()) => {}
                    Err(OutputError::Closed) => return Ok(exit_code::OK),
                    Err(error) => return Err(Failure::from(error)),
                },
                outcome = outcomes.recv() => match outcome {
                    None => break,
                    Some(outcome) => match self.take(outcome, &mut sink, (signals, cancel), context).await {
                        Ok(None) => {}
                        Ok(Some(exit)) => return Ok(exit),
                        Err(SinkError::Stdout(OutputError::Closed)) => return Ok(exit_code::OK),
                        Err(error) => return Err(failure_of(error)),
                    },
                },
            }
        }
        self.conclude(sink, context).await
    }

    /// A signal stops the rows that are not taken yet. Ctrl-C lets the others come to their end, a signal of the
    /// system cuts them off; true: it is the second Ctrl-C, and nothing is waited for any more.
    fn is_second(&mut self, cause: CancelCause, cancel: &CancelSource, context: &mut Context) -> bool {
        if cause == CancelCause::UserInterrupt {
            if matches!(self.stopped, Some(Stopped::Cancelled(_))) {
                return true;
            }
            context.note("stopping: rows under way come to their end; Ctrl-C again ends at once");
        } else {
            cancel.cancel(cause);
        }
        self.stop(Stopped::Cancelled(cause));
        false
    }

    fn stop(&mut self, why: Stopped) {
        self.shared.stop();
        self.stopped.get_or_insert(why);
    }

    /// Writes a result; an exit code where signals end the wait for a slow reader.
    async fn take(
        &mut self,
        outcome: Outcome,
        sink: &mut Sink,
        (signals, cancel): (&mut Signals, &CancelSource),
        context: &mut Context,
    ) -> Result<Option<u8>, SinkError> {
        let done = match outcome {
            Ok(done) => done,
            Err(broken) => {
                self.stop(Stopped::Broken(failure_of_job(broken)));
                return Ok(None);
            }
        };
        self.tell_notices(&done.notices, context);
        let line = self.judge(&done);
        let mut first_signal = None;
        let mut give_up = None;
        let written = {
            let mut taking = std::pin::pin!(sink.take(done.task.number, line, context));
            loop {
                tokio::select! {
                    biased;
                    written = &mut taking => break written?,
                    cause = signals.next_cause() => {
                        if first_signal.is_some() || matches!(self.stopped, Some(Stopped::Cancelled(_))) {
                            return Ok(Some(exit_of_cancel(cause)));
                        }
                        first_signal = Some(cause);
                        // A system that shuts down says so once, and does not wait for a reader that has stopped.
                        give_up = (cause != CancelCause::UserInterrupt).then(|| Instant::now() + SLOW_READER_WAIT);
                    }
                    () = at(give_up) => return Ok(first_signal.map(exit_of_cancel)),
                }
            }
        };
        self.shared.advance(written);
        if let Some(cause) = first_signal {
            self.is_second(cause, cancel, context);
        }
        Ok(None)
    }

    /// Counts a row; its line, where it has come to an end of its own.
    fn judge(&mut self, done: &Done) -> Option<String> {
        let Done { task, result, timed_out, conversation, .. } = done;
        if result.status == TurnStatus::Interrupted && !timed_out {
            // Cut off with the batch: asked again by the next run.
            return None;
        }
        if let Some(error) = result.error.as_ref().filter(|error| error.kind == ErrorKind::Budget) {
            // Nothing was sent: asked by the next run.
            self.stop(Stopped::Broken(Failure::from(error.clone())));
            return None;
        }
        let timeout = timed_out.then_some("no complete answer within `--timeout`");
        self.tally.add_usage(result.usage.as_ref(), result.metrics.retries);
        if result.status == TurnStatus::Ok {
            self.tally.ok += 1;
        } else {
            let (class, message) = match (timeout, &result.error, &result.finish) {
                (Some(message), ..) => ("timeout", message),
                (None, Some(error), _) => (error.kind.name(), error.message.as_str()),
                (None, None, finish) => ("incomplete", finish.as_deref().unwrap_or("the answer is not whole")),
            };
            self.tally.fail(&Failed { exit: result.exit, class, id: &id_text(&task.id), message });
        }
        let row = BatchRow { id: &task.id, hash: &task.hash, conversation: conversation.as_ref() };
        Some(batch_line(row, result, timeout))
    }

    fn tell_notices(&mut self, notices: &[String], context: &mut Context) {
        for notice in notices {
            if self.notices.len() < NOTICES_MAX && !self.notices.contains(notice) {
                context.warn(notice);
                self.notices.push(notice.clone());
            }
        }
    }

    fn done(&self) -> u64 {
        self.before + self.tally.ok + self.tally.failed()
    }

    fn progress(&self) -> RowTime {
        RowTime::Rate { done: self.done(), total: self.total, before: self.before, begun: self.begun }
    }

    fn label(&self) -> TermSafeBuf {
        match self.pace.pause_left() {
            None => TermSafeBuf::line("batch"),
            Some(left) => TermSafeBuf::line(&format!("batch, all wait for {} s", left.as_secs() + 1)),
        }
    }

    fn tick(&mut self, sink: &Sink, context: &mut Context) -> Result<(), OutputError> {
        let is_paused = self.pace.pause_left().is_some();
        let was_paused = std::mem::replace(&mut self.is_paused, is_paused);
        if is_paused || was_paused {
            context.screen.start_row(self.label(), self.progress());
        } else {
            context.screen.update_row(self.progress());
        }
        match sink {
            Sink::Stdout(_) => context.screen.tick(),
            // Nothing goes to stdout: whether somebody reads it is all the same.
            Sink::File { .. } => {
                let _ = context.screen.flush();
                context.screen.tick_row();
                Ok(())
            }
        }
    }

    async fn conclude(self, sink: Sink, context: &mut Context) -> Result<u8, Failure> {
        context.screen.stop_row();
        let is_to_file = matches!(sink, Sink::File { .. });
        let closed = sink.close(&self.shared.source, context).await;
        let left = self.total - self.done();
        context.note_lines(&self.tally.summary(self.before, left, self.begun.elapsed()));
        if self.pace.refusals() > 0 {
            let (refusals, limit) = (self.pace.refusals(), self.pace.limit());
            context
                .note(&format!("the server refused {refusals} requests for their rate; {limit} at a time in the end"));
        }
        match closed {
            Ok(()) | Err(SinkError::Stdout(OutputError::Closed)) => {}
            Err(error) => return Err(failure_of(error)),
        }
        if is_to_file && (left > 0 || self.tally.failed() > 0) {
            context.note("run the same command again to ask for what is missing");
        }
        match self.stopped {
            Some(Stopped::Broken(failure)) => Err(failure),
            Some(Stopped::Cancelled(cause)) => Ok(exit_of_cancel(cause)),
            None => Ok(self.tally.exit()),
        }
    }
}

fn failure_of(error: SinkError) -> Failure {
    match error {
        SinkError::Stdout(error) => Failure::from(error),
        SinkError::File(failure) => failure,
    }
}

fn failure_of_job(broken: Broken) -> Failure {
    match broken {
        Broken::Input(bad) => Failure::config(format!("the rows have changed since they were checked: {bad}")),
        Broken::Turn(error) => Failure::from(error),
    }
}
