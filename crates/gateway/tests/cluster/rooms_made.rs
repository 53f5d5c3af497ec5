//! Rooms cost something to make, go by themselves where nothing is written in
//! them, and nobody is in too many.

use rookery_testing::{Proxy, RedisServer};
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use crate::support::{Cluster, Node, Raw, key_of, post_message, room, soon};

async fn join(raw: &mut Raw, name: &str) -> Value {
    raw.ask(json!({"type": "join", "room": name})).await
}

async fn leave(raw: &mut Raw, name: &str) {
    let left = raw.ask(json!({"type": "leave", "room": name})).await;
    assert_eq!(left["type"], "ok");
}

#[tokio::test]
async fn a_user_makes_so_many_rooms_on_all_nodes_and_no_more() {
    let cluster = Cluster::start_with(2, &[("limits.rooms_made_per_hour", "3")]).await;
    let mut first = Raw::hello(&cluster.nodes[0], "alex").await;
    let mut second = Raw::hello(&cluster.nodes[1], "alex").await;
    first.join(&room("a"), None).await;
    second.join(&room("b"), None).await;
    first.join(&room("c"), None).await;
    let refused = join(&mut second, "d").await;
    assert_eq!(refused["code"], "rate_limited", "{refused}");
    let wait = refused["retry_after_ms"].as_u64().unwrap();
    assert!((1..=1_200_000).contains(&wait), "{wait}");
    let words = refused["message"].as_str().unwrap();
    assert!(words.contains("rooms_made_per_hour"), "{words}");

    // Others may make it, and what is there is open to everybody.
    let mut bea = Raw::hello(&cluster.nodes[0], "bea").await;
    bea.join(&room("d"), None).await;
    second.join(&room("d"), None).await;
}

/// Those who ask for the same room wait for one reading; the limit of whoever
/// made it is theirs alone.
#[tokio::test]
async fn the_limit_of_one_user_is_not_anothers() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::to_port(redis.port()).unwrap();
    let url = proxy.redis_url();
    let settings = [
        ("store", "redis"),
        ("redis.url", url.as_str()),
        ("limits.rooms_made_per_hour", "1"),
    ];
    let node = Node::start(&settings).await;
    let mut alex = Raw::hello(&node, "alex").await;
    let mut bea = Raw::hello(&node, "bea").await;
    alex.join(&room("first"), None).await;

    proxy.hold();
    let ping = || json!({"type": "ping"});
    let by_alex = alex.say(json!({"type": "join", "room": "second"})).await;
    alex.ask(ping()).await;
    let by_bea = bea.say(json!({"type": "join", "room": "second"})).await;
    bea.ask(ping()).await;
    proxy.release();
    assert_eq!(alex.answer(by_alex).await["code"], "rate_limited");
    let answer = bea.answer(by_bea).await;
    assert_eq!(answer["type"], "ok", "{answer}");
}

#[tokio::test]
async fn a_backend_posts_into_rooms_that_nobody_joined_and_makes_them() {
    let cluster = Cluster::start_with(2, &[("limits.rooms_made_per_hour", "2")]).await;
    let body = r#"{"text":"first","nonce":"n"}"#;
    let (status, posted) = post_message(&cluster.nodes[1], "new", body).await;
    assert_eq!((status, &posted["seq"]), (201, &json!(1)), "{posted}");
    let (status, again) = post_message(&cluster.nodes[0], "new", body).await;
    assert_eq!((status, &again["seq"]), (200, &json!(1)), "{again}");
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    let shown = raw.join(&room("new"), None).await;
    assert_eq!(shown["messages"][0]["text"], "first", "{shown}");

    // It costs what making one by a join costs.
    let (status, _) = post_message(&cluster.nodes[0], "newer", r#"{"text":"x"}"#).await;
    assert_eq!(status, 201);
    let (status, refused) = post_message(&cluster.nodes[1], "newest", r#"{"text":"x"}"#).await;
    assert_eq!(status, 429, "{refused}");
    assert_eq!(refused["error"]["code"], "rate_limited", "{refused}");
    let (status, _) = post_message(&cluster.nodes[1], "new", r#"{"text":"x"}"#).await;
    assert_eq!(status, 201, "what is there goes on");
    // On a socket a join makes rooms, and nothing else.
    let send = json!({"type": "send", "room": "newest", "text": "x"});
    assert_eq!(raw.ask(send).await["code"], "not_found");
}

#[tokio::test]
async fn where_a_join_makes_no_rooms_a_post_does_not_either() {
    let node = Node::start(&[("rooms.create_on_join", "false")]).await;
    let (status, refused) = post_message(&node, "new", r#"{"text":"x"}"#).await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (404, &json!("not_found"))
    );
}

#[tokio::test]
async fn a_user_is_in_so_many_rooms_and_no_more() {
    let cluster = Cluster::start_with(1, &[("limits.rooms_per_user", "3")]).await;
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    for name in ["a", "b", "c"] {
        assert_eq!(join(&mut raw, name).await["type"], "ok");
    }
    let mut other = Raw::hello(&cluster.nodes[0], "bea").await;
    other.join(&room("made-by-bea"), None).await;
    for name in ["made-by-bea", "not-made"] {
        let refused = join(&mut raw, name).await;
        assert_eq!(refused["code"], "conflict", "{refused}");
        let words = refused["message"].as_str().unwrap();
        assert!(words.contains("rooms_per_user"), "{words}");
    }
    leave(&mut raw, "a").await;
    assert_eq!(join(&mut raw, "not-made").await["type"], "ok");
    let mut again = Raw::open(&cluster.nodes[0]).await;
    let hello = json!({"type": "hello", "token": crate::support::token("alex")});
    let welcome = again.ask(hello).await;
    let rooms = welcome["rooms"].as_array().unwrap().iter();
    let mut rooms: Vec<_> = rooms.map(|row| row["room"].as_str().unwrap()).collect();
    rooms.sort_unstable();
    assert_eq!(rooms, ["b", "c", "not-made"]);
}

#[tokio::test]
async fn a_room_in_which_nothing_was_written_goes_after_the_last_who_was_there() {
    let settings = [("rooms.keep_empty_ms", "1000"), ("rooms.linger_ms", "0")];
    let cluster = Cluster::start_with(2, &settings).await;
    let mut stays = Raw::hello(&cluster.nodes[0], "stays").await;
    let mut goes = Raw::hello(&cluster.nodes[1], "goes").await;
    let kept = stays.join(&room("kept"), None).await;
    goes.join(&room("kept"), None).await;
    goes.join(&room("left"), None).await;
    goes.join(&room("written"), None).await;
    let send = json!({"type": "send", "room": "written", "text": "hi"});
    assert_eq!(goes.ask(send).await["type"], "ok");
    for name in ["kept", "left", "written"] {
        leave(&mut goes, name).await;
    }
    let there = |name: &str| {
        let key = key_of("head", name);
        cluster.redis().command(&["EXISTS", &key]).unwrap() == "1"
    };
    soon("the room goes", async {
        while there("left") {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(there("written"), "something was written there");
    assert!(there("kept"), "somebody is there");
    let again = goes.join(&room("kept"), None).await;
    assert_eq!(again["epoch"], kept["epoch"]);
}
