//! Tokens of people, minted with the secret that all nodes share.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ring::hmac;
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "only for tests: 0123456789abcdef0123456789abcdef";

/// What a good token of this user says, `lives_s` seconds from now on.
pub(crate) fn claims(user: &str, lives_s: i64) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let exp = i64::try_from(now.as_secs()).unwrap() + lives_s;
    json!({"sub": user, "name": format!("Name of {user}"), "exp": exp})
}

/// A token that is truly signed with the algorithm that its header names.
pub(crate) fn sign(name: &str, secret: &str, claims: &Value) -> String {
    let algorithm = match name {
        "HS256" => hmac::HMAC_SHA256,
        "HS512" => hmac::HMAC_SHA512,
        other => panic!("no secret signs {other}"),
    };
    let head = BASE64.encode(json!({"alg": name, "typ": "JWT"}).to_string());
    let message = format!("{head}.{}", BASE64.encode(claims.to_string()));
    let key = hmac::Key::new(algorithm, secret.as_bytes());
    let signature = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature))
}

/// A token that is good for an hour.
pub(crate) fn token(user: &str) -> String {
    sign("HS256", SECRET, &claims(user, 3600))
}
