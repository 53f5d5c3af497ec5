//! What is for a user and not for a room, on whatever node they are.

use rookery_protocol::{CloseCode, Control, Envelope, bus_message};
use serde_json::value::RawValue;

use crate::support::{Client, LINES, MARKED, Node, Surroundings, run, until, user};

#[test]
fn all_sessions_of_a_user_are_told_on_all_nodes_and_nobody_else() {
    run(async {
        let surroundings = Surroundings::far_away(2, 1);
        let (one, two) = (
            Node::start("n_one", &surroundings).await,
            Node::start("n_two", &surroundings).await,
        );
        let mut here = Client::connect(&one, "anna", LINES).await;
        let mut there = Client::connect(&two, "anna", MARKED).await;
        let mut other = Client::connect(&two, "ben", LINES).await;
        let frame = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let rows = frame(r#"{"type":"rooms","rows":[]}"#);
        one.chat.tell_user(&user("anna").id, &rows).await.unwrap();
        let to_ben = frame(r#"{"type":"rooms","rows":[1]}"#);
        one.chat.tell_user(&user("ben").id, &to_ben).await.unwrap();
        for client in [&mut here, &mut there] {
            assert_eq!(client.next().await["rows"], serde_json::json!([]));
        }
        assert_eq!(other.next().await["rows"], serde_json::json!([1]));
    });
}

#[test]
fn sessions_are_revoked_on_every_node_and_what_is_unknown_is_counted() {
    run(async {
        let surroundings = Surroundings::far_away(2, 1);
        let (one, two) = (
            Node::start("n_one", &surroundings).await,
            Node::start("n_two", &surroundings).await,
        );
        let here = Client::connect(&one, "anna", LINES).await;
        let there = Client::connect(&two, "anna", MARKED).await;
        let other = Client::connect(&two, "ben", LINES).await;
        let user = user("anna").id;
        let control = Control::RevokeSession {
            user,
            session: None,
        };
        let mut payload = br#"{"server_id":"n_new","type":"hologram","data":{}}"#.to_vec();
        payload.push(b'\n');
        payload.extend(bus_message::control_line(Envelope::OPERATOR, &control));
        one.chat.store.publish(payload).await.unwrap();
        let is_closed =
            |client: &Client<'_>| *client.closed.borrow() == Some(CloseCode::SessionRevoked);
        until("both are closed", async || {
            is_closed(&here) && is_closed(&there)
        })
        .await;
        assert_eq!(*other.closed.borrow(), None);
        for node in [&one, &two] {
            assert_eq!(node.chat.metrics.bus_unknown.get(), 1);
        }
    });
}
