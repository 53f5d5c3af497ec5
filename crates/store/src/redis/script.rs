//! The Lua scripts. Each is one atomic step in Redis, names every key that it
//! touches and checks before it writes: the first line lets Redis refuse it as
//! a whole where memory is full or the server is a replica.

/// A script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Append,
    Join,
    MakeRoom,
    Events,
    History,
    Members,
    ForgetRooms,
    ChangeMembers,
    ChangePresence,
    Online,
    Sweep,
    RenewLease,
    EndLease,
    Leases,
    TurnNonces,
    Term,
    Confirm,
}

impl Script {
    /// All scripts, in the order of their declaration.
    pub(super) const ALL: [Self; 17] = [
        Self::Append,
        Self::Join,
        Self::MakeRoom,
        Self::Events,
        Self::History,
        Self::Members,
        Self::ForgetRooms,
        Self::ChangeMembers,
        Self::ChangePresence,
        Self::Online,
        Self::Sweep,
        Self::RenewLease,
        Self::EndLease,
        Self::Leases,
        Self::TurnNonces,
        Self::Term,
        Self::Confirm,
    ];

    /// Whether it may begin an epoch, so that the term has to be known.
    pub(super) fn may_begin_an_epoch(self) -> bool {
        matches!(
            self,
            Self::Append | Self::Join | Self::MakeRoom | Self::Confirm
        )
    }

    /// The source, with what it shares with others before it.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Append => concat!(
                "#!lua\n",
                include_str!("lua/room.lua"),
                include_str!("lua/append.lua")
            ),
            // What is small and keeps people connected works even when memory is full.
            Self::Join => concat!(
                "#!lua flags=allow-oom\n",
                include_str!("lua/room.lua"),
                include_str!("lua/read.lua"),
                include_str!("lua/empty.lua"),
                include_str!("lua/join.lua")
            ),
            // The same where it may make a room, which is refused when memory is full.
            Self::MakeRoom => concat!(
                "#!lua\n",
                include_str!("lua/room.lua"),
                include_str!("lua/read.lua"),
                include_str!("lua/empty.lua"),
                include_str!("lua/join.lua")
            ),
            Self::Events => concat!(
                "#!lua flags=no-writes\n",
                include_str!("lua/read.lua"),
                include_str!("lua/events.lua")
            ),
            Self::History => concat!(
                "#!lua flags=no-writes\n",
                include_str!("lua/read.lua"),
                include_str!("lua/history.lua")
            ),
            Self::Members => {
                concat!("#!lua flags=no-writes\n", include_str!("lua/members.lua"))
            }
            Self::ForgetRooms => {
                concat!(
                    "#!lua flags=allow-oom\n",
                    include_str!("lua/forget_rooms.lua")
                )
            }
            Self::ChangeMembers => concat!(
                "#!lua flags=allow-oom\n",
                include_str!("lua/change_members.lua")
            ),
            Self::ChangePresence => concat!(
                "#!lua flags=allow-oom\n",
                include_str!("lua/lease.lua"),
                include_str!("lua/presence.lua"),
                include_str!("lua/empty.lua"),
                include_str!("lua/change_presence.lua")
            ),
            Self::Online => concat!(
                "#!lua flags=no-writes\n",
                include_str!("lua/presence.lua"),
                include_str!("lua/online.lua")
            ),
            Self::Sweep => concat!(
                "#!lua flags=allow-oom\n",
                include_str!("lua/presence.lua"),
                include_str!("lua/empty.lua"),
                include_str!("lua/sweep.lua")
            ),
            Self::RenewLease => concat!(
                "#!lua flags=allow-oom\n",
                include_str!("lua/lease.lua"),
                include_str!("lua/renew_lease.lua")
            ),
            Self::EndLease => concat!(
                "#!lua flags=allow-oom\n",
                include_str!("lua/lease.lua"),
                include_str!("lua/end_lease.lua")
            ),
            Self::Leases => concat!("#!lua flags=allow-oom\n", include_str!("lua/leases.lua")),
            Self::TurnNonces => concat!(
                "#!lua flags=allow-oom\n",
                include_str!("lua/turn_nonces.lua")
            ),
            Self::Term => concat!("#!lua flags=allow-oom\n", include_str!("lua/term.lua")),
            Self::Confirm => concat!(
                "#!lua flags=allow-oom\n",
                include_str!("lua/room.lua"),
                include_str!("lua/empty.lua"),
                include_str!("lua/confirm.lua")
            ),
        }
    }
}
