//! What goes along with messages: whether the model takes it, and what a tool has brought.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{ActiveModel, Frontend, NoticeLevel, Session, TurnEvent};
use crate::conversation::{ATTACHMENT_BYTES_MAX, ATTACHMENTS_BYTES_MAX, Attachment, AttachmentKind, Message, Role};
use crate::mcp::{Content, ResourceContent};
use crate::provider::{ErrorKind, Images, ProviderError};
use crate::tool::result_text;

/// Images of one result that are kept, and files of one prompt or resource.
const RESULT_IMAGES_MAX: usize = 20;

/// Whether the model is known to take none.
pub(super) fn takes_no_images(model: &ActiveModel) -> bool {
    model.facts.takes_images == Some(false)
}

impl Session {
    /// What goes along with the prompt that is being asked.
    pub(super) fn attached_now(&self) -> &[Attachment] {
        self.prompt_now().map_or(&[], |prompt| &prompt.attachments)
    }

    fn prompt_now(&self) -> Option<&Message> {
        self.messages.iter().rfind(|message| message.role == Role::User)
    }

    pub(super) fn has_images_now(&self) -> bool {
        self.prompt_now().is_some_and(has_images)
    }

    /// Looks up what is known of the model only where there are images at all.
    pub(super) fn images(&self) -> Images {
        let are_named = self.messages.iter().any(has_images) && takes_no_images(&self.model);
        if are_named { Images::Named } else { Images::Sent }
    }

    /// Images in the prompt that the model is known not to take are a mistake. Those of earlier prompts and of tools
    /// are only named, so that a conversation can go on with any model.
    pub(super) fn check_images(&mut self, front: &mut dyn Frontend) -> Result<(), ProviderError> {
        if !self.messages.iter().any(has_images) {
            return Ok(());
        }
        let label = self.model.label.clone();
        let message = match self.model.facts.takes_images {
            Some(true) => return Ok(()),
            Some(false) if self.has_images_now() => {
                let message = format!("{label} takes no images, and one is attached");
                return Err(ProviderError::new(ErrorKind::Rejected, message)
                    .hint("choose a model that does (`sayso models list` tells which), or leave the image out"));
            }
            Some(false) => format!("{label} takes no images: those that were attached or came of tools are only named"),
            None => format!("it is not known whether {label} takes images: they are sent"),
        };
        if self.told_images_of.as_ref() != Some(&label) {
            front.show(&TurnEvent::Notice { level: NoticeLevel::Info, code: "images", message: &message });
            self.told_images_of = Some(label);
        }
        Ok(())
    }
}

fn has_images(message: &Message) -> bool {
    message.attachments.iter().any(|attachment| attachment.kind() == AttachmentKind::Image)
}

/// The content as it is stored, and its images, which are stored apart: once each, and not as text.
pub(super) fn set_images_apart(content: &[Content], tool: &str) -> (Vec<Value>, Vec<Attachment>) {
    let mut images: Vec<Attachment> = Vec::new();
    let mut stored = Vec::with_capacity(content.len());
    for piece in content {
        let image = image_data(piece).filter(|_| images.len() < RESULT_IMAGES_MAX);
        let image = image.and_then(|data| decoded(data, &format!("{tool} {}", images.len() + 1)));
        match image {
            Some(image) => {
                let bytes = image.content().len();
                stored.push(json!({
                    "type": "image", "mimeType": image.mime(), "sha256": image.hash(), "bytes": bytes
                }));
                images.push(image);
            }
            None => stored.push(piece.to_json()),
        }
    }
    (stored, images)
}

impl Session {
    /// Content of a server for a prompt: its text, with a line for each piece that is none. Images and PDFs become
    /// attachments, up to the limit; `name` is for those that have none of their own. Nobody has chosen the images
    /// for this model: where it takes none, they are only named.
    #[must_use]
    pub fn for_prompt(&self, content: &[Content], name: &str, attachments: &mut Vec<Attachment>) -> String {
        let are_named = content.iter().any(|piece| image_data(piece).is_some()) && takes_no_images(&self.model);
        for_prompt(content, name, if are_named { Images::Named } else { Images::Sent }, attachments)
    }
}

fn for_prompt(content: &[Content], name: &str, images: Images, attachments: &mut Vec<Attachment>) -> String {
    let is_taken = |file: &Attachment| images == Images::Sent || file.kind() != AttachmentKind::Image;
    let mut texts = Vec::with_capacity(content.len());
    for piece in content {
        if let Some(text) = piece.as_text() {
            texts.push(text.trim_end().to_owned());
            continue;
        }
        let file = image_data(piece).filter(|data| has_room(attachments, data));
        let file = file.and_then(|data| attachable(data, &name_of(piece, name, attachments.len() + 1)));
        texts.push(match file.filter(is_taken) {
            Some(file) if file.text().is_some() => file.text().unwrap_or_default().trim_end().to_owned(),
            Some(file) => {
                let line = format!("[attached: {}, {}]", file.label(), file.mime());
                attachments.push(file);
                line
            }
            None => result_text(std::slice::from_ref(piece)),
        });
    }
    texts.join("\n")
}

