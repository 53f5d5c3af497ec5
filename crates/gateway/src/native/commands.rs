//! The frames of a client, each translated into a command of the chat and its
//! reply back.

use std::rc::Rc;

use futures_util::FutureExt;
use rookery_chat::{
    Caller, Paid, Refusal, Session, Way, clock,
    commands::{self, History, Join, Typing},
    delivery::Instruction,
};
use rookery_protocol::{
    ClientFrame, CloseCode, Command, Cursor, ErrorCode, FrameError, RequestId, RoomId,
    client_frame::{self, SendCommand},
};

use super::{charge, hello, renew};
use crate::{
    wire,
    worker::{Connection, InFlight, Worker},
};

/// Takes one text message of a client.
pub(super) fn receive(text: &str, connection: &Rc<Connection>, worker: &Rc<Worker>) {
    let frame = match client_frame::parse(text) {
        Ok(frame) => frame,
        Err(FrameError::NotAFrame(words)) => {
            let message = format!("not a frame of this protocol: {words}");
            connection.refuse(None, Refusal::new(ErrorCode::BadRequest, message), worker);
            return connection.close(CloseCode::NotAFrame, worker);
        }
        Err(FrameError::Refused { id, code, message }) => {
            if charge::charge_idle(connection, id.as_ref(), worker) {
                connection.refuse(id, Refusal::new(code, message), worker);
            }
            return;
        }
    };
    worker.node.metrics.frame_received(&frame.command);
    match connection.session.get() {
        Some(session) => carry_out(frame, session, connection, worker),
        None => before_hello(frame, connection, worker),
    }
}

/// Only `hello` is served to somebody who has not said who they are.
fn before_hello(frame: ClientFrame, connection: &Rc<Connection>, worker: &Rc<Worker>) {
    let ClientFrame { id, command } = frame;
    if !charge::charge(connection, id.as_ref(), worker) {
        return;
    }
    match command {
        Command::Hello {
            token,
            version,
            client,
            epochs,
        } => {
            let client = hello::Program {
                name: client,
                follows_epochs: epochs,
            };
            hello::hello(id, token, version, client, connection, worker);
        }
        _ if connection.is_put_off() => {
            connection.refuse(id, hello::say_hello_again(), worker);
        }
        _ => {
            let refusal = Refusal::new(ErrorCode::Unauthenticated, "the first frame must be hello");
            connection.refuse(id, refusal, worker);
            connection.close(CloseCode::NotAFrame, worker);
        }
    }
}

/// A frame of somebody who has a session, paid for.
fn carry_out(
    frame: ClientFrame,
    session: &Rc<Session>,
    connection: &Rc<Connection>,
    worker: &Rc<Worker>,
) {
    let ClientFrame { id, command } = frame;
    let free = matches!(command, Command::Join { .. }) && charge::take_free_join(connection);
    if !free && !charge::charge(connection, id.as_ref(), worker) {
        return;
    }
    let paid = match free {
        true => Ok(Paid::returning()),
        false => Paid::charge(&worker.node.chat, &session.user().id),
    };
    let paid = match paid {
        Ok(paid) => paid,
        Err(refusal) => return connection.refuse(id, refusal, worker),
    };
    let request = Request {
        id,
        paid,
        session: Rc::clone(session),
        connection: Rc::clone(connection),
        worker: Rc::clone(worker),
    };
    request.command(command);
}

/// What a command is carried out with.
struct Request {
    id: Option<RequestId>,
    paid: Paid,
    session: Rc<Session>,
    connection: Rc<Connection>,
    worker: Rc<Worker>,
}

impl Request {
    /// A line for each command.
    fn command(self, command: Command) {
        match command {
            Command::Join { room, since, limit } => self.join(room, since, limit),
            Command::Leave { room } => self.leave(room),
            Command::Unfollow { room } => self.unfollow(room),
            Command::Send(arguments) => self.send(arguments),
            Command::Typing { room, on } => self.typing(Typing { room, on }),
            Command::History { room, page, limit } => self.history(History { room, page, limit }),
            Command::Request(request) => self.request(request),
            Command::Ping => {
                let pong = wire::pong(self.id, clock::now_ms());
                self.connection.answer(pong, &self.worker);
            }
            Command::Renew { token } => self.renew(token),
            Command::Hello { .. } => self.refuse(
                ErrorCode::Conflict,
                "hello was said already; open another connection to be somebody else",
            ),
            Command::Unserved(name) => {
                let message = format!("this node does not serve `{name}` yet");
                self.refuse(ErrorCode::BadRequest, message);
            }
        }
    }

    fn renew(self, token: String) {
        let in_flight = self.connection.begin_writing();
        start(async move {
            let renewed = renew::renew(&token, &self.session, &self.connection, &self.worker).await;
            self.connection
                .reply(self.id, renewed, wire::renewed, &self.worker);
            drop(in_flight);
        });
    }

    fn join(self, room: RoomId, since: Option<Cursor>, limit: Option<u32>) {
        let join = Join {
            id: self.id.clone(),
            room,
            since,
            limit,
        };
        let in_flight = self.begin_reading(join.most_bytes(&self.worker.node.chat));
        start(async move {
            let Self {
                id,
                paid,
                session,
                connection,
                worker,
            } = self;
            let caller = Caller::new(session.user(), Way::Session, paid);
            let joined = commands::join(&worker.node.chat, caller, &session, join).await;
            if let Err(refusal) = joined {
                connection.refuse(id, refusal, &worker);
            }
            drop(in_flight);
        });
    }

