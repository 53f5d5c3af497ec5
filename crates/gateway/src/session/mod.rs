//! What a client asks for, and what it is answered.
//!
//! Commands are taken in the order in which they come, and what they change of
//! the connection is changed in that order. What needs the store goes on in a
//! task of its own; the connection reads on meanwhile.

mod hello;
mod history;
mod join;
mod leave;
mod rate;
mod refusal;
mod seats;
mod send;
mod typing;

use std::rc::Rc;

use rookery_protocol::{
    CloseCode, Command, ErrorCode, FrameError, RequestId, SessionId, User, client_frame, encode,
    websocket,
};

pub(crate) use leave::leave_all;
pub(crate) use rate::{Bucket, Cost};
pub(crate) use refusal::{Refusal, Retry};
pub(crate) use seats::{RoomSeat, SeatNumber};

use crate::{clock::Moment, socket::Connection, worker::Worker};

/// Who a connection is, from `welcome` to its end.
#[derive(Debug)]
pub(crate) struct Session {
    /// Random; [`Session::id`] has it as text.
    pub(crate) number: u64,
    pub(crate) user: User,
    /// When its token runs out.
    pub(crate) expires: Moment,
}

impl Session {
    /// The id as clients and logs have it.
    pub(crate) fn id(&self) -> SessionId {
        // "s_" and 16 hexadecimal digits are a word of fewer than 64 characters.
        #[allow(clippy::expect_used)]
        SessionId::new(format!("s_{:016x}", self.number)).expect("a short word")
    }
}

/// Takes one text message of a client.
pub(crate) fn receive(text: &str, connection: &Rc<Connection>, worker: &Rc<Worker>) {
    let frame = match client_frame::parse(text) {
        Ok(frame) => frame,
        Err(FrameError::NotAFrame(words)) => {
            let refusal = Refusal::new(
                ErrorCode::BadRequest,
                format!("not a frame of this protocol: {words}"),
            );
            connection.refuse(None, refusal, worker);
            return connection.close(CloseCode::NotAFrame, worker);
        }
        Err(FrameError::Refused { id, code, message }) => {
            if charge(connection, id.as_ref(), worker) {
                connection.refuse(id, Refusal::new(code, message), worker);
            }
            return;
        }
    };
    worker.hub.metrics.frame_received(&frame.command);
    let free = matches!(frame.command, Command::Join { .. }) && take_free_join(connection);
    if free || charge(connection, frame.id.as_ref(), worker) {
        carry_out(frame.id, frame.command, connection, worker);
    }
}

fn carry_out(
    id: Option<RequestId>,
    command: Command,
    connection: &Rc<Connection>,
    worker: &Rc<Worker>,
) {
    let session = connection.session.get();
    let refusal = match (session, command) {
        (
            None,
            Command::Hello {
                token,
                version,
                client,
                epochs,
            },
        ) => {
            let client = hello::Program {
                name: client,
                follows_epochs: epochs,
            };
            return hello::hello(id, &token, version, client, connection, worker);
        }
        (None, _) if connection.is_put_off() => hello::say_hello_again(),
        (None, _) => {
            let refusal = Refusal::new(ErrorCode::Unauthenticated, "the first frame must be hello");
            connection.refuse(id, refusal, worker);
            return connection.close(CloseCode::NotAFrame, worker);
        }
        (Some(_), Command::Hello { .. }) => Refusal::new(
            ErrorCode::Conflict,
            "hello was said already; open another connection to be somebody else",
        ),
        (Some(_), Command::Join { room, since, limit }) => {
            return join::join(id, room, since, limit, connection, worker);
        }
        (Some(_), Command::Leave { room }) => return leave::leave(id, room, connection, worker),
        (Some(session), Command::Send(command)) => {
            return send::send(id, command, &session.user, connection, worker);
        }
        (Some(session), Command::Typing { room, on }) => {
            return typing::typing(id, &room, on, &session.user, connection, worker);
        }
        (Some(_), Command::History { room, page, limit }) => {
            return history::history(id, room, page, limit, connection, worker);
        }
        (Some(_), Command::Ping) => {
            let pong = encode::pong(id, crate::clock::now_ms());
            return connection.answer(websocket::text(&pong), worker);
        }
        (Some(_), Command::Unserved(name)) => Refusal::new(
            ErrorCode::BadRequest,
            format!("this node does not serve `{name}` yet"),
        ),
    };
    connection.refuse(id, refusal, worker);
}

fn take_free_join(connection: &Connection) -> bool {
    let mut bucket = connection.bucket.get();
    let free = bucket.take_free_join();
    connection.bucket.set(bucket);
    free
}

/// Takes a frame that nobody owes an answer for out of the connection's
/// allowance. False where it is closed for having gone on regardless.
pub(crate) fn charge_in_silence(connection: &Connection, cost: Cost, worker: &Worker) -> bool {
    let flooding = take_out(connection, cost, worker) == rate::Charged::Flooding;
    if flooding {
        connection.close(CloseCode::Flooding, worker);
    }
    !flooding
}

fn take_out(connection: &Connection, cost: Cost, worker: &Worker) -> rate::Charged {
    let mut bucket = connection.bucket.get();
    let charged = bucket.charge(cost, Moment::now(), &worker.hub.settings.limits);
    connection.bucket.set(bucket);
    charged
}

/// Takes a frame out of the connection's allowance. False where it is used
/// up: the client was told, or closed if it goes on regardless.
pub(crate) fn charge(connection: &Rc<Connection>, id: Option<&RequestId>, worker: &Worker) -> bool {
    match take_out(connection, Cost::MESSAGE, worker) {
        rate::Charged::Paid => charge_user(connection, id, worker),
        rate::Charged::Wait { ms } => {
            let message =
                format!("too many frames; wait {ms} ms (limits.send_rate, limits.send_burst)");
            let refusal = Refusal::for_now(ErrorCode::RateLimited, message, Retry::AfterMs(ms));
            connection.refuse(id.cloned(), refusal, worker);
            false
        }
        rate::Charged::Flooding => {
            connection.close(CloseCode::Flooding, worker);
            false
        }
    }
}

/// The same of the user's allowance, which all their connections share.
fn charge_user(connection: &Rc<Connection>, id: Option<&RequestId>, worker: &Worker) -> bool {
    let Some(session) = connection.session.get() else {
        return true;
    };
    match worker.hub.allowances.charge_user(&session.user.id) {
        Ok(()) => true,
        Err(refusal) => {
            connection.refuse(id.cloned(), refusal, worker);
            false
        }
    }
}

impl Connection {
    /// Answers a command that may carry an id: errors always, the rest only with one.
    fn answer_or_refuse(
        self: &Rc<Self>,
        id: Option<RequestId>,
        result: Result<(), Refusal>,
        worker: &Worker,
    ) {
        match (result, id) {
            (Ok(()), Some(id)) => self.answer(websocket::text(&encode::ok(&id)), worker),
            (Ok(()), None) => {}
            (Err(refusal), id) => self.refuse(id, refusal, worker),
        }
    }
}
