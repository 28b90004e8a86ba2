//! An MCP server with faults, written by hand against the specification: `fake_mcp_server FAULT…`.
//!
//! Without a fault it speaks the revisions with a handshake; `modern` speaks only the one without.

mod faults;
mod hostile;
mod tools;
mod wire;

use std::collections::BTreeMap;

use faults::Faults;
use serde_json::{Map, Value, json};
use wire::Wire;

/// The key of a subscription in the metadata of what belongs to it.
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

fn main() {
    let faults = Faults::from_arguments(std::env::args().skip(1));
    faults.at_start();
    let mut server = Server {
        faults,
        wire: Wire::new(),
        waiting: BTreeMap::new(),
        cancelled: Vec::new(),
        reads: 0,
        has_changed: false,
        subscription: None,
        polls: 0,
        log_level: None,
        gathered: Vec::new(),
    };
    server.run();
    server.faults.at_the_end();
}

/// A question of ours to the client, and the call that waits for its answer.
struct Waiting {
    call: Value,
}

struct Server {
    faults: Faults,
    wire: Wire,
    waiting: BTreeMap<String, Waiting>,
    /// Ids of requests that the client has cancelled.
    cancelled: Vec<Value>,
    /// Reads of the resource that counts them.
    reads: u64,
    has_changed: bool,
    /// The id of the client's request to be told of changes.
    subscription: Option<Value>,
    /// How often the one task has been asked after.
    polls: u64,
    /// What the client wants to hear of the log.
    log_level: Option<String>,
    /// Calls that wait for others.
    gathered: Vec<Value>,
}

impl Server {
    fn run(&mut self) {
        while let Some(message) = self.wire.read() {
            self.faults.log(&message);
            let (id, method) = (message.get("id").cloned(), message["method"].as_str().map(str::to_owned));
            match (id, method) {
                (Some(id), Some(method)) => self.request(&id, &method, &message["params"]),
                (None, Some(method)) => self.notification(&method, &message["params"]),
                (Some(id), None) => self.answer(&id, &message),
                (None, None) => {}
            }
        }
    }

    fn request(&mut self, id: &Value, method: &str, params: &Value) {
        if self.faults.has("modern") {
            let version = &params["_meta"]["io.modelcontextprotocol/protocolVersion"];
            assert_eq!(version, "2026-07-28", "every request of this revision names it");
        }
        match method {
            "initialize" => self.initialize(id, params),
            "server/discover" => self.discover(id),
            "ping" => self.wire.result(id, json!({})),
            "tools/list" => self.list_tools(id, params),
            "tools/call" => self.call(id, params),
            "tasks/get" => self.get_task(id),
            "tasks/cancel" => {
                self.cancelled.push(json!("task"));
                self.wire.result(id, self.complete(json!({})));
            }
            "resources/list" => {
                let text = json!({"uri": "test://count", "name": "count", "mimeType": "text/plain", "size": 7});
                let image = json!({"uri": "test://dot.gif", "name": "dot", "mimeType": "image/gif"});
                let resources = match () {
                    () if self.faults.has("hostile") => hostile::resources(),
                    () if self.faults.has("picture") => json!([text, image]),
                    () => json!([text]),
                };
                self.wire
                    .result(id, self.complete(json!({"resources": resources, "ttlMs": 0, "cacheScope": "private"})));
            }
            "resources/templates/list" => {
                let templates = json!([{"uriTemplate": "test://{name}", "name": "any"}]);
                let result = json!({"resourceTemplates": templates, "ttlMs": 0, "cacheScope": "private"});
                self.wire.result(id, self.complete(result));
            }
            "resources/read" if self.faults.has("silent-read") => {}
            "resources/read" => self.read_resource(id, params),
            "logging/setLevel" => {
                self.log_level = params["level"].as_str().map(str::to_owned);
                self.wire.result(id, json!({}));
            }
            "resources/subscribe" | "resources/unsubscribe" => self.wire.result(id, json!({})),
            "subscriptions/listen" => self.listen(id, params),
            "prompts/list" => {
                let mut prompts = json!([{"name": "greet", "arguments": [{"name": "who", "required": true}]}]);
                if self.faults.has("hostile") {
                    prompts = hostile::prompts();
                    prompts[0]["name"] = json!("greet");
                }
                self.wire.result(id, self.complete(json!({"prompts": prompts, "ttlMs": 0, "cacheScope": "private"})));
            }
            "prompts/get" => self.get_prompt(id, params),
            "completion/complete" => {
                let known = params["context"]["arguments"].to_string();
                let values = match params["ref"]["type"].as_str() {
                    Some("ref/resource") => {
                        json!([format!("{}x y", params["argument"]["value"].as_str().unwrap_or(""))])
                    }
                    _ if known.contains("tone") => json!(["Ada Lovelace"]),
                    _ => json!(["Ada", "Alan"]),
                };
                let values = json!({"completion": {"values": values, "hasMore": true}});
                self.wire.result(id, self.complete(values));
            }
            _ => self.wire.error(id, -32601, "unknown method"),
        }
    }

    fn notification(&mut self, method: &str, params: &Value) {
        if method == "notifications/cancelled" {
            self.cancelled.push(params["requestId"].clone());
        }
    }

