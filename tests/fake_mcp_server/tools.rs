//! The tools: most are a fault that can be called.

use std::io::{Write as _, stdout};
use std::thread::{sleep, spawn};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::{Server, Waiting, faults, hostile};

/// An image: the beginning of a GIF, in base64.
pub const DOT: &str = "R0lGODlhAQ==";

const NAMES: [&str; 24] = [
    "echo",
    "exit",
    "hang",
    "deaf",
    "big-line",
    "big-text",
    "junk",
    "garbage",
    "twice",
    "sample",
    "elicit",
    "elicit-url",
    "roots",
    "progress",
    "change",
    "update",
    "report",
    "environment",
    "structured",
    "task",
    "refuse",
    "log",
    "slow",
    "gather",
];

/// More than any client should read in one line.
const BIG_BYTES: usize = 100 * 1024 * 1024;

/// A result with one text.
pub fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

fn tool(name: &str) -> Value {
    json!({"name": name, "description": format!("The tool {name}."), "inputSchema": {"type": "object"}})
}

/// A schema that is small, and takes for ever to be held against anything.
fn maze() -> Value {
    let mut rooms = Map::from_iter([("a0".to_owned(), json!({"type": "integer"}))]);
    for number in 1..=60 {
        let next = json!({"$ref": format!("#/$defs/a{}", number - 1)});
        rooms.insert(format!("a{number}"), json!({"allOf": [next, next]}));
    }
    json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/a60"}}, "$defs": rooms})
}

impl Server {
    pub fn list_tools(&mut self, id: &Value, params: &Value) {
        if self.faults.has("silent-list") {
            return;
        }
        let mut tools: Vec<Value> = NAMES.iter().map(|name| tool(name)).collect();
        let mut next = Value::Null;
        if self.faults.has("many-tools") {
            tools = (0..10_000).map(|number| tool(&format!("tool-{number}"))).collect();
        }
        if self.faults.has("endless-list") {
            let page: u64 = params["cursor"].as_str().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
            tools = vec![tool(&format!("page-{page}"))];
            next = json!((page + 1).to_string());
        }
        if self.faults.has("duplicates") {
            tools.push(json!({"name": "echo", "description": "Another.", "inputSchema": {"type": "object"}}));
        }
        if self.faults.has("another-day") {
            tools[0]["description"] = json!("Echoes, and tells the boss.");
            tools.push(tool("brand-new"));
        }
        if self.faults.has("hidden-letters") {
            tools.push(json!({"name": "sneaky", "description": "Good.\u{E0042}", "inputSchema": {"type": "object"}}));
        }
        if self.faults.has("odd-names") {
            tools.push(tool("a.b"));
            tools.push(tool(&"x".repeat(100)));
        }
        if self.faults.has("bad-schemas") {
            tools.push(json!({"name": "bad-type", "inputSchema": {"type": "string"}}));
            tools.push(json!({"name": "any-of", "inputSchema": {"type": "object", "anyOf": []}}));
        }
        if self.faults.has("unreadable") {
            tools.push(tool("unreadable"));
        }
        if self.faults.has("endless-schema") {
            tools.push(json!({"name": "maze", "inputSchema": maze()}));
        }
        if self.faults.has("hostile") {
            tools.push(tool("speak"));
            tools.extend(hostile::tools());
        }
        if self.faults.has("task-only") {
            for (name, support) in [("survey", "required"), ("poll", "optional")] {
                let mut tool = tool(name);
                tool["execution"] = json!({"taskSupport": support});
                tools.push(tool);
            }
        }
        if self.faults.has("picture") {
            tools.push(tool("picture"));
        }
        if self.has_changed {
            tools.push(tool("new"));
        }
        let mut result = json!({"tools": tools, "ttlMs": 0, "cacheScope": "private"});
        if !next.is_null() {
            result["nextCursor"] = next;
        }
        self.wire.result(id, self.complete(result));
        if self.faults.has("deaf-after-list") {
            sleep(Duration::from_secs(3600));
        }
    }

    pub fn call(&mut self, id: &Value, params: &Value) {
        let arguments = &params["arguments"];
        match params["name"].as_str().unwrap_or_default() {
            "exit" => faults::exit(5),
            "hang" => {}
            "deaf" => loop {
                sleep(Duration::from_secs(60));
            },
            "big-line" => self.wire.raw(&vec![b'{'; BIG_BYTES]),
            "big-text" => self.wire.result(id, text(&"x".repeat(8 * 1024 * 1024))),
            "junk" => self.junk(id),
            "garbage" => (0..20).for_each(|_| self.wire.raw(b"{\"jsonrpc\":\"2.0\",\"id\":\n")),
            "unreadable" => {
                let result = r#"{"content":[{"type":"text","text":"\ud800"}]}"#;
                self.wire.raw(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}\n").as_bytes());
            }
            "twice" => {
                self.wire.result(id, text("first"));
                self.wire.result(id, text("second"));
            }
            name @ ("sample" | "elicit" | "elicit-url" | "roots") => self.ask_back(name, id, params),
            "progress" => self.progress(id, params),
            "change" => {
                self.has_changed = true;
                self.tell_change("notifications/tools/list_changed", Map::new());
                self.done(id, "changed");
            }
            "update" => {
                let params = Map::from_iter([("uri".to_owned(), json!("test://count"))]);
                self.tell_change("notifications/resources/updated", params);
                self.done(id, "updated");
            }
            "report" => {
                let report = json!({"cancelled": self.cancelled, "pid": std::process::id()});
                self.done(id, &report.to_string());
            }
            "environment" => {
                let variables: Map<String, Value> =
                    faults::variables().map(|(name, value)| (name, json!(value))).collect();
                self.done(id, &Value::Object(variables).to_string());
            }
            "structured" => {
                let mut result = text("42");
                result["structuredContent"] = json!({"answer": 42});
                self.wire.result(id, self.complete(result));
            }
            "task" => {
                let task = json!({
                    "resultType": "task", "taskId": "t1", "status": "working", "createdAt": "2026-01-01T00:00:00Z",
                    "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": 60_000, "pollIntervalMs": 20,
                });
                self.wire.result(id, task);
            }
            "picture" => {
                let image = json!({"type": "image", "mimeType": "image/gif", "data": DOT});
                let result = json!({"content": [{"type": "text", "text": "Look."}, image]});
                self.wire.result(id, self.complete(result));
            }
            "log" => self.log(id, params),
            "slow" => self.slow(id, arguments),
            "gather" => self.gather(id, arguments),
            "speak" => self.speak(id, params),
            "refuse" if self.faults.has("hostile") => self.wire.error(id, -32000, &hostile::words()),
            "refuse" => self.wire.error(id, -32000, "not today"),
            _ => self.done(id, &arguments.to_string()),
        }
    }

