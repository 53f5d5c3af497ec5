//! Who may do what in a room: role and kind of room by action, and nothing else.
//!
//! Pure: it asks nobody. What is not in a table here is not allowed. Rooms that
//! have members with roles come with the rows that only they use.

use ring::digest::{SHA256, digest};
use rookery_protocol::{ErrorCode, RoomId, UserId, server_frame::RoomKind};

use crate::refusal::Refusal;

/// What somebody is in a room, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Kept out.
    Banned,
    /// Nobody in particular.
    Stranger,
    /// A member who reads.
    ReadOnly,
    /// A member.
    Member,
    /// One who keeps order.
    Admin,
    /// One whom the room belongs to.
    Owner,
}

impl Role {
    /// All of them, from the least to the most.
    pub const ALL: [Self; 6] = [
        Self::Banned,
        Self::Stranger,
        Self::ReadOnly,
        Self::Member,
        Self::Admin,
        Self::Owner,
    ];
}

impl From<Option<rookery_protocol::Role>> for Role {
    /// What somebody is who is not banned; `None` is no member.
    fn from(member: Option<rookery_protocol::Role>) -> Self {
        use rookery_protocol::Role as Member;
        match member {
            None => Self::Stranger,
            Some(Member::Readonly) => Self::ReadOnly,
            Some(Member::Member) => Self::Member,
            Some(Member::Admin) => Self::Admin,
            Some(Member::Owner) => Self::Owner,
        }
    }
}

/// What somebody wants to do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Find the room and read its history.
    Read,
    /// Follow it.
    Join,
    /// Write a message.
    Send,
    /// Show that one is writing.
    Type,
    /// Change one's own message.
    EditOwn,
    /// Take one's own message back.
    DeleteOwn,
    /// Take anybody's message back, pin, address all.
    Moderate,
    /// Bring somebody in.
    Invite,
    /// Remove, ban, mute.
    Restrain,
    /// Change the room.
    ChangeRoom,
    /// Make admins and owners, delete the room.
    Own,
}

/// The least role that an action takes in a public room.
const fn least_in_public(action: Action) -> Role {
    match action {
        // A send to a public room joins.
        Action::Read | Action::Join | Action::Send => Role::Stranger,
        Action::DeleteOwn => Role::ReadOnly,
        Action::Type | Action::EditOwn | Action::Invite => Role::Member,
        Action::Moderate | Action::Restrain | Action::ChangeRoom => Role::Admin,
        Action::Own => Role::Owner,
    }
}

/// The least role that it takes where only members see the room.
const fn least_in_private(action: Action) -> Role {
    match action {
        Action::Read | Action::Join => Role::ReadOnly,
        Action::Send => Role::Member,
        other => least_in_public(other),
    }
}

/// Whether somebody with this role may do it in a room of this kind.
pub const fn allows(kind: RoomKind, role: Role, action: Action) -> bool {
    let least = match kind {
        RoomKind::Public => least_in_public(action),
        RoomKind::Private | RoomKind::Direct => least_in_private(action),
    };
    // A room is read by members who may not write, but one who may only read does
    // not send where a stranger may.
    let read_only_sends = matches!((role, action), (Role::ReadOnly, Action::Send));
    role as u8 >= least as u8 && !read_only_sends
}

/// The least role of a member that an action takes, for the store to hold them to in the
/// step that carries it out.
pub(crate) const fn least_member(action: Action) -> rookery_protocol::Role {
    use rookery_protocol::Role as Member;
    match least_in_private(action) {
        Role::Banned | Role::Stranger | Role::ReadOnly => Member::Readonly,
        Role::Member => Member::Member,
        Role::Admin => Member::Admin,
        Role::Owner => Member::Owner,
    }
}

/// What the ids of direct rooms begin with; no other room's does.
const DIRECT: &str = "dm:";

/// Whether a room is that of two people.
pub(crate) fn is_direct(room: &RoomId) -> bool {
    room.as_str().starts_with(DIRECT)
}

