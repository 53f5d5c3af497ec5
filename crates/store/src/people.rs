//! Who belongs to a room and as what, and how that is changed.
//!
//! A change is a list of steps, which the store carries out as one after it has looked
//! whether whoever wants it may, at that moment. What somebody must be for it is said by
//! who asks; the store knows no policy.

use rookery_protocol::{
    Cursor, EventBody, InviteCode, Role, RoomId, UserId, server_frame::RoomKind,
};

use crate::Appended;

/// Why something is not done in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The room is not for somebody who is no member: to them it is not there.
    #[error("not for those who are no members")]
    Hidden,
    /// They are banned.
    #[error("banned")]
    Banned,
    /// They are no member, and would have to be.
    #[error("not a member")]
    NotAMember,
    /// They may only read.
    #[error("may only read")]
    ReadOnly,
    /// They are muted.
    #[error("muted")]
    Muted,
    /// Nobody writes there any more.
    #[error("archived")]
    Archived,
    /// Only admins write there.
    #[error("only admins write")]
    AdminsWrite,
    /// They wrote a moment ago.
    #[error("slow mode for another {retry_after_ms} ms")]
    SlowMode {
        /// When they may write again, in milliseconds from now.
        retry_after_ms: u64,
    },
    /// Their role is not enough.
    #[error("the role is not enough")]
    Role,
    /// Whom it is about has as high a role.
    #[error("the other's role is not below")]
    Outranked,
    /// They are the last owner, and others are there.
    #[error("the last owner")]
    LastOwner,
    /// Whom it is about is no member.
    #[error("the other is not a member")]
    NoSuchMember,
    /// Whom it is about is banned.
    #[error("the other is banned")]
    OtherBanned,
    /// As many bans and mutes are in force there as may be.
    #[error("too many bans and mutes")]
    TooManyRestraints,
    /// The invitation is spent, over, taken back or of somebody who may not invite, or there
    /// never was one.
    #[error("no such invitation")]
    NoSuchInvite,
    /// The room has as many invitations as it may have.
    #[error("too many invitations")]
    TooManyInvites,
    /// The message has as many different reactions as it may have.
    #[error("too many different reactions")]
    TooManyReactions,
    /// The room has as many pins as it may have.
    #[error("too many pins")]
    TooManyPins,
}

/// Whether somebody may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// They are a member.
    Member(Admitted),
    /// They are not, and may become one.
    Open(Admitted),
}

/// What somebody who may come in finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    /// Who may come in.
    pub kind: RoomKind,
    /// What they are there, or would be.
    pub role: Role,
    /// The last number of the log.
    pub seq: u64,
}

/// A change of a room by somebody, carried out whole or not at all.
#[derive(Debug, Clone)]
pub struct RoomChange {
    /// The room.
    pub room: RoomId,
    /// Who wants it.
    pub by: UserId,
    /// What they must be at least; `None` where it is enough that the room is not hidden
    /// from them.
    pub least: Option<Role>,
    /// As in [`Append::known`](crate::Append::known).
    pub known: Option<Cursor>,
    /// What is done, in this order.
    pub steps: Vec<Step>,
}

impl RoomChange {
    /// The invitation that it is about, if it is about one.
    pub(crate) fn invitation(&self) -> Option<&InviteCode> {
        match self.steps.first()? {
            Step::Offer { code, .. } | Step::Revoke { code } | Step::Spend { code } => Some(code),
            _ => None,
        }
    }

    /// Whether somebody is brought in by it, or may be.
    pub(crate) fn invites(&self) -> bool {
        let stranger = |when: &When| *when == When::Stranger;
        match self.steps.first() {
            Some(Step::Rank { when, .. }) => stranger(when),
            Some(Step::Offer { .. }) => true,
            _ => false,
        }
    }
}

