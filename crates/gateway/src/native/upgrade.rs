//! Taking a socket over from actix.
//!
//! The HTTP dispatcher hands over an upgrade request and its stream; the
//! dispatcher with its buffers is let go, and a small task of ours owns the
//! socket from then on.

use std::{future::ready, rc::Rc, time::Duration};

use actix_codec::Framed;
use actix_http::{Request, h1};
use actix_rt::net::TcpStream;
use actix_service::{ServiceFactory, fn_factory, fn_service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    handshake::{self, UpgradeAnswer},
    serve::Serving,
};
use crate::{
    request::client_address,
    wire,
    worker::{Bucket, Connection, Worker},
};

/// An upgrade request and the stream that it came on.
type Upgrade = (Request, Framed<TcpStream, h1::Codec>);

/// How long a refused client has to take the refusal.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(2);

/// The service that actix gives those upgrade requests to that did not come in
/// one piece.
pub(crate) fn upgrade_service(
    worker: Rc<Worker>,
) -> impl ServiceFactory<Upgrade, Config = (), Response = (), Error = actix_http::Error, InitError = ()>
{
    fn_factory(move || {
        let worker = Rc::clone(&worker);
        ready(Ok(fn_service(move |(request, framed): Upgrade| {
            let parts = framed.into_parts();
            let mut early = parts.read_buf;
            take_over(&worker, &request, parts.io, &mut early);
            ready(Ok(()))
        })))
    })
}

/// Answers the request and, where it is welcome, starts the connection's task.
/// `early` is what came behind the request.
pub(super) fn take_over(
    worker: &Rc<Worker>,
    request: &Request,
    stream: TcpStream,
    early: &mut [u8],
) {
    let proxies = &worker.node.settings.http.trusted_proxies;
    let address = client_address::of_request(request, stream.peer_addr().ok(), proxies);
    let answer = handshake::answer(request, address, &worker.node);
    match answer {
        UpgradeAnswer::Refuse(response) => refuse(stream, response),
        UpgradeAnswer::Accept(response) => {
            worker.node.chat.peers.was_reached_at(stream.local_addr());
            let bucket = Bucket::new(&worker.node.settings.limits);
            let connection =
                worker.admit(|key| Connection::new(key, stream, address, wire::NATIVE, bucket));
            let serving = Serving::new(Rc::clone(&connection), Rc::clone(worker));
            connection.answer(response.into(), worker);
            if !early.is_empty() {
                connection.take(early, worker);
            }
            actix_rt::spawn(serving);
        }
    }
}

/// Tells a client why it may not come in, and hangs up.
pub(super) fn refuse(mut stream: TcpStream, response: String) {
    actix_rt::spawn(async move {
        let send = async {
            stream.write_all(response.as_bytes()).await?;
            stream.shutdown().await?;
            // Where something is left unread the kernel resets the connection, and
            // the client may never see the refusal.
            let mut unread = [0; 4096];
            while stream.read(&mut unread).await? > 0 {}
            std::io::Result::Ok(())
        };
        // Nobody is waiting for the outcome: refused is refused.
        let _ = tokio::time::timeout(REFUSAL_PATIENCE, send).await;
    });
}
