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
    use super::mentions;

    #[test]
    fn only_servers_that_are_there_are_mentioned() {
        let servers = ["docs".to_owned()];
        let found = mentions("look at @docs:file:///a.md and me@docs:x @other:x @docs: @notes.md", &servers);
        assert_eq!(found, [("docs".to_owned(), "file:///a.md".to_owned())]);
    }
}
