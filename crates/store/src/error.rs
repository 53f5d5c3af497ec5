//! What can go wrong at the border of the store.

use rookery_protocol::RoomId;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Redis cannot be reached, or did not answer in time. Whether a write was
    /// carried out is not known; asking again with the same nonce is safe.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Redis answers, but refuses to write for as long as its trouble lasts: its
    /// memory is full, its disk fails, it is a replica or lacks replicas. Nothing
    /// was written; what is read is good. The words are ours, then its own.
    #[error("the store refuses to write: {0}")]
    ReadOnly(String),
    /// Nobody has made this room, and this call may not make it.
    #[error("no such room: {0}")]
    NoSuchRoom(RoomId),
    /// What Redis answered makes no sense, or it refuses what it should allow.
    #[error("the store is broken: {0}")]
    Broken(String),
}
