//! How a connection ends: its last frames, and the one line about it in the log.

use std::{future::poll_fn, io, time::Duration};

use rookery_protocol::CloseCode;
use rookery_websocket as websocket;

use super::{Connection, connection::End};

/// How long a client has to take the close frame and hang up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends what is left and the close frame, and waits a little for the client to
/// hang up, so that the kernel does not throw away what it has not read yet.
pub(super) async fn say_goodbye(connection: &Connection, end: End) {
    let frame = match end {
        End::Closed(code) => websocket::close(code.as_u16(), code.reason()),
        End::ByPeer(code) => websocket::close_back(code),
        End::Lost(_) => return,
    };
    if end == End::Closed(CloseCode::SlowReader) {
        connection.outbox.borrow_mut().keep_begun_frame();
    }
    connection.outbox.borrow_mut().push(frame, 0, true);
    // A client that does not take it in time is dropped all the same.
    let _ = tokio::time::timeout(PATIENCE, async {
        while !write_some(connection).await? {}
        shut_down_writing(connection)?;
        while read_away(connection).await? {}
        io::Result::Ok(())
    })
    .await;
}

/// Writes when the socket allows it; true when the outbox is empty.
async fn write_some(connection: &Connection) -> io::Result<bool> {
    poll_fn(|context| connection.stream.poll_write_ready(context)).await?;
    let mut outbox = connection.outbox.borrow_mut();
    outbox.write_with(|slices| connection.stream.try_write_vectored(slices))
}

/// Tells the peer's kernel that nothing more comes.
fn shut_down_writing(connection: &Connection) -> io::Result<()> {
    socket2::SockRef::from(&connection.stream).shutdown(std::net::Shutdown::Write)
}

/// Reads and forgets; false when the client has hung up.
async fn read_away(connection: &Connection) -> io::Result<bool> {
    poll_fn(|context| connection.stream.poll_read_ready(context)).await?;
    match connection.stream.try_read(&mut [0; 4096]) {
        Ok(0) => Ok(false),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
        Err(error) => Err(error),
    }
}

impl Connection {
    /// The span of the connection. It is made when something is to be logged,
    /// so that the many that have nothing to say cost nothing.
    pub(crate) fn span(&self) -> tracing::Span {
        let session = self.session.get();
        tracing::info_span!(
            "connection",
            session = session.map(|session| tracing::field::display(session.id())),
            user = session.map(|session| tracing::field::display(&session.user().id)),
            address = %self.address,
        )
    }
}

/// One line with the reason and the counts; `rooms` is in how many it was.
pub(super) fn log(connection: &Connection, end: End, rooms: usize) {
    let _entered = connection.span().entered();
    let seconds = connection.age().as_secs_f32();
    let frames_in = connection.counts.frames_in.get();
    let bytes_in = connection.counts.bytes_in.get();
    let waiting = connection.outbox.borrow().bytes();
    let (code, reason) = match end {
        End::Closed(code) => (Some(code.as_u16()), code.reason().to_owned()),
        End::ByPeer(code) => (code, "closed by the client".to_owned()),
        End::Lost(kind) => (None, format!("lost: {kind}")),
    };
    tracing::info!(
        code,
        reason,
        seconds,
        frames_in,
        bytes_in,
        rooms,
        waiting,
        "connection ended"
    );
}
