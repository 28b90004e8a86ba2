//! Certificates of four kinds, made anew for each server.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// Signed by the authority in `ca_file`, for `127.0.0.1` and `localhost`.
    Good,
    /// As good, but its time is over.
    Expired,
    /// Signed by itself.
    SelfSigned,
    /// As good, but for `elsewhere.test`.
    WrongName,
    /// Self-signed, and said to be an authority's, as `openssl req -x509` makes it.
    OwnAuthority,
}

/// A server's side of TLS and the file a client must trust.
pub struct Identity {
    pub config: Arc<ServerConfig>,
    pub ca_file: PathBuf,
    _folder: TempDir,
}

impl Identity {
    pub fn new(kind: Certificate, alpn: &[&[u8]]) -> Self {
        let authority = authority();
        let names = match kind {
            Certificate::WrongName => vec!["elsewhere.test".to_owned()],
            Certificate::Good | Certificate::Expired | Certificate::SelfSigned | Certificate::OwnAuthority => {
                vec!["127.0.0.1".to_owned(), "localhost".to_owned()]
            }
        };
        let mut params = CertificateParams::new(names).unwrap();
        if kind == Certificate::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        if kind == Certificate::OwnAuthority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = match kind {
            Certificate::SelfSigned | Certificate::OwnAuthority => params.self_signed(&key).unwrap(),
            Certificate::Good | Certificate::Expired | Certificate::WrongName => {
                params.signed_by(&key, &authority).unwrap()
            }
        };
        let folder = TempDir::new().unwrap();
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, authority.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Self { config: Arc::new(config), ca_file, _folder: folder }
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "sayso test authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}
