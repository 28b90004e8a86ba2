//! Resources of servers that a prompt names as `@server:uri`: read when they are named, and sent along.

use std::time::Duration;

use super::Session;
use crate::conversation::Attachment;
use crate::mcp::{Content, ResourceContent};
use crate::tool::result_text;

/// Text of one resource that goes along with a prompt.
const BYTES_MAX: usize = 1 << 20;
/// Resources that go along with one prompt.
const RESOURCES_MAX: usize = 20;
/// How long a server may take, whatever the configuration says: the prompt is waiting.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// What goes along with a prompt, behind it.
#[derive(Debug, Default)]
pub struct Attached {
    pub text: String,
    /// Images and PDFs of the resources.
    pub attachments: Vec<Attachment>,
    /// What could not be read, and why.
    pub warnings: Vec<String>,
}

impl Session {
    /// Reads what `prompt` names. Words that name no server that there is are only words.
    pub async fn attach_resources(&mut self, prompt: &str) -> Attached {
        let mut attached = Attached::default();
        let Some(host) = self.toolbox.host.clone().filter(|_| prompt.contains('@')) else { return attached };
        let servers: Vec<String> = host.names().map(str::to_owned).collect();
        for (server, uri) in mentions(prompt, &servers) {
            let reason = match tokio::time::timeout(WAIT_MAX, host.read_resource(&server, &uri)).await {
                Ok(Ok(parts)) => {
                    let parts: Vec<Content> = parts.into_iter().map(Content::Resource).collect();
                    let text = cut(self.for_prompt(&parts, &server, &mut attached.attachments));
                    attached.text.push_str(&format!("\n\n--- {server}:{uri} ---\n{text}\n"));
                    // The words of others: what writes or tells is asked about again.
                    self.toolbox.taint();
                    continue;
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "the server takes too long".to_owned(),
            };
            attached.warnings.push(format!("@{server}:{uri} stays as it is: {reason}"));
        }
        attached
    }
}

/// Whether a prompt brings along what others have written: pages, or resources of servers. Files of this machine that
/// the person attaches are the person's own words. Told from what is stored, so that it is known of an old prompt, too.
pub(super) fn brings_words_of_others(text: &str, attachments: &[Attachment]) -> bool {
    let is_page = |name: &str| {
        let is_scheme = |scheme: &str| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        name.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme))
    };
    attachments.iter().any(|attachment| is_page(attachment.name())) || text.lines().any(is_heading)
}

/// What stands above the text of a resource. A person who writes such a line is asked once more than needed.
fn is_heading(line: &str) -> bool {
    let address = line.strip_prefix("--- ").and_then(|rest| rest.strip_suffix(" ---"));
    address.is_some_and(|address| address.contains(':') && !address.contains(char::is_whitespace))
}

/// A resource for a person: what is no text is named.
#[must_use]
pub fn resource_text(parts: &[ResourceContent]) -> String {
    let text = |part: &ResourceContent| match &part.text {
        Some(text) => format!("{text}\n"),
        None => format!("{}\n", result_text(&[Content::Resource(part.clone())])),
    };
    cut(parts.iter().map(text).collect())
}

fn cut(mut text: String) -> String {
    if text.len() > BYTES_MAX {
        text.truncate(text.floor_char_boundary(BYTES_MAX));
        text.push_str("\n[the rest is left out]\n");
    }
    text
}

/// The words `@server:uri` whose server there is.
fn mentions(prompt: &str, servers: &[String]) -> Vec<(String, String)> {
    let words = prompt.split_whitespace().filter_map(|word| word.strip_prefix('@')?.split_once(':'));
    let known = words.filter(|(server, uri)| !uri.is_empty() && servers.iter().any(|name| name == server));
    known.take(RESOURCES_MAX).map(|(server, uri)| (server.to_owned(), uri.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::{Attachment, brings_words_of_others, mentions};

    #[test]
    fn pages_and_resources_are_told_from_what_the_person_wrote() {
        let attached = |name: &str| [Attachment::new(name, "words").unwrap()];
        assert!(brings_words_of_others("look", &attached("https://example.com/a")));
        assert!(brings_words_of_others("look", &attached("HTTP://example.com/a")));
        assert!(brings_words_of_others("look at @docs:x:///a\n\n--- docs:x:///a ---\nwords\n", &[]));
        assert!(!brings_words_of_others("look at @docs:x:///a, or at --- this: that ---", &attached("src/main.rs")));
        assert!(!brings_words_of_others("--- a/file\n+++ b/file\n--- this: that ---", &[]));
    }

    #[test]
    fn only_servers_that_are_there_are_mentioned() {
        let servers = ["docs".to_owned()];
        let found = mentions("look at @docs:file:///a.md and me@docs:x @other:x @docs: @notes.md", &servers);
        assert_eq!(found, [("docs".to_owned(), "file:///a.md".to_owned())]);
    }
}
