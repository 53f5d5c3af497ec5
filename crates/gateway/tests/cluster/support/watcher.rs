//! A connection without a client's comfort: what a node really sends, frame by
//! frame, repeats and holes included.

use std::time::Duration;

use rookery_client::{ConnectionError, RawConnection, Received};
use rookery_protocol::RoomId;
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use super::{Entry, Node, SOON, soon, token};

/// A connection to ask and hear by hand.
pub(crate) struct Raw {
    pub(crate) connection: RawConnection,
    /// What `hello` was answered with, once it was said.
    pub(crate) welcome: Value,
    last_id: u64,
    /// What came while an answer was waited for.
    pub(crate) unasked: Vec<Value>,
}

impl Raw {
    /// Connects and says `hello`.
    pub(crate) async fn hello(node: &Node, user: &str) -> Self {
        let mut raw = Self::open(node).await;
        let token = token(user);
        let welcome = raw.connection.hello(&token, "test");
        let welcome = soon("welcome", welcome).await.unwrap();
        raw.welcome = serde_json::to_value(welcome).unwrap();
        raw
    }

    /// Connects and says nothing.
    pub(crate) async fn open(node: &Node) -> Self {
        let connection = RawConnection::connect(&node.ws(), SOON).await.unwrap();
        Self::over(connection)
    }

    pub(crate) fn over(connection: RawConnection) -> Self {
        Self {
            connection,
            welcome: Value::Null,
            last_id: 0,
            unasked: vec![],
        }
    }

    /// Sends a frame, giving it an id.
    pub(crate) async fn say(&mut self, mut frame: Value) -> u64 {
        self.last_id += 1;
        frame["id"] = self.last_id.into();
        self.connection.send(frame.to_string()).await.unwrap();
        self.last_id
    }

    /// Sends a frame and waits for what answers it: `ok`, `error` or `pong`.
    pub(crate) async fn ask(&mut self, frame: Value) -> Value {
        let id = self.say(frame).await;
        self.answer(id).await
    }

    /// Asks for what is done: gives the answer.
    pub(crate) async fn done(&mut self, frame: Value) -> Value {
        let answer = self.ask(frame.clone()).await;
        assert_eq!(answer["type"], "ok", "{frame} → {answer}");
        answer
    }

