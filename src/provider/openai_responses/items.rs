//! The items that a response is made of, from their pieces.
//!
//! They are told apart by their place in the output: some servers give an item another id with every event.

use serde_json::{Map, Value};

use crate::conversation::{ReasoningKind, StreamEvent, TOOL_ARGUMENT_BYTES_MAX};
use crate::provider::decoder::OnEvent;
use crate::provider::replay_parts::PartsRecorder;
use crate::provider::tolerant::Scalar;

/// More items in one reply are an error of the server.
const ITEMS_MAX: usize = 1024;
/// More parts of one item are not told apart.
const PARTS_MAX: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Items {
    items: Vec<Item>,
    /// The item that the event is about.
    at: usize,
    parts: PartsRecorder,
    calls: u32,
    /// Thoughts that the server can read again, and those that it cannot.
    sealed_thoughts: usize,
    open_thoughts: usize,
    /// The last thought that was shown, and its number.
    thought: Option<(usize, PartOf)>,
    thoughts: u32,
}

#[derive(Debug, Default)]
struct Item {
    index: u64,
    /// Parts of which something has been handed out.
    seen: Vec<PartOf>,
    text_bytes: usize,
    call: Option<Call>,
    has_ended: bool,
}

#[derive(Debug)]
struct Call {
    slot: u32,
    arguments: String,
    is_told: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PartOf {
    Text(u64),
    Refusal(u64),
    Thought(u64),
    Summary(u64),
}

impl Items {
    pub(super) fn select(&mut self, index: &Scalar<'_>) {
        // Events that are about no item have no place.
        let Some(index) = index.count() else { return };
        let found = self.items.iter().rposition(|item| item.index == index);
        self.at = found.unwrap_or_else(|| {
            if self.items.len() < ITEMS_MAX {
                self.items.push(Item { index, ..Item::default() });
            }
            self.items.len() - 1
        });
    }

    pub(super) fn text(&mut self, part: u64, text: &str, on_event: &mut OnEvent<'_>) {
        if self.note(PartOf::Text(part), text) {
            self.count_text(text);
            on_event(StreamEvent::Text(text));
        }
    }

    pub(super) fn refusal(&mut self, part: u64, text: &str, on_event: &mut OnEvent<'_>) {
        if self.note(PartOf::Refusal(part), text) {
            self.count_text(text);
            on_event(StreamEvent::Refusal(text));
        }
    }

    pub(super) fn thought(&mut self, part: u64, text: &str, on_event: &mut OnEvent<'_>) {
        self.think(PartOf::Thought(part), text, ReasoningKind::Raw, on_event);
    }

    pub(super) fn summary(&mut self, part: u64, text: &str, on_event: &mut OnEvent<'_>) {
        self.think(PartOf::Summary(part), text, ReasoningKind::Summary, on_event);
    }

    pub(super) fn whole_text(&mut self, part: u64, text: &str, on_event: &mut OnEvent<'_>) {
        if !self.has_seen(PartOf::Text(part)) {
            self.text(part, text, on_event);
        }
    }

    pub(super) fn whole_refusal(&mut self, part: u64, text: &str, on_event: &mut OnEvent<'_>) {
        if !self.has_seen(PartOf::Refusal(part)) {
            self.refusal(part, text, on_event);
        }
    }

    pub(super) fn whole_thought(&mut self, part: u64, text: &str, on_event: &mut OnEvent<'_>) {
        if !self.has_seen(PartOf::Thought(part)) {
            self.thought(part, text, on_event);
        }
    }

    pub(super) fn whole_summary(&mut self, part: u64, text: &str, on_event: &mut OnEvent<'_>) {
        if !self.has_seen(PartOf::Summary(part)) {
            self.summary(part, text, on_event);
        }
    }

    /// A piece of arguments, which is only a hint: what counts is the whole of them.
    pub(super) fn arguments(&mut self, text: &str, on_event: &mut OnEvent<'_>) {
        if let Some(call) = self.call() {
            let room = TOOL_ARGUMENT_BYTES_MAX.saturating_sub(call.arguments.len());
            call.arguments.push_str(&text[..text.floor_char_boundary(room)]);
            // Shows that the answer moves on.
            on_event(StreamEvent::ToolArguments { slot: call.slot, text: "" });
        }
    }

    pub(super) fn whole_arguments(&mut self, arguments: &str) {
        if let Some(call) = self.call().filter(|_| !arguments.is_empty()) {
            arguments.clone_into(&mut call.arguments);
        }
    }

    pub(super) fn start(&mut self, item: &Map<String, Value>, on_event: &mut OnEvent<'_>) {
        let text = |name: &str| item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(at) = self.items.get_mut(self.at) else { return };
        if let (Some("function_call"), Some(name), None) = (text("type"), text("name"), &at.call) {
            let slot = self.calls;
            self.calls += 1;
            at.call = Some(Call { slot, arguments: String::new(), is_told: false });
            on_event(StreamEvent::ToolStart { slot, id: text("call_id").or(text("id")), name });
        }
    }

