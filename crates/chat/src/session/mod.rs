//! A session: a user's presence at one connection, from `welcome` to its end.
//!
//! It is a value that undoes itself: when it ends or is dropped its user is
//! counted out of every room that it was in, and of this node. It lives on the
//! thread of its worker.

mod seats;

use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::Rc,
    sync::Arc,
};

use rookery_protocol::{LoginId, RoomId, SessionId, User};
use smallvec::SmallVec;

pub use seats::SeatNumber;
pub(crate) use seats::{PendingSeat, Seat};

use crate::{
    chat::Chat,
    clock::Moment,
    delivery::{ConnectionKey, Endpoint, Instruction, Push, WireNumber, WorkerNumber},
    turns::Turn,
};

/// Who a connection is.
pub struct Session {
    chat: Arc<Chat>,
    /// Random; [`Session::id`] has it as text.
    number: u64,
    user: User,
    /// When its token runs out.
    expires: Cell<Moment>,
    // Where it is reached; taken apart, since it is smaller so.
    connection: ConnectionKey,
    worker: WorkerNumber,
    wire: WireNumber,
    /// Whether the client goes on where a room goes on in another epoch.
    follows_epochs: bool,
    /// Whether it came with a log-in of an account; `chat.logins` knows with which, since
    /// most have none.
    has_login: Cell<bool>,
    ended: Cell<bool>,
    /// The rooms that it is in or coming into. Most are in one, which needs no
    /// memory of its own.
    seats: RefCell<SmallVec<[(RoomId, Seat); 1]>>,
    /// How many seats were taken, give or take whole rounds.
    seats_taken: Cell<u16>,
}

/// What a session begins with.
#[derive(Debug)]
pub struct Opening {
    /// Who it is.
    pub user: User,
    /// When its token runs out.
    pub expires: Moment,
    /// What it came with, of an account.
    pub login: Option<LoginId>,
    /// As of when that was good, as [`Logins::changes`](crate::users::Logins::changes) counts.
    pub as_of: u64,
    /// Where it is reached.
    pub at: Endpoint,
    /// Whether the client goes on where a room goes on in another epoch.
    pub follows_epochs: bool,
}

impl Session {
    /// Begins a session; `None` where its user has as many as they may on this node.
    pub fn open(chat: &Arc<Chat>, opening: Opening) -> Option<Rc<Self>> {
        let Opening {
            user,
            expires,
            login,
            as_of: _,
            at,
            follows_epochs,
        } = opening;
        let most = chat.settings.limits.connections_per_user;
        chat.connected.enter(&user.id, at, most).then(|| {
            if let Some(login) = login {
                chat.logins.enter(&user.id, login, at);
            }
            Rc::new(Self {
                chat: Arc::clone(chat),
                number: rand::random(),
                user,
                expires: Cell::new(expires),
                connection: at.connection,
                worker: at.worker,
                wire: at.wire,
                follows_epochs,
                has_login: Cell::new(login.is_some()),
                ended: Cell::new(false),
                seats: RefCell::default(),
                seats_taken: Cell::new(0),
            })
        })
    }

    /// The id as clients and logs have it.
    pub fn id(&self) -> SessionId {
        // "s_" and 16 hexadecimal digits are a word of fewer than 64 characters.
        #[allow(clippy::expect_used)]
        SessionId::new(format!("s_{:016x}", self.number)).expect("a short word")
    }

    /// Whose it is.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// When its token runs out.
    pub fn expires(&self) -> Moment {
        self.expires.get()
    }

    /// What it came with, of an account.
    pub fn login(&self) -> Option<LoginId> {
        let known = self.has_login.get();
        known
            .then(|| self.chat.logins.at(&self.user.id, self.at()))
            .flatten()
    }

    /// Another token of its user took the place of the one before, and runs out then.
    pub fn renew(&self, expires: Moment, login: Option<LoginId>) {
        self.expires.set(expires);
        if self.ended.get() || self.login() == login {
            return;
        }
        self.leave_login();
        self.has_login.set(login.is_some());
        if let Some(login) = login {
            self.chat.logins.enter(&self.user.id, login, self.at());
        }
    }

