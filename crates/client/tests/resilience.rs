//! What a client does when the other side misbehaves: a peer that speaks real
//! WebSocket on loopback and does what a sound node never would.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test says so by failing

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use rookery_client::{Client, ClientError, ClientSettings, Event, Events, GaveUp, Lost};
use rookery_protocol::RoomId;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

const SOON: Duration = Duration::from_secs(10);

/// A place where clients connect to, and whatever a test makes of it.
struct Peer {
    listener: TcpListener,
}

/// One connection as the peer sees it.
struct Connection {
    socket: WebSocketStream<TcpStream>,
}

impl Peer {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener }
    }

    fn settings(&self) -> ClientSettings {
        let address = self.listener.local_addr().unwrap();
        ClientSettings {
            backoff_base: Duration::from_millis(20),
            request_timeout: SOON,
            ..ClientSettings::new([format!("ws://{address}/ws")], "token")
        }
    }

    /// Answers the next connection's request with 503, and says when that was.
    async fn refuse_upgrade(&self, header: &str, body: &str) -> Instant {
        let accepting = timeout(SOON, self.listener.accept());
        let (mut stream, _) = accepting.await.expect("a client comes").unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let byte = timeout(SOON, stream.read_u8()).await;
            request.push(byte.expect("a request comes").unwrap());
        }
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 503 Service Unavailable\r\n{header}content-length: {length}\r\n\r\n{body}"
        );
        let refused = Instant::now();
        stream.write_all(answer.as_bytes()).await.unwrap();
        refused
    }

    /// The next connection, up to its `hello`.
    async fn hello(&self) -> Connection {
        let accepting = timeout(SOON, self.listener.accept());
        let (stream, _) = accepting.await.expect("a client comes").unwrap();
        let socket = accept_async(stream).await.unwrap();
        let mut connection = Connection { socket };
        assert_eq!(connection.read().await["type"], "hello");
        connection
    }

    /// The next connection, welcomed.
    async fn welcome(&self, heartbeat_ms: u64) -> Connection {
        let mut connection = self.hello().await;
        connection
            .say(json!({
                "type": "welcome", "id": 0, "session": "s1", "node": "n1",
                "user": {"id": "u1", "name": "One"}, "server_time": 0, "heartbeat_ms": heartbeat_ms,
                "limits": {"text": 4000, "frame": 16384, "rooms": 500, "catch_up": 1000}, "rooms": [],
            }))
            .await;
        connection
    }
}

impl Connection {
    async fn read(&mut self) -> Value {
        loop {
            let next = timeout(SOON, self.socket.next()).await;
            match next.expect("a frame comes").unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(_) => panic!("closed"),
                _ => {}
            }
        }
    }

    async fn say(&mut self, frame: Value) {
        self.socket
            .send(Message::text(frame.to_string()))
            .await
            .unwrap();
    }

    async fn close(&mut self, code: u16) {
        let close = CloseFrame {
            code: CloseCode::from(code),
            reason: "told so".into(),
        };
        self.socket.send(Message::Close(Some(close))).await.unwrap();
    }

    /// Reads the `join` and answers it with an empty room at `seq`.
    async fn let_in(&mut self, seq: u64) {
        let join = self.read().await;
        assert_eq!(
            (&join["type"], &join["since"]),
            (&json!("join"), &Value::Null)
        );
        let mut room = snapshot(seq);
        room["recovered"] = false.into();
        room["messages"] = json!([]);
        self.say(json!({"type": "ok", "id": join["id"], "room": room}))
            .await;
    }
}

fn room() -> RoomId {
    RoomId::new("general").unwrap()
}

fn snapshot(seq: u64) -> Value {
    json!({
        "room": "general", "kind": "public", "name": "General", "epoch": "e1", "seq": seq,
        "online": [], "online_count": 0,
    })
}

fn message(seq: u64) -> Value {
    json!({
        "type": "message", "room": "general", "seq": seq, "ts": seq,
        "from": {"id": "u1", "name": "One"}, "text": format!("text {seq}"),
    })
}

async fn next(events: &mut Events) -> Event {
    let next = timeout(SOON, events.next()).await;
    next.expect("an event comes").expect("not the end")
}

