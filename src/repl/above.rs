//! Prints above the line that is being read. The line editor takes one text at a time, and only while it waits for a
//! key: whoever hands it the next waits until then, which can be as long as an answer streams. A thread waits in the
//! loop's place.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use rustyline::ExternalPrinter;

use super::line_reader::write_prompt;

/// Texts that wait. What comes behind so many is left out: nobody would read them.
const WAITING_MAX: usize = 1000;

/// The editor's printer; there is another with each editor.
pub type Printer = Arc<Mutex<Option<Box<dyn ExternalPrinter + Send>>>>;

/// The thread's handle. It is started with the first text.
#[derive(Debug, Default)]
pub struct Above(OnceLock<SyncSender<String>>);

impl Above {
    /// The line stands below the text again; an empty one only draws the line.
    pub fn print(&self, printer: &Printer, text: String) {
        // Without the thread nobody prints, and the line stays as it is.
        let _ = self.0.get_or_init(|| start(Arc::clone(printer))).try_send(text);
    }
}

fn start(printer: Printer) -> SyncSender<String> {
    let (texts, taken) = sync_channel(WAITING_MAX);
    let _ = thread::Builder::new().name("above-line".to_owned()).spawn(move || serve(&printer, &taken));
    texts
}

fn serve(printer: &Printer, texts: &Receiver<String>) {
    for text in texts {
        hand_over(printer, &text);
    }
}

fn hand_over(printer: &Printer, text: &str) {
    let slot = || printer.lock().unwrap_or_else(PoisonError::into_inner);
    // Once more with the next one, where the editor was made anew meanwhile.
    for _ in 0..2 {
        // Not under the lock: a new editor is made without waiting.
        let Some(mut taken) = slot().take() else { break };
        let is_printed = taken.print(text.to_owned()).is_ok();
        slot().get_or_insert(taken);
        if is_printed {
            return;
        }
    }
    // A terminal that has gone is noticed by whoever reads from it.
    let _ = write_prompt(text);
}