/// One thing of a change. All are looked at before any is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The room is made; it must not be there. Who wants it need not be anything in it.
    Make {
        /// Who may come in.
        kind: RoomKind,
        /// What people call it; empty where its id says it.
        name: String,
    },
    /// Somebody gets a role, or is no member any more.
    Rank {
        /// Who.
        user: UserId,
        /// What they are from now on; `None` is no member.
        role: Option<Role>,
        /// Whether they must have been a member.
        when: When,
    },
    /// Somebody is kept out, or kept from writing. A ban does not end a membership.
    Restrain {
        /// Which way.
        restraint: Restraint,
        /// Whom.
        user: UserId,
        /// For how long, in milliseconds; for good where it is not said.
        for_ms: Option<u64>,
        /// What is told of it, as JSON.
        note: String,
    },
    /// They are no more.
    Release {
        /// Which way.
        restraint: Restraint,
        /// Whom.
        user: UserId,
    },
    /// A rule gets this value, or is as if nothing had been said.
    Rule {
        /// Which.
        rule: Rule,
        /// Its value.
        value: Option<String>,
    },
    /// The room is called so.
    Name(String),
    /// Whoever has the code may come in by it. To be the first step, as the next two.
    Offer {
        /// The code, which must be of this room ([`fresh_code`](crate::fresh_code)).
        code: InviteCode,
        /// For how long, in milliseconds.
        expires_ms: u64,
        /// How many may; as many as want to where it is not said.
        uses: Option<u32>,
        /// How many invitations the room may have at most; 0 is no limit.
        most: u64,
    },
    /// Nobody may any more. Who is no admin takes back what is their own.
    Revoke {
        /// The code.
        code: InviteCode,
    },
    /// Who wants the change uses an invitation: a room that is hidden from them is not by that.
    /// Nothing happens where they are a member.
    Spend {
        /// The code.
        code: InviteCode,
    },
    /// The log tells of it, where something came of the step before.
    Tell {
        /// The event.
        body: EventBody,
        /// In which rooms.
        told: Told,
    },
}

/// What somebody must have been for a [`Step::Rank`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A member, with a role below that of who wants it (or it is themselves): else the
    /// change is denied.
    Member,
    /// The same, but nothing happens where they are none.
    MemberIfAny,
    /// No member; nothing happens where they are one, and the change is denied where they
    /// are banned.
    Stranger,
}

/// In which rooms something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// In all.
    Everywhere,
    /// Not in public ones.
    InClosedRooms,
}

/// How somebody is kept from something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Restraint {
    /// They may not come in.
    Ban,
    /// They may not write.
    Mute,
}

impl Restraint {
    /// A word for it, as it stands in the store.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ban => "ban",
            Self::Mute => "mute",
        }
    }
}

/// What can be set of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A few words on it.
    Description,
    /// `1`: nobody writes.
    Archived,
    /// `admins`: nobody else writes.
    WhoMaySend,
    /// `admins`: nobody else brings people in.
    WhoMayInvite,
    /// How long everybody waits between two messages, in milliseconds.
    SlowMode,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Description,
        Self::Archived,
        Self::WhoMaySend,
        Self::WhoMayInvite,
        Self::SlowMode,
    ];

    /// Its name in the store.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Description => "description",
            Self::Archived => "archived",
            Self::WhoMaySend => "who_may_send",
            Self::WhoMayInvite => "who_may_invite",
            Self::SlowMode => "slow_mode_ms",
        }
    }

    /// The rule of this name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomChanged {
    /// Who may come in.
    pub kind: RoomKind,
    /// Whether anything is otherwise than before.
    pub changed: bool,
    /// When it was looked at, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The events that were stored, in their order.
    pub told: Vec<Appended>,
}

/// A room as somebody sees it who may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    /// Who may come in.
    pub kind: RoomKind,
    /// What people call it.
    pub name: String,
    /// The end of its log.
    pub head: Cursor,
    /// What they are there; `None` for somebody who is no member.
    pub role: Option<Role>,
    /// How many members there are.
    pub members: u64,
    /// What is set.
    pub rules: Vec<(Rule, String)>,
}

/// Which members are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembersAsked {
    /// The room.
    pub room: RoomId,
    /// Who asks; it must not be hidden from them.
    pub reader: UserId,
    /// Only those with this role.
    pub role: Option<Role>,
    /// Those after this one.
    pub after: Option<MemberPlace>,
    /// At most so many.
    pub limit: u32,
}

/// Where somebody stands among the members, who are in the order of their roles, the
/// highest first, and of when they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberPlace {
    /// Their role.
    pub role: Role,
    /// Since when they have been a member, in milliseconds since the Unix epoch.
    pub since: u64,
    /// Who.
    pub user: UserId,
}

/// A part of the members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembersPage {
    /// In their order.
    pub members: Vec<MemberRow>,
    /// How many there are, whatever their roles.
    pub count: u64,
    /// Whether there are more.
    pub more: bool,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Who, and where they stand.
    pub place: MemberPlace,
    /// Until when they are muted, if so, in milliseconds since the Unix epoch; 0 is for good.
    pub muted_until: Option<u64>,
}

/// Somebody who is kept from something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestraintRow {
    /// Whom.
    pub user: UserId,
    /// Until when, in milliseconds since the Unix epoch; `None` is for good.
    pub until: Option<u64>,
    /// What was told of it, as JSON.
    pub note: String,
}
