//! The toolbox: names to tools, built-in and external under one roof, with what the rules say of each call.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use futures::future::join_all;

use super::admission::{Admitted, admit};
use super::names::model_name;
use super::pins::Pins;
use super::resource_tools::resource_tools;
use super::search::{Candidate, Catalog, FindTools};
use super::server_tool::{Origin, ServerTool};
use super::{Approval, CallFacts, Change, Tool, ToolDefinition, ToolboxSettings, Verdict};
use crate::conversation::ToolSpec;
use crate::mcp::{McpHost, ServerState, ServerStatus, ToolInfo};

/// Where servers linked into the binary say they are.
const BUILTIN: &str = "builtin";

/// Changed tools that one notice names.
const TITLES_MAX: usize = 5;

fn title(definition: &ToolDefinition) -> String {
    format!("{}/{}", definition.server, definition.tool)
}

pub struct Toolbox {
    pub settings: ToolboxSettings,
    /// `None` where there are no tools at all.
    pub host: Option<McpHost>,
    approval: Approval,
    /// What was read of each server, in the order of the configuration.
    servers: Vec<ServerTools>,
    /// Servers that were waited for in vain: once is enough.
    given_up: BTreeSet<String>,
    /// Servers that the person does not want to be offered.
    switched_off: BTreeSet<String>,
    /// Notices that were given: each is told once.
    told: BTreeSet<String>,
    /// Read when the first external server is there.
    pins: Option<Pins>,
    /// All that could be offered, and what was wanted of it.
    catalog: Rc<RefCell<Catalog>>,
    specs: Vec<ToolSpec>,
    tools: BTreeMap<String, Rc<dyn Tool>>,
}

/// The tools of one server as they were when they were looked at.
struct ServerTools {
    name: String,
    source: Arc<[ToolInfo]>,
    tools: Vec<Rc<dyn Tool>>,
    /// Not offered until the person has seen them.
    quarantined: Vec<Change>,
}

impl Toolbox {
    #[must_use]
    pub fn new(host: Option<McpHost>, settings: ToolboxSettings) -> Self {
        let approval = Approval::new(settings.rules.clone(), settings.grants.clone()).among(settings.folders.clone());
        Self {
            settings,
            host,
            approval,
            servers: Vec::new(),
            given_up: BTreeSet::new(),
            told: BTreeSet::new(),
            switched_off: BTreeSet::new(),
            pins: None,
            catalog: Rc::default(),
            specs: Vec::new(),
            tools: BTreeMap::new(),
        }
    }

    /// No tools at all.
    #[must_use]
    pub fn none() -> Self {
        Self::new(None, ToolboxSettings::default())
    }

    /// Looks what there is to call, before a request goes out. Waits only for servers that are needed
    /// and unknown. Notices are for the person: servers that are missing, tools that were refused.
    pub async fn refresh(&mut self) -> Vec<String> {
        let Some(host) = self.host.clone() else { return Vec::new() };
        let mut notices = self.wait_for_unknown(&host).await;
        let statuses: Vec<_> = host.servers().into_iter().filter(|server| self.is_wanted(server)).collect();
        let mut old = std::mem::take(&mut self.servers);
        let mut has_changed = false;
        for status in statuses {
            let Some(source) = host.known_tools(&status.name) else { continue };
            self.given_up.remove(&status.name);
            let known =
                old.iter().position(|server| server.name == status.name && Arc::ptr_eq(&server.source, &source));
            if let Some(at) = known {
                self.servers.push(old.remove(at));
            } else {
                has_changed = true;
                let read = self.read(&host, &status, source, &mut notices);
                self.servers.push(read);
            }
        }
        if has_changed || !old.is_empty() {
            self.rebuild(&mut notices);
        }
        self.offer();
        notices.retain(|notice| self.told.insert(notice.clone()));
        notices
    }

    fn is_wanted(&self, server: &ServerStatus) -> bool {
        let is_off = match server.state {
            ServerState::Disabled => true,
            ServerState::Idle | ServerState::Connecting | ServerState::Ready | ServerState::Failed(_) => false,
        };
        !is_off && !self.switched_off.contains(&server.name) && self.settings.selection.concerns(&server.name)
    }