    /// Asks for what is refused: gives the code.
    pub(crate) async fn refused(&mut self, frame: Value) -> String {
        let answer = self.ask(frame.clone()).await;
        assert_eq!(answer["type"], "error", "{frame} → {answer}");
        answer["code"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn answer(&mut self, id: u64) -> Value {
        // Answers need not come in the order of the questions.
        if let Some(at) = self.unasked.iter().position(|frame| frame["id"] == id) {
            return self.unasked.remove(at);
        }
        loop {
            let frame = self.frame().await;
            if frame["id"] == id {
                return frame;
            }
            self.unasked.push(frame);
        }
    }

    pub(crate) async fn join(&mut self, room: &RoomId, since: Option<Value>) -> Value {
        let answer = self
            .ask(json!({"type": "join", "room": room, "since": since}))
            .await;
        assert_eq!(answer["type"], "ok", "{answer}");
        answer["room"].clone()
    }

    /// The next frame, of those that came earlier first.
    pub(crate) async fn next(&mut self) -> Value {
        if self.unasked.is_empty() {
            return self.frame().await;
        }
        self.unasked.remove(0)
    }

    /// Everything that came so far.
    pub(crate) async fn seen_so_far(&mut self) -> Vec<Value> {
        self.ask(json!({"type": "ping"})).await;
        std::mem::take(&mut self.unasked)
    }

    /// The next message, whatever comes before it.
    pub(crate) async fn message(&mut self) -> Value {
        self.next_of("message").await
    }

    /// The next frame of a type, whatever comes before it.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        soon(kind, async {
            loop {
                let frame = self.next().await;
                if frame["type"] == kind {
                    return frame;
                }
            }
        })
        .await
    }

    /// The next frame of each of these types, in any order, as they came, to
    /// the byte; others are passed over.
    pub(crate) async fn texts_of<const N: usize>(&mut self, kinds: [&str; N]) -> [String; N] {
        let mut texts = kinds.map(|_| String::new());
        while texts.iter().any(String::is_empty) {
            match soon("frames", self.connection.next()).await.unwrap() {
                Received::Text(text) => {
                    let kind = |kind: &&str| text.starts_with(&format!(r#"{{"type":"{kind}","#));
                    if let Some(at) = kinds.iter().position(kind) {
                        texts[at] = text.to_string();
                    }
                }
                Received::Alive => {}
                Received::Closed { code, reason } => panic!("closed with {code}: {reason}"),
            }
        }
        texts
    }

    async fn frame(&mut self) -> Value {
        loop {
            match soon("a frame", self.connection.next()).await.unwrap() {
                Received::Text(text) => return serde_json::from_str(&text).unwrap(),
                Received::Alive => {}
                Received::Closed { code, reason } => panic!("closed with {code}: {reason}"),
            }
        }
    }

    /// The close code, whatever comes before it.
    pub(crate) async fn closes(&mut self, within: Duration) -> u16 {
        let closing = async {
            loop {
                match self.connection.next().await {
                    Ok(Received::Closed { code, .. }) => return code,
                    Ok(Received::Text(text)) => {
                        self.unasked.push(serde_json::from_str(&text).unwrap())
                    }
                    Ok(Received::Alive) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        };
        match timeout(within, closing).await {
            Ok(code) => code,
            Err(_) => panic!("not closed within {within:?}"),
        }
    }
}

/// What a watcher saw.
#[derive(Debug, Default, Clone)]
pub(crate) struct Watched {
    pub(crate) log: Vec<Entry>,
    /// The nonces of the messages, in order.
    pub(crate) nonces: Vec<Option<String>>,
    /// Presence frames: user, status, count.
    pub(crate) presence: Vec<(String, String, u64)>,
    /// The `after_ms` of a `reconnect`.
    pub(crate) reconnect: Option<u64>,
    pub(crate) closed: Option<u16>,
}

impl Watched {
    /// What was heard of a user: `online` or `offline`, in order.
    pub(crate) fn of_user(&self, user: &str) -> Vec<&str> {
        let of_user = self.presence.iter().filter(|(id, _, _)| id == user);
        of_user.map(|(_, status, _)| status.as_str()).collect()
    }

    /// Who was heard leaving, in order.
    pub(crate) fn left(&self) -> Vec<&str> {
        let left = self.presence.iter();
        let left = left.filter(|(_, status, _)| status == "offline");
        left.map(|(user, _, _)| user.as_str()).collect()
    }
}

/// Reads one room on one connection to its end.
pub(crate) struct Watcher {
    seen: watch::Receiver<Watched>,
}

impl Watcher {
    pub(crate) async fn join(node: &Node, user: &str, room: &RoomId) -> Self {
        let mut raw = Raw::hello(node, user).await;
        raw.join(room, None).await;
        Self::of(raw)
    }

    /// Reads on where a connection was left.
    pub(crate) fn of(raw: Raw) -> Self {
        let (told, seen) = watch::channel(Watched::default());
        tokio::spawn(watch(raw, told));
        Self { seen }
    }

    pub(crate) fn seen(&self) -> Watched {
        self.seen.borrow().clone()
    }

    pub(crate) fn log(&self) -> Vec<Entry> {
        self.seen.borrow().log.clone()
    }

    pub(crate) async fn until(&mut self, what: &str, condition: impl Fn(&Watched) -> bool) {
        let waiting = timeout(SOON, self.seen.wait_for(|seen| condition(seen))).await;
        let happened = matches!(waiting, Ok(Ok(_)));
        drop(waiting);
        if !happened {
            let mut seen = self.seen();
            let length = seen.log.len();
            seen.log.drain(..length.saturating_sub(3));
            seen.nonces.clear();
            panic!("{what}: not within {SOON:?}; {length} events, the last: {seen:?}");
        }
    }

    pub(crate) async fn reaches(&mut self, seq: u64) {
        self.until(&format!("watching up to {seq}"), |seen| {
            seen.log.last().is_some_and(|(last, _)| *last >= seq)
        })
        .await;
    }
}

async fn watch(mut raw: Raw, told: watch::Sender<Watched>) {
    for frame in std::mem::take(&mut raw.unasked) {
        told.send_modify(|seen| note(seen, &frame));
    }
    loop {
        match raw.connection.next().await {
            Ok(Received::Text(text)) => {
                let frame = serde_json::from_str(&text).unwrap();
                told.send_modify(|seen| note(seen, &frame));
            }
            Ok(Received::Alive) => {}
            Ok(Received::Closed { code, .. }) => {
                return told.send_modify(|seen| seen.closed = Some(code));
            }
            Err(ConnectionError::Broken(_)) => {
                return told.send_modify(|seen| seen.closed = Some(1006));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn note(seen: &mut Watched, frame: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match frame["type"].as_str() {
        Some("message") => {
            seen.log
                .push((frame["seq"].as_u64().unwrap(), text(&frame["text"])));
            seen.nonces.push(frame["nonce"].as_str().map(str::to_owned));
        }
        Some("presence") => seen.presence.push((
            text(&frame["user"]["id"]),
            text(&frame["status"]),
            frame["online_count"].as_u64().unwrap(),
        )),
        Some("reconnect") => seen.reconnect = frame["after_ms"].as_u64(),
        _ => {}
    }
}
