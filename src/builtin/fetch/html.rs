//! HTML to text that a model reads well: Markdown, near enough, with links where they stand.

use html2text::config;
use html2text::render::TextDecorator;
use url::Url;

use super::tags;

/// Wide enough that no address is broken, and a paragraph seldom.
const WIDTH: usize = 2000;

/// Text of a page whose links are relative to `base`.
pub fn text(bytes: &[u8], base: &Url) -> Result<String, String> {
    if tags::is_tangled(bytes) {
        return Ok(format!("[the page is too tangled to keep its layout and links]\n{}", tags::strip(bytes)));
    }
    let decorator = Markdown { base: base.clone(), open: Vec::new() };
    let config = config::with_decorator(decorator)
        .max_wrap_width(WIDTH)
        .allow_width_overflow()
        .no_table_borders()
        .no_link_wrapping();
    let text = config.string_from_read(bytes, WIDTH).map_err(|error| format!("the page cannot be read: {error}"))?;
    Ok(tidy(&text))
}

/// Without spaces at the ends of lines and heaps of empty lines.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut is_after_empty = true;
    for line in text.lines() {
        let line = line.trim_end();
        if !(line.is_empty() && is_after_empty) {
            tidied.push_str(line);
            tidied.push('\n');
        }
        is_after_empty = line.is_empty();
    }
    tidied
}

#[derive(Clone, Debug)]
struct Markdown {
    base: Url,
    /// Of the links that are open; `None` for one that leads nowhere else.
    open: Vec<Option<Url>>,
}

impl Markdown {
    /// Where a link leads, if that is another page.
    fn target(&self, written: &str) -> Option<Url> {
        if written.starts_with('#') {
            return None;
        }
        self.base.join(written).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "mailto"))
    }
}

impl TextDecorator for Markdown {
    type Annotation = ();

    fn decorate_link_start(&mut self, url: &str) -> (String, ()) {
        let target = self.target(url);
        let begin = if target.is_some() { "[" } else { "" };
        self.open.push(target);
        (begin.to_owned(), ())
    }

    fn decorate_link_end(&mut self) -> String {
        self.open.pop().flatten().map_or_else(String::new, |url| format!("]({url})"))
    }

    fn decorate_em_start(&self) -> (String, ()) {
        ("*".to_owned(), ())
    }

    fn decorate_em_end(&self) -> String {
        "*".to_owned()
    }

    fn decorate_strong_start(&self) -> (String, ()) {
        ("**".to_owned(), ())
    }

    fn decorate_strong_end(&self) -> String {
        "**".to_owned()
    }

    fn decorate_strikeout_start(&self) -> (String, ()) {
        ("~~".to_owned(), ())
    }

    fn decorate_strikeout_end(&self) -> String {
        "~~".to_owned()
    }

    fn decorate_code_start(&self) -> (String, ()) {
        ("`".to_owned(), ())
    }

    fn decorate_code_end(&self) -> String {
        "`".to_owned()
    }

    fn decorate_preformat_first(&self) {}

    fn decorate_preformat_cont(&self) {}

    fn decorate_image(&mut self, _: &str, title: &str) -> (String, ()) {
        let text = if title.is_empty() { String::new() } else { format!("[image: {title}]") };
        (text, ())
    }

    fn header_prefix(&self, level: usize) -> String {
        format!("{} ", "#".repeat(level))
    }

    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }

    fn unordered_item_prefix(&self) -> String {
        "- ".to_owned()
    }

    fn ordered_item_prefix(&self, number: i64) -> String {
        format!("{number}. ")
    }

    fn make_subblock_decorator(&self) -> Self {
        Self { base: self.base.clone(), open: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &str) -> String {
        text(html.as_bytes(), &Url::parse("https://example.com/a/b").unwrap()).unwrap()
    }

    #[test]
    fn pages_become_text_with_their_links() {
        let page = "<html><head><title>T</title><style>p { color: red }</style><script>alert('x')</script></head><body>\
            <h1>Head</h1><p>One <b>bold</b>, one <em>soft</em> and <a href='../c?d=1'>a link</a>.</p>\
            <ul><li>first</li><li><a href='#top'>up</a></li><li><a href='javascript:x()'>do</a></li></ul><hr>\
            <pre>a  b\n  c</pre><table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>\
            <img src='x.png' alt='A picture'></body></html>";
        assert_eq!(
            of(page),
            "# Head\n\nOne **bold**, one *soft* and [a link](https://example.com/c?d=1).\n- first\n- up\n- do\n\na  b\n  c\n\n1 2\n3 4\n[image: A picture]\n"
        );
    }

    #[test]
    fn bombs_end_soon() {
        let begun = std::time::Instant::now();
        for begin in ["<div>", "<table><tr><td>", "<b><i>", "<b></i>", "<p><b>", "<svg><g>", "<td colspan=99999999999>"]
        {
            let tangled = of(&format!("{}deep", begin.repeat(50_000)));
            assert!(tangled.starts_with("[the page is too tangled") && tangled.ends_with("deep\n"), "{begin}");
        }
        let long = of(&"<p>one <a href=x>two</a></p>".repeat(4_000));
        assert!(long.starts_with("one [two](https://example.com/a/x)\n"), "a long page is not a tangled one");
        let deep = of(&format!("{}deep{}", "<div>".repeat(100), "</div>".repeat(100)));
        assert_eq!(deep, "deep\n");
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }
}
