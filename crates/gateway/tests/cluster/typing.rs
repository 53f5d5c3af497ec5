//! Who is writing: told everywhere, kept nowhere.

use serde_json::{Value, json};

use crate::support::{Cluster, Raw, room};

async fn next_typing(raw: &mut Raw) -> Value {
    loop {
        let frame = raw.next().await;
        if frame["type"] == "typing" {
            return frame;
        }
    }
}

#[tokio::test]
async fn typing_is_told_on_every_node_and_leaves_no_trace() {
    let cluster = Cluster::start(2).await;
    let general = room("general");
    let mut alex = Raw::hello(&cluster.nodes[0], "alex").await;
    let mut bea = Raw::hello(&cluster.nodes[1], "bea").await;
    alex.join(&general, None).await;
    bea.join(&general, None).await;
    for on in [true, false] {
        let ok = alex
            .ask(json!({"type": "typing", "room": "general", "on": on}))
            .await;
        assert_eq!(ok["type"], "ok");
        let typing = next_typing(&mut bea).await;
        assert_eq!(
            (&typing["room"], &typing["on"]),
            (&json!("general"), &json!(on))
        );
        assert_eq!(
            typing["user"],
            json!({"id": "alex", "name": "Name of alex"})
        );
        assert!(typing["expires_ms"].as_u64().is_some_and(|ms| ms > 0));
        assert_eq!(typing["seq"], Value::Null);
    }
    let sent = alex
        .ask(json!({"type": "send", "room": "general", "text": "hi"}))
        .await;
    assert_eq!(sent["seq"], 1, "typing took no number");

    let mut outside = Raw::hello(&cluster.nodes[0], "outside").await;
    let refused = outside
        .ask(json!({"type": "typing", "room": "general", "on": true}))
        .await;
    assert_eq!(refused["type"], "error", "{refused}");
}