    fn leave(self, room: RoomId) {
        let in_flight = self.connection.begin_writing();
        start(async move {
            let Self {
                id,
                paid,
                session,
                connection,
                worker,
            } = self;
            let caller = Caller::new(session.user(), Way::Session, paid);
            let left = commands::leave(&worker.node.chat, caller, &session, &room).await;
            match (left, id) {
                // Behind the answer nothing of the room comes.
                (Ok(()), Some(id)) => worker.inbox.give(Instruction::Answer {
                    connection: connection.key,
                    bytes: wire::ok(&id),
                }),
                (Ok(()), None) => {}
                (Err(refusal), id) => connection.refuse(id, refusal, &worker),
            }
            drop(in_flight);
        });
    }

    fn unfollow(self, room: RoomId) {
        let in_flight = self.connection.begin_writing();
        start(async move {
            let Self {
                id,
                paid,
                session,
                connection,
                worker,
            } = self;
            let caller = Caller::new(session.user(), Way::Session, paid);
            let row = commands::unfollow(&worker.node.chat, caller, &session, &room).await;
            match (row, id) {
                // Behind the answer nothing of the room comes.
                (Ok(row), Some(id)) => worker.inbox.give(Instruction::Answer {
                    connection: connection.key,
                    bytes: wire::reply(&id, row),
                }),
                (Ok(_), None) => {}
                (Err(refusal), id) => connection.refuse(id, refusal, &worker),
            }
            drop(in_flight);
        });
    }

    /// It leaves for the store together with what other sockets have to say.
    fn send(self, arguments: SendCommand) {
        let Self {
            id,
            paid,
            session,
            connection,
            worker,
        } = self;
        if !session.has_joined(&arguments.room) {
            let in_flight = connection.begin_writing();
            return start(async move {
                let caller = Caller::new(session.user(), Way::Session, paid);
                let stored = commands::send_coming_in(&worker.node.chat, caller, arguments).await;
                connection.reply(id, stored, wire::stored, &worker);
                drop(in_flight);
            });
        }
        let caller = Caller::new(session.user(), Way::Session, paid);
        let mut sending = match commands::send(&worker.node.chat, caller, arguments) {
            Ok(sending) => sending,
            Err(refusal) => return connection.refuse(id, refusal, &worker),
        };
        // The embedded engine has stored it by now, and no task is needed.
        if let Some(stored) = (&mut sending).now_or_never() {
            return connection.reply(id, stored, wire::stored, &worker);
        }
        worker.send_appends_soon();
        let in_flight = connection.begin_writing();
        actix_rt::spawn(async move {
            connection.reply(id, sending.await, wire::stored, &worker);
            drop(in_flight);
        });
    }

    fn typing(self, arguments: Typing) {
        let in_flight = self.connection.begin_writing();
        start(async move {
            let caller = Caller::new(self.session.user(), Way::Session, self.paid);
            let chat = &self.worker.node.chat;
            let told = commands::typing(chat, caller, &self.session, &arguments).await;
            let ok = |id: &RequestId, ()| wire::ok(id);
            self.connection.reply(self.id, told, ok, &self.worker);
            drop(in_flight);
        });
    }

    fn history(self, arguments: History) {
        if self.id.is_none() {
            let message = "history needs an id, for its answer to carry";
            return self.refuse(ErrorCode::BadRequest, message);
        }
        let in_flight = self.begin_reading(arguments.most_bytes(&self.worker.node.chat));
        start(async move {
            let caller = Caller::new(self.session.user(), Way::Session, self.paid);
            let page = commands::history(&self.worker.node.chat, caller, &arguments).await;
            self.connection
                .reply(self.id, page, wire::page, &self.worker);
            drop(in_flight);
        });
    }

    fn request(self, request: client_frame::Request) {
        if self.id.is_none() && request.only_reads() {
            let message = format!("{} needs an id, for its answer to carry", request.name());
            return self.refuse(ErrorCode::BadRequest, message);
        }
        let in_flight = self.begin_reading(commands::most_bytes(&self.worker.node.chat, &request));
        start(async move {
            let caller = Caller::new(self.session.user(), Way::Session, self.paid);
            let caller = caller.with_login(self.session.login());
            let reply = commands::request(&self.worker.node.chat, caller, request).await;
            self.connection
                .reply(self.id, reply, wire::reply, &self.worker);
            drop(in_flight);
        });
    }

    /// The connection is read on only while it does not have too much of this.
    fn begin_reading(&self, bytes: usize) -> InFlight {
        self.connection.begin_reading(bytes)
    }

    fn refuse(self, code: ErrorCode, message: impl Into<String>) {
        let refusal = Refusal::new(code, message);
        self.connection.refuse(self.id, refusal, &self.worker);
    }
}

/// Polls a command once, so that it has its place in the order of the frames; what
/// is not done by then goes on in a task of its own.
fn start(command: impl Future<Output = ()> + 'static) {
    let mut command = Box::pin(command);
    if command.as_mut().now_or_never().is_none() {
        actix_rt::spawn(command);
    }
}
