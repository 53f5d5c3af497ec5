//! Finding people, and hearing nothing of some.

use serde_json::{Value, json};

use super::{Person, ask, code, get};
use crate::support::{Cluster, Raw, room, token};

fn names(answer: &Value) -> Vec<&str> {
    let users = answer["users"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer}"));
    users
        .iter()
        .map(|user| user["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn people_are_found_on_whatever_node_they_came_in() {
    let cluster = Cluster::start(2).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let anna = Person::register(one, "Anna").await;
    for name in ["Annabel", "Ben"] {
        Person::register(one, name).await;
    }
    // Somebody whom a backend vouches for, once they were in a room.
    Raw::hello(one, "alex")
        .await
        .join(&room("general"), None)
        .await;
    let said = json!({"display": "A.", "avatar": "a.png", "meta": {"a": 1}, "hide_receipts": true});
    ask(one, "PATCH", "me", &anna.access, &said).await;

    let (_, answer) = get(other, "users?q=ANN", &anna.access).await;
    assert_eq!(names(&answer), ["Anna", "Annabel"]);
    let (_, first) = get(other, "users?limit=3", &anna.access).await;
    assert_eq!(names(&first), ["Anna", "Annabel", "Ben"]);
    let next = format!("users?limit=3&after={}", first["next"].as_str().unwrap());
    let (_, second) = get(other, &next, &anna.access).await;
    assert_eq!(names(&second), ["Name of alex"]);
    assert!(second.get("next").is_none());
    for wrong in [
        "users?after=x",
        "users?limit=0",
        &format!("users?q={}", "x".repeat(65)),
    ] {
        let (status, _) = get(other, wrong, &anna.access).await;
        assert_eq!(status, 400, "{wrong}");
    }
    let (_, answer) = get(other, &format!("users/{}", anna.id), &token("alex")).await;
    let wanted = json!({"user": {"id": anna.id, "name": "Anna"}, "display": "A.",
        "avatar": "a.png", "meta": {"a": 1}});
    assert_eq!(answer, wanted);
    let (status, _) = get(other, "users/nobody", &anna.access).await;
    assert_eq!(status, 404);
    let mut raw = anna.connect(other).await;
    let answer = raw.ask(json!({"type": "users", "q": "ben"})).await;
    assert_eq!(names(&answer), ["Ben"]);
}

#[tokio::test]
async fn two_of_whom_one_has_blocked_the_other_do_not_write_to_each_other() {
    for cluster in [
        Cluster::start(2).await,
        Cluster::start_far_away(2, &[]).await,
    ] {
        let [one, other] = &cluster.nodes[..] else {
            panic!()
        };
        let anna = Person::register(one, "Anna").await;
        let ben = Person::register(one, "Ben").await;
        let carla = Person::register(one, "Carla").await;
        let (mut of_anna, mut of_ben) = (anna.connect(one).await, ben.connect(other).await);
        let open = |user: &Person| json!({"type": "open_direct", "user": user.id});
        let opened = of_anna.ask(open(&ben)).await;
        let dm = opened["room"]["room"].as_str().unwrap().to_owned();
        let send = json!({"type": "send", "room": dm, "text": "hi"});
        assert_eq!(of_ben.ask(send.clone()).await["type"], "ok");

        for blocked in [&ben, &carla] {
            let path = format!("me/blocks/{}", blocked.id);
            let (status, answer) = ask(one, "PUT", &path, &anna.access, &Value::Null).await;
            assert_eq!((status, answer), (200, json!({})));
        }
        for raw in [&mut of_anna, &mut of_ben] {
            let refused = raw.ask(send.clone()).await;
            assert_eq!(refused["code"], "forbidden", "{refused}");
            assert_eq!(refused["message"], "one of you has blocked the other");
        }
        for (raw, user) in [(&mut of_anna, &carla), (&mut of_ben, &anna)] {
            let refused = raw.ask(open(user)).await;
            assert_eq!(refused["code"], "forbidden", "{refused}");
        }
        let history = json!({"type": "history", "room": dm, "before": 10});
        let page = of_ben.ask(history).await;
        assert_eq!(
            page["messages"][0]["text"], "hi",
            "what was written can be read"
        );
        let blocks = of_anna.ask(json!({"type": "blocks"})).await;
        assert_eq!(names(&blocks), ["Ben", "Carla"]);

        // Both have, and one takes it back.
        of_ben.ask(json!({"type": "block", "user": anna.id})).await;
        of_anna
            .ask(json!({"type": "unblock", "user": ben.id}))
            .await;
        assert_eq!(of_anna.ask(send.clone()).await["code"], "forbidden");
        of_ben
            .ask(json!({"type": "unblock", "user": anna.id}))
            .await;
        for raw in [&mut of_anna, &mut of_ben] {
            let answer = raw.ask(send.clone()).await;
            assert_eq!(answer["type"], "ok", "{answer}");
        }
        for (wrong, wanted) in [
            (json!({"type": "block", "user": anna.id}), "bad_request"),
            (json!({"type": "block", "user": "nobody"}), "not_found"),
        ] {
            assert_eq!(of_anna.ask(wrong).await["code"], wanted);
        }
    }
}

#[tokio::test]
async fn so_many_are_blocked_and_no_more() {
    let cluster = Cluster::start_with(1, &[("limits.blocks_per_user", "1")]).await;
    let node = &cluster.nodes[0];
    let anna = Person::register(node, "Anna").await;
    for (name, wanted) in [("Ben", 200), ("Carla", 409)] {
        let other = Person::register(node, name).await;
        let path = format!("me/blocks/{}", other.id);
        let (status, answer) = ask(node, "PUT", &path, &anna.access, &Value::Null).await;
        assert_eq!(status, wanted);
        if status == 409 {
            assert_eq!(code(&answer), "conflict");
        }
    }
}

#[tokio::test]
async fn it_is_told_who_is_there_but_not_to_who_is_blocked() {
    let cluster = Cluster::start(2).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let anna = Person::register(one, "Anna").await;
    let ben = Person::register(one, "Ben").await;
    let mut of_ben = ben.connect(other).await;
    of_ben.join(&room("general"), None).await;
    let asked = json!({"users": [ben.id, anna.id, "nobody"]});
    let status = async |user: &str| {
        let (code, answer) = ask(one, "POST", "users/presence", &anna.access, &asked).await;
        assert_eq!(code, 200, "{answer}");
        let users = answer["users"].as_array().unwrap();
        assert_eq!(users.len(), 3);
        let found = users.iter().find(|it| it["user"]["id"] == user);
        found.unwrap()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&ben.id).await, "online");
    assert_eq!(status(&anna.id).await, "offline");
    assert_eq!(status("nobody").await, "offline");
    of_ben.ask(json!({"type": "block", "user": anna.id})).await;
    assert_eq!(status(&ben.id).await, "offline");
    of_ben
        .ask(json!({"type": "unblock", "user": anna.id}))
        .await;
    assert_eq!(status(&ben.id).await, "online");
    let many: Vec<_> = (0..201).map(|number| number.to_string()).collect();
    let many = json!({"users": many});
    let (status, answer) = ask(one, "POST", "users/presence", &anna.access, &many).await;
    assert_eq!((status, code(&answer)), (400, "bad_request"));
}
