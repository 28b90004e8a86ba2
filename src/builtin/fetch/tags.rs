//! A quick look at the tags of a page: whether it is one that a parser would take for ever over.
//!
//! Elements that are opened and never closed pile up, and both the parser and the layout take time for
//! every pair of them. Counted here the cautious way: too high for careless pages, never too low.

/// Elements within one another.
const DEPTH_MAX: usize = 200;
/// The depths of all tags together: what the tree can grow to.
const DEPTHS_MAX: usize = 4_000_000;
/// Digits in `colspan` and `rowspan`.
const SPAN_DIGITS_MAX: usize = 4;

/// Elements without an end.
const VOID: [&str; 15] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "!doctype",
];
/// Elements that the next one of their kind ends.
const SELF_ENDING: [&str; 18] = [
    "body", "caption", "colgroup", "dd", "dt", "head", "html", "li", "optgroup", "option", "p", "rp", "rt", "tbody",
    "td", "tfoot", "th", "tr",
];

/// Whether it is better not taken apart.
pub fn is_tangled(html: &[u8]) -> bool {
    let mut open: Vec<String> = Vec::new();
    let mut depths = 0;
    for tag in Tags(html) {
        let (is_end, name) = tag_name(tag);
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        if has_wide_span(tag) {
            return true;
        }
        let piles_up = !VOID.contains(&&*name) && !SELF_ENDING.contains(&&*name);
        if is_end && open.last() == Some(&name) {
            open.pop();
        } else if !is_end && piles_up {
            open.push(name);
        }
        depths += open.len() + 1;
        if open.len() > DEPTH_MAX || depths > DEPTHS_MAX {
            return true;
        }
    }
    false
}

fn tag_name(tag: &[u8]) -> (bool, &[u8]) {
    let (is_end, rest) = match tag.strip_prefix(b"/") {
        Some(rest) => (true, rest),
        None => (false, tag),
    };
    let end = rest.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'));
    (is_end, &rest[..end.unwrap_or(rest.len())])
}

fn has_wide_span(tag: &[u8]) -> bool {
    let lower = tag.to_ascii_lowercase();
    memchr::memmem::find_iter(&lower, b"span").any(|position| {
        let digits = lower[position + 4..].iter().skip_while(|byte| b" =\"'\t\r\n".contains(byte));
        digits.take_while(|byte| byte.is_ascii_digit()).count() > SPAN_DIGITS_MAX
    })
}

/// What stands between `<` and `>`, where it begins as a tag does.
struct Tags<'a>(&'a [u8]);

impl<'a> Iterator for Tags<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let start = memchr::memchr(b'<', self.0)? + 1;
            let rest = &self.0[start..];
            let is_tag = rest.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'!'));
            // Another `<` in it can be a tag as well.
            let end = memchr::memchr2(b'>', b'<', rest).unwrap_or(rest.len());
            self.0 = &rest[end..];
            if is_tag {
                return Some(&rest[..end]);
            }
        }
    }
}

/// The text between the tags, whatever it is.
pub fn strip(html: &[u8]) -> String {
    let html = String::from_utf8_lossy(html);
    let mut text = String::new();
    let mut skipped_until: Option<&str> = None;
    for (index, piece) in html.split('<').enumerate() {
        let (tag, rest) = if index == 0 { ("", piece) } else { piece.split_once('>').unwrap_or((piece, "")) };
        let tag = tag.to_ascii_lowercase();
        match skipped_until {
            Some(name) if tag.strip_prefix('/').is_some_and(|tag| tag.starts_with(name)) => skipped_until = None,
            Some(_) => continue,
            None => skipped_until = ["script", "style"].into_iter().find(|name| tag.starts_with(name)),
        }
        if skipped_until.is_none() {
            for word in rest.split_whitespace() {
                text.push_str(word);
                text.push(' ');
            }
        }
    }
    let entities = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let text = entities.into_iter().fold(text, |text, (entity, plain)| text.replace(entity, plain));
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_piles_up_is_tangled() {
        assert!(!is_tangled("<ul><li><p>a<li>b<br><img src=x></ul>".repeat(5_000).as_bytes()));
        assert!(!is_tangled(b"1 < 2 <3 <- <table><td colspan=2 rowspan='1000'>"));
        assert!(is_tangled("<b>".repeat(201).as_bytes()));
        // An end of something else ends nothing.
        assert!(is_tangled("<b><div></b>".repeat(201).as_bytes()));
        assert!(is_tangled(b"<td COLSPAN = \"100000\">"));
    }

    #[test]
    fn the_text_is_left() {
        let html = b"<p>a &lt;b&gt;  &amp;amp;<script>if (1 < 2) { alert('<b>') }</script>\n<i>c</i></p>";
        assert_eq!(strip(html), "a <b> &amp; c\n");
    }
}
