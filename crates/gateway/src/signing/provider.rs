//! Cryptography for the `jsonwebtoken` crate, which leaves it to others: HMAC, RSA, ECDSA
//! and Ed25519 by `ring`.
//!
//! Only HS256 signs, since nobody has other people's private keys. Every algorithm
//! that is not named here is an error, whatever a token says of itself.

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwkUtils, JwtSigner, JwtVerifier},
    errors::{ErrorKind, Result},
    jwk::ThumbprintHash,
    signature::{self, Signer, Verifier},
};
use ring::{
    digest, hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
        UnparsedPublicKey,
    },
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // Rookery makes no JSON Web Keys. The library's own stand-ins would panic.
    jwk_utils: JwkUtils {
        extract_rsa_public_key_components: |_| Err(ErrorKind::InvalidAlgorithm.into()),
        extract_ec_public_key_coordinates: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
        compute_digest,
    },
};

/// Makes this the cryptography of every token in this process. Must come
/// before the first token; calling it again changes nothing.
pub(crate) fn install() {
    // It fails only where it was done before.
    let _ = PROVIDER.install_default();
}

struct Hs256(hmac::Key);

impl Hs256 {
    fn new(secret: &[u8]) -> Box<Self> {
        Box::new(Self(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match algorithm {
        Algorithm::HS256 => Ok(Hs256::new(key.try_get_hmac_secret()?)),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

/// A key of another algorithm than the token's is an error before anything is verified.
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let key = match (algorithm, key.family(), key.kind()) {
        (Algorithm::HS256, AlgorithmFamily::Hmac, DecodingKeyKind::SecretOrDer(secret)) => {
            return Ok(Hs256::new(secret));
        }
        (Algorithm::RS256, AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            PublicKey::Rsa {
                n: n.clone(),
                e: e.clone(),
            }
        }
        (Algorithm::ES256, AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) => {
            PublicKey::P256(point.clone())
        }
        (Algorithm::EdDSA, AlgorithmFamily::Ed, DecodingKeyKind::SecretOrDer(point)) => {
            PublicKey::Ed25519(point.clone())
        }
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    };
    Ok(Box::new(Public {
        algorithm: *algorithm,
        key,
    }))
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    /// Takes as long for a signature that is nearly right as for any other.
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), signature::Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

/// Somebody's public key.
struct Public {
    algorithm: Algorithm,
    key: PublicKey,
}

enum PublicKey {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Verifier<Vec<u8>> for Public {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), signature::Error> {
        let rsa = &RSA_PKCS1_2048_8192_SHA256;
        let verified = match &self.key {
            PublicKey::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(rsa, message, signature)
            }
            PublicKey::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            PublicKey::Ed25519(point) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature)
            }
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Public {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

fn compute_digest(data: &[u8], hash: ThumbprintHash) -> Vec<u8> {
    let algorithm = match hash {
        ThumbprintHash::SHA256 => &digest::SHA256,
        ThumbprintHash::SHA384 => &digest::SHA384,
        ThumbprintHash::SHA512 => &digest::SHA512,
    };
    digest::digest(algorithm, data).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
    use jsonwebtoken::crypto::{sign, verify};

    use super::*;

    // The example of RFC 7515, appendix A.1.
    const KEY: &str =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    const MESSAGE: &[u8] = b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const SIGNATURE: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn keys() -> (EncodingKey, DecodingKey) {
        let secret = BASE64.decode(KEY).unwrap();
        (
            EncodingKey::from_secret(&secret),
            DecodingKey::from_secret(&secret),
        )
    }

    #[test]
    fn the_example_of_the_standard_is_signed_and_verified() {
        install();
        let (signing, verifying) = keys();
        assert_eq!(
            sign(MESSAGE, &signing, Algorithm::HS256).unwrap(),
            SIGNATURE
        );
        let fits = |signature: &str, message: &[u8]| {
            verify(signature, message, &verifying, Algorithm::HS256).unwrap()
        };
        assert!(fits(SIGNATURE, MESSAGE));
        assert!(!fits(SIGNATURE, &MESSAGE[1..]));
        assert!(!fits(&SIGNATURE.replacen('d', "e", 1), MESSAGE));
        assert!(!fits(&SIGNATURE[..SIGNATURE.len() - 3], MESSAGE));
        assert!(!fits("", MESSAGE));
    }

    #[test]
    fn every_other_algorithm_is_an_error() {
        install();
        install();
        let (signing, verifying) = keys();
        for algorithm in [
            Algorithm::HS384,
            Algorithm::HS512,
            Algorithm::ES256,
            Algorithm::ES384,
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
            Algorithm::EdDSA,
        ] {
            assert!(
                sign(MESSAGE, &signing, algorithm).is_err(),
                "{algorithm:?} signs"
            );
            assert!(
                verify(SIGNATURE, MESSAGE, &verifying, algorithm).is_err(),
                "{algorithm:?} verifies"
            );
        }
    }
}