fn has_room(attachments: &[Attachment], data: &str) -> bool {
    let bytes: usize = attachments.iter().map(|attachment| attachment.content().len()).sum();
    attachments.len() < RESULT_IMAGES_MAX && bytes + data.len() / 4 * 3 <= ATTACHMENTS_BYTES_MAX
}

fn name_of(piece: &Content, name: &str, number: usize) -> String {
    let own = match piece {
        Content::Resource(resource) => resource.uri.rsplit(['/', ':']).find(|part| !part.is_empty()),
        Content::Text(_) | Content::Image { .. } | Content::Audio { .. } | Content::Link { .. } => None,
    };
    own.map_or_else(|| format!("{name} {number}"), str::to_owned)
}

fn image_data(piece: &Content) -> Option<&str> {
    match piece {
        Content::Image { data, .. } => Some(data),
        Content::Resource(ResourceContent { blob, .. }) => blob.as_deref(),
        Content::Text(_) | Content::Audio { .. } | Content::Link { .. } => None,
    }
}

/// Nothing where the bytes are no image, whatever the server calls them.
fn decoded(data: &str, name: &str) -> Option<Attachment> {
    attachable(data, name).filter(|image| image.kind() == AttachmentKind::Image)
}

fn attachable(data: &str, name: &str) -> Option<Attachment> {
    if data.len() / 4 * 3 > ATTACHMENT_BYTES_MAX {
        return None;
    }
    Attachment::new(name, STANDARD.decode(data).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_has_for_a_prompt_is_text_files_and_a_line_for_the_rest() {
        let blob = |blob: &[u8]| {
            let blob = Some(STANDARD.encode(blob));
            Content::Resource(ResourceContent { uri: "a://b/c.pdf".into(), mime: None, text: None, blob })
        };
        let content = [
            Content::Text("Look:\n".into()),
            Content::Image { mime: "text/lie".into(), data: STANDARD.encode(b"GIF89a") },
            blob(b"%PDF-1.7"),
            blob(b"words"),
            Content::Image { mime: "image/x".into(), data: STANDARD.encode(b"\0\0") },
            Content::Audio { mime: "audio/wav".into(), data: STANDARD.encode(b"RIFF") },
        ];
        let mut attachments = Vec::new();
        let text = for_prompt(&content, "greet", Images::Sent, &mut attachments);
        assert_eq!(
            text,
            "Look:\n[attached: greet 1 (6 bytes), image/gif]\n[attached: c.pdf (8 bytes), application/pdf]\nwords\n\
             [image: image/x, 2 bytes]\n[audio: audio/wav, 4 bytes]"
        );
        assert_eq!(attachments.iter().map(Attachment::mime).collect::<Vec<_>>(), ["image/gif", "application/pdf"]);
        let mut many = vec![attachments[0].clone(); RESULT_IMAGES_MAX];
        assert_eq!(for_prompt(&content[1..2], "more", Images::Sent, &mut many), "[image: text/lie, 6 bytes]");
        let mut attachments = Vec::new();
        let text = for_prompt(&content[1..3], "greet", Images::Named, &mut attachments);
        assert_eq!(text, "[image: text/lie, 6 bytes]\n[attached: c.pdf (8 bytes), application/pdf]");
    }

    #[test]
    fn images_of_a_result_are_set_apart_and_what_only_says_so_stays() {
        let image = |data: &[u8]| Content::Image { mime: "image/png".into(), data: STANDARD.encode(data) };
        let resource = |blob: &[u8]| {
            let blob = Some(STANDARD.encode(blob));
            Content::Resource(ResourceContent { uri: "a://b".into(), mime: None, text: None, blob })
        };
        let content =
            [Content::Text("t".into()), image(b"GIF89a"), image(b"no image"), resource(b"GIF87a"), resource(b"text")];
        let (stored, images) = set_images_apart(&content, "camera");
        let names: Vec<_> = images.iter().map(|image| (image.name(), image.mime())).collect();
        assert_eq!(names, [("camera 1", "image/gif"), ("camera 2", "image/gif")]);
        assert_eq!(stored[1]["sha256"], images[0].hash());
        assert!(stored[1].get("data").is_none() && stored[2].get("data").is_some(), "{stored:?}");
        assert_eq!(stored[4]["resource"]["blob"], STANDARD.encode(b"text"));
    }
}
