//! The first bytes of a client's socket.
//!
//! Mostly they are a request for an upgrade, whole. It is answered here, without
//! the buffers, the timers and the task state that actix would make for it only
//! to give them up again. All else goes on to actix as it came: the bytes are
//! looked at first, and taken only where they are understood.

use std::{
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_codec::Decoder;
use actix_http::{
    Request, ServiceConfig,
    h1::{Codec, Message, MessageType},
};
use actix_rt::net::TcpStream;
use actix_service::{Service, ServiceFactory, fn_factory};
use bytes::BytesMut;
use futures_util::future::LocalBoxFuture;
use tokio::{io::ReadBuf, time::timeout};

use super::upgrade;
use crate::{
    node::Node,
    worker::{Worker, read_once},
};

/// The most bytes of a request for an upgrade that is answered here; browsers
/// with large cookies send more.
const MOST_BYTES: usize = 8 * 1024;

/// The end of a request without a body.
const END: &[u8] = b"\r\n\r\n";

/// What is answered to a client that says nothing.
const NOTHING_CAME: &str =
    "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// What is answered where too many connections speak plain HTTP.
fn full(node: &Node) -> String {
    let ms = node.chat.spread.next_ms();
    let body = format!(
        r#"{{"error":{{"code":"unavailable","message":"this node has as many HTTP connections as it may (http.connections)","retry_after_ms":{ms}}}}}"#
    );
    let (length, seconds) = (body.len(), ms.div_ceil(1_000));
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nretry-after: {seconds}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// What is answered where no further file may be opened, before anything is read.
const OUT_OF_FILES: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 5\r\nconnection: close\r\n\r\n";

/// Puts the worker in front of its HTTP service.
pub(crate) fn in_front_of<H>(
    http: H,
    worker: Rc<Worker>,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = H::Error, InitError = H::InitError>
where
    H: ServiceFactory<TcpStream, Config = (), Response = ()>,
    H::Service: 'static,
{
    fn_factory(move || {
        let (worker, making) = (Rc::clone(&worker), http.new_service(()));
        async move {
            Ok(Front {
                worker,
                http: Rc::new(making.await?),
                config: ServiceConfig::default(),
            })
        }
    })
}

struct Front<H> {
    worker: Rc<Worker>,
    http: Rc<H>,
    config: ServiceConfig,
}

impl<H> Service<TcpStream> for Front<H>
where
    H: Service<TcpStream, Response = ()> + 'static,
{
    type Response = ();
    type Error = H::Error;
    type Future = LocalBoxFuture<'static, Result<(), H::Error>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), H::Error>> {
        self.http.poll_ready(context)
    }

    fn call(&self, stream: TcpStream) -> Self::Future {
        let (worker, http) = (Rc::clone(&self.worker), Rc::clone(&self.http));
        let codec = Codec::new(self.config.clone());
        Box::pin(async move {
            let Some(arriving) = worker.node.arrive() else {
                // Not even a refusal may hold a descriptor for long.
                let _ = stream.try_write(OUT_OF_FILES);
                return Ok(());
            };
            let looking = look(&stream, codec, &worker);
            let looked = match worker.node.settings.limits.hello_ms {
                0 => Ok(looking.await),
                ms => timeout(Duration::from_millis(ms), looking).await,
            };
            drop(arriving);
            match looked {
                Ok(Some((request, mut early))) => {
                    upgrade::take_over(&worker, &request, stream, &mut early);
                }
                Ok(None) => {
                    let node = &worker.node;
                    let most = node.settings.http.connections;
                    match node.http_connections.enter(most, &stream) {
                        // Its future is large, and seldom needed.
                        Some(_counted) => Box::pin(http.call(stream)).await?,
                        None => upgrade::refuse(stream, full(&worker.node)),
                    }
                }
                Err(_) => upgrade::refuse(stream, NOTHING_CAME.to_owned()),
            }
            Ok(())
        })
    }
}

/// Waits for the first bytes, and takes them if they are a request for an
/// upgrade, with whatever came behind it.
async fn look(stream: &TcpStream, codec: Codec, worker: &Worker) -> Option<(Request, Vec<u8>)> {
    let mut codec = codec;
    let (request, length) = poll_fn(|context| {
        let mut scratch = worker.scratch.borrow_mut();
        let mut seen = ReadBuf::new(&mut scratch[..MOST_BYTES]);
        stream.poll_peek(context, &mut seen).map(|peeked| {
            let head = &seen.filled()[..peeked.ok()?];
            Some((upgrade_request(head, &mut codec)?, head.len()))
        })
    })
    .await?;
    let mut scratch = worker.scratch.borrow_mut();
    let count = read_once(stream, &mut scratch).ok()?;
    Some((request, scratch.get(length..count)?.to_vec()))
}

/// The request that the bytes are, if they ask for an upgrade.
fn upgrade_request(bytes: &[u8], codec: &mut Codec) -> Option<Request> {
    if !bytes.starts_with(b"GET ") || !bytes.ends_with(END) {
        return None;
    }
    let mut bytes = BytesMut::from(bytes);
    match codec.decode(&mut bytes) {
        Ok(Some(Message::Item(request)))
            if codec.message_type() == MessageType::Stream && bytes.is_empty() =>
        {
            Some(request)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "GET /ws HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    #[actix_web::test]
    async fn only_a_whole_request_for_an_upgrade_is_taken() {
        let asks = |text: &str| upgrade_request(text.as_bytes(), &mut Codec::default()).is_some();
        assert!(asks(REQUEST));
        for end in 0..REQUEST.len() {
            assert!(!asks(&REQUEST[..end]), "{}", &REQUEST[..end]);
        }
        for other in [
            "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n",
            "POST /ws HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n\r\n\r\n",
            "GET /ws HTTP/1.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n",
            &format!("GET / HTTP/1.1\r\nhost: a\r\n\r\n{REQUEST}"),
            &format!("{REQUEST}{REQUEST}"),
            "GET \0\r\n\r\n",
        ] {
            assert!(!asks(other), "{other}");
        }
    }
}
