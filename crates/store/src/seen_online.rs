//! Whether people are online, wherever that is.

use rookery_protocol::UserId;

use crate::{Store, StoreError};

/// Of so many rooms of a user it is looked whether they are online there: of somebody who is
/// in more, so many of them.
pub(crate) const ROOMS_LOOKED_AT: usize = 200;

impl Store {
    /// Whether each of these is online in any room that they are a member of, on any node.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn are_online(&self, users: &[UserId]) -> Result<Vec<bool>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.are_online(users),
            Self::Redis(engine) => engine.are_online(users).await,
        }
    }
}
