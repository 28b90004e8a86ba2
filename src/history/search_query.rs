//! What a person types into a search, as a query in which nothing is an operator by accident (pure).

use super::HistoryError;

/// Words of one search; the rest is a mistake, not a search.
const WORDS_MAX: usize = 32;
/// A shorter beginning, in bytes, fits so many words that a search for it takes minutes in a large history.
const BEGINNING_BYTES_MIN: usize = 3;

/// A search as the full-text index takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTextQuery {
    /// Of each group one term is enough: a word, a phrase or a beginning, in quotes.
    wanted: Vec<Vec<String>>,
    unwanted: Vec<String>,
    /// Where it looks; `None`: in all columns.
    columns: Option<&'static str>,
}

impl FullTextQuery {
    /// What a message has to fit.
    #[must_use]
    pub fn whole(&self) -> String {
        let groups: Vec<String> = self.wanted.iter().map(|terms| any_of(terms)).collect();
        self.within_columns(match self.unwanted.as_slice() {
            [] => groups.join(" AND "),
            unwanted => format!("({}) NOT {}", groups.join(" AND "), any_of(unwanted)),
        })
    }

    /// Each term that may be in a message, as a query of its own.
    #[must_use]
    pub fn terms(&self) -> Vec<String> {
        self.wanted.iter().flatten().map(|term| self.within_columns(term.clone())).collect()
    }

    #[must_use]
    pub fn in_columns(&self, columns: &'static str) -> Self {
        Self { columns: Some(columns), ..self.clone() }
    }

    /// What fits `self` fits this, and to find it nobody compares the places of words: the words of a phrase stand
    /// anywhere in the message. `None`: there is no phrase that can be taken apart.
    #[must_use]
    pub fn loosened(&self) -> Option<Self> {
        let loosen = |term: &String| words_of_phrase(term).unwrap_or_else(|| term.clone());
        let wanted = self.wanted.iter().map(|terms| terms.iter().map(loosen).collect()).collect();
        let loose = Self { wanted, ..self.clone() };
        (loose != *self).then_some(loose)
    }

    /// With the words that begin like this in place of a beginning, where `words` gives some. It is told how many
    /// beginnings there are.
    pub fn with_words<E>(mut self, mut words: impl FnMut(&str, usize) -> Result<Vec<String>, E>) -> Result<Self, E> {
        let terms = || self.wanted.iter().flatten().chain(&self.unwanted);
        let count = terms().filter(|term| plain_beginning(term).is_some()).count();
        for term in self.wanted.iter_mut().flatten().chain(&mut self.unwanted) {
            let Some(beginning) = plain_beginning(term) else { continue };
            let found: Vec<String> = words(&beginning, count)?.iter().map(|word| format!("\"{word}\"")).collect();
            if !found.is_empty() {
                *term = any_of(&found);
            }
        }
        Ok(self)
    }

    fn within_columns(&self, query: String) -> String {
        self.columns.map_or_else(|| query.clone(), |columns| format!("{{{columns}}} : ({query})"))
    }
}

/// A query that each of these terms is enough for.
pub fn any_of(terms: &[String]) -> String {
    match terms {
        [term] => term.clone(),
        several => format!("({})", several.join(" OR ")),
    }
}

/// The words of a phrase, all of them wanted. Only blanks and signs of ASCII part words for certain, and only digits and
/// Latin letters make one for certain: what else stands in a phrase is left as it is, or out.
fn words_of_phrase(term: &str) -> Option<String> {
    let text = term.strip_prefix('"')?.strip_suffix('"')?;
    let is_word = |part: &&str| part.chars().any(|letter| letter.is_alphanumeric() && letter < '\u{250}');
    let mut words: Vec<String> = text
        .split(|letter: char| letter.is_ascii() && !letter.is_ascii_alphanumeric())
        .filter(is_word)
        .map(|word| format!("\"{word}\""))
        .collect();
    words.sort_unstable();
    words.dedup();
    (text.len() > words.first()?.len() - 2).then(|| format!("({})", words.join(" AND ")))
}

