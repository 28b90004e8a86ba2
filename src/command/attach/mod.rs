//! What `--file`, `/attach` and `@path` name, as attachments: files, folders, patterns and pages.

mod basket;
mod folder;
mod ignored;
mod lines;
mod open;
mod pattern;

use std::path::{Path, PathBuf};

pub use basket::Basket;

use crate::builtin::fetch::{FetchSettings, load};
use crate::cli::FileSource;
use crate::exit::Failure;

/// What pages are fetched with; `None` where `--offline` forbids it.
pub type Pages = Option<FetchSettings>;

/// Adds what `source` names to what is in the basket already. Standard input is for `ask`, which reads it itself.
pub async fn collect(source: &FileSource, pages: &Pages, basket: Basket) -> Result<Basket, Failure> {
    match source {
        FileSource::Path(path) => of_path(path.clone(), basket).await,
        FileSource::Url(url) => of_page(url, pages, basket).await,
        FileSource::Stdin => Err(Failure::usage("standard input is the prompt here: `-` is for `sayso ask`")),
    }
}

/// On a thread of its own: a disk can be slow, and a pipe wait for its writer.
async fn of_path(path: PathBuf, basket: Basket) -> Result<Basket, Failure> {
    let read = tokio::task::spawn_blocking(move || read_path(&path, basket));
    read.await.unwrap_or_else(|_| Err(Failure::internal("the reader of a file has stopped")))
}

fn read_path(path: &Path, mut basket: Basket) -> Result<Basket, Failure> {
    let name = path.to_string_lossy();
    let unreadable = |reason: String| Failure::config(format!("cannot attach {name}: {reason}"));
    if path.is_dir() {
        folder::add(path, &mut basket).map_err(unreadable)?;
    } else if let Some((file, lines)) = lines::split(path).filter(|(file, _)| file.is_file() && !path.exists()) {
        let content = open::read(file).map_err(unreadable)?;
        basket.add(&name, lines.of(&content).map_err(unreadable)?).map_err(unreadable)?;
    } else if pattern::is_pattern(path) && path.symlink_metadata().is_err() {
        pattern::add(path, &mut basket).map_err(unreadable)?;
    } else {
        let content = open::read(path).map_err(|reason| unreadable(better_reason(path, reason)))?;
        basket.add(&name, content).map_err(unreadable)?;
    }
    Ok(basket)
}

/// What was meant, where what was written looks like something else than the name of a file.
fn better_reason(path: &Path, reason: String) -> String {
    let text = path.to_string_lossy();
    let has_scheme =
        text.split_once("://").is_some_and(|(scheme, _)| scheme.bytes().all(|b| b.is_ascii_alphanumeric()));
    match text.rsplit_once("#L") {
        _ if text.is_empty() => "it is empty; is a variable not set?".to_owned(),
        _ if path.symlink_metadata().is_ok() => reason,
        _ if has_scheme => "only http:// and https:// are fetched".to_owned(),
        Some((file, _)) if Path::new(file).is_file() => format!("write lines as {file}#L2 or {file}#L2-9"),
        _ => reason,
    }
}

async fn of_page(url: &str, pages: &Pages, mut basket: Basket) -> Result<Basket, Failure> {
    let Some(settings) = pages else {
        return Err(Failure::usage(format!("`--offline` reaches nothing but this machine: cannot attach {url}")));
    };
    let unreachable = |reason: String| Failure::config(format!("cannot attach {url}: {reason}"));
    let content = load(settings, url).await.map_err(unreachable)?;
    basket.add(url, content).map_err(unreachable)?;
    Ok(basket)
}
