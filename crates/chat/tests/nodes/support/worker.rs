//! A worker: it takes what rooms have for its clients and writes it to plain sockets.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use bytes::Bytes;
use rookery_chat::delivery::{ConnectionKey, Instruction, OwnInbox, WireNumber, WorkerNumber};
use rookery_protocol::{CloseCode, RoomId};
use slotmap::SlotMap;
use tokio::{io::AsyncWriteExt, net::tcp::OwnedWriteHalf, sync::mpsc};

use super::lines::mark_of;

/// One thread's connections.
pub(super) struct Worker {
    inbox: OwnInbox,
    connections: RefCell<SlotMap<ConnectionKey, Connection>>,
    rooms: RefCell<HashMap<RoomId, Vec<ConnectionKey>>>,
}

struct Connection {
    wire: WireNumber,
    to_write: mpsc::UnboundedSender<Bytes>,
    closed: Rc<RefCell<Option<CloseCode>>>,
}

impl Worker {
    /// Starts a worker on this thread.
    pub(super) fn start(inbox: OwnInbox) -> Rc<Self> {
        let worker = Rc::new(Self {
            inbox,
            connections: RefCell::default(),
            rooms: RefCell::default(),
        });
        let working = Rc::clone(&worker);
        tokio::task::spawn_local(async move {
            let mut instructions = Vec::new();
            loop {
                working.inbox.work().await;
                working.inbox.take_all(&mut instructions);
                for instruction in instructions.drain(..) {
                    working.carry_out(instruction);
                }
            }
        });
        worker
    }

    pub(super) fn number(&self) -> WorkerNumber {
        self.inbox.number()
    }

    /// Takes a client in whose socket this is.
    pub(super) fn admit(
        &self,
        wire: WireNumber,
        mut socket: OwnedWriteHalf,
        closed: Rc<RefCell<Option<CloseCode>>>,
    ) -> ConnectionKey {
        let (to_write, mut waiting) = mpsc::unbounded_channel::<Bytes>();
        tokio::task::spawn_local(async move {
            while let Some(bytes) = waiting.recv().await {
                if socket.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        });
        let connection = Connection {
            wire,
            to_write,
            closed,
        };
        self.connections.borrow_mut().insert(connection)
    }

    /// Forgets a client.
    pub(super) fn dismiss(&self, key: ConnectionKey) {
        self.connections.borrow_mut().remove(key);
        self.rooms.borrow_mut().retain(|_, members| {
            members.retain(|member| *member != key);
            !members.is_empty()
        });
    }

    fn write(&self, key: ConnectionKey, bytes: Bytes) {
        if let Some(connection) = self.connections.borrow().get(key) {
            // A client that is gone reads nothing.
            let _ = connection.to_write.send(bytes);
        }
    }

    fn write_to_members(&self, room: &RoomId, wire: WireNumber, bytes: &Bytes) {
        for key in self.rooms.borrow().get(room).into_iter().flatten() {
            let is_on_it = |connection: &Connection| connection.wire == wire;
            if self.connections.borrow().get(*key).is_some_and(is_on_it) {
                self.write(*key, bytes.clone());
            }
        }
    }

    fn close(&self, key: ConnectionKey, code: CloseCode) {
        if let Some(connection) = self.connections.borrow().get(key) {
            *connection.closed.borrow_mut() = Some(code);
        }
    }

    fn carry_out(&self, instruction: Instruction) {
        match instruction {
            Instruction::Deliver {
                room, wire, bytes, ..
            }
            | Instruction::Epoch { room, wire, bytes } => {
                self.write_to_members(&room, wire, &bytes);
            }
            Instruction::Attach {
                room,
                connection,
                reply,
                missed,
            } => {
                let wire = self.connections.borrow().get(connection).map(|to| to.wire);
                let Some(wire) = wire else { return };
                if let Some(reply) = reply {
                    let (head, items) = reply.into_json(&room);
                    let line = [mark_of(wire).as_bytes(), &head, &items, b"\n"].concat();
                    self.write(connection, line.into());
                }
                self.write(connection, missed);
                self.rooms
                    .borrow_mut()
                    .entry(room)
                    .or_default()
                    .push(connection);
            }
            Instruction::Detach { room, connection } => {
                let mut rooms = self.rooms.borrow_mut();
                let members = rooms.entry(room).or_default();
                members.retain(|member| *member != connection);
            }
            // Nobody is removed in these tests, and who leaves is told to detach.
            Instruction::Evict { .. } | Instruction::Left { .. } | Instruction::EvictAll { .. } => {
            }
            Instruction::Answer { connection, bytes } => self.write(connection, bytes),
            Instruction::OutOfSync { room } => {
                for key in self.rooms.borrow().get(&room).into_iter().flatten() {
                    self.close(*key, CloseCode::OutOfSync);
                }
            }
            Instruction::Close {
                connection, code, ..
            } => self.close(connection, code),
            Instruction::Drain { .. } | Instruction::SendAway { .. } => {}
        }
    }
}
