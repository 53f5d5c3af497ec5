//! Looking at invitations. They are made, taken back and used by a change of the room.

use fred::{interfaces::KeysInterface, types::Key};
use rookery_protocol::{InviteCode, RoomId, UserId};

use super::granted;
use crate::{
    InviteRow, StoreError, invites,
    redis::{Redis, append_call::text, failure, keys, script::Script},
};

const WHAT: &str = "a list of invitations";

impl Redis {
    /// See [`crate::Store::invites`].
    pub(crate) async fn invites(
        &self,
        room: &RoomId,
        by: &UserId,
    ) -> Result<Vec<InviteRow>, StoreError> {
        let keys = [
            keys::head(room),
            keys::members(room),
            keys::rules(room),
            keys::invites(room),
        ];
        let keys = keys.into_iter().map(Key::from).collect();
        let args = vec![text(by.as_str())];
        let mut answer = self.ask(WHAT, Script::Invites, keys, args).await?;
        granted(room, WHAT, &mut answer)?;
        let nonsense = || failure::nonsense(WHAT);
        let mut rows = Vec::new();
        while !answer.is_empty() {
            let code = InviteCode::new(answer.text()?).map_err(|_| nonsense())?;
            let expires_at = answer.number()?;
            let uses_left = answer.text()?.parse().ok();
            let by = UserId::new(answer.text()?).map_err(|_| nonsense())?;
            rows.push(InviteRow {
                code,
                by,
                expires_at,
                uses_left,
            });
        }
        rows.sort_by(|one, other| one.code.cmp(&other.code));
        Ok(rows)
    }

    /// See [`crate::Store::invited_to`].
    pub(crate) async fn invited_to(&self, code: &InviteCode) -> Result<Option<RoomId>, StoreError> {
        let Some(partition) = invites::partition_of(code) else {
            return Ok(None);
        };
        let connection = self.link.current()?;
        let key = keys::code(partition, code);
        let found: Option<String> = connection.run(connection.client().get(key)).await?;
        // One of another partition was never made for the room.
        let room = found.and_then(|room| RoomId::new(room).ok());
        Ok(room.filter(|room| crate::Partition::of_room(room) == partition))
    }

    /// The codes of all invitations of a room.
    pub(in crate::redis) async fn codes_of(
        &self,
        room: &RoomId,
    ) -> Result<Vec<InviteCode>, StoreError> {
        let connection = self.link.current()?;
        let args = vec![text(keys::invites(room))];
        let codes: Vec<String> = connection.command("HKEYS", args).await?;
        let codes = codes.into_iter();
        Ok(codes
            .filter_map(|code| InviteCode::new(code).ok())
            .collect())
    }
}
