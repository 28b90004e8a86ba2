//! The colours of code. The syntaxes are loaded on a thread of their own when the first fence begins; the patterns of
//! a language are made at its first lines, so those of a sample are read there, too.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, LazyLock, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::theme::Element;
use crate::platform::thread_time;

/// A longer line is shown plain: no person writes it, and its patterns can take long.
const LINE_BYTES_MAX: usize = 2 << 10;
/// So much code of one answer has colours: each KiB takes the patterns nearly 4 ms. What follows is plain.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The names of languages come from the model: so many are remembered at once, and none that is longer.
const LANGUAGES_MAX: usize = 64;
const NAME_BYTES_MAX: usize = 32;
/// After a line that took more of the processor the rest of its block is shown plain.
const LINE_TIME_MAX: Duration = Duration::from_secs(2);

/// Other names of languages, and languages that look enough like one that is known.
const ALIASES: [(&str, &str); 28] = [
    ("ts", "js"),
    ("tsx", "js"),
    ("jsx", "js"),
    ("mjs", "js"),
    ("cjs", "js"),
    ("typescript", "js"),
    ("node", "js"),
    ("jsonc", "json"),
    ("json5", "json"),
    ("jsonl", "json"),
    ("golang", "go"),
    ("csharp", "cs"),
    ("c#", "cs"),
    ("py3", "py"),
    ("python3", "py"),
    ("ipython", "py"),
    ("shell", "sh"),
    ("zsh", "sh"),
    ("fish", "sh"),
    ("console", "sh"),
    ("shell-session", "sh"),
    ("sh-session", "sh"),
    ("yml", "yaml"),
    ("patch", "diff"),
    ("postgresql", "sql"),
    ("mysql", "sql"),
    ("sqlite", "sql"),
    ("vue", "html"),
];

/// Read once for each language, so that the patterns of the first real line are made.
const SAMPLE: &str = "fn main() { let x: u32 = foo(\"a\\n\", 'b', 1.5); } // c\n# c\nif (a == b) { return null; } /* c */\n\
    def f(self, x=None): return x\nimport a.b\nclass A extends B { public int x; }\n";

static SYNTAXES: OnceLock<SyntaxSet> = OnceLock::new();

/// The languages whose patterns are made, or are being made.
static WARM: LazyLock<(Mutex<HashMap<String, bool>>, Condvar)> = LazyLock::new(Default::default);

/// The language of a block of code that is being loaded, or was.
#[derive(Clone, Debug)]
pub struct Language {
    /// As the fence names it.
    name: Arc<str>,
}

impl Language {
    /// Begins to load what the words behind a fence name; nothing waits here. `None`: they name nothing.
    #[must_use]
    pub fn load(info: &str) -> Option<Self> {
        let token = info.split([' ', ',', '{', '}', ':']).find(|token| !token.is_empty())?.trim_start_matches('.');
        let name = token.to_ascii_lowercase();
        if name.is_empty() || matches!(name.as_str(), "text" | "txt" | "plain" | "plaintext" | "output") {
            return None;
        }
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, known)| (*known).to_owned());
        match note_name(&name) {
            Noted::TooMany => return None,
            Noted::Before => {}
            Noted::New => warm_on_a_thread(&name),
        }
        Some(Self { name: name.into() })
    }

    #[must_use]
    pub fn is_ready(&self) -> bool {
        WARM.0.lock().unwrap_or_else(PoisonError::into_inner).get(&*self.name).copied().unwrap_or(true)
    }

    pub fn wait(&self) {
        let guard = WARM.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_loading = |languages: &mut HashMap<String, bool>| languages.get(&*self.name) == Some(&false);
        drop(WARM.1.wait_while(guard, is_loading).unwrap_or_else(PoisonError::into_inner));
    }

    fn syntax(&self) -> Option<&'static SyntaxReference> {
        find(syntaxes(), &self.name)
    }
}

enum Noted {
    New,
    Before,
    TooMany,
}

fn note_name(name: &str) -> Noted {
    let mut languages = WARM.0.lock().unwrap_or_else(PoisonError::into_inner);
    if languages.contains_key(name) {
        return Noted::Before;
    }
    if languages.len() >= LANGUAGES_MAX {
        // What is loaded stays so; it is only looked for once more.
        languages.retain(|_, is_ready| !*is_ready);
    }
    if languages.len() >= LANGUAGES_MAX || name.len() > NAME_BYTES_MAX {
        return Noted::TooMany;
    }
    languages.insert(name.to_owned(), false);
    Noted::New
}

