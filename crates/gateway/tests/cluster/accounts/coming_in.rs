//! Registering, logging in and staying.

use rookery_client::{HelloError, RawConnection};
use serde_json::{Value, json};

use super::{PASSWORD, Person, ask, code, get, log_in, refresh};
use crate::support::{Cluster, Node, Raw, SECRET, SOON, claims, room, sign, soon};

#[tokio::test]
async fn whoever_registers_on_one_node_is_known_on_the_others() {
    let cluster = Cluster::start(2).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let anna = Person::register(one, "Anna Müller").await;
    assert!(anna.id.starts_with("u_"), "{anna:?}");
    let raw = anna.connect(other).await;
    assert_eq!(
        raw.welcome["user"],
        json!({"id": anna.id, "name": "Anna Müller"})
    );

    // As it looks, whatever it is made of.
    for name in ["anna müller", "ANNA MU\u{308}LLER"] {
        let again = Person::log_in(other, name).await;
        assert_eq!(again.id, anna.id);
        assert_ne!(again.refresh, anna.refresh);
    }
    for name in ["ANNA MÜLLER", "Anna Mü11er"] {
        let body = json!({"name": name, "password": PASSWORD});
        let (status, answer) = ask(other, "POST", "accounts", "", &body).await;
        assert_eq!((status, code(&answer)), (409, "conflict"), "{name}");
    }
    let (status, answer) = get(one, "sessions", &anna.access).await;
    assert_eq!(status, 200, "{answer}");
    let sessions = answer["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    let current: Vec<_> = sessions.iter().filter(|it| it["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["client"], "test/1");
    assert_eq!(current[0]["address"], "127.0.0.1");
}