/// The beginning that a term stands for, as the index writes words: only where that is certain.
fn plain_beginning(term: &str) -> Option<String> {
    let text = term.strip_prefix('"')?.strip_suffix("\"*")?;
    text.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| text.to_ascii_lowercase())
}

/// The words as a query of full-text search. All are wanted; `"…"` keeps words together, `*` at the end of a word
/// stands for any ending, `OR` stands between words of which one is enough, and what follows `NOT`, or a `-`
/// without a blank, must not be there.
pub fn full_text_query(text: &str) -> Result<FullTextQuery, HistoryError> {
    let shown = || text.chars().take(60).collect();
    let words = words(text);
    if words.len() > WORDS_MAX {
        return Err(HistoryError::TooManyWords { words_max: WORDS_MAX });
    }
    if let Some(short) = words.iter().find(|word| word.is_short_beginning()) {
        return Err(HistoryError::ShortBeginning { text: short.text.to_owned() });
    }
    let (wanted, unwanted) = sorted(&words);
    if wanted.is_empty() {
        return Err(match unwanted.as_slice() {
            [] => HistoryError::NothingToSearch { text: shown() },
            _ => HistoryError::OnlyUnwanted { text: shown() },
        });
    }
    Ok(FullTextQuery { wanted, unwanted, columns: None })
}

/// A word or a phrase as it was typed.
struct Word<'a> {
    text: &'a str,
    is_phrase: bool,
    has_dash: bool,
}

impl Word<'_> {
    /// Quoted, so that it is no operator; `None` where it holds no letter or digit, and so finds nothing.
    fn term(&self) -> Option<String> {
        let is_beginning = !self.is_phrase && self.text.ends_with('*');
        let text = if self.is_phrase { self.text } else { self.text.trim_end_matches('*') };
        let is_word = text.contains(char::is_alphanumeric);
        let quoted = || format!("\"{}\"{}", text.replace(['\0', '"'], " ").trim(), if is_beginning { "*" } else { "" });
        is_word.then(quoted)
    }

    fn is_short_beginning(&self) -> bool {
        let is_beginning = !self.is_phrase && self.text.ends_with('*');
        let text = self.text.trim_matches(|letter: char| !letter.is_alphanumeric());
        is_beginning && !text.is_empty() && text.len() < BEGINNING_BYTES_MIN
    }

    fn is_operator(&self, name: &str) -> bool {
        !self.is_phrase && !self.has_dash && self.text == name
    }
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut dash_before_quote = false;
    for (index, part) in text.split('"').enumerate() {
        // Between quotes; a quote that is never closed reaches to the end.
        if index % 2 == 1 {
            words.push(Word { text: part, is_phrase: true, has_dash: dash_before_quote });
            continue;
        }
        dash_before_quote = part == "-" || part.ends_with(" -");
        words.extend(part.split_whitespace().map(|word| {
            let after = word.strip_prefix('-').filter(|after| after.starts_with(char::is_alphanumeric));
            Word { text: after.unwrap_or(word), is_phrase: false, has_dash: after.is_some() }
        }));
    }
    words
}

