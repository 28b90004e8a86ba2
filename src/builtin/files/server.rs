//! The tools of the server, as the protocol shows them.

use std::sync::Arc;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::{ServerHandler, tool, tool_handler, tool_router};

use super::FilesSettings;
use super::arguments::{List, Read};
use super::roots::Roots;
use super::{list, read};

/// Clones are the same server.
#[derive(Clone)]
pub struct Files {
    roots: Arc<Roots>,
    router: ToolRouter<Self>,
}

/// What came of a call: a failure is text for the model too.
type Outcome = Result<String, String>;

#[tool_router]
impl Files {
    pub(super) fn new(settings: &FilesSettings) -> Self {
        Self { roots: Arc::new(Roots::open(settings)), router: Self::tool_router() }
    }

    /// Files and folders in a folder.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    async fn list(&self, Parameters(arguments): Parameters<List>) -> Outcome {
        self.blocking(move |roots| list::list(roots, &arguments)).await
    }

    /// Text of a file, by lines.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    async fn read(&self, Parameters(arguments): Parameters<Read>) -> Outcome {
        self.blocking(move |roots| read::read(roots, &arguments)).await
    }

    /// Files block: they have threads of their own.
    async fn blocking(&self, work: impl FnOnce(&Roots) -> Outcome + Send + 'static) -> Outcome {
        let roots = self.roots.clone();
        let done = tokio::task::spawn_blocking(move || work(&roots)).await;
        done.unwrap_or_else(|_| Err("the tool broke".to_owned()))
    }
}

#[tool_handler(
    router = self.router,
    name = "sayso-files",
    instructions = "Paths are relative to the first allowed folder, or absolute beneath one."
)]
impl ServerHandler for Files {}
