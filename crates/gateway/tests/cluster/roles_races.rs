//! Two people do what cannot both come to pass, on two nodes, one of which is far from Redis.

use rookery_testing::{Proxy, RedisServer};
use serde_json::{Value, json};
use tokio::time::Duration;

use crate::support::{Cluster, Raw, room, soon};

/// How often each is tried.
const TIMES: u64 = 250;

struct Race {
    cluster: Cluster,
    _proxy: Proxy,
    owner: Raw,
    other: Raw,
}

impl Race {
    /// The owner is on the near node, the other on the far one.
    async fn start() -> Self {
        let redis = RedisServer::start().unwrap();
        let proxy = Proxy::to_port(redis.port()).unwrap();
        proxy.delay(Duration::from_millis(1), Duration::from_millis(2));
        let rate = [
            ("limits.user_rate", "100000"),
            ("limits.user_burst", "100000"),
            ("limits.send_rate", "100000"),
            ("limits.send_burst", "100000"),
            ("limits.rooms_made_per_hour", "0"),
            ("limits.catch_up", "0"),
        ];
        let mut cluster = Cluster::over(redis, 1, &rate).await;
        cluster.add_node_behind(&proxy).await;
        let mut owner = Raw::hello(&cluster.nodes[0], "owner").await;
        let mut other = Raw::hello(&cluster.nodes[1], "other").await;
        for raw in [&mut owner, &mut other] {
            raw.join(&room("lobby"), None).await;
        }
        Self {
            cluster,
            _proxy: proxy,
            owner,
            other,
        }
    }

    async fn make(&mut self, kind: &str) {
        let made = json!({"type": "create_room", "kind": kind, "room": "r", "members": ["other"]});
        self.owner.done(made).await;
        for raw in [&mut self.owner, &mut self.other] {
            raw.join(&room("r"), None).await;
        }
    }

    /// Every event of the room, as somebody reads it who comes later.
    async fn log(&self) -> Vec<Value> {
        let mut later = Raw::hello(&self.cluster.nodes[1], "owner").await;
        let epoch = later.join(&room("r"), None).await["epoch"].clone();
        let mut again = Raw::hello(&self.cluster.nodes[0], "owner").await;
        let since = json!({"epoch": epoch, "seq": 0});
        let caught_up = again.join(&room("r"), Some(since)).await;
        let events = caught_up["events"].as_array();
        events.expect("the whole log").clone()
    }
}

fn about_other(kind: &str) -> Value {
    json!({"type": kind, "room": "r", "user": "other"})
}

/// Whether each message of the other came while `may` said so by the `member` events before.
fn check(log: &[Value], may: impl Fn(&Value) -> Option<bool>) -> usize {
    let (mut allowed, mut messages) = (true, 0);
    for event in log {
        if event["type"] == "member" && event["user"]["id"] == "other" {
            allowed = may(event).unwrap_or(allowed);
        }
        if event["type"] == "message" && event["from"]["id"] == "other" {
            assert!(allowed, "{event}");
            messages += 1;
        }
    }
    messages
}

#[tokio::test]
async fn nothing_of_who_is_removed_comes_behind_the_removal() {
    let mut race = Race::start().await;
    race.make("private").await;
    for turn in 0..TIMES {
        let Race { owner, other, .. } = &mut race;
        let send = json!({"type": "send", "room": "r", "text": "x"});
        let sent = [other.say(send.clone()).await, other.say(send).await];
        if turn % 3 == 0 {
            tokio::time::sleep(Duration::from_micros(turn % 17 * 800)).await;
        }
        owner.done(about_other("remove")).await;
        for id in sent {
            let answer = other.answer(id).await;
            let ended_well = answer["type"] == "ok" || answer["code"] == "not_found";
            assert!(ended_well, "{answer}");
        }
        let again = json!({"type": "invite", "room": "r", "users": ["other"]});
        owner.done(again).await;
        let mut joined = other.ask(json!({"type": "join", "room": "r"})).await;
        // The node far away may still have to hear of the removal.
        while joined["type"] != "ok" {
            joined = other.ask(json!({"type": "join", "room": "r"})).await;
        }
        owner.unasked.clear();
        other.unasked.clear();
    }
    let log = race.log().await;
    let messages = check(&log, |event| match event["change"].as_str() {
        Some("removed") => Some(false),
        Some("joined") => Some(true),
        _ => None,
    });
    assert!(messages > 0, "some came in time");
}

#[tokio::test]
async fn nothing_of_who_may_only_read_comes_behind_the_demotion() {
    let mut race = Race::start().await;
    race.make("public").await;
    for turn in 0..TIMES {
        let Race { owner, other, .. } = &mut race;
        let role = if turn % 2 == 0 { "readonly" } else { "member" };
        let send = json!({"type": "send", "room": "r", "text": "x"});
        let sent = other.say(send).await;
        if turn % 3 == 0 {
            tokio::time::sleep(Duration::from_micros(turn % 17 * 800)).await;
        }
        let mut demote = about_other("set_role");
        demote["role"] = role.into();
        owner.done(demote).await;
        let answer = other.answer(sent).await;
        let ended_well = answer["type"] == "ok" || answer["code"] == "forbidden";
        assert!(ended_well, "{answer}");
        owner.unasked.clear();
        other.unasked.clear();
    }
    let log = race.log().await;
    let messages = check(&log, |event| {
        (event["change"] == "role").then(|| event["role"] == "member")
    });
    assert!(messages > 0, "some came in time");
}

