//! One message by its number, by a socket and by HTTP: the same words either way.

use serde_json::{Value, json};

use crate::support::{Cluster, Node, Raw, request, room, token};

async fn by_http(node: &Node, path: &str) -> (u16, Value) {
    let head = format!(
        "GET /api/v1/rooms/{path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        token("anna")
    );
    let (status, body) = request(node.address(), &head).await.unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn it_is_given_as_it_was_told_and_what_is_not_there_is_not_found() {
    let cluster = Cluster::start(2).await;
    let mut anna = Raw::hello(&cluster.nodes[0], "anna").await;
    anna.join(&room("general"), None).await;
    for text in ["one", "two", "three"] {
        let send = json!({"type": "send", "room": "general", "text": text});
        assert_eq!(anna.ask(send).await["type"], "ok");
    }
    let told = loop {
        let told = anna.message().await;
        if told["seq"] == 2 {
            break told;
        }
    };
    for node in &cluster.nodes {
        let mut other = Raw::hello(node, "ben").await;
        let ask = json!({"type": "message", "room": "general", "seq": 2});
        let ok = other.ask(ask).await;
        assert_eq!((&ok["type"], &ok["message"]), (&json!("ok"), &told));
        let (status, body) = by_http(node, "general/messages/2").await;
        assert_eq!((status, &body), (200, &json!({"message": told})));
        for (seq, where_from) in [(0, "general"), (4, "general"), (1, "nowhere")] {
            let ask = json!({"type": "message", "room": where_from, "seq": seq});
            let error = other.ask(ask).await;
            assert_eq!(error["code"], "not_found", "{error}");
            let (status, body) = by_http(node, &format!("{where_from}/messages/{seq}")).await;
            let refused = (status, &body["error"]["message"]);
            assert_eq!(refused, (404, &error["message"]), "the same words");
        }
    }
    let error = anna
        .ask(json!({"type": "message", "room": "general"}))
        .await;
    assert_eq!(error["message"], "missing field `seq`");
    let (status, _) = by_http(&cluster.nodes[0], "general/messages/two").await;
    assert_eq!(status, 400);
}
