//! The transport to a child: JSON lines over its stdin and stdout, bounded in every direction.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, ErrorCode, ErrorData, JsonRpcMessage, RequestId, ServerJsonRpcMessage,
};
use rmcp::transport::Transport;
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::Instant;

use super::child::{Ending, Pipes};
use super::lines::{Lines, LinesEnd};
use super::wire::{Judge, LINE_BYTES_MAX, Verdict};

/// Messages that wait for a server which does not read.
const WRITES_MAX: usize = 64;

/// What a connection has shown of its server, for whoever looks at it from outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Signs(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    fault: Option<String>,
    has_banner: bool,
    answered_late: bool,
}

impl Signs {
    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn look<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why we stopped listening to it, if we did.
    pub(super) fn fault(&self) -> Option<String> {
        self.look(|seen| seen.fault.clone())
    }

    /// It wrote something else than messages on its stdout; true once.
    pub(super) fn take_banner(&self) -> bool {
        self.look(|seen| std::mem::take(&mut seen.has_banner))
    }

    /// It knows the question which revision it speaks, but took too long over it.
    pub(super) fn answered_late(&self) -> bool {
        self.look(|seen| seen.answered_late)
    }
}

/// Our end of a child's pipes.
pub(super) struct ChildTransport {
    lines: Lines<ChildStdout>,
    stdin: Arc<tokio::sync::Mutex<Option<ChildStdin>>>,
    waiting: Arc<AtomicUsize>,
    judge: Judge,
    signs: Signs,
    ending: Ending,
    /// The question which revision it speaks, and until when its answer is waited for.
    probe: Option<(RequestId, Instant)>,
    unanswered_probe: Option<RequestId>,
    silence_max: Duration,
}

impl ChildTransport {
    /// `silence_max`: how long a server may think about which revision it speaks, before it is
    /// taken for an old one that does not know the question.
    pub(super) fn new(pipes: Pipes, ending: Ending, signs: Signs, silence_max: Duration) -> Self {
        Self {
            lines: Lines::new(pipes.1, LINE_BYTES_MAX),
            stdin: Arc::new(tokio::sync::Mutex::new(Some(pipes.0))),
            waiting: Arc::default(),
            judge: Judge::default(),
            signs,
            ending,
            probe: None,
            unanswered_probe: None,
            silence_max,
        }
    }

    /// Nothing more is read from it, and it is ended.
    fn give_up(&mut self, fault: String) {
        self.signs.note(|seen| seen.fault = Some(fault));
        self.ending.now();
    }

    /// A message that came; `None` where it is nothing for the SDK.
    fn deliver(&mut self, message: ServerJsonRpcMessage) -> Option<ServerJsonRpcMessage> {
        let answered = match &message {
            JsonRpcMessage::Response(response) => Some(&response.id),
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        if let Some(id) = answered {
            if self.probe.as_ref().is_some_and(|(probe, _)| probe == id) {
                self.probe = None;
            }
            if self.unanswered_probe.as_ref() == Some(id) {
                // It is too late to change over, but the next time will know better.
                let knows_the_question = matches!(message, JsonRpcMessage::Response(_));
                self.signs.note(|seen| seen.answered_late |= knows_the_question);
                self.unanswered_probe = None;
                return None;
            }
        }
        Some(message)
    }

    /// Stands in for the answer of an old server that keeps silent about a question it does not know.
    fn unknown_question(&mut self) -> Option<ServerJsonRpcMessage> {
        let (id, _) = self.probe.take()?;
        self.unanswered_probe = Some(id.clone());
        let error = ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "no answer", None);
        Some(ServerJsonRpcMessage::error(error, Some(id)))
    }
}

impl Transport<RoleClient> for ChildTransport {
    type Error = io::Error;

    fn send(&mut self, message: ClientJsonRpcMessage) -> impl Future<Output = io::Result<()>> + Send + 'static {
        if let JsonRpcMessage::Request(request) = &message {
            self.judge.asked(&request.id);
            if matches!(request.request, ClientRequest::DiscoverRequest(_)) {
                self.probe = Some((request.id.clone(), Instant::now() + self.silence_max));
            }
        }
        let (stdin, waiting) = (Arc::clone(&self.stdin), Arc::clone(&self.waiting));
        async move {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            let place = Place::take(waiting)?;
            let mut stdin = stdin.lock().await;
            let closed = || io::Error::from(io::ErrorKind::NotConnected);
            stdin.as_mut().ok_or_else(closed)?.write_all(&line).await?;
            drop(place);
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        loop {
            let deadline = self.probe.as_ref().map(|(_, deadline)| *deadline);
            let line = match deadline {
                None => self.lines.next().await,
                Some(deadline) => match tokio::time::timeout_at(deadline, self.lines.next()).await {
                    Ok(line) => line,
                    Err(_) => return self.unknown_question(),
                },
            };
            match line {
                Ok(line) => match self.judge.judge(&line) {
                    Verdict::Message(message) => {
                        if let Some(message) = self.deliver(*message) {
                            return Some(message);
                        }
                    }
                    Verdict::Noise { is_first } => self.signs.note(|seen| seen.has_banner |= is_first),
                    Verdict::Skipped => {}
                    Verdict::TooBad(breach) => {
                        self.give_up(breach.to_owned());
                        return None;
                    }
                },
                Err(LinesEnd::Closed) => return None,
                Err(LinesEnd::TooLong) => {
                    self.give_up(format!("it sent a line longer than {} MiB", LINE_BYTES_MAX / 1024 / 1024));
                    return None;
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        // A write that hangs holds the lock; then the child is ended with its stdin open.
        if let Ok(mut stdin) = self.stdin.try_lock() {
            stdin.take();
        }
        self.ending.gently();
        Ok(())
    }
}

/// A place in the queue to a server's stdin.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: Arc<AtomicUsize>) -> io::Result<Self> {
        if waiting.fetch_add(1, Ordering::Relaxed) >= WRITES_MAX {
            waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(io::Error::other("it does not read what it is sent"));
        }
        Ok(Self(waiting))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
