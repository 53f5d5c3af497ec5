//! A connection goes on with another token, and is told in time that it needs one.

use std::time::{SystemTime, UNIX_EPOCH};

use rookery_client::{Client, ClientError, Event};
use rookery_protocol::ErrorCode;
use serde_json::{Value, json};

use crate::support::{Node, Raw, SECRET, SOON, claims, client_settings, sign, soon};

const NO_LEEWAY: (&str, &str) = ("auth.leeway_s", "0");

fn token(user: &str, lives_s: i64) -> String {
    sign("HS256", SECRET, &claims(user, lives_s))
}

async fn hello(node: &Node, token: &str) -> Raw {
    let mut raw = Raw::open(node).await;
    let answer = raw.ask(json!({"type": "hello", "token": token})).await;
    assert_eq!(answer["type"], "welcome", "{answer}");
    raw
}

async fn renew(raw: &mut Raw, token: &str) -> Value {
    raw.ask(json!({"type": "renew", "token": token})).await
}

/// How many of what came say that the token ends.
fn told(raw: &Raw) -> usize {
    let told = raw.unasked.iter();
    told.filter(|frame| frame["type"] == "expiring").count()
}

#[tokio::test]
async fn a_connection_outlives_its_first_token_and_is_told_once_of_each() {
    let node = Node::start(&[NO_LEEWAY]).await;
    let mut raw = hello(&node, &token("alex", 4)).await;
    let expiring = raw.next().await;
    assert_eq!(expiring["type"], "expiring", "{expiring}");
    // At half of what was left.
    let in_ms = expiring["in_ms"].as_u64().unwrap();
    assert!((500..=2000).contains(&in_ms), "{in_ms}");

    let next = claims("alex", 8);
    let answer = renew(&mut raw, &sign("HS256", SECRET, &next)).await;
    assert_eq!(answer["type"], "ok", "{answer}");
    let end_ms = next["exp"].as_u64().unwrap() * 1000;
    assert_eq!(answer["expires_at"], end_ms);

    // By then the first one has ended.
    let expiring = raw.next().await;
    assert_eq!(expiring["type"], "expiring", "{expiring}");
    assert!(expiring["in_ms"].as_u64().unwrap() <= 4000, "{expiring}");
    assert_eq!(raw.closes(SOON).await, 4005);
    assert_eq!(told(&raw), 0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(now.as_millis() >= end_ms.into(), "closed too early");
}

#[tokio::test]
async fn a_token_that_is_not_taken_changes_nothing() {
    let node = Node::start(&[NO_LEEWAY]).await;
    let mut raw = hello(&node, &token("alex", 3)).await;
    for (token, code) in [
        (token("bea", 600), "conflict"),
        (token("alex", -1), "token_expired"),
        (
            sign("HS256", "guessed", &claims("alex", 600)),
            "unauthenticated",
        ),
        (String::new(), "unauthenticated"),
    ] {
        let answer = renew(&mut raw, &token).await;
        assert_eq!(answer["code"], code, "{answer}");
    }
    let answer = raw.ask(json!({"type": "renew"})).await;
    assert_eq!(answer["code"], "bad_request", "{answer}");
    let answer = raw.ask(json!({"type": "ping"})).await;
    assert_eq!(answer["type"], "pong");
    assert_eq!(raw.closes(SOON).await, 4005);
    assert_eq!(told(&raw), 1);
}

#[tokio::test]
async fn a_token_that_ends_sooner_than_the_one_before_counts_as_well() {
    let node = Node::start(&[NO_LEEWAY]).await;
    let mut raw = hello(&node, &token("alex", 600)).await;
    for _ in 0..20 {
        let answer = renew(&mut raw, &token("alex", 2)).await;
        assert_eq!(answer["type"], "ok", "{answer}");
    }
    assert_eq!(raw.closes(SOON).await, 4005);
    assert_eq!(told(&raw), 1);
}

#[tokio::test]
async fn how_long_before_is_a_setting() {
    let node = Node::start(&[NO_LEEWAY, ("auth.expiring_ms", "500")]).await;
    let mut raw = hello(&node, &token("alex", 3)).await;
    let expiring = raw.next().await;
    let in_ms = expiring["in_ms"].as_u64().unwrap();
    assert!(in_ms <= 500, "{in_ms}");

    let node = Node::start(&[NO_LEEWAY, ("auth.expiring_ms", "0")]).await;
    let mut raw = hello(&node, &token("alex", 2)).await;
    assert_eq!(raw.closes(SOON).await, 4005);
    assert_eq!(told(&raw), 0, "never");
}

#[tokio::test]
async fn the_client_hears_of_it_and_renews_its_token() {
    let node = Node::start(&[NO_LEEWAY]).await;
    let mut settings = client_settings([&node], "alex");
    settings.token = token("alex", 4);
    let (client, mut events) = Client::connect(settings).unwrap();
    let mut again = 0;
    let mut hear = async || loop {
        match events.next().await.unwrap() {
            Event::Expiring(left) => return left,
            Event::Connected { .. } => again += 1,
            event => panic!("{event:?}"),
        }
    };
    soon("the first end", hear()).await;
    let refused = client.renew(token("bea", 600)).await;
    assert!(
        matches!(refused, Err(ClientError::Refused(error)) if error.code == ErrorCode::Conflict)
    );
    let next = claims("alex", 8);
    let ends = client.renew(sign("HS256", SECRET, &next)).await.unwrap();
    assert_eq!(ends, next["exp"].as_u64().unwrap() * 1000);
    soon("the second end", hear()).await;
    assert_eq!(again, 1, "one connection all the time");
}
