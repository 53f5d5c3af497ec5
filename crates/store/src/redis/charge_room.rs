//! Holding a user who makes a room to their limits.

use rookery_protocol::{RoomId, UserId};

use super::{Redis, append_call::text, failure, keys, read::number, script::Script};
use crate::StoreError;

const WHAT: &str = "the limits of a user";

impl Redis {
    /// Notes that a user makes a room.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooManyRooms`] and [`StoreError::TooManyRoomsMade`] where they may not.
    pub(super) async fn charge_room(&self, room: &RoomId, user: &UserId) -> Result<(), StoreError> {
        let limits = *self.user_limits;
        let keys = vec![
            keys::rooms_of_user(user).into(),
            keys::made_by_user(user).into(),
        ];
        let args = vec![
            text(room.as_str()),
            number(limits.rooms),
            number(limits.rooms_made_per_hour),
        ];
        let mut answer = self.ask(WHAT, Script::ChargeRoom, keys, args).await?;
        if answer.is_empty() {
            return Ok(());
        }
        match answer.text()?.as_str() {
            "rooms" => Err(StoreError::TooManyRooms {
                user: user.clone(),
                most: limits.rooms,
            }),
            "made" => Err(StoreError::TooManyRoomsMade {
                user: user.clone(),
                per_hour: limits.rooms_made_per_hour,
                retry_after_ms: answer.number()?,
            }),
            _ => Err(failure::nonsense(WHAT)),
        }
    }
}
