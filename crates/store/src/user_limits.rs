//! How much one user, or one room, may have of what everybody shares.

/// The span in which rooms made are counted, in milliseconds.
pub(crate) const HOUR_MS: u64 = 3_600_000;

/// How much one user, or one room, may have; 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UserLimits {
    /// Of how many rooms they may be a member.
    pub rooms: u64,
    /// How many rooms they may make in an hour.
    pub rooms_made_per_hour: u64,
    /// How many bans and mutes may be in force in a room.
    pub restraints_per_room: u64,
}
