//! TLS with rustls and ring: which authorities are trusted, and which protocols are offered.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::{HttpSettings, Roots};

/// For clients that never see an https URL: costs nothing, trusts nobody.
pub(super) fn config_without_roots() -> Result<ClientConfig, String> {
    config_with(RootCertStore::empty())
}

/// Reads the certificate store; 3 ms for that of the system.
pub(super) fn config_with_roots(settings: &HttpSettings) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match settings.roots {
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
        Roots::Bundled => {}
    }
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(file) = &settings.ca_file {
        add_file(&mut roots, file)?;
    }
    let mut config = config_with(roots)?;
    config.alpn_protocols = match settings.http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    Ok(config)
}

fn config_with(roots: RootCertStore) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("cannot set up TLS: {error}"))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn add_file(roots: &mut RootCertStore, file: &Path) -> Result<(), String> {
    let unusable = |reason: &dyn std::fmt::Display| format!("cannot use ca_file {}: {reason}", file.display());
    let certificates: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|error| unusable(&error))?;
    if certificates.is_empty() {
        return Err(unusable(&"it holds no certificate"));
    }
    for certificate in certificates {
        roots.add(certificate).map_err(|error| unusable(&error))?;
    }
    Ok(())
}
