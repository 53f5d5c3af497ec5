//! Tokens as a node wants them: JWTs signed with HS256.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;

/// How long a token lives: longer than any run.
const LIFETIME_S: u64 = 24 * 3600;

/// Appends a token for `user`, whose name is its id.
pub(super) fn write(out: &mut Vec<u8>, secret: &[u8], user: &str) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let claims = serde_json::json!({"sub": user, "name": user, "exp": now + LIFETIME_S});
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = hmac::sign(&key, signed.as_bytes());
    out.extend_from_slice(signed.as_bytes());
    out.push(b'.');
    out.extend_from_slice(URL_SAFE_NO_PAD.encode(signature).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_three_parts_and_names_its_user() {
        let mut out = Vec::new();
        write(&mut out, b"secret", "u-1");
        let token = String::from_utf8(out).unwrap();
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["sub"], "u-1");
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let signed = token.rsplit_once('.').unwrap().0;
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        hmac::verify(&key, signed.as_bytes(), &signature).unwrap();
    }
}
