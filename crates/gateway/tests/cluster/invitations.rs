//! Coming in by a code: made on one node, accepted on another.

use std::time::Duration;

use rookery_testing::{Proxy, RedisServer};
use serde_json::{Value, json};

use crate::support::{Cluster, Raw, call_api, room, soon};

/// How often two people want the last use.
const TIMES: u64 = 100;

async fn refused(raw: &mut Raw, frame: Value) -> (String, String) {
    let answer = raw.ask(frame.clone()).await;
    assert_eq!(answer["type"], "error", "{frame} → {answer}");
    let field = |name: &str| answer[name].as_str().unwrap().to_owned();
    (field("code"), field("message"))
}

/// The next frame of a type, of which a part is as wanted.
async fn next_of(raw: &mut Raw, kind: &str, change: &str) -> Value {
    soon(kind, async {
        loop {
            let frame = raw.next().await;
            if frame["type"] == kind && frame["change"] == change {
                return frame;
            }
        }
    })
    .await
}

async fn made(owner: &mut Raw, id: &str, kind: &str) {
    let room = json!({"type": "create_room", "kind": kind, "room": id, "name": "Secret plans"});
    owner.done(room).await;
}

async fn code(raw: &mut Raw, id: &str, uses: Option<u32>) -> String {
    let frame = json!({"type": "create_invite", "room": id, "uses": uses});
    let made = raw.done(frame).await;
    assert!(made["expires_at"].as_u64() > Some(0), "{made}");
    made["code"].as_str().unwrap().to_owned()
}

fn accept(code: &str) -> Value {
    json!({"type": "accept_invite", "code": code})
}

