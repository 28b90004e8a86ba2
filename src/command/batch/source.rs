//! The rows that are still to be asked, in their order.

use serde_json::Value;

use super::plan::{Fingerprint, Plan, hex};
use super::row::{BadRow, Rows};
use super::template::Prompts;

/// One row to ask.
#[derive(Debug)]
pub struct Task {
    /// Counts the tasks of this run from 0.
    pub number: u64,
    pub id: Value,
    pub prompt: String,
    pub hash: String,
}

pub struct Source {
    pub rows: Rows,
    pub prompts: Prompts,
    pub fingerprint: Fingerprint,
    pub plan: Plan,
    taken: u64,
}

impl Source {
    pub fn new(rows: Rows, prompts: Prompts, fingerprint: Fingerprint, plan: Plan) -> Self {
        Self { rows, prompts, fingerprint, plan, taken: 0 }
    }

    /// The next row that no earlier run has answered. An error: the input has changed since it was checked.
    pub fn next(&mut self) -> Result<Option<Task>, BadRow> {
        while let Some((line, row)) = self.rows.next()? {
            if !self.plan.is_open(&row) {
                continue;
            }
            let prompt = self.prompts.of(&row).map_err(|reason| BadRow { line, reason })?;
            let hash = hex(self.fingerprint.of(&prompt));
            let number = self.taken;
            self.taken += 1;
            return Ok(Some(Task { number, id: row.id, prompt, hash }));
        }
        Ok(None)
    }
}
