//! What people keep of themselves, and the end of an account.

use std::time::Duration;

use rookery_client::{Client, MeChange};
use serde_json::{Value, json};

use super::{PASSWORD, Person, ask, code, get, log_in};
use crate::support::{Cluster, Raw, SOON, client_settings, room, soon, token};

#[tokio::test]
async fn what_one_says_of_oneself_is_kept() {
    let cluster = Cluster::start(2).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let anna = Person::register(one, "Anna").await;
    let mut raw = anna.connect(other).await;
    let said = json!({"display": "Anna 🐦", "avatar": "https://a.example/a.png",
        "meta": {"colour": 7.50}, "hide_receipts": true, "name": "Anna B"});
    let (status, told) = ask(one, "PATCH", "me", &anna.access, &said).await;
    assert_eq!(status, 200, "{told}");
    let answer = raw.ask(json!({"type": "me"})).await;
    assert_eq!(answer["user"], json!({"id": anna.id, "name": "Anna B"}));
    for field in ["display", "avatar", "meta", "hide_receipts"] {
        assert_eq!(answer[field], said[field]);
        assert_eq!(answer[field], told[field]);
    }
    assert_eq!(answer["account"], true);
    assert!(answer["created_at"].as_u64().is_some());
    let gone = json!({"type": "update_me", "display": null, "avatar": "", "meta": null});
    let answer = raw.ask(gone).await;
    assert_eq!(answer["type"], "ok", "{answer}");
    for field in ["display", "avatar", "meta"] {
        assert!(answer.get(field).is_none(), "{answer}");
    }
    for wrong in [
        json!({"display": "a\nb"}),
        json!({"display": "x".repeat(65)}),
        json!({"meta": [1]}),
        json!({"name": "x"}),
    ] {
        let (status, answer) = ask(one, "PATCH", "me", &anna.access, &wrong).await;
        assert_eq!((status, code(&answer)), (400, "bad_request"), "{wrong}");
    }
    let large = json!({"meta": {"a": "x".repeat(5_000)}});
    let (status, answer) = ask(one, "PATCH", "me", &anna.access, &large).await;
    assert_eq!((status, code(&answer)), (413, "too_large"));
}

