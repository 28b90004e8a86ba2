//! What came of the rows, counted: the summary and the exit code. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::conversation::{Usage, exit_code};

#[derive(Debug, Default)]
pub struct Tally {
    pub ok: u64,
    /// Rows that did not end well, by exit code and class.
    failed: BTreeMap<(u8, String), u64>,
    /// The first of them, in words.
    first_failure: Option<String>,
    usage: Usage,
    retries: u64,
}

/// A row that did not end well.
pub struct Failed<'a> {
    pub exit: u8,
    pub class: &'a str,
    pub id: &'a str,
    pub message: &'a str,
}

impl Tally {
    pub fn add_usage(&mut self, usage: Option<&Usage>, retries: u32) {
        if let Some(usage) = usage {
            self.usage.add(usage);
        }
        self.retries += u64::from(retries);
    }

    pub fn fail(&mut self, failed: &Failed<'_>) {
        *self.failed.entry((failed.exit, failed.class.to_owned())).or_default() += 1;
        self.first_failure.get_or_insert_with(|| format!("row {}: {}", failed.id, failed.message));
    }

    pub fn failed(&self) -> u64 {
        self.failed.values().sum()
    }

    /// 0 where no row has failed, the code of all failed rows where they agree, else 9.
    pub fn exit(&self) -> u8 {
        let mut exits = self.failed.keys().map(|(exit, _)| *exit);
        match exits.next() {
            None => exit_code::OK,
            Some(first) if exits.all(|exit| exit == first) => first,
            Some(_) => exit_code::INCOMPLETE,
        }
    }

    /// One line, and one about failures where there are some.
    pub fn summary(&self, before: u64, left: u64, elapsed: Duration) -> String {
        let mut text = format!("batch: {} ok", self.ok);
        if self.failed() > 0 {
            text.push_str(&format!(", {} failed", self.failed()));
        }
        if left > 0 {
            text.push_str(&format!(", {left} not asked"));
        }
        if before > 0 {
            text.push_str(&format!(", {before} done before"));
        }
        if self.retries > 0 {
            text.push_str(&format!(", {} retries", self.retries));
        }
        let seconds = elapsed.as_secs_f64();
        text.push_str(&format!("; {seconds:.1} s"));
        if let (Some(input), Some(output)) = (self.usage.input, self.usage.output) {
            text.push_str(&format!(", {input} + {output} tokens"));
        }
        if let Some(cost) = self.usage.cost_usd {
            text.push_str(&format!(", ${cost:.4}"));
        }
        if let Some(first) = &self.first_failure {
            let kinds: Vec<String> = self.failed.iter().map(|((_, class), count)| format!("{count} {class}")).collect();
            text.push_str(&format!("\nfailed: {} (first: {first})", kinds.join(", ")));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(exit: u8, class: &'static str) -> Failed<'static> {
        Failed { exit, class, id: "7", message: "no" }
    }

    #[test]
    fn the_exit_code_is_that_of_all_failed_rows_or_incomplete() {
        let mut tally = Tally { ok: 3, ..Tally::default() };
        assert_eq!(tally.exit(), 0);
        tally.fail(&failed(8, "provider"));
        tally.fail(&failed(8, "bad_response"));
        assert_eq!(tally.exit(), 8);
        tally.fail(&failed(6, "rate_limit"));
        assert_eq!((tally.exit(), tally.failed()), (9, 3));
    }

    #[test]
    fn a_summary_is_short_where_all_went_well() {
        let mut tally = Tally { ok: 3, ..Tally::default() };
        tally.add_usage(Some(&Usage { input: Some(7), output: Some(3), ..Usage::default() }), 0);
        assert_eq!(tally.summary(0, 0, Duration::from_millis(1500)), "batch: 3 ok; 1.5 s, 7 + 3 tokens");
        tally.fail(&failed(8, "provider"));
        let told = tally.summary(2, 4, Duration::from_secs(60));
        assert_eq!(
            told,
            "batch: 3 ok, 1 failed, 4 not asked, 2 done before; 60.0 s, 7 + 3 tokens\nfailed: 1 provider (first: row 7: no)"
        );
    }
}