#[tokio::test]
async fn who_is_banned_while_coming_in_is_out() {
    let mut race = Race::start().await;
    race.make("public").await;
    for turn in 0..TIMES {
        let Race { owner, other, .. } = &mut race;
        other.ask(json!({"type": "leave", "room": "r"})).await;
        let join = other.say(json!({"type": "join", "room": "r"})).await;
        if turn % 3 == 0 {
            tokio::time::sleep(Duration::from_micros(turn % 17 * 800)).await;
        }
        let banned = owner.done(about_other("ban")).await;
        other.answer(join).await;
        // Whatever came first: behind the ban nothing reaches them.
        let after = json!({"type": "send", "room": "r", "text": format!("{banned} {turn}")});
        let after = owner.done(after).await["seq"].clone();
        let refused = other.ask(json!({"type": "join", "room": "r"})).await;
        assert_eq!(refused["type"], "error", "{refused}");
        let seen = other.seen_so_far().await;
        let heard = |frame: &&Value| frame["room"] == "r" && frame["seq"] == after;
        assert!(!seen.iter().any(|frame| heard(&frame)), "{seen:?}");
        owner.done(about_other("unban")).await;
        owner.unasked.clear();
    }
}

#[tokio::test]
async fn one_of_two_last_owners_stays() {
    let mut race = Race::start().await;
    let mut third = Raw::hello(&race.cluster.nodes[0], "third").await;
    third.join(&room("lobby"), None).await;
    for turn in 0..TIMES / 5 {
        let id = format!("r{turn}");
        let Race { owner, other, .. } = &mut race;
        let made = json!({"type": "create_room", "kind": "private", "room": id, "members": ["other", "third"]});
        owner.done(made).await;
        let owns = json!({"type": "set_role", "room": id, "user": "other", "role": "owner"});
        owner.done(owns).await;
        let leave = json!({"type": "leave", "room": id});
        let (one, another) = (owner.say(leave.clone()).await, other.say(leave).await);
        let answers = [owner.answer(one).await, other.answer(another).await];
        let left = answers.iter().filter(|answer| answer["type"] == "ok");
        assert_eq!(left.count(), 1, "{answers:?}");
        assert!(answers.iter().any(|answer| answer["code"] == "conflict"));
        owner.unasked.clear();
        other.unasked.clear();
    }
}

#[tokio::test]
async fn who_is_removed_while_their_node_begins_to_follow_is_out() {
    let mut race = Race::start().await;
    let Race { owner, other, .. } = &mut race;
    for turn in 0..TIMES / 5 {
        let id = format!("r{turn}");
        let about = |mut frame: Value| {
            frame["room"] = id.clone().into();
            frame
        };
        let made = json!({"type": "create_room", "kind": "private", "members": ["other"]});
        owner.done(about(made)).await;
        // The far node follows the room by this join alone.
        let join = other.say(about(json!({"type": "join"}))).await;
        tokio::time::sleep(Duration::from_micros(turn * 400)).await;
        owner.done(about(about_other("remove"))).await;
        other.answer(join).await;
        let send = json!({"type": "send", "text": "behind the removal"});
        let after = owner.done(about(send)).await["seq"].clone();
        // What comes later on the shared channel.
        let end = json!({"type": "send", "room": "lobby", "text": id});
        let end = owner.done(end).await["seq"].clone();
        soon("the end", async {
            loop {
                let frame = other.next().await;
                assert!(
                    frame["room"] != id.as_str() || frame["seq"] != after,
                    "{turn}: {frame}"
                );
                if frame["room"] == "lobby" && frame["seq"] == end {
                    break;
                }
            }
        })
        .await;
        owner.unasked.clear();
    }
}

/// What is about a message never comes behind its deletion, and nothing of it is left.
#[tokio::test]
async fn nothing_is_done_to_a_message_behind_its_deletion() {
    let mut race = Race::start().await;
    race.make("private").await;
    let mut done_first = 0;
    for round in 0..TIMES {
        let send = json!({"type": "send", "room": "r", "text": format!("secret {round}")});
        let target = race.other.done(send).await["seq"].clone();
        let delete = json!({"type": "delete", "room": "r", "target": target});
        let change = match round % 2 {
            0 => json!({"type": "react", "room": "r", "target": target, "emoji": "👍", "on": true}),
            _ => json!({"type": "edit", "room": "r", "target": target, "text": "secret still"}),
        };
        // The far one is heard later; so the near one waits for a moment, or does not.
        let wait = Duration::from_micros(500 * (round % 8));
        let deleting = async {
            tokio::time::sleep(wait).await;
            race.owner.ask(delete).await
        };
        let (deleted, changed) = tokio::join!(deleting, race.other.ask(change));
        assert_eq!(deleted["type"], "ok", "{deleted}");
        match changed["type"] == "ok" {
            true => done_first += 1,
            false => assert_eq!(changed["code"], "not_found", "{changed}"),
        }
    }
    assert!((1..TIMES).contains(&done_first), "{done_first}");
    let log = race.log().await;
    let number = |event: &Value, field: &str| event[field].as_u64().unwrap();
    let of = |kind: &'static str| log.iter().filter(move |event| event["type"] == kind);
    let mut changes = 0;
    for deleted in of("deleted") {
        let target = number(deleted, "target");
        let about = of("reacted").chain(of("edited"));
        for change in about.filter(|event| number(event, "target") == target) {
            assert!(number(change, "seq") < number(deleted, "seq"), "{change}");
            assert_eq!(change.get("text"), None, "{change}");
            changes += 1;
        }
    }
    assert_eq!(changes, done_first);
    for message in of("message") {
        assert_eq!(message["deleted"], true, "{message}");
        assert_eq!(message.get("reactions"), None, "{message}");
    }
}
