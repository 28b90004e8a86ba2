//! The fake MCP server as a configured server of a sandbox, and a look at what processes are left of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{ModelServer, Run, Sandbox, TestConfig};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A sandbox with one server, `fake`, that has these faults.
pub struct FakeMcp {
    pub sandbox: Sandbox,
    config: TestConfig,
    marker: String,
}

impl FakeMcp {
    pub fn new(faults: &[&str]) -> Self {
        Self::with(faults, json!({}))
    }

    /// `settings` are added to those of the server.
    pub fn with(faults: &[&str], settings: Value) -> Self {
        Self::beside(TestConfig::new("http://127.0.0.1:9/v1"), faults, settings)
    }

    /// With a model that can call its tools.
    pub fn for_model(model: &ModelServer, faults: &[&str]) -> Self {
        Self::for_model_with(model, faults, json!({}))
    }

    pub fn for_model_with(model: &ModelServer, faults: &[&str], settings: Value) -> Self {
        Self::beside(TestConfig::for_server(model), faults, settings)
    }

    /// The same with another setting.
    pub fn set(mut self, key: &str, value: Value) -> Self {
        self.config = self.config.set(key, value);
        self.sandbox = self.sandbox.config(&self.config);
        self
    }

    fn beside(config: TestConfig, faults: &[&str], settings: Value) -> Self {
        let marker = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let sandbox = Sandbox::new();
        let mut server = json!({
            "command": Self::program(),
            "args": faults,
            "env": {"SAYSO_TEST_MARKER": marker, "FAKE_LOG": sandbox.path("fake.log")},
            "timeout": 20,
        });
        for (name, value) in settings.as_object().unwrap() {
            server[name] = value.clone();
        }
        let config = config.set("mcp.servers.fake", server);
        Self { sandbox: sandbox.config(&config), config, marker }
    }

    /// `mcp call fake TOOL`, not yet started.
    pub fn call(&self, tool: &str) -> Run {
        self.mcp(["call", "fake", tool])
    }

    pub fn mcp<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Run {
        self.sandbox.sayso(["mcp"].into_iter().chain(args))
    }

    /// What the server was sent, a method each line.
    pub fn log(&self) -> String {
        fs::read_to_string(self.sandbox.path("fake.log")).unwrap_or_default()
    }

    #[track_caller]
    pub fn wait_for_log(&self, method: &str) {
        let deadline = Instant::now() + super::PATIENCE;
        while !self.log().contains(method) {
            assert!(Instant::now() < deadline, "no {method} in {:?}", self.log());
            sleep(Duration::from_millis(10));
        }
    }

    /// Ids of processes of this sandbox's server, and of what it started.
    pub fn processes(&self) -> Vec<i32> {
        let variable = format!("SAYSO_TEST_MARKER={}", self.marker);
        let is_marked = |id: &i32| {
            let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|pair| pair == variable.as_bytes())
        };
        let entries = fs::read_dir("/proc").unwrap().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_marked).collect()
    }

    /// Panics unless nothing of it is left within this time.
    #[track_caller]
    pub fn assert_none_left(&self, within: Duration) {
        let deadline = Instant::now() + within;
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            let told: Vec<_> = left.iter().map(|id| fs::read_to_string(format!("/proc/{id}/cmdline"))).collect();
            assert!(Instant::now() < deadline, "left: {told:?}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Beside the binary under test, where cargo puts examples.
    pub fn program() -> PathBuf {
        let path = Path::new(env!("CARGO_BIN_EXE_sayso")).with_file_name("examples").join("fake_mcp_server");
        assert!(path.exists(), "{} is built with `cargo build --examples`", path.display());
        path
    }
}
