//! Names to servers. Nothing is made before somebody connects.

use std::sync::Arc;

use rmcp::ServiceExt;
use rmcp::service::{DynService, RoleServer};

use super::any_server::{AnyServer, ToolServer};
use super::{BuiltinSettings, calc, fetch, history, models, session_settings, time};
#[cfg(unix)]
use super::{files, shell};
use crate::mcp::InProcess;

/// One of the servers, whichever it is.
pub type Service = Box<dyn DynService<RoleServer>>;

/// Makes a server for one connection.
pub type Make = Arc<dyn Fn() -> Service + Send + Sync>;

type MakeAny = Box<dyn Fn() -> AnyServer + Send + Sync>;

/// The built-in server of this name.
#[must_use]
pub fn server(name: &str, settings: &BuiltinSettings) -> Option<InProcess> {
    let make = maker(name, settings)?;
    Some(in_process(move || make()).known_as(build().map(|build| format!("{name} {build}"))))
}

/// What tells one build of this program from another: the tools of a server can differ between the two.
fn build() -> Option<String> {
    let program = std::env::current_exe().ok()?.metadata().ok()?;
    let age = program.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{} {} {}", env!("CARGO_PKG_VERSION"), program.len(), age.as_nanos()))
}

/// How the server of this name is made.
#[must_use]
pub fn maker(name: &str, settings: &BuiltinSettings) -> Option<Make> {
    let make = any_maker(name, settings)?;
    Some(Arc::new(move || make().into_dyn()))
}

/// The tools of the server of this name. Nothing is started for it.
#[must_use]
pub fn tool_names(name: &str) -> Vec<String> {
    any_maker(name, &BuiltinSettings::default()).map(|make| make().tool_names()).unwrap_or_default()
}

fn any_maker(name: &str, settings: &BuiltinSettings) -> Option<MakeAny> {
    match name {
        "calc" => Some(made_by(calc::new)),
        "history" => {
            let kept = settings.history.clone();
            Some(made_by(move || history::new(kept.clone())))
        }
        "models" => {
            let models = settings.models.clone();
            Some(made_by(move || models::new(models.clone())))
        }
        "settings" => {
            let session = settings.session.clone();
            Some(made_by(move || session_settings::new(session.clone())))
        }
        "time" => Some(made_by(time::new)),
        #[cfg(unix)]
        "files" => {
            let settings = files::FilesSettings { roots: settings.roots.clone(), denied: settings.denied.clone() };
            Some(made_by(move || files::new(&settings)))
        }
        "fetch" => {
            let settings = fetch::FetchSettings::new(settings.http.clone(), settings.allow_hosts.clone());
            Some(made_by(move || fetch::new(&settings)))
        }
        #[cfg(unix)]
        "shell" => {
            let settings = shell::ShellSettings {
                roots: settings.roots.clone(),
                denied: settings.denied.clone(),
                environment: settings.child_environment.clone(),
                limit: settings.command_limit,
                guard: settings.guard.clone(),
            };
            Some(made_by(move || shell::new(&settings)))
        }
        _ => None,
    }
}

/// A server that is made anew for each connection, and answers as a task of the current runtime.
pub fn in_process<S: rmcp::Service<RoleServer>>(make: impl Fn() -> S + Send + Sync + 'static) -> InProcess {
    InProcess::new(move |end| {
        let service = make();
        tokio::spawn(async move {
            // A client that leaves before it has greeted is no failure, and nobody could be told.
            if let Ok(running) = service.serve(end).await {
                let _ = running.waiting().await;
            }
        });
    })
}

fn made_by<S: ToolServer>(make: impl Fn() -> S + Send + Sync + 'static) -> MakeAny {
    Box::new(move || AnyServer::new(make()))
}
