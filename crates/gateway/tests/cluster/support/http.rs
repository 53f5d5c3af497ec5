//! Just enough of HTTP to ask a node something.

use std::{io, net::SocketAddr, time::Duration};

use rookery_protocol::RoomId;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{Node, token};

/// The status and the body of a GET.
pub(crate) async fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    request(
        address,
        &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"),
    )
    .await
}

/// The latest page of a room's messages, as HTTP has it.
pub(crate) async fn latest_messages(node: &Node, room: &RoomId) -> Value {
    let asked = format!(
        "GET /api/v1/rooms/{room}/messages?limit=200 HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\n\r\n",
        node.address(),
        token("backend"),
    );
    let (status, body) = request(node.address(), &asked).await.unwrap();
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// Writes a request as it is and reads the answer to its end.
pub(crate) async fn request(address: SocketAddr, request: &str) -> io::Result<(u16, String)> {
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        io::Result::Ok(answer)
    };
    let answer = timeout(Duration::from_secs(10), asking)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok((status.ok_or(io::ErrorKind::InvalidData)?, body.to_owned()))
}

/// The status and the answer of a request to the API by a user, with this body if it is not null.
pub(crate) async fn call_api(
    node: &Node,
    user: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let head = format!(
        "{method} /api/v1/{path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        token(user),
        body.len(),
    );
    let (status, body) = request(node.address(), &head).await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or_default())
}

/// The status and the answer of a message that a backend posts.
pub(crate) async fn post_message(node: &Node, room: &str, body: &str) -> (u16, Value) {
    let (address, token, length) = (node.address(), token("backend"), body.len());
    let head = format!(
        "POST /api/v1/rooms/{room}/messages HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    let answered = request(address, &format!("{head}{body}")).await;
    let (status, body) = answered.unwrap();
    (status, serde_json::from_str(&body).unwrap())
}
