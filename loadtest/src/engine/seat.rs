//! What the engine keeps for each connection, each room, and each connection
//! in a room. Kept small: there are tens of thousands of them in a process.

use mio::net::TcpStream;

use super::{
    ids::{MembershipId, MessageNumber, Nanos, RoomIndex, SeatId, TargetIndex},
    log::Log,
    order::{BySender, Numbered},
};

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// There is none, and none is asked for.
    Away,
    /// It waits until fewer others are under way.
    Waiting,
    Connecting,
    Upgrading,
    /// `hello` and joins are under way.
    Greeting,
    /// In all its rooms.
    Joined,
}

impl Phase {
    /// Whether the connection is being made.
    pub(crate) fn under_way(self) -> bool {
        matches!(self, Self::Connecting | Self::Upgrading | Self::Greeting)
    }

    /// What it waits for, for people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Waiting => "waiting for its turn",
            Self::Connecting => "connecting",
            Self::Upgrading => "waiting for the answer to the upgrade",
            Self::Greeting => "waiting for the answers to hello and joins",
            Self::Joined => "joined",
        }
    }
}

/// A place that a connection takes, and takes again when it comes back.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(super) socket: Option<TcpStream>,
    pub(super) phase: Phase,
    /// Whether its reader has stalled.
    pub(super) stalled: bool,
    /// Whether it was in its rooms before.
    pub(super) returning: bool,
    /// Whether nothing is owed to it.
    pub(super) visitor: bool,
    pub(super) target: TargetIndex,
    pub(super) first_membership: u32,
    pub(super) memberships: u16,
    /// Joins that are not answered yet.
    pub(super) awaited_joins: u16,
    /// How often in a row it failed to connect or to stay.
    pub(super) failures: u8,
    /// When it was to connect.
    pub(super) asked_at: Nanos,
    /// When its WebSocket stood.
    pub(super) upgraded_at: Nanos,
    /// The incomplete frame at the end of what was read.
    pub(super) incomplete: Vec<u8>,
    pub(super) rare: Option<Box<Rare>>,
}

/// What few connections have.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// What the kernel has not taken yet.
    pub(super) unsent: Vec<u8>,
    /// The beginning of a message in several frames.
    pub(super) fragments: Vec<u8>,
    /// `SO_RCVBUF`, where a reader that stalls is not to hide behind the kernel.
    pub(super) receive_buffer: Option<usize>,
    /// When the server said that it is to come back.
    pub(super) told: Option<Nanos>,
    /// Since when it is there again to take what comes, after it was away or stalled.
    pub(super) there_since: Option<Nanos>,
}

impl Seat {
    pub(super) fn new(target: TargetIndex, first_membership: u32, memberships: u16) -> Self {
        Self {
            socket: None,
            phase: Phase::Away,
            stalled: false,
            returning: false,
            visitor: false,
            target,
            first_membership,
            memberships,
            awaited_joins: 0,
            failures: 0,
            asked_at: Nanos(0),
            upgraded_at: Nanos(0),
            incomplete: Vec::new(),
            rare: None,
        }
    }

    pub(super) fn membership_range(&self) -> std::ops::Range<usize> {
        let first = self.first_membership as usize;
        first..first + usize::from(self.memberships)
    }

    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

/// A seat in a room.
#[derive(Debug)]
pub(crate) struct Membership {
    pub(crate) seat: SeatId,
    pub(crate) room: RoomIndex,
    /// Its place among the members of the room.
    pub(super) place: u32,
    /// The events that it has had, where the system numbers them.
    pub(super) events: Numbered,
    /// Which life of the room's log they are of; see [`Room::epochs`].
    pub(super) epoch: u16,
    /// The first message that must come here: the first that was sent after
    /// joining. `None` before that.
    pub(super) since: Option<MessageNumber>,
    /// Messages that it sent and that are neither acknowledged nor refused.
    pub(super) unanswered: u32,
}

/// A room of this run.
#[derive(Debug)]
pub(crate) struct Room {
    /// The name on the wire: the run's word, `-`, and its number.
    pub(crate) name: String,
    /// The lives of its log, where the system has such a thing. Not every member
    /// is told of another one at the same moment.
    pub(super) epochs: Vec<String>,
    pub(crate) members: Vec<MembershipId>,
    /// Members that have joined, and are owed whatever is sent from then on.
    pub(crate) audience: u32,
    pub(super) by_sender: Option<BySender>,
    /// For how many members `by_sender` was made.
    pub(super) ordered_for: usize,
    pub(super) log: Option<Log>,
}

impl Room {
    /// The place of an epoch among those of the room.
    pub(super) fn place_of_epoch(&mut self, epoch: &str) -> u16 {
        let latest_first = self.epochs.iter().rposition(|other| other == epoch);
        let place = latest_first.unwrap_or_else(|| {
            self.epochs.push(epoch.to_owned());
            self.epochs.len() - 1
        });
        // No run sees that many.
        u16::try_from(place).unwrap_or(u16::MAX)
    }
}

/// The number of a room by its name on the wire.
pub(super) fn room_of(name: &[u8]) -> Option<RoomIndex> {
    let digits = match memchr::memrchr(b'-', name) {
        Some(dash) => &name[dash + 1..],
        None => name,
    };
    str::from_utf8(digits).ok()?.parse().ok().map(RoomIndex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_known_by_the_end_of_its_name() {
        assert_eq!(room_of(b"k3-f-12"), Some(RoomIndex(12)));
        assert_eq!(room_of(b"7"), Some(RoomIndex(7)));
        assert_eq!(room_of(b"general"), None);
    }

    #[test]
    fn a_seat_is_small() {
        assert!(
            std::mem::size_of::<Seat>() <= 80,
            "{}",
            std::mem::size_of::<Seat>()
        );
        assert!(std::mem::size_of::<Membership>() <= 36);
    }
}
