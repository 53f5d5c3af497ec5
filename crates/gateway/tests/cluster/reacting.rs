//! What people think of messages, and which are held up to everybody: on every node, by every
//! way, for who is there and who comes later.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use rookery_testing::{Proxy, RedisServer};
use serde_json::{Value, json};

use crate::support::{Cluster, Raw, call_api, room, soon};

fn react(target: u64, emoji: &str, on: bool) -> Value {
    json!({"type": "react", "room": "general", "target": target, "emoji": emoji, "on": on})
}

fn about(kind: &str, target: u64) -> Value {
    json!({"type": kind, "room": "general", "target": target})
}

/// anna, who made the room and wrote three messages there, and ben, on other nodes.
async fn anna_and_ben(cluster: &Cluster) -> (Raw, Raw) {
    let general = room("general");
    let mut anna = Raw::hello(&cluster.nodes[0], "anna").await;
    let mut ben = Raw::hello(&cluster.nodes[1], "ben").await;
    let make = json!({"type": "create_room", "room": "general", "kind": "public"});
    anna.done(make).await;
    anna.join(&general, None).await;
    ben.join(&general, None).await;
    for text in ["one", "two", "three"] {
        anna.done(json!({"type": "send", "room": "general", "text": text}))
            .await;
    }
    (anna, ben)
}

