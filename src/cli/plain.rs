//! The plainest questions, read without clap, which takes a twentieth of the way to the first byte.

use std::ffi::OsString;

use super::{AskOptions, Cli, Command, GlobalOptions};

/// `ask` with a question and the options that scripts give again and again, each once and as a word of its own.
/// `None` for everything else, also for every mistake: clap knows what to say.
pub fn plain_question(arguments: &[OsString]) -> Option<Cli> {
    let [_, command, words @ ..] = arguments else { return None };
    if command != "ask" {
        return None;
    }
    let mut options = AskOptions { prompt: None, ..AskOptions::bare() };
    let mut global = GlobalOptions::default();
    let mut words = words.iter().map(|word| word.to_str());
    while let Some(word) = words.next() {
        let word = word?;
        let conversation = &mut options.conversation;
        match word {
            "--no-save" => set(&mut conversation.no_save)?,
            "--no-tools" => set(&mut conversation.tools.no_tools)?,
            "--no-stream" => set(&mut options.no_stream)?,
            "-c" | "--continue" => set(&mut conversation.continue_last)?,
            "-q" | "--quiet" => set(&mut global.quiet)?,
            "-m" | "--model" => conversation.request.models.push(value(words.next()??)?),
            "-s" | "--system" if conversation.request.system.is_none() => {
                conversation.request.system = Some(value(words.next()??)?.parse().ok()?);
            }
            "-f" | "--file" => options.files.push(OsString::from(value(words.next()??)?).into()),
            "--session" if conversation.session.is_none() => conversation.session = Some(value(words.next()??)?),
            "--config" if global.config.is_none() => global.config = Some(value(words.next()??)?.into()),
            word if is_value(word) && options.prompt.is_none() => options.prompt = Some(word.to_owned()),
            _ => return None,
        }
    }
    let is_one = !(options.conversation.continue_last && options.conversation.session.is_some());
    is_one.then(|| Cli { global, command: Some(Command::Ask(Box::new(options))) })
}

/// `None` where it is set already, which is a mistake.
fn set(flag: &mut bool) -> Option<()> {
    (!std::mem::replace(flag, true)).then_some(())
}

/// Some options refuse an empty one.
fn value(word: &str) -> Option<String> {
    (is_value(word) && !word.is_empty()).then(|| word.to_owned())
}

fn is_value(word: &str) -> bool {
    word == "-" || !word.starts_with('-')
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn clap_reads_the_same() {
        const WORDS: [&str; 21] = [
            "--no-save",
            "--no-tools",
            "--no-stream",
            "-c",
            "--continue",
            "-q",
            "-m",
            "--model",
            "--session",
            "--config",
            "-",
            "--",
            "",
            "a:b",
            "K=V",
            "-x",
            "-s",
            "@x",
            "-f",
            "-mx",
            "--model=x",
        ];
        let mut lines = vec![Vec::new()];
        for first in WORDS {
            lines.push(vec![first]);
            for second in WORDS {
                lines.push(vec![first, second]);
                lines.extend(WORDS.map(|third| vec![first, second, third]));
            }
        }
        lines.push(vec!["--no-save", "-m", "a:b", "--config", "c", "hi", "-q", "--session", "s"]);
        lines.push(vec!["-c", "-m", "a:b", "-m", "c:d", "hi"]);
        let mut plain = 0;
        for words in lines {
            let arguments: Vec<OsString> = ["sayso", "ask"].into_iter().chain(words).map(OsString::from).collect();
            let Some(read) = plain_question(&arguments) else { continue };
            let whole = Cli::try_parse_from(&arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
            assert_eq!(format!("{read:?}"), format!("{whole:?}"), "{arguments:?}");
            plain += 1;
        }
        assert!(plain > 300, "{plain}");
    }

    #[test]
    fn only_ask_is_plain() {
        for line in ["sayso", "sayso chat", "sayso asks", "sayso --config x ask hi"] {
            let arguments: Vec<_> = line.split(' ').map(OsString::from).collect();
            assert!(plain_question(&arguments).is_none(), "{line}");
        }
    }
}
