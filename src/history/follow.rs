//! A running reply of another process, as it grows in the file.

use super::{History, HistoryError};
use crate::conversation::MessageId;

/// What came since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    pub text: String,
    /// Where the next look begins.
    pub seen: i64,
}

impl History {
    /// Changes whenever another connection has committed: cheap to ask for.
    pub fn data_version(&self) -> Result<i64, HistoryError> {
        Ok(self.connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    /// The text of a running reply behind `seen`, 0 for all of it.
    pub fn growth(&self, reply: &MessageId, seen: i64) -> Result<Growth, HistoryError> {
        let query = "SELECT number, text FROM message_delta
            WHERE message = (SELECT number FROM message WHERE id = ?1) AND kind = 'text' AND number > ?2 ORDER BY number";
        let mut statement = self.connection.prepare_cached(query)?;
        let mut growth = Growth { text: String::new(), seen };
        for row in statement.query_map((&reply.0, seen), |row| <(i64, String)>::try_from(row))? {
            let (number, text) = row?;
            growth.seen = number;
            growth.text.push_str(&text);
        }
        Ok(growth)
    }
}
