//! The keyring of the system, where `keys set --keyring` keeps keys: the Secret Service of a Linux desktop, the
//! Keychain of macOS, the Credential Manager of Windows. Without the feature `keyring` nothing of it is built.

/// Whether this program has it.
pub const IS_BUILT: bool = cfg!(feature = "keyring");

/// What is said where it is not.
pub const NOT_BUILT: &str = "this sayso was built without the keyring of the system";

/// Under which name the entries are; the name of the provider goes with it.
pub const SERVICE: &str = "sayso";

pub use system::{fetch, forget, store};

#[cfg(feature = "keyring")]
mod system {
    use std::sync::mpsc;
    use std::time::Duration;

    use keyring_core::api::CredentialStoreApi;
    use keyring_core::{Entry, Error};

    #[cfg(target_os = "macos")]
    use apple_native_keyring_store::keychain::Store;
    #[cfg(not(any(target_os = "macos", windows)))]
    use dbus_secret_service_keyring_store::Store;
    #[cfg(windows)]
    use windows_native_keyring_store::Store;

    use super::SERVICE;
    use crate::http::Secret;

    /// A person may have to find and type the password of the keyring.
    const LIMIT: Duration = Duration::from_secs(60);

    /// Keeps the key of a provider, in place of an earlier one. The error is a reason for people.
    pub fn store(provider: &str, key: &Secret) -> Result<(), String> {
        let key = key.clone();
        with_entry(provider, move |entry| entry.set_password(key.expose()))
    }

    /// The key of a provider, as it was stored.
    pub fn fetch(provider: &str) -> Result<String, String> {
        with_entry(provider, Entry::get_password)
    }

    /// Forgets the key of a provider; false where there was none.
    pub fn forget(provider: &str) -> Result<bool, String> {
        with_entry(provider, |entry| match entry.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(error),
        })
    }

    /// On a thread of its own: the keyring may ask a person, for as long as it likes.
    fn with_entry<T: Send + 'static>(
        provider: &str,
        work: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, String> {
        let provider = provider.to_owned();
        let (sender, receiver) = mpsc::channel();
        let ask = move || {
            let entry = Store::new().and_then(|store| store.build(SERVICE, &provider, None));
            let done = entry.and_then(|entry| work(&entry)).map_err(|error| reason(&error));
            // Nobody waits any more when the limit has passed.
            let _ = sender.send(done);
        };
        let started = std::thread::Builder::new().name("keyring".to_owned()).spawn(ask);
        started.map_err(|error| format!("the keyring cannot be asked: {error}"))?;
        let too_long = |_| format!("the keyring did not answer within {} s; is it locked?", LIMIT.as_secs());
        receiver.recv_timeout(LIMIT).map_err(too_long)?
    }

    /// Some errors hold what was read: only their kind is told of those.
    fn reason(error: &Error) -> String {
        match error {
            Error::PlatformFailure(inner) => format!("the keyring of the system cannot be used: {inner}"),
            Error::NoStorageAccess(inner) => format!("the keyring is locked, or was never set up: {inner}"),
            Error::NoEntry => "the keyring has no such entry any more".to_owned(),
            Error::BadEncoding(_) | Error::BadDataFormat(..) => "what the keyring has there is no text".to_owned(),
            Error::Ambiguous(_) => "the keyring has more than one such entry".to_owned(),
            other => format!("the keyring of the system cannot be used: {other}"),
        }
    }
}

#[cfg(not(feature = "keyring"))]
mod system {
    use super::NOT_BUILT;
    use crate::http::Secret;

    pub fn store(_provider: &str, _key: &Secret) -> Result<(), String> {
        Err(NOT_BUILT.to_owned())
    }

    pub fn fetch(_provider: &str) -> Result<String, String> {
        Err(NOT_BUILT.to_owned())
    }

    pub fn forget(_provider: &str) -> Result<bool, String> {
        Err(NOT_BUILT.to_owned())
    }
}
