//! How often somebody may be wrong, and how much hashing a node takes on.

use futures_util::future::join_all;
use serde_json::json;

use super::{PASSWORD, Person, ask, code, log_in};
use crate::support::Node;

#[tokio::test]
async fn who_fails_too_often_under_a_name_waits_also_with_the_right_password() {
    let node = Node::start(&[("limits.login_failures_per_name", "3")]).await;
    Person::register(&node, "Anna").await;
    Person::register(&node, "Ben").await;
    for _ in 0..5 {
        Person::log_in(&node, "Anna").await;
    }
    for _ in 0..3 {
        let (status, _) = log_in(&node, "ANNA", "wrong horse").await;
        assert_eq!(status, 401);
    }
    let (status, answer) = log_in(&node, "Anna", PASSWORD).await;
    assert_eq!((status, code(&answer)), (429, "rate_limited"));
    // A third of a quarter of an hour.
    let wait = answer["error"]["retry_after_ms"].as_u64().unwrap();
    assert!((200_000..=301_000).contains(&wait), "{wait}");
    Person::log_in(&node, "Ben").await;
    for _ in 0..3 {
        log_in(&node, "Nobody", PASSWORD).await;
    }
    let (status, _) = log_in(&node, "Nobody", PASSWORD).await;
    assert_eq!(status, 429, "it is not told whether there is somebody");
}

#[tokio::test]
async fn who_fails_or_registers_too_often_from_an_address_waits() {
    let limits = [
        ("limits.login_failures_per_address", "3"),
        ("limits.registrations_per_hour", "2"),
    ];
    let node = Node::start(&limits).await;
    for name in ["Anna", "Ben"] {
        Person::register(&node, name).await;
    }
    let body = json!({"name": "Carla", "password": PASSWORD});
    let (status, answer) = ask(&node, "POST", "accounts", "", &body).await;
    assert_eq!((status, code(&answer)), (429, "rate_limited"));
    for name in ["One", "Two", "Three"] {
        let (status, _) = log_in(&node, name, PASSWORD).await;
        assert_eq!(status, 401);
    }
    let (status, answer) = log_in(&node, "Anna", PASSWORD).await;
    assert_eq!((status, code(&answer)), (429, "rate_limited"));
}

#[tokio::test]
async fn so_many_passwords_are_looked_at_at_once() {
    let limits = [
        ("limits.passwords_at_once", "1"),
        ("limits.stranger_rate", "0"),
        ("limits.login_failures_per_address", "0"),
    ];
    let node = Node::start(&limits).await;
    Person::register(&node, "Anna").await;
    let many: Vec<_> = (0..30).map(|number| format!("Nobody {number}")).collect();
    let asking = many.iter().map(|name| log_in(&node, name, PASSWORD));
    let answers = join_all(asking).await;
    let busy: Vec<_> = answers
        .iter()
        .filter(|(status, _)| *status == 503)
        .collect();
    assert!(!busy.is_empty(), "{answers:?}");
    for (_, answer) in busy {
        assert_eq!(code(answer), "unavailable");
        assert!(answer["error"]["retry_after_ms"].as_u64().unwrap() > 0);
    }
    assert!(
        answers
            .iter()
            .all(|(status, _)| [401, 503].contains(status))
    );
    Person::log_in(&node, "Anna").await;
}
