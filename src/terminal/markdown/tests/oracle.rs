//! Against a whole-document parser: the words of realistic answers are the same, in the same order.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{corpus, plain};

/// The words that a parser of the whole document finds in it.
fn words(document: &str) -> Vec<String> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut text = String::new();
    for event in Parser::new_ext(document, options) {
        match event {
            Event::Text(piece) | Event::Code(piece) => text.push_str(&piece),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::Html(piece) | Event::InlineHtml(piece) => text.push_str(&piece),
            Event::End(
                TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableCell | TagEnd::CodeBlock,
            )
            | Event::Start(Tag::Item | Tag::CodeBlock(_)) => text.push('\n'),
            _ => {}
        }
    }
    text.split_whitespace().map(str::to_owned).collect()
}

/// Without the marks that stand for styling where there is none.
fn shown_words(document: &str) -> Vec<String> {
    let shown = plain(document, 4000).replace(['│', '─', '┼'], " ").replace(['`', '#'], "").replace("~~", "");
    let is_mark = |word: &str| {
        matches!(word, "-" | "*" | "+" | "[x]" | "[ ]" | "[" | "]")
            || word.strip_suffix('.').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    shown.split_whitespace().filter(|word| !is_mark(word)).map(str::to_owned).collect()
}

#[test]
fn the_words_of_a_document_are_those_that_a_parser_finds() {
    // What is shown otherwise on purpose is left out: formulas, addresses of links, text that is no CommonMark.
    for document in &corpus::DOCUMENTS[..4] {
        let normal = |word: String| word.replace(['`', '#'], "");
        let expected: Vec<String> = words(document).into_iter().map(normal).filter(|word| !word.is_empty()).collect();
        let fences = ["rust", "bash", "python", "diff"];
        let got: Vec<String> =
            shown_words(document).into_iter().filter(|word| !fences.contains(&word.as_str())).collect();
        assert_eq!(got, expected, "{document:.40}");
    }
}
