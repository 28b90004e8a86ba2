//! Which conversations, and which messages, a list or a search is about.

use rusqlite::types::Value;

use crate::conversation::{MessageStatus, UnixMillis};

/// Nothing set: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Used, or written, since then.
    pub since_ms: Option<UnixMillis>,
    /// A part of the name of the model, in any case.
    pub model: Option<String>,
    /// The name of the provider.
    pub provider: Option<String>,
    pub tool: Option<ToolFilter>,
    pub status: Option<StatusFilter>,
}

/// Conversations in which this was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolFilter {
    pub server: String,
    /// As the model calls it; `None`: any tool of the server.
    pub name: Option<String>,
}

/// Answers that fit a schema of this name, or the very schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFilter {
    pub name: String,
    /// Compact JSON.
    pub json: Option<String>,
}

/// How the last message, or the one that is found, has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    Complete,
    Interrupted,
    Error,
    Streaming,
}

impl StatusFilter {
    /// The name in the database.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Error => "error",
            Self::Streaming => "streaming",
        }
    }

    #[must_use]
    pub fn fits(self, status: Option<&MessageStatus>) -> bool {
        match status {
            None => false,
            Some(MessageStatus::Complete) => self == Self::Complete,
            Some(MessageStatus::Interrupted(_)) => self == Self::Interrupted,
            Some(MessageStatus::Error(_)) => self == Self::Error,
            Some(MessageStatus::Streaming) => self == Self::Streaming,
        }
    }
}

/// Conditions of a query, with the values that stand in them for `?`.
#[derive(Debug, Default)]
pub struct Conditions {
    pub sql: String,
    pub values: Vec<Value>,
}

impl Conditions {
    /// For rows that have the conversation as `c` and hold time and model in these columns. The status is not
    /// among them: that of a running reply depends on whether its process lives.
    pub fn of(filter: &Filter, time: &str, model: &str) -> Self {
        let mut conditions = Self::default();
        if let Some(since) = filter.since_ms {
            conditions.add(&format!("{time} >= ?"), [Value::from(since)]);
        }
        if let Some(name) = &filter.model {
            conditions.add(&format!("instr(lower({model}), ?) > 0"), [Value::from(name.to_lowercase())]);
        }
        if let Some(provider) = &filter.provider {
            let is_before_colon = format!("lower(substr({model}, 1, instr({model}, ':') - 1)) = ?");
            conditions.add(&is_before_colon, [Value::from(provider.to_lowercase())]);
        }
        if let Some(tool) = &filter.tool {
            const CALLED: &str = "c.number IN (SELECT message.conversation FROM tool_call
                JOIN message ON message.number = tool_call.message WHERE tool_call.server = ?";
            match &tool.name {
                None => conditions.add(&format!("{CALLED})"), [Value::from(tool.server.clone())]),
                Some(name) => conditions.add(
                    &format!("{CALLED} AND tool_call.name = ?)"),
                    [Value::from(tool.server.clone()), Value::from(name.clone())],
                ),
            }
        }
        conditions
    }

    /// Only answers that were held against this schema and fit it, in rows that have the message as `m`.
    pub fn add_schema(&mut self, schema: &SchemaFilter) {
        let sql = "m.number IN (SELECT message FROM matched_answer WHERE schema IN
            (SELECT number FROM answer_schema WHERE name = ? OR json = ?))";
        let json = schema.json.clone().map_or(Value::Null, Value::from);
        self.add(sql, [Value::from(schema.name.clone()), json]);
    }

    fn add<const COUNT: usize>(&mut self, sql: &str, values: [Value; COUNT]) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.extend(values);
    }
}
