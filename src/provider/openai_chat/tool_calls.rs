//! Puts tool calls together from their pieces, however a server numbers them.

use serde_json::{Map, Value};

use super::wire::ToolCallPart;
use crate::conversation::{StreamEvent, TOOL_ARGUMENT_BYTES_MAX};

/// More calls in one reply are an error of the server.
const CALLS_MAX: usize = 256;

#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    calls: Vec<Call>,
    started: u32,
}

#[derive(Debug, Default)]
struct Call {
    index: Option<u64>,
    id: String,
    /// Set when the name is known and the call was announced.
    slot: Option<u32>,
    /// Arguments that came before the name.
    early_arguments: String,
    extra: Map<String, Value>,
}

impl ToolCalls {
    pub(super) fn apply(&mut self, part: ToolCallPart<'_>, on_event: &mut dyn FnMut(StreamEvent<'_>)) {
        let ToolCallPart { index, id, function, extra } = part;
        let (id, name) = (id.text().unwrap_or_default(), function.name.text());
        let at = self.position_for(index.count(), id, name.is_some());
        let Self { calls, started } = self;
        let Some(call) = calls.get_mut(at) else {
            return on_event(StreamEvent::BadChunk { reason: "too many tool calls" });
        };
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        call.extra.extend(extra.into_iter().filter(|(_, value)| !value.is_null()));
        let arguments = function.arguments.0.as_deref().unwrap_or_default();
        if call.slot.is_none()
            && let Some(name) = name
        {
            let slot = *started;
            *started += 1;
            call.start(slot, name, on_event);
        }
        call.add_arguments(arguments, on_event);
    }

    /// What has no name at the end can not be called.
    pub(super) fn end(&self, on_event: &mut dyn FnMut(StreamEvent<'_>)) {
        if self.calls.iter().any(|call| call.slot.is_none()) {
            on_event(StreamEvent::BadChunk { reason: "a tool call without a name" });
        }
    }

    /// The unknown fields of each announced call, in their order; nothing where no call has any.
    pub(super) fn extras(&self) -> Option<Value> {
        let mut calls: Vec<&Call> = self.calls.iter().filter(|call| call.slot.is_some()).collect();
        calls.sort_by_key(|call| call.slot);
        let has_extras = calls.iter().any(|call| !call.extra.is_empty());
        has_extras.then(|| calls.into_iter().map(|call| Value::Object(call.extra.clone())).collect())
    }

    /// Where the call of a piece is, an old or a new one; behind the end where there are too many.
    fn position_for(&mut self, index: Option<u64>, id: &str, has_name: bool) -> usize {
        let found = match index {
            // The last one with that index: some servers give every call the index 0.
            Some(_) => self.calls.iter().rposition(|call| call.index == index).filter(|at| {
                let call = &self.calls[*at];
                let is_other = !id.is_empty() && !call.id.is_empty() && call.id != id;
                !(is_other && has_name)
            }),
            None => self.position_without_index(id, has_name),
        };
        found.unwrap_or_else(|| {
            if self.calls.len() < CALLS_MAX {
                self.calls.push(Call { index, ..Call::default() });
                return self.calls.len() - 1;
            }
            CALLS_MAX
        })
    }

    fn position_without_index(&self, id: &str, has_name: bool) -> Option<usize> {
        let same_id = self.calls.iter().rposition(|call| !id.is_empty() && call.id == id);
        let last = self.calls.len().checked_sub(1);
        match (same_id, has_name) {
            (Some(at), _) => Some(at),
            // A new name is a new call, unless the last one still waits for its name.
            (None, true) => last.filter(|at| self.calls[*at].slot.is_none() && id.is_empty()),
            (None, false) => last,
        }
    }
}

impl Call {
    fn start(&mut self, slot: u32, name: &str, on_event: &mut dyn FnMut(StreamEvent<'_>)) {
        self.slot = Some(slot);
        let id = Some(self.id.as_str()).filter(|id| !id.is_empty());
        on_event(StreamEvent::ToolStart { slot, id, name });
        let early = std::mem::take(&mut self.early_arguments);
        self.add_arguments(&early, on_event);
    }

    fn add_arguments(&mut self, text: &str, on_event: &mut dyn FnMut(StreamEvent<'_>)) {
        match self.slot {
            Some(_) if text.is_empty() => {}
            Some(slot) => on_event(StreamEvent::ToolArguments { slot, text }),
            None => {
                let room = TOOL_ARGUMENT_BYTES_MAX.saturating_sub(self.early_arguments.len());
                self.early_arguments.push_str(&text[..text.floor_char_boundary(room)]);
            }
        }
    }
}
