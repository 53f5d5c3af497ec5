//! Members on different wires are told the same, each in its own way.

use rookery_protocol::RoomId;

use crate::support::{Client, LINES, MARKED, Node, Surroundings, run};

#[test]
fn all_are_told_everything_in_order_and_it_is_made_once_for_each_wire() {
    run(async {
        let surroundings = Surroundings::far_away(2, 2);
        let (one, two) = (
            Node::start("n_one", &surroundings).await,
            Node::start("n_two", &surroundings).await,
        );
        let room = RoomId::new("general").unwrap();
        let mut members = Vec::new();
        for (number, (node, wire)) in [(&one, LINES), (&one, MARKED), (&two, MARKED)]
            .into_iter()
            .cycle()
            .take(9)
            .enumerate()
        {
            let client = Client::connect(node, &format!("u{number}"), wire).await;
            client.join(&room, None).await.unwrap();
            members.push(client);
        }
        let mut texts = Vec::new();
        for number in 0..20 {
            let text = format!("message {number}");
            members[number % 9].send(&room, &text).await.unwrap();
            texts.push(text);
        }
        for member in &mut members {
            assert_eq!(member.texts(1..=20).await, texts);
        }
        assert_eq!(one.told_on_lines.events(), 20);
        assert_eq!(one.told_on_marked.events(), 20);
        assert_eq!(two.told_on_lines.events(), 0, "nobody there is on it");
        assert_eq!(two.told_on_marked.events(), 20);
    });
}

#[test]
fn what_was_missed_comes_on_the_wire_of_who_comes() {
    run(async {
        let surroundings = Surroundings::far_away(1, 1);
        let node = Node::start("n_one", &surroundings).await;
        let room = RoomId::new("general").unwrap();
        let writer = Client::connect(&node, "writer", LINES).await;
        writer.join(&room, None).await.unwrap();
        for number in 0..3 {
            let text = format!("message {number}");
            writer.send(&room, &text).await.unwrap();
        }
        for wire in [LINES, MARKED] {
            let mut reader = Client::connect(&node, "reader", wire).await;
            reader.join(&room, None).await.unwrap();
            let reply = reader.next_of("ok").await;
            let shown = reply["room"]["messages"].as_array().unwrap();
            assert_eq!(shown.len(), 3, "{reply}");
        }
    });
}
