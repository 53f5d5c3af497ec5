//! Somebody who does not read is closed and comes back whole; others notice nothing.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use rookery_client::{RawConnection, Received};
use serde_json::{Value, json};
use tokio::{
    net::TcpSocket,
    time::{sleep, timeout},
};

use crate::support::{Cluster, Node, Raw, SOON, Watcher, client, room, soon, token};

/// Says hello over a socket for which the kernel keeps little.
async fn narrow(node: &Node, user: &str) -> Raw {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(node.address()).await.unwrap();
    let mut connection = RawConnection::upgrade(stream, &node.ws(), &[])
        .await
        .unwrap();
    connection.hello(&token(user), "test").await.unwrap();
    Raw::over(connection)
}

#[tokio::test]
async fn a_stalled_reader_is_closed_and_resumes_whole_and_others_notice_nothing() {
    let settings = [
        ("limits.outbox_bytes", "65536"),
        ("limits.catch_up", "10000"),
    ];
    let cluster = Cluster::start_with(2, &settings).await;
    let general = room("general");
    let node = &cluster.nodes[0];
    let mut stalled = narrow(node, "stalled").await;
    let epoch = stalled.join(&general, None).await["epoch"].clone();
    let mut watcher = Watcher::join(node, "watcher", &general).await;

    // More than any kernel keeps for one socket of the loopback.
    let author = client([&cluster.nodes[1]], "author");
    let text = "x".repeat(3900);
    let mut slowest = Duration::ZERO;
    for seq in 1..=2000 {
        let sent = Instant::now();
        author.send(&general, text.as_str()).await.unwrap();
        watcher.reaches(seq).await;
        slowest = slowest.max(sent.elapsed());
        if seq % 50 == 0 && node.log().contains("too slow a reader") {
            break;
        }
    }
    assert!(
        slowest < Duration::from_secs(4),
        "others had to wait {slowest:?}"
    );

    let (log, code) = read_to_the_end(&mut stalled).await;
    assert_eq!(code, 4002);
    let last = *log.last().unwrap();
    let head = watcher.log().last().unwrap().0;
    assert!(
        log.iter().copied().eq(1..=last),
        "what it got was in order: {log:?}"
    );
    assert!(last < head, "it was not robbed without being told");

    let mut again = Raw::hello(&cluster.nodes[1], "stalled").await;
    let resumed = again
        .join(&general, Some(json!({"epoch": epoch, "seq": last})))
        .await;
    assert_eq!(resumed["recovered"], true);
    let missed: Vec<_> = resumed["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(seq_of)
        .collect();
    assert!(
        missed.iter().copied().eq(last + 1..=head),
        "{} events",
        missed.len()
    );
}

#[tokio::test]
async fn who_was_spared_presence_is_told_who_is_there_once_it_has_read() {
    let cluster = Cluster::start_with(1, &[("limits.outbox_bytes", "1000000")]).await;
    let (general, node) = (room("general"), &cluster.nodes[0]);
    let mut slow = narrow(node, "slow").await;
    slow.join(&general, None).await;
    let mut watcher = Watcher::join(node, "watcher", &general).await;
    let author = client([node], "author");
    let text = "x".repeat(3900);
    // So much waits for it that it is spared what can be spared, but not too much.
    while node.metric("rookery_outbox_bytes").await < 600_000.0 {
        for _ in 0..20 {
            author.send(&general, text.as_str()).await.unwrap();
        }
    }
    let mut ben = Raw::hello(node, "ben").await;
    ben.join(&general, None).await;
    watcher
        .until("ben online", |seen| seen.of_user("ben") == ["online"])
        .await;
    let names = loop {
        let told = soon("who is there", slow.next()).await;
        if told["type"] == "presence" && told["online"].is_array() {
            let online = told["online"].as_array().unwrap().clone();
            break online;
        }
    };
    let names: Vec<_> = names
        .iter()
        .map(|user| user["id"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"ben"), "{names:?}");
}

fn seq_of(event: &Value) -> u64 {
    event["seq"].as_u64().unwrap()
}

/// The numbers of the messages that still come, and the close code.
async fn read_to_the_end(raw: &mut Raw) -> (Vec<u64>, u16) {
    let mut log = vec![];
    loop {
        match soon("the end", raw.connection.next()).await.unwrap() {
            Received::Text(text) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == "message" {
                    log.push(seq_of(&frame));
                }
            }
            Received::Alive => {}
            Received::Closed { code, .. } => return (log, code),
        }
    }
}

