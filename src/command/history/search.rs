//! `history search`, and `/search` at the prompt: hits with the finds marked.

use std::ops::Range;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::filter::filter;
use super::rows::{local_time, utc};
use super::text::{Ink, Text};
use crate::cli::{ListFormat, SearchOptions};
use crate::command::listing::{json_array, json_lines, one_line, tsv};
use crate::command::wanted::schema;
use crate::conversation::now_ms;
use crate::history::{
    Filter, FoundIn, History, HistoryError, HistorySettings, Keeper, PHRASE_LOOKED_AT_MAX, Page, SchemaFilter,
    SearchHit, SearchPage, Wanted,
};

/// Hits unless `--limit` says otherwise.
const HITS_MAX: usize = 20;

#[must_use]
pub fn wanted(options: &SearchOptions) -> Wanted {
    let now_ms = now_ms();
    let limit = options.limit.map_or(HITS_MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    Wanted {
        text: options.words.join(" "),
        filter: filter(&options.filter, now_ms),
        schema: options.schema.as_deref().map(schema_filter),
        in_reasoning: options.reasoning,
        in_tool_results: options.tool_output,
        page: Page { offset: 0, limit },
        phrase_looked_at_max: (!options.all).then_some(PHRASE_LOOKED_AT_MAX),
        now_ms,
    }
}

/// A name, or what can be read as a schema.
fn schema_filter(text: &str) -> SchemaFilter {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    SchemaFilter { name, json: schema(text, false).ok().map(|schema| schema.json) }
}

/// The search of the prompt: prompts and answers of all conversations.
pub fn search_everywhere(history: &History, text: &str) -> Result<SearchPage, HistoryError> {
    history.find(&Wanted {
        text: text.to_owned(),
        filter: Filter::default(),
        schema: None,
        in_reasoning: false,
        in_tool_results: false,
        page: Page { offset: 0, limit: HITS_MAX },
        phrase_looked_at_max: Some(PHRASE_LOOKED_AT_MAX),
        now_ms: now_ms(),
    })
}

/// What a person should know about hits that are not all there are. `for_all`: what to type for those.
#[must_use]
pub fn remark(found: &SearchPage, for_all: &str) -> Option<String> {
    let newest = format!("the newest {PHRASE_LOOKED_AT_MAX} messages with these words; {for_all} looks in all");
    match (found.is_partial, found.hits.is_empty()) {
        (true, true) => Some(format!("nothing found in {newest}")),
        (true, false) => Some(format!("these are from {newest}")),
        (false, true) => Some("nothing found".to_owned()),
        (false, false) => None,
    }
}

/// What older versions have written of reasoning and tool results is indexed with the first search for it. Where
/// that cannot be done the search goes on without; the reason.
pub fn complete_index(
    history: &History,
    wanted: &Wanted,
    settings: &HistorySettings,
    progress: impl FnMut(i64),
) -> Option<String> {
    let is_wanted = wanted.in_reasoning || wanted.in_tool_results;
    if !is_wanted || settings.path.as_ref().is_none_or(|path| !path.exists()) || matches!(history.unindexed(), Ok(0)) {
        return None;
    }
    let indexed = Keeper::open(settings).and_then(|mut keeper| keeper.index_details(progress));
    indexed.err().map(|error| format!("older conversations are not searched for reasoning and tool output: {error}"))
}

#[must_use]
pub fn render(hits: &[SearchHit], format: ListFormat) -> Text {
    let values = || hits.iter().map(hit_json);
    match format {
        ListFormat::Table => hits_text(hits, &TimeZone::system()),
        ListFormat::Json => json_array(values()).into(),
        ListFormat::Jsonl => json_lines(values()).into(),
        ListFormat::Tsv => {
            let header = ["conversation", "message", "role", "found_in", "created", "title", "snippet"];
            tsv(std::iter::once(header.map(str::to_owned)).chain(hits.iter().map(hit_cells))).into()
        }
    }
}

/// Two lines for each hit: where it is, and the words around.
#[must_use]
pub fn hits_text(hits: &[SearchHit], zone: &TimeZone) -> Text {
    let mut text = Text::default();
    for (number, hit) in (1..).zip(hits) {
        text.push(Ink::Strong, format!("#{number}  {}", one_line(&hit.title)));
        let place = match hit.found_in {
            FoundIn::Text => hit.role.name(),
            FoundIn::Reasoning => "reasoning",
            FoundIn::ToolResult => "tool",
        };
        text.line(Ink::Faint, format!("  {place} · {} · {}", local_time(hit.created_ms, zone), hit.message));
        text.push(Ink::Plain, "    ");
        push_marked(&mut text, &hit.snippet, &hit.marks);
        text.push(Ink::Plain, "\n");
    }
    text
}

/// On one line, whatever stands in it.
fn push_marked(text: &mut Text, snippet: &str, marks: &[Range<usize>]) {
    let mut at = 0;
    for mark in marks {
        text.push(Ink::Plain, with_single_blanks(&snippet[at..mark.start]));
        text.push(Ink::Mark, with_single_blanks(&snippet[mark.clone()]));
        at = mark.end;
    }
    text.push(Ink::Plain, with_single_blanks(&snippet[at..]));
}

fn with_single_blanks(part: &str) -> String {
    let mut shown = String::with_capacity(part.len());
    for char in part.chars() {
        match char.is_whitespace() {
            false => shown.push(char),
            true if shown.ends_with(' ') => {}
            true => shown.push(' '),
        }
    }
    shown
}

fn hit_json(hit: &SearchHit) -> Value {
    let characters = |byte: usize| hit.snippet[..byte].chars().count();
    let marks: Vec<_> = hit.marks.iter().map(|mark| [characters(mark.start), characters(mark.end)]).collect();
    json!({
        "conversation": hit.conversation.0,
        "title": hit.title,
        "message": hit.message.0,
        "role": hit.role.name(),
        "found_in": hit.found_in.name(),
        "created": utc(hit.created_ms),
        "model": hit.model,
        "snippet": hit.snippet,
        "marks": marks,
    })
}

fn hit_cells(hit: &SearchHit) -> [String; 7] {
    [
        hit.conversation.0.clone(),
        hit.message.0.clone(),
        hit.role.name().to_owned(),
        hit.found_in.name().to_owned(),
        utc(hit.created_ms),
        hit.title.clone(),
        hit.snippet.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{ConversationId, MessageId, Role};

    #[test]
    fn a_hit_takes_two_lines_and_its_finds_are_marked() {
        let hit = SearchHit {
            conversation: ConversationId("01C".into()),
            title: "About\nfruit".into(),
            message: MessageId("01M".into()),
            role: Role::User,
            created_ms: 0,
            model: None,
            found_in: FoundIn::Text,
            snippet: "Über\nan apple".into(),
            marks: vec![0..5, 9..14],
        };
        let text = hits_text(std::slice::from_ref(&hit), &TimeZone::UTC).raw();
        assert_eq!(text, "#1  About fruit  user · 1970-01-01 00:00 · 01M\n    [Über] an [apple]\n");
        assert_eq!(hit_json(&hit)["marks"], json!([[0, 4], [8, 13]]));
    }
}
