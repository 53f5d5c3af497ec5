//! One socket, without resume or repetition: connect, say, hear. It must never
//! do anything by itself but answer pings.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use rookery_protocol::server_frame::Welcome;
use serde_json::json;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self, Message, Utf8Bytes,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue, Uri},
    },
};

use crate::{ConnectionError, HelloError, frame::Frame};

/// What came from a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A text frame.
    Text(Utf8Bytes),
    /// A ping, already answered, or a pong.
    Alive,
    /// The end of the connection. There is nothing after it.
    Closed {
        /// The close code; 1005 where there was none, 1006 where the socket just ended.
        code: u16,
        /// The node's words.
        reason: String,
    },
}

/// A WebSocket connection as it is. Dropping it drops the socket.
#[derive(Debug)]
pub struct RawConnection {
    socket: WebSocketStream<TcpStream>,
}

impl RawConnection {
    /// Opens a WebSocket to `target` (`ws://host:port/ws`), without a `hello`.
    ///
    /// # Errors
    ///
    /// When the address makes no sense, cannot be reached within `within`, or
    /// the upgrade is refused.
    pub async fn connect(target: &str, within: Duration) -> Result<Self, ConnectionError> {
        Self::connect_with(target, &[], within).await
    }

    /// As [`RawConnection::connect`], with further headers in the upgrade request.
    ///
    /// # Errors
    ///
    /// As there, and when a header is none.
    pub async fn connect_with(
        target: &str,
        headers: &[(&str, &str)],
        within: Duration,
    ) -> Result<Self, ConnectionError> {
        let opening = async {
            let stream = connect_tcp(target, None).await?;
            Self::upgrade(stream, target, headers).await
        };
        let opened = timeout(within, opening).await;
        opened.map_err(|_| ConnectionError::TimedOut(within))?
    }

    /// Asks for the upgrade on a stream that is connected.
    ///
    /// # Errors
    ///
    /// When the upgrade is refused.
    pub async fn upgrade(
        stream: TcpStream,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, ConnectionError> {
        let mut request = target.into_client_request()?;
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).map_err(tungstenite::http::Error::from);
            let value = HeaderValue::try_from(*value).map_err(tungstenite::http::Error::from);
            let name = name.map_err(tungstenite::Error::HttpFormat)?;
            let value = value.map_err(tungstenite::Error::HttpFormat)?;
            request.headers_mut().insert(name, value);
        }
        let (socket, _) = client_async(request, stream).await?;
        Ok(Self { socket })
    }

    /// Says `hello`, as a program that follows rooms into other epochs, and
    /// waits for the answer.
    ///
    /// # Errors
    ///
    /// When there is no `welcome`: the node refuses or closes, or the socket breaks.
    pub async fn hello(&mut self, token: &str, name: &str) -> Result<Welcome, HelloError> {
        let hello = json!({
            "type": "hello", "id": 0, "token": token,
            "version": rookery_protocol::VERSION, "client": name, "epochs": true,
        });
        self.send(hello.to_string()).await?;
        let mut refusal = None;
        loop {
            match self.next().await? {
                Received::Text(text) => match Frame::parse(&text) {
                    Ok(Frame::Welcome(welcome)) => return Ok(*welcome),
                    Ok(Frame::Refused(error)) if error.retry_after_ms.is_some() => {
                        return Err(HelloError::Refused(error));
                    }
                    Ok(Frame::Refused(error)) => refusal = Some(error.message),
                    _ => {}
                },
                Received::Alive => {}
                Received::Closed { code, reason } => {
                    let reason = refusal.unwrap_or(reason);
                    return Err(HelloError::Closed { code, reason });
                }
            }
        }
    }

    /// Writes a text frame.
    ///
    /// # Errors
    ///
    /// When the socket breaks.
    pub async fn send(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), ConnectionError> {
        Ok(self.socket.send(Message::Text(text.into())).await?)
    }

    /// Writes any message, such as a binary one or a ping.
    ///
    /// # Errors
    ///
    /// When the socket breaks.
    pub async fn send_message(&mut self, message: Message) -> Result<(), ConnectionError> {
        Ok(self.socket.send(message).await?)
    }

    /// Puts a text frame into the buffer, to leave with the next [`RawConnection::flush`].
    ///
    /// # Errors
    ///
    /// When the socket breaks.
    pub async fn feed(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), ConnectionError> {
        Ok(self.socket.feed(Message::Text(text.into())).await?)
    }

    /// Writes what is in the buffer.
    ///
    /// # Errors
    ///
    /// When the socket breaks.
    pub async fn flush(&mut self) -> Result<(), ConnectionError> {
        Ok(self.socket.flush().await?)
    }

    /// Waits for the next frame. May be cancelled without losing one.
    ///
    /// # Errors
    ///
    /// When the node breaks RFC 6455; a socket that just ends is [`Received::Closed`] with 1006.
    pub async fn next(&mut self) -> Result<Received, ConnectionError> {
        loop {
            return Ok(match self.socket.next().await {
                Some(Ok(Message::Text(text))) => Received::Text(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => Received::Alive,
                Some(Ok(Message::Binary(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(Some(close)))) => Received::Closed {
                    code: close.code.into(),
                    reason: close.reason.to_string(),
                },
                Some(Ok(Message::Close(None))) => ended(1005, "closed without a code"),
                None => ended(1006, "the socket ended"),
                Some(Err(error)) if is_end(&error) => ended(1006, &error.to_string()),
                Some(Err(error)) => return Err(error.into()),
            });
        }
    }

    /// Closes the connection in the orderly way, waiting at most `within` for the node.
    pub async fn close(mut self, within: Duration) {
        let closing = async {
            if self.socket.close(None).await.is_ok() {
                while !matches!(self.next().await, Ok(Received::Closed { .. }) | Err(_)) {}
            }
        };
        // A node that does not answer in time is left without ceremony.
        let _ = timeout(within, closing).await;
    }

    /// The socket itself.
    pub fn into_inner(self) -> WebSocketStream<TcpStream> {
        self.socket
    }
}

fn ended(code: u16, reason: &str) -> Received {
    Received::Closed {
        code,
        reason: reason.to_owned(),
    }
}

/// Whether an error only says that the other side is gone.
fn is_end(error: &tungstenite::Error) -> bool {
    use tungstenite::{Error, error::ProtocolError};
    matches!(
        error,
        Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_)
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
    )
}

