//! The toolbox: names to tools, built-in and external under one roof, with what the rules say of each call.

use std::rc::Rc;
use std::time::Duration;

use super::{CallFacts, Decision, Tool, Verdict};
use crate::conversation::ToolSpec;
use crate::mcp::McpHost;

#[derive(Clone, Debug)]
pub struct ToolboxSettings {
    /// Of one call.
    pub timeout: Duration,
    /// Of one result, for the model.
    pub result_bytes_max: usize,
    /// Calls that run at the same time.
    pub parallel_max: usize,
}

pub struct Toolbox {
    pub settings: ToolboxSettings,
    /// `None` where there are no tools at all.
    pub host: Option<McpHost>,
    specs: Vec<ToolSpec>,
    tools: Vec<Rc<dyn Tool>>,
}

impl Toolbox {
    #[must_use]
    pub fn new(host: Option<McpHost>, settings: ToolboxSettings) -> Self {
        Self { settings, host, specs: Vec::new(), tools: Vec::new() }
    }

    /// No tools at all.
    #[must_use]
    pub fn none() -> Self {
        let settings = ToolboxSettings { timeout: Duration::from_secs(60), result_bytes_max: 1 << 20, parallel_max: 1 };
        Self::new(None, settings)
    }

    /// Looks what there is to call, before a request goes out. Waits only for servers that are needed
    /// and unknown. Notices are for the person: servers that are missing, tools that were refused.
    pub async fn refresh(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// What is offered to the model with the next request.
    #[must_use]
    pub fn specs(&self) -> &[ToolSpec] {
        &self.specs
    }

    #[must_use]
    pub fn find(&self, name: &str) -> Option<Rc<dyn Tool>> {
        self.tools.iter().find(|tool| tool.definition().spec.name == name).cloned()
    }

    /// Whether a call may run.
    #[must_use]
    pub fn judge(&self, call: &CallFacts<'_>) -> Verdict {
        let _ = call;
        Verdict { decision: Decision::Ask, reason: "nothing is known of it".to_owned() }
    }

    /// The person said "always" to this one: it is not asked about again in this process.
    pub fn always_allow(&mut self, call: &CallFacts<'_>) {
        let _ = call;
    }

    /// A result has come in that others may have written: writes and network ask again from here on.
    pub fn taint(&mut self) {}
}
