//! Changes the servers of the configuration file: what is going to be started is shown, a person agrees, the file is replaced.

use serde_json::{Map, Value};

use super::super::config_change::source as config_source;
use super::super::context::Context;
use super::super::tty::Person;
use super::open::Stop;
use crate::config::{ConfigFile, EditError, Source, load_source, read_source, save, with_server, without_server};
use crate::exit::Failure;
use crate::session::{Signals, exit_of_cancel};
use crate::terminal::TermSafeBuf;

/// The file, as it is now.
pub struct Target {
    pub source: Source,
    pub file: ConfigFile,
}

impl Target {
    /// Reads the configuration file; one that does not exist is empty.
    pub fn open(context: &Context) -> Result<Self, Failure> {
        let source = config_source(context)?;
        let file = load_source(&source, &context.environment)?.file;
        Ok(Self { source, file })
    }

    /// The text of the file with this server more.
    pub fn with(&self, name: &str, section: &Map<String, Value>, context: &Context) -> Result<String, Failure> {
        let edited = with_server(&self.source, name, section, &context.environment);
        edited.map_err(|error| self.refused(error, &pasted(name, section)))
    }

    /// Writes the file with this server more.
    pub fn add(&mut self, name: &str, section: &Map<String, Value>, context: &Context) -> Result<(), Failure> {
        let text = self.with(name, section, context)?;
        self.replace(text)
    }

    /// Writes the file with this server less.
    pub fn remove(&mut self, name: &str, context: &Context) -> Result<(), Failure> {
        let edited = without_server(&self.source, name, &context.environment);
        let text = edited.map_err(|error| self.refused(error, &format!("take `{name}` out of mcp.servers")))?;
        self.replace(text)
    }

    fn replace(&mut self, text: String) -> Result<(), Failure> {
        save(&self.source, &text)?;
        // The next change of this run begins with what stands there now.
        if let Some(source) = read_source(&self.source.path)? {
            self.source = source;
        }
        Ok(())
    }

    fn refused(&self, error: EditError, by_hand: &str) -> Failure {
        match error {
            EditError::Config(error) => error.into(),
            EditError::ByHand => {
                let path = self.source.path.display();
                Failure::config(format!("{path} is written in a way that is better changed by hand"))
                    .hint(format!("{by_hand}, then run `sayso config check`"))
            }
        }
    }
}

fn pasted(name: &str, section: &Map<String, Value>) -> String {
    let entry = Map::from_iter([(name.to_owned(), Value::Object(section.clone()))]);
    format!("put this below mcp.servers: {}", Value::Object(entry))
}

/// What a server is, exactly and whole: nothing of it is cut, nothing hidden goes unseen.
#[must_use]
pub fn described(name: &str, section: &Map<String, Value>) -> String {
    let mut lines = vec![format!("  {name}:")];
    let text = |key: &str| section.get(key).and_then(Value::as_str);
    if let Some(command) = text("command") {
        let args = section.get("args").and_then(Value::as_array).into_iter().flatten();
        let words = std::iter::once(command.to_owned())
            .chain(args.map(|argument| argument.as_str().map_or_else(|| argument.to_string(), str::to_owned)));
        lines.push(format!("    command: {}", words.map(|word| shell_word(&word)).collect::<Vec<_>>().join(" ")));
    }
    for (key, value) in section {
        match (key.as_str(), value) {
            ("command" | "args", _) => {}
            (key, Value::String(text)) => lines.push(format!("    {key}: {text}")),
            (key, Value::Object(map)) => {
                lines.extend(map.iter().map(|(inner, value)| format!("    {key}.{inner}: {}", plain(value))));
            }
            (key, value) => lines.push(format!("    {key}: {value}")),
        }
    }
    lines.iter().map(|line| format!("{}\n", TermSafeBuf::line(line).as_str())).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A word as a shell would take it.
fn shell_word(word: &str) -> String {
    let is_plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-@:=+,%".contains(c));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Whether a person agrees. Scripts say so with `--yes`; without either nothing happens.
pub async fn agreed(question: &str, yes: bool, context: &mut Context) -> Result<bool, Stop> {
    if yes {
        return Ok(true);
    }
    let Some(person) = Person::find(context) else {
        let failure = Failure::usage("nobody is here to agree, and nothing has been changed");
        return Err(failure.hint("add `--yes` to agree without being asked").into());
    };
    let mut signals =
        Signals::listen().map_err(|error| Failure::internal(format!("cannot listen to signals: {error}")))?;
    person.agrees(question, context, &mut signals).await.map_err(|cause| Stop::Stopped(exit_of_cancel(cause)))
}

/// The end of a command that may have been stopped.
pub fn exit_of(ended: Result<u8, Stop>) -> Result<u8, Failure> {
    match ended {
        Ok(exit) | Err(Stop::Stopped(exit)) => Ok(exit),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}

/// A name that can be typed and shown: letters, digits and a few signs.
pub fn check_name(name: &str) -> Result<(), Failure> {
    let is_usable = !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    if is_usable {
        return Ok(());
    }
    Err(Failure::usage(format!("{name:?} cannot be the name of a server"))
        .hint("use letters, digits, `_`, `-` and `.`, 64 at most"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_started_is_shown_whole_and_harmless() {
        let long = "x".repeat(5000);
        let section = json!({
            "command": "sh", "args": ["-c", "rm -rf ~ # it's \u{1b}[2K\u{202e}", long],
            "env": { "A": "b\nc" }, "url": "https://user@evil", "timeout": 5,
        });
        let text = described("a\u{7}", section.as_object().unwrap());
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']) && text.contains(&"x".repeat(5000)), "{text}");
        assert!(text.contains(r"sh -c 'rm -rf ~ # it'\''s "), "{text}");
        assert!(text.contains("    url: https://user@evil\n") && text.contains("    timeout: 5\n"), "{text}");
        assert_eq!(text.lines().count(), 5);
    }

    #[test]
    fn names_can_be_typed() {
        assert!(check_name("my-server.2").is_ok());
        for name in ["", "a b", "a/b", "ü", "a\n"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
