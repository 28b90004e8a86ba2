//! Puts the question together: PROMPT, standard input, files.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;

use super::context::Context;
use super::stdin::{self, INPUT_BYTES_MAX, Input, InputError, Patience};
use crate::cli::{AskOptions, Attachment, StdinMode};
use crate::exit::Failure;
use crate::session::Signals;

/// What stops before there is a question.
pub enum NoPrompt {
    Failed(Failure),
    /// Nothing was asked at all.
    Nothing,
    /// A signal came first; the exit code.
    Stopped(u8),
}

impl NoPrompt {
    /// What the program ends with.
    pub fn into_exit(self) -> Result<u8, Failure> {
        match self {
            Self::Failed(failure) => Err(failure),
            Self::Nothing => Err(Failure::usage("there is no prompt").hint(
                "give one, as in `sayso ask \"why is the sky blue?\"`, or pipe it in; `sayso` alone is the chat",
            )),
            Self::Stopped(exit) => Ok(exit),
        }
    }
}

impl From<Failure> for NoPrompt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Whether standard input is read, and how patiently.
fn stdin_patience(options: &AskOptions, is_terminal: bool) -> Result<Option<Patience>, Failure> {
    let prompt_is_stdin = options.prompt.as_deref() == Some("-");
    let file_is_stdin = options.files.contains(&Attachment::Stdin);
    if prompt_is_stdin && file_is_stdin {
        return Err(Failure::usage("standard input cannot be the question and a file at once"));
    }
    let is_asked_for = prompt_is_stdin || file_is_stdin;
    match options.stdin {
        StdinMode::Never if is_asked_for => Err(Failure::usage("`--stdin never` leaves nothing for `-` to read")),
        StdinMode::Never => Ok(None),
        StdinMode::Auto | StdinMode::Wait if is_asked_for => Ok(Some(Patience::Unlimited)),
        StdinMode::Auto | StdinMode::Wait if is_terminal => Ok(None),
        StdinMode::Auto if options.prompt.is_some() => Ok(Some(Patience::Limited)),
        StdinMode::Auto | StdinMode::Wait => Ok(Some(Patience::Unlimited)),
    }
}

/// The whole question. Reading standard input has a thread of its own, so that signals and a
/// connection that is being opened go on meanwhile.
pub async fn assemble(options: &AskOptions, context: &mut Context, signals: &mut Signals) -> Result<String, NoPrompt> {
    let patience = stdin_patience(options, std::io::stdin().is_terminal())?;
    let input = match patience {
        Some(patience) => read_stdin(patience, context, signals).await?,
        None => None,
    };
    let mut files = Vec::new();
    for file in &options.files {
        match file {
            Attachment::Path(path) => files.push((path.display().to_string(), read_file(path)?)),
            Attachment::Stdin => files.push(("stdin".to_owned(), input.clone().unwrap_or_default())),
        }
    }
    let prompt = options.prompt.as_deref().filter(|prompt| *prompt != "-");
    let input = input.filter(|_| !options.files.contains(&Attachment::Stdin));
    stdin::join(prompt, input.as_deref(), &files).ok_or(NoPrompt::Nothing)
}

async fn read_stdin(
    patience: Patience,
    context: &mut Context,
    signals: &mut Signals,
) -> Result<Option<String>, NoPrompt> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("stdin".to_owned())
        // Nobody waits for the answer any more when the program ends first.
        .spawn(move || drop(sender.send(stdin::read(patience))))
        .map_err(|error| Failure::internal(format!("cannot read standard input: {error}")))?;
    let read = tokio::select! {
        read = receiver => read,
        cause = signals.next() => return Err(NoPrompt::Stopped(crate::session::exit_of_cancel(cause))),
    };
    match read {
        Ok(Ok(Input::Text(text))) => Ok(Some(text)),
        Ok(Ok(Input::Silent)) => {
            let seconds = stdin::FIRST_BYTE_WAIT.as_secs();
            context.warn(&format!(
                "standard input said nothing for {seconds} s and is left out; `--stdin wait` waits, `--stdin never` skips it"
            ));
            Ok(None)
        }
        Ok(Err(error)) => Err(NoPrompt::Failed(input_failure(&error))),
        Err(_) => Err(NoPrompt::Failed(Failure::internal("the reader of standard input has stopped"))),
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

/// A text file for the question or the system prompt: a regular file or a pipe, at most
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
    use super::{AskOptions, Attachment, Patience, StdinMode, stdin_patience};

    fn patience(
        prompt: Option<&str>,
        files: Vec<Attachment>,
        stdin: StdinMode,
        is_terminal: bool,
    ) -> Result<Option<Patience>, String> {
        let options = AskOptions { prompt: prompt.map(str::to_owned), files, stdin, ..AskOptions::bare() };
        stdin_patience(&options, is_terminal).map_err(|failure| failure.message)
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
        assert_eq!(patience(Some("x"), vec![Attachment::Stdin], StdinMode::Auto, true), Ok(Some(Patience::Unlimited)));
    }

    #[test]
    fn standard_input_is_one_thing_only() {
        assert!(patience(Some("-"), vec![Attachment::Stdin], StdinMode::Auto, false).is_err());
        assert!(patience(Some("-"), vec![], StdinMode::Never, false).is_err());
    }
}
