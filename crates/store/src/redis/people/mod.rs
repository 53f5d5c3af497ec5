//! The people of rooms, and what is set of rooms.

mod admit;
mod change;
mod find;
mod invites;
mod look;
mod online;
mod persons;

pub(super) use admit::{Admissions, admit_all};

use rookery_protocol::{Role, RoomId};

use super::{answer::Answer, denied, failure};
use crate::{Denied, StoreError};

/// The number of a role in the scripts; 0 is none.
pub(super) fn rank(role: Option<Role>) -> u64 {
    role.map_or(0, |role| match role {
        Role::Readonly => 1,
        Role::Member => 2,
        Role::Admin => 3,
        Role::Owner => 4,
    })
}

/// The role of a number.
pub(super) fn role(rank: u64) -> Option<Role> {
    match rank {
        1 => Some(Role::Readonly),
        2 => Some(Role::Member),
        3 => Some(Role::Admin),
        4 => Some(Role::Owner),
        _ => None,
    }
}

fn denied_error(room: &RoomId, denied: Denied) -> StoreError {
    StoreError::Denied {
        room: room.clone(),
        denied,
    }
}

/// An answer about a room that may be a refusal in its first element, which is given otherwise.
pub(super) fn granted(
    room: &RoomId,
    what: &'static str,
    answer: &mut Answer,
) -> Result<String, StoreError> {
    if answer.is_empty() {
        return Err(StoreError::NoSuchRoom(room.clone()));
    }
    let first = answer.text()?;
    match first.strip_prefix('!') {
        None => Ok(first),
        Some("exists") => Err(StoreError::RoomExists(room.clone())),
        Some(why) => Err(denied::read(why).map_or_else(
            || failure::nonsense(what),
            |denied| denied_error(room, denied),
        )),
    }
}