#[tokio::test]
async fn who_has_another_name_is_known_by_that_and_the_old_one_waits() {
    let cluster = Cluster::start(2).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let anna = Person::register(one, "Anna").await;
    let ben = Person::register(one, "Ben").await;
    let rename = async |who: &Person, name: &str| {
        ask(other, "PATCH", "me", &who.access, &json!({"name": name})).await
    };
    let (status, answer) = rename(&anna, "BEN").await;
    assert_eq!((status, code(&answer)), (409, "conflict"));
    let mut old = anna.connect(one).await;
    old.join(&room("general"), None).await;
    let mut watcher = ben.connect(other).await;
    watcher.join(&room("general"), None).await;
    let (status, answer) = rename(&anna, "Carla").await;
    assert_eq!((status, &answer["user"]["name"]), (200, &json!("Carla")));
    let (status, answer) = rename(&ben, "Anna").await;
    assert_eq!((status, code(&answer)), (409, "conflict"), "for 30 days");
    assert_eq!(old.closes(SOON).await, 4006);
    let mut raw = anna.connect(one).await;
    let welcomed = &raw.welcome["user"]["name"];
    assert_eq!(welcomed, "Carla", "with the token of before");
    raw.join(&room("general"), None).await;
    // Whoever is in a room with them hears of it.
    soon("the new name", async {
        loop {
            let frame = watcher.next().await;
            if frame["type"] == "presence" && frame["user"]["name"] == "Carla" {
                break;
            }
        }
    })
    .await;
    raw.say(json!({"type": "update_me", "name": "CARLA"})).await;
    assert_eq!(raw.closes(SOON).await, 4006);
    let told = raw.unasked.iter().find(|frame| frame["type"] == "ok");
    assert_eq!(told.unwrap()["user"]["name"], "CARLA", "told first");
    assert_eq!(Person::log_in(one, "carla").await.id, anna.id);
    let (status, _) = log_in(one, "Anna", PASSWORD).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn who_has_no_account_can_say_something_of_themselves_too() {
    let cluster = Cluster::start(1).await;
    let node = &cluster.nodes[0];
    let alex = token("alex");
    let hidden = json!({"hide_receipts": true});
    let (status, answer) = ask(node, "PATCH", "me", &alex, &hidden).await;
    assert_eq!(status, 200, "{answer}");
    let wanted = json!({"user": {"id": "alex", "name": "Name of alex"}, "account": false,
        "hide_receipts": true});
    assert_eq!(answer, wanted);
    let (_, answer) = get(node, "sessions", &alex).await;
    assert_eq!(answer, json!({"sessions": []}));
    for body in [
        json!({"name": "Alex"}),
        json!({"password": "another horse", "current_password": PASSWORD}),
    ] {
        let (status, answer) = ask(node, "PATCH", "me", &alex, &body).await;
        assert_eq!((status, code(&answer)), (409, "conflict"), "{body}");
    }
    let mut raw = Raw::hello(node, "alex").await;
    let answer = raw
        .ask(json!({"type": "delete_me", "password": PASSWORD}))
        .await;
    assert_eq!(answer["code"], "conflict", "{answer}");
}

#[tokio::test]
async fn an_account_that_is_deleted_lets_nobody_in_and_what_was_written_stays() {
    let cluster = Cluster::start(2).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let anna = Person::register(one, "Anna").await;
    let mut raw = anna.connect(other).await;
    raw.join(&room("general"), None).await;
    raw.ask(json!({"type": "send", "room": "general", "text": "hi"}))
        .await;
    let wrong = json!({"password": "wrong horse"});
    let (status, answer) = ask(one, "DELETE", "me", &anna.access, &wrong).await;
    assert_eq!((status, code(&answer)), (403, "forbidden"));
    let (status, answer) = ask(one, "DELETE", "me", &anna.access, &Value::Null).await;
    assert_eq!((status, code(&answer)), (400, "bad_request"));
    let right = json!({"password": PASSWORD});
    let (status, answer) = ask(one, "DELETE", "me", &anna.access, &right).await;
    assert_eq!((status, answer), (200, json!({})));
    assert_eq!(raw.closes(Duration::from_secs(1)).await, 4503);
    for node in [one, other] {
        anna.is_refused(node).await;
        let (status, _) = log_in(node, "Anna", PASSWORD).await;
        assert_eq!(status, 401);
    }
    let body = json!({"name": "Anna", "password": PASSWORD});
    let (status, answer) = ask(other, "POST", "accounts", "", &body).await;
    assert_eq!((status, code(&answer)), (409, "conflict"), "for 30 days");
    let ben = Person::register(one, "Ben").await;
    let (_, page) = get(other, "rooms/general/messages", &ben.access).await;
    assert_eq!(page["messages"][0]["text"], "hi");
}

#[tokio::test]
async fn the_client_knows_where_its_user_is_logged_in_and_what_is_kept_of_them() {
    let cluster = Cluster::start(2).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let (anna, second) = (
        Person::register(one, "Anna").await,
        Person::log_in(one, "Anna").await,
    );
    let connect = |person: &Person, node| {
        let mut settings = client_settings([node], "nobody");
        settings.token.clone_from(&person.access);
        Client::connect(settings).unwrap().0
    };
    let (client, ended) = (connect(&anna, one), connect(&second, other));
    ended.ping().await.unwrap();
    let change = MeChange {
        name: Some("Berta".to_owned()),
        display: Some("B.".to_owned()),
        meta: Some(Some(json!({"a": 1}))),
        ..MeChange::default()
    };
    let me = client.update_me(change).await.unwrap();
    assert_eq!(
        (&*me.user.name, me.display.as_deref()),
        ("Berta", Some("B."))
    );
    assert_eq!(client.me().await.unwrap(), me);
    let sessions = client.sessions().await.unwrap();
    assert_eq!(sessions.len(), 2);
    let of_ended = sessions.iter().find(|session| !session.current).unwrap();
    client.revoke_session(Some(of_ended.id)).await.unwrap();
    let gone = soon("the end", async {
        loop {
            if let Err(error) = ended.ping().await {
                return error;
            }
        }
    });
    let gone = gone.await;
    assert!(gone.to_string().contains("4503"), "{gone}");
    assert_eq!(client.sessions().await.unwrap().len(), 1);
}
