//! The keys of one issuer.

use jsonwebtoken::{DecodingKey, DecodingKeyKind};

use super::{Algorithm, KeyError, jwks, pem};

/// The least bytes of a secret, as HS256 wants it (RFC 7518, 3.2).
pub(super) const SECRET_BYTES: usize = 32;

/// The bits of an RSA key that are taken.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The keys of one issuer, all for one algorithm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(pub(super) Vec<Key>);

/// A key, and how tokens name it.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) key: DecodingKey,
}

impl Keys {
    /// Of a text in the settings or in a file: the secret of HS256, else one or more
    /// public keys as PEM.
    ///
    /// # Errors
    ///
    /// When it is none, in words that say what to do.
    pub(crate) fn of_text(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        let keys = match algorithm {
            Algorithm::Hs256 => {
                // Editors end a file with a newline.
                let secret = text.trim_end_matches(['\r', '\n']);
                vec![DecodingKey::from_secret(secret.as_bytes())]
            }
            _ => pem::read(algorithm, text)?,
        };
        let keys = keys.into_iter().map(|key| {
            let key = checked(algorithm, key)?;
            Ok(Key { id: None, key })
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// Of a JSON Web Key Set. What is for something else is passed over.
    ///
    /// # Errors
    ///
    /// When it is none, or has no key for the algorithm.
    pub(crate) fn of_jwks(algorithm: Algorithm, json: &[u8]) -> Result<Self, KeyError> {
        jwks::read(algorithm, json).map(Self)
    }

    /// The keys that may have signed a token which names this one, or none.
    pub(crate) fn named<'a>(
        &'a self,
        id: Option<&'a str>,
    ) -> impl Iterator<Item = &'a DecodingKey> {
        let may_be = move |key: &&Key| match (&key.id, id) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        self.0.iter().filter(may_be).map(|key| &key.key)
    }

    /// Whether one of them has this name.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// A key in the form that is verified with, where it is one for the algorithm.
pub(super) fn checked(algorithm: Algorithm, key: DecodingKey) -> Result<DecodingKey, KeyError> {
    let of = |bytes: &[u8], wanted: bool| match wanted && !bytes.is_empty() {
        true => Ok(()),
        false => Err(KeyError::OtherAlgorithm(algorithm)),
    };
    match (algorithm, key.kind()) {
        (Algorithm::Rs256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            let (n, e) = (without_zeros(n), without_zeros(e));
            let spare = n.first().map_or(0, |first| first.leading_zeros() as usize);
            let bits = n.len() * 8 - spare;
            if !RSA_BITS.contains(&bits) {
                return Err(KeyError::Bits(bits));
            }
            return Ok(DecodingKey::from_rsa_raw_components(n, e));
        }
        (Algorithm::Hs256, DecodingKeyKind::SecretOrDer(secret)) => {
            if secret.len() < SECRET_BYTES {
                return Err(KeyError::ShortSecret(secret.len()));
            }
        }
        (Algorithm::Es256, DecodingKeyKind::SecretOrDer(point)) => {
            of(point, point.len() == 65 && point[0] == 4)?;
        }
        (Algorithm::EdDsa, DecodingKeyKind::SecretOrDer(point)) => of(point, point.len() == 32)?,
        _ => return Err(KeyError::OtherAlgorithm(algorithm)),
    }
    Ok(key)
}

/// Some write a number with zeros before it, which the cryptography refuses.
fn without_zeros(number: &[u8]) -> &[u8] {
    let first = number.iter().position(|byte| *byte != 0);
    &number[first.unwrap_or(number.len())..]
}
