//! The public rooms, as somebody finds them on another node.

use serde_json::{Value, json};

use crate::support::{Cluster, Raw, call_api, room, soon};

#[tokio::test]
async fn public_rooms_are_found_page_by_page() {
    let cluster = Cluster::start(2).await;
    let mut owner = Raw::hello(&cluster.nodes[0], "owner").await;
    for number in 0..5 {
        let frame = json!({"type": "create_room", "kind": "public", "room": format!("talk-{number}"),
            "name": format!("Gespräch {number}"), "description": "words"});
        owner.done(frame).await;
    }
    let private = json!({"type": "create_room", "kind": "private", "room": "talk-secret"});
    owner.done(private).await;
    owner.join(&room("talk-1"), None).await;

    let mut seeker = Raw::hello(&cluster.nodes[1], "seeker").await;
    let mut found = Vec::new();
    let mut frame = json!({"type": "directory", "limit": 2});
    loop {
        let page = seeker.done(frame.clone()).await;
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
            let (status, page) =
                call_api(&cluster.nodes[1], "seeker", "GET", query, &Value::Null).await;
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
        let (status, _) = call_api(
            &cluster.nodes[1],
            "seeker",
            "GET",
            &format!("rooms?{query}"),
            &Value::Null,
        )
        .await;
        assert_eq!(status, 400, "{query}");
    }
    let ban = json!({"type": "ban", "room": "talk-1", "user": "seeker"});
    owner.done(ban).await;
    let (_, page) = call_api(&cluster.nodes[1], "seeker", "GET", "rooms", &Value::Null).await;
    assert_eq!(page["rooms"].as_array().unwrap().len(), 4, "{page}");
}
