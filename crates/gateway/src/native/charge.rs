//! What frames cost, and who may send no more for now.

use std::rc::Rc;

use rookery_chat::{Moment, Paid, Refusal, Retry};
use rookery_protocol::{CloseCode, ErrorCode, RequestId};

use crate::worker::{Charged, Connection, Cost, Worker};

/// Takes a frame that nobody owes an answer for out of the connection's
/// allowance. False where it is closed for having gone on regardless.
pub(super) fn charge_in_silence(connection: &Connection, cost: Cost, worker: &Worker) -> bool {
    let flooding = take_out(connection, cost, worker) == Charged::Flooding;
    if flooding {
        connection.close(CloseCode::Flooding, worker);
    }
    !flooding
}

/// Takes a frame out of the connection's allowance. False where it is used
/// up: the client was told, or closed if it goes on regardless.
pub(super) fn charge(connection: &Rc<Connection>, id: Option<&RequestId>, worker: &Worker) -> bool {
    match take_out(connection, Cost::MESSAGE, worker) {
        Charged::Paid => true,
        Charged::Wait { ms } => {
            let message =
                format!("too many frames; wait {ms} ms (limits.send_rate, limits.send_burst)");
            let refusal = Refusal::for_now(ErrorCode::RateLimited, message, Retry::AfterMs(ms));
            connection.refuse(id.cloned(), refusal, worker);
            false
        }
        Charged::Flooding => {
            connection.close(CloseCode::Flooding, worker);
            false
        }
    }
}

/// The same, and of what carries out no command the allowance of the user, which
/// all their connections share.
pub(super) fn charge_idle(
    connection: &Rc<Connection>,
    id: Option<&RequestId>,
    worker: &Worker,
) -> bool {
    if !charge(connection, id, worker) {
        return false;
    }
    let Some(session) = connection.session.get() else {
        return true;
    };
    match Paid::charge(&worker.node.chat, &session.user().id) {
        Ok(_) => true,
        Err(refusal) => {
            connection.refuse(id.cloned(), refusal, worker);
            false
        }
    }
}

/// Takes one of the free joins; false where they are used up.
pub(super) fn take_free_join(connection: &Connection) -> bool {
    let mut bucket = connection.bucket.get();
    let free = bucket.take_free_join();
    connection.bucket.set(bucket);
    free
}

fn take_out(connection: &Connection, cost: Cost, worker: &Worker) -> Charged {
    let mut bucket = connection.bucket.get();
    let charged = bucket.charge(cost, Moment::now(), &worker.node.settings.limits);
    connection.bucket.set(bucket);
    charged
}
