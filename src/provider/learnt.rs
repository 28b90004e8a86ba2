//! What servers have taught us, by dialect, base URL and model: for this process, and in the cache folder for the next.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::conversation::{UnixMillis, now_ms};
use crate::platform::{Durability, replace_file};

/// The oldest lessons go when there are more.
const LESSONS_MAX: usize = 200;
const FILE_BYTES_MAX: u64 = 256 << 10;
/// Servers are updated: what they refused a month ago is tried again.
const AGE_MAX_MS: UnixMillis = 30 * 24 * 60 * 60 * 1000;

static LEARNT: Mutex<Learnt> = Mutex::new(Learnt { file: None, is_read: false, lessons: BTreeMap::new() });

#[derive(Debug, Default)]
struct Learnt {
    file: Option<PathBuf>,
    is_read: bool,
    lessons: BTreeMap<String, Lesson>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Lesson {
    at_ms: UnixMillis,
    what: Value,
}

/// Keeps what is learnt in this file from now on. It is read when it is first needed.
pub fn remember_in(file: PathBuf) {
    let mut learnt = learnt();
    learnt.file = Some(file);
    learnt.is_read = false;
}

/// What is known under `key`.
pub(super) fn recall<T: DeserializeOwned>(key: &str) -> Option<T> {
    let mut learnt = learnt();
    learnt.read();
    learnt.lessons.get(key).and_then(|lesson| serde_json::from_value(lesson.what.clone()).ok())
}

/// Remembers `what` under `key`. A file that cannot be written costs the next process one refusal.
pub(super) fn learn(key: &str, what: &impl Serialize) {
    let Ok(what) = serde_json::to_value(what) else { return };
    let mut learnt = learnt();
    learnt.read();
    learnt.lessons.insert(key.to_owned(), Lesson { at_ms: now_ms(), what });
    keep_newest(&mut learnt.lessons, now_ms());
    if let Some(file) = &learnt.file {
        let _ = write(file, &learnt.lessons);
    }
}

impl Learnt {
    fn read(&mut self) {
        if std::mem::replace(&mut self.is_read, true) {
            return;
        }
        let Some(mut stored) = self.file.as_deref().and_then(stored_in) else { return };
        stored.append(&mut self.lessons);
        self.lessons = stored;
        keep_newest(&mut self.lessons, now_ms());
    }
}

fn learnt() -> MutexGuard<'static, Learnt> {
    LEARNT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep_newest(lessons: &mut BTreeMap<String, Lesson>, now: UnixMillis) {
    lessons.retain(|_, lesson| now.saturating_sub(lesson.at_ms) < AGE_MAX_MS);
    while lessons.len() > LESSONS_MAX {
        let oldest = lessons.iter().min_by_key(|(_, lesson)| lesson.at_ms).map(|(key, _)| key.clone());
        oldest.map(|key| lessons.remove(&key));
    }
}

/// A file that cannot be understood has nothing to say: it is a cache.
fn stored_in(file: &Path) -> Option<BTreeMap<String, Lesson>> {
    let mut text = Vec::new();
    fs::File::open(file).ok()?.take(FILE_BYTES_MAX).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn write(file: &Path, lessons: &BTreeMap<String, Lesson>) -> std::io::Result<()> {
    replace_file(file, &serde_json::to_vec_pretty(lessons)?, Durability::Cache)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(at_ms: UnixMillis) -> Lesson {
        Lesson { at_ms, what: Value::Null }
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut lessons: BTreeMap<_, _> = (0..300).map(|number| (format!("k{number:03}"), lesson(number))).collect();
        lessons.insert("ancient".into(), lesson(-AGE_MAX_MS));
        keep_newest(&mut lessons, 300);
        assert_eq!((lessons.len(), lessons.contains_key("k099"), lessons.contains_key("k100")), (200, false, true));
    }

    #[test]
    fn a_file_is_written_whole_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sayso/refused.json");
        let lessons = BTreeMap::from([("k".to_owned(), lesson(7))]);
        write(&file, &lessons).unwrap();
        assert_eq!(stored_in(&file), Some(lessons));
        assert_eq!(fs::read_dir(folder.path().join("sayso")).unwrap().count(), 1);
        fs::write(&file, "{broken").unwrap();
        assert_eq!(stored_in(&file), None);
    }
}