    /// An item as it is at its end.
    pub(super) fn end(&mut self, item: Map<String, Value>, on_event: &mut OnEvent<'_>) {
        self.start(&item, on_event);
        let has_ended = self.items.get_mut(self.at).map(|at| std::mem::replace(&mut at.has_ended, true));
        if has_ended != Some(false) {
            return;
        }
        match item.get("type").and_then(Value::as_str) {
            Some("message") => self.end_message(item, on_event),
            Some("reasoning") => self.end_thought(item, on_event),
            Some("function_call") => {
                self.whole_arguments(item.get("arguments").and_then(Value::as_str).unwrap_or_default());
                self.tell_arguments(self.at, on_event);
                let slot = self.call().map_or(0, |call| call.slot);
                self.parts.call(slot, without(item, &["type", "call_id", "name", "arguments", "status"]));
            }
            Some(_) | None => drop(self.parts.verbatim(item)),
        }
    }

    fn end_message(&mut self, item: Map<String, Value>, on_event: &mut OnEvent<'_>) {
        for (part, content) in texts_in(&item, "content") {
            match content {
                Content::Text(text) => self.whole_text(part, text, on_event),
                Content::Refusal(text) => self.whole_refusal(part, text, on_event),
            }
        }
        let bytes = self.items.get(self.at).map_or(0, |item| item.text_bytes);
        self.parts.text_part(bytes, without(item, &["type", "role", "content", "status"]));
    }

    fn end_thought(&mut self, item: Map<String, Value>, on_event: &mut OnEvent<'_>) {
        for (part, content) in texts_in(&item, "summary") {
            self.whole_summary(part, content.text(), on_event);
        }
        for (part, content) in texts_in(&item, "content") {
            self.whole_thought(part, content.text(), on_event);
        }
        if item.get("encrypted_content").is_some_and(Value::is_string) {
            self.sealed_thoughts += 1;
            self.parts.verbatim(without(item, &["status"]));
        } else {
            self.open_thoughts += 1;
        }
    }

    /// Arguments whose end has not been told.
    pub(super) fn flush(&mut self, on_event: &mut OnEvent<'_>) {
        for at in 0..self.items.len() {
            self.tell_arguments(at, on_event);
        }
    }

    fn tell_arguments(&mut self, at: usize, on_event: &mut OnEvent<'_>) {
        let call = self.items.get_mut(at).and_then(|item| item.call.as_mut());
        if let Some(call) = call.filter(|call| !call.is_told) {
            call.is_told = true;
            let arguments = std::mem::take(&mut call.arguments);
            on_event(StreamEvent::ToolArguments { slot: call.slot, text: &arguments });
        }
    }

    /// Whether any item has been told whole.
    pub(super) fn has_ended(&self) -> bool {
        self.items.iter().any(|item| item.has_ended)
    }

    pub(super) fn has_calls(&self) -> bool {
        self.calls > 0
    }

    /// What the server wants back. An id binds an item to the thought before it: without that it is refused.
    pub(super) fn replay(&mut self) -> Option<String> {
        if self.sealed_thoughts == 0 || self.open_thoughts > 0 {
            self.parts.strip("id");
        }
        self.parts.to_json()
    }

    fn think(&mut self, part: PartOf, text: &str, kind: ReasoningKind, on_event: &mut OnEvent<'_>) {
        if !self.note(part, text) {
            return;
        }
        let thought = Some((self.at, part));
        if self.thought != thought {
            self.thoughts = self.thoughts.saturating_add(1);
            self.thought = thought;
        }
        on_event(StreamEvent::Reasoning { text, kind, block: self.thoughts });
    }

    /// Notes that something of a part comes; false where it is nothing.
    fn note(&mut self, part: PartOf, text: &str) -> bool {
        if let Some(item) = self.items.get_mut(self.at).filter(|_| !text.is_empty())
            && item.seen.last() != Some(&part)
            && !item.seen.contains(&part)
            && item.seen.len() < PARTS_MAX
        {
            item.seen.push(part);
        }
        !text.is_empty()
    }

    fn has_seen(&self, part: PartOf) -> bool {
        self.items.get(self.at).is_some_and(|item| item.seen.contains(&part))
    }

    fn count_text(&mut self, text: &str) {
        if let Some(item) = self.items.get_mut(self.at) {
            item.text_bytes += text.len();
        }
    }

    fn call(&mut self) -> Option<&mut Call> {
        self.items.get_mut(self.at).and_then(|item| item.call.as_mut())
    }
}

enum Content<'a> {
    Text(&'a str),
    Refusal(&'a str),
}

impl<'a> Content<'a> {
    fn text(&self) -> &'a str {
        match self {
            Self::Text(text) | Self::Refusal(text) => text,
        }
    }
}

/// The parts of an item with their numbers.
fn texts_in<'a>(item: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = (u64, Content<'a>)> {
    let parts = item.get(name).and_then(Value::as_array).into_iter().flatten();
    (0..).zip(parts).filter_map(|(number, part)| {
        let text = part["text"].as_str().map(Content::Text);
        Some((number, text.or(part["refusal"].as_str().map(Content::Refusal))?))
    })
}

fn without(mut item: Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    item.retain(|name, value| !names.contains(&name.as_str()) && !value.is_null());
    item
}
