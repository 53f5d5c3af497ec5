//! What the engine counts its parts by.

/// A place that a connection takes, and takes again when it comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SeatId(pub(crate) u32);

/// A room of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RoomIndex(pub(crate) u32);

/// One of the targets, in the order in which they were named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TargetIndex(pub(crate) u16);

/// A seat in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MembershipId(pub(crate) u32);

/// The place of a message among all that the engine has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MessageNumber(pub(crate) u32);

/// Nanoseconds since the engine was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Nanos(pub(crate) u64);

impl Nanos {
    /// The microseconds from `earlier` to this; 0 where it was later.
    #[inline]
    pub(crate) fn micros_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0) / 1000
    }

    /// This, and so many seconds.
    pub(crate) fn plus_seconds(self, seconds: f64) -> Self {
        Self(self.0 + (seconds * 1e9) as u64)
    }

    /// The seconds from `earlier` to this; 0 where it was later.
    pub(crate) fn seconds_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1e9
    }
}
