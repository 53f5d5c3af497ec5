//! Why a key cannot be used.

use super::Algorithm;

/// Why a key cannot be used, in words that say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    /// A secret that could be guessed.
    #[error("has {0} bytes, at least {least} are needed for HS256; make one with `openssl rand -hex 32`", least = super::keys::SECRET_BYTES)]
    ShortSecret(usize),
    /// Not what a public key looks like.
    #[error(
        "is no public key; it must be PEM, between `-----BEGIN PUBLIC KEY-----` and `-----END PUBLIC KEY-----`"
    )]
    NotPem,
    /// The key that only the issuer may have.
    #[error(
        "is a private key, which nobody but the issuer may have; give its public half: `openssl pkey -in FILE -pubout`"
    )]
    Private,
    /// A public key in another form.
    #[error("is a {0}; give the public key in it: `{1}`")]
    OtherForm(&'static str, &'static str),
    /// A key of another algorithm.
    #[error("is no key for {0}; auth.issuers.algorithm must be the one by which this issuer signs")]
    OtherAlgorithm(Algorithm),
    /// An RSA key that is too short, or too long.
    #[error("is an RSA key of {0} bits; 2048 to 8192 are taken")]
    Bits(usize),
    /// Not a set of keys.
    #[error("is no set of keys (JWKS): {0}")]
    NotASet(String),
    /// A set in which nothing can be used.
    #[error("has no key for {0} among its {1}")]
    NoneFits(Algorithm, usize),
}