#[tokio::test]
async fn what_does_not_let_in_is_told_in_one_form() {
    let node = Node::start(&[]).await;
    let anna = Person::register(&node, "Anna").await;
    let mut answers = Vec::new();
    for (name, password) in [("Anna", "wrong horse"), ("Nobody", PASSWORD), ("", "")] {
        let (status, answer) = log_in(&node, name, password).await;
        assert_eq!((status, code(&answer)), (401, "unauthenticated"));
        answers.push(answer);
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    for (name, password) in [
        ("Anna\u{200b}", PASSWORD),
        ("Аnnа", PASSWORD), // half of it Cyrillic
        ("B", PASSWORD),
        ("all", PASSWORD),
        ("Berta", "short"),
        ("Berta", &"x".repeat(1025)),
    ] {
        let body = json!({"name": name, "password": password});
        let (status, answer) = ask(&node, "POST", "accounts", "", &body).await;
        assert_eq!((status, code(&answer)), (400, "bad_request"), "{name:?}");
    }
    for body in [json!({}), json!([]), json!({"name": "Anna", "password": 7})] {
        let (status, answer) = ask(&node, "POST", "sessions", "", &body).await;
        assert_eq!((status, code(&answer)), (400, "bad_request"), "{body}");
    }
    for token in ["", "x", &format!("{}0", anna.refresh), &anna.access] {
        let (status, answer) = refresh(&node, token).await;
        assert_eq!((status, code(&answer)), (401, "unauthenticated"), "{token}");
    }
    let (status, _) = get(&node, "me", &anna.refresh).await;
    assert_eq!(status, 401, "a refresh token is no access token");
}

#[tokio::test]
async fn nobody_else_gets_an_id_of_an_account() {
    let node = Node::start(&[]).await;
    let forged = sign("HS256", SECRET, &claims("u_forged", 600));
    let mut connection = RawConnection::connect(&node.ws(), SOON).await.unwrap();
    let refused = soon("an answer", connection.hello(&forged, "test")).await;
    assert!(matches!(
        refused,
        Err(HelloError::Closed { code: 4501, .. })
    ));
    let anna = Person::register(&node, "Anna").await;
    let mut made_up = claims(&anna.id, 600);
    made_up["rookery_sid"] = "l_0000000000000007".into();
    let made_up = sign("HS256", SECRET, &made_up);
    let (status, _) = get(&node, "me", &made_up).await;
    assert_eq!(status, 401, "there is no such session");
}

#[tokio::test]
async fn a_guest_who_registers_stays_who_they_were() {
    let cluster = Cluster::start_with(2, &[("auth.guests", "true")]).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let (_, guest) = ask(one, "POST", "guest", "", &json!({"name": "Gast"})).await;
    let token = guest["token"].as_str().unwrap();
    let mut raw = Raw::open(other).await;
    soon("welcome", raw.connection.hello(token, "test"))
        .await
        .unwrap();
    raw.join(&room("general"), None).await;

    let body = json!({"name": "Anna", "password": PASSWORD});
    let (status, answer) = ask(one, "POST", "accounts", token, &body).await;
    assert_eq!(status, 201, "{answer}");
    let anna = Person::of(&answer);
    assert_eq!(anna.id, guest["user"]["id"].as_str().unwrap());
    // The guest's token has ended; what the client comes back with lets it in.
    assert_eq!(raw.closes(SOON).await, 4005);
    for node in [one, other] {
        let (status, _) = get(node, "me", token).await;
        assert_eq!(status, 401);
    }
    let raw = anna.connect(other).await;
    assert_eq!(raw.welcome["user"]["name"], "Anna");
    assert_eq!(
        raw.welcome["rooms"][0]["room"], "general",
        "memberships stay"
    );

    let (status, answer) = ask(one, "POST", "accounts", &anna.access, &body).await;
    assert_eq!((status, code(&answer)), (409, "conflict"));
    let foreign = sign("HS256", SECRET, &claims("alex", 600));
    let body = json!({"name": "Alex", "password": PASSWORD});
    let (status, answer) = ask(one, "POST", "accounts", &foreign, &body).await;
    assert_eq!((status, code(&answer)), (409, "conflict"));
}

#[tokio::test]
async fn a_refresh_token_gives_the_next_and_its_reuse_ends_the_session() {
    let cluster = Cluster::start_far_away(2, &[]).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let anna = Person::register(one, "Anna").await;
    let mut raw = anna.connect(other).await;
    let (first, second) = tokio::join!(refresh(one, &anna.refresh), refresh(other, &anna.refresh));
    let (first, second) = (Person::of(&first.1), Person::of(&second.1));
    assert_eq!(first.refresh, second.refresh, "tabs race");
    assert_ne!(first.refresh, anna.refresh);
    let answer = raw
        .ask(json!({"type": "renew", "token": first.access}))
        .await;
    assert_eq!(answer["type"], "ok", "{answer}");

    let (status, answer) = refresh(other, &first.refresh).await;
    assert_eq!(status, 200, "{answer}");
    let third = Person::of(&answer);
    // The first one again, whose successor was used.
    let (status, answer) = refresh(one, &anna.refresh).await;
    assert_eq!((status, code(&answer)), (401, "unauthenticated"));
    assert_eq!(raw.closes(SOON).await, 4503);
    for node in [one, other] {
        third.is_refused(node).await;
    }
    let (status, _) = refresh(other, &third.refresh).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn whoever_closes_registration_still_lets_people_in() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let mut node = Node::start(&[("embedded.data", folder), ("embedded.sync", "always")]).await;
    let anna = Person::register(&node, "Anna").await;
    node.kill();
    let closed = [("embedded.data", folder), ("auth.registration", "false")];
    let node = Node::start(&closed).await;
    let body = json!({"name": "Berta", "password": PASSWORD});
    let (status, answer) = ask(&node, "POST", "accounts", "", &body).await;
    assert_eq!((status, code(&answer)), (403, "forbidden"));
    // It is kept in the folder.
    assert_eq!(Person::log_in(&node, "anna").await.id, anna.id);
    let (status, answer) = refresh(&node, &anna.refresh).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = ask(&node, "GET", "me", &anna.access, &Value::Null).await;
    assert_eq!(
        (status, answer["user"]["name"].as_str()),
        (200, Some("Anna"))
    );
}
