//! Coming into a room without a hole and without a repeat, and going.
//!
//! A snapshot is of some head; since it was made events went on.
//! Under the room's lock the answer, the events between the snapshot and now,
//! and the subscription are put into the worker's inbox as one instruction, so
//! that whatever the room passes on next follows exactly.

use std::time::Instant;

use bytes::Bytes;
use rookery_protocol::{Cursor, User, UserId};

use super::{Answer, LocalUser, Room, State, Wanted};
use crate::worker::{ConnectionKey, Instruction, Workers};

/// Where a session sits: the worker that owns its socket, and its key there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seat {
    pub(crate) worker: usize,
    pub(crate) connection: ConnectionKey,
}

/// What became of an attempt to come in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Attach {
    /// The session is in. `first` is whether it is its user's first one here, or
    /// the first by another name: then the others are to hear of it.
    Done { first: bool },
    /// The node has not been brought to the snapshot's head yet: heal, then try again.
    Behind(Wanted),
    /// The snapshot is too old for what the node remembers: get a new one.
    Outdated,
}

impl Room {
    /// Brings in a session whose answer (`ok` with the snapshot at `head`, as
    /// `answer` makes it, if at all) is to be the first thing it gets. `answer` is
    /// told how many bytes follow it of events that came since.
    pub(crate) fn attach(
        &self,
        seat: Seat,
        user: &User,
        head: &Cursor,
        answer: impl FnOnce(&mut super::Roster, usize) -> Option<Answer>,
        workers: &Workers,
    ) -> Attach {
        let mut state = self.state.lock();
        let position = match state.sequencer.position() {
            Some(position) if position.epoch == head.epoch && position.seq >= head.seq => {
                position.seq
            }
            _ if state.memory.has_left(&head.epoch) => return Attach::Outdated,
            _ => return Attach::Behind(state.want_reading()),
        };
        let Some(missed) = state.recent.since(head.seq, position) else {
            return Attach::Outdated;
        };
        let missed: Vec<&[u8]> = missed.map(|event| event.frame().as_ref()).collect();
        let missed = Bytes::from(missed.concat());
        let answer = answer(&mut state.roster, missed.len());
        if let Some(untold) = &mut state.untold {
            untold.show();
        }
        let (room, connection) = (self.id.clone(), seat.connection);
        workers.give(
            seat.worker,
            Instruction::Attach {
                room,
                connection,
                answer,
                missed,
            },
        );
        Attach::Done {
            first: state.add(seat.worker, user),
        }
    }

    /// Takes a session out of the count. Returns the user, as they were last named,
    /// if it was their last one here.
    pub(crate) fn detach(&self, worker: usize, user: &UserId) -> Option<User> {
        self.state.lock().subtract(worker, user)
    }

    /// Whether the user has a session here.
    pub(crate) fn has_user(&self, user: &UserId) -> bool {
        self.state.lock().users.contains_key(user)
    }

    /// The users that have sessions here.
    pub(crate) fn local_users(&self) -> Vec<User> {
        self.state
            .lock()
            .users
            .iter()
            .map(|(id, local)| User {
                id: id.clone(),
                name: local.name.clone(),
            })
            .collect()
    }
}

impl State {
    fn add(&mut self, worker: usize, user: &User) -> bool {
        if let Some(members) = self.members.get_mut(worker) {
            *members += 1;
        }
        let local = self.users.entry(user.id.clone());
        let local = local.or_insert_with(|| LocalUser {
            name: user.name.clone(),
            sessions: 0,
        });
        local.sessions += 1;
        let renamed = local.name != user.name;
        if renamed {
            local.name = user.name.clone();
        }
        let first = local.sessions == 1 || renamed;
        self.left = None;
        first
    }

    fn subtract(&mut self, worker: usize, user: &UserId) -> Option<User> {
        if let Some(members) = self.members.get_mut(worker) {
            *members = members.saturating_sub(1);
        }
        let local = self.users.get_mut(user)?;
        local.sessions = local.sessions.saturating_sub(1);
        if local.sessions > 0 {
            return None;
        }
        let (id, local) = self.users.remove_entry(user)?;
        if self.users.is_empty() {
            self.left = Some(Instant::now());
        }
        Some(User {
            id,
            name: local.name,
        })
    }
}
