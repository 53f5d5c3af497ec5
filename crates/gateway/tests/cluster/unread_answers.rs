//! What clients ask for and do not take is bounded: for a connection, for a
//! user, for the node. Whoever takes their answers gets them all the same.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use rookery_client::RawConnection;
use serde_json::{Value, json};
use tokio::{net::TcpSocket, time::sleep};

use crate::support::{Cluster, Node, Raw, room, soon, token};

const MIB: usize = 1024 * 1024;

/// A text of the greatest length, of characters of four bytes.
fn large_text() -> String {
    "\u{1d11e}".repeat(4000)
}

/// Says hello over a socket for which the kernel keeps little.
async fn narrow(node: &Node, user: &str) -> Raw {
    let socket = TcpSocket::new_v4().unwrap();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(any).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(node.address()).await.unwrap();
    let connection = RawConnection::upgrade(stream, &node.ws(), &[]).await;
    let mut connection = connection.unwrap();
    let token = token(user);
    soon("welcome", connection.hello(&token, "test"))
        .await
        .unwrap();
    Raw::over(connection)
}

/// A room with so many messages of 16 KB; gives its epoch.
async fn filled(node: &Node, name: &str, messages: usize) -> Value {
    let mut author = Raw::hello(node, "author").await;
    let epoch = author.join(&room(name), None).await["epoch"].clone();
    let mut left = messages;
    while left > 0 {
        let many = left.min(20);
        let mut sent = vec![];
        for _ in 0..many {
            let send = json!({"type": "send", "room": name, "text": large_text()});
            sent.push(author.say(send).await);
        }
        for id in sent {
            assert_eq!(author.answer(id).await["type"], "ok");
        }
        author.unasked.clear();
        left -= many;
    }
    epoch
}

fn page(name: &str, limit: u32) -> Value {
    json!({"type": "history", "room": name, "before": 1_000_000, "limit": limit})
}

/// The largest of a figure for some seconds.
async fn most_of(node: &Node, name: &str) -> usize {
    let mut most = 0.0;
    for _ in 0..30 {
        most = node.metric(name).await.max(most);
        sleep(Duration::from_millis(100)).await;
    }
    most as usize
}

/// Asks again for as long as it is worth it.
async fn ask_patiently(raw: &mut Raw, frame: Value) -> Value {
    loop {
        let answer = raw.ask(frame.clone()).await;
        match answer["retry_after_ms"].as_u64() {
            Some(ms) => sleep(Duration::from_millis(ms)).await,
            None => return answer,
        }
    }
}

