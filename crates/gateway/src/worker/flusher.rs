//! The loop that writes.
//!
//! Woken by the first thing to do, it yields until no socket is ready to be
//! read, so that whatever has come joins in, and then does all of it: idle, a
//! message leaves at once; under load many leave in one write, and many messages
//! go to the store in one call. No timer is involved.

use std::{rc::Rc, time::Duration};

use rand::{Rng, seq::IteratorRandom};
use rookery_chat::{commands, delivery::Instruction};
use rookery_protocol::{CloseCode, RoomId};

use super::{Connection, Worker};
use crate::wire;

/// How often the flusher yields before it writes, however many go on sending.
const MOST_YIELDS: usize = 8;

/// Runs until the worker's thread ends.
pub(super) async fn run(worker: Rc<Worker>) {
    let mut instructions = Vec::new();
    let mut batched = Vec::new();
    loop {
        worker.inbox.work().await;
        worker.let_others_read().await;
        worker.node.chat.store.send_appends();
        worker.inbox.take_all(&mut instructions);
        for instruction in instructions.drain(..) {
            worker.carry_out(instruction, &mut batched);
        }
        worker.evicted.borrow_mut().clear();
        for room in batched.drain(..) {
            worker.flush_room(&room);
        }
        worker.flush_answers();
    }
}

impl Worker {
    /// Yields while sockets are ready to be read. Each time the runtime asks
    /// the kernel which ones are.
    async fn let_others_read(&self) {
        for _ in 0..MOST_YIELDS {
            let before = self.reads.get();
            tokio::task::yield_now().await;
            if self.reads.get() == before {
                return;
            }
        }
    }

    fn carry_out(self: &Rc<Self>, instruction: Instruction, batched: &mut Vec<RoomId>) {
        match instruction {
            Instruction::Deliver {
                room,
                wire,
                bytes,
                ephemeral,
            } => {
                if self.batch(&room, wire, bytes, ephemeral) {
                    batched.push(room);
                }
            }
            Instruction::Attach {
                room,
                connection,
                reply,
                missed,
            } => {
                // What was passed on before this member came is not for it.
                self.flush_room(&room);
                if let Some(connection) = self.connection(connection) {
                    if self.was_evicted(&room, &connection) {
                        let id = reply.map(|reply| reply.id);
                        connection.answer(wire::refused(id, commands::evicted(&room), None), self);
                        return;
                    }
                    if let Some(reply) = reply {
                        let (head, items) = wire::joined(*reply, &room);
                        connection.answer_in_two(head, items, self);
                    }
                    connection.answer(missed, self);
                    self.add_member(room, &connection);
                }
            }
            Instruction::Detach { room, connection } => {
                self.flush_room(&room);
                self.remove_member(&room, connection);
            }
            Instruction::Evict { room, user } => self.evict(&room, &user),
            Instruction::Left { room, user } => self.take_out_who_left(room, user),
            Instruction::EvictAll { room } => self.evict_all(&room),
            Instruction::Answer { connection, bytes } => {
                if let Some(connection) = self.connection(connection) {
                    connection.answer(bytes, self);
                }
            }
            Instruction::Epoch { room, wire, bytes } => {
                self.flush_room(&room);
                for connection in self.members(&room) {
                    if connection.wire == wire && !connection.follows_epochs() {
                        self.send_back(&connection);
                    }
                }
                if self.batch(&room, wire, bytes, false) {
                    batched.push(room);
                }
            }
            Instruction::OutOfSync { room } => {
                self.flush_room(&room);
                for connection in self.members(&room) {
                    self.send_back(&connection);
                }
            }
            Instruction::Close {
                connection,
                session,
                code,
            } => {
                let is_meant = |connection: &Rc<Connection>| {
                    session.is_none_or(|session| connection.has_session(&session))
                };
                if let Some(connection) = self.connection(connection).filter(is_meant) {
                    connection.close(code, self);
                }
            }
            Instruction::Drain { spread_ms } => self.drain(spread_ms),
            Instruction::SendAway { one_in, spread } => self.send_away(one_in, spread),
        }
    }

    pub(super) fn flush_answers(&self) {
        let mut unflushed = self.unflushed.take();
        for connection in unflushed.drain(..) {
            connection.flush(self);
        }
        // Keeps the memory, unless something was added meanwhile.
        let mut current = self.unflushed.borrow_mut();
        if current.is_empty() {
            *current = unflushed;
        }
    }

    /// Closes a connection that is to come back for a fresh snapshot. Where one
    /// log is lost others are too, so each is told a time of its own.
    fn send_back(&self, connection: &Rc<Connection>) {
        if connection.ending().is_none() {
            let after_ms = self.node.chat.spread.next_ms();
            connection.answer(wire::reconnect(after_ms), self);
            connection.close(CloseCode::OutOfSync, self);
        }
    }

    /// Tells each connection when it will be closed, and closes it then.
    fn drain(&self, spread_ms: u64) {
        self.draining.set(true);
        for connection in self.all_connections() {
            self.ask_to_go(&connection, spread_ms);
        }
    }

    /// The same for one in so many of those who were not told yet.
    fn send_away(&self, one_in: u32, spread: Duration) {
        let mut staying = self.all_connections();
        staying.retain(|connection| !connection.is_asked_to_go());
        let count = staying.len().div_ceil(one_in.max(1) as usize);
        let spread_ms = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
        for connection in staying.into_iter().choose_multiple(&mut rand::rng(), count) {
            self.ask_to_go(&connection, spread_ms);
        }
    }

    fn ask_to_go(&self, connection: &Rc<Connection>, spread_ms: u64) {
        let after_ms = rand::rng().random_range(0..=spread_ms);
        connection.answer(wire::reconnect(after_ms), self);
        connection.drain_after(after_ms);
        self.watch(connection);
    }
}
