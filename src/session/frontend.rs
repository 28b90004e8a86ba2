//! What a session tells whoever looks on: a person, a pipe, a script that reads JSON.

use std::time::Duration;

use super::question::{Answer, Answering, Question};
use super::wanted::{NotTaken, Taken};
use crate::conversation::{Attachment, ConversationId, InterruptReason, ReasoningKind, ToolCall, Usage, exit_code};
use crate::history::TurnMetrics;
use crate::provider::ProviderError;
use crate::tool::ToolOutput;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeLevel {
    /// For those who ask for more with `-v`.
    Detail,
    Info,
    Warn,
}

/// News of a running turn, in the order it happens. Text in it is as it came: hostile.
#[derive(Clone, Debug)]
pub enum TurnEvent<'a> {
    /// The first event of a turn. `model` is `provider:model`.
    Started {
        conversation: &'a ConversationId,
        turn: u64,
        model: &'a str,
        /// What goes along with the prompt.
        attachments: &'a [Attachment],
    },
    /// The request is out, or out again after a retry: time to show that we wait.
    Waiting,
    /// `code` is a stable name for scripts, as in `stdin_skipped`.
    Notice {
        level: NoticeLevel,
        code: &'a str,
        message: &'a str,
    },
    /// `attempt` of `of` failed with `code`; the next one follows after `wait`.
    Retry {
        code: &'a str,
        attempt: u32,
        of: u32,
        wait: Duration,
    },
    Reasoning {
        text: &'a str,
        kind: ReasoningKind,
        block: u32,
    },
    Text(&'a str),
    /// The model wants a tool to run; the call is complete, and nothing of it has happened yet.
    ToolCall(&'a NamedCall),
    /// What was decided, and by whom: `policy`, `person`, `option`.
    Approval {
        call: &'a NamedCall,
        is_allowed: bool,
        by: &'a str,
        /// Why, in words.
        reason: &'a str,
    },
    /// It runs now.
    ToolStarted(&'a NamedCall),
    ToolProgress {
        call: &'a NamedCall,
        progress: f64,
        total: Option<f64>,
        message: Option<&'a str>,
    },
    /// Exactly one for every call, also for one that was denied or cancelled.
    ToolResult {
        call: &'a NamedCall,
        elapsed: Duration,
        output: &'a ToolOutput,
    },
    /// What is asked with [`Frontend::ask`], to be shown before.
    Question(&'a Question<'a>),
    /// Once, at the end of every reply that told it.
    Usage(&'a Usage),
    /// The last event of a turn, on every path.
    Ended(&'a TurnResult),
}

/// A call with the tool it means.
#[derive(Clone, Debug)]
pub struct NamedCall {
    pub call: ToolCall,
    /// `None` where no tool has this name.
    pub server: Option<String>,
    /// The name on that server.
    pub tool: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnStatus {
    Ok,
    Error,
    Interrupted,
    Incomplete,
}

impl TurnStatus {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Interrupted => "interrupted",
            Self::Incomplete => "incomplete",
        }
    }
}

/// How a turn ended.
#[derive(Clone, Debug)]
pub struct TurnResult {
    pub conversation: ConversationId,
    /// `provider:model` that was asked last.
    pub model: String,
    pub status: TurnStatus,
    /// The code the process will end with.
    pub exit: u8,
    /// All text of the answer, as far as it came.
    pub text: String,
    /// [`crate::conversation::StopReason::name`], where the model said it.
    pub finish: Option<String>,
    pub interrupted: Option<InterruptReason>,
    pub usage: Option<Usage>,
    /// How full the context of the model is after the turn; `None` where its size is not known.
    pub context_percent: Option<u64>,
    pub metrics: TurnMetrics,
    pub error: Option<ProviderError>,
    /// What was taken out of the answer, where not all of it is wanted.
    pub taken: Option<Taken>,
    /// Why nothing was.
    pub not_taken: Option<NotTaken>,
    /// The answer was stored before: nobody was asked.
    pub is_stored: bool,
    /// The provider's name for the last reply.
    pub response_id: Option<String>,
}

impl TurnResult {
    /// One in which nothing has happened.
    #[must_use]
    pub fn empty(conversation: ConversationId, model: String) -> Self {
        Self {
            conversation,
            model,
            status: TurnStatus::Ok,
            exit: exit_code::OK,
            text: String::new(),
            finish: None,
            interrupted: None,
            usage: None,
            context_percent: None,
            metrics: TurnMetrics::default(),
            error: None,
            taken: None,
            not_taken: None,
            is_stored: false,
            response_id: None,
        }
    }

    /// Settles what was taken out of the answer: an answer that was fine is incomplete where it is not there.
    pub fn settle(&mut self, taken: Result<Taken, NotTaken>) {
        match taken {
            Ok(taken) => self.taken = Some(taken),
            Err(problem) if self.exit == exit_code::OK => {
                self.status = TurnStatus::Incomplete;
                self.exit = problem.exit;
                self.not_taken = Some(problem);
            }
            Err(_) => {}
        }
    }
}

/// What became of an attempt to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    All,
    /// The reader is slow: try again in a moment, and take nothing more from the network until then.
    Blocked,
}

/// Why stdout cannot take the answer.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The reader closed the pipe: a normal end.
    #[error("the reader has gone")]
    Closed,
    #[error("cannot write output: {0}")]
    Failed(#[source] std::io::Error),
}

/// A view of a running turn.
pub trait Frontend {
    /// Takes an event into the pending output. Does no I/O, except that what goes to stderr may be written.
    fn show(&mut self, event: &TurnEvent<'_>);

    /// Writes pending output, as much as goes without waiting.
    fn flush(&mut self) -> Result<Flushed, OutputError>;

    /// Whether something waits that the person in front of the terminal is to read.
    fn has_unseen(&self) -> bool {
        false
    }

    /// Whether the one result that a script waits for has been shown.
    fn has_result(&self) -> bool {
        false
    }

    /// Called a few times a second while nothing else happens: redraws the status row, and
    /// finds out whether the reader has gone.
    fn tick(&mut self) -> Result<(), OutputError>;

    /// Asks the person, who has been shown the question. A view without a person says so.
    fn ask<'a>(&'a mut self, question: &'a Question<'a>) -> Answering<'a> {
        let _ = question;
        Box::pin(std::future::ready(Answer::Nobody))
    }
}
