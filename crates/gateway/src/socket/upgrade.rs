//! Taking a socket over from actix.
//!
//! The HTTP dispatcher hands over an upgrade request and its stream; the
//! dispatcher with its buffers is let go, and a small task of ours owns the
//! socket from then on.

use std::{future::ready, rc::Rc, sync::Arc, time::Duration};

use actix_codec::Framed;
use actix_http::{Request, h1};
use actix_rt::net::TcpStream;
use actix_service::{ServiceFactory, fn_factory, fn_service};
use tokio::io::AsyncWriteExt;

use super::{
    Connection,
    handshake::{self, Answer},
    serve::serve,
};
use crate::{http::client_address, hub::Hub, session::Bucket, worker::Worker};

/// An upgrade request and the stream that it came on.
type Upgrade = (Request, Framed<TcpStream, h1::Codec>);

/// How long a refused client has to take the refusal.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(2);

/// The service that actix gives upgrade requests to; each thread that makes
/// one becomes a worker.
pub(crate) fn upgrade_service(
    hub: Arc<Hub>,
) -> impl ServiceFactory<Upgrade, Config = (), Response = (), Error = actix_http::Error, InitError = ()>
{
    fn_factory(move || {
        let worker = Worker::start(Arc::clone(&hub));
        ready(Ok(fn_service(move |(request, framed): Upgrade| {
            take_over(&worker, &request, framed);
            ready(Ok(()))
        })))
    })
}

/// Answers the request and, where it is welcome, starts the connection's task.
fn take_over(worker: &Rc<Worker>, request: &Request, framed: Framed<TcpStream, h1::Codec>) {
    let answer = handshake::answer(request, &worker.hub);
    let address = client_address::of_request(request, &worker.hub.settings.http.trusted_proxies);
    let parts = framed.into_parts();
    let (mut stream, early) = (parts.io, parts.read_buf.to_vec());
    let worker = Rc::clone(worker);
    match answer {
        Answer::Refuse(response) => {
            actix_rt::spawn(async move {
                // Nobody is waiting for the outcome: refused is refused.
                let send = stream.write_all(response.as_bytes());
                let _ = tokio::time::timeout(REFUSAL_PATIENCE, send).await;
            });
        }
        Answer::Accept(response) => {
            worker.hub.connection_opened();
            actix_rt::spawn(async move {
                let hub = Arc::clone(&worker.hub);
                let ready = stream.set_nodelay(true).is_ok()
                    && stream.write_all(response.as_bytes()).await.is_ok();
                if ready {
                    let bucket = Bucket::new(&hub.settings.limits);
                    let connection =
                        worker.admit(|key| Connection::new(key, stream, address, bucket));
                    serve(connection, worker, early).await;
                }
                hub.connection_closed();
            });
        }
    }
}
