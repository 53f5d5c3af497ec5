//! Sets of keys as JSON (RFC 7517).

use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Algorithm, KeyError,
    keys::{Key, checked},
};

/// Keys that this crate cannot read are for something else, and no fault of the set.
#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

pub(super) fn read(algorithm: Algorithm, json: &[u8]) -> Result<Vec<Key>, KeyError> {
    let set = serde_json::from_slice::<Set>(json);
    let set = set.map_err(|error| KeyError::NotASet(error.to_string()))?;
    let among = set.keys.len();
    let keys = set.keys.into_iter().filter_map(|key| {
        let key: Jwk = serde_json::from_value(key).ok()?;
        read_key(algorithm, &key)
    });
    let keys: Vec<_> = keys.collect();
    match keys.is_empty() {
        true => Err(KeyError::NoneFits(algorithm, among)),
        false => Ok(keys),
    }
}

fn read_key(algorithm: Algorithm, jwk: &Jwk) -> Option<Key> {
    let fits = is_for_signatures(jwk) && is_of(algorithm, jwk);
    let key = fits.then(|| DecodingKey::from_jwk(jwk))?.ok()?;
    Some(Key {
        id: jwk.common.key_id.clone(),
        key: checked(algorithm, key).ok()?,
    })
}

fn is_for_signatures(jwk: &Jwk) -> bool {
    let used = jwk.common.public_key_use.as_ref();
    let operations = jwk.common.key_operations.as_ref();
    used.is_none_or(|used| *used == PublicKeyUse::Signature)
        && operations.is_none_or(|all| all.contains(&KeyOperations::Verify))
}

/// What a key says of itself must not widen what it is used for, but may narrow it.
fn is_of(algorithm: Algorithm, jwk: &Jwk) -> bool {
    use AlgorithmParameters as Kind;
    let (kind_fits, named) = match (algorithm, &jwk.algorithm) {
        (Algorithm::Hs256, Kind::OctetKey(_)) => (true, KeyAlgorithm::HS256),
        (Algorithm::Rs256, Kind::RSA(_)) => (true, KeyAlgorithm::RS256),
        (Algorithm::Es256, Kind::EllipticCurve(key)) => {
            (key.curve == EllipticCurve::P256, KeyAlgorithm::ES256)
        }
        (Algorithm::EdDsa, Kind::OctetKeyPair(key)) => {
            // It can do nothing else, by whatever name (RFC 9864 has a new one).
            return key.curve == EllipticCurve::Ed25519;
        }
        _ => return false,
    };
    kind_fits && jwk.common.key_algorithm.is_none_or(|own| own == named)
}
