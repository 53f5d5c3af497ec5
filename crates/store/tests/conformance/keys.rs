//! Where things stand in Redis, for tests that look at it or spoil it.

use rookery_protocol::RoomId;
use rookery_store::Partition;

/// A key of a room.
pub(crate) fn of_room(kind: &str, room: &str) -> String {
    of_partition(&format!("{kind}:{room}"), room)
}

/// A key of the partition of a room.
pub(crate) fn of_partition(kind: &str, room: &str) -> String {
    let partition = Partition::of_room(&RoomId::new(room).unwrap());
    format!("rookery:{{{partition}}}:{kind}")
}