fn warm_on_a_thread(name: &str) {
    let warmed = name.to_owned();
    let thread = std::thread::Builder::new().name("highlighting".to_owned()).spawn(move || {
        warm(&warmed);
        set_ready(warmed);
    });
    // Without a thread the first line loads them.
    if thread.is_err() {
        set_ready(name.to_owned());
    }
}

fn set_ready(name: String) {
    WARM.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, true);
    WARM.1.notify_all();
}

fn syntaxes() -> &'static SyntaxSet {
    SYNTAXES.get_or_init(SyntaxSet::load_defaults_newlines)
}

fn find(set: &'static SyntaxSet, name: &str) -> Option<&'static SyntaxReference> {
    set.find_syntax_by_token(name).filter(|syntax| syntax.name != "Plain Text")
}

fn warm(name: &str) {
    let set = syntaxes();
    if let Some(syntax) = find(set, name) {
        let mut state = ParseState::new(syntax);
        for line in SAMPLE.split_inclusive('\n') {
            // A line that cannot be read warms less.
            let _ = state.parse_line(line, set);
        }
    }
}

/// Reads the lines of one block of code.
#[derive(Debug)]
pub struct Highlighter {
    language: Option<Language>,
    state: Option<(ParseState, ScopeStack)>,
    /// Of this answer, those in earlier blocks too.
    coloured_bytes: usize,
}

impl Highlighter {
    /// `info`: the words behind a fence. `coloured_bytes`: of the blocks before this one.
    #[must_use]
    pub fn new(info: &str, coloured_bytes: usize) -> Self {
        let language = (coloured_bytes < ANSWER_BYTES_MAX).then(|| Language::load(info)).flatten();
        Self { language, state: None, coloured_bytes }
    }

    /// Without colours.
    #[must_use]
    pub fn plain(coloured_bytes: usize) -> Self {
        Self { language: None, state: None, coloured_bytes }
    }

    /// How much of the answer has been read for its colours.
    #[must_use]
    pub fn coloured_bytes(&self) -> usize {
        self.coloured_bytes
    }

    /// Whether a line would have to wait.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.language.as_ref().is_none_or(Language::is_ready)
    }

    pub fn wait(&self) {
        if let Some(language) = &self.language {
            language.wait();
        }
    }

    /// The parts of a line, which ends with `\n`, with what each is; they cover all of it.
    pub fn line<'l>(&mut self, line: &'l str) -> Vec<(&'l str, Option<Element>)> {
        let parsed = if line.len() > LINE_BYTES_MAX { None } else { self.parse(line) };
        parsed.unwrap_or_else(|| vec![(line, None)])
    }

    fn parse<'l>(&mut self, line: &'l str) -> Option<Vec<(&'l str, Option<Element>)>> {
        let started = thread_time();
        if self.state.is_none() {
            let syntax = self.language.as_ref()?.syntax();
            match syntax {
                Some(syntax) => self.state = Some((ParseState::new(syntax), ScopeStack::new())),
                None => {
                    self.language = None;
                    return None;
                }
            }
        }
        let (state, stack) = self.state.as_mut()?;
        self.coloured_bytes += line.len();
        if self.coloured_bytes > ANSWER_BYTES_MAX {
            (self.language, self.state) = (None, None);
            return None;
        }
        let parsed = state.parse_line(line, syntaxes()).ok();
        let parts = parsed.and_then(|changes| {
            let mut parts = Parts { line, at: 0, parts: Vec::new() };
            for (at, change) in changes {
                // Many changes stand at one place.
                if at > parts.at {
                    parts.push(at.min(line.len()), element_of(stack));
                }
                stack.apply(&change).ok()?;
            }
            parts.push(line.len(), element_of(stack));
            Some(parts.parts)
        });
        if parts.is_none() || thread_time().saturating_sub(started) > LINE_TIME_MAX {
            (self.language, self.state) = (None, None);
        }
        parts
    }
}

struct Parts<'l> {
    line: &'l str,
    at: usize,
    parts: Vec<(&'l str, Option<Element>)>,
}

impl Parts<'_> {
    /// Blanks belong to what stands before them.
    fn push(&mut self, end: usize, element: Option<Element>) {
        let Some(text) = self.line.get(self.at..end).filter(|text| !text.is_empty()) else { return };
        let start = self.at;
        self.at = end;
        match self.parts.last_mut() {
            Some((last, same)) if *same == element || text.trim().is_empty() => {
                let from = start - last.len();
                *last = &self.line[from..end];
            }
            Some(_) | None => self.parts.push((text, element)),
        }
    }
}

