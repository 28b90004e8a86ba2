//! Where results go: to stdout, in order or not, or to a file.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::plan::Plan;
use super::results::{Appender, Results};
use super::source::Source;
use crate::command::context::Context;
use crate::exit::Failure;
use crate::session::{Flushed, OutputError};

/// How often a reader that is slow is looked at again.
const BLOCKED_POLL: Duration = Duration::from_millis(5);

pub enum Sink {
    Stdout(Order),
    File { results: Results, appender: Appender, keeps_order: bool },
}

/// Results that came before an older one.
#[derive(Default)]
pub struct Order {
    keeps_order: bool,
    /// The number of the row that is written next.
    next: u64,
    waiting: BTreeMap<u64, String>,
}

impl Order {
    pub fn new(keeps_order: bool) -> Self {
        Self { keeps_order, ..Self::default() }
    }

    /// Takes a result; what can be written now. `None` passes over a row that has none.
    fn take(&mut self, number: u64, line: Option<String>) -> String {
        if !self.keeps_order {
            return line.unwrap_or_default();
        }
        self.waiting.insert(number, line.unwrap_or_default());
        let mut ready = String::new();
        while let Some(line) = self.waiting.remove(&self.next) {
            ready.push_str(&line);
            self.next += 1;
        }
        ready
    }
}

impl Sink {
    pub fn to_file(path: &Path, keeps_order: bool, plan: &mut Plan) -> Result<Self, Failure> {
        let results = Results::open(path, plan)?;
        let appender = results
            .appender()
            .map_err(|error| Failure::internal(format!("cannot start the writer of the results: {error}")))?;
        Ok(Self::File { results, appender, keeps_order })
    }

    /// Whether results wait for older ones.
    pub fn holds_back(&self) -> bool {
        matches!(self, Self::Stdout(order) if order.keeps_order)
    }

    /// Takes the result of a row, `None` where it has none; up to which number all rows are written.
    pub async fn take(&mut self, number: u64, line: Option<String>, context: &mut Context) -> Result<u64, SinkError> {
        match self {
            Self::Stdout(order) => {
                let ready = order.take(number, line);
                let written = order.next;
                context.screen.print(&ready);
                while context.screen.flush()? == Flushed::Blocked {
                    tokio::time::sleep(BLOCKED_POLL).await;
                }
                Ok(written)
            }
            Self::File { appender, .. } => {
                if let Some(line) = line {
                    appender.push(line).await?;
                }
                Ok(number)
            }
        }
    }

    /// Writes what is left, also what waits in vain for older rows.
    pub async fn close(self, source: &RefCell<Source>, context: &mut Context) -> Result<(), SinkError> {
        match self {
            Self::Stdout(order) => {
                order.waiting.into_values().for_each(|line| context.screen.print(&line));
                while context.screen.flush()? == Flushed::Blocked {
                    tokio::time::sleep(BLOCKED_POLL).await;
                }
            }
            Self::File { mut results, mut appender, keeps_order } => {
                appender.close()?;
                if keeps_order && let Err(error) = results.arrange(&source.borrow().plan) {
                    context.warn(&format!("the results are whole, but not in the order of the rows: {error}"));
                }
            }
        }
        Ok(())
    }
}

/// Why results cannot be written.
#[derive(Debug)]
pub enum SinkError {
    Stdout(OutputError),
    File(Failure),
}

impl From<OutputError> for SinkError {
    fn from(error: OutputError) -> Self {
        Self::Stdout(error)
    }
}

impl From<Failure> for SinkError {
    fn from(failure: Failure) -> Self {
        Self::File(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn results_wait_for_older_ones_and_rows_without_one_hold_up_nobody() {
        let line = |text: &str| Some(text.to_owned());
        let mut order = Order::new(true);
        assert_eq!(order.take(1, line("b")), "");
        assert_eq!(order.take(3, line("d")), "");
        assert_eq!(order.take(0, line("a")), "ab");
        assert_eq!(order.take(2, None), "d");
        assert_eq!(order.next, 4);
        assert_eq!(Order::new(false).take(7, line("x")), "x");
    }
}