/// Connects the TCP socket of a `ws://` address, without Nagle's delay, from
/// the local address `from` where one is given.
///
/// # Errors
///
/// When the address is no `ws://` one or cannot be reached.
pub async fn connect_tcp(
    target: &str,
    from: Option<SocketAddr>,
) -> Result<TcpStream, ConnectionError> {
    let (host, port) = host_and_port(target)?;
    let stream = match from {
        None => TcpStream::connect((host.as_str(), port)).await?,
        Some(from) => connect_from(from, &host, port).await?,
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn connect_from(from: SocketAddr, host: &str, port: u16) -> std::io::Result<TcpStream> {
    let to = tokio::net::lookup_host((host, port))
        .await?
        .find(|to| to.is_ipv4() == from.is_ipv4())
        .ok_or(std::io::ErrorKind::AddrNotAvailable)?;
    let socket = if from.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.bind(from)?;
    socket.connect(to).await
}

/// Takes an address apart; only `ws://` is spoken here.
pub(crate) fn host_and_port(target: &str) -> Result<(String, u16), ConnectionError> {
    let bad = || ConnectionError::BadTarget(target.to_owned());
    let uri: Uri = target.parse().map_err(|_| bad())?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?;
    if uri.scheme_str() != Some("ws") {
        return Err(bad());
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok((host.to_owned(), uri.port_u16().unwrap_or(80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_or_refused_in_words() {
        let good = |target| host_and_port(target).unwrap();
        assert_eq!(good("ws://127.0.0.1:8080/ws"), ("127.0.0.1".into(), 8080));
        assert_eq!(good("ws://chat.example/ws"), ("chat.example".into(), 80));
        assert_eq!(good("ws://[::1]:81/ws"), ("::1".into(), 81));
        for bad in [
            "",
            "127.0.0.1:8080",
            "http://a/ws",
            "wss://a/ws",
            "ws:///ws",
        ] {
            let error = host_and_port(bad).unwrap_err();
            assert!(
                error.to_string().contains("ws://127.0.0.1:8080/ws"),
                "{bad}"
            );
        }
    }
}
