//! Full-text search: prompts before answers, new before old, and what is rare before what is everywhere.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};

use super::filter::{Conditions, Filter, SchemaFilter};
use super::search_query::{FullTextQuery, any_of, full_text_query};
use super::{History, HistoryError, details};
use crate::conversation::{ConversationId, MessageId, Role, UnixMillis};

/// Words around the first find that a hit shows.
const SNIPPET_WORDS: u8 = 24;
/// Of a search that finds more, the newest are ranked: words that are everywhere tell nothing.
const RANKED_MAX: usize = 2_000;
/// Of more messages with the words the newest are held against a filter first: mostly they fill the page.
const LOOKED_AT_FIRST_MAX: usize = 20_000;
/// Where more messages hold the words of a phrase, in whatever order, it is looked for in the newest of them.
pub const PHRASE_LOOKED_AT_MAX: usize = 10_000;
/// So many words at most stand for the beginnings of a search: to find each takes a third of a millisecond.
const WORDS_OF_BEGINNINGS_MAX: usize = 16;
/// A word that so many messages hold tells nothing about one of them.
const COMMON_MIN: usize = 20_000;
/// What such a word is worth: as little as SQLite gives to one that more than half of all hold.
const COMMON_WORTH: f64 = 1e-6;
/// Within this time what is new counts for up to twice as much.
const MONTH_MS: &str = "2592000000.0";
/// What stands around a find in a snippet of SQLite's. In a message they would be no text anyway.
const MARK_START: char = '\u{2}';
const MARK_END: char = '\u{3}';

/// Where in a message the words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundIn {
    Text,
    Reasoning,
    /// What a tool gave back.
    ToolResult,
}

impl FoundIn {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Reasoning => "reasoning",
            Self::ToolResult => "tool_result",
        }
    }
}

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
    pub found_in: FoundIn,
    /// The words around the first find.
    pub snippet: String,
    /// The finds in it, in bytes.
    pub marks: Vec<Range<usize>>,
}

/// What a search has found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchPage {
    /// The best first.
    pub hits: Vec<SearchHit>,
    /// Older messages that hold the words of a phrase were not looked at, and those that were do not fill the page.
    pub is_partial: bool,
}

/// Which hits of a search are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub offset: usize,
    pub limit: usize,
}

impl Page {
    /// So many hits fill it and all before it.
    fn end(self) -> usize {
        self.offset.saturating_add(self.limit)
    }
}

/// A search with all that narrows it down.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub text: String,
    pub filter: Filter,
    /// Only answers that fit it; then there need be no words.
    pub schema: Option<SchemaFilter>,
    /// Also in the thoughts of models.
    pub in_reasoning: bool,
    /// Also in what tools gave back.
    pub in_tool_results: bool,
    pub page: Page,
    /// A phrase is looked for in so many of the newest messages that hold its words; `None`: in all of them.
    pub phrase_looked_at_max: Option<usize>,
    /// What is new is told by it.
    pub now_ms: UnixMillis,
}

/// A full-text index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Index {
    Text,
    Details,
}

impl Index {
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Text => "message_search",
            Self::Details => "detail_search",
        }
    }

    /// The view it is made of, and its columns.
    pub(super) fn content(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Text => ("searchable", &["text"]),
            Self::Details => ("searchable_details", &["reasoning", "tool"]),
        }
    }

    /// What people have written counts more than what models have, and that more than how they came to it.
    fn weight(self) -> &'static str {
        match self {
            Self::Text => "iif(m.role = 'user', 2.0, 1.0)",
            Self::Details => "0.5",
        }
    }
}

/// A message that fits.
struct Hit {
    index: Index,
    number: i64,
    score: f64,
}

/// Which messages are held against the filter.
enum Looked<'a> {
    /// Those that the index finds, all or the newest.
    For { words: &'a str, newest_max: Option<usize> },
    /// These.
    At(Vec<i64>),
}

impl Looked<'_> {
    /// A query of their numbers.
    fn sql(&self, table: &str) -> (String, Vec<Value>) {
        match self {
            Self::For { words, newest_max } => (
                format!("SELECT rowid AS number FROM {table} WHERE {table} MATCH ? ORDER BY rowid DESC LIMIT ?"),
                vec![Value::from((*words).to_owned()), Value::from(newest_max.map_or(i64::MAX, count))],
            ),
            Self::At(numbers) => {
                ("SELECT value AS number FROM json_each(?)".to_owned(), vec![Value::from(json_list(numbers))])
            }
        }
    }
}