    /// Offers the tools of a server no longer, or again.
    pub fn switch(&mut self, server: &str, is_on: bool) {
        if is_on {
            self.switched_off.remove(server);
        } else {
            self.switched_off.insert(server.to_owned());
        }
    }

    /// What may run without a question, and what never may, as lines; the defaults are not among them.
    #[must_use]
    pub fn permissions(&self) -> Vec<String> {
        self.approval.permissions()
    }

    /// All servers at once, each no longer than the limit; who was not there is not waited for again.
    async fn wait_for_unknown(&mut self, host: &McpHost) -> Vec<String> {
        let wait_max = self.settings.wait_max;
        let unknown = host.servers().into_iter().filter(|server| {
            self.is_wanted(server) && !self.given_up.contains(&server.name) && host.known_tools(&server.name).is_none()
        });
        let waiting = unknown.map(|server| async move {
            let problem = match tokio::time::timeout(wait_max, host.tools_beside(&server.name)).await {
                Ok(Ok(_)) => return None,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!(
                    "the MCP server {0} has not answered within {wait_max:?}: its tools are offered once it does \
                     (`sayso mcp tools {0}` waits for all of its connect_timeout and remembers them)",
                    server.name
                ),
            };
            Some((server.name, problem))
        });
        let missing: Vec<_> = join_all(waiting).await.into_iter().flatten().collect();
        missing
            .into_iter()
            .map(|(server, problem)| {
                self.given_up.insert(server);
                problem
            })
            .collect()
    }

    fn read(
        &mut self,
        host: &McpHost,
        status: &ServerStatus,
        source: Arc<[ToolInfo]>,
        notices: &mut Vec<String>,
    ) -> ServerTools {
        let name = &status.name;
        let is_builtin = status.transport == BUILTIN;
        let (admitted, refused) = admit(&source, is_builtin);
        notices.extend(
            refused
                .iter()
                .map(|refused| format!("the tool {name}/{} is not offered: {}", refused.tool, refused.reason)),
        );
        let origin = Origin { server: name, is_builtin, is_trusted: self.settings.trusted_servers.contains(name) };
        let bytes_max = self.settings.result_bytes_max;
        let quarantined = if origin.is_builtin { Vec::new() } else { self.check_pins(host, name, &admitted, notices) };
        let is_offered = |tool: &&Admitted| {
            self.settings.selection.offers(name, &tool.tool.name)
                && !quarantined.iter().any(|change| change.tool == tool.tool.name)
        };
        let tools = admitted.iter().filter(is_offered);
        let tools =
            tools.map(|tool| -> Rc<dyn Tool> { Rc::new(ServerTool::new(host.clone(), origin, tool, bytes_max)) });
        let mut tools: Vec<_> = tools.collect();
        let is_held_back = !admitted.is_empty() && quarantined.len() == admitted.len() || self.pins_are_lost();
        if host.has_resources(name) && !is_held_back {
            tools.extend(self.resource_tools(host, name, &source));
        }
        ServerTools { name: name.clone(), source, tools, quarantined }
    }

    fn pins_are_lost(&self) -> bool {
        self.pins.as_ref().is_some_and(|pins| pins.problem().is_some())
    }

    /// The tools for what can be read of a server; where it has tools of these names, those are it.
    fn resource_tools(&self, host: &McpHost, server: &str, own: &[ToolInfo]) -> Vec<Rc<dyn Tool>> {
        let is_offered = |name: &str| {
            self.settings.selection.offers(server, name)
                && host.offers_tool(server, name)
                && !own.iter().any(|tool| tool.name == name)
        };
        let tools = resource_tools(host, server, self.settings.result_bytes_max).into_iter();
        let offered = tools.filter(|tool| is_offered(&tool.definition().tool));
        offered.map(|tool| -> Rc<dyn Tool> { tool }).collect()
    }