/// The room of two people: their ids in order, or a hash of them where these make no id, or
/// could be those of two others.
pub(crate) fn direct_room(one: &UserId, other: &UserId) -> RoomId {
    let (first, second) = match one <= other {
        true => (one, other),
        false => (other, one),
    };
    let is_apart = ![first, second].iter().any(|id| id.as_str().contains(':'));
    let plain = RoomId::new(format!("{DIRECT}{first}:{second}")).ok();
    plain.filter(|_| is_apart).unwrap_or_else(|| {
        let pair = format!("{first}\0{second}");
        let hash = digest(&SHA256, pair.as_bytes());
        let hex: String = hash
            .as_ref()
            .iter()
            .take(24)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        // A prefix and 48 hexadecimal digits are a room id.
        #[allow(clippy::expect_used)]
        RoomId::new(format!("{DIRECT}{hex}")).expect("a short word")
    })
}

/// The most people that one command is about.
const MOST_PEOPLE: usize = 200;

/// Refuses a command about too many people.
pub(crate) fn check_many(people: usize) -> Result<(), Refusal> {
    match people > MOST_PEOPLE {
        true => Err(Refusal::bad_request(format!(
            "at most {MOST_PEOPLE} people at once"
        ))),
        false => Ok(()),
    }
}

/// Refuses what is not allowed. To somebody who may not see a room there is none.
///
/// # Errors
///
/// The refusal to answer with.
pub fn require(kind: RoomKind, role: Role, action: Action, room: &RoomId) -> Result<(), Refusal> {
    if allows(kind, role, action) {
        return Ok(());
    }
    let hidden = kind != RoomKind::Public && role <= Role::Stranger;
    Err(match (hidden, action) {
        (true, _) => Refusal::no_such_room(room),
        (false, Action::Type) if role == Role::Stranger => Refusal::not_joined(room),
        (false, _) => Refusal::new(
            ErrorCode::Forbidden,
            format!("you may not do that in {room}"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIONS: [Action; 11] = [
        Action::Read,
        Action::Join,
        Action::Send,
        Action::Type,
        Action::EditOwn,
        Action::DeleteOwn,
        Action::Moderate,
        Action::Invite,
        Action::Restrain,
        Action::ChangeRoom,
        Action::Own,
    ];

    /// A row for each action, a column for each role from banned to owner.
    fn table(kind: RoomKind) -> Vec<String> {
        let cell = |role, action| if allows(kind, role, action) { '+' } else { '-' };
        let row = |action| Role::ALL.map(|role| cell(role, action)).iter().collect();
        ACTIONS.map(row).to_vec()
    }

    #[test]
    fn public_rooms_are_open() {
        let wanted = [
            "-+++++", "-+++++", "-+-+++", "---+++", "---+++", "--++++", "----++", "---+++",
            "----++", "----++", "-----+",
        ];
        assert_eq!(table(RoomKind::Public), wanted);
    }

    #[test]
    fn others_are_for_members() {
        let wanted = [
            "--++++", "--++++", "---+++", "---+++", "---+++", "--++++", "----++", "---+++",
            "----++", "----++", "-----+",
        ];
        assert_eq!(table(RoomKind::Private), wanted);
        assert_eq!(table(RoomKind::Direct), wanted);
    }

    #[test]
    fn two_people_have_one_room_and_no_others_have_it() {
        let id = |text: &str| UserId::new(text).unwrap();
        let of = |one: &str, other: &str| direct_room(&id(one), &id(other));
        assert_eq!(of("ben", "anna").as_str(), "dm:anna:ben");
        assert_eq!(of("anna", "ben"), of("ben", "anna"));
        assert_ne!(of("a:b", "c"), of("a", "b:c"));
        let long = "x".repeat(100);
        assert!(is_direct(&of(&long, "y")) && of(&long, "y") != of(&long, "z"));
        assert_eq!(of("Bea Müller", "y"), of("y", "Bea Müller"));
    }

    #[test]
    fn whoever_may_not_see_a_room_is_not_told_that_there_is_one() {
        let room = RoomId::new("r").unwrap();
        let refused = |kind, role, action| require(kind, role, action, &room).unwrap_err().code;
        for role in [Role::Banned, Role::Stranger] {
            for action in ACTIONS {
                assert_eq!(
                    refused(RoomKind::Private, role, action),
                    ErrorCode::NotFound
                );
            }
        }
        let banned = refused(RoomKind::Public, Role::Banned, Action::Send);
        assert_eq!(banned, ErrorCode::Forbidden);
        let typing = refused(RoomKind::Public, Role::Stranger, Action::Type);
        assert_eq!(typing, ErrorCode::Forbidden);
    }
}
