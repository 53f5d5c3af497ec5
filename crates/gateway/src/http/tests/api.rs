//! What the API does where all is well.

use serde_json::json;

use super::*;

#[actix_web::test]
async fn a_guest_gets_a_token_that_works() {
    let node = node("").await;
    let answer = ask(&node, post("/api/v1/guest", json!({"name": " Zoe "}))).await;
    assert_eq!(answer.status, 200);
    let json = answer.json();
    assert_eq!(json["user"]["name"], "Zoe");
    let verified = node
        .identity
        .verify(json["token"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        verified.user.id.as_str(),
        json["user"]["id"].as_str().unwrap()
    );
    let expires_at = json["expires_at"].as_u64().unwrap();
    assert_eq!(expires_at + 5_000, verified.expires_at_ms);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn a_message_is_stored_once_and_read_back() {
    let node = node("").await;
    node.make_room("general").await;
    let token = node.token();
    let body = json!({"text": "hi\nall", "nonce": "n1", "meta": {"a": [1]}, "unknown": true, "room": "other", "type": "ping"});
    let write = || post("/api/v1/rooms/general/messages", body.clone()).bearer(&token);

    let first = ask(&node, write()).await;
    assert_eq!(first.status, 201);
    let again = ask(&node, write()).await;
    assert_eq!(again.status, 200);
    assert_eq!(first.json()["seq"], again.json()["seq"]);
    assert_eq!(first.json()["ts"], again.json()["ts"]);
    assert_eq!(
        (&first.json()["duplicate"], &again.json()["duplicate"]),
        (&json!(false), &json!(true))
    );

    let page = ask(&node, get("/api/v1/rooms/general/messages").bearer(&token))
        .await
        .json();
    assert_eq!(page["messages"].as_array().unwrap().len(), 1);
    assert_eq!(page["messages"][0]["text"], "hi\nall");
    assert_eq!(page["messages"][0]["from"]["name"], "Zoe");
    assert_eq!(page["messages"][0]["meta"], json!({"a": [1]}));
    assert_eq!(page["more"], false);
}

#[actix_web::test]
async fn a_page_is_read_from_any_place() {
    let node = node("").await;
    node.make_room("general").await;
    let token = node.token();
    for number in 1..=60 {
        let body = json!({"text": number.to_string()});
        ask(
            &node,
            post("/api/v1/rooms/general/messages", body).bearer(&token),
        )
        .await;
    }
    for (query, first, last, more) in [
        ("", 11, 60, true),
        ("?limit=60", 1, 60, false),
        ("?before=4", 1, 3, false),
        ("?before=40&limit=2", 38, 39, true),
        ("?after=57", 58, 60, false),
        ("?after=10&limit=3", 11, 13, true),
    ] {
        let uri = format!("/api/v1/rooms/general/messages{query}");
        let page = ask(&node, get(&uri).bearer(&token)).await.json();
        let messages = page["messages"].as_array().unwrap();
        let ends =
            [messages.first(), messages.last()].map(|end| end.unwrap()["seq"].as_u64().unwrap());
        assert_eq!(
            (ends, &page["more"]),
            ([first, last], &json!(more)),
            "{query}"
        );
    }
    let around = ask(
        &node,
        get("/api/v1/rooms/general/messages?around=30&limit=5").bearer(&token),
    )
    .await;
    let seqs: Vec<_> = around.json()["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["seq"].clone())
        .collect();
    assert!(seqs.contains(&json!(30)) && seqs.len() == 5, "{seqs:?}");
}

#[actix_web::test]
async fn a_node_is_ready_when_nothing_is_missing() {
    let node = node("").await;
    assert_eq!(ask(&node, get("/healthz")).await.status, 200);

    let answer = ask(&node, get("/readyz")).await;
    assert_eq!(answer.status, 503);
    let missing = answer.json()["missing"].to_string();
    assert!(
        missing.contains("store") && missing.contains("shared channel"),
        "{missing}"
    );

    assert!(!node.chat.health.readiness().set_store_up(true));
    assert!(!node.chat.health.readiness().set_bus_up(true));
    assert_eq!(ask(&node, get("/readyz")).await.status, 200);

    assert!(node.chat.health.readiness().set_bus_up(false));
    assert!(
        ask(&node, get("/readyz")).await.json()["missing"][0]
            .as_str()
            .unwrap()
            .contains("shared channel")
    );
    node.chat.health.readiness().set_bus_up(true);

    assert_eq!(ask(&node, get("/admitz")).await.status, 204);
    node.chat.health.readiness().set_draining();
    let (status, code, message) = ask(&node, get("/admitz")).await.error();
    assert_eq!((status, code.as_str()), (503, "unavailable"));
    assert!(message.contains("draining"), "{message}");
    let answer = ask(&node, get("/readyz")).await;
    assert_eq!(answer.status, 503);
    assert!(
        answer.json()["missing"][0]
            .as_str()
            .unwrap()
            .starts_with("draining")
    );
    assert_eq!(ask(&node, get("/healthz")).await.status, 200);
}
