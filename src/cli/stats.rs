//! The options of `stats`.

use clap::{Args, ValueEnum};

#[derive(Args, Clone, Debug)]
pub struct StatsOptions {
    /// What makes a row
    #[arg(long, value_enum, default_value = "day")]
    pub by: StatsKey,

    /// Only the last N days, today included (UTC)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub days: Option<u32>,

    /// How to write them
    #[arg(long, value_enum, default_value = "table")]
    pub format: StatsFormat,

    /// Only the first N rows; of days the last
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatsKey {
    Day,
    Model,
    Provider,
    Tool,
    Conversation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatsFormat {
    /// For people, with bars
    Table,
    /// One array
    Json,
    /// One object a line
    Jsonl,
    /// Columns between commas, with a line of names
    Csv,
    /// One page with bars
    Html,
    /// A picture of the bars
    Svg,
}