impl History {
    /// Messages that hold the words of `text`, the newest first.
    pub fn search(&self, text: &str, page: Page) -> Result<Vec<SearchHit>, HistoryError> {
        let wanted = self.with_words(Index::Text, full_text_query(text)?)?.whole();
        let query =
            "SELECT rowid FROM message_search WHERE message_search MATCH ?1 ORDER BY rowid DESC LIMIT ?2 OFFSET ?3";
        let (limit, offset) = (count(page.limit), count(page.offset));
        let mut statement = self.connection.prepare_cached(query)?;
        let numbers = statement.query_map(params![wanted, limit, offset], |row| row.get(0))?;
        let numbers: Vec<i64> = numbers.collect::<Result<_, _>>()?;
        let mut hits = self.hits(Index::Text, &numbers, &wanted)?;
        Ok(numbers.iter().filter_map(|number| hits.remove(number)).collect())
    }

    /// The best hits first: those with rare words, in prompts, and of late.
    pub fn find(&self, wanted: &Wanted) -> Result<SearchPage, HistoryError> {
        if wanted.schema.is_some() && !self.connection.table_exists(None, "matched_answer")? {
            return Ok(SearchPage::default());
        }
        if let (Some(schema), "") = (&wanted.schema, wanted.text.trim()) {
            return Ok(SearchPage { hits: self.matched(schema, wanted)?, is_partial: false });
        }
        let typed = full_text_query(&wanted.text)?;
        let query = self.with_words(Index::Text, typed.clone())?;
        let (mut found, mut is_all) = self.ranked(Index::Text, &query, wanted)?;
        let columns = match (wanted.in_reasoning, wanted.in_tool_results) {
            (false, false) => None,
            (true, false) => Some("reasoning"),
            (false, true) => Some("tool"),
            (true, true) => Some("reasoning tool"),
        };
        let details = match columns.filter(|_| self.has_places()) {
            Some(columns) => Some(self.with_words(Index::Details, typed)?.in_columns(columns)),
            None => None,
        };
        if let Some(details) = &details {
            let (others, are_all) = self.ranked(Index::Details, details, wanted)?;
            found.extend(others);
            is_all &= are_all;
        }
        let is_partial = !is_all && found.len() < wanted.page.end();
        found.sort_by(|one, other| other.score.total_cmp(&one.score).then(other.number.cmp(&one.number)));
        let page: Vec<_> = found.into_iter().skip(wanted.page.offset).take(wanted.page.limit).collect();
        let numbers = |index| page.iter().filter(|hit| hit.index == index).map(|hit| hit.number).collect::<Vec<_>>();
        let mut texts = self.hits(Index::Text, &numbers(Index::Text), &query.whole())?;
        let mut others = match &details {
            Some(details) => self.hits(Index::Details, &numbers(Index::Details), &details.whole())?,
            None => HashMap::new(),
        };
        let shown = page.iter().filter_map(|hit| match hit.index {
            Index::Text => texts.remove(&hit.number),
            Index::Details => others.remove(&hit.number),
        });
        Ok(SearchPage { hits: shown.collect(), is_partial })
    }

    /// So many messages of older versions are not searched for reasoning and tool results yet.
    pub fn unindexed(&self) -> Result<i64, HistoryError> {
        if self.has_places() { Ok(details::backlog(&self.connection)?) } else { Ok(i64::MAX) }
    }

    /// All that fit, or the newest of them, with what each is worth; and whether older ones were looked at, too.
    fn ranked(&self, index: Index, query: &FullTextQuery, wanted: &Wanted) -> Result<(Vec<Hit>, bool), HistoryError> {
        let looked_at_max = wanted.phrase_looked_at_max;
        let phrase =
            looked_at_max.and_then(|max| self.newest_with_phrase(index, query, max).transpose()).transpose()?;
        let (mut hits, is_all) = match phrase {
            None => (self.fitting_of_all(index, query, wanted)?, true),
            Some(newest) => (self.fitting(index, &Looked::At(newest.numbers), wanted)?, newest.is_all),
        };
        hits.sort_by_key(|hit| Reverse(hit.number));
        if hits.len() > RANKED_MAX {
            hits.truncate(RANKED_MAX);
        } else {
            self.weigh_words(index, query, &mut hits)?;
        }
        Ok((hits, is_all))
    }

