//! HTML to text that a model reads well: Markdown, near enough, with links where they stand.
//!
//! It is written tag by tag, as they come; no tree is built. A page that is nested without end, or never closes
//! anything, therefore takes no longer than any other of its size.

use std::convert::Infallible;

use html5gum::{DefaultEmitter, HtmlString, StartTag, Token, Tokenizer};
use url::{Position, Url};

use super::layout::{Gap, Layout};

/// Text of a page whose links are relative to `base`.
#[must_use]
pub fn text(html: &str, base: &Url) -> String {
    let mut page = Page { base, layout: Layout::default(), unseen: None, noscript: Noscript::Outside };
    page.read(html);
    page.layout.into_text()
}

struct Page<'a> {
    base: &'a Url,
    layout: Layout,
    /// An element that nobody sees, and how many of its name are open.
    unseen: Option<(HtmlString, usize)>,
    noscript: Noscript,
}

/// What is in a `<noscript>` comes as one text, tags and all. Those who run no scripts are whom it is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Noscript {
    Outside,
    /// It comes next.
    Next,
    /// It is being read.
    Inside,
}

impl Page<'_> {
    fn read(&mut self, html: &str) {
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(html, emitter) {
            if self.layout.is_full() {
                return;
            }
            let Ok::<_, Infallible>(token) = token;
            match token {
                Token::StartTag(tag) => self.start(&tag),
                Token::EndTag(tag) => self.end(&tag.name),
                Token::String(text) => self.string(&String::from_utf8_lossy(&text)),
                Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
            }
        }
    }

    fn string(&mut self, text: &str) {
        if self.unseen.is_some() {
            return;
        }
        if self.noscript == Noscript::Next {
            self.noscript = Noscript::Inside;
            self.read(text);
            (self.noscript, self.unseen) = (Noscript::Outside, None);
            return;
        }
        match text.contains(SOFT_HYPHEN) {
            true => self.layout.text(&text.replace(SOFT_HYPHEN, "")),
            false => self.layout.text(text),
        }
    }

    fn start(&mut self, tag: &StartTag<()>) {
        if let Some((name, count)) = &mut self.unseen {
            *count += usize::from(*name == tag.name);
            return;
        }
        let attribute = |name: &[u8]| tag.attributes.get(name).map(|value| String::from_utf8_lossy(value).into_owned());
        let layout = &mut self.layout;
        match tag.name.as_slice() {
            b"noscript" if self.noscript == Noscript::Outside => self.noscript = Noscript::Next,
            b"noscript" | b"script" | b"style" | b"template" | b"title" | b"iframe" | b"noembed" | b"noframes" => {
                self.unseen = Some((tag.name.clone(), 1));
            }
            b"br" => layout.line_break(),
            b"hr" => layout.rule(),
            b"h1" => layout.heading("# "),
            b"h2" => layout.heading("## "),
            b"h3" => layout.heading("### "),
            b"h4" => layout.heading("#### "),
            b"h5" => layout.heading("##### "),
            b"h6" => layout.heading("###### "),
            b"ul" | b"menu" | b"dir" => layout.begin_list(None),
            b"ol" => {
                let start: Option<u32> = attribute(b"start").and_then(|start| start.parse().ok());
                layout.begin_list(Some(start.map_or(1, u64::from)));
            }
            b"li" => layout.begin_item(),
            b"blockquote" => layout.begin_quote(),
            b"pre" | b"listing" | b"xmp" => layout.begin_verbatim(),
            b"table" => layout.table_edge(),
            b"tr" => layout.begin_row(),
            b"td" | b"th" => layout.begin_cell(),
            b"b" | b"strong" => layout.begin_mark("strong", "**", "**"),
            b"i" | b"em" | b"cite" | b"dfn" => layout.begin_mark("emphasis", "*", "*"),
            b"s" | b"del" | b"strike" => layout.begin_mark("deletion", "~~", "~~"),
            b"code" | b"kbd" | b"samp" | b"tt" => layout.begin_mark("code", "`", "`"),
            b"q" => layout.begin_mark("quotation", "“", "”"),
            b"a" => self.begin_link(attribute(b"href")),
            b"img" => match attribute(b"alt") {
                Some(alt) if !alt.trim().is_empty() => layout.text(&format!("[image: {}]", alt.trim())),
                Some(_) | None => {}
            },
            name => layout.gap(gap_around(name)),
        }
    }

    fn end(&mut self, name: &HtmlString) {
        if let Some((unseen, count)) = &mut self.unseen {
            *count -= usize::from(unseen == name);
            if *count == 0 {
                self.unseen = None;
            }
            return;
        }
        let layout = &mut self.layout;
        match name.as_slice() {
            b"noscript" if self.noscript == Noscript::Next => self.noscript = Noscript::Outside,
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => layout.heading(""),
            b"ul" | b"ol" | b"menu" | b"dir" => layout.end_list(),
            b"li" => layout.end_item(),
            b"blockquote" => layout.end_quote(),
            b"pre" | b"listing" | b"xmp" => layout.end_verbatim(),
            b"table" => layout.table_edge(),
            b"tr" => layout.end_row(),
            b"b" | b"strong" => layout.end_mark("strong"),
            b"i" | b"em" | b"cite" | b"dfn" => layout.end_mark("emphasis"),
            b"s" | b"del" | b"strike" => layout.end_mark("deletion"),
            b"code" | b"kbd" | b"samp" | b"tt" => layout.end_mark("code"),
            b"q" => layout.end_mark("quotation"),
            b"a" => layout.end_mark(LINK),
            name => layout.gap(gap_around(name)),
        }
    }

    /// One that leads nowhere else is just its text. The link before it ends here, if it has not ended.
    fn begin_link(&mut self, target: Option<String>) {
        self.layout.end_mark(LINK);
        let target = target.and_then(|written| self.base.join(&written).ok());
        let leads_elsewhere = |url: &Url| {
            matches!(url.scheme(), "http" | "https" | "mailto")
                && url[..Position::AfterQuery] != self.base[..Position::AfterQuery]
        };
        if let Some(target) = target.filter(leads_elsewhere) {
            self.layout.begin_mark(LINK, "[", format!("]({target})"));
        }
    }
}

