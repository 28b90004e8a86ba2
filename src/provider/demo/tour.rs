//! The words of the demo models.

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

    #[test]
    fn the_tour_reacts_to_the_question() {
        let opening = |prompt| answer(prompt).split("\n\n").next().unwrap().to_owned();
        assert!(opening("How do I set up OpenRouter?").starts_with("You ask about providers"));
        assert!(opening("\n  hello there\nmore").starts_with("You said “hello there”."));
        assert!(opening(&"x".repeat(99)).starts_with(&format!("You said “{}…”.", "x".repeat(60))));
        assert_eq!(answer(" "), TOUR);
    }
}
