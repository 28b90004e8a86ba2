//! The words of the demo models, and the steps of the tour.

use serde_json::{Value, json};

use super::script::DemoCall;
use crate::conversation::Role;
use crate::provider::ChatRequest;

/// Markdown of every kind that the terminal draws.
const TOUR: &str = include_str!("tour.md");

pub const SLOW: &str = "One word at a time, so that there is time to press Ctrl-C and see what is kept.\n";
pub const CUT: &str = "This answer breaks off in the middle, as if the connection were";
pub const STALL: &str = "This answer falls silent in the middle, as if the server had";

/// What a question can be about, and the sentence that comes first then.
const TOPICS: &[(&[&str], &str)] = &[
    (
        &["key", "provider", "openai", "openrouter", "ollama", "set up", "setup", "config"],
        "You ask about providers: a key in the environment is enough, and `sayso help config` tells the rest.",
    ),
    (
        &["history", "save", "stored", "session", "remember", "resume"],
        "You ask about the history: every conversation is kept on this machine, and `sayso history list` shows them.",
    ),
    (
        &["script", "pipe", "json", "stdin", "stdout", "shell"],
        "You ask about scripts: `ask` reads stdin, writes the answer to stdout, and ends with an exit code that means something.",
    ),
    (
        &["private", "privacy", "telemetry", "offline", "network"],
        "You ask about privacy: no telemetry, and no network but the provider you set up; right now there is none at all.",
    ),
];

/// One answer of the tour.
#[derive(Debug, PartialEq)]
pub struct Step {
    pub text: String,
    pub calls: Vec<DemoCall>,
}

/// Without tools there is nothing to say yes or no to.
const NO_TOOLS: &str = "Here I would ask for a tool, and you would say whether it runs. But no tools are offered \
    (`--no-tools`, or `/tools off`). Type `next` to go on.\n";

const CALLING: &str = "Two calls of tools. One only reads the clock, so it runs by itself. The other one changes \
    something, the temperature of this session, so **you** have the say-so: `y` runs it, `n` does not, `?` tells \
    why you are asked.\n";

const SEARCH: &str = "## Finding it again\n\nAll of this is kept on this machine, and nowhere else.\n\n\
    1. `/search clock` finds where we spoke of it, and `/resume #1` goes there.\n\
    2. `/sessions` lists what you have talked about; `/rename tour` gives this a name.\n\
    3. `/undo` takes the last prompt back, `/retry` asks it again, `/fork` goes on with a copy.\n\
    4. `Ctrl-D` leaves, and `sayso chat -c` comes back to this very place.\n\n\
    That was the tour. `sayso init` sets up a real model.\n";

/// What comes next: the tour itself, its calls once somebody says `next`, what came of them, and the way back.
pub fn step(request: &ChatRequest<'_>, prompt: &str) -> Step {
    let said = |text: &str| Step { text: text.to_owned(), calls: Vec::new() };
    let messages = request.messages;
    if messages.last().is_some_and(|message| message.role == Role::Tool) {
        return Step { text: results(request), calls: Vec::new() };
    }
    let is_asked = |words: &[&str]| words.contains(&prompt.trim().to_lowercase().as_str());
    let has_called = messages.iter().any(|message| !message.tool_calls.is_empty())
        || messages.iter().any(|message| message.text == NO_TOOLS);
    if is_asked(&["search"]) || (is_asked(&["next"]) && has_called) {
        return said(SEARCH);
    }
    if !is_asked(&["next", "tool", "tools"]) {
        return said(&answer(prompt));
    }
    let wanted = [("time", "now", json!({})), ("settings", "change", json!({"temperature": 0.7}))];
    let calls: Vec<DemoCall> = (1..).zip(wanted).filter_map(|(number, wanted)| call(request, number, wanted)).collect();
    if calls.is_empty() { said(NO_TOOLS) } else { Step { text: CALLING.to_owned(), calls } }
}

/// The call of a tool, where it is offered.
fn call(request: &ChatRequest<'_>, number: usize, (server, tool, arguments): (&str, &str, Value)) -> Option<DemoCall> {
    let name = format!("{server}__{tool}");
    let is_offered = request.tools.iter().any(|spec| spec.name == name);
    is_offered.then(|| DemoCall { id: format!("demo-{}-{number}", request.messages.len()), name, arguments })
}

