//! The public rooms, as somebody finds them on another node.

use serde_json::{Value, json};

use crate::support::{Cluster, Node, Raw, request, room, soon, token};

async fn by_http(node: &Node, user: &str, path: &str) -> (u16, Value) {
    let head = format!(
        "GET /api/v1/{path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        token(user),
    );
    let (status, body) = request(node.address(), &head).await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or_default())
}

async fn done(raw: &mut Raw, frame: Value) -> Value {
    let answer = raw.ask(frame.clone()).await;
    assert_eq!(answer["type"], "ok", "{frame} → {answer}");
    answer
}

#[tokio::test]
async fn public_rooms_are_found_page_by_page() {
    let cluster = Cluster::start(2).await;
    let mut owner = Raw::hello(&cluster.nodes[0], "owner").await;
    for number in 0..5 {
        let frame = json!({"type": "create_room", "kind": "public", "room": format!("talk-{number}"),
            "name": format!("Gespräch {number}"), "description": "words"});
        done(&mut owner, frame).await;
    }
    let private = json!({"type": "create_room", "kind": "private", "room": "talk-secret"});
    done(&mut owner, private).await;
    owner.join(&room("talk-1"), None).await;

    let mut seeker = Raw::hello(&cluster.nodes[1], "seeker").await;
    let mut found = Vec::new();
    let mut frame = json!({"type": "directory", "limit": 2});
    loop {
        let page = done(&mut seeker, frame.clone()).await;
        let rooms = page["rooms"].as_array().unwrap();
        found.extend(rooms.iter().map(|row| row["room"].clone()));
        if page["next"].is_null() {
            break;
        }
        frame["after"] = page["next"].clone();
    }
    found.sort_by_key(ToString::to_string);
    let wanted: Vec<_> = (0..5)
        .map(|number| json!(format!("talk-{number}")))
        .collect();
    assert_eq!(found, wanted);

    soon("the owner is seen there", async {
        let query = "rooms?q=GESPR%C3%84CH%201";
        loop {
            let (status, page) = by_http(&cluster.nodes[1], "seeker", query).await;
            assert_eq!(status, 200, "{page}");
            let row = &page["rooms"][0];
            assert_eq!(
                (&row["room"], &row["description"], &row["members"]),
                (&json!("talk-1"), &json!("words"), &json!(1))
            );
            assert!(row["last_ts"].as_u64() > Some(0), "{row}");
            if row["online"] == 1 {
                break;
            }
        }
    })
    .await;
    for query in ["after=x", "limit=0", "limit=201"] {
        let (status, _) = by_http(&cluster.nodes[1], "seeker", &format!("rooms?{query}")).await;
        assert_eq!(status, 400, "{query}");
    }
    let ban = json!({"type": "ban", "room": "talk-1", "user": "seeker"});
    done(&mut owner, ban).await;
    let (_, page) = by_http(&cluster.nodes[1], "seeker", "rooms").await;
    assert_eq!(page["rooms"].as_array().unwrap().len(), 4, "{page}");
}