#[tokio::test]
async fn pages_that_nobody_reads_are_bounded_and_do_not_keep_others_out() {
    let node = Node::start(&[("limits.answer_bytes", "50331648")]).await;
    filled(&node, "general", 200).await;
    let before = node.resident_kib();
    // 8 pages of 3.2 MB for each of 40: 1 GB.
    let mut greedy = vec![];
    for number in 0..40 {
        let mut raw = narrow(&node, &format!("greedy-{number}")).await;
        for _ in 0..8 {
            raw.say(page("general", 200)).await;
        }
        greedy.push(raw);
    }
    let most = most_of(&node, "rookery_answer_bytes").await;
    assert!(most > 10 * MIB, "only {most} bytes of answers");
    assert!(most <= 52 * MIB, "{most} bytes of answers");
    let grown = node.resident_kib().saturating_sub(before);
    assert!(grown < 250 * 1024, "{grown} KiB more");

    let mut reader = Raw::hello(&node, "reader").await;
    let page = soon("a page", ask_patiently(&mut reader, page("general", 200))).await;
    assert_eq!(page["messages"].as_array().unwrap().len(), 200);
    drop(greedy);
    let given_back = async {
        while node.metric("rookery_answer_bytes").await > 0.0 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    soon("all bytes being given back", given_back).await;
}

#[tokio::test]
async fn snapshots_that_nobody_reads_are_bounded_and_a_large_one_is_delivered() {
    let settings = [("limits.answer_bytes", "67108864")];
    let cluster = Cluster::start_with(2, &settings).await;
    let [home, other] = &cluster.nodes[..] else {
        unreachable!()
    };
    let epoch = filled(home, "general", 1000).await;
    let since = |seq: usize| json!({"epoch": epoch, "seq": seq});
    // On the node that has followed the room, and on one that has not.
    for node in [home, other] {
        let before = node.resident_kib();
        // Each another 16 MB.
        let mut greedy = vec![];
        for number in 0..40 {
            let mut raw = narrow(node, &format!("greedy-{number}")).await;
            let join = json!({"type": "join", "room": "general", "since": since(number)});
            raw.say(join).await;
            greedy.push(raw);
        }
        let most = most_of(node, "rookery_answer_bytes").await;
        assert!(most > 10 * MIB, "only {most} bytes of answers");
        assert!(most <= 80 * MIB, "{most} bytes of answers");
        let grown = node.resident_kib().saturating_sub(before);
        assert!(grown < 400 * 1024, "{grown} KiB more");

        let mut reader = Raw::hello(node, "reader").await;
        let join = json!({"type": "join", "room": "general", "since": since(0)});
        let joined = soon("the snapshot", ask_patiently(&mut reader, join)).await;
        assert_eq!(joined["room"]["recovered"], true);
        assert_eq!(joined["room"]["events"].as_array().unwrap().len(), 1000);
    }
}

#[tokio::test]
async fn a_user_waits_for_what_their_other_connections_do_not_take() {
    let settings = [
        ("limits.answer_bytes_per_user", "8388608"),
        ("limits.answer_bytes_per_connection", "4194304"),
    ];
    let node = Node::start(&settings).await;
    filled(&node, "general", 200).await;
    let mut stalled = vec![];
    for _ in 0..10 {
        let mut raw = narrow(&node, "alex").await;
        for _ in 0..3 {
            raw.say(page("general", 200)).await;
        }
        stalled.push(raw);
    }
    let most = most_of(&node, "rookery_answer_bytes").await;
    assert!(
        (3 * MIB..=12 * MIB).contains(&most),
        "{most} bytes of answers"
    );

    let mut own = Raw::hello(&node, "alex").await;
    let refused = own.ask(page("general", 200)).await;
    assert_eq!(refused["code"], "rate_limited", "{refused}");
    let words = refused["message"].as_str().unwrap();
    assert!(words.contains("limits.answer_bytes_per_user"), "{words}");
    assert!(refused["retry_after_ms"].as_u64().unwrap() > 0);
    let mut other = Raw::hello(&node, "bea").await;
    let page_of_other = other.ask(page("general", 200)).await;
    assert_eq!(page_of_other["messages"].as_array().unwrap().len(), 200);

    drop(stalled);
    let answer = soon("a page", ask_patiently(&mut own, page("general", 200))).await;
    assert_eq!(answer["messages"].as_array().unwrap().len(), 200);
}

/// No further page is read for a connection that has enough to take.
#[tokio::test]
async fn a_connection_has_so_much_read_for_it_and_gets_everything() {
    let settings = [("limits.answer_bytes_per_connection", "1048576")];
    let node = Node::start(&settings).await;
    filled(&node, "general", 200).await;
    let mut raw = narrow(&node, "alex").await;
    let mut asked = vec![];
    for _ in 0..12 {
        asked.push(raw.say(page("general", 200)).await);
    }
    let most = most_of(&node, "rookery_answer_bytes").await;
    // What the kernel takes at once is gone from here.
    assert!(most <= 8 * MIB, "{most} bytes of answers");
    for id in asked {
        let page = raw.answer(id).await;
        assert_eq!(page["messages"].as_array().unwrap().len(), 200);
    }
    assert_eq!(raw.ask(json!({"type": "ping"})).await["type"], "pong");
    assert_eq!(node.metric("rookery_answer_bytes").await, 0.0);
}
