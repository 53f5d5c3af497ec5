//! Each command's reply and its refusals, without anything that carries them.

use bytes::Bytes;
use rookery_chat::commands::{self, History, Typing};
use rookery_protocol::{
    ErrorCode, RoomId,
    client_frame::{HistoryPage, OneMessage, Request},
};

use crate::support::{Client, LINES, Node, Surroundings, run};

#[test]
fn a_message_is_read_by_its_number() {
    run(async {
        let surroundings = Surroundings::far_away(1, 1);
        let node = Node::start("n_one", &surroundings).await;
        let client = Client::connect(&node, "anna", LINES).await;
        let room = RoomId::new("general").unwrap();
        let find = async |seq| {
            let room = room.clone();
            let arguments = OneMessage { room, seq };
            let request = Request::OneMessage(arguments);
            commands::request(&node.chat, client.caller(), request).await
        };
        let refused = find(1).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::NotFound, "there is no such room");
        client.join(&room, None).await.unwrap();
        for text in ["one", "two"] {
            client.send(&room, text).await.unwrap();
        }
        let found = find(2).await.unwrap().into_bytes(Bytes::from);
        let json: serde_json::Value = serde_json::from_slice(&found).unwrap();
        let message = &json["message"];
        assert_eq!(
            (message["seq"].as_u64(), &message["text"]),
            (Some(2), &"two".into())
        );
        assert!(node.chat.answers.bytes() > 0, "it counts until it is taken");
        drop(found);
        for seq in [0, 3, u64::MAX] {
            let refused = find(seq).await.unwrap_err();
            assert_eq!(refused.code, ErrorCode::NotFound, "{seq}");
        }
        assert_eq!(node.chat.answers.bytes(), 0);
    });
}

#[test]
fn a_page_counts_until_its_claim_is_let_go() {
    run(async {
        let surroundings = Surroundings::far_away(1, 1);
        let node = Node::start("n_one", &surroundings).await;
        let client = Client::connect(&node, "anna", LINES).await;
        let room = RoomId::new("general").unwrap();
        client.join(&room, None).await.unwrap();
        for _ in 0..5 {
            client.send(&room, "text").await.unwrap();
        }
        let arguments = History {
            room: room.clone(),
            page: HistoryPage::Before(5),
            limit: 3,
        };
        let page = commands::history(&node.chat, client.caller(), &arguments).await;
        let page = page.unwrap();
        let seqs: Vec<_> = page.messages.iter().map(|event| event.seq).collect();
        assert_eq!((seqs, page.more), (vec![2, 3, 4], true));
        assert!(node.chat.answers.bytes() > 0);
        drop(page);
        assert_eq!(node.chat.answers.bytes(), 0);
    });
}

#[test]
fn only_who_joined_is_seen_typing() {
    run(async {
        let surroundings = Surroundings::far_away(1, 1);
        let node = Node::start("n_one", &surroundings).await;
        let client = Client::connect(&node, "anna", LINES).await;
        let mut other = Client::connect(&node, "ben", LINES).await;
        let room = RoomId::new("general").unwrap();
        other.join(&room, None).await.unwrap();
        let arguments = Typing {
            room: room.clone(),
            on: true,
        };
        let typing = || commands::typing(&node.chat, client.caller(), &client.session, &arguments);
        let refused = typing().await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Forbidden);
        client.join(&room, None).await.unwrap();
        typing().await.unwrap();
        assert_eq!(other.next_of("typing").await["user"]["id"], "anna");
    });
}

#[test]
fn whoever_asks_too_much_is_no_caller() {
    run(async {
        let surroundings = Surroundings::far_away(1, 1);
        let node = Node::start("n_one", &surroundings).await;
        let client = Client::connect(&node, "anna", LINES).await;
        let user = &client.session.user().id;
        let many = node.chat.settings.limits.user_burst as usize;
        let charge = || rookery_chat::Paid::charge(&node.chat, user);
        let paid = (0..10 * many).map_while(|_| charge().ok()).count();
        assert!(paid >= many - 10 && paid < 2 * many, "{paid}");
        let refused = (0..100).find_map(|_| charge().err()).unwrap();
        assert_eq!(refused.code, ErrorCode::RateLimited);
    });
}
