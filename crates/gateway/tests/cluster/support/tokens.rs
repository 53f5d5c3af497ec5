//! Tokens of people, minted with the secret that all nodes share.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "only for tests: 0123456789abcdef0123456789abcdef";

/// What a good token of this user says, `lives_s` seconds from now on.
pub(crate) fn claims(user: &str, lives_s: i64) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let exp = i64::try_from(now.as_secs()).unwrap() + lives_s;
    json!({"sub": user, "name": format!("Name of {user}"), "exp": exp})
}

pub(crate) fn sign(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(algorithm), claims, &key).unwrap()
}

/// A token that is good for an hour.
pub(crate) fn token(user: &str) -> String {
    sign(Algorithm::HS256, SECRET, &claims(user, 3600))
}
