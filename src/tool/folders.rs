//! Where relative paths of servers can start, for rules about paths.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::mcp::{Launch, ServerSettings};

/// All of them as texts without a `/` at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folders {
    /// In which this program runs: every server may mean it.
    here: Option<String>,
    /// By the name of the server: its roots, and the folder that it is started in.
    of_servers: BTreeMap<String, BTreeSet<String>>,
}

impl Folders {
    /// Looks on the disk under which names the folders go.
    #[must_use]
    pub fn find(servers: &[ServerSettings]) -> Self {
        let here = std::env::current_dir().ok().as_deref().and_then(text);
        let of_server = |server: &ServerSettings| {
            let start = match &server.launch {
                Launch::Command { cwd, .. } => cwd.as_deref(),
                Launch::Http { .. } | Launch::Builtin(_) => None,
            };
            let written: Vec<&Path> = server.roots.iter().map(AsRef::as_ref).chain(start).collect();
            // A folder behind a link has two names, and a path can begin with each.
            let real = written.iter().filter_map(|folder| folder.canonicalize().ok());
            let folders = written.iter().filter_map(|folder| text(folder));
            (server.name.clone(), folders.chain(real.filter_map(|folder| text(&folder))).collect())
        };
        Self { here, of_servers: servers.iter().map(of_server).collect() }
    }

    /// Those that a path of this server can be meant from. Never none: without a folder it is the root of all.
    pub fn of<'a>(&'a self, server: &str) -> impl Iterator<Item = &'a str> {
        let own = self.of_servers.get(server).into_iter().flatten().map(String::as_str);
        std::iter::once(self.here.as_deref().unwrap_or_default()).chain(own)
    }
}

fn text(folder: &Path) -> Option<String> {
    Some(folder.to_str()?.trim_end_matches('/').to_owned())
}

#[cfg(test)]
impl Folders {
    /// One for everything that `server` does, beside the one that this program runs in.
    pub fn for_test(here: Option<&str>, server: &str, folders: &[&str]) -> Self {
        let folders = folders.iter().map(|folder| (*folder).to_owned()).collect();
        Self { here: here.map(str::to_owned), of_servers: [(server.to_owned(), folders)].into() }
    }
}
