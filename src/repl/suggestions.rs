//! Values that servers suggest: the line editor asks and waits a moment, the main loop has them asked.

use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::mpsc as async_mpsc;

use crate::mcp::{CompletionQuestion, McpHost};

/// How long Tab may take: nothing can be typed meanwhile.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// Questions that nobody has taken yet.
const QUESTIONS_MAX: usize = 4;

/// The asking side; clones are the same.
#[derive(Clone, Debug)]
pub struct Asker(async_mpsc::Sender<Asked>);

#[derive(Debug)]
struct Asked {
    server: String,
    question: CompletionQuestion,
    answer: mpsc::SyncSender<Vec<String>>,
}

impl Asker {
    /// What the server suggests; nothing where it takes too long. Blocks.
    pub fn ask(&self, server: &str, question: CompletionQuestion) -> Vec<String> {
        let (answer, answered) = mpsc::sync_channel(1);
        let asked = Asked { server: server.to_owned(), question, answer };
        if self.0.try_send(asked).is_err() {
            return Vec::new();
        }
        answered.recv_timeout(WAIT_MAX).unwrap_or_default()
    }
}

/// Starts what answers, as a task of this thread. It ends with the last clone of the asking side.
pub fn answer_with(host: McpHost) -> Asker {
    let (sender, mut receiver) = async_mpsc::channel::<Asked>(QUESTIONS_MAX);
    tokio::task::spawn_local(async move {
        while let Some(Asked { server, question, answer }) = receiver.recv().await {
            let found = tokio::time::timeout(WAIT_MAX, host.complete(&server, &question)).await;
            // Nobody waits any more where it took too long.
            let _ = answer.try_send(found.ok().and_then(Result::ok).map(|found| found.values).unwrap_or_default());
        }
    });
    Asker(sender)
}
