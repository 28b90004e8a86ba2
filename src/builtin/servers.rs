//! Names to servers. Nothing is made before somebody connects.

use rmcp::{ServerHandler, ServiceExt};

use super::{BuiltinSettings, calc, fetch, files, history, shell, time};
use crate::mcp::InProcess;

/// The built-in server of this name.
#[must_use]
pub fn server(name: &str, settings: &BuiltinSettings) -> Option<InProcess> {
    match name {
        "calc" => Some(in_process(calc::new)),
        "history" => {
            let kept = settings.history.clone();
            Some(in_process(move || history::new(kept.clone())))
        }
        "time" => Some(in_process(time::new)),
        "files" => {
            let settings = files::FilesSettings { roots: settings.roots.clone(), denied: settings.denied.clone() };
            Some(in_process(move || files::new(&settings)))
        }
        "fetch" => {
            let settings = fetch::FetchSettings::new(settings.http.clone(), settings.allow_hosts.clone());
            Some(in_process(move || fetch::new(&settings)))
        }
        "shell" => {
            let settings = shell::ShellSettings {
                roots: settings.roots.clone(),
                denied: settings.denied.clone(),
                environment: settings.child_environment.clone(),
                guard: settings.guard.clone(),
            };
            Some(in_process(move || shell::new(&settings)))
        }
        _ => None,
    }
}

/// A server that is made anew for each connection, and answers as a task of the current runtime.
pub fn in_process<H: ServerHandler>(make: impl Fn() -> H + Send + Sync + 'static) -> InProcess {
    InProcess::new(move |end| {
        let handler = make();
        tokio::spawn(async move {
            // A client that leaves before it has greeted is no failure, and nobody could be told.
            if let Ok(running) = handler.serve(end).await {
                let _ = running.waiting().await;
            }
        });
    })
}
