//! Tools that run as tasks alone. Servers of the revisions with a handshake say so with a word that the SDK does not
//! keep, so it is put where the SDK does. Such a task has to be asked for, and that way is not spoken here; tasks of
//! the newer revisions come by themselves (`tasks.rs`).

use rmcp::model::{MetaObject, ServerJsonRpcMessage};
use serde_json::{Value, json};

/// The word as servers write it.
const WORD: &[u8] = b"taskSupport";
/// Where it is kept, in the metadata of the tool.
const KEPT_AS: &str = "sayso/task-only";

/// A message of a server.
pub(super) fn read(text: &[u8]) -> serde_json::Result<ServerJsonRpcMessage> {
    match marked(text) {
        Some(message) => serde_json::from_value(message),
        None => serde_json::from_slice(text),
    }
}

/// The message with its tools marked, where one of them needs it.
pub(super) fn marked(text: &[u8]) -> Option<Value> {
    memchr::memmem::find(text, WORD)?;
    let mut message: Value = serde_json::from_slice(text).ok()?;
    let mut is_marked = false;
    for tool in message.pointer_mut("/result/tools")?.as_array_mut()? {
        if tool.pointer("/execution/taskSupport").and_then(Value::as_str) == Some("required")
            && let Some(tool) = tool.as_object_mut()
        {
            let meta = tool.entry("_meta").or_insert_with(|| json!({}));
            if !meta.is_object() {
                *meta = json!({});
            }
            meta[KEPT_AS] = json!(true);
            is_marked = true;
        }
    }
    is_marked.then_some(message)
}

pub(super) fn is_marked(meta: Option<&MetaObject>) -> bool {
    meta.is_some_and(|meta| meta.contains_key(KEPT_AS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(support: &str) -> Option<bool> {
        let tool = format!(r#"{{"name":"a","inputSchema":{{}},"execution":{{"taskSupport":{support}}}}}"#);
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{{"name":"b"}},{tool}]}}}}"#);
        let message = marked(text.as_bytes())?;
        message["result"]["tools"][1]["_meta"][KEPT_AS].as_bool()
    }

    #[test]
    fn only_what_has_to_be_a_task_is_marked() {
        assert_eq!(marks("\"required\""), Some(true));
        for other in ["\"optional\"", "\"forbidden\"", "null", "7"] {
            assert_eq!(marks(other), None, "{other}");
        }
        assert_eq!(marked(br#"{"jsonrpc":"2.0","id":1,"result":{"content":"taskSupport required"}}"#), None);
        assert_eq!(marked(b"taskSupport"), None);
    }
}
