//! What is to be asked: every row is read once before the first request, so that a mistake costs nothing.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::row::{BadRow, Row, Rows, id_text};
use super::template::Prompts;
use crate::cli::Shard;
use crate::provider::ModelParameters;

/// The first eight bytes of a SHA-256: enough to tell the rows of one file apart.
fn short(hash: Sha256) -> u64 {
    hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn key_of(id: &str) -> u64 {
    short(Sha256::new_with_prefix(id))
}

/// Everything a request is made of beside its prompt: with another model or system prompt the answer is another.
pub struct Fingerprint(Sha256);

impl Fingerprint {
    pub fn new(model: &str, system: Option<&str>, parameters: &ModelParameters) -> Self {
        let ModelParameters { temperature, max_tokens, extra } = parameters;
        let parts = serde_json::json!([model, system, temperature, max_tokens, extra]);
        Self(Sha256::new_with_prefix(parts.to_string()))
    }

    /// Of one row, as its result names it.
    pub fn of(&self, prompt: &str) -> u64 {
        short(self.0.clone().chain_update(prompt))
    }
}

/// A hash as results hold it.
pub fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}

struct Known {
    fingerprint: u64,
    /// Its place in the input.
    index: u64,
    is_done: bool,
}

/// The rows of this run by their ids; 32 bytes or so for each.
pub struct Plan {
    rows: HashMap<u64, Known>,
    shard: Option<Shard>,
    done: u64,
}

/// What the plan says of a line of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It answers a row of this run.
    Done,
    /// Of a row that is not in this run: not ours to judge.
    Foreign,
    /// Of a row that is asked again: it has failed, has changed, or stands there twice.
    Outdated,
}

impl Plan {
    /// Reads all rows. The error is the first row that cannot be asked.
    pub fn make(
        rows: &mut Rows,
        prompts: &Prompts,
        fingerprint: &Fingerprint,
        shard: Option<Shard>,
    ) -> Result<Self, BadRow> {
        let mut plan = Self { rows: HashMap::new(), shard, done: 0 };
        let mut lines = HashMap::new();
        let mut index = 0;
        while let Some((line, row)) = rows.next()? {
            let bad = |reason| BadRow { line, reason };
            let id = row.id_text();
            let prompt = prompts.of(&row).map_err(bad)?;
            if let Some(other) = lines.insert(key_of(&id), line) {
                return Err(bad(format!("its id {id:?} is that of line {other} already")));
            }
            if plan.takes(&row) {
                let known = Known { fingerprint: fingerprint.of(&prompt), index, is_done: false };
                plan.rows.insert(key_of(&id), known);
            }
            index += 1;
        }
        Ok(plan)
    }

    /// Whether the row is in this part of the whole.
    pub fn takes(&self, row: &Row) -> bool {
        self.shard.is_none_or(|Shard { number, of }| key_of(&row.id_text()) % of == number - 1)
    }

    /// Rows of this run.
    pub fn total(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Rows that an earlier run has answered.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Judges a line of an earlier run, and remembers the row where it is done.
    pub fn judge(&mut self, id: &serde_json::Value, hash: &str, is_ok: bool) -> Verdict {
        match self.rows.get_mut(&key_of(&id_text(id))) {
            None => Verdict::Foreign,
            Some(known) if is_ok && !known.is_done && hex(known.fingerprint) == hash => {
                known.is_done = true;
                self.done += 1;
                Verdict::Done
            }
            Some(_) => Verdict::Outdated,
        }
    }

    /// Whether the row is still to be asked.
    pub fn is_open(&self, row: &Row) -> bool {
        self.rows.get(&key_of(&row.id_text())).is_some_and(|known| !known.is_done)
    }

    /// Where the row stands in the input; rows of no interest come first.
    pub fn place(&self, id: &serde_json::Value) -> Option<u64> {
        self.rows.get(&key_of(&id_text(id))).map(|known| known.index)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    fn plan(rows: &[(&str, u64)]) -> Plan {
        let rows = rows.iter().enumerate().map(|(index, (id, fingerprint))| {
            (key_of(id), Known { fingerprint: *fingerprint, index: index as u64, is_done: false })
        });
        Plan { rows: rows.collect(), shard: None, done: 0 }
    }

    fn row(id: &str) -> Row {
        Row { id: Value::String(id.to_owned()), prompt: None, vars: Map::new() }
    }

    #[test]
    fn a_result_counts_once_and_only_for_the_same_question() {
        let mut plan = plan(&[("a", 1), ("b", 2), ("7", 3)]);
        assert_eq!(plan.judge(&json!("a"), &hex(1), true), Verdict::Done);
        assert_eq!(plan.judge(&json!("a"), &hex(1), true), Verdict::Outdated);
        assert_eq!(plan.judge(&json!("b"), &hex(1), true), Verdict::Outdated);
        assert_eq!(plan.judge(&json!("c"), &hex(1), true), Verdict::Foreign);
        assert_eq!(plan.judge(&json!(7), &hex(3), false), Verdict::Outdated);
        assert!(plan.is_open(&row("b")) && !plan.is_open(&row("a")));
        assert_eq!((plan.total(), plan.done(), plan.place(&json!(7))), (3, 1, Some(2)));
    }

    #[test]
    fn every_row_is_in_exactly_one_shard() {
        let shards: Vec<Plan> =
            (1..=3).map(|number| Plan { shard: Some(Shard { number, of: 3 }), ..plan(&[]) }).collect();
        let mut sizes = [0; 3];
        for id in 0..300 {
            let row = row(&id.to_string());
            let takers: Vec<usize> = (0..3).filter(|at| shards[*at].takes(&row)).collect();
            assert_eq!(takers.len(), 1);
            sizes[takers[0]] += 1;
        }
        assert!(sizes.iter().all(|size| *size > 60), "{sizes:?}");
    }

    #[test]
    fn another_model_or_option_is_another_question() {
        let plain = ModelParameters::default();
        let cold = ModelParameters { temperature: Some(0.0), ..plain.clone() };
        let of = |model, system, parameters| Fingerprint::new(model, system, parameters).of("hi");
        let all = [of("m", None, &plain), of("n", None, &plain), of("m", Some("s"), &plain), of("m", None, &cold)];
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), 4);
        assert_eq!(hex(of("m", None, &plain)), hex(all[0]));
    }
}