/// Joins on the client's side while the peer lets it in.
async fn joined(peer: &Peer, client: &Client, events: &mut Events, seq: u64) -> Connection {
    let mut connection = peer.welcome(25_000).await;
    let general = room();
    let (join, ()) = tokio::join!(client.join(&general), connection.let_in(seq));
    assert_eq!(join.unwrap().seq, seq);
    assert!(matches!(
        next(events).await,
        Event::Connected { again: false, .. }
    ));
    assert!(matches!(next(events).await, Event::Snapshot(_)));
    connection
}

/// The numbers of the log events up to `last`; anything else is skipped.
async fn seqs_up_to(events: &mut Events, last: u64) -> Vec<u64> {
    let mut seqs = vec![];
    while seqs.last() != Some(&last) {
        if let Event::Log(event) = next(events).await {
            seqs.push(event.seq);
        }
    }
    seqs
}

#[tokio::test]
async fn a_repeat_is_dropped_and_a_hole_makes_it_resume() {
    let peer = Peer::new().await;
    let (client, mut events) = Client::connect(peer.settings()).unwrap();
    let mut first = joined(&peer, &client, &mut events, 4).await;
    for seq in [5, 5, 4, 6, 8] {
        first.say(message(seq)).await;
    }
    let mut second = peer.welcome(25_000).await;
    let join = second.read().await;
    assert_eq!(join["since"], json!({"epoch": "e1", "seq": 6}));
    let mut room = snapshot(8);
    room["recovered"] = true.into();
    room["events"] = json!([message(7), message(8)]);
    second
        .say(json!({"type": "ok", "id": join["id"], "room": room}))
        .await;
    second.say(message(9)).await;

    assert_eq!(seqs_up_to(&mut events, 6).await, [5, 6]);
    assert!(matches!(
        next(&mut events).await,
        Event::Disconnected(Lost::OutOfSync(_))
    ));
    assert!(matches!(
        next(&mut events).await,
        Event::Connected { again: true, .. }
    ));
    assert_eq!(seqs_up_to(&mut events, 8).await, [7, 8]);
    assert!(matches!(
        next(&mut events).await,
        Event::Resumed { missed: 2, .. }
    ));
    assert_eq!(seqs_up_to(&mut events, 9).await, [9]);
}

/// Joins, and then the log goes on in another epoch: once while the client is
/// there, once while it is away.
#[tokio::test]
async fn a_room_is_followed_into_another_epoch_live_and_when_it_is_resumed() {
    let peer = Peer::new().await;
    let (client, mut events) = Client::connect(peer.settings()).unwrap();
    let mut first = joined(&peer, &client, &mut events, 4).await;
    first.say(message(5)).await;
    let epoch = json!({"type": "epoch", "room": "general", "epoch": "e2", "seq": 5});
    first.say(epoch).await;
    first.say(message(6)).await;
    assert_eq!(seqs_up_to(&mut events, 5).await, [5]);
    let Event::Epoch(new) = next(&mut events).await else {
        panic!("in its place among the events");
    };
    assert_eq!((new.epoch.as_str(), new.seq), ("e2", 5));
    assert_eq!(seqs_up_to(&mut events, 6).await, [6]);
    first.close(4000).await;

    let mut second = peer.welcome(25_000).await;
    let join = second.read().await;
    assert_eq!(join["since"], json!({"epoch": "e2", "seq": 6}));
    let mut room = snapshot(7);
    room["epoch"] = "e3".into();
    room["recovered"] = true.into();
    room["events"] = json!([message(7)]);
    second
        .say(json!({"type": "ok", "id": join["id"], "room": room}))
        .await;
    let Event::Disconnected(_) = next(&mut events).await else {
        panic!("it was closed");
    };
    let Event::Connected { .. } = next(&mut events).await else {
        panic!("it came back");
    };
    let Event::Epoch(new) = next(&mut events).await else {
        panic!("before what was missed");
    };
    assert_eq!((new.epoch.as_str(), new.seq), ("e3", 6));
    assert_eq!(seqs_up_to(&mut events, 7).await, [7]);
    second.close(4000).await;
    let mut third = peer.welcome(25_000).await;
    let join = third.read().await;
    assert_eq!(join["since"], json!({"epoch": "e3", "seq": 7}));
}