/// Names of scopes from the most special; the first that the innermost scope begins with decides.
const SCOPES: [(&str, Option<Element>); 36] = [
    ("comment", Some(Element::Comment)),
    ("string.regexp", Some(Element::String)),
    ("string.unquoted", None),
    ("string", Some(Element::String)),
    ("constant.numeric", Some(Element::Number)),
    ("constant.character", Some(Element::Constant)),
    ("constant.language", Some(Element::Constant)),
    ("constant", Some(Element::Constant)),
    ("variable.language", Some(Element::Constant)),
    ("variable.parameter.option", Some(Element::Constant)),
    ("variable.function", Some(Element::Function)),
    ("variable", None),
    ("keyword.operator.word", Some(Element::Keyword)),
    ("keyword.operator.logical.python", Some(Element::Keyword)),
    ("keyword.operator", None),
    ("keyword", Some(Element::Keyword)),
    ("storage", Some(Element::Keyword)),
    ("entity.name.function", Some(Element::Function)),
    ("entity.name.tag", Some(Element::Keyword)),
    ("entity.name.section", Some(Element::Keyword)),
    ("entity.name", Some(Element::Type)),
    ("entity.other.attribute-name", Some(Element::Type)),
    ("entity.other.inherited-class", Some(Element::Type)),
    ("support.function", Some(Element::Function)),
    ("support.macro", Some(Element::Function)),
    ("support.constant", Some(Element::Constant)),
    ("support.type.property-name", Some(Element::Type)),
    ("support", Some(Element::Type)),
    ("markup.inserted", Some(Element::Inserted)),
    ("markup.deleted", Some(Element::Deleted)),
    ("markup.heading", Some(Element::Keyword)),
    ("markup.raw", Some(Element::String)),
    ("meta.diff.range", Some(Element::Function)),
    ("meta.diff.header", Some(Element::Keyword)),
    ("meta.mapping.key", Some(Element::Type)),
    ("meta.property-name", Some(Element::Type)),
];

static KNOWN: LazyLock<Vec<(Scope, Option<Element>)>> =
    LazyLock::new(|| SCOPES.iter().filter_map(|(name, element)| Some((Scope::new(name).ok()?, *element))).collect());

/// What the innermost scope that is known makes of the text.
fn element_of(stack: &ScopeStack) -> Option<Element> {
    let known =
        |scope: &Scope| KNOWN.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope)).map(|(_, element)| *element);
    stack.as_slice().iter().rev().find_map(known).flatten()
}

#[cfg(test)]
mod tests {
    use super::{Element, Highlighter};

    fn parts(info: &str, line: &str) -> Vec<(String, Option<Element>)> {
        let mut highlighter = Highlighter::new(info, 0);
        highlighter.wait();
        assert!(highlighter.is_ready());
        highlighter.line(line).into_iter().map(|(text, element)| (text.to_owned(), element)).collect()
    }

    fn has(info: &str, line: &str, text: &str, element: Element) {
        let parts = parts(info, line);
        assert!(parts.iter().any(|(part, of)| part.contains(text) && *of == Some(element)), "{parts:?}");
        assert_eq!(parts.iter().map(|(text, _)| text.as_str()).collect::<String>(), line);
    }

    #[test]
    fn the_usual_languages_are_known_by_their_usual_names() {
        has("rust", "let s = \"a\"; // no\n", "\"a\"", Element::String);
        has("rust,ignore", "fn main() {}\n", "fn", Element::Keyword);
        has("python", "def f(x): return 12\n", "12", Element::Number);
        has("typescript", "const a = 'x';\n", "const", Element::Keyword);
        has("bash", "echo hi # comment\n", "comment", Element::Comment);
        has("json", "{\"a\": 1}\n", "1", Element::Number);
        has("diff", "+ added\n", "added", Element::Inserted);
    }

    #[test]
    fn an_unknown_language_and_a_line_without_end_are_plain() {
        assert_eq!(parts("klingon", "qapla'\n"), [("qapla'\n".to_owned(), None)]);
        assert_eq!(parts("", "x\n"), [("x\n".to_owned(), None)]);
        let long = "(\"".repeat(50_000) + "\n";
        assert_eq!(parts("rust", &long).len(), 1);
    }
}
