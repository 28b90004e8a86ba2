//! Which argument of which command the cursor is in (pure).

use clap::{Arg, Command};

/// Where something is being typed.
pub struct Place<'a> {
    /// The names of the commands, without that of the program.
    pub path: Vec<&'a str>,
    pub argument: &'a Arg,
    /// What of the argument is there already.
    pub value: String,
    /// What stands before it in the same word, as in `--model=`.
    pub before: String,
    /// All words before this one.
    pub words: Vec<String>,
}

/// Finds the place of the last word.
pub fn find<'a>(root: &'a Command, words: &[String]) -> Option<Place<'a>> {
    let (typed, before) = words.split_last()?;
    let mut walk =
        Walk { command: root, root, path: Vec::new(), positional: 0, expects: None, only_positionals: false };
    before.iter().skip(1).for_each(|word| walk.pass(word));
    let place = |argument: &'a Arg, value: &str, flag: &str| {
        let (path, words) = (walk.path.clone(), before.to_vec());
        Some(Place { path, argument, value: value.to_owned(), before: flag.to_owned(), words })
    };
    if let Some(argument) = walk.expects {
        return place(argument, typed, "");
    }
    if !walk.only_positionals && typed.starts_with('-') && typed != "-" {
        let (flag, value) = typed.split_once('=')?;
        return place(walk.long(flag)?, value, &format!("{flag}="));
    }
    if walk.command.has_subcommands() {
        return None;
    }
    let positionals: Vec<&Arg> = walk.command.get_positionals().collect();
    place(positionals.get(walk.positional).or(positionals.last())?, typed, "")
}

struct Walk<'a> {
    command: &'a Command,
    root: &'a Command,
    path: Vec<&'a str>,
    positional: usize,
    /// The option whose value is the next word.
    expects: Option<&'a Arg>,
    only_positionals: bool,
}

impl<'a> Walk<'a> {
    fn pass(&mut self, word: &str) {
        if self.expects.take().is_some() {
            return;
        }
        if self.only_positionals || !word.starts_with('-') || word == "-" {
            match self.command.find_subcommand(word).filter(|_| self.positional == 0 && !self.only_positionals) {
                Some(command) => {
                    self.command = command;
                    self.path.push(command.get_name());
                }
                None => self.positional += 1,
            }
        } else if word == "--" {
            self.only_positionals = true;
        } else if word.starts_with("--") {
            self.expects = self.long(word).filter(|argument| argument.get_action().takes_values());
        } else {
            // `-vm MODEL`: the last letter of a cluster takes the next word, unless its value stands behind it.
            let takes = |c: char| self.short(c).filter(|argument| argument.get_action().takes_values());
            let first =
                word.char_indices().skip(1).find_map(|(at, c)| takes(c).map(|argument| (at + c.len_utf8(), argument)));
            self.expects = first.filter(|(end, _)| *end == word.len()).map(|(_, argument)| argument);
        }
    }

    fn arguments(&self) -> impl Iterator<Item = &'a Arg> + use<'a> {
        let globals = self.root.get_arguments().filter(|argument| argument.is_global_set());
        self.command.get_arguments().chain(globals)
    }

    fn long(&self, flag: &str) -> Option<&'a Arg> {
        let name = flag.strip_prefix("--")?;
        self.arguments().find(|argument| argument.get_long() == Some(name))
    }

    fn short(&self, letter: char) -> Option<&'a Arg> {
        self.arguments().find(|argument| argument.get_short() == Some(letter))
    }
}

/// A quote that is open where the line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenQuote {
    letter: char,
    /// The bytes of the last word that stand before it.
    pub start: usize,
}

/// The words of a line of bash; the last one may be empty. Quotes and backslashes are taken away.
pub fn split(line: &str) -> (Vec<String>, Option<OpenQuote>) {
    let mut words = vec![String::new()];
    let mut quote: Option<OpenQuote> = None;
    let mut letters = line.chars();
    let mut is_in_word = false;
    while let Some(letter) = letters.next() {
        match (letter, quote.map(|quote| quote.letter)) {
            (letter, Some(open)) if letter == open => quote = None,
            ('\\', None | Some('"')) => words.last_mut().into_iter().for_each(|word| word.extend(letters.next())),
            ('"' | '\'', None) => quote = Some(OpenQuote { letter, start: words.last().map_or(0, String::len) }),
            (letter, None) if letter.is_whitespace() => {
                if is_in_word {
                    words.push(String::new());
                }
                is_in_word = false;
                continue;
            }
            (letter, _) => words.last_mut().into_iter().for_each(|word| word.push(letter)),
        }
        is_in_word = true;
    }
    (words, quote)
}

/// A name as bash reads it back.
pub fn escaped(name: &str, quote: Option<OpenQuote>) -> String {
    let is_plain = |c: char| match quote.map(|quote| quote.letter) {
        None => c.is_alphanumeric() || "-_./:@=,+%".contains(c),
        Some('"') => !"\"$`\\".contains(c),
        Some(_) => true,
    };
    name.chars().map(|c| if is_plain(c) { c.to_string() } else { format!("\\{c}") }).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn at(line: &str) -> Option<(String, String, String, String)> {
        let root = Cli::command();
        let place = find(&root, &split(line).0)?;
        Some((place.path.join(" "), place.argument.get_id().to_string(), place.value, place.before))
    }

    fn expected(path: &str, argument: &str, value: &str, before: &str) -> Option<(String, String, String, String)> {
        Some((path.to_owned(), argument.to_owned(), value.to_owned(), before.to_owned()))
    }

    #[test]
    fn the_argument_at_the_cursor_is_found() {
        assert_eq!(at("sayso ask -m open"), expected("ask", "model", "open", ""));
        assert_eq!(at("sayso ask --model="), expected("ask", "model", "", "--model="));
        assert_eq!(at("sayso -q ask --model openrouter:a --session \"my tr"), expected("ask", "session", "my tr", ""));
        assert_eq!(at("sayso history show "), expected("history show", "conversation", "", ""));
        assert_eq!(at("sayso config set llm."), expected("config set", "key", "llm.", ""));
        assert_eq!(at("sayso ask -cm x"), expected("ask", "model", "x", ""));
        assert_eq!(at("sayso roles show --format json ex"), expected("roles show", "name", "ex", ""));
        assert_eq!(at("sayso hist"), None);
        assert_eq!(at("sayso ask --mod"), None);
    }

    #[test]
    fn names_survive_bash() {
        assert_eq!(split("a 'b c' \"d\\\"e\" f\\ g ").0, ["a", "b c", "d\"e", "f g", ""]);
        let within = |line: &str| escaped("trip to $HOME", split(line).1);
        assert_eq!(within("a 'b' "), "trip\\ to\\ \\$HOME");
        assert_eq!(within("a \"tr"), "trip to \\$HOME");
        assert_eq!(within("a 'tr"), "trip to $HOME");
        assert_eq!(split("a demo:\"ec").1, Some(OpenQuote { letter: '"', start: 5 }));
    }
}
