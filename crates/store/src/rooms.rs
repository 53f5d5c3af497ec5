//! The part of the interface that is about rooms and their people.

use rookery_protocol::{InviteCode, Role, RoomId, User, UserId, server_frame::RoomRow};

use crate::{
    Admission, DirectoryAsked, DirectoryPage, InviteRow, MembersAsked, MembersPage, Partition,
    Restraint, RestraintRow, RoomChange, RoomChanged, RoomFigures, RoomView, Store, StoreError,
};

impl Store {
    /// Changes a room and its people in one step, and publishes what is told of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Denied`] where whoever wants it may not, or it cannot be done;
    /// [`StoreError::NoSuchRoom`]; where it makes a room [`StoreError::RoomExists`],
    /// [`StoreError::TooManyRooms`] and [`StoreError::TooManyRoomsMade`]. Where the store
    /// cannot be reached it is not known whether it was carried out.
    pub async fn change_room(&self, change: &RoomChange) -> Result<RoomChanged, StoreError> {
        match self {
            Self::Embedded(engine) => engine.change_room(change).await,
            Self::Redis(engine) => engine.change_room(change).await,
        }
    }

    /// Whether a user may come into a room; with `enters` they are a member from then on.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`], and [`StoreError::Denied`] where they may not.
    pub async fn admit(
        &self,
        room: &RoomId,
        user: &UserId,
        enters: bool,
    ) -> Result<Admission, StoreError> {
        match self {
            Self::Embedded(engine) => engine.admit(room, user, enters).await,
            Self::Redis(engine) => engine.admit(room, user, enters).await,
        }
    }

    /// A room as somebody sees it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`], and [`StoreError::Denied`] where it is not for them.
    pub async fn room(&self, room: &RoomId, by: &UserId) -> Result<RoomView, StoreError> {
        match self {
            Self::Embedded(engine) => engine.room(room, by).await,
            Self::Redis(engine) => engine.room(room, by).await,
        }
    }

    /// Whether somebody may write in a room, however long they have to wait for their turn.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`], and [`StoreError::Denied`] where they may not.
    pub async fn may_write(&self, room: &RoomId, user: &UserId) -> Result<(), StoreError> {
        match self {
            Self::Embedded(engine) => engine.may_write(room, user),
            Self::Redis(engine) => engine.may_write(room, user).await,
        }
    }

    /// Some of the members of a room.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`], and [`StoreError::Denied`] where it is not for the reader.
    pub async fn members(&self, asked: &MembersAsked) -> Result<MembersPage, StoreError> {
        match self {
            Self::Embedded(engine) => engine.members(asked).await,
            Self::Redis(engine) => engine.members(asked).await,
        }
    }

    /// Everybody who is banned from a room, or muted there, in the order of their ids. Who
    /// asks is not looked at.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn restrained(
        &self,
        room: &RoomId,
        restraint: Restraint,
    ) -> Result<Vec<RestraintRow>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.restrained(room, restraint).await,
            Self::Redis(engine) => engine.restrained(room, restraint).await,
        }
    }

    /// Some of the public rooms. What is looked at for it is bounded: a page may have fewer
    /// than were asked for, or none, and there may be more all the same.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn directory(&self, asked: &DirectoryAsked) -> Result<DirectoryPage, StoreError> {
        match self {
            Self::Embedded(engine) => engine.directory(asked).await,
            Self::Redis(engine) => engine.directory(asked).await,
        }
    }

    /// The invitations of a room that are good, in the order of their codes: to admins all,
    /// to other members their own.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`], and [`StoreError::Denied`] for who is no member.
    pub async fn invites(&self, room: &RoomId, by: &UserId) -> Result<Vec<InviteRow>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.invites(room, by).await,
            Self::Redis(engine) => engine.invites(room, by).await,
        }
    }

    /// The room that an invitation may be to; whether it is good is looked at by
    /// [`Step::Spend`](crate::Step::Spend).
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn invited_to(&self, code: &InviteCode) -> Result<Option<RoomId>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.invited_to(code),
            Self::Redis(engine) => engine.invited_to(code).await,
        }
    }

    /// What people call a user from now on.
    ///
    /// # Errors
    ///
    /// Where the store cannot be reached, or does not write.
    pub async fn note_person(&self, user: &User) -> Result<(), StoreError> {
        if self.has_account(&user.id).await? {
            return Ok(());
        }
        self.call(user).await
    }

    /// People call a user so, whoever says it.
    pub(crate) async fn call(&self, user: &User) -> Result<(), StoreError> {
        match self {
            Self::Embedded(engine) => engine.note_person(user).await,
            Self::Redis(engine) => engine.note_person(user).await,
        }
    }

    /// What people call users, in the order asked; `None` for who was never heard of.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn persons(&self, users: &[UserId]) -> Result<Vec<Option<String>>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.persons(users).await,
            Self::Redis(engine) => engine.persons(users).await,
        }
    }

    /// Rooms of a partition, in an order that stays: `limit` of them after leaving out `skip`.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn rooms_in(
        &self,
        partition: Partition,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<RoomId>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.rooms_in(partition, skip, limit),
            Self::Redis(engine) => engine.rooms_in(partition, skip, limit).await,
        }
    }

    /// A room as operators see it; `None` where it is not there.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn room_figures(&self, room: &RoomId) -> Result<Option<RoomFigures>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.room_figures(room),
            Self::Redis(engine) => engine.room_figures(room).await,
        }
    }

    /// Takes a room away with everything in it; whether it was there. Who is in it finds an
    /// empty one in its place, of another epoch. Where it is said who wants it, they must have
    /// that role at least.
    ///
    /// # Errors
    ///
    /// [`StoreError::Denied`]; where the store cannot be reached, or does not write.
    pub async fn remove_room(
        &self,
        room: &RoomId,
        by: Option<(&UserId, Role)>,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Embedded(engine) => engine.remove_room(room, by).await,
            Self::Redis(engine) => engine.remove_room(room, by).await,
        }
    }

    /// The rooms that a user is a member of. Rooms that are gone are left out and forgotten.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn rooms_of(&self, user: &UserId) -> Result<Vec<RoomRow>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.rooms_of(user).await,
            Self::Redis(engine) => engine.rooms_of(user).await,
        }
    }

    /// Makes a user a member of a room, who has looked at it up to `seq`.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooManyRooms`] where they are a member of too many others;
    /// else only where the store cannot be reached.
    pub async fn remember_member(
        &self,
        user: &UserId,
        room: &RoomId,
        seq: u64,
    ) -> Result<(), StoreError> {
        match self {
            Self::Embedded(engine) => engine.remember_member(user, room, seq).await,
            Self::Redis(engine) => engine.remember_member(user, room, seq).await,
        }
    }

    /// Ends a membership; there need not be one.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn forget_member(&self, user: &UserId, room: &RoomId) -> Result<(), StoreError> {
        match self {
            Self::Embedded(engine) => engine.forget_member(user, room).await,
            Self::Redis(engine) => engine.forget_member(user, room).await,
        }
    }
}
