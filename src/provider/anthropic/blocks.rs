//! The blocks that a message is made of, from their pieces.

use serde_json::{Map, Value};

use crate::conversation::{ReasoningKind, StreamEvent, TOOL_ARGUMENT_BYTES_MAX};
use crate::provider::decoder::OnEvent;
use crate::provider::replay_parts::PartsRecorder;

/// More blocks in one reply are an error of the server.
const BLOCKS_MAX: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Those that are open; nearly always one.
    open: Vec<Block>,
    parts: PartsRecorder,
    /// Thoughts to be given back, if their signature comes.
    thoughts: Vec<usize>,
    started: usize,
    calls: u32,
    thought_blocks: u32,
}

#[derive(Debug)]
struct Block {
    index: u64,
    kind: Kind,
    /// Where it is noted for the server.
    part: Option<usize>,
}

#[derive(Debug)]
enum Kind {
    Text,
    Thinking {
        number: u32,
    },
    /// A call of a tool of ours. `input` is what the block began with.
    Call {
        slot: u32,
        has_arguments: bool,
        input: Value,
    },
    /// Whatever the server does on its own, with the JSON of its input.
    Other {
        json: String,
    },
}

impl Blocks {
    pub(super) fn close(&mut self) {
        self.open.clear();
    }

    /// What has come is none of the message, but for the text, which has been shown.
    pub(super) fn restart(&mut self, on_event: &mut OnEvent<'_>) {
        let text_bytes = self.parts.text_bytes();
        *self = Self { started: self.started, thought_blocks: self.thought_blocks, ..Self::default() };
        on_event(StreamEvent::Restart);
        if text_bytes > 0 {
            self.parts.text(text_bytes);
            on_event(StreamEvent::BadChunk { reason: "the server began its answer anew in the middle of it" });
        }
    }

    pub(super) fn start(&mut self, index: u64, mut fields: Map<String, Value>, on_event: &mut OnEvent<'_>) {
        self.started += 1;
        if self.started > BLOCKS_MAX {
            return on_event(StreamEvent::BadChunk { reason: "too many blocks in one answer" });
        }
        self.open.retain(|block| block.index != index);
        let kind = fields.get("type").and_then(Value::as_str).unwrap_or("text").to_owned();
        let take_text = |fields: &mut Map<String, Value>, name: &str| match fields.remove(name) {
            Some(Value::String(text)) => text,
            Some(_) | None => String::new(),
        };
        match kind.as_str() {
            "text" => {
                let text = take_text(&mut fields, "text");
                fields.retain(|name, value| name != "type" && !value.is_null());
                let part = self.parts.text_part(0, fields);
                self.open.push(Block { index, kind: Kind::Text, part });
                self.text(index, &text, on_event);
            }
            "thinking" => {
                let text = take_text(&mut fields, "thinking");
                let part = self.parts.verbatim(fields);
                self.thoughts.extend(part);
                self.open.push(Block { index, kind: Kind::Thinking { number: self.thought_blocks }, part });
                self.thought_blocks = self.thought_blocks.saturating_add(1);
                self.thinking(index, &text, on_event);
            }
            "tool_use" => self.start_call(index, fields, on_event),
            _ => {
                let part = self.parts.verbatim(fields);
                self.open.push(Block { index, kind: Kind::Other { json: String::new() }, part });
            }
        }
    }

    fn start_call(&mut self, index: u64, mut fields: Map<String, Value>, on_event: &mut OnEvent<'_>) {
        let slot = self.calls;
        self.calls += 1;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        on_event(StreamEvent::ToolStart { slot, id: text("id"), name: text("name").unwrap_or_default() });
        let input = fields.remove("input").unwrap_or_default();
        fields.retain(|name, _| !matches!(name.as_str(), "type" | "id" | "name"));
        self.parts.call(slot, fields);
        self.open.push(Block { index, kind: Kind::Call { slot, has_arguments: false, input }, part: None });
    }

    pub(super) fn text(&mut self, index: u64, text: &str, on_event: &mut OnEvent<'_>) {
        if text.is_empty() {
            return;
        }
        match self.find(index).and_then(|block| block.part.filter(|_| matches!(block.kind, Kind::Text))) {
            Some(part) => self.parts.lengthen(part, text.len()),
            None => self.parts.text(text.len()),
        }
        on_event(StreamEvent::Text(text));
    }

    pub(super) fn thinking(&mut self, index: u64, text: &str, on_event: &mut OnEvent<'_>) {
        if text.is_empty() {
            return;
        }
        let block = match self.find(index) {
            Some(Block { kind: Kind::Thinking { number }, part, .. }) => {
                let (number, part) = (*number, *part);
                if let Some(part) = part {
                    self.parts.grow(part, "thinking", text);
                }
                number
            }
            Some(_) | None => 0,
        };
        on_event(StreamEvent::Reasoning { text, kind: ReasoningKind::Raw, block });
    }

    pub(super) fn signature(&mut self, index: u64, signature: &str) {
        if let Some(part) = self.find(index).and_then(|block| block.part) {
            self.parts.grow(part, "signature", signature);
        }
    }

    pub(super) fn arguments(&mut self, index: u64, text: &str, on_event: &mut OnEvent<'_>) {
        match self.find(index).map(|block| &mut block.kind) {
            Some(Kind::Call { slot, has_arguments, .. }) => {
                *has_arguments = true;
                on_event(StreamEvent::ToolArguments { slot: *slot, text });
            }
            Some(Kind::Other { json }) if json.len() + text.len() <= TOOL_ARGUMENT_BYTES_MAX => json.push_str(text),
            Some(Kind::Other { .. } | Kind::Text | Kind::Thinking { .. }) | None => {}
        }
    }

    /// Fields that nobody here knows: lists and citations grow, all else is replaced.
    pub(super) fn extend(&mut self, index: u64, fields: Map<String, Value>) {
        let Some(part) = self.find(index).and_then(|block| block.part) else { return };
        for (name, value) in fields {
            match name.as_str() {
                "citation" => self.parts.push(part, "citations", value),
                _ => self.parts.set(part, &name, value),
            }
        }
    }

    pub(super) fn stop(&mut self, index: u64, on_event: &mut OnEvent<'_>) {
        let Some(at) = self.open.iter().position(|block| block.index == index) else { return };
        let Block { kind, part, .. } = self.open.remove(at);
        match kind {
            Kind::Call { slot, has_arguments: false, input } => {
                let input = if input.is_object() { input.to_string() } else { "{}".to_owned() };
                on_event(StreamEvent::ToolArguments { slot, text: &input });
            }
            Kind::Other { json } if !json.is_empty() => {
                if let (Some(part), Ok(input)) = (part, serde_json::from_str(&json)) {
                    self.parts.set(part, "input", input);
                }
            }
            Kind::Call { has_arguments: true, .. } | Kind::Other { .. } | Kind::Text | Kind::Thinking { .. } => {}
        }
    }

    /// What the server wants back. Thoughts without their signature are refused there.
    pub(super) fn replay(&mut self) -> Option<String> {
        for part in std::mem::take(&mut self.thoughts) {
            let signature = self.parts.fields(part).and_then(|fields| fields.get("signature")?.as_str());
            if signature.is_none_or(str::is_empty) {
                self.parts.forget(part);
            }
        }
        self.parts.to_json()
    }

    fn find(&mut self, index: u64) -> Option<&mut Block> {
        self.open.iter_mut().find(|block| block.index == index)
    }
}
