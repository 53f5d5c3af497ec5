//! An issuer that does not answer, or not as it should, is nobody else's concern.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Issuer, by_http, entry, hello, node_with, said, user};
use crate::support::{Node, Raw, soon};

/// How long those may take who need nothing of the issuer that hangs; it is given up
/// after seconds.
const AT_ONCE: Duration = Duration::from_secs(3);

const FAILING: &str = "the keys of an issuer cannot be read";
const WELL_AGAIN: &str = "the keys of an issuer can be read again";

fn count(node: &Node, words: &str) -> usize {
    node.log().matches(words).count()
}

#[tokio::test]
async fn an_issuer_that_hangs_holds_up_nobody_else() {
    let (hanging, other) = (Issuer::start(), Issuer::start());
    hanging.key("key", "ES256");
    hanging.publish(&["key"]);
    hanging.behave("hang");
    other.key("key", "RS256");
    other.publish(&["key"]);
    let node = node_with(&[
        entry("hanging", "ES256", json!({"jwks_url": hanging.jwks_url})),
        entry("other", "RS256", json!({"jwks_url": other.jwks_url})),
    ])
    .await;
    let stuck = hanging.sign("key", &said("hanging", "alex", 600));
    let fine = other.sign("key", &said("other", "bea", 600));
    let waiting: Vec<_> = (0..20).map(|_| hello(&node, &stuck)).collect();
    let others = async {
        let begun = Instant::now();
        for _ in 0..5 {
            user(&node, &fine).await;
            Raw::hello(&node, "carl").await;
            assert_eq!(by_http(&node, &fine).await.0, 404);
        }
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    };
    let waiting = join_all(waiting);
    let (waited, ()) = soon("all answers", async { tokio::join!(waiting, others) }).await;
    let mut held = vec![];
    for (answer, raw) in waited {
        assert_eq!(answer["code"], "unavailable", "{answer}");
        assert!(answer["retry_after_ms"].as_u64().unwrap() <= 60_000);
        held.push(raw);
    }
    assert_eq!(by_http(&node, &stuck).await.0, 503);

    // It answers again, and is asked without anybody's doing.
    hanging.behave("well");
    soon("coming in in the end", comes_in(&node, &stuck)).await;
    assert_eq!(count(&node, FAILING), 1, "{}", node.log());
    assert_eq!(count(&node, WELL_AGAIN), 1, "{}", node.log());

    // And hangs again: whose key is known does not care.
    hanging.behave("hang");
    let unknown = hanging.sign_as("key", Some("unknown"), &said("hanging", "alex", 600));
    let begun = Instant::now();
    let known = async {
        for _ in 0..10 {
            user(&node, &stuck).await;
        }
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    };
    let ((answer, _), ()) = tokio::join!(hello(&node, &unknown), known);
    assert_eq!(answer["code"], "unavailable", "{answer}");
}

async fn comes_in(node: &Node, token: &str) {
    loop {
        let (answer, _) = hello(node, token).await;
        if answer["type"] == "welcome" {
            return;
        }
        assert_eq!(answer["code"], "unavailable", "{answer}");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_leaves_the_known_keys_as_they_are() {
    let cases = [
        ("failing", "500"),
        ("elsewhere", "set jwks_url to where the keys are"),
        ("large", "262144 bytes"),
        ("drip", "no answer within"),
    ];
    join_all(cases.map(|(how, words)| answers_badly(how, words))).await;
}

async fn answers_badly(how: &str, words: &str) {
    let issuer = Issuer::start();
    issuer.key("key", "RS256");
    issuer.publish(&["key"]);
    let url = json!({"jwks_url": issuer.jwks_url, "refresh_s": 1});
    let node = node_with(&[entry("login", "RS256", url)]).await;
    let token = issuer.sign("key", &said("login", "alex", 600));
    user(&node, &token).await;
    issuer.behave(how);
    soon(how, async {
        let said = |line: &str| line.contains(FAILING) && line.contains(words);
        while !node.log().lines().any(said) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    user(&node, &token).await;
    issuer.behave("well");
    soon(how, log_says(&node, WELL_AGAIN)).await;
    assert_eq!(count(&node, FAILING), 1, "{how}: {}", node.log());
    user(&node, &token).await;
}

#[tokio::test]
async fn a_set_without_a_key_that_can_be_used_is_told_and_not_taken() {
    let issuer = Issuer::start();
    issuer.key("key", "RS256");
    issuer.publish(&["key"]);
    let url = json!({"jwks_url": issuer.jwks_url, "refresh_s": 1});
    let node = node_with(&[entry("login", "RS256", url)]).await;
    let token = issuer.sign("key", &said("login", "alex", 600));
    user(&node, &token).await;
    issuer.publish_among(&[], &unusable());
    soon(
        "the log",
        log_says(&node, "has no key for RS256 among its 4"),
    )
    .await;
    user(&node, &token).await;
}

/// Keys that are for something else, or too weak.
fn unusable() -> Value {
    let (n, short) = ("v".repeat(342), "v".repeat(170));
    json!([
        {"kty": "RSA", "e": "AQAB", "n": n, "use": "enc"},
        {"kty": "RSA", "e": "AQAB", "n": n, "alg": "RS512"},
        {"kty": "RSA", "e": "AQAB", "n": n, "key_ops": ["encrypt"]},
        {"kty": "RSA", "e": "AQAB", "n": short},
    ])
}

async fn log_says(node: &Node, words: &str) {
    while !node.log().contains(words) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
