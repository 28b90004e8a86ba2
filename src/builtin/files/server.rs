//! The tools of the server, as the protocol shows them.

use crate::builtin::any_server::ToolServer;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::service::RequestContext;
use rmcp::{RoleServer, tool, tool_router};

use super::arguments::{Edit, Glob, Grep, List, MakeFolder, Move, Patch, Read, Remove, Write};
use super::change::Change;
use super::roots::Roots;
use super::{FilesSettings, arrange, glob, grep, list, plan, read};

/// Clones are the same server.
#[derive(Clone)]
pub struct Files {
    roots: Arc<Roots>,
    /// One change at a time: each starts from what the one before has left.
    changing: Arc<Mutex<()>>,
    router: Arc<ToolRouter<Self>>,
}

/// What came of a call: a failure is text for the model too.
type Outcome = Result<String, String>;

#[tool_router]
impl Files {
    pub(super) fn new(settings: &FilesSettings) -> Self {
        Self { roots: Arc::new(Roots::open(settings)), changing: Arc::default(), router: Arc::new(Self::tool_router()) }
    }

    /// Files and folders in a folder.
    #[tool(annotations(
        title = "List a folder",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn list(&self, Parameters(arguments): Parameters<List>) -> Outcome {
        self.blocking(move |roots| list::list(roots, &arguments)).await
    }

    /// The text of a file, by lines.
    #[tool(annotations(
        title = "Read a file",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn read(&self, Parameters(arguments): Parameters<Read>) -> Outcome {
        self.blocking(move |roots| read::read(roots, &arguments)).await
    }

    /// Lines that match a regular expression, in a file or in all files below a folder. Binary files,
    /// very large ones and `.git` are left out.
    #[tool(annotations(
        title = "Search in files",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn grep(&self, Parameters(arguments): Parameters<Grep>, context: RequestContext<RoleServer>) -> Outcome {
        self.blocking(move |roots| grep::grep(roots, &arguments, &|| context.ct.is_cancelled())).await
    }

    /// Files below a folder whose paths match a pattern. `.git` is left out.
    #[tool(annotations(
        title = "Find files",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn glob(&self, Parameters(arguments): Parameters<Glob>, context: RequestContext<RoleServer>) -> Outcome {
        self.blocking(move |roots| glob::glob(roots, &arguments, &|| context.ct.is_cancelled())).await
    }

    /// Writes a whole file, new or in place of the old one. Answers with the change as a diff.
    #[tool(annotations(
        title = "Write a file",
        read_only_hint = false,
        destructive_hint = true,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn write(&self, Parameters(arguments): Parameters<Write>) -> Outcome {
        self.changing(move |roots| plan::write(roots, arguments)).await
    }

    /// Replaces a text that stands exactly once in a file, or everywhere with `all`. Answers with the
    /// change as a diff.
    #[tool(annotations(
        title = "Edit a file",
        read_only_hint = false,
        destructive_hint = true,
        idempotent_hint = false,
        open_world_hint = false
    ))]
    async fn edit(&self, Parameters(arguments): Parameters<Edit>) -> Outcome {
        self.changing(move |roots| plan::edit(roots, &arguments)).await
    }

    /// Applies a unified diff to one file or several: all of it, or nothing where a hunk does not fit.
    #[tool(annotations(
        title = "Apply a patch",
        read_only_hint = false,
        destructive_hint = true,
        idempotent_hint = false,
        open_world_hint = false
    ))]
    async fn patch(&self, Parameters(arguments): Parameters<Patch>) -> Outcome {
        self.changing(move |roots| plan::patch(roots, &arguments)).await
    }

    /// Makes a folder.
    #[tool(annotations(
        title = "Make a folder",
        read_only_hint = false,
        destructive_hint = false,
        idempotent_hint = false,
        open_world_hint = false
    ))]
    async fn make_folder(&self, Parameters(arguments): Parameters<MakeFolder>) -> Outcome {
        self.arranging(move |roots| arrange::make_folder(roots, &arguments)).await
    }

    /// Moves or renames a file or folder. Never replaces anything.
    #[tool(
        name = "move",
        annotations(
            title = "Move a file or folder",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = false,
            open_world_hint = false
        )
    )]
    async fn move_to(&self, Parameters(arguments): Parameters<Move>) -> Outcome {
        self.arranging(move |roots| arrange::move_to(roots, &arguments)).await
    }

    /// Removes a file, a link or an empty folder, for good.
    #[tool(annotations(
        title = "Remove a file",
        read_only_hint = false,
        destructive_hint = true,
        idempotent_hint = false,
        open_world_hint = false
    ))]
    async fn remove(&self, Parameters(arguments): Parameters<Remove>) -> Outcome {
        self.arranging(move |roots| arrange::remove(roots, &arguments)).await
    }

    /// Plans changes and makes them. What was made before one of them failed is told.
    async fn changing(&self, plan: impl FnOnce(&Roots) -> Result<Vec<Change>, String> + Send + 'static) -> Outcome {
        self.arranging(move |roots| {
            let changes = plan(roots)?;
            for (made, change) in changes.iter().enumerate() {
                change.make().map_err(|reason| match made {
                    0 => reason,
                    _ => format!("{reason}\nmade before that:\n{}", plan::diff(&changes[..made])),
                })?;
            }
            Ok(plan::diff(&changes))
        })
        .await
    }

    async fn arranging(&self, work: impl FnOnce(&Roots) -> Outcome + Send + 'static) -> Outcome {
        let changing = self.changing.clone();
        self.blocking(move |roots| {
            // Nothing is kept under the lock that a panic could leave half done.
            let _guard = changing.lock().unwrap_or_else(PoisonError::into_inner);
            work(roots)
        })
        .await
    }

    /// Files block: they have threads of their own.
    async fn blocking(&self, work: impl FnOnce(&Roots) -> Outcome + Send + 'static) -> Outcome {
        let roots = self.roots.clone();
        let done = tokio::task::spawn_blocking(move || work(&roots)).await;
        done.unwrap_or_else(|_| Err("the tool broke".to_owned()))
    }
}

impl ToolServer for Files {
    const NAME: &str = "sayso-files";

    fn instructions(&self) -> String {
        format!(
            "Paths are relative to the first of the allowed folders, or absolute beneath one of them: {}",
            self.roots.names()
        )
    }

    fn router(&self) -> &ToolRouter<Self> {
        &self.router
    }
}
