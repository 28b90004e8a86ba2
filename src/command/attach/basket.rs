//! Attachments as they are gathered, within their limits.

use bytes::Bytes;

use crate::conversation::{ATTACHMENTS_BYTES_MAX, ATTACHMENTS_MAX, Attachment};

#[derive(Debug, Default)]
pub struct Basket {
    attachments: Vec<Attachment>,
    bytes: usize,
    /// What was left out, for the person.
    pub notes: Vec<String>,
}

impl Basket {
    /// With what is attached already.
    #[must_use]
    pub fn with(attachments: Vec<Attachment>) -> Self {
        let bytes = attachments.iter().map(|attachment| attachment.content().len()).sum();
        Self { attachments, bytes, notes: Vec::new() }
    }

    /// Adds a file; the reason where it cannot be attached. What is there already under this name is not added
    /// again.
    pub fn add(&mut self, name: &str, content: impl Into<Bytes>) -> Result<(), String> {
        self.put(Attachment::new(name, content).map_err(|error| error.to_string())?)
    }

    /// The same for one that is made already.
    pub fn put(&mut self, attachment: Attachment) -> Result<(), String> {
        if self.attachments.contains(&attachment) {
            return Ok(());
        }
        if self.attachments.len() == ATTACHMENTS_MAX {
            return Err(format!(
                "more than {ATTACHMENTS_MAX} files go with no prompt: name fewer, or a folder further down"
            ));
        }
        self.bytes += attachment.content().len();
        if self.bytes > ATTACHMENTS_BYTES_MAX {
            return Err(format!("all files together have more than {} MiB: name fewer", ATTACHMENTS_BYTES_MAX >> 20));
        }
        self.attachments.push(attachment);
        Ok(())
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.attachments.len()
    }

    #[must_use]
    pub fn into_attachments(self) -> Vec<Attachment> {
        self.attachments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_by_their_numbers() {
        let mut basket = Basket::default();
        for number in 0..ATTACHMENTS_MAX {
            basket.add(&number.to_string(), &b"x"[..]).unwrap();
        }
        basket.add("0", &b"x"[..]).unwrap();
        assert!(basket.add("more", &b"x"[..]).unwrap_err().contains("more than 500 files"));
        let half = Bytes::from(vec![b'x'; ATTACHMENTS_BYTES_MAX / 2]);
        let mut basket = Basket::default();
        basket.add("a", half.clone()).unwrap();
        basket.add("b", half.clone()).unwrap();
        assert!(basket.add("c", &b"x"[..]).unwrap_err().contains("more than 64 MiB"));
        assert_eq!((basket.len(), Basket::with(vec![]).len()), (2, 0));
    }
}
