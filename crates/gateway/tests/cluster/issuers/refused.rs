//! Tokens that are refused, and what their owners are told.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

use super::{Issuer, by_http, entry, hello, iss, node_with, refusal, said, user};
use crate::support::{SECRET, SOON, sign};

/// Without the claim.
fn without(mut claims: Value, claim: &str) -> Value {
    claims.as_object_mut().unwrap().remove(claim);
    claims
}

fn with(mut claims: Value, claim: &str, value: impl Into<Value>) -> Value {
    claims[claim] = value.into();
    claims
}

/// A token that is signed by nobody, whatever its head says.
fn unsigned(algorithm: &str, claims: &Value) -> String {
    let head = BASE64.encode(json!({"alg": algorithm, "typ": "JWT"}).to_string());
    format!("{head}.{}.", BASE64.encode(claims.to_string()))
}

#[tokio::test]
async fn only_what_its_issuer_signed_as_it_signs_comes_in() {
    let issuer = Issuer::start();
    let public = issuer.key("rsa", "RS256");
    issuer.key("stolen", "RS256");
    let point = issuer.key("ec", "ES256");
    let node = node_with(&[
        entry("shop", "RS256", json!({"key": public})),
        entry("login", "ES256", json!({"key": point})),
    ])
    .await;
    let good = said("shop", "alex", 60);
    user(&node, &issuer.sign("rsa", &good)).await;
    let other_head = issuer.sign_with_head("rsa", &json!({"crit": ["exp"]}), &good);
    let cases = [
        ("none", unsigned("none", &good)),
        ("None", unsigned("None", &good)),
        ("RS256 by nobody", unsigned("RS256", &good)),
        ("HS256 by the public key", sign("HS256", &public, &good)),
        ("HS256 by its text", sign("HS256", public.trim_end(), &good)),
        ("HS256 by nothing", sign("HS256", "", &good)),
        ("HS256 by our own secret", sign("HS256", SECRET, &good)),
        ("another key", issuer.sign("stolen", &good)),
        ("another's key", issuer.sign("ec", &good)),
        (
            "another's name",
            issuer.sign("rsa", &said("login", "alex", 60)),
        ),
        (
            "an unknown issuer",
            issuer.sign("rsa", &said("evil", "alex", 60)),
        ),
        (
            "no issuer",
            issuer.sign("rsa", &without(good.clone(), "iss")),
        ),
        (
            "issuers",
            issuer.sign(
                "ec",
                &with(good.clone(), "iss", json!([iss("shop"), iss("login")])),
            ),
        ),
        (
            "another audience",
            issuer.sign("rsa", &with(good.clone(), "aud", "shop")),
        ),
        (
            "other audiences",
            issuer.sign("rsa", &with(good.clone(), "aud", json!(["a", "b"]))),
        ),
        (
            "no audience",
            issuer.sign("rsa", &without(good.clone(), "aud")),
        ),
        ("no end", issuer.sign("rsa", &without(good.clone(), "exp"))),
        ("no user", issuer.sign("rsa", &without(good.clone(), "sub"))),
        (
            "an empty user",
            issuer.sign("rsa", &with(good.clone(), "sub", "")),
        ),
        (
            "a guest",
            issuer.sign("rsa", &with(good.clone(), "sub", "guest_7")),
        ),
        (
            "one of ours",
            issuer.sign("rsa", &with(good.clone(), "sub", "u_7")),
        ),
        (
            "not yet",
            issuer.sign("rsa", &with(good.clone(), "nbf", good["exp"].clone())),
        ),
        ("crit", other_head),
    ];
    for (case, token) in cases {
        let (answer, mut raw) = hello(&node, &token).await;
        assert_eq!(answer["code"], "unauthenticated", "{case}: {answer}");
        assert_eq!(raw.closes(SOON).await, 4501, "{case}");
    }
    let unknown = issuer.sign("rsa", &said("shop ", "alex", 60));
    let (_, words) = refusal(&node, &unknown).await;
    assert!(words.contains("to the letter"), "{words}");
    let old = issuer.sign("rsa", &said("shop", "alex", -60));
    assert_eq!(refusal(&node, &old).await.0, "token_expired");
    assert_eq!(by_http(&node, &old).await.0, 401);
}

#[tokio::test]
async fn a_key_that_is_not_published_is_asked_for_once_a_minute() {
    let issuer = Issuer::start();
    for name in ["known", "unknown", "gone"] {
        issuer.key(name, "ES256");
    }
    issuer.publish(&["known"]);
    let url = json!({"jwks_url": issuer.jwks_url});
    let node = node_with(&[entry("login", "ES256", url)]).await;
    let good = said("login", "alex", 60);
    user(&node, &issuer.sign("known", &good)).await;
    assert_eq!(issuer.asked(), 1);

    // What would be refused anyway is no reason to ask.
    let old = issuer.sign("gone", &said("login", "alex", -60));
    assert_eq!(refusal(&node, &old).await.0, "token_expired");
    let mixed_up = issuer.sign_as("unknown", Some("known"), &good);
    assert_eq!(refusal(&node, &mixed_up).await.0, "unauthenticated");
    assert_eq!(issuer.asked(), 1);

    let unknown = issuer.sign("unknown", &good);
    let (code, words) = refusal(&node, &unknown).await;
    assert_eq!(code, "unauthenticated", "{words}");
    assert!(words.contains("does not publish"), "{words}");
    assert_eq!(issuer.asked(), 2);

    // Within the minute nobody can know.
    for _ in 0..3 {
        let (answer, mut raw) = hello(&node, &issuer.sign("gone", &good)).await;
        assert_eq!(answer["code"], "unavailable", "{answer}");
        let after_ms = answer["retry_after_ms"].as_u64().unwrap();
        assert!((30_000..=60_000).contains(&after_ms), "{after_ms}");
        // The connection stays, and somebody with a good token comes in by it.
        let token = issuer.sign("known", &good);
        let answer = raw.ask(json!({"type": "hello", "token": token})).await;
        assert_eq!(answer["type"], "welcome", "{answer}");
    }
    let (status, body) = by_http(&node, &unknown).await;
    assert_eq!(status, 503, "{body}");
    assert_eq!(issuer.asked(), 2);
}
