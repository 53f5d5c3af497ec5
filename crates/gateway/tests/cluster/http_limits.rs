//! What one user or one address may do, whatever way they come in, and what
//! plain HTTP may take of a node.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::support::{Node, Raw, get, request, room, soon, token};

/// A request with a JSON body, seen by the node as from `address`.
fn post(path: &str, token: Option<&str>, address: &str, body: &Value) -> String {
    let body = body.to_string();
    let bearer = token.map_or(String::new(), |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: {address}\r\n{bearer}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const MESSAGES: &str = "/api/v1/rooms/general/messages";

async fn error_of(node: &Node, text: &str) -> (u16, Value) {
    let (status, body) = request(node.address(), text).await.unwrap();
    let json: Value = serde_json::from_str(&body).unwrap();
    (status, json["error"].clone())
}

#[tokio::test]
async fn one_user_has_one_allowance_for_sockets_and_http_together() {
    let settings = [("limits.user_rate", "1"), ("limits.user_burst", "20")];
    let node = Node::start(&settings).await;
    let mut one = Raw::hello(&node, "alex").await;
    let mut two = Raw::hello(&node, "alex").await;
    one.join(&room("general"), None).await;
    let mut refused = 0;
    for number in 0..10 {
        for raw in [&mut one, &mut two] {
            let frame = json!({"type": "send", "room": "general", "text": number.to_string()});
            let answer = raw.ask(frame).await;
            if answer["type"] == "error" {
                assert_eq!(answer["code"], "rate_limited");
                refused += 1;
            }
        }
    }
    assert!(
        refused >= 1,
        "both connections together sent more than one may"
    );
    let write = post(
        MESSAGES,
        Some(&token("alex")),
        "192.0.2.1",
        &json!({"text": "by HTTP"}),
    );
    let (status, error) = error_of(&node, &write).await;
    assert_eq!((status, &error["code"]), (429, &json!("rate_limited")));
    assert!(error["retry_after_ms"].as_u64().is_some());
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("limits.user_rate"), "{message}");
    // Somebody else is not held up by it.
    let other = post(
        MESSAGES,
        Some(&token("bea")),
        "192.0.2.1",
        &json!({"text": "hi"}),
    );
    assert_eq!(request(node.address(), &other).await.unwrap().0, 201);
}

#[tokio::test]
async fn a_hello_costs_and_may_be_said_again_on_the_same_connection() {
    let settings = [("limits.user_rate", "2"), ("limits.user_burst", "2")];
    let node = Node::start(&settings).await;
    let (_one, _two) = (
        Raw::hello(&node, "alex").await,
        Raw::hello(&node, "alex").await,
    );
    let mut three = Raw::open(&node).await;
    let mut refused = 0;
    let welcome = soon("a hello that is let through", async {
        loop {
            let answer = three
                .ask(json!({"type": "hello", "token": token("alex")}))
                .await;
            if answer["type"] == "welcome" {
                return answer;
            }
            assert_eq!(answer["code"], "rate_limited", "{answer}");
            refused += 1;
            let wait = answer["retry_after_ms"].as_u64().unwrap();
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    })
    .await;
    assert_eq!(welcome["user"]["id"], "alex");
    assert!(refused > 0);
}

#[tokio::test]
async fn guests_are_counted_by_address() {
    let node = Node::start(&[
        ("auth.guests", "true"),
        ("auth.guests_per_minute", "5"),
        ("http.trusted_proxies", "127.0.0.1"),
    ])
    .await;
    let guest = |address: &str| post("/api/v1/guest", None, address, &json!({"name": "Zoe"}));
    for _ in 0..5 {
        let (status, _) = request(node.address(), &guest("192.0.2.1")).await.unwrap();
        assert_eq!(status, 200);
    }
    let (status, error) = error_of(&node, &guest("192.0.2.1")).await;
    assert_eq!((status, &error["code"]), (429, &json!("rate_limited")));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("auth.guests_per_minute"), "{message}");
    let (status, _) = request(node.address(), &guest("192.0.2.2")).await.unwrap();
    assert_eq!(status, 200, "another address has its own");
    // One customer's IPv6 addresses count as one.
    for number in 0..5 {
        let address = format!("2001:db8::{number}");
        let (status, _) = request(node.address(), &guest(&address)).await.unwrap();
        assert_eq!(status, 200);
    }
    let (status, _) = error_of(&node, &guest("2001:db8::ffff")).await;
    assert_eq!(status, 429);
}

#[tokio::test]
async fn who_tries_tokens_is_held_up_by_every_way_in() {
    let settings = [
        ("limits.stranger_rate", "1"),
        ("limits.stranger_burst", "3"),
    ];
    let node = Node::start(&settings).await;
    for _ in 0..2 {
        let mut raw = Raw::open(&node).await;
        let answer = raw.ask(json!({"type": "hello", "token": "guessed"})).await;
        assert_eq!(answer["code"], "unauthenticated");
    }
    let guess = post(
        MESSAGES,
        Some("guessed"),
        "192.0.2.1",
        &json!({"text": "x"}),
    );
    let mut statuses = vec![];
    for _ in 0..3 {
        statuses.push(request(node.address(), &guess).await.unwrap().0);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    let upgrade = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let (status, error) = error_of(&node, upgrade).await;
    assert_eq!((status, &error["code"]), (429, &json!("rate_limited")));
}

/// Requests whose bodies do not end.
async fn unfinished(node: &Node, count: usize, token: &str, bytes: usize) -> Vec<TcpStream> {
    let mut open = vec![];
    for _ in 0..count {
        let mut stream = TcpStream::connect(node.address()).await.unwrap();
        let head = format!(
            "POST {MESSAGES} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            bytes + 1
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // A node that has refused already may have closed.
        let _ = stream.write_all(&vec![b' '; bytes]).await;
        open.push(stream);
    }
    open
}

async fn status_of(mut stream: TcpStream) -> u16 {
    let mut answer = vec![];
    // Reset behind the answer where not all that was sent was read.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

#[tokio::test]
async fn unfinished_bodies_are_bounded_in_bytes_and_in_time() {
    let node = Node::start(&[
        ("http.body_ms", "1500"),
        ("http.all_bodies_bytes", "1000000"),
    ])
    .await;
    let open = unfinished(&node, 40, &token("alex"), 100_000).await;
    let mut statuses = vec![];
    for stream in open {
        statuses.push(soon("an answer to half a body", status_of(stream)).await);
    }
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert!(count(408) >= 1, "some were waited for: {statuses:?}");
    assert!(count(503) >= 20, "and most were too many: {statuses:?}");
    assert_eq!(count(408) + count(503), statuses.len(), "{statuses:?}");
    // What they held is given back.
    Raw::hello(&node, "alex")
        .await
        .join(&room("general"), None)
        .await;
    let whole = post(
        MESSAGES,
        Some(&token("alex")),
        "192.0.2.1",
        &json!({"text": "whole"}),
    );
    assert_eq!(request(node.address(), &whole).await.unwrap().0, 201);
}

#[tokio::test]
async fn a_stranger_gets_no_body_read() {
    let node = Node::start(&[("auth.guests", "true")]).await;
    let before = node.resident_kib();
    let open = unfinished(&node, 300, "no token", 200_000).await;
    for stream in open {
        let status = soon("an answer to a stranger", status_of(stream)).await;
        assert!([401, 429].contains(&status), "{status}");
    }
    let grown = node.resident_kib().saturating_sub(before);
    assert!(grown < 40_000, "{grown} KiB more");
}

#[tokio::test]
async fn a_guest_cannot_send_more_than_a_name() {
    let node = Node::start(&[("auth.guests", "true")]).await;
    let long = post(
        "/api/v1/guest",
        None,
        "192.0.2.1",
        &json!({"name": "x".repeat(5_000)}),
    );
    let (status, error) = error_of(&node, &long).await;
    assert_eq!((status, &error["code"]), (413, &json!("too_large")));
}

#[tokio::test]
async fn connections_of_plain_http_have_a_number() {
    let node = Node::start(&[("http.connections", "5")]).await;
    let mut idle = vec![];
    for _ in 0..5 {
        let mut stream = TcpStream::connect(node.address()).await.unwrap();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        idle.push(stream);
    }
    let (status, body) = get(node.address(), "/healthz").await.unwrap();
    assert_eq!(status, 503);
    assert!(body.contains("http.connections"), "{body}");
    // A socket is no plain HTTP.
    Raw::hello(&node, "alex").await;
    drop(idle);
    soon("a place that is free again", async {
        while get(node.address(), "/healthz").await.unwrap().0 != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn pages_that_nobody_takes_are_bounded() {
    // Four pages and a half.
    let settings = [
        ("limits.answer_bytes_per_user", "15000000"),
        ("limits.send_rate", "0"),
    ];
    let node = Node::start(&settings).await;
    let mut writer = Raw::hello(&node, "writer").await;
    writer.join(&room("general"), None).await;
    for number in 0..200 {
        let text = format!("{number} {}", "\u{1F98A}".repeat(3_900));
        let frame = json!({"type": "send", "room": "general", "text": text});
        assert_eq!(writer.ask(frame).await["type"], "ok");
    }
    let head = format!(
        "GET {MESSAGES}?limit=200 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\r\n",
        token("alex")
    );
    let before = node.resident_kib();
    let asked = (0..40).map(|_| async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(node.address()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        soon("the beginning of an answer", stream.read_exact(&mut status))
            .await
            .unwrap();
        (status, stream)
    });
    let (mut unread, mut refused) = (vec![], 0);
    for (status, stream) in futures_util::future::join_all(asked).await {
        match &status {
            b"HTTP/1.1 200" => unread.push(stream),
            b"HTTP/1.1 429" => refused += 1,
            other => panic!("{}", String::from_utf8_lossy(other)),
        }
    }
    assert!(refused >= 30, "{refused} refused");
    let grown = node.resident_kib().saturating_sub(before);
    assert!(grown < 60_000, "{grown} KiB more");
    drop(unread);
    soon("a page is given again", async {
        let path = format!("{MESSAGES}?limit=1");
        let text = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n", token("alex"));
        while request(node.address(), &text).await.unwrap().0 != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}
