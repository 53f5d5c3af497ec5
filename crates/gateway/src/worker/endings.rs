//! Cleaning up after connections that have ended.
//!
//! A few at a time: thousands may end at once, and whoever comes in meanwhile
//! is served in between. Until its turn comes, an ended connection is sent
//! nothing and read no more.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use rookery_protocol::CloseCode;
use tokio::sync::Notify;

use super::{Connection, End, Worker, closing};
use crate::node::OpenSocket;

/// How many are cleaned up before the others have their turn: less than a
/// millisecond's work.
const AT_ONCE: usize = 32;

/// The connections of a worker that are to be cleaned up after.
#[derive(Default)]
pub(super) struct Endings {
    waiting: RefCell<VecDeque<(Rc<Connection>, OpenSocket)>>,
    work: Notify,
}

impl Endings {
    fn push(&self, connection: Rc<Connection>, open: OpenSocket) {
        self.waiting.borrow_mut().push_back((connection, open));
        self.work.notify_one();
    }

    fn take_some(&self) -> Vec<(Rc<Connection>, OpenSocket)> {
        let mut waiting = self.waiting.borrow_mut();
        let count = waiting.len().min(AT_ONCE);
        let some = waiting.drain(..count).collect();
        if waiting.is_empty() {
            // What many needed is not kept for the few.
            *waiting = VecDeque::new();
        }
        some
    }
}

/// Runs until the worker's thread ends.
pub(super) async fn run(worker: Rc<Worker>) {
    loop {
        worker.endings.work.notified().await;
        loop {
            let some = worker.endings.take_some();
            if some.is_empty() {
                break;
            }
            for (connection, open) in some {
                clean_up(connection, open, &worker);
            }
            tokio::task::yield_now().await;
        }
    }
}

/// Takes a connection out of everything, and says goodbye where somebody may
/// be there to hear it.
fn clean_up(connection: Rc<Connection>, open: OpenSocket, worker: &Worker) {
    let end = connection.ending();
    let end = end.unwrap_or(End::Closed(CloseCode::Internal));
    let rooms = worker.end_session(&connection);
    connection.account_for_end(worker);
    worker.dismiss(&connection);
    closing::log(&connection, end, rooms);
    worker.node.metrics.connection_closed(end.label());
    match end {
        End::Lost(_) => drop((connection, open)),
        End::Closed(_) | End::ByPeer(_) => {
            actix_rt::spawn(async move {
                closing::say_goodbye(&connection, end).await;
                drop((connection, open));
            });
        }
    }
}

impl Worker {
    /// Has an ended connection cleaned up after; its socket counts until then.
    pub(crate) fn clean_up_soon(&self, connection: Rc<Connection>) {
        let open = OpenSocket::take_over(&self.node);
        self.endings.push(connection, open);
    }

    /// Takes a connection out of all its rooms; says of how many.
    fn end_session(&self, connection: &Connection) -> usize {
        let session = connection.session.get().into_iter();
        let rooms = session.flat_map(|session| session.end());
        rooms
            .inspect(|room| self.remove_member(room, connection.key))
            .count()
    }
}
