//! Puts calls together, which come whole or, where that was asked for, argument by argument.

use serde_json::{Map, Value};

use super::wire::{FunctionCall, PartialArg};
use crate::conversation::{StreamEvent, TOOL_ARGUMENT_BYTES_MAX};
use crate::provider::decoder::OnEvent;
use crate::provider::tolerant::Scalar;

/// More calls in one reply are an error of the server.
const CALLS_MAX: u32 = 256;
/// Arguments are not nested more deeply, and lists in them not longer.
const STEPS_MAX: usize = 64;
const ITEMS_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Calls {
    started: u32,
    /// The call whose arguments are still to come, and those so far.
    open: Option<(u32, Value)>,
    bytes: usize,
}

impl Calls {
    /// The slot and the server's own id of a call that begins here.
    pub(super) fn take(&mut self, call: FunctionCall<'_>, on_event: &mut OnEvent<'_>) -> Option<(u32, Option<String>)> {
        let FunctionCall { id, name, args, partial_args, will_continue } = call;
        let begun = name.text().and_then(|name| self.begin(&id, name, on_event));
        if let Some((_, arguments)) = &mut self.open {
            if let Some(args) = args.0 {
                *arguments = Value::Object(args);
            }
            for piece in &partial_args.0 {
                let size = piece.path.text().map_or(0, str::len) + piece.text.text().map_or(0, str::len);
                self.bytes += size;
                if self.bytes <= TOOL_ARGUMENT_BYTES_MAX {
                    add_argument(arguments, piece);
                }
            }
            if !will_continue.is_truthy() {
                self.flush(on_event);
            }
        }
        begun.map(|slot| (slot, id.text().map(str::to_owned)))
    }

    fn begin(&mut self, id: &Scalar<'_>, name: &str, on_event: &mut OnEvent<'_>) -> Option<u32> {
        self.flush(on_event);
        if self.started >= CALLS_MAX {
            on_event(StreamEvent::BadChunk { reason: "too many tool calls" });
            return None;
        }
        let slot = self.started;
        self.started += 1;
        self.bytes = 0;
        self.open = Some((slot, Value::Object(Map::new())));
        on_event(StreamEvent::ToolStart { slot, id: id.text(), name });
        Some(slot)
    }

    /// Hands out the arguments of the open call.
    pub(super) fn flush(&mut self, on_event: &mut OnEvent<'_>) {
        if let Some((slot, arguments)) = self.open.take() {
            on_event(StreamEvent::ToolArguments { slot, text: &arguments.to_string() });
        }
    }
}

/// Sets what the path names; text grows. A path that cannot be followed is as if it were not there.
fn add_argument(arguments: &mut Value, piece: &PartialArg<'_>) {
    let Some(place) = piece.path.text().and_then(|path| place_at(arguments, path)) else { return };
    match (place, piece) {
        (Value::String(text), PartialArg { text: Scalar::Text(more), .. }) => text.push_str(more),
        (place, PartialArg { text: Scalar::Text(text), .. }) => *place = text.as_ref().into(),
        (place, PartialArg { boolean: Scalar::Bool(value), .. }) => *place = (*value).into(),
        (place, PartialArg { number: Scalar::Integer(number), .. }) => *place = (*number).into(),
        (place, PartialArg { number: Scalar::Float(number), .. }) => *place = (*number).into(),
        (_, _) => {}
    }
}

/// The place of a path such as `$.a.b[0]['c d']`, made where it is not there.
fn place_at<'v>(root: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    let mut rest = path.strip_prefix('$')?;
    let mut place = root;
    for _ in 0..STEPS_MAX {
        if rest.is_empty() {
            return Some(place);
        }
        let (name, tail) = if let Some(tail) = rest.strip_prefix('.') {
            tail.split_at(tail.find(['.', '[']).unwrap_or(tail.len()))
        } else {
            let (inside, tail) = rest.strip_prefix('[')?.split_once(']')?;
            if let Ok(at) = inside.parse::<usize>() {
                place = item_at(place, at)?;
                rest = tail;
                continue;
            }
            (inside.trim_matches(['\'', '"']), tail)
        };
        place = field_at(place, name)?;
        rest = tail;
    }
    None
}

fn field_at<'v>(place: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    if place.is_null() {
        *place = Value::Object(Map::new());
    }
    Some(place.as_object_mut()?.entry(name).or_insert(Value::Null))
}

fn item_at(place: &mut Value, at: usize) -> Option<&mut Value> {
    if place.is_null() {
        *place = Value::Array(Vec::new());
    }
    let items = place.as_array_mut().filter(|_| at < ITEMS_MAX)?;
    if items.len() <= at {
        items.resize(at + 1, Value::Null);
    }
    items.get_mut(at)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{PartialArg, Scalar, add_argument};

    #[test]
    fn arguments_grow_along_their_paths() {
        let text = |path: &'static str, text: &'static str| PartialArg {
            path: Scalar::Text(path.into()),
            text: Scalar::Text(text.into()),
            ..PartialArg::default()
        };
        let mut arguments = Value::Null;
        for piece in [
            text("$.a.b[1]", "x"),
            text("$.a.b[1]", "y"),
            text("$['c d']", "z"),
            PartialArg { path: Scalar::Text("$.n".into()), number: Scalar::Float(0.5), ..PartialArg::default() },
            PartialArg { path: Scalar::Text("$.t".into()), boolean: Scalar::Bool(true), ..PartialArg::default() },
            PartialArg { path: Scalar::Text("$.null".into()), ..PartialArg::default() },
            text("a", "no path"),
            text("$.a.b.c", "a list has no fields"),
            text("$[99999999999]", "an object has no items"),
        ] {
            add_argument(&mut arguments, &piece);
        }
        let expected = json!({"a": {"b": [null, "xy"]}, "c d": "z", "n": 0.5, "t": true, "null": null});
        assert_eq!(arguments, expected);
    }
}