    /// What is not as it was, and is held back.
    fn check_pins(
        &mut self,
        host: &McpHost,
        server: &str,
        admitted: &[Admitted],
        notices: &mut Vec<String>,
    ) -> Vec<Change> {
        let identity = host.identity(server).unwrap_or_default();
        let pins = self.pins.get_or_insert_with(|| Pins::load(self.settings.pins.as_deref()));
        if let Some(problem) = pins.problem() {
            notices.push(format!("what the external tools were cannot be read, so none is offered: {problem}"));
        }
        let changes = match pins.check(server, &identity, admitted) {
            Ok(changes) => changes,
            Err(problem) => {
                notices.push(problem);
                Vec::new()
            }
        };
        if !changes.is_empty() {
            let titles: Vec<String> = changes.iter().take(TITLES_MAX).map(Change::title).collect();
            let more = if changes.len() > TITLES_MAX { ", …" } else { "" };
            notices.push(format!(
                "{}{more}: not offered until you have looked at it with `sayso mcp trust {server}`",
                titles.join(", ")
            ));
        }
        changes
    }

    /// Tools that are not what they were, in the order of their servers: not offered until each is accepted.
    #[must_use]
    pub fn quarantined(&self) -> Vec<Change> {
        self.servers.iter().flat_map(|server| server.quarantined.iter().cloned()).collect()
    }

    /// The person has seen a change and agrees: from the next look on, the tool is offered again.
    pub fn accept(&mut self, change: &Change) -> Result<(), String> {
        let pins = self.pins.get_or_insert_with(|| Pins::load(self.settings.pins.as_deref()));
        pins.accept(change)?;
        self.servers.retain(|server| server.name != change.server);
        Ok(())
    }