    fn fitting_of_all(&self, index: Index, query: &FullTextQuery, wanted: &Wanted) -> Result<Vec<Hit>, HistoryError> {
        let is_filtered = wanted.filter != Filter::default() || wanted.schema.is_some();
        let first_max = if is_filtered { LOOKED_AT_FIRST_MAX } else { RANKED_MAX + 1 };
        let words = query.whole();
        let hits = self.fitting(index, &Looked::For { words: &words, newest_max: Some(first_max) }, wanted)?;
        if is_filtered && hits.len() < wanted.page.end() && self.is_held_by(index, &words, first_max)? {
            return self.fitting(index, &Looked::For { words: &words, newest_max: None }, wanted);
        }
        Ok(hits)
    }

    /// What of these messages fits, and what each is worth by its age.
    fn fitting(&self, index: Index, looked: &Looked<'_>, wanted: &Wanted) -> Result<Vec<Hit>, HistoryError> {
        let mut conditions = Conditions::of(&wanted.filter, "m.created_ms", "m.model");
        wanted.schema.iter().for_each(|schema| conditions.add_schema(schema));
        let status =
            wanted.filter.status.map_or_else(String::new, |status| format!(" AND m.status = '{}'", status.name()));
        let (found, found_values) = looked.sql(index.table());
        let sql = format!(
            "SELECT m.number, {} * (1.0 + 1.0 / (1.0 + max(? - m.created_ms, 0) / {MONTH_MS}))
             FROM ({found}) AS found CROSS JOIN message AS m ON m.number = found.number
                 CROSS JOIN conversation AS c ON c.number = m.conversation
             WHERE true{}{status}",
            index.weight(),
            conditions.sql,
        );
        let mut values = vec![Value::from(wanted.now_ms)];
        values.extend(found_values);
        values.extend(conditions.values);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement
            .query_map(params_from_iter(values), |row| Ok(Hit { index, number: row.get(0)?, score: row.get(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Counts rare words, and many of them in few, for more. SQLite reads all that the index has about a word to say
    /// how rare it is, which takes long for those that are everywhere: so these are left out.
    fn weigh_words(&self, index: Index, query: &FullTextQuery, hits: &mut [Hit]) -> Result<(), HistoryError> {
        let (Some(first), Some(last)) = (hits.last(), hits.first()) else { return Ok(()) };
        let mut rare = Vec::new();
        // A phrase is as rare as its words in one message are: to count the phrase itself takes too long.
        let loose = query.loosened().map_or_else(|| query.terms(), |loose| loose.terms());
        for (term, loose) in query.terms().into_iter().zip(loose) {
            if self.is_rare(index, &loose)? {
                rare.push(term);
            }
        }
        if rare.is_empty() {
            return Ok(());
        }
        let table = index.table();
        let sql = format!(
            "SELECT rowid, -bm25({table}) FROM {table}
             WHERE {table} MATCH ?1 AND rowid BETWEEN ?3 AND ?4 AND +rowid IN (SELECT value FROM json_each(?2))"
        );
        let numbers = json_list(&hits.iter().map(|hit| hit.number).collect::<Vec<_>>());
        let mut statement = self.connection.prepare_cached(&sql)?;
        let words = statement.query_map(params![any_of(&rare), numbers, first.number, last.number], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?))
        })?;
        let words: HashMap<i64, f64> = words.collect::<Result<_, _>>()?;
        for hit in hits {
            hit.score *= words.get(&hit.number).copied().unwrap_or(COMMON_WORTH);
        }
        Ok(())
    }

    /// SQLite reads all that the index has about all words of a beginning before it gives the first hit. Where they
    /// are few it is asked for the words instead.
    fn with_words(&self, index: Index, query: FullTextQuery) -> Result<FullTextQuery, HistoryError> {
        Ok(query.with_words(|beginning, count| self.words(index, beginning, WORDS_OF_BEGINNINGS_MAX / count))?)
    }

    /// The words of the index that begin like this; none where there are more than `words_max`.
    fn words(&self, index: Index, beginning: &str, words_max: usize) -> rusqlite::Result<Vec<String>> {
        let table = index.table();
        // It is in memory alone, as a view on the index.
        self.connection.execute_batch(&format!(
            "PRAGMA query_only = OFF;
             CREATE VIRTUAL TABLE IF NOT EXISTS temp.{table}_words USING fts5vocab('main', '{table}', 'instance');
             PRAGMA query_only = ON"
        ))?;
        let sql = format!("SELECT term FROM temp.{table}_words WHERE term >= ?1 LIMIT 1");
        let mut next_word = self.connection.prepare_cached(&sql)?;
        let mut words: Vec<String> = Vec::new();
        let mut from = beginning.to_owned();
        while let Some(word) = next_word.query_row([&from], |row| row.get::<_, String>(0)).optional()? {
            if !word.starts_with(beginning) {
                break;
            }
            if words.len() == words_max {
                return Ok(Vec::new());
            }
            // Before any longer word: no word holds such a character.
            from = format!("{word}\u{1}");
            words.push(word);
        }
        Ok(words)
    }

    fn is_rare(&self, index: Index, term: &str) -> Result<bool, HistoryError> {
        Ok(!self.is_held_by(index, term, COMMON_MIN)?)
    }

    /// Whether so many messages, or more, hold what `query` asks for.
    fn is_held_by(&self, index: Index, query: &str, messages: usize) -> Result<bool, HistoryError> {
        let table = index.table();
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {table} MATCH ?1 LIMIT ?2)");
        let messages = count(messages);
        let held_by: i64 =
            self.connection.prepare_cached(&sql)?.query_row(params![query, messages], |row| row.get(0))?;
        Ok(held_by >= messages)
    }

    /// What is shown of hits; only of those on the page, since snippets take the whole text. All of them in one go
    /// through the index: the beginning of a word is looked up anew each time.
    fn hits(&self, index: Index, numbers: &[i64], query: &str) -> Result<HashMap<i64, SearchHit>, HistoryError> {
        let (Some(first), Some(last)) = (numbers.iter().min(), numbers.iter().max()) else {
            return Ok(HashMap::new());
        };
        let table = index.table();
        let sql = format!(
            "SELECT c.id, coalesce(c.name, c.title), m.id, m.role, m.created_ms, m.model,
                snippet({table}, -1, char(2), char(3), '…', ?3), m.number
             FROM {table} CROSS JOIN message AS m ON m.number = {table}.rowid
                 CROSS JOIN conversation AS c ON c.number = m.conversation
             WHERE {table} MATCH ?1 AND {table}.rowid BETWEEN ?4 AND ?5
                 AND +{table}.rowid IN (SELECT value FROM json_each(?2))"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![query, json_list(numbers), SNIPPET_WORDS, first, last], |row| {
            let role = Role::from_name(&row.get::<_, String>(3)?).unwrap_or(Role::User);
            let (snippet, marks) = unmarked(&row.get::<_, String>(6)?);
            let hit = SearchHit {
                conversation: ConversationId(row.get(0)?),
                title: row.get(1)?,
                message: MessageId(row.get(2)?),
                role,
                created_ms: row.get(4)?,
                model: row.get(5)?,
                found_in: match (index, role) {
                    (Index::Text, _) => FoundIn::Text,
                    (Index::Details, Role::Tool) => FoundIn::ToolResult,
                    (Index::Details, Role::System | Role::User | Role::Assistant) => FoundIn::Reasoning,
                },
                snippet,
                marks,
            };
            Ok((row.get(7)?, hit))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// As `json_each` reads them.
pub(super) fn json_list(numbers: &[i64]) -> String {
    format!("{numbers:?}")
}

pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The text without the marks, and what they enclose. A message can hold such characters, too: marks without
/// a partner mean nothing.
fn unmarked(snippet: &str) -> (String, Vec<Range<usize>>) {
    let (mut text, mut marks) = (String::with_capacity(snippet.len()), Vec::new());
    let mut start = None;
    for letter in snippet.chars() {
        match letter {
            MARK_START => start = Some(text.len()),
            MARK_END => marks.extend(start.take().map(|start| start..text.len())),
            letter => text.push(letter),
        }
    }
    marks.retain(|mark| !mark.is_empty());
    (text, marks)
}

#[cfg(test)]
mod tests {
    use super::unmarked;

    #[test]
    fn marks_are_found_and_forged_ones_do_no_harm() {
        assert_eq!(unmarked("an \u{2}apple\u{3} a \u{2}day\u{3}"), ("an apple a day".to_owned(), vec![3..8, 11..14]));
        assert_eq!(unmarked("\u{3}a\u{2}\u{2}b\u{3}\u{3}c\u{2}d\u{3}\u{2}"), ("abcd".to_owned(), vec![1..2, 3..4]));
    }
}
