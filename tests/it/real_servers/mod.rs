//! Servers of other people, as their users install them: all that they offer works through the binary.
//!
//! `.ci/mcp-servers` installs them. Where they are missing these tests skip, loudly; in CI they fail.

mod everything;
mod everything_http;
mod nodes;
mod pythons;
mod turns;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{ModelServer, Output, Pty, Run, Sandbox, TestConfig, variable};

/// What a run may take in which a server starts; Python needs its time on a busy machine.
const RUN_LIMIT: Duration = Duration::from_secs(90);
/// How long a server may take to greet.
const CONNECT_SECONDS: u64 = 60;
/// How long a process may outlive the run that started it.
const REST_MAX: Duration = Duration::from_secs(3);
/// Is in the environment of every server, and of all that it starts.
const MARKER: &str = "SAYSO_TEST_MARKER";

/// A sandbox with some of the installed servers in its configuration.
pub struct Bed {
    pub sandbox: Sandbox,
    installed: PathBuf,
    config: Option<TestConfig>,
    marker: String,
}

impl Bed {
    /// `None` where the servers are not installed: then there is nothing to test.
    pub fn new() -> Option<Self> {
        Self::with_config(TestConfig::new("http://127.0.0.1:9/v1"))
    }

    /// With a model that plays a script.
    pub fn for_model(model: &ModelServer) -> Option<Self> {
        Self::with_config(TestConfig::for_server(model))
    }

    fn with_config(config: TestConfig) -> Option<Self> {
        let installed = installed()?;
        let sandbox = Sandbox::new();
        let marker = sandbox.path("").to_str().unwrap().to_owned();
        Some(Self { sandbox, installed, config: Some(config), marker })
    }

    /// A program of the installed packages.
    pub fn program(&self, below: &str) -> String {
        self.installed.join(below).to_str().unwrap().to_owned()
    }

    pub fn npm(&self, name: &str) -> String {
        self.program(&format!("node/node_modules/.bin/{name}"))
    }

    /// Sets up a server: its command with arguments, and what else is to stand in its section.
    pub fn server(mut self, name: &str, command: &[&str], more: &Value) -> Self {
        let mut section = json!({"command": command[0], "args": command[1..], "connect_timeout": CONNECT_SECONDS,
            "env": {MARKER: self.marker}});
        for (key, value) in more.as_object().unwrap() {
            match (section.get_mut(key).and_then(Value::as_object_mut), value.as_object()) {
                (Some(there), Some(added)) => there.extend(added.clone()),
                (Some(_) | None, _) => section[key] = value.clone(),
            }
        }
        self.set(&format!("mcp.servers.{name}"), section);
        self
    }

    pub fn set(&mut self, path: &str, value: impl Into<Value>) {
        let config = self.config.take().unwrap().set(path, value);
        let folder = self.sandbox.path("config/sayso");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.yaml"), config.text()).unwrap();
        self.config = Some(config);
    }

    /// Vouches for tools: they run, whatever has come in before.
    pub fn vouched(mut self, tools: &str) -> Self {
        self.set("chat.service.tools.rules", json!([{"allow": tools, "read_only": true}]));
        self
    }

    pub fn work(&self, below: &str) -> String {
        self.sandbox.work_folder().join(below).to_str().unwrap().to_owned()
    }

    /// The binary with these arguments, and time for slow servers.
    pub fn sayso<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Run {
        self.sandbox.sayso(args).limit(RUN_LIMIT)
    }

    /// `sayso mcp …`, to its good end.
    #[track_caller]
    pub fn mcp<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Output {
        self.sayso(["mcp"].into_iter().chain(args)).run().assert_exit(0)
    }

    /// The same with `--format json`.
    #[track_caller]
    pub fn mcp_json<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Value {
        let output = self.mcp(args.into_iter().chain(["--format", "json"]));
        serde_json::from_slice(&output.stdout_bytes).unwrap_or_else(|error| panic!("{error} in {output:?}"))
    }

    /// The text of a tool's result.
    #[track_caller]
    pub fn call<'a>(&self, server: &'a str, tool: &'a str, arguments: impl IntoIterator<Item = &'a str>) -> String {
        self.mcp(["call", server, tool].into_iter().chain(arguments)).stdout()
    }

    /// A terminal that has patience with slow servers.
    pub fn pty<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Pty {
        Pty::start(self.sandbox.sayso(args), 60, 120).patient(RUN_LIMIT)
    }

    /// The state of a server after a connection, as `mcp list` tells it.
    #[track_caller]
    pub fn state(&self, server: &str) -> Value {
        let list = self.mcp_json(["list", "--connect"]);
        let found = list.as_array().unwrap().iter().find(|state| state["name"] == server).cloned();
        found.unwrap_or_else(|| panic!("no {server} in {list:#}"))
    }

    /// No process of any server is left.
    #[track_caller]
    pub fn assert_nothing_is_left(&self) {
        let deadline = Instant::now() + REST_MAX;
        loop {
            let left = processes_with(&format!("{MARKER}={}", self.marker));
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "still running {REST_MAX:?} after the end: {left:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Every test looks, at its end, for what its runs have left behind.
impl Drop for Bed {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_nothing_is_left();
        }
    }
}

fn installed() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = variable("SAYSO_MCP_SERVERS").map_or_else(|| target.join("mcp-servers"), PathBuf::from);
    if folder.join("installed").is_file() {
        return Some(folder);
    }
    assert_ne!(variable("CI").as_deref(), Some("true"), "the MCP servers are needed in CI");
    let folder = folder.display();
    let _ = writeln!(std::io::stderr(), "SKIPPED: no MCP servers in {folder}; .ci/mcp-servers installs them");
    None
}

/// The command lines of all processes with this variable in their environment.
fn processes_with(variable: &str) -> Vec<String> {
    let mut found = Vec::new();
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes()) {
            let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            found.push(format!("{} {command}", process.file_name().display()));
        }
    }
    found
}