    /// Names to tools, and what is offered. Two tools with one name cannot be told apart: neither is.
    fn rebuild(&mut self, notices: &mut Vec<String>) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let all = || self.servers.iter().flat_map(|server| &server.tools);
        for tool in all() {
            *counts.entry(&tool.definition().spec.name).or_default() += 1;
        }
        let (mut tools, mut candidates): (BTreeMap<String, Rc<dyn Tool>>, Vec<Candidate>) =
            (BTreeMap::new(), Vec::new());
        for tool in all() {
            let definition = tool.definition();
            if counts[definition.spec.name.as_str()] > 1 {
                let name = &definition.spec.name;
                notices.push(format!(
                    "two tools would be called {name}: {}/{} is not offered",
                    definition.server, definition.tool
                ));
                continue;
            }
            tools.insert(definition.spec.name.clone(), tool.clone());
            candidates.push(Candidate { spec: definition.spec.clone(), is_builtin: definition.is_builtin });
        }
        let find: Rc<dyn Tool> = Rc::new(FindTools::new(self.catalog.clone()));
        tools.insert(find.definition().spec.name.clone(), find);
        self.catalog.borrow_mut().candidates = candidates;
        self.tools = tools;
    }

    /// All tools, or where those are too many: some, and one that finds the others.
    fn offer(&mut self) {
        let catalog = self.catalog.borrow();
        let some = catalog.offered(self.settings.spec_bytes_max, self.settings.specs_max);
        let all = || catalog.candidates.iter().map(|candidate| candidate.spec.clone()).collect();
        self.specs = some.unwrap_or_else(all);
    }

    /// Whether any tool of this server is there to be called.
    #[must_use]
    pub fn offers(&self, server: &str) -> bool {
        self.tools.values().any(|tool| tool.definition().server == server)
    }

    /// Whether the name is that of a tool in whose results nobody else's words are.
    #[must_use]
    pub fn is_ours(&self, name: &str) -> bool {
        // A server called `time__x` has names that only begin like those of `time`: they end in a hash of what they are.
        let is_of = |server: &str, tool: &str| {
            self.settings.trusted_servers.iter().any(|ours| ours == server) && model_name(server, tool) == name
        };
        name.split_once("__").is_some_and(|(server, tool)| is_of(server, tool))
    }

    /// What is offered to the model with the next request.
    #[must_use]
    pub fn specs(&self) -> &[ToolSpec] {
        &self.specs
    }

    #[must_use]
    pub fn find(&self, name: &str) -> Option<Rc<dyn Tool>> {
        let tool = self.tools.get(name).cloned()?;
        // What was called stays offered.
        self.catalog.borrow_mut().wanted.insert(name.to_owned());
        Some(tool)
    }

    /// The name for the model of a tool that a person has written, as `server/tool` or as the model knows it.
    #[must_use]
    pub fn find_written(&self, written: &str) -> Option<String> {
        let is_it = |tool: &&Rc<dyn Tool>| {
            let definition = tool.definition();
            definition.spec.name == written || title(definition) == written
        };
        let name = self.tools.values().find(is_it)?.definition().spec.name.clone();
        self.find(&name).map(|_| name)
    }

    /// All that can be called, as `server/tool`.
    #[must_use]
    pub fn titles(&self) -> Vec<String> {
        self.tools.values().map(|tool| title(tool.definition())).collect()
    }

    /// Whether a call may run.
    #[must_use]
    pub fn judge(&self, call: &CallFacts<'_>) -> Verdict {
        self.approval.judge(call)
    }

    /// Whether it may run beside others: it changes nothing, as we know or as a rule says.
    #[must_use]
    pub fn changes_nothing(&self, call: &CallFacts<'_>) -> bool {
        call.is_read_only || self.approval.is_vouched_for(call)
    }

    /// The person said "always" to this one: it is not asked about again in this process.
    pub fn always_allow(&mut self, call: &CallFacts<'_>) {
        self.approval.always_allow(call);
    }

    /// What "always" would mean for this call, to be told with the question.
    #[must_use]
    pub fn always_means(&self, call: &CallFacts<'_>) -> String {
        if self.approval.is_narrow(call) {
            "this very call, until sayso ends".to_owned()
        } else {
            format!("every call of {}/{}, until sayso ends", call.server, call.tool)
        }
    }

    /// A result has come in that others may have written: writes and network ask again from here on.
    pub fn taint(&mut self) {
        self.approval.taint();
    }

    /// Another conversation begins, with nothing of the words of this one.
    pub fn clear_taint(&mut self) {
        self.approval.clear_taint();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use tokio::runtime::{Builder, LocalOptions};

    use super::*;
    use crate::mcp::{HostSettings, InProcess, Launch, Protocol, ServerSettings};

    /// One that keeps its end of the connection, and says nothing.
    fn silent() -> ServerSettings {
        let ends = Mutex::new(Vec::new());
        ServerSettings {
            name: "silent".to_owned(),
            launch: Launch::Builtin(InProcess::new(move |end| ends.lock().unwrap().push(end))),
            required: false,
            request_timeout: Duration::from_secs(600),
            connect_timeout: Duration::from_secs(600),
            allow: Vec::new(),
            deny: Vec::new(),
            roots: Vec::new(),
            protocol: Protocol::Auto,
            log_level: None,
        }
    }

    #[test]
    fn a_server_that_is_not_waited_for_any_more_goes_on_starting() {
        let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
        runtime.block_on(async {
            let (host, _events) = McpHost::new(HostSettings { servers: vec![silent()], ..HostSettings::default() });
            let settings = ToolboxSettings { wait_max: Duration::from_millis(10), ..ToolboxSettings::default() };
            let mut toolbox = Toolbox::new(Some(host.clone()), settings);
            let notices = toolbox.refresh().await;
            assert!(notices[0].contains("its tools are offered once it does"), "{notices:?}");
            assert_eq!(host.servers()[0].state, ServerState::Connecting);
        });
    }

    #[test]
    fn a_server_whose_name_begins_like_one_of_ours_is_not_ours() {
        let settings = ToolboxSettings { trusted_servers: vec!["time".to_owned()], ..ToolboxSettings::default() };
        let toolbox = Toolbox::new(None, settings);
        assert!(toolbox.is_ours(&model_name("time", "now")));
        for (server, tool) in [("time__evil", "x"), ("time_", "now"), ("time__", "now"), ("timer", "now")] {
            let name = model_name(server, tool);
            assert!(!toolbox.is_ours(&name), "{name}");
        }
        assert!(!toolbox.is_ours("time__evil__x_0123456789abcdef"));
        assert!(!toolbox.is_ours("time"));
    }
}
