//! Coming into a room without a gap and without a repeat, and going.
//!
//! A snapshot is of some head; since it was made events went on.
//! Under the room's lock the answer, the events between the snapshot and now,
//! and the subscription are put into the worker's inbox as one instruction, so
//! that whatever the room passes on next follows exactly.

use rookery_protocol::{Cursor, User, UserId};

use super::{HealRequest, LocalUser, Room, RoomState, Roster, bytes_of};
use crate::{
    clock::Moment,
    delivery::{Endpoint, Inboxes, Instruction, JoinReply, Push},
};

/// What became of an attempt to come in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Attach {
    /// The session is in. `first` is whether it is its user's first one here, or
    /// the first by another name: then the others are to hear of it.
    Done { first: bool },
    /// The node has not been brought to the snapshot's head yet: heal, then try again.
    Behind(HealRequest),
    /// The snapshot is too old for what the node remembers, or the room was not followed
    /// all the time: get a new one.
    Outdated,
}

/// A time in which the room was followed without a break: whatever happened in it was heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Following(u64);

impl Following {
    /// The time that begins now.
    pub(super) fn begin_anew(&mut self) {
        self.0 += 1;
    }
}

impl Room {
    /// The time for which the room has been followed.
    pub(crate) fn following(&self) -> Following {
        self.state.lock().following
    }

    /// Brings in a session whose reply (with the snapshot at `head`, as `reply`
    /// makes it, if at all) is to be the first thing it gets, if the room is still
    /// followed as when its user was admitted. `reply` is
    /// told how many bytes follow it of events that came since.
    pub(crate) fn attach(
        &self,
        at: Endpoint,
        user: &User,
        (head, following): (&Cursor, Following),
        reply: impl FnOnce(&mut Roster, usize) -> Option<JoinReply>,
        inboxes: &Inboxes,
    ) -> Attach {
        let mut state = self.state.lock();
        if state.following != following {
            return Attach::Outdated;
        }
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
        let missed: Vec<_> = missed.map(Push::Event).collect();
        let missed = bytes_of(&missed, inboxes.wire(at.wire));
        let reply = reply(&mut state.roster, missed.len());
        if let Some(notices) = &mut state.notices {
            notices.show();
        }
        let attach = Instruction::Attach {
            room: self.id.clone(),
            connection: at.connection,
            reply: reply.map(Box::new),
            missed,
        };
        inboxes.give(at.worker, attach);
        Attach::Done {
            first: state.add(at, user),
        }
    }

    /// Takes a session out of the count. Returns the user, as they were last named,
    /// if it was their last one here.
    pub(crate) fn detach(&self, at: Endpoint, user: &UserId) -> Option<User> {
        self.state.lock().subtract(at, user)
    }

    /// Whether the user has a session here.
    pub(crate) fn has_user(&self, user: &UserId) -> bool {
        self.state.lock().users.get(user).is_some()
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

impl RoomState {
    fn add(&mut self, at: Endpoint, user: &User) -> bool {
        self.members.add(at);
        self.empty_since = None;
        let name = user.name.clone();
        match self.users.get_mut(&user.id) {
            Some(local) => {
                local.sessions += 1;
                let before = std::mem::replace(&mut local.name, name);
                before != user.name
            }
            None => {
                let sessions = 1;
                self.users
                    .insert(user.id.clone(), LocalUser { name, sessions });
                true
            }
        }
    }

    fn subtract(&mut self, at: Endpoint, user: &UserId) -> Option<User> {
        self.members.subtract(at);
        let local = self.users.get_mut(user)?;
        local.sessions = local.sessions.saturating_sub(1);
        if local.sessions > 0 {
            return None;
        }
        let (id, local) = self.users.remove_entry(user)?;
        if self.users.is_empty() {
            self.empty_since = Some(Moment::now());
        }
        Some(User {
            id,
            name: local.name,
        })
    }
}
