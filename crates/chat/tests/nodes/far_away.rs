//! Two nodes whose Redis is far away, answers out of step and is cut off.

use std::time::Duration;

use rookery_chat::commands;
use rookery_protocol::{ErrorCode, RoomId};

use crate::support::{Client, LINES, MARKED, Node, Surroundings, run, until};

#[test]
fn commands_of_a_session_count_in_their_order() {
    run(async {
        let surroundings = Surroundings::far_away(15, 10);
        let node = Node::start("n_one", &surroundings).await;
        let room = RoomId::new("general").unwrap();
        let mut client = Client::connect(&node, "anna", LINES).await;
        // Each is polled once in this order, and then all go on together.
        let leave = || commands::leave(&node.chat, client.caller(), &client.session, &room);
        let (first, left, second) =
            tokio::join!(biased; client.join(&room, None), leave(), client.join(&room, None));
        let refused = first.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Conflict, "left before it was done");
        left.unwrap();
        second.unwrap();
        client.send(&room, "here").await.unwrap();
        assert_eq!(client.texts(1..=1).await, ["here"]);
        let rooms = node.chat.store.rooms_of(&client.session.user().id).await;
        assert_eq!(rooms.unwrap().len(), 1, "the last word was to join");
    });
}

#[test]
fn a_redis_that_is_cut_off_loses_and_repeats_nothing() {
    run(async {
        let surroundings = Surroundings::far_away(3, 3);
        let (one, two) = (
            Node::start("n_one", &surroundings).await,
            Node::start("n_two", &surroundings).await,
        );
        let room = RoomId::new("general").unwrap();
        let writer = Client::connect(&one, "writer", LINES).await;
        writer.join(&room, None).await.unwrap();
        let mut reader = Client::connect(&two, "reader", MARKED).await;
        reader.join(&room, None).await.unwrap();
        let mut acknowledged = 0;
        for round in 0..60 {
            if round % 20 == 10 {
                surroundings.network.cut();
            }
            match writer.send(&room, &format!("round {round}")).await {
                Ok(stored) => acknowledged = stored.seq,
                Err(refusal) => {
                    assert_eq!(refusal.code, ErrorCode::Unavailable, "{refusal:?}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
        assert!(acknowledged > 0);
        // Numbers without a hole and without a repeat; what failed may have been stored.
        let texts = reader.texts(1..=acknowledged).await;
        assert_eq!(texts.len() as u64, acknowledged);
    });
}

#[test]
fn presence_is_told_once_where_all_tabs_of_a_user_come_and_go() {
    run(async {
        let surroundings = Surroundings::far_away(15, 10);
        let (one, two) = (
            Node::start("n_one", &surroundings).await,
            Node::start("n_two", &surroundings).await,
        );
        let room = RoomId::new("general").unwrap();
        let mut watcher = Client::connect(&one, "watcher", LINES).await;
        watcher.join(&room, None).await.unwrap();
        let tabs = [
            Client::connect(&two, "anna", LINES).await,
            Client::connect(&two, "anna", MARKED).await,
        ];
        for tab in &tabs {
            tab.join(&room, None).await.unwrap();
        }
        let came = async {
            loop {
                let told = watcher.next_of("presence").await;
                if told["user"]["id"] == "anna" {
                    break told;
                }
            }
        };
        assert_eq!(came.await["status"], "online");
        drop(tabs);
        let told = watcher.next_of("presence").await;
        assert_eq!(
            (&told["user"]["id"], &told["status"]),
            (&"anna".into(), &"offline".into())
        );
        until("nobody but the watcher is online", async || {
            let online = one.chat.store.online(&room).await;
            online.is_ok_and(|online| online.count == 1)
        })
        .await;
        assert_eq!(two.chat.connected.counts(), (0, 0));
    });
}