    /// The client has answered a question of ours: the call that waited for it ends.
    fn answer(&mut self, id: &Value, message: &Value) {
        let waiting = id.as_str().and_then(|id| self.waiting.remove(id));
        if let Some(waiting) = waiting {
            let said = message.get("result").or_else(|| message.get("error")).cloned().unwrap_or_default();
            self.wire.result(&waiting.call, tools::text(&said.to_string()));
        }
    }

    fn initialize(&mut self, id: &Value, params: &Value) {
        if self.faults.has("modern") {
            return self.wire.error(id, -32601, "unknown method");
        }
        let words = if self.faults.has("hostile") { hostile::words() } else { "A server for tests.".to_owned() };
        let name = if self.faults.has("hostile") { &words } else { "fake" };
        let version = if self.faults.has("future") { json!("2099-01-01") } else { params["protocolVersion"].clone() };
        let result = json!({
            "protocolVersion": version,
            "capabilities": self.capabilities(),
            "serverInfo": {"name": name, "version": "1"},
            "instructions": words,
        });
        self.wire.result(id, result);
    }

    fn discover(&mut self, id: &Value) {
        if self.faults.has("exit-on-unknown") {
            faults::exit(4);
        }
        if self.faults.has("silent-on-unknown") {
            return;
        }
        if !self.faults.has("modern") {
            return self.wire.error(id, -32601, "unknown method");
        }
        let result = json!({
            "supportedVersions": ["2026-07-28"],
            "capabilities": self.capabilities(),
            "instructions": "A server for tests.",
            "ttlMs": 0,
            "cacheScope": "private",
        });
        self.wire.result(id, self.complete(result));
    }

    /// A result as the revision wants it.
    fn complete(&self, mut result: Value) -> Value {
        if self.faults.has("modern") {
            result["resultType"] = json!("complete");
        }
        result
    }

    fn get_prompt(&mut self, id: &Value, params: &Value) {
        let mut text = format!("Greet {}.", params["arguments"]["who"].as_str().unwrap_or("nobody"));
        if self.faults.has("hostile") {
            text = hostile::words();
        }
        let message = |content: Value| json!({"role": "user", "content": content});
        let mut messages = vec![message(json!({"type": "text", "text": text}))];
        if self.faults.has("picture") {
            let resource = json!({"uri": "test://dot.gif", "mimeType": "image/gif", "blob": tools::DOT});
            messages.push(message(json!({"type": "image", "mimeType": "image/gif", "data": tools::DOT})));
            messages.push(message(json!({"type": "resource", "resource": resource})));
            messages.push(message(json!({"type": "audio", "mimeType": "audio/wav", "data": "UklGRg=="})));
        }
        self.wire.result(id, self.complete(json!({"messages": messages})));
    }

    fn read_resource(&mut self, id: &Value, params: &Value) {
        self.reads += 1;
        let text = if self.faults.has("hostile") { hostile::words() } else { format!("read {}", self.reads) };
        let text = json!({"uri": params["uri"], "mimeType": "text/plain", "text": text});
        let image = json!({"uri": params["uri"], "mimeType": "image/gif", "blob": tools::DOT});
        let contents = json!([if params["uri"] == "test://dot.gif" { image } else { text }]);
        let ttl_ms = if self.faults.has("fresh-resources") { 60_000 } else { 0 };
        let result = json!({"contents": contents, "ttlMs": ttl_ms, "cacheScope": "private"});
        self.wire.result(id, self.complete(result));
    }

    fn listen(&mut self, id: &Value, params: &Value) {
        // Several may be open; those that want to hear of tools get to.
        if params["notifications"]["toolsListChanged"] == json!(true) || self.subscription.is_none() {
            self.subscription = Some(id.clone());
        }
        let params = json!({"notifications": params["notifications"], "_meta": {SUBSCRIPTION: id}});
        self.wire.notification("notifications/subscriptions/acknowledged", params);
    }

    fn get_task(&mut self, id: &Value) {
        self.polls += 1;
        let mut task = json!({
            "taskId": "t1", "createdAt": "2026-01-01T00:00:00Z", "lastUpdatedAt": "2026-01-01T00:00:00Z",
            "ttlMs": 60_000, "pollIntervalMs": 20, "status": "working", "statusMessage": "half way",
        });
        if self.polls > 2 && !self.faults.has("endless-task") {
            task["status"] = json!("completed");
            task["result"] = tools::text("the task is done");
        }
        self.wire.result(id, self.complete(task));
    }

    /// Tells of a change, as the revision wants it.
    fn tell_change(&mut self, method: &str, mut params: Map<String, Value>) {
        if self.faults.has("modern") {
            let Some(id) = &self.subscription else { return };
            params.insert("_meta".to_owned(), json!({SUBSCRIPTION: id}));
        }
        self.wire.notification(method, Value::Object(params));
    }
}

impl Server {
    fn capabilities(&self) -> Value {
        let mut capabilities = json!({
            "tools": {"listChanged": true},
            "resources": {"subscribe": true, "listChanged": true},
            "prompts": {"listChanged": true},
            "completions": {},
            "logging": {},
            "extensions": {"io.modelcontextprotocol/tasks": {}},
        });
        if self.faults.has("no-resources") {
            capabilities.as_object_mut().expect("it is one").remove("resources");
        }
        capabilities
    }
}