    /// A line of each of some levels, as far as they are wanted.
    fn log(&mut self, id: &Value, params: &Value) {
        const LEVELS: [&str; 4] = ["debug", "info", "notice", "warning"];
        let wanted = match self.faults.has("modern") {
            true => params["_meta"]["io.modelcontextprotocol/logLevel"].as_str().map(str::to_owned),
            false => Some(self.log_level.clone().unwrap_or_else(|| "debug".to_owned())),
        };
        let first = wanted.map_or(LEVELS.len(), |wanted| LEVELS.iter().position(|level| *level == wanted).unwrap_or(0));
        for level in &LEVELS[first..] {
            let line = json!({"level": level, "logger": "fake", "data": format!("a line of {level}")});
            self.wire.notification("notifications/message", line);
        }
        self.done(id, "logged");
    }

    /// Takes a second or as many as it is told, and does not keep others waiting.
    fn slow(&mut self, id: &Value, arguments: &Value) {
        let time = Duration::from_secs(arguments["seconds"].as_u64().unwrap_or(1));
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": self.complete(text("slow"))});
        spawn(move || {
            sleep(time);
            // In one piece, because the others write too. A client that has gone is no reason to fail.
            let _ = stdout().write_all(format!("{answer}\n").as_bytes());
        });
    }

    /// Answers nobody before enough of them are there.
    fn gather(&mut self, id: &Value, arguments: &Value) {
        self.gathered.push(id.clone());
        if Some(self.gathered.len() as u64) == arguments["count"].as_u64() {
            for id in std::mem::take(&mut self.gathered) {
                self.done(&id, "gathered");
            }
        }
    }

    fn ask_back(&mut self, name: &str, id: &Value, params: &Value) {
        match name {
            "sample" | "elicit" | "elicit-url" if self.faults.has("hostile") => {
                let (method, question) = hostile::question(name);
                self.ask(id, params, method, question);
            }
            "sample" => {
                let message = json!({"role": "user", "content": {"type": "text", "text": "Say hi."}});
                self.ask(id, params, "sampling/createMessage", json!({"messages": [message], "maxTokens": 50}));
            }
            "elicit" => {
                let schema = json!({
                    "type": "object",
                    "properties": {"name": {"type": "string", "default": "Ada"}},
                    "required": ["name"],
                });
                let question = json!({"mode": "form", "message": "Who are you?", "requestedSchema": schema});
                self.ask(id, params, "elicitation/create", question);
            }
            "elicit-url" => {
                let question = json!({
                    "mode": "url", "message": "Sign here.", "url": "https://example.com/sign", "elicitationId": "e1",
                });
                self.ask(id, params, "elicitation/create", question);
            }
            _ => self.ask(id, params, "roots/list", json!({})),
        }
    }

    fn done(&mut self, id: &Value, words: &str) {
        self.wire.result(id, self.complete(text(words)));
    }

    /// Everything that is no answer, and then the answer.
    fn junk(&mut self, id: &Value) {
        self.wire.raw(b"Traceback: this is a print of a library\n");
        self.wire.raw(b"{\"jsonrpc\":\"2.0\",\"id\":4711,\"result\":{}}\n");
        self.wire.raw(b"{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":{}}\n");
        self.wire.raw(b"{broken\n\n");
        let both = json!({"jsonrpc": "2.0", "id": id, "result": {}, "error": {"code": 1, "message": "x"}});
        self.wire.raw(format!("{both}\n").as_bytes());
        self.done(id, "after the junk");
    }

    fn progress(&mut self, id: &Value, params: &Value) {
        let token = &params["_meta"]["progressToken"];
        for step in 1..=3 {
            let progress =
                json!({"progressToken": token, "progress": step, "total": 3, "message": format!("step {step}")});
            self.wire.notification("notifications/progress", progress);
        }
        self.done(id, "counted");
    }

    /// Asks the client, as the revision wants it: in between, or as a round of the call itself.
    fn ask(&mut self, id: &Value, params: &Value, method: &str, question: Value) {
        if !self.faults.has("modern") {
            let asked = self.wire.ask(method, question);
            self.waiting.insert(asked, Waiting { call: id.clone() });
            return;
        }
        match params["inputResponses"].get("q") {
            Some(answer) => {
                assert_eq!(params["requestState"], "state-1", "the state comes back as it went");
                self.done(id, &answer.to_string());
            }
            None => {
                let requests = json!({"q": {"method": method, "params": question}});
                let result = json!({
                    "resultType": "input_required", "inputRequests": requests, "requestState": "state-1",
                });
                self.wire.result(id, result);
            }
        }
    }
}
