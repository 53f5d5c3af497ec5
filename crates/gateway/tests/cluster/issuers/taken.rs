//! Tokens that are taken: each algorithm, by each way to the key.

use serde_json::json;

use super::{Issuer, by_http, entry, iss, node_with, said, user};
use crate::support::{Node, Raw, token};

const ALGORITHMS: [&str; 4] = ["HS256", "RS256", "ES256", "EdDSA"];

#[tokio::test]
async fn each_algorithm_by_a_key_of_the_settings_by_a_file_and_by_published_keys() {
    let files = tempfile::tempdir().unwrap();
    let issuer = Issuer::start();
    let (mut settings, mut tokens) = (vec![], vec![]);
    for algorithm in ALGORITHMS {
        let [key, file, published] = ["key", "file", "published"].map(|way| {
            let name = format!("{way}-{}", algorithm.to_lowercase());
            let public = issuer.key(&name, algorithm);
            tokens.push((name.clone(), issuer.sign(&name, &said(&name, "alex", 60))));
            (name, public)
        });
        let path = files.path().join(&file.0);
        std::fs::write(&path, format!("{}\n", file.1)).unwrap();
        settings.push(entry(&key.0, algorithm, json!({"key": key.1})));
        settings.push(entry(&file.0, algorithm, json!({"key_file": path})));
        let url = json!({"jwks_url": issuer.jwks_url});
        settings.push(entry(&published.0, algorithm, url));
    }
    // One set for all of them: each takes what is of its algorithm, and leaves the rest.
    let of_others = json!([
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kty": "something new"},
        17,
    ]);
    let published = ALGORITHMS.map(|algorithm| format!("published-{}", algorithm.to_lowercase()));
    issuer.publish_among(&published.each_ref().map(String::as_str), &of_others);

    let node = node_with(&settings).await;
    for (name, token) in &tokens {
        let wanted = json!({"id": "alex", "name": "Name of alex"});
        assert_eq!(user(&node, token).await, wanted, "{name}");
    }
    // The way of before goes on beside them.
    Raw::hello(&node, "bea").await;
    let (status, body) = by_http(&node, &token("bea")).await;
    assert_eq!(status, 404, "nobody has made the room: {body}");
    let (status, body) = by_http(&node, &tokens[2].1).await;
    assert_eq!(status, 404, "{body}");
}

#[tokio::test]
async fn claims_go_by_the_names_of_the_settings_and_ids_by_their_prefix() {
    let issuer = Issuer::start();
    let [key, other] = ["EdDSA", "ES256"].map(|algorithm| issuer.key(algorithm, algorithm));
    let names = json!({"key": key, "user_claim": "https://shop.example/id", "name_claim": "nick", "audience": ["web", "app"]});
    let prefix = json!({"key": other, "user_prefix": "acme:"});
    let node = node_with(&[
        entry("shop", "EdDSA", names),
        entry("acme", "ES256", prefix),
    ])
    .await;

    let mut claims = said("shop", "ignored", 60);
    claims["aud"] = json!(["elsewhere", "app"]);
    claims["https://shop.example/id"] = 4711.into();
    claims["nick"] = "  Zoe\u{308} ".into();
    let token = issuer.sign("EdDSA", &claims);
    let wanted = json!({"id": "4711", "name": "Zoë"});
    assert_eq!(user(&node, &token).await, wanted);

    let mut claims = said("acme", "u_7", 60);
    claims["name"] = json!(null);
    let token = issuer.sign_as("ES256", None, &claims);
    let wanted = json!({"id": "acme:u_7", "name": "u_7"});
    assert_eq!(user(&node, &token).await, wanted);
}

#[tokio::test]
async fn keys_without_names_are_all_tried() {
    let issuer = Issuer::start();
    let keys = ["first", "second"].map(|name| issuer.key(name, "RS256"));
    issuer.publish(&["first", "second"]);
    let node = node_with(&[
        entry("both", "RS256", json!({"key": keys.concat()})),
        entry("published", "RS256", json!({"jwks_url": issuer.jwks_url})),
    ])
    .await;
    for by in ["both", "published"] {
        for key in ["first", "second"] {
            user(&node, &issuer.sign_as(key, None, &said(by, "alex", 60))).await;
        }
    }
}

#[tokio::test]
async fn keys_are_read_by_https_where_the_machine_trusts_the_authority() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = Issuer::start_with_tls(folder.path());
    assert!(issuer.jwks_url.starts_with("https://"));
    issuer.key("key", "ES256");
    issuer.publish(&["key"]);
    let authority = folder.path().join("ca.pem");
    let issuers = json!([entry("tls", "ES256", json!({"jwks_url": issuer.jwks_url}))]).to_string();
    let token = issuer.sign("key", &said("tls", "alex", 60));
    let settings = [
        ("auth.issuers", issuers.as_str()),
        ("SSL_CERT_FILE", authority.to_str().unwrap()),
    ];
    let node = Node::start(&settings).await;
    user(&node, &token).await;

    let node = Node::start(&[("auth.issuers", &issuers)]).await;
    let (code, _) = super::refusal(&node, &token).await;
    assert_eq!(code, "unavailable", "of an authority that nobody trusts");
    assert!(node.log().contains(&iss("tls")), "{}", node.log());
}