#[tokio::test]
async fn whoever_has_a_code_comes_in_and_everybody_hears_of_it() {
    let cluster = Cluster::start(2).await;
    let mut owner = Raw::hello(&cluster.nodes[0], "owner").await;
    let mut guest = Raw::hello(&cluster.nodes[1], "guest").await;
    let mut other_tab = Raw::hello(&cluster.nodes[0], "guest").await;
    made(&mut owner, "plans", "private").await;
    owner.join(&room("plans"), None).await;
    let code = code(&mut owner, "plans", Some(3)).await;

    let answer = guest.done(accept(&code)).await;
    let row = &answer["room"];
    assert_eq!(
        (&row["room"], &row["role"], &row["name"]),
        (&json!("plans"), &json!("member"), &json!("Secret plans"))
    );
    let joined = next_of(&mut owner, "member", "joined").await;
    assert_eq!(joined["user"]["id"], "guest");
    assert_eq!(
        next_of(&mut other_tab, "room", "made").await["room"],
        "plans"
    );
    let again = guest.done(accept(&code)).await;
    assert_eq!(again["room"]["role"], "member");
    let list = owner
        .done(json!({"type": "invites", "room": "plans"}))
        .await;
    let invite = &list["invites"][0];
    assert_eq!(
        (&invite["uses_left"], &invite["by"]["id"]),
        (&json!(2), &json!("owner"))
    );

    // The same by routes, on the other node.
    let node = &cluster.nodes[1];
    let (status, made) = call_api(node, "owner", "POST", "rooms/plans/invites", &json!({})).await;
    assert_eq!(status, 201, "{made}");
    let by_route = made["code"].as_str().unwrap();
    let path = format!("invites/{by_route}");
    let (status, row) = call_api(node, "third", "POST", &path, &Value::Null).await;
    assert_eq!((status, &row["room"]["room"]), (200, &json!("plans")));
    let path = format!("rooms/plans/invites/{by_route}");
    assert_eq!(
        call_api(node, "owner", "DELETE", &path, &Value::Null)
            .await
            .0,
        200
    );
    let path = format!("invites/{by_route}");
    assert_eq!(
        call_api(node, "fourth", "POST", &path, &Value::Null)
            .await
            .0,
        404
    );
    let (_, list) = call_api(node, "owner", "GET", "rooms/plans/invites", &Value::Null).await;
    assert_eq!(list["invites"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_does_not_come_in_hears_nothing_of_the_room() {
    let cluster = Cluster::start(2).await;
    let mut owner = Raw::hello(&cluster.nodes[0], "owner").await;
    let mut guest = Raw::hello(&cluster.nodes[1], "guest").await;
    made(&mut owner, "plans", "private").await;
    let spent = code(&mut owner, "plans", Some(1)).await;
    let revoked = code(&mut owner, "plans", None).await;
    let mut taker = Raw::hello(&cluster.nodes[1], "taker").await;
    taker.done(accept(&spent)).await;
    let revoke = json!({"type": "revoke_invite", "room": "plans", "code": revoked});
    owner.done(revoke).await;
    let short = json!({"type": "create_invite", "room": "plans", "expires_ms": 1});
    let short = owner.done(short).await["code"].clone();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let good = code(&mut owner, "plans", None).await;
    owner
        .done(json!({"type": "ban", "room": "plans", "user": "guest"}))
        .await;
    let unknown = "18abcdefghijklmnopqrst";
    let all = [&spent, &revoked, short.as_str().unwrap(), unknown];
    for (code, wanted) in all
        .into_iter()
        .zip(["not_found"; 4])
        .chain([(good.as_str(), "forbidden")])
    {
        let (code, words) = refused(&mut guest, accept(code)).await;
        assert_eq!(code, wanted);
        assert!(
            !words.contains("plans") && !words.contains("Secret"),
            "{words}"
        );
    }
    let rows = Raw::hello(&cluster.nodes[0], "guest").await;
    assert!(rows.unasked.is_empty());
    for (frame, wanted) in [
        (
            json!({"type": "create_invite", "room": "plans"}),
            "not_found",
        ),
        (json!({"type": "invites", "room": "plans"}), "not_found"),
        (accept("no code"), "bad_request"),
    ] {
        assert_eq!(refused(&mut guest, frame).await.0, wanted);
    }
    for fields in [json!({"uses": 0}), json!({"expires_ms": 0})] {
        let mut frame = fields;
        frame["type"] = "create_invite".into();
        frame["room"] = "plans".into();
        assert_eq!(refused(&mut owner, frame).await.0, "bad_request");
    }
    // With the room its codes are gone.
    owner
        .done(json!({"type": "delete_room", "room": "plans"}))
        .await;
    let (code, _) = refused(&mut taker, accept(&good)).await;
    assert_eq!(code, "not_found");
}

#[tokio::test]
async fn limits_are_said_in_words() {
    let limits = [
        ("limits.invites_per_room", "2"),
        ("limits.rooms_per_user", "1"),
    ];
    let cluster = Cluster::start_with(2, &limits).await;
    let mut owner = Raw::hello(&cluster.nodes[0], "owner").await;
    made(&mut owner, "plans", "private").await;
    let code_of = code(&mut owner, "plans", Some(1)).await;
    code(&mut owner, "plans", None).await;
    let more = json!({"type": "create_invite", "room": "plans"});
    let (conflict, words) = refused(&mut owner, more).await;
    assert_eq!(conflict, "conflict");
    assert!(words.contains("limits.invites_per_room"), "{words}");

    let mut guest = Raw::hello(&cluster.nodes[1], "guest").await;
    guest.join(&room("lobby"), None).await;
    let (conflict, words) = refused(&mut guest, accept(&code_of)).await;
    assert_eq!(conflict, "conflict");
    assert!(words.contains("limits.rooms_per_user"), "{words}");
    guest.done(json!({"type": "leave", "room": "lobby"})).await;
    guest.done(accept(&code_of)).await;
}

#[tokio::test]
async fn one_of_two_has_the_last_use() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::to_port(redis.port()).unwrap();
    proxy.delay(Duration::from_millis(1), Duration::from_millis(2));
    let rate = [
        ("limits.user_rate", "100000"),
        ("limits.user_burst", "100000"),
        ("limits.send_rate", "100000"),
        ("limits.send_burst", "100000"),
    ];
    let mut cluster = Cluster::over(redis, 1, &rate).await;
    cluster.add_node_behind(&proxy).await;
    let mut owner = Raw::hello(&cluster.nodes[0], "owner").await;
    let mut near = Raw::hello(&cluster.nodes[0], "near").await;
    let mut far = Raw::hello(&cluster.nodes[1], "far").await;
    made(&mut owner, "r", "private").await;
    let mut won = [0, 0];
    for turn in 0..TIMES {
        let code = code(&mut owner, "r", Some(1)).await;
        let asked_far = far.say(accept(&code)).await;
        if turn % 4 != 0 {
            tokio::time::sleep(Duration::from_micros(turn % 17 * 3000)).await;
        }
        let asked_near = near.say(accept(&code)).await;
        let answers = [near.answer(asked_near).await, far.answer(asked_far).await];
        let came_in = answers.iter().filter(|answer| answer["type"] == "ok");
        assert_eq!(came_in.count(), 1, "{answers:?}");
        assert!(answers.iter().any(|answer| answer["code"] == "not_found"));
        let winner = usize::from(answers[1]["type"] == "ok");
        won[winner] += 1;
        let members = owner.done(json!({"type": "members", "room": "r"})).await;
        assert_eq!(members["count"], 2, "the owner and who came in");
        let raw = [&mut near, &mut far].into_iter().nth(winner).unwrap();
        raw.done(json!({"type": "leave", "room": "r"})).await;
        for raw in [&mut owner, &mut near, &mut far] {
            raw.unasked.clear();
        }
    }
    assert!(won[0] > 0 && won[1] > 0, "both won sometimes: {won:?}");
}
