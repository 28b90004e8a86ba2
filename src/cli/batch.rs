//! The options of `batch`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::budget::BudgetOptions;
use super::{RequestOptions, SystemPrompt, parse_duration};

const EXAMPLES: &str = "\
Examples:
  sayso batch questions.jsonl > answers.jsonl
  sayso batch rows.csv --template \"Translate to French: {{text}}\" -o max_tokens=200
  sayso batch big.jsonl --output answers.jsonl --jobs 32   stop it and run it again: it goes on
  ls *.md | sayso batch - --lines --template \"A title for {{prompt}}\"

A row is {\"id\": …, \"prompt\": …, \"vars\": {…}}; its result {\"id\": …, \"status\": \"ok\", \"text\": …}.
Exit 0: every row is ok. Else the code of the failed rows, or 9 where they failed in different ways.";

/// Many questions.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct BatchOptions {
    /// The rows: .jsonl, .csv or .tsv; `-` is stdin
    #[arg(value_name = "FILE|-", value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,

    /// What the rows are [default: by the name of the file, else jsonl]
    #[arg(long, value_name = "KIND", value_enum, conflicts_with = "lines")]
    pub input: Option<InputKind>,

    /// Each line is a prompt
    #[arg(long)]
    pub lines: bool,

    /// Makes the prompt of each row; {{name}} stands for what the row has under this name
    #[arg(long, value_name = "TEXT|@FILE")]
    pub template: Option<SystemPrompt>,

    /// Requests at the same time (1 to 256)
    #[arg(short, long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,

    /// Write results to this file, and go on where it ends when run again; `-` is stdout
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Write results as they come, not in the order of the rows
    #[arg(long)]
    pub unordered: bool,

    /// Take only part K of N of the rows; the same rows on every machine
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,

    /// Keep each row as a conversation in the history
    #[arg(long)]
    pub save: bool,

    /// Take no more rows once one has failed
    #[arg(long)]
    pub fail_fast: bool,

    #[command(flatten)]
    pub request: RequestOptions,

    /// Give up on a row after this time, as in 120s, 2m or 500ms
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,

    /// Ask for whole answers at once
    #[arg(long)]
    pub no_stream: bool,

    #[command(flatten)]
    pub budget: BudgetOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputKind {
    /// One object a line
    Jsonl,
    /// One prompt a line
    Lines,
    /// Columns between commas, with a line of names
    Csv,
    /// Columns between tabs, with a line of names
    Tsv,
}

/// Part `number` of `of`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    pub number: u64,
    pub of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) && of <= 10_000 => Ok(Self { number, of }),
            _ => Err("write it as 1/4, from 1/N to N/N".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shard;

    #[test]
    fn a_shard_is_one_of_so_many() {
        assert_eq!("2/4".parse(), Ok(Shard { number: 2, of: 4 }));
        for bad in ["0/4", "5/4", "1", "1/", "a/b", "-1/4", "1/0", "1/10001"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
