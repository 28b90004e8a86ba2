//! What signing in gave us, per server: one file that only its owner can read, replaced as a whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::transport::auth::{AuthError, CredentialRefreshGuard, CredentialStore, StoredCredentials};
use serde::{Deserialize, Serialize};

use crate::platform::{Durability, create_private_folders, private, replace_file};

const FILE_NAME: &str = "mcp-credentials.json";
const LOCK_NAME: &str = "mcp-credentials.lock";
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Servers that are remembered; the oldest is forgotten.
const ENTRIES_MAX: usize = 500;

/// One server, as one authorization server knows us. Never used with another of either.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The address of the MCP server.
    pub server: String,
    pub issuer: Option<String>,
    /// The client that we are to it.
    pub client: ClientIdentity,
    pub credentials: Option<StoredCredentials>,
    /// Scopes that were missed since: the next time we sign in, they are asked for too.
    #[serde(default)]
    pub missed_scopes: Vec<String>,
}

/// How we are registered.
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct ClientIdentity {
    pub id: String,
    pub secret: Option<String>,
    pub redirect_uri: String,
}

impl std::fmt::Debug for ClientIdentity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ClientIdentity").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Contents {
    version: u32,
    entries: Vec<Entry>,
}

/// The credentials of all servers.
#[derive(Clone, Debug)]
pub(super) enum Credentials {
    /// In this folder.
    Kept(PathBuf),
    /// Forgotten with the process.
    Fleeting(Arc<Mutex<Vec<Entry>>>),
}

impl Credentials {
    pub(super) fn new(folder: Option<&Path>) -> Self {
        match folder {
            Some(folder) => Self::Kept(folder.to_owned()),
            None => Self::Fleeting(Arc::default()),
        }
    }

    /// What is known of a server.
    pub(super) fn of(&self, server: &str) -> io::Result<Option<Entry>> {
        Ok(self.entries()?.into_iter().find(|entry| entry.server == server))
    }

    /// Puts `entry` in the place of what was known of its server.
    pub(super) fn put(&self, entry: Entry) -> io::Result<()> {
        self.change(|entries| {
            entries.retain(|other| other.server != entry.server);
            entries.push(entry);
            let surplus = entries.len().saturating_sub(ENTRIES_MAX);
            entries.drain(..surplus);
        })
    }

    /// Forgets a server; whether anything was known of it.
    pub(super) fn remove(&self, server: &str) -> io::Result<bool> {
        let mut is_found = false;
        self.change(|entries| {
            let before = entries.len();
            entries.retain(|entry| entry.server != server);
            is_found = entries.len() < before;
        })?;
        Ok(is_found)
    }

    /// Nobody else changes anything until this is dropped. Never held over a question to a person.
    pub(super) fn lock(&self, name: &str) -> io::Result<Option<File>> {
        let Self::Kept(folder) = self else { return Ok(None) };
        create_private_folders(folder)?;
        let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(folder.join(name))?;
        file.lock()?;
        Ok(Some(file))
    }

    fn entries(&self) -> io::Result<Vec<Entry>> {
        match self {
            Self::Fleeting(entries) => Ok(entries.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            Self::Kept(folder) => read(&folder.join(FILE_NAME)),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Entry>)) -> io::Result<()> {
        match self {
            Self::Fleeting(entries) => change(&mut entries.lock().unwrap_or_else(PoisonError::into_inner)),
            Self::Kept(folder) => {
                let _lock = self.lock(LOCK_NAME)?;
                let path = folder.join(FILE_NAME);
                let mut entries = read(&path)?;
                change(&mut entries);
                write(&path, &Contents { version: 1, entries })?;
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let size = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    if size > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("{} is too large", path.display())));
    }
    let contents: Contents = serde_json::from_slice(&fs::read(path)?)
        .map_err(|_| io::Error::other(format!("{} is not what was written to it; remove it", path.display())))?;
    Ok(contents.entries)
}

/// A crash leaves the old file or the new one, never a half.
fn write(path: &Path, contents: &Contents) -> io::Result<()> {
    replace_file(path, &serde_json::to_vec_pretty(contents)?, Durability::Durable)
}

/// The credentials of one server, as the SDK reads and writes them.
#[derive(Clone, Debug)]
pub(super) struct ServerCredentials {
    pub all: Credentials,
    pub server: String,
    /// Who we are in what is saved.
    pub client: ClientIdentity,
}

#[async_trait::async_trait]
impl CredentialStore for ServerCredentials {
    async fn load(&self) -> Result<Option<StoredCredentials>, AuthError> {
        let entry = self.all.of(&self.server).map_err(unusable)?;
        Ok(entry.filter(|entry| entry.client == self.client).and_then(|entry| entry.credentials))
    }

    async fn save(&self, credentials: StoredCredentials) -> Result<(), AuthError> {
        let entry = Entry {
            server: self.server.clone(),
            issuer: credentials.issuer.clone(),
            client: self.client.clone(),
            credentials: Some(credentials),
            missed_scopes: Vec::new(),
        };
        self.all.put(entry).map_err(unusable)
    }

    async fn clear(&self) -> Result<(), AuthError> {
        self.all.remove(&self.server).map(|_| ()).map_err(unusable)
    }

    async fn acquire_refresh_guard(&self) -> Result<Option<CredentialRefreshGuard>, AuthError> {
        let all = self.all.clone();
        // Another process may be at it: waiting for that blocks a thread, and not this one.
        let lock = tokio::task::spawn_blocking(move || all.lock("mcp-refresh.lock")).await;
        match lock {
            Ok(Ok(file)) => Ok(file.map(CredentialRefreshGuard::new)),
            Ok(Err(error)) => Err(unusable(error)),
            Err(error) => Err(AuthError::InternalError(error.to_string())),
        }
    }
}

pub(super) fn unusable(error: io::Error) -> AuthError {
    AuthError::CredentialStoreError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(server: &str, issuer: &str) -> Entry {
        let client = ClientIdentity { id: "me".into(), secret: Some("s".into()), redirect_uri: "http://[::1]/".into() };
        Entry {
            server: server.into(),
            issuer: Some(issuer.into()),
            client,
            credentials: None,
            missed_scopes: Vec::new(),
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state");
        let credentials = Credentials::new(Some(&folder));
        credentials.put(entry("https://a/", "https://i/")).unwrap();
        credentials.put(entry("https://b/", "https://i/")).unwrap();
        credentials.put(entry("https://a/", "https://other/")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(FILE_NAME))), (0o700, 0o600));
        assert_eq!(credentials.of("https://a/").unwrap().unwrap().issuer.as_deref(), Some("https://other/"));
        assert!(credentials.remove("https://a/").unwrap());
        assert!(!credentials.remove("https://a/").unwrap());
        assert!(credentials.of("https://a/").unwrap().is_none());
        assert!(credentials.of("https://b/").unwrap().is_some());
        fs::write(folder.join(FILE_NAME), "{").unwrap();
        assert!(credentials.of("https://b/").unwrap_err().to_string().contains("remove it"));
    }

    #[test]
    fn a_secret_does_not_show() {
        assert!(!format!("{:?}", entry("https://a/", "https://i/")).contains("\"s\""));
    }
}
