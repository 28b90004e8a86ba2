//! Puts the question together: PROMPT, standard input, files.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::time::Instant;

use super::attach::{self, Basket, Pages};
use super::context::Context;
use super::stdin::{self, INPUT_BYTES_MAX, Input, InputError, Patience};
use super::stopped::stopped;
use super::turn;
use crate::cli::{AskOptions, FileSource, StdinMode};
use crate::config::FilledRole;
use crate::exit::Failure;
use crate::session::{CancelCause, Prompt, Signals};

/// What stops before there is a question.
pub enum NoPrompt {
    Failed(Failure),
    /// Nothing was asked at all.
    Nothing,
    /// A signal, or the end of the time, came first.
    Stopped(CancelCause),
}

impl NoPrompt {
    /// What the program ends with.
    pub fn into_exit(self, options: &AskOptions, context: &mut Context) -> Result<u8, Failure> {
        match self {
            Self::Failed(failure) => Err(failure),
            Self::Nothing => Err(Failure::usage("there is no prompt").hint(
                "give one, as in `sayso ask \"why is the sky blue?\"`, or pipe it in; `sayso` alone is the chat",
            )),
            Self::Stopped(cause) => Ok(stopped(cause, options, context)),
        }
    }
}

impl From<Failure> for NoPrompt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Whether standard input is read, and how patiently.
fn stdin_patience(
    options: &AskOptions,
    role: Option<&FilledRole>,
    is_terminal: bool,
) -> Result<Option<Patience>, Failure> {
    let prompt_is_stdin = options.prompt.as_deref() == Some("-");
    let file_is_stdin = options.files.contains(&FileSource::Stdin);
    if prompt_is_stdin && file_is_stdin {
        return Err(Failure::usage("standard input cannot be the question and a file at once"));
    }
    let is_asked_for = prompt_is_stdin || file_is_stdin;
    match options.stdin {
        StdinMode::Never if is_asked_for => Err(Failure::usage("`--stdin never` leaves nothing for `-` to read")),
        StdinMode::Never => Ok(None),
        StdinMode::Auto | StdinMode::Wait if is_asked_for => Ok(Some(Patience::Unlimited)),
        StdinMode::Auto | StdinMode::Wait if is_terminal => Ok(None),
        StdinMode::Auto if options.prompt.is_some() || role.is_some_and(FilledRole::asks_by_itself) => {
            Ok(Some(Patience::Limited))
        }
        StdinMode::Auto | StdinMode::Wait => Ok(Some(Patience::Unlimited)),
    }
}

/// The whole question, with what goes along. Reading standard input has a thread of its own, so that signals and a
/// connection that is being opened go on meanwhile.
pub async fn assemble(
    options: &AskOptions,
    role: Option<&FilledRole>,
    pages: &Pages,
    context: &mut Context,
    (signals, timeout): (&mut Signals, Option<Instant>),
) -> Result<Prompt, NoPrompt> {
    let is_file = options.files.contains(&FileSource::Stdin);
    let patience = stdin_patience(options, role, std::io::stdin().is_terminal())?;
    let bytes = match patience {
        Some(patience) => read_stdin(patience, context, (signals, timeout)).await?,
        None => None,
    };
    let mut basket = Basket::default();
    let (piped, input) = if is_file { (bytes, None) } else { (None, bytes) };
    let collected = async {
        for source in &options.files {
            match source {
                FileSource::Stdin => basket.add("stdin", piped.clone().unwrap_or_default()).map_err(no_attachment)?,
                source => basket = attach::collect(source, pages, std::mem::take(&mut basket)).await?,
            }
        }
        Ok::<_, Failure>(basket)
    };
    let basket = tokio::select! {
        basket = collected => basket?,
        cause = turn::stop(signals, timeout) => return Err(NoPrompt::Stopped(cause)),
    };
    basket.notes.iter().for_each(|note| context.warn(note));
    let input = input.map(stdin::text).transpose().map_err(|error| input_failure(&error))?;
    let prompt = options.prompt.as_deref().filter(|prompt| *prompt != "-");
    let asked = stdin::join(prompt, input.as_deref());
    let text = match role {
        Some(role) => role.question(asked.as_deref()).map_err(Failure::from)?,
        None => asked.clone(),
    };
    let attachments = basket.into_attachments();
    if text.is_none() && attachments.is_empty() {
        return Err(NoPrompt::Nothing);
    }
    let typed = Prompt { attachments, ..asked.unwrap_or_default().into() };
    Ok(typed.sent_as(text.unwrap_or_default()))
}

fn no_attachment(reason: String) -> Failure {
    Failure::usage(format!("cannot attach standard input: {reason}"))
}

