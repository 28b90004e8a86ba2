//! Full-text search over prompts and answers. What a person types is never a query of SQLite's own.

use rusqlite::params;

use super::{History, HistoryError};
use crate::conversation::{ConversationId, MessageId, Role, UnixMillis};

/// Words of one search; the rest is a mistake, not a search.
const WORDS_MAX: usize = 32;
/// Words around the first find that a hit shows.
const SNIPPET_WORDS: u8 = 24;

/// One message that holds all the words.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchHit {
    pub conversation: ConversationId,
    /// The name of the conversation, or else its first words.
    pub title: String,
    pub message: MessageId,
    pub role: Role,
    pub created_ms: UnixMillis,
    /// `provider:model`, on answers.
    pub model: Option<String>,
    /// The words around the first find.
    pub snippet: String,
}

/// Which hits of a search are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub offset: usize,
    pub limit: usize,
}

impl History {
    /// Messages that hold all words of `text`, the newest first. `"…"` keeps words together, `*` at the
    /// end of a word stands for any ending; case and accents do not matter.
    pub fn search(&self, text: &str, page: Page) -> Result<Vec<SearchHit>, HistoryError> {
        let wanted = full_text_query(text)?;
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
        let query = "SELECT c.id, coalesce(c.name, c.title), m.id, m.role, m.created_ms, m.model,
                snippet(message_search, 0, '', '', '…', ?2)
            FROM message_search JOIN message AS m ON m.number = message_search.rowid
                JOIN conversation AS c ON c.number = m.conversation
            WHERE message_search MATCH ?1 ORDER BY message_search.rowid DESC LIMIT ?3 OFFSET ?4";
        let mut statement = self.connection.prepare_cached(query)?;
        let found = statement.query_map(params![wanted, SNIPPET_WORDS, limit, offset], |row| {
            Ok(SearchHit {
                conversation: ConversationId(row.get(0)?),
                title: row.get(1)?,
                message: MessageId(row.get(2)?),
                role: Role::from_name(&row.get::<_, String>(3)?).unwrap_or(Role::User),
                created_ms: row.get(4)?,
                model: row.get(5)?,
                snippet: row.get(6)?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

/// The words as a query in which all of them are quoted, so that none is an operator.
fn full_text_query(text: &str) -> Result<String, HistoryError> {
    let words = words(text);
    if words.is_empty() {
        return Err(HistoryError::NothingToSearch { text: text.chars().take(60).collect() });
    }
    if words.len() > WORDS_MAX {
        return Err(HistoryError::TooManyWords { words_max: WORDS_MAX });
    }
    Ok(words.join(" "))
}

/// Each word or phrase, quoted. What holds no letter or digit finds nothing and is left out.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in text.split('"').enumerate() {
        // Between quotes; a quote that is never closed reaches to the end.
        if index % 2 == 1 {
            words.extend(quoted(part));
        } else {
            words.extend(part.split_whitespace().filter_map(|word| {
                let is_beginning = word.ends_with('*');
                quoted(word.trim_end_matches('*')).map(|word| if is_beginning { word + "*" } else { word })
            }));
        }
    }
    words
}

fn quoted(words: &str) -> Option<String> {
    words.contains(char::is_alphanumeric).then(|| format!("\"{}\"", words.replace(['\0', '"'], " ").trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_an_operator() {
        for (text, expected) in [
            ("apple pear", r#""apple" "pear""#),
            ("apple OR pear NOT (fig)", r#""apple" "OR" "pear" "NOT" "(fig)""#),
            (r#""apple pie" crust"#, r#""apple pie" "crust""#),
            (r#"say "never closed"#, r#""say" "never closed""#),
            ("appl* ** *", r#""appl"*"#),
            ("text:apple ^x -y", r#""text:apple" "^x" "-y""#),
            ("a\0b", r#""a b""#),
        ] {
            assert_eq!(full_text_query(text).unwrap(), expected, "{text}");
        }
        for text in ["", "  ", "\"\"", "* - ()", "🙂"] {
            assert!(matches!(full_text_query(text), Err(HistoryError::NothingToSearch { .. })), "{text}");
        }
        let many = "word ".repeat(WORDS_MAX + 1);
        assert!(matches!(full_text_query(&many), Err(HistoryError::TooManyWords { .. })));
    }
}