/// Asks for answers without end and never reads one.
#[tokio::test]
async fn who_asks_without_reading_costs_no_memory() {
    let node = Node::start(&[("limits.outbox_bytes", "65536")]).await;
    let general = room("general");
    let author = client([&node], "author");
    author.join(&general).await.unwrap();
    for _ in 0..100 {
        author.send(&general, "x".repeat(3900)).await.unwrap();
    }
    let before = node.resident_kib();
    let mut greedy = vec![];
    for _ in 0..20 {
        greedy.push(narrow(&node, "greedy").await);
    }
    // 400 KB for each of up to 20 times 2,000 requests, if all were kept: 16 GB.
    let history =
        json!({"type": "history", "id": 1, "room": "general", "before": 1000, "limit": 100});
    for raw in &mut greedy {
        for _ in 0..2000 {
            let asking = raw.connection.send(history.to_string());
            if timeout(Duration::from_millis(50), asking).await.is_err() {
                break;
            }
        }
    }
    let grown = node.resident_kib().saturating_sub(before);
    assert!(grown < 100 * 1024, "{grown} KiB more");
    let asked = Instant::now();
    assert!(timeout(SOON, author.ping()).await.unwrap().is_ok());
    assert!(asked.elapsed() < Duration::from_secs(5));
}

/// The numbers of pages that so many connections ask for without reading them.
async fn ask_for_pages(raw: &mut Raw, pages: usize) {
    let page = json!({"type": "history", "id": 1, "room": "general", "before": 1000, "limit": 200});
    for _ in 0..pages {
        raw.connection.send(page.to_string()).await.unwrap();
    }
}

#[tokio::test]
async fn who_takes_nothing_for_long_is_closed_and_who_takes_a_little_is_not() {
    let settings = [("limits.stalled_ms", "2000"), ("heartbeat_ms", "500")];
    let node = Node::start(&settings).await;
    let general = room("general");
    let author = client([&node], "author");
    author.join(&general).await.unwrap();
    for _ in 0..200 {
        author.send(&general, "x".repeat(3900)).await.unwrap();
    }
    let mut stalled = narrow(&node, "stalled").await;
    let mut slow = narrow(&node, "slow").await;
    // More than any kernel keeps for one socket of the loopback.
    ask_for_pages(&mut stalled, 20).await;
    ask_for_pages(&mut slow, 20).await;
    let reading = tokio::spawn(async move {
        let mut pages = 0;
        while pages < 20 {
            match soon("a page", slow.connection.next()).await.unwrap() {
                Received::Text(_) => pages += 1,
                Received::Alive => continue,
                Received::Closed { code, reason } => panic!("closed with {code}: {reason}"),
            }
            sleep(Duration::from_millis(250)).await;
        }
        slow
    });
    let closed = async {
        while !node.log().contains("user=stalled") {
            sleep(Duration::from_millis(50)).await;
        }
    };
    soon("the stalled one being closed", closed).await;
    assert!(node.log().contains("too slow a reader"), "{}", node.log());
    assert_eq!(stalled.closes(SOON).await, 4002);
    let mut slow = soon("the slow one reading to the end", reading)
        .await
        .unwrap();
    assert_eq!(slow.ask(json!({"type": "ping"})).await["type"], "pong");
}