#[tokio::test]
async fn a_message_is_sent_again_with_its_nonce_until_it_is_stored() {
    let peer = Peer::new().await;
    let (client, _events) = Client::connect(peer.settings()).unwrap();
    let sending = tokio::spawn(async move { client.send(&room(), "hi").await });

    let mut first = peer.welcome(25_000).await;
    let asked = first.read().await;
    let error = json!({"type": "error", "id": asked["id"], "code": "unavailable",
        "message": "the store is away", "retry_after_ms": 30});
    let refused = Instant::now();
    first.say(error).await;
    let again = first.read().await;
    assert!(
        refused.elapsed() >= Duration::from_millis(30),
        "held back as told"
    );
    assert_eq!(again, asked);
    drop(first); // the answer is lost

    let mut second = peer.welcome(25_000).await;
    let again = second.read().await;
    assert_eq!(again["nonce"], asked["nonce"]);
    second
        .say(json!({"type": "ok", "id": again["id"], "seq": 7, "ts": 9, "duplicate": true}))
        .await;
    let sent = sending.await.unwrap().unwrap();
    assert_eq!((sent.seq, sent.ts, sent.duplicate), (7, 9, true));
    assert_eq!(sent.nonce.as_str(), asked["nonce"]);
}

#[tokio::test]
async fn a_refusal_that_stays_is_told_at_once() {
    let peer = Peer::new().await;
    let (client, _events) = Client::connect(peer.settings()).unwrap();
    let sending = tokio::spawn(async move { client.send(&room(), "hi").await });
    let mut node = peer.welcome(25_000).await;
    let asked = node.read().await;
    node.say(json!({"type": "error", "id": asked["id"], "code": "forbidden", "message": "no"}))
        .await;
    let error = sending.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "refused with forbidden: no");
}