    fn leave_login(&self) {
        if self.has_login.get() {
            self.chat.logins.leave(&self.user.id, self.at());
        }
    }

    /// Whether the client goes on where a room goes on in another epoch.
    pub fn follows_epochs(&self) -> bool {
        self.follows_epochs
    }

    pub(crate) fn at(&self) -> Endpoint {
        Endpoint {
            worker: self.worker,
            connection: self.connection,
            wire: self.wire,
        }
    }

    /// Tells the client who is online in these rooms, as far as it is in them: it was
    /// spared notices while it read too slowly, and what it knows may be wrong.
    pub fn tell_who_is_online(&self, rooms: impl IntoIterator<Item = RoomId>) {
        let Chat { inboxes, .. } = &*self.chat;
        let here = rooms.into_iter().filter(|room| self.has_joined(room));
        for room in here.filter_map(|room| self.chat.rooms.followed(&room)) {
            let json = room.whole_presence();
            let answer = Instruction::Answer {
                connection: self.connection,
                bytes: inboxes.wire(self.wire).push(Push::Presence(&json)),
            };
            inboxes.give(self.worker, answer);
        }
    }

    /// Ends it: its user is counted out of all its rooms, and has the grace time
    /// to come back. Cheap, and never waits: thousands may end at once. Gives the
    /// rooms that it was in or coming into.
    pub fn end(&self) -> impl Iterator<Item = RoomId> + use<> {
        if !self.ended.replace(true) {
            self.chat.connected.leave(&self.user.id, self.at());
            self.leave_login();
        }
        let seats = self.seats.take();
        for (room, seat) in &seats {
            if matches!(seat, Seat::Joined(_)) {
                self.depart(room, Departure::Lost);
            }
        }
        seats.into_iter().map(|(room, _)| room)
    }

    /// The user is a member of the room no more: the seat there is gone, also one that is being
    /// taken. Whether the session was in it.
    pub fn evict(&self, room: &RoomId) -> bool {
        let was_in = matches!(self.give_up_seat(room), Some(Seat::Joined(_)));
        if was_in {
            self.depart(room, Departure::OnPurpose);
        }
        was_in
    }

    /// The same of a seat that was taken before, and no other.
    pub fn evict_from(&self, room: &RoomId, seat: SeatNumber) -> bool {
        self.seat_in(room) == Some(seat) && self.evict(room)
    }

    /// The seat in a room whose events come here.
    pub fn seat_in(&self, room: &RoomId) -> Option<SeatNumber> {
        let seats = self.seats.borrow();
        let seat = seats.iter().find(|(other, _)| other == room);
        match seat?.1 {
            Seat::Joined(number) => Some(number),
            Seat::Joining(_) => None,
        }
    }

    /// Whether it is in a room, or coming into it.
    pub fn is_in(&self, room: &RoomId) -> bool {
        self.seats.borrow().iter().any(|(other, _)| other == room)
    }

    /// Waits until what the session asked before about a room is done with the store.
    pub(crate) fn turn(&self, room: &RoomId) -> impl Future<Output = Turn> + Send + use<> {
        Arc::clone(&self.chat.turns).take(self.number, room.clone())
    }

    /// Counts the session out of a room.
    pub(crate) fn depart(&self, room: &RoomId, departure: Departure) {
        let Chat {
            rooms, presence, ..
        } = &*self.chat;
        let Some(room) = rooms.followed(room) else {
            return;
        };
        if let Some(user) = room.detach(self.at(), &self.user.id) {
            match departure {
                Departure::OnPurpose => presence.left(&room.id, &user),
                Departure::Lost => presence.lost(&room.id, &user),
            }
        }
        rooms.forget_if_idle(&room);
    }
}

/// How a session goes out of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    /// It left: its user is gone at once.
    OnPurpose,
    /// It was lost: its user has the grace time to come back.
    Lost,
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.end());
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id())
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_session_is_small() {
        // With the two counts of an `Rc` it takes 128 bytes, which allocators give without waste.
        let bytes = size_of::<Session>();
        assert!(bytes <= 112, "{bytes} bytes");
    }
}
