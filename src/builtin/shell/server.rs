//! The tools of the server, as the protocol shows them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::service::RequestContext;
use rmcp::{RoleServer, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::ShellSettings;
use super::run::{End, Finished, Order, run};
use crate::builtin::any_server::ToolServer;
use crate::builtin::files::{FilesSettings, Roots};

const SHELL: &str = "/bin/sh";
const TIMEOUT_SECONDS_MAX: u64 = 600;
/// To end what was started, and to tell of it.
const END_MAX: Duration = Duration::from_secs(30);
/// Parts of the names of variables that hold what no command gets, should one be handed over by mistake.
const SECRET_NAMES: [&str; 5] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];

/// Clones are the same server.
#[derive(Clone)]
pub struct Shell {
    roots: Arc<Roots>,
    environment: Arc<[(String, String)]>,
    guard: Option<Arc<Path>>,
    limit: Duration,
    router: Arc<ToolRouter<Self>>,
}

fn current() -> String {
    ".".to_owned()
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The program and its arguments, one by one: nothing is quoted, expanded or redirected.
    #[schemars(length(min = 1))]
    argv: Vec<String>,
    /// The folder to run it in.
    #[serde(default = "current")]
    cwd: String,
    /// It is stopped after this long; left out, after what is usual here, mostly 60 seconds.
    #[serde(default)]
    #[schemars(range(min = 1, max = 600))]
    timeout_seconds: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunInShell {
    /// A command line for `/bin/sh`.
    command: String,
    /// The folder to run it in.
    #[serde(default = "current")]
    cwd: String,
    /// It is stopped after this long; left out, after what is usual here, mostly 60 seconds.
    #[serde(default)]
    #[schemars(range(min = 1, max = 600))]
    timeout_seconds: Option<u64>,
}

type Outcome = Result<String, String>;

/// The longest that any call may take where commands usually have this limit.
#[must_use]
pub fn answer_max(limit: Duration) -> Duration {
    limit.max(Duration::from_secs(TIMEOUT_SECONDS_MAX)) + END_MAX
}

#[tool_router]
impl Shell {
    pub(super) fn new(settings: &ShellSettings) -> Self {
        let files = FilesSettings { roots: settings.roots.clone(), denied: settings.denied.clone() };
        let environment = settings.environment.iter().filter(|(name, _)| !is_secret(name)).cloned().collect();
        Self {
            roots: Arc::new(Roots::open(&files)),
            environment,
            guard: settings.guard.as_deref().map(Arc::from),
            limit: settings.limit,
            router: Arc::new(Self::tool_router()),
        }
    }

    /// Runs a program and answers with what it writes. It reads nothing from the keyboard, and nothing
    /// that it starts outlives it.
    #[tool(annotations(
        title = "Run a program",
        read_only_hint = false,
        destructive_hint = true,
        idempotent_hint = false,
        open_world_hint = true
    ))]
    async fn run(&self, Parameters(arguments): Parameters<Run>, context: RequestContext<RoleServer>) -> Outcome {
        self.execute(&arguments.argv, &arguments.cwd, arguments.timeout_seconds, &context).await
    }

    /// Runs a command line in a shell, with pipes, redirection and variables. Use `run` where one program will do.
    #[tool(annotations(
        title = "Run a shell command",
        read_only_hint = false,
        destructive_hint = true,
        idempotent_hint = false,
        open_world_hint = true
    ))]
    async fn run_in_shell(
        &self,
        Parameters(arguments): Parameters<RunInShell>,
        context: RequestContext<RoleServer>,
    ) -> Outcome {
        let argv = [SHELL.to_owned(), "-c".to_owned(), arguments.command];
        self.execute(&argv, &arguments.cwd, arguments.timeout_seconds, &context).await
    }

    async fn execute(
        &self,
        argv: &[String],
        cwd: &str,
        seconds: Option<u64>,
        context: &RequestContext<RoleServer>,
    ) -> Outcome {
        let folder = self.roots.path_of_folder(cwd)?;
        let limit = seconds.map_or(self.limit, |seconds| Duration::from_secs(seconds.clamp(1, TIMEOUT_SECONDS_MAX)));
        let (environment, guard) = (&*self.environment, self.guard.as_deref());
        let order = Order { argv, folder: &folder, environment, guard, limit };
        let finished = run(&order, context.ct.cancelled()).await?;
        told(&finished)
    }
}

/// What a model is told. A program that fails has been run all the same.
fn told(finished: &Finished) -> Outcome {
    let mut text = finished.stdout.text();
    if !finished.stderr.is_empty() {
        text.push_str("[stderr]\n");
        text.push_str(&finished.stderr.text());
    }
    match finished.end {
        // As shells and our guard pass it on.
        End::Exit(code @ 129..=192) => Ok(format!("{text}[exit status {code}, as after signal {}]\n", code - 128)),
        End::Exit(code) => Ok(format!("{text}[exit status {code}]\n")),
        End::Signal(signal) => Ok(format!("{text}[ended by signal {signal}]\n")),
        End::TimedOut(limit) => Err(format!("{text}[stopped: it took longer than {} seconds]\n", limit.as_secs())),
        End::Cancelled => Err(format!("{text}[stopped: cancelled]\n")),
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

impl ToolServer for Shell {
    const NAME: &str = "sayso-shell";

    fn instructions(&self) -> String {
        format!(
            "`cwd` is relative to the first of these folders, or absolute beneath one of them: {}",
            self.roots.names()
        )
    }

    fn router(&self) -> &ToolRouter<Self> {
        &self.router
    }
}
