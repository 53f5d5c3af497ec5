//! A client of a node: a session, and the socket on which it is told things.

use std::{cell::RefCell, net::Ipv4Addr, rc::Rc, time::Duration};

use rookery_chat::{
    Caller, Moment, Opening, Paid, Refusal, Session, Way,
    commands::{self, Join, Stored},
    delivery::{ConnectionKey, Endpoint, WireNumber},
};
use rookery_protocol::{
    CloseCode, Cursor, LoginId, RoomId, User, UserId, client_frame::SendCommand,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
};

use super::{Node, SOON, lines::mark_of, worker::Worker};

/// One client.
pub(crate) struct Client<'a> {
    node: &'a Node,
    pub(crate) session: Rc<Session>,
    wire: WireNumber,
    key: ConnectionKey,
    worker: Rc<Worker>,
    told: Lines<BufReader<OwnedReadHalf>>,
    pub(crate) closed: Rc<RefCell<Option<CloseCode>>>,
}

/// A user by a name.
pub(crate) fn user(name: &str) -> User {
    User {
        id: UserId::new(name).unwrap(),
        name: name.into(),
    }
}

impl<'a> Client<'a> {
    /// Connects somebody.
    pub(crate) async fn connect(node: &'a Node, name: &str, wire: WireNumber) -> Self {
        Self::connect_with(node, user(name), wire, None, 0).await
    }

    /// The same with a log-in of an account, which was good as of then.
    pub(crate) async fn connect_with(
        node: &'a Node,
        user: User,
        wire: WireNumber,
        login: Option<LoginId>,
        as_of: u64,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (reading, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (told, _) = reading.unwrap().into_split();
        let (_, to_write) = accepted.unwrap().0.into_split();
        let closed = Rc::default();
        let key = node.worker.admit(wire, to_write, Rc::clone(&closed));
        let opening = Opening {
            user,
            expires: Moment::now() + Duration::from_secs(3600),
            at: Endpoint {
                worker: node.worker.number(),
                connection: key,
                wire,
            },
            login,
            as_of,
            follows_epochs: true,
        };
        let opened = commands::open_session(&node.chat, opening, || false).await;
        Self {
            node,
            session: opened.unwrap().unwrap().session,
            wire,
            key,
            worker: Rc::clone(&node.worker),
            told: BufReader::new(told).lines(),
            closed,
        }
    }

    /// The caller of one command.
    pub(crate) fn caller(&self) -> Caller<'_> {
        let paid = Paid::charge(&self.node.chat, &self.session.user().id).unwrap();
        Caller::new(self.session.user(), Way::Session, paid)
    }

    pub(crate) async fn join(&self, room: &RoomId, since: Option<Cursor>) -> Result<(), Refusal> {
        let join = Join {
            id: Some(1.into()),
            room: room.clone(),
            since,
            limit: None,
        };
        commands::join(&self.node.chat, self.caller(), &self.session, join).await
    }

    pub(crate) async fn send(&self, room: &RoomId, text: &str) -> Result<Stored, Refusal> {
        let sending = commands::send(&self.node.chat, self.caller(), message(room, text))?;
        self.node.chat.store.send_appends();
        sending.await
    }

    /// The next thing that the client is told.
    pub(crate) async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(SOON, self.told.next_line()).await;
        let line = line.expect("something is told").unwrap().unwrap();
        let json = line.strip_prefix(mark_of(self.wire)).expect("its mark");
        serde_json::from_str(json).unwrap()
    }

    /// The next thing of this type; others are passed over.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let told = self.next().await;
            if told["type"] == kind {
                return told;
            }
        }
    }

    /// The texts of the next so many messages, which must have these numbers.
    pub(crate) async fn texts(&mut self, seqs: std::ops::RangeInclusive<u64>) -> Vec<String> {
        let mut texts = Vec::new();
        for seq in seqs {
            let message = self.next_of("message").await;
            assert_eq!(message["seq"], seq, "in order, once: {message}");
            texts.push(message["text"].as_str().unwrap().to_owned());
        }
        texts
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        drop(self.session.end());
        self.worker.dismiss(self.key);
    }
}

/// A message to be sent.
pub(crate) fn message(room: &RoomId, text: &str) -> SendCommand {
    SendCommand {
        room: room.clone(),
        text: text.to_owned(),
        nonce: None,
        reply_to: None,
        meta: None,
    }
}
