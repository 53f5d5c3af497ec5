//! What ends is over on every node within a second.

use std::time::Duration;

use rookery_testing::Proxy;
use serde_json::{Value, json};

use super::{PASSWORD, Person, ask, code, get, log_in};
use crate::support::{Cluster, SOON, room, soon};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_revoked_session_ends_on_every_node_and_no_other_does() {
    for cluster in [
        Cluster::start(3).await,
        Cluster::start_far_away(3, &[]).await,
    ] {
        let [one, other, third] = &cluster.nodes[..] else {
            panic!()
        };
        let anna = Person::register(one, "Anna").await;
        let stays = Person::log_in(other, "Anna").await;
        let mut ends = [anna.connect(one).await, anna.connect(other).await];
        let mut here = stays.connect(other).await;
        here.join(&room("general"), None).await;
        let id = anna.session(third).await;
        let path = format!("sessions/{id}");
        let (status, answer) = ask(third, "DELETE", &path, &stays.access, &Value::Null).await;
        assert_eq!(status, 200, "{answer}");
        for raw in &mut ends {
            assert_eq!(raw.closes(SECOND).await, 4503);
        }
        for node in &cluster.nodes {
            anna.is_refused(node).await;
        }
        let answer = here.ask(json!({"type": "sessions"})).await;
        assert_eq!(answer["sessions"].as_array().unwrap().len(), 1, "{answer}");
        assert_eq!(answer["sessions"][0]["current"], true);
        let (status, answer) = ask(third, "DELETE", &path, &stays.access, &Value::Null).await;
        assert_eq!((status, code(&answer)), (404, "not_found"));
        let renewed = here
            .ask(json!({"type": "renew", "token": anna.access}))
            .await;
        assert_eq!(renewed["code"], "unauthenticated", "{renewed}");

        // All, this one too.
        let more = Person::log_in(one, "Anna").await;
        let mut more_here = more.connect(third).await;
        here.say(json!({"type": "revoke_session"})).await;
        assert_eq!(here.closes(SECOND).await, 4503);
        assert_eq!(more_here.closes(SECOND).await, 4503);
        more.is_refused(one).await;
    }
}

#[tokio::test]
async fn nobody_ends_the_session_of_another() {
    let cluster = Cluster::start(1).await;
    let node = &cluster.nodes[0];
    let anna = Person::register(node, "Anna").await;
    let ben = Person::register(node, "Ben").await;
    let path = format!("sessions/{}", anna.session(node).await);
    let (status, _) = ask(node, "DELETE", &path, &ben.access, &Value::Null).await;
    assert_eq!(status, 404);
    let (status, _) = ask(
        node,
        "DELETE",
        "sessions/nonsense",
        &ben.access,
        &Value::Null,
    )
    .await;
    assert_eq!(status, 400);
    let (status, _) = get(node, "me", &anna.access).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_node_that_could_not_hear_of_it_asks_when_it_can() {
    let mut cluster = Cluster::start(1).await;
    let proxy = Proxy::to_port(cluster.redis().port()).unwrap();
    cluster.add_node_behind(&proxy).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let anna = Person::register(one, "Anna").await;
    let stays = Person::log_in(one, "Anna").await;
    let (mut ends, mut here) = (anna.connect(other).await, stays.connect(other).await);
    proxy.refuse();
    proxy.cut();
    other.readiness_becomes(Some(503)).await;
    let path = format!("sessions/{}", anna.session(one).await);
    let (status, _) = ask(one, "DELETE", &path, &stays.access, &Value::Null).await;
    assert_eq!(status, 200);
    // Whether it is over cannot be known there: nobody is let in, and nobody told for good.
    let (status, answer) = get(other, "me", &anna.access).await;
    assert_eq!((status, code(&answer)), (503, "unavailable"));
    assert!(answer["error"]["retry_after_ms"].as_u64().unwrap() > 0);
    proxy.admit();
    assert_eq!(ends.closes(SOON).await, 4503);
    let answer = soon("a pong", here.ask(json!({"type": "ping"}))).await;
    assert_eq!(answer["type"], "pong", "nobody else is closed");
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let cluster = Cluster::start(2).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let anna = Person::register(one, "Anna").await;
    let second = Person::log_in(other, "Anna").await;
    let (mut stays, mut ends) = (anna.connect(other).await, second.connect(other).await);
    for (current, wanted) in [
        (Value::Null, (400, "bad_request")),
        ("wrong horse".into(), (403, "forbidden")),
    ] {
        let body = json!({"password": "another horse", "current_password": current});
        let (status, answer) = ask(one, "PATCH", "me", &anna.access, &body).await;
        assert_eq!((status, code(&answer)), wanted);
    }
    let body = json!({"password": "another horse", "current_password": PASSWORD});
    let (status, answer) = ask(one, "PATCH", "me", &anna.access, &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(ends.closes(SECOND).await, 4503);
    second.is_refused(one).await;
    let answer = stays.ask(json!({"type": "ping"})).await;
    assert_eq!(answer["type"], "pong");
    let (status, _) = log_in(other, "Anna", PASSWORD).await;
    assert_eq!(status, 401);
    let (status, _) = log_in(other, "Anna", "another horse").await;
    assert_eq!(status, 201);
}
