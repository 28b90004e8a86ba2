//! Signing in with a private key: a JWT that says who we are (RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

/// How long the assertion counts; it is sent at once.
const LIFETIME_SECONDS: i64 = 300;

/// The assertion of `client_id` for the authorization server `audience`. The algorithm follows from the
/// key: ES256, ES384 or RS256. `key` is a private key as PKCS#8 in PEM.
pub(super) fn sign(client_id: &str, audience: &str, key: &str, now_seconds: i64) -> Result<String, String> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes())
        .map_err(|error| format!("the private key is not PKCS#8 in PEM: {error}"))?;
    let random = SystemRandom::new();
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": audience,
        "iat": now_seconds, "exp": now_seconds + LIFETIME_SECONDS, "jti": unguessable(&random)?,
    });
    let signer = Signer::new(der.secret_pkcs8_der(), &random)?;
    let header = json!({"alg": signer.algorithm(), "typ": "client-authentication+jwt"});
    let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&header), encode(&claims));
    let signature = signer.sign(message.as_bytes(), &random)?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn unguessable(random: &SystemRandom) -> Result<String, String> {
    let mut bytes = [0; 16];
    ring::rand::SecureRandom::fill(random, &mut bytes).map_err(|_| "there is no randomness here".to_owned())?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

enum Signer {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Signer {
    fn new(der: &[u8], random: &SystemRandom) -> Result<Self, String> {
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, random) {
            return Ok(Self::P256(pair));
        }
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der, random) {
            return Ok(Self::P384(pair));
        }
        match RsaKeyPair::from_pkcs8(der) {
            Ok(pair) => Ok(Self::Rsa(Box::new(pair))),
            Err(_) => Err("the private key is neither P-256, P-384 nor RSA of at least 2048 bits".to_owned()),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::P256(_) => "ES256",
            Self::P384(_) => "ES384",
            Self::Rsa(_) => "RS256",
        }
    }

    fn sign(&self, message: &[u8], random: &SystemRandom) -> Result<Vec<u8>, String> {
        let failed = |_| "the private key does not sign".to_owned();
        match self {
            Self::P256(pair) | Self::P384(pair) => {
                pair.sign(random, message).map(|signature| signature.as_ref().to_vec()).map_err(failed)
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};

    #[test]
    fn an_assertion_verifies_and_says_who_we_are() {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let body = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        let token = sign("me", "https://issuer", &pem, 1000).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random).unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
        public.verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(message.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(
            (&claims["sub"], &claims["aud"], &claims["exp"]),
            (&json!("me"), &json!("https://issuer"), &json!(1300))
        );
        assert!(sign("me", "x", "not a key", 0).unwrap_err().contains("PEM"));
    }
}