async fn read_stdin(
    patience: Patience,
    context: &mut Context,
    stops: (&mut Signals, Option<Instant>),
) -> Result<Option<Vec<u8>>, NoPrompt> {
    let read = match stdin::read_at_once() {
        Some(read) => read,
        None => read_beside(patience, stops).await?,
    };
    match read {
        Ok(Input::Bytes(bytes)) => Ok(Some(bytes)),
        Ok(Input::Silent) => {
            let seconds = stdin::FIRST_BYTE_WAIT.as_secs();
            context.warn(&format!(
                "standard input said nothing for {seconds} s and is left out; `--stdin wait` waits, `--stdin never` skips it"
            ));
            Ok(None)
        }
        Err(error) => Err(NoPrompt::Failed(input_failure(&error))),
    }
}

/// On a thread of its own, which may wait for as long as it likes.
async fn read_beside(
    patience: Patience,
    (signals, timeout): (&mut Signals, Option<Instant>),
) -> Result<Result<Input, InputError>, NoPrompt> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("stdin".to_owned())
        // Nobody waits for the answer any more when the program ends first.
        .spawn(move || drop(sender.send(stdin::read(patience))))
        .map_err(|error| Failure::internal(format!("cannot read standard input: {error}")))?;
    tokio::select! {
        read = receiver => {
            read.map_err(|_| NoPrompt::Failed(Failure::internal("the reader of standard input has stopped")))
        }
        cause = turn::stop(signals, timeout) => Err(NoPrompt::Stopped(cause)),
    }
}

fn input_failure(error: &InputError) -> Failure {
    let failure = Failure::usage(error.to_string());
    match error {
        InputError::TooLong => failure.hint("send less, as in `head -c 1000000 FILE | sayso ask …`"),
        InputError::NotText { .. } => failure.hint("convert it first, as in `iconv -f latin1 -t utf-8`"),
        InputError::Failed(_) => failure,
    }
}

/// A text file that says how to answer, or a template: a regular file or a pipe, at most
/// [`INPUT_BYTES_MAX`] bytes of UTF-8.
pub fn read_file(path: &Path) -> Result<String, Failure> {
    let failed = |reason: String| Failure::config(format!("cannot read the file {}: {reason}", path.display()));
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let metadata = file.metadata().map_err(|error| failed(error.to_string()))?;
    if metadata.is_dir() {
        return Err(failed("it is a folder".to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(INPUT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    if bytes.len() > INPUT_BYTES_MAX {
        return Err(failed(format!("it is longer than {} MiB", INPUT_BYTES_MAX >> 20)));
    }
    String::from_utf8(bytes)
        .map_err(|error| failed(format!("it is not UTF-8 text (offset {})", error.utf8_error().valid_up_to())))
}

#[cfg(test)]
mod tests {
    use super::{AskOptions, FileSource, Patience, StdinMode, stdin_patience};

    fn patience(
        prompt: Option<&str>,
        files: Vec<FileSource>,
        stdin: StdinMode,
        is_terminal: bool,
    ) -> Result<Option<Patience>, String> {
        let options = AskOptions { prompt: prompt.map(str::to_owned), files, stdin, ..AskOptions::bare() };
        stdin_patience(&options, None, is_terminal).map_err(|failure| failure.message)
    }

    #[test]
    fn a_pipe_beside_a_prompt_gets_three_seconds_and_a_pipe_alone_all_the_time() {
        let auto = |prompt, is_terminal| patience(prompt, vec![], StdinMode::Auto, is_terminal);
        assert_eq!(auto(Some("x"), false), Ok(Some(Patience::Limited)));
        assert_eq!(auto(Some("x"), true), Ok(None));
        assert_eq!(auto(None, false), Ok(Some(Patience::Unlimited)));
        assert_eq!(auto(None, true), Ok(None));
        assert_eq!(auto(Some("-"), true), Ok(Some(Patience::Unlimited)));
        assert_eq!(patience(Some("x"), vec![], StdinMode::Wait, false), Ok(Some(Patience::Unlimited)));
        assert_eq!(patience(Some("x"), vec![], StdinMode::Never, false), Ok(None));
        assert_eq!(patience(Some("x"), vec![FileSource::Stdin], StdinMode::Auto, true), Ok(Some(Patience::Unlimited)));
    }

    #[test]
    fn standard_input_is_one_thing_only() {
        assert!(patience(Some("-"), vec![FileSource::Stdin], StdinMode::Auto, false).is_err());
        assert!(patience(Some("-"), vec![], StdinMode::Never, false).is_err());
    }
}