const LINK: &str = "link";
/// Shows only where a line is broken.
const SOFT_HYPHEN: &str = "\u{ad}";

/// Before and after an element of this name.
fn gap_around(name: &[u8]) -> Gap {
    match name {
        b"p" | b"dl" | b"figure" | b"fieldset" | b"hgroup" => Gap::Paragraph,
        b"address" | b"article" | b"aside" | b"body" | b"caption" | b"center" | b"dd" | b"details" | b"dialog"
        | b"div" | b"dt" | b"figcaption" | b"footer" | b"form" | b"header" | b"html" | b"legend" | b"main" | b"nav"
        | b"optgroup" | b"option" | b"search" | b"section" | b"summary" | b"tbody" | b"tfoot" | b"thead" => Gap::Line,
        _ => Gap::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &str) -> String {
        text(html, &Url::parse("https://example.com/a/b").unwrap())
    }

    #[test]
    fn pages_become_text_with_their_links() {
        let page = "<html><head><title>T</title><style>p { color: red }</style><script>alert('x')</script></head><body>\
            <h1>Head</h1><p>One <b> bold</b>, one <em>soft</em> and <a href='../c?d=1'>a link</a>.</p>\
            <ul><li>first</li><li><a href='#top'>up</a></li><li><a href='javascript:x()'>do</a></li></ul><hr>\
            <pre>a  b\n  <b>c</b></pre><table><tr><th>1<th>2<tr><td>3</td><td>4</td></tr></table>\
            <img src='x.png' alt='A picture'></body></html>";
        assert_eq!(
            of(page),
            "# Head\n\nOne **bold**, one *soft* and [a link](https://example.com/c?d=1).\n\n- first\n- up\n- do\n\n---\n\n\
            ```\na  b\n  c\n```\n\n1 | 2\n3 | 4\n\n[image: A picture]\n"
        );
    }

    #[test]
    fn characters_have_names_and_spaces_are_alike() {
        assert_eq!(
            of("caf&eacute; &lt;b&gt;&amp;amp;&nbsp; x&#x1F600;&AMPy &notanentity; soft&shy;ly"),
            "café <b>&amp; x😀&y ¬anentity; softly\n"
        );
        assert_eq!(of(" \n a \t b\u{a0}\u{a0}c \n"), "a b c\n");
        assert_eq!(of("a<br>b<br><br>c<br><br><br>d"), "a\nb\n\nc\n\nd\n");
        assert_eq!((of(""), of("<p> </p><b></b><li><h2></h2><pre>\n</pre>")), (String::new(), String::new()));
    }

    #[test]
    fn lists_and_quotes_stand_within_one_another() {
        assert_eq!(
            of("<ol start=9><li>a<ul><li>b<p>c</ul><li><blockquote>d<p>e</blockquote></ol>f"),
            "9. a\n   - b\n\n     c\n10. > d\n\n    > e\n\nf\n"
        );
        assert_eq!(of("<li>a<li>b"), "- a\n- b\n");
        assert_eq!(of("<blockquote><pre>x\n\n ```</pre></blockquote>y"), "> ````\n> x\n>\n>  ```\n> ````\n\ny\n");
    }

    #[test]
    fn marks_end_with_their_line_and_where_they_were_left_open() {
        assert_eq!(of("<b>a<p>b</b>c"), "**a**\n\n**b**c\n");
        assert_eq!(of("<b>a <i>b</b> c</i> d"), "**a *b*** *c* d\n");
        assert_eq!(
            of("<a href=x>one <a href=y><h2>two</h2>three</a>"),
            "[one](https://example.com/a/x)\n\n## [two](https://example.com/a/y)\n\n[three](https://example.com/a/y)\n"
        );
        assert_eq!(of("<a href=x><img alt=''></a><a href='b?q#here'>z</a>"), "[z](https://example.com/a/b?q#here)\n");
    }

    #[test]
    fn cells_stand_side_by_side_unless_they_have_lines() {
        assert_eq!(
            of("<table><tr><td></td><td><p>a</p></td><td>b</td></tr><tr><th>c<td><td>d</table>e"),
            "| a | b\nc | | d\n\ne\n"
        );
        assert_eq!(of("<table><tr><td>a<p>b<td>c</table>"), "a\n\nb\nc\n");
    }

    #[test]
    fn what_nobody_sees_is_left_out() {
        assert_eq!(of("<template>a<template>b</template>c</template>d<!-- e --><iframe><p>f</iframe>"), "d\n");
        assert_eq!(of("a<noscript><b>b</b><style></noscript>c"), "a**b**c\n");
        assert_eq!(of("a<script>if (1 < 2) { '<b>' }"), "a\n");
    }

    #[test]
    fn bombs_end_soon_and_hide_nothing() {
        let begun = std::time::Instant::now();
        for begin in [
            "<div>",
            "<table><tr><td>",
            "<b><i>",
            "<b></i>",
            "<p><b>",
            "<svg><g>",
            "<td colspan=99999999999>",
            "<ul><li>",
            "<blockquote>",
            "<noscript>",
            "<a href=x>",
            "<pre>",
            "</b>",
            "<b a=1 a=2>",
            "<",
            "&",
            "<!--",
            "\u{1}",
        ] {
            let long = of(&format!("deep{}", begin.repeat(100_000)));
            assert!(long.starts_with("deep") && long.len() < 400_100, "{begin}: {}", long.len());
        }
        let far = format!("https://example.com/{}/", "x".repeat(2_000));
        for page in [
            "<a href=x>x</a>".repeat(50_000),
            format!("<a href='/{}'>{}", "x".repeat(100_000), "x<p>".repeat(50_000)),
            format!("{}<pre>{}", "<ol start=4000000000><li>x<blockquote>".repeat(20), "x\n".repeat(500_000)),
        ] {
            let bomb = text(&page, &Url::parse(&far).unwrap());
            assert!(
                bomb.len() < 40 << 20 && bomb.ends_with("\n[the rest of the page is left out]\n"),
                "{}",
                bomb.len()
            );
        }
        let deep = of(&format!("{}deep{}", "<div><ul><li>".repeat(10_000), "</li></ul></div>".repeat(10_000)));
        assert!(deep.trim_start_matches(['-', ' ']).starts_with("deep\n") && deep.len() < 100, "{deep}");
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }

    proptest::proptest! {
        #[test]
        fn no_page_is_too_strange(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60)) {
            let page = pieces.concat();
            let text = of(&page);
            let words = |text: &str| text.matches("word").count();
            proptest::prop_assert!(words(&text) <= words(&page) && text.len() < 200 + 100 * page.len(), "{text}");
            proptest::prop_assert!(text.is_empty() || text.ends_with('\n') && !text.ends_with("\n\n"), "{text:?}");
            let hidden = ["<script>", "<style>", "<template>", "<title>", "<!--"];
            let is_shown = !hidden.iter().any(|start| page.contains(start)) && page.matches("<noscript>").count() < 2;
            proptest::prop_assert!(!is_shown || words(&text) == words(&page), "{page}\n{text}");
        }
    }

    const PIECES: &[&str] = &[
        "word",
        "word",
        " ",
        "\n",
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<i>",
        "</i>",
        "<a href=x>",
        "</a>",
        "<code>",
        "</code>",
        "<h2>",
        "</h2>",
        "<ul>",
        "</ul>",
        "<ol start=8>",
        "</ol>",
        "<li>",
        "</li>",
        "<blockquote>",
        "</blockquote>",
        "<pre>",
        "</pre>",
        "<table>",
        "</table>",
        "<tr>",
        "</tr>",
        "<td>",
        "</td>",
        "<br>",
        "<hr>",
        "<noscript>",
        "</noscript>",
        "<template>",
        "</template>",
        "<script>",
        "</script>",
        "<style>",
        "</style>",
        "<title>",
        "</title>",
        "<!--",
        "-->",
        "<div>",
        "</div>",
        "&amp;",
        "`",
        "\u{ad}",
        "<img alt=word>",
    ];
}
