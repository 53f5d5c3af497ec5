//! What can go wrong at the border of the store.

use rookery_protocol::RoomId;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Redis cannot be reached, or did not answer in time. Whether a write was
    /// carried out is not known; asking again with the same nonce is safe.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Nobody has made this room, and this call may not make it.
    #[error("no such room: {0}")]
    NoSuchRoom(RoomId),
    /// What Redis answered makes no sense, or it refuses what it should allow.
    #[error("the store is broken: {0}")]
    Broken(String),
}