/// What the tools said, each in its first line.
fn results(request: &ChatRequest<'_>) -> String {
    let first = request.messages.iter().rposition(|message| message.role != Role::Tool).map_or(0, |at| at + 1);
    let mut text = String::from("This is what came back:\n\n");
    for result in &request.messages[first..] {
        let line = first_line(&result.text).unwrap_or_default();
        text.push_str(&format!("- `{}`\n", line.replace('`', "'")));
    }
    text.push_str(
        "\nWhatever you answered, it stands in the history with the call. `/approve` shows what is allowed \
         beforehand, `--allow settings/change` says yes for one run. Type `next` to see how to find it again.\n",
    );
    text
}

/// The tour, with a first sentence for what was asked.
pub fn answer(prompt: &str) -> String {
    let asked = prompt.to_lowercase();
    let topic = TOPICS.iter().find(|(words, _)| words.iter().any(|word| asked.contains(word)));
    let opening = topic.map_or("", |(_, sentence)| sentence);
    match (first_line(prompt), opening) {
        (None, _) => TOUR.to_owned(),
        (Some(line), "") => format!("You said “{line}”. I am only a demo, so here is the tour.\n\n{TOUR}"),
        (Some(_), sentence) => format!("{sentence}\n\n{TOUR}"),
    }
}

/// The first line, cut to what fits a sentence.
fn first_line(prompt: &str) -> Option<String> {
    const CHARS_MAX: usize = 60;
    let line = prompt.lines().map(str::trim).find(|line| !line.is_empty())?;
    let cut: String = line.chars().take(CHARS_MAX).collect();
    Some(if cut.len() < line.len() { format!("{}…", cut.trim_end()) } else { cut })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{Message, MessageId, ToolSchema, ToolSpec};
    use crate::provider::ModelParameters;

    fn message(role: Role, text: &str) -> Message {
        Message::new(MessageId("m".into()), None, role, text.into(), 0)
    }

    fn step_of(messages: &[Message], tools: &[ToolSpec]) -> Step {
        let parameters = ModelParameters::default();
        let request = ChatRequest { tools, ..ChatRequest::new("tour", messages, &parameters) };
        let prompt = messages.iter().rfind(|message| message.role == Role::User).map_or("", |message| &message.text);
        step(&request, prompt)
    }

    #[test]
    fn the_tour_goes_on_from_step_to_step() {
        let tool =
            |name: &str| ToolSpec { name: name.into(), description: String::new(), parameters: ToolSchema::default() };
        let tools = [tool("time__now"), tool("settings__change"), tool("files__write")];
        let mut messages = vec![message(Role::User, " Next ")];
        let called = step_of(&messages, &tools);
        let names: Vec<&str> = called.calls.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(names, ["time__now", "settings__change"]);
        assert_ne!(called.calls[0].id, called.calls[1].id);
        let mut calling = message(Role::Assistant, CALLING);
        let of = |call: &DemoCall| crate::conversation::ToolCall {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.to_string(),
        };
        calling.tool_calls = called.calls.iter().map(of).collect();
        messages.extend([calling, message(Role::Tool, "noon\nmore"), message(Role::Tool, "denied `now`")]);
        let told = step_of(&messages, &tools);
        assert!(told.text.contains("- `noon`\n- `denied 'now'`\n") && told.calls.is_empty(), "{}", told.text);
        messages.extend([message(Role::Assistant, &told.text), message(Role::User, "next")]);
        assert_eq!(step_of(&messages, &tools).text, SEARCH);
        let without = [message(Role::User, "next")];
        assert_eq!(step_of(&without, &[]).text, NO_TOOLS);
        let further = [&without[..], &[message(Role::Assistant, NO_TOOLS), message(Role::User, "next")]].concat();
        assert_eq!(step_of(&further, &[]).text, SEARCH);
    }

    #[test]
    fn the_tour_reacts_to_the_question() {
        let opening = |prompt| answer(prompt).split("\n\n").next().unwrap().to_owned();
        assert!(opening("How do I set up OpenRouter?").starts_with("You ask about providers"));
        assert!(opening("\n  hello there\nmore").starts_with("You said “hello there”."));
        assert!(opening(&"x".repeat(99)).starts_with(&format!("You said “{}…”.", "x".repeat(60))));
        assert_eq!(answer(" "), TOUR);
    }
}
