//! A file that goes along with a message, as a file of `history export` holds it: its bytes in base64.

use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::conversation::{Attachment, NotAttachable};
use crate::history::attached;

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PortableAttachment {
    pub name: String,
    /// For the reader: what is imported goes by the bytes.
    #[serde(default)]
    pub mime: String,
    /// Written as base64, without a copy of it.
    #[serde(serialize_with = "encode", deserialize_with = "decode")]
    pub data: Bytes,
}

impl PortableAttachment {
    /// As it is stored and sent.
    pub fn attachment(&self) -> Result<Attachment, NotAttachable> {
        Attachment::new(&self.name, self.data.clone())
    }

    pub fn mask(&mut self, mask: &dyn Fn(&str) -> Option<String>) {
        if let Some(masked) = self.attachment().ok().and_then(|attachment| attached::masked(&attachment, mask)) {
            *self = masked.into();
        }
    }
}

impl From<Attachment> for PortableAttachment {
    fn from(attachment: Attachment) -> Self {
        Self {
            name: attachment.name().to_owned(),
            mime: attachment.mime().to_owned(),
            data: attachment.content().clone(),
        }
    }
}

fn encode<S: Serializer>(data: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Base64Display::new(data, &STANDARD))
}

fn decode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map(Bytes::from).map_err(serde::de::Error::custom)
}
