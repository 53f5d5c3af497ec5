//! The part of the interface that is about a room's people.

use rookery_protocol::{InviteCode, RoomId, User, UserId};

use crate::{
    Admission, DirectoryAsked, DirectoryPage, InviteRow, MembersAsked, MembersPage, Restraint,
    RestraintRow, RoomChange, RoomChanged, RoomView, Store, StoreError,
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
}