/// Groups of which one term is enough each, and terms that are not wanted. An operator that has nothing to
/// work on is a word.
fn sorted(words: &[Word<'_>]) -> (Vec<Vec<String>>, Vec<String>) {
    let (mut wanted, mut unwanted): (Vec<Vec<String>>, Vec<String>) = Default::default();
    let (mut is_other, mut is_unwanted) = (false, false);
    for (index, word) in words.iter().enumerate() {
        let has_next = words[index + 1..].iter().any(|next| next.term().is_some());
        if has_next && !wanted.is_empty() && (word.is_operator("AND") || word.is_operator("OR")) {
            is_other = word.is_operator("OR");
            continue;
        }
        if has_next && word.is_operator("NOT") {
            is_unwanted = true;
            continue;
        }
        let Some(term) = word.term() else { continue };
        match wanted.last_mut() {
            _ if is_unwanted || word.has_dash => unwanted.push(term),
            Some(group) if is_other => group.push(term),
            Some(_) | None => wanted.push(vec![term]),
        }
        (is_other, is_unwanted) = (false, false);
    }
    (wanted, unwanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_few_and_written_large() {
        for (text, expected) in [
            ("apple pear", r#""apple" AND "pear""#),
            ("apple OR pear NOT (fig)", r#"(("apple" OR "pear")) NOT "(fig)""#),
            ("apple AND pear OR fig", r#""apple" AND ("pear" OR "fig")"#),
            ("apple or not pear", r#""apple" AND "or" AND "not" AND "pear""#),
            (r#"pie -"apple pie" -crust"#, r#"("pie") NOT ("apple pie" OR "crust")"#),
            (r#""apple pie" crust"#, r#""apple pie" AND "crust""#),
            (r#"say "never closed"#, r#""say" AND "never closed""#),
            (r#""NOT" this"#, r#""NOT" AND "this""#),
            ("OR apple", r#""OR" AND "apple""#),
            ("apple NOT", r#""apple" AND "NOT""#),
            ("NOT - apple pie", r#"("pie") NOT "apple""#),
            ("appl* ** *", r#""appl"*"#),
            ("text:apple ^x --flag", r#""text:apple" AND "^x" AND "--flag""#),
            ("a\0b", r#""a b""#),
        ] {
            assert_eq!(full_text_query(text).unwrap().whole(), expected, "{text}");
        }
        for text in ["", "  ", "\"\"", "* - ()", "🙂"] {
            assert!(matches!(full_text_query(text), Err(HistoryError::NothingToSearch { .. })), "{text}");
        }
        for text in ["NOT apple", "-apple -pear"] {
            assert!(matches!(full_text_query(text), Err(HistoryError::OnlyUnwanted { .. })), "{text}");
        }
        for text in ["ap*", "apple a*", "\u{e4}*", "(a*"] {
            assert!(matches!(full_text_query(text), Err(HistoryError::ShortBeginning { .. })), "{text}");
        }
        assert_eq!(full_text_query("日*").unwrap().whole(), "\"日\"*");
        let many = "word ".repeat(WORDS_MAX + 1);
        assert!(matches!(full_text_query(&many), Err(HistoryError::TooManyWords { .. })));
    }

    #[test]
    fn phrases_are_taken_apart_where_words_end_for_certain() {
        for (text, expected) in [
            ("\"green river green\" stone", Some(r#"("green" AND "river") AND "stone""#)),
            ("apple OR \"pie of\" -\"pie pie\"", Some(r#"(("apple" OR ("of" AND "pie"))) NOT "pie pie""#)),
            ("well-known", Some(r#"("known" AND "well")"#)),
            ("\"tea, – cafe\u{301}\"", Some("(\"cafe\u{301}\" AND \"tea\")")),
            ("\"one-\"", Some(r#"("one")"#)),
            ("green river*", None),
            ("\"日本 語\"", None),
            ("foo-ba*", None),
        ] {
            let loose = full_text_query(text).unwrap().loosened().map(|query| query.whole());
            assert_eq!(loose.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn beginnings_can_stand_for_words() {
        let query = full_text_query("apple OR Pea* -cru* ä*pfel*").unwrap();
        assert_eq!(query.terms(), [r#""apple""#, r#""Pea"*"#, r#""ä*pfel"*"#]);
        let words = |beginning: &str, count: usize| {
            assert_eq!(count, 2);
            Ok::<_, ()>(if beginning == "pea" { vec!["pear".to_owned(), "peach".to_owned()] } else { Vec::new() })
        };
        let query = query.with_words(words).unwrap().in_columns("tool");
        let whole = r#"{tool} : ((("apple" OR ("pear" OR "peach")) AND "ä*pfel"*) NOT "cru"*)"#;
        assert_eq!(query.whole(), whole);
        assert_eq!(query.terms()[1], r#"{tool} : (("pear" OR "peach"))"#);
    }
}
