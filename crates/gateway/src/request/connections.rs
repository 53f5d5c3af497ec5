//! How many connections speak plain HTTP to this node, and for how long one may
//! leave unread what it was sent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_rt::net::TcpStream;
use socket2::SockRef;

/// After so long without the peer taking anything the kernel gives the
/// connection up, also where the peer lives and only does not read.
const UNREAD: Duration = Duration::from_secs(30);

/// How much the kernel takes of an answer that nobody reads; left to itself it
/// takes whole pages, of which this process then knows nothing. (It doubles this
/// for its own book-keeping, see socket(7).)
const SEND_BUFFER: usize = 128 * 1024;

/// The connections of plain HTTP to one node.
#[derive(Debug, Default)]
pub(crate) struct HttpConnections(Arc<AtomicUsize>);

/// One of them, as long as this lives.
#[derive(Debug)]
pub(crate) struct HttpConnection(Arc<AtomicUsize>);

impl HttpConnections {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts a connection in; `None` where there are `most` already (0 is no limit).
    pub(crate) fn enter(&self, most: usize, stream: &TcpStream) -> Option<HttpConnection> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        let connection = HttpConnection(Arc::clone(&self.0));
        if most != 0 && before >= most {
            return None;
        }
        let socket = SockRef::from(stream);
        // Errors say that the peer is gone already.
        let _ = socket.set_tcp_user_timeout(Some(UNREAD));
        let _ = socket.set_send_buffer_size(SEND_BUFFER);
        Some(connection)
    }
}

impl Drop for HttpConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
