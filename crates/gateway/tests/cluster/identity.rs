//! Who comes in, for how long, and from which pages.

use std::time::{Duration, Instant};

use rookery_client::{ConnectionError, HelloError, Lost, RawConnection};
use serde_json::json;

use crate::support::{
    Node, Raw, Reader, SECRET, SOON, Writers, assert_one_log, claims, client, client_settings,
    room, sign, soon, token,
};

async fn hello(node: &Node, token: &str) -> Result<(), u16> {
    let mut connection = RawConnection::connect(&node.ws(), SOON).await.unwrap();
    match soon("an answer to hello", connection.hello(token, "test")).await {
        Ok(_) => Ok(()),
        Err(HelloError::Closed { code, .. }) => Err(code),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn only_a_token_signed_by_us_and_still_good_comes_in() {
    let node = Node::start(&[]).await;
    let good = claims("alex", 3600);
    let unsigned = {
        let signed = sign("HS256", SECRET, &good);
        let claims = signed.split('.').nth(1).unwrap();
        // {"alg":"none","typ":"JWT"}
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")
    };
    assert_eq!(hello(&node, &token("alex")).await, Ok(()));
    for (case, token) in [
        ("alg none", unsigned),
        ("another algorithm", sign("HS512", SECRET, &good)),
        ("another secret", sign("HS256", "guessed", &good)),
        ("expired", sign("HS256", SECRET, &claims("alex", -60))),
        (
            "without an end",
            sign("HS256", SECRET, &json!({"sub": "alex", "name": "Alex"})),
        ),
        (
            "without a user",
            sign("HS256", SECRET, &json!({"exp": good["exp"]})),
        ),
        ("none at all", String::new()),
        ("garbage", "a.b.c".to_owned()),
    ] {
        assert_eq!(hello(&node, &token).await, Err(4501), "{case}");
    }
}

#[tokio::test]
async fn a_connection_ends_when_its_token_does() {
    let node = Node::start(&[("auth.leeway_s", "0")]).await;
    let mut connection = RawConnection::connect(&node.ws(), SOON).await.unwrap();
    let short = sign("HS256", SECRET, &claims("alex", 3));
    connection.hello(&short, "test").await.unwrap();
    let welcomed = Instant::now();
    let mut raw = Raw::over(connection);
    assert_eq!(raw.closes(Duration::from_secs(6)).await, 4005);
    assert!(
        welcomed.elapsed() > Duration::from_millis(1500),
        "{:?}",
        welcomed.elapsed()
    );
}

#[tokio::test]
async fn only_known_pages_may_connect() {
    let settings = [("http.allowed_origins", "https://app.example.org")];
    let node = Node::start(&settings).await;
    let own = format!("http://{}", node.address());
    for origin in [own.as_str(), "https://app.example.org"] {
        let connected = RawConnection::connect_with(&node.ws(), &[("Origin", origin)], SOON).await;
        connected.unwrap_or_else(|error| panic!("{origin}: {error}"));
    }
    for origin in [
        "https://evil.example",
        "http://app.example.org",
        "null",
        "http://127.0.0.1:1",
    ] {
        match RawConnection::connect_with(&node.ws(), &[("Origin", origin)], SOON).await {
            Err(ConnectionError::Upgrade { status: 403, .. }) => {}
            other => panic!("{origin}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn another_version_and_a_second_hello_are_refused() {
    let node = Node::start(&[]).await;
    let mut raw = Raw::open(&node).await;
    raw.say(json!({"type": "hello", "token": token("alex"), "version": 9}))
        .await;
    assert_eq!(raw.closes(SOON).await, 4506);
    assert!(raw.unasked[0]["message"].as_str().unwrap().contains('9'));

    let mut raw = Raw::hello(&node, "alex").await;
    let again = raw
        .ask(json!({"type": "hello", "token": token("bea")}))
        .await;
    assert_eq!(again["type"], "error", "{again}");
}

#[tokio::test]
async fn nothing_is_answered_before_hello() {
    let node = Node::start(&[]).await;
    let mut raw = Raw::open(&node).await;
    raw.say(json!({"type": "join", "room": "general"})).await;
    let code = raw.closes(SOON).await;
    assert!((4500..5000).contains(&code), "{code}");
    assert!(
        raw.unasked.iter().all(|frame| frame["type"] == "error"),
        "{:?}",
        raw.unasked
    );
}

#[tokio::test]
async fn a_client_with_a_new_token_goes_on_where_the_old_one_ran_out() {
    let node = Node::start(&[("auth.leeway_s", "0")]).await;
    let general = room("general");
    let mut settings = client_settings([&node], "alex");
    settings.token = sign("HS256", SECRET, &claims("alex", 3));
    let mut alex = Reader::join(settings, &general).await;
    alex.client.set_token(token("alex"));
    let mut writers = Writers::start([client([&node], "bea")], &general, Duration::from_millis(5));
    alex.until("coming back", |seen| seen.nodes.len() == 2)
        .await;
    writers.write(20).await;
    let acknowledged = writers.stop().await;
    alex.reaches(acknowledged.last().unwrap().seq).await;
    alex.assert_never_robbed();
    assert!(matches!(
        alex.seen().losses[..],
        [Lost::Closed { code: 4005, .. }]
    ));
    assert_one_log(&acknowledged, &[("alex", alex.log())]);
}
