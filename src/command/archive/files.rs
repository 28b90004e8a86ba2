//! Where images and PDFs of an exported text go: into the text itself, or into a folder beside it.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;

use super::export::NewFile;
use crate::conversation::Attachment;
use crate::platform::create_private_folder;

/// A longer one would be a line that no editor of Markdown likes: 1 MiB.
const IN_TEXT_BYTES_MAX: usize = 1 << 20;
/// A longer one would be a page that is slow to open: 8 MiB.
pub const IN_PAGE_BYTES_MAX: usize = 8 << 20;
/// Of the name of a file in the folder; of a longer one the end counts.
const NAME_CHARS_MAX: usize = 80;

pub enum Files {
    InText,
    Beside(Folder),
}

impl Files {
    /// What a link to the file leads to; `None` where it is too long to stand in a text.
    pub fn address(&mut self, attachment: &Attachment) -> io::Result<Option<String>> {
        match self {
            Self::InText => Ok(data_url(attachment, IN_TEXT_BYTES_MAX)),
            Self::Beside(folder) => folder.add(attachment).map(Some),
        }
    }
}

/// The bytes as an address that needs no network.
#[must_use]
pub fn data_url(attachment: &Attachment, bytes_max: usize) -> Option<String> {
    let content = attachment.content();
    let url = || format!("data:{};base64,{}", attachment.mime(), Base64Display::new(content, &STANDARD));
    (content.len() <= bytes_max).then(url)
}

/// What stands in place of a file that is left out: how to get it.
#[must_use]
pub fn left_out(label: &str, conversation: &str, number: usize) -> [String; 2] {
    let command = format!("sayso history show {conversation} --attachment {number} -o FILE");
    [format!("{label} is too large to stand here; it is written by"), command]
}

/// A folder with files that nobody else can read. It is made with the first one, and goes again unless it is kept.
pub struct Folder {
    path: PathBuf,
    /// The link to each content, by its hash.
    links: HashMap<String, String>,
    /// It is there, and nobody has said that it stays.
    is_unfinished: bool,
}

impl Folder {
    /// `talk-files` beside `talk.md`.
    pub fn beside(text: &Path) -> Self {
        let mut name = text.file_stem().unwrap_or_default().to_owned();
        name.push("-files");
        Self { path: text.with_file_name(name), links: HashMap::new(), is_unfinished: false }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn keep(mut self) {
        self.is_unfinished = false;
    }

    fn add(&mut self, attachment: &Attachment) -> io::Result<String> {
        if let Some(link) = self.links.get(attachment.hash()) {
            return Ok(link.clone());
        }
        if !self.is_unfinished {
            self.create()?;
        }
        let name = format!("{}-{}", self.links.len() + 1, plain(attachment.name()));
        let mut file = NewFile::create(&self.path.join(&name))?;
        file.write_all(attachment.content())?;
        file.keep()?;
        let folder = self.path.file_name().unwrap_or_default().to_string_lossy();
        let link = format!("{}/{}", percent_encoded(&folder), percent_encoded(&name));
        self.links.insert(attachment.hash().to_owned(), link.clone());
        Ok(link)
    }

    fn create(&mut self) -> io::Result<()> {
        create_private_folder(&self.path)?;
        self.is_unfinished = true;
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_unfinished {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A name without anything that means something in a path, to a shell or in Markdown.
fn plain(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_plain = |letter: char| letter.is_alphanumeric() || "._-".contains(letter);
    let letters: Vec<char> = last.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    letters[letters.len().saturating_sub(NAME_CHARS_MAX)..].iter().collect()
}

/// A name as part of a link.
fn percent_encoded(name: &str) -> String {
    let mut encoded = String::new();
    for letter in name.chars() {
        if letter.is_alphanumeric() || "._-~".contains(letter) {
            encoded.push(letter);
        } else {
            let mut bytes = [0; 4];
            letter.encode_utf8(&mut bytes).bytes().for_each(|byte| encoded.push_str(&format!("%{byte:02X}")));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain_and_their_links_hold() {
        assert_eq!(plain("../../a b(1)[x].png"), "a_b_1__x_.png");
        assert_eq!(plain("größe\n\u{1b}.gif"), "größe__.gif");
        assert_eq!(plain(&format!("{}.png", "x".repeat(300))).len(), NAME_CHARS_MAX);
        assert_eq!(percent_encoded("my talk (é)%.md"), "my%20talk%20%28é%29%25.md");
    }

    #[test]
    fn a_folder_that_is_not_kept_goes_again() {
        let place = tempfile::tempdir().unwrap();
        let text = place.path().join("talk.md");
        let image = |mark: &str| Attachment::new("a b.gif", format!("GIF89a\x01\0\x01\0{mark}").into_bytes()).unwrap();
        let mut folder = Folder::beside(&text);
        assert_eq!(folder.add(&image("1")).unwrap(), "talk-files/1-a_b.gif");
        assert_eq!(folder.add(&image("2")).unwrap(), "talk-files/2-a_b.gif");
        assert_eq!(folder.add(&image("1")).unwrap(), "talk-files/1-a_b.gif", "once is enough");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        drop(folder);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        drop(Folder::beside(&text));
    }
}
