//! Bytes on a TCP connection, as wrong as a test wants them.

use std::time::Duration;

use rookery_protocol::RoomId;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{Node, soon, token};

/// The upgrade request of a sound client.
pub(super) fn upgrade_request(node: &Node) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        node.address()
    )
}

/// A frame of a client: its first byte, and a payload that is masked.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(first, payload.len() as u64);
    let mask = [1, 2, 3, 4];
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

/// The head of a masked frame that announces so many bytes, up to the mask.
pub(super) fn head(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..=125 => bytes.push(0x80 | length as u8),
        126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes
}

pub(super) fn hello(user: &str) -> Vec<u8> {
    let hello = json!({"type": "hello", "id": 0, "token": token(user)});
    frame(TEXT, hello.to_string().as_bytes())
}

pub(super) fn join(room: &RoomId) -> Vec<u8> {
    let join = json!({"type": "join", "id": 1, "room": room});
    frame(TEXT, join.to_string().as_bytes())
}

/// FIN and text.
pub(super) const TEXT: u8 = 0x81;

/// A connection on which everything is written by hand.
pub(super) struct Wire {
    pub(super) stream: TcpStream,
}

/// How a connection went on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// A close frame with this code.
    Code(u16),
    /// No close frame: the end of the stream, or a reset.
    Cut,
}

impl Wire {
    /// TCP and nothing more.
    pub(super) async fn connect(node: &Node) -> Self {
        let stream = TcpStream::connect(node.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    /// Up to the answer of the upgrade.
    pub(super) async fn upgraded(node: &Node) -> Self {
        let mut wire = Self::connect(node).await;
        wire.write(upgrade_request(node).as_bytes()).await;
        let mut answer = vec![];
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(soon("the upgrade", wire.stream.read_u8()).await.unwrap());
        }
        assert!(
            answer.starts_with(b"HTTP/1.1 101 "),
            "{}",
            String::from_utf8_lossy(&answer)
        );
        wire
    }

    /// Up to `welcome`.
    pub(super) async fn welcomed(node: &Node, user: &str) -> Self {
        let mut wire = Self::upgraded(node).await;
        wire.write(&hello(user)).await;
        let (first, payload) = wire.frame().await.expect("a welcome");
        assert_eq!(first, TEXT);
        let text = String::from_utf8(payload).unwrap();
        assert!(text.contains(r#""type":"welcome""#), "{text}");
        wire
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) {
        soon("writing", self.stream.write_all(bytes)).await.unwrap();
    }

    /// Writes as much as is taken; false when the other side hung up.
    pub(super) async fn try_write(&mut self, bytes: &[u8]) -> bool {
        soon("writing", self.stream.write_all(bytes)).await.is_ok()
    }

    /// The next frame of the node: its first byte and its payload; `None` at the end.
    pub(super) async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let reading = async {
            let first = self.stream.read_u8().await?;
            let length = match self.stream.read_u8().await? {
                126 => u64::from(self.stream.read_u16().await?),
                127 => self.stream.read_u64().await?,
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut payload).await?;
            std::io::Result::Ok((first, payload))
        };
        soon("a frame", reading).await.ok()
    }

    /// The next text, as JSON; pings are passed over.
    pub(super) async fn json(&mut self) -> serde_json::Value {
        loop {
            let (first, payload) = self.frame().await.expect("a frame");
            if first == TEXT {
                return serde_json::from_slice(&payload).unwrap();
            }
        }
    }

    /// How it ends, whatever comes before.
    pub(super) async fn ending(&mut self) -> Ending {
        while let Some((first, payload)) = self.frame().await {
            if first == 0x88 {
                let code = payload
                    .get(..2)
                    .map_or(1005, |code| u16::from_be_bytes([code[0], code[1]]));
                return Ending::Code(code);
            }
        }
        Ending::Cut
    }

    /// Whether the node hangs up within this time.
    pub(super) async fn is_hung_up(&mut self, within: Duration) -> bool {
        let reading = async {
            let mut bytes = [0; 1024];
            while matches!(self.stream.read(&mut bytes).await, Ok(1..)) {}
        };
        timeout(within, reading).await.is_ok()
    }
}
