//! Invitations: what is told of them, and their codes.
//!
//! A code begins with the partition of its room in two digits, so that it is looked up where
//! the room lies. Nothing else of the room can be read from it.

use rand::{Rng, distr::Alphanumeric};
use rookery_protocol::{IdError, InviteCode, RoomId, UserId};

use crate::Partition;

/// Random characters of a code: 119 bits, so that nobody guesses one.
const RANDOM_CHARS: usize = 20;

/// An invitation that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteRow {
    /// What one comes in by.
    pub code: InviteCode,
    /// Who made it.
    pub by: UserId,
    /// Until when, in milliseconds since the Unix epoch.
    pub expires_at: u64,
    /// How many may still come in; `None` is as many as want to.
    pub uses_left: Option<u32>,
}

/// A code for an invitation to a room, which nobody has.
///
/// # Errors
///
/// Never: digits and letters are a code.
pub fn fresh_code(room: &RoomId) -> Result<InviteCode, IdError> {
    let partition = Partition::of_room(room).number();
    let random = rand::rng().sample_iter(Alphanumeric).take(RANDOM_CHARS);
    let random: String = random.map(char::from).collect();
    InviteCode::new(format!("{partition:02}{random}"))
}

/// Where the room of an invitation lies; `None` where it is no code of ours.
pub(crate) fn partition_of(code: &InviteCode) -> Option<Partition> {
    let digits = code.as_str().get(..2)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    Partition::numbered(digits.parse().ok().filter(|_| is_number)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_leads_to_the_partition_of_its_room() {
        for id in ["general", "a", "event:party"] {
            let room = RoomId::new(id).unwrap();
            let code = fresh_code(&room).unwrap();
            assert_eq!(partition_of(&code), Some(Partition::of_room(&room)));
            assert_ne!(code, fresh_code(&room).unwrap());
        }
        for odd in ["x", "99abc", "+1abc", "ab", "1"] {
            let code = InviteCode::new(odd);
            assert_eq!(
                code.ok().and_then(|code| partition_of(&code)),
                None,
                "{odd}"
            );
        }
    }
}