#[tokio::test]
async fn a_silent_node_is_left_and_a_pinging_one_is_not() {
    let peer = Peer::new().await;
    let (_client, mut events) = Client::connect(peer.settings()).unwrap();
    let mut node = peer.welcome(200).await;
    assert!(matches!(next(&mut events).await, Event::Connected { .. }));
    let pinged = Instant::now();
    while pinged.elapsed() < Duration::from_millis(1000) {
        node.socket
            .send(Message::Ping(vec![].into()))
            .await
            .unwrap();
        let answer = timeout(SOON, node.socket.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert!(matches!(answer, Message::Pong(_)));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(events.try_next().is_none(), "still connected");
    let last = Instant::now();
    assert!(matches!(
        next(&mut events).await,
        Event::Disconnected(Lost::Silent)
    ));
    let silent = last.elapsed();
    assert!(
        silent > Duration::from_millis(300) && silent < Duration::from_secs(2),
        "{silent:?}"
    );
}

#[tokio::test]
async fn the_time_that_a_node_names_is_waited() {
    let peer = Peer::new().await;
    let (_client, mut events) = Client::connect(peer.settings()).unwrap();
    let mut node = peer.welcome(25_000).await;
    let told = Instant::now();
    node.say(json!({"type": "reconnect", "after_ms": 400}))
        .await;
    node.close(4000).await;
    let _second = peer.welcome(25_000).await;
    assert!(
        told.elapsed() >= Duration::from_millis(390),
        "{:?}",
        told.elapsed()
    );
    next(&mut events).await;
    let Event::Disconnected(Lost::Closed { code: 4000, .. }) = next(&mut events).await else {
        panic!("the loss is told");
    };
}

#[tokio::test]
async fn told_to_stay_away_it_stays_away_and_says_why() {
    let peer = Peer::new().await;
    let (client, mut events) = Client::connect(peer.settings()).unwrap();
    let mut node = peer.hello().await;
    node.say(
        json!({"type": "error", "id": 0, "code": "unauthenticated", "message": "bad signature"}),
    )
    .await;
    node.close(4501).await;
    let why = GaveUp::Closed {
        code: 4501,
        reason: "bad signature".to_owned(),
    };
    assert!(matches!(next(&mut events).await, Event::GaveUp(told) if told == why));
    assert!(events.next().await.is_none(), "the last event");
    let error = client.send(&room(), "hi").await.unwrap_err();
    assert!(matches!(error, ClientError::GaveUp(told) if told == why));
    let nobody = timeout(Duration::from_millis(300), peer.listener.accept()).await;
    assert!(nobody.is_err(), "it came back");
}

#[tokio::test]
async fn a_node_that_cannot_welcome_just_now_is_asked_again_when_it_said() {
    let peer = Peer::new().await;
    let (_client, mut events) = Client::connect(peer.settings()).unwrap();
    let mut node = peer.hello().await;
    let refused = Instant::now();
    node.say(json!({"type": "error", "id": 0, "code": "unavailable",
        "message": "the store is away", "retry_after_ms": 200}))
        .await;
    let _second = peer.welcome(25_000).await;
    assert!(refused.elapsed() >= Duration::from_millis(200));
    assert!(matches!(
        next(&mut events).await,
        Event::Connected { again: false, .. }
    ));
}

#[tokio::test]
async fn a_refused_upgrade_is_asked_again_when_the_answer_says() {
    let body = r#"{"error":{"code":"unavailable","message":"full","retry_after_ms":700}}"#;
    for (header, body, least) in [
        // The body is the more exact.
        ("retry-after: 60\r\n", body, 700),
        ("retry-after: 1\r\n", "<html>", 1000),
    ] {
        let peer = Peer::new().await;
        let (_client, mut events) = Client::connect(peer.settings()).unwrap();
        let refused = peer.refuse_upgrade(header, body).await;
        let _second = peer.welcome(25_000).await;
        assert!(
            refused.elapsed() >= Duration::from_millis(least),
            "{:?}",
            refused.elapsed()
        );
        assert!(matches!(
            next(&mut events).await,
            Event::Connected { again: false, .. }
        ));
    }
}

#[tokio::test]
async fn when_the_token_ran_out_the_next_connection_has_the_new_one() {
    let peer = Peer::new().await;
    let (client, _events) = Client::connect(peer.settings()).unwrap();
    let mut node = peer.welcome(25_000).await;
    node.close(4005).await;
    let nobody = timeout(Duration::from_millis(300), peer.listener.accept()).await;
    assert!(nobody.is_err(), "the old token is of no use");
    client.set_token("fresh");
    let (stream, _) = timeout(SOON, peer.listener.accept())
        .await
        .unwrap()
        .unwrap();
    let socket = accept_async(stream).await.unwrap();
    assert_eq!(Connection { socket }.read().await["token"], "fresh");
}

#[tokio::test]
async fn a_slow_consumer_stops_the_reading_and_loses_nothing() {
    const MESSAGES: u64 = 100_000;
    let peer = Peer::new().await;
    let settings = ClientSettings {
        event_buffer: 16,
        ..peer.settings()
    };
    let (client, mut events) = Client::connect(settings).unwrap();
    let mut node = joined(&peer, &client, &mut events, 0).await;
    let (told, mut written) = tokio::sync::watch::channel(0);
    tokio::spawn(async move {
        for seq in 1..=MESSAGES {
            node.say(message(seq)).await;
            told.send_replace(seq);
        }
        std::future::pending::<()>().await;
    });
    // The peer comes to a halt: nothing more is written for a while.
    while timeout(Duration::from_millis(300), written.changed())
        .await
        .is_ok()
    {}
    let halted_at = *written.borrow();
    assert!(halted_at < MESSAGES, "what was not consumed is in memory");
    let seqs = seqs_up_to(&mut events, MESSAGES).await;
    assert!(seqs.iter().copied().eq(1..=MESSAGES));
}

#[tokio::test]
async fn close_ends_it_for_all_clones_and_for_those_who_wait() {
    let peer = Peer::new().await;
    let (client, mut events) = Client::connect(peer.settings()).unwrap();
    let waiting = client.clone();
    let waiting = tokio::spawn(async move { waiting.ping().await });
    let mut node = peer.welcome(25_000).await;
    assert_eq!(node.read().await["type"], "ping");
    let closing = tokio::spawn(async move { client.close().await });
    let end = timeout(SOON, node.socket.next()).await.unwrap();
    assert!(matches!(end, Some(Ok(Message::Close(_)))));
    let _ = node.socket.next().await;
    timeout(SOON, closing).await.unwrap().unwrap();
    assert!(matches!(waiting.await.unwrap(), Err(ClientError::Closed)));
    assert!(matches!(next(&mut events).await, Event::Connected { .. }));
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn addresses_that_make_no_sense_are_refused_at_once() {
    for targets in [vec![], vec!["http://127.0.0.1/ws"]] {
        let error = Client::connect(ClientSettings::new(targets, "t")).unwrap_err();
        assert!(matches!(error, ClientError::BadTarget { .. }));
    }
}
