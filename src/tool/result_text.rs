//! What a model gets to read of a result: text, and a line for everything that is none.

use crate::mcp::{Content, ResourceContent};

/// All pieces as one text.
#[must_use]
pub fn result_text(content: &[Content]) -> String {
    content.iter().map(piece).collect::<Vec<_>>().join("\n")
}

fn piece(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Image { mime, data } => format!("[image: {mime}, {}]", size(data)),
        Content::Audio { mime, data } => format!("[audio: {mime}, {}]", size(data)),
        Content::Link { uri, name, mime, description } => {
            let mime = mime.as_ref().map(|mime| format!(", {mime}")).unwrap_or_default();
            let description = description.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
            format!("[link: {name} <{uri}>{mime}{description}]")
        }
        Content::Resource(resource) => resource_text(resource),
    }
}

/// A resource with its address.
#[must_use]
pub fn resource_text(resource: &ResourceContent) -> String {
    let mime = resource.mime.as_deref().map(|mime| format!(", {mime}")).unwrap_or_default();
    match (&resource.text, &resource.blob) {
        (Some(text), _) => format!("[resource: {}{mime}]\n{text}", resource.uri),
        (None, Some(blob)) => format!("[resource: {}{mime}, {}, not text]", resource.uri, size(blob)),
        (None, None) => format!("[resource: {}{mime}, empty]", resource.uri),
    }
}

/// Of base64.
fn size(base64: &str) -> String {
    match base64.trim_end_matches('=').len() * 3 / 4 {
        bytes @ ..1024 => format!("{bytes} bytes"),
        bytes => format!("{} KiB", bytes.div_ceil(1024)),
    }
}

/// Cuts `text` to the limit, the marker included. Whether it was cut.
pub fn cut(text: &mut String, bytes_max: usize) -> bool {
    let bytes = text.len();
    if bytes <= bytes_max {
        return false;
    }
    // As long as the longest one can be: the number of bytes left is not known before.
    let room = format!("\n[cut here: {bytes} of {bytes} bytes]").len();
    let end = text.floor_char_boundary(bytes_max.saturating_sub(room));
    text.truncate(end);
    text.push_str(&format!("\n[cut here: {end} of {bytes} bytes]"));
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn everything_that_is_no_text_has_a_line() {
        let (mime, data) = ("image/png".to_owned(), "QUJDRA==".to_owned());
        let link = |mime, description| Content::Link { uri: "file:///a".into(), name: "a".into(), mime, description };
        let resource = |text: Option<&str>, blob: Option<&str>| {
            Content::Resource(ResourceContent {
                uri: "x://y".into(),
                mime: Some("text/plain".into()),
                text: text.map(str::to_owned),
                blob: blob.map(str::to_owned),
            })
        };
        let content = [
            Content::Text("words".into()),
            Content::Image { mime: mime.clone(), data: data.clone() },
            Content::Audio { mime: "audio/wav".into(), data: "A".repeat(4000) },
            link(Some("text/x".into()), Some("about".into())),
            link(None, None),
            resource(Some("inside"), None),
            resource(None, Some(&data)),
            resource(None, None),
        ];
        assert_eq!(
            result_text(&content),
            "words\n[image: image/png, 4 bytes]\n[audio: audio/wav, 3 KiB]\n[link: a <file:///a>, text/x: about]\n[link: a <file:///a>]\n\
             [resource: x://y, text/plain]\ninside\n[resource: x://y, text/plain, 4 bytes, not text]\n[resource: x://y, text/plain, empty]"
        );
    }

    proptest! {
        #[test]
        fn a_cut_text_says_so_and_keeps_to_the_limit(text in "[aä€👩]{0,300}", bytes_max in 64_usize..400) {
            let mut cut_text = text.clone();
            let is_cut = cut(&mut cut_text, bytes_max);
            prop_assert_eq!(is_cut, text.len() > bytes_max);
            prop_assert!(cut_text.len() <= bytes_max);
            let kept = cut_text.split("\n[cut here: ").next().unwrap();
            prop_assert!(text.starts_with(kept) && (is_cut || kept == text));
        }
    }
}