#[tokio::test]
async fn a_reaction_is_counted_on_every_node_for_who_is_there_and_who_comes_later() {
    let cluster = Cluster::start_far_away(3, &[]).await;
    let general = room("general");
    let (mut anna, mut ben) = anna_and_ben(&cluster).await;
    // A heart without the sign that it is a picture is the same.
    let given = ben.done(react(2, "\u{2764}", true)).await;
    assert_eq!(given["count"], 1);
    for raw in [&mut anna, &mut ben] {
        let told = raw.next_of("reacted").await;
        let wanted = json!({"type": "reacted", "room": "general", "seq": given["seq"], "ts": given["ts"],
            "target": 2, "emoji": "❤️", "on": true, "by": {"id": "ben", "name": "Name of ben"}, "count": 1});
        assert_eq!(told, wanted);
    }
    let again = ben.done(react(2, "❤️", true)).await;
    assert_eq!((&again["count"], again.get("seq")), (&json!(1), None));
    let path = "rooms/general/messages/2/reactions/%E2%9D%A4%EF%B8%8F";
    let (status, put) = call_api(&cluster.nodes[2], "anna", "PUT", path, &Value::Null).await;
    assert_eq!((status, &put["count"]), (200, &json!(2)), "{put}");
    let (status, page) = call_api(
        &cluster.nodes[2],
        "ben",
        "GET",
        &format!("{path}?limit=1"),
        &Value::Null,
    )
    .await;
    assert_eq!(status, 200, "{page}");
    assert_eq!(
        page["users"],
        json!([{"id": "anna", "name": "Name of anna"}])
    );
    let frame = json!({"type": "reactors", "room": "general", "target": 2, "emoji": "❤️", "after": page["next"]});
    let rest = anna.done(frame).await;
    assert_eq!(rest["users"], json!([{"id": "ben", "name": "Name of ben"}]));
    assert_eq!(rest.get("next"), None);
    for (emoji, code) in [("heart", "bad_request"), ("👍👍", "bad_request")] {
        assert_eq!(ben.refused(react(2, emoji, true)).await, code);
    }
    for target in [0, 99] {
        assert_eq!(ben.refused(react(target, "👍", true)).await, "not_found");
    }
    let mut stranger = Raw::hello(&cluster.nodes[0], "stranger").await;
    assert_eq!(stranger.refused(react(2, "👍", true)).await, "forbidden");

    for node in &cluster.nodes {
        for (user, mine) in [("ben", true), ("later", false)] {
            let mut raw = Raw::hello(node, user).await;
            let mut wanted = json!([{"emoji": "❤️", "count": 2}]);
            if mine {
                wanted[0]["mine"] = true.into();
            }
            let snapshot = raw.join(&general, None).await;
            assert_eq!(snapshot["messages"][1]["reactions"], wanted);
            assert_eq!(snapshot["messages"][0].get("reactions"), None);
            let history = json!({"type": "history", "room": "general", "before": 9});
            let page = raw.done(history).await;
            assert_eq!(page["messages"][1]["reactions"], wanted);
            let one = json!({"type": "message", "room": "general", "seq": 2});
            let one = raw.done(one).await;
            assert_eq!(one["message"]["reactions"], wanted);
        }
    }
    let (status, taken) = call_api(&cluster.nodes[2], "anna", "DELETE", path, &Value::Null).await;
    assert_eq!((status, &taken["count"]), (200, &json!(1)));
    let taken = ben.done(react(2, "❤️", false)).await;
    assert_eq!(taken["count"], 0);
    for node in &cluster.nodes {
        let mut later = Raw::hello(node, "later").await;
        soon("no reaction is left", async {
            loop {
                let snapshot = later.join(&general, None).await;
                if snapshot["messages"][1].get("reactions").is_none() {
                    return;
                }
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_pin_is_seen_by_everybody_and_set_by_who_keeps_order() {
    let cluster = Cluster::start_far_away(3, &[("limits.pins_per_room", "2")]).await;
    let general = room("general");
    let (mut anna, mut ben) = anna_and_ben(&cluster).await;
    let pinned = anna.done(about("pin", 2)).await;
    for raw in [&mut anna, &mut ben] {
        let told = raw.next_of("pinned").await;
        let wanted = json!({"type": "pinned", "room": "general", "seq": pinned["seq"], "ts": pinned["ts"],
            "target": 2, "by": {"id": "anna", "name": "Name of anna"}, "on": true});
        assert_eq!(told, wanted);
    }
    assert_eq!(anna.done(about("pin", 2)).await.get("seq"), None);
    assert_eq!(ben.refused(about("pin", 1)).await, "forbidden");
    assert_eq!(ben.refused(about("unpin", 2)).await, "forbidden");
    assert_eq!(anna.refused(about("pin", 99)).await, "not_found");
    let (status, _) = call_api(
        &cluster.nodes[2],
        "anna",
        "PUT",
        "rooms/general/pins/1",
        &Value::Null,
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(anna.refused(about("pin", 3)).await, "conflict");
    ben.next_of("pinned").await;
    let (_, listed) = call_api(
        &cluster.nodes[2],
        "ben",
        "GET",
        "rooms/general/pins",
        &Value::Null,
    )
    .await;
    let numbers = |listed: &Value| {
        let messages = listed["messages"].as_array().unwrap().clone();
        let messages = messages.into_iter();
        messages
            .map(|it| (it["seq"].as_u64().unwrap(), it["pinned"] == true))
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&listed), [(2, true), (1, true)]);
    for node in &cluster.nodes {
        let mut later = Raw::hello(node, "later").await;
        let snapshot = soon("both pins", async {
            loop {
                let snapshot = later.join(&general, None).await;
                if snapshot["pins"] == json!([2, 1]) {
                    return snapshot;
                }
            }
        })
        .await;
        assert_eq!(snapshot["messages"][1]["pinned"], true);
        assert_eq!(snapshot["messages"][2].get("pinned"), None);
    }
    // What is deleted is pinned no more.
    anna.done(about("delete", 2)).await;
    let (status, _) = call_api(
        &cluster.nodes[1],
        "anna",
        "DELETE",
        "rooms/general/pins/1",
        &Value::Null,
    )
    .await;
    assert_eq!(status, 200);
    for node in &cluster.nodes {
        let mut later = Raw::hello(node, "later").await;
        soon("no pins", async {
            while later.join(&general, None).await.get("pins").is_some() {}
        })
        .await;
    }
    let listed = anna.done(json!({"type": "pins", "room": "general"})).await;
    assert_eq!(listed["messages"], json!([]));
}

const EMOJI: [&str; 20] = [
    "👍", "❤️", "🎉", "🚀", "👀", "😀", "😢", "😡", "🙏", "👏", "🔥", "💯", "✅", "❌", "⭐", "🌈",
    "🍀", "🎂", "🏆", "🐦",
];

/// Gives all reactions to a message at once, and again those for which there was no room yet. The
/// numbers of the events that tell of them.
async fn give_all(raw: &mut Raw, target: u64) -> BTreeSet<u64> {
    let mut asked = Vec::new();
    for emoji in EMOJI {
        asked.push((emoji, raw.say(react(target, emoji, true)).await));
    }
    let mut seqs = BTreeSet::new();
    while let Some((emoji, id)) = asked.pop() {
        let answer = raw.answer(id).await;
        match answer["code"].as_str() {
            Some("unavailable") => asked.push((emoji, raw.say(react(target, emoji, true)).await)),
            Some(_) => panic!("{answer}"),
            // One that was carried out though it was given up is not told again.
            None => seqs.extend(answer["seq"].as_u64()),
        }
    }
    seqs
}

/// Ten thousand react at once, on all nodes, to one message: all are counted, and told in a few
/// events.
#[tokio::test]
async fn ten_thousand_reactions_at_once_are_a_few_events_and_the_right_counts() {
    const PEOPLE: usize = 500;
    let unhurried = [
        ("limits.user_rate", "100000"),
        ("limits.user_burst", "100000"),
        ("rooms.max_messages", "20"),
        ("limits.catch_up", "0"),
    ];
    let cluster = Cluster::start_far_away(3, &unhurried).await;
    let general = room("general");
    let (mut anna, _ben) = anna_and_ben(&cluster).await;
    for _ in 0..20 {
        let send = json!({"type": "send", "room": "general", "text": "x"});
        anna.done(send).await;
    }
    let mut watcher = Raw::hello(&cluster.nodes[2], "watcher").await;
    let start = watcher.join(&general, None).await;
    let target = start["messages"][0]["seq"].as_u64().unwrap();
    let people = (0..PEOPLE).map(async |number| {
        let node = &cluster.nodes[number % 3];
        let mut raw = Raw::hello(node, &format!("p{number}")).await;
        raw.join(&general, None).await;
        raw
    });
    let mut people = join_all(people).await;
    let given = people.iter_mut().map(|raw| give_all(raw, target));
    let seqs: BTreeSet<u64> = join_all(given).await.into_iter().flatten().collect();
    assert!(seqs.len() < 200, "{} events", seqs.len());
    let mut told = BTreeSet::new();
    let mut last = Value::Null;
    let mut times = Vec::new();
    while !told.is_superset(&seqs) {
        last = watcher.next_of("reacted").await;
        times.push(last["ts"].as_u64().unwrap());
        told.insert(last["seq"].as_u64().unwrap());
    }
    // The store waits for 250 ms, in whole ones.
    assert!(
        times.windows(2).all(|two| two[1] - two[0] >= 249),
        "{times:?}"
    );
    let count = |reactions: &Value| {
        let reactions = reactions.as_array().unwrap();
        let counts = reactions.iter().map(|it| it["count"].as_u64().unwrap());
        counts.collect::<Vec<_>>()
    };
    let all = [PEOPLE as u64; EMOJI.len()];
    assert_eq!(count(&last["reactions"]), all);
    for node in &cluster.nodes {
        assert_eq!(node.metric("rookery_reactions_waiting").await, 0.0);
        for (user, own) in [("p4", EMOJI.len()), ("later", 0)] {
            let mut raw = Raw::hello(node, user).await;
            let snapshot = raw.join(&general, None).await;
            let messages = snapshot["messages"].as_array().unwrap();
            assert_eq!(messages.len(), 20, "no message went for the reactions");
            assert_eq!(count(&messages[0]["reactions"]), all);
            let mine = messages[0]["reactions"].as_array().unwrap().iter();
            assert_eq!(mine.filter(|it| it["mine"] == true).count(), own);
        }
    }
}

/// Redis hears and does not answer: whoever reacts is told so, and reacts again.
#[tokio::test]
async fn reactions_over_a_silent_redis_are_refused_and_counted_once_when_they_come_again() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::to_port(redis.port()).unwrap();
    let mut cluster = Cluster::over(redis, 1, &[]).await;
    let url = proxy.redis_url();
    let settings = [
        ("redis.url", url.as_str()),
        ("redis.command_timeout_ms", "1000"),
    ];
    cluster.add_node_with(&settings).await;
    let (mut anna, mut ben) = anna_and_ben(&cluster).await;
    let mut carl = Raw::hello(&cluster.nodes[1], "carl").await;
    carl.join(&room("general"), None).await;
    proxy.hold();
    let by_ben = ben.say(react(2, "👍", true)).await;
    let by_carl = carl.say(react(2, "👍", true)).await;
    assert_eq!(ben.answer(by_ben).await["code"], "unavailable");
    assert_eq!(carl.answer(by_carl).await["code"], "unavailable");
    proxy.release();
    for raw in [&mut ben, &mut carl] {
        soon("the store is back", async {
            while raw.ask(react(2, "👍", true)).await["type"] != "ok" {}
        })
        .await;
    }
    let message = json!({"type": "message", "room": "general", "seq": 2});
    for raw in [&mut anna, &mut ben] {
        let message = raw.done(message.clone()).await;
        assert_eq!(message["message"]["reactions"][0]["count"], 2);
    }
    // Whatever was carried out without an answer is told all the same, and counted as it is.
    let general = room("general");
    for node in &cluster.nodes {
        let mut later = Raw::hello(node, "later").await;
        soon("the count in a snapshot", async {
            while later.join(&general, None).await["messages"][1]["reactions"][0]["count"] != 2 {
                later
                    .done(json!({"type": "leave", "room": "general"}))
                    .await;
            }
        })
        .await;
    }
}
