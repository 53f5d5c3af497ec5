//! The Lua scripts. Each is one atomic step in Redis, names every key that it
//! touches and checks before it writes: the first line lets Redis refuse it as
//! a whole where memory is full or the server is a replica.

/// A script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Append,
    AppendOne,
    AppendPlain,
    Join,
    MakeRoom,
    ChargeRoom,
    Events,
    History,
    Count,
    Due,
    Tidy,
    RemoveRoom,
    Members,
    ForgetRooms,
    ChangeMembers,
    ChangePresence,
    Online,
    Sweep,
    RenewLease,
    ChangeLease,
    Leases,
    EndLife,
    ChangesOfLife,
    EstablishTerm,
    GrowOlder,
    Confirm,
    ChangeRoom,
    Admit,
    Room,
    RoomMembers,
    Ranks,
    MayWrite,
    Invites,
    RoomsFrom,
    Listed,
    Documents,
    MakeDocument,
    SwapDocument,
    NotePerson,
    FindPeople,
    RoomsOfUsers,
    AreOnline,
    React,
    Pin,
    Reactors,
    OwnReactions,
    Pinned,
}

/// Lua files in a row: what several scripts share, and the script at the end.
macro_rules! parts {
    ($($part:ident)*) => { &[$(include_str!(concat!("lua/", stringify!($part), ".lua"))),*] };
}

impl Script {
    /// All scripts, in the order of their declaration.
    pub(super) const ALL: [Self; 47] = [
        Self::Append,
        Self::AppendOne,
        Self::AppendPlain,
        Self::Join,
        Self::MakeRoom,
        Self::ChargeRoom,
        Self::Events,
        Self::History,
        Self::Count,
        Self::Due,
        Self::Tidy,
        Self::RemoveRoom,
        Self::Members,
        Self::ForgetRooms,
        Self::ChangeMembers,
        Self::ChangePresence,
        Self::Online,
        Self::Sweep,
        Self::RenewLease,
        Self::ChangeLease,
        Self::Leases,
        Self::EndLife,
        Self::ChangesOfLife,
        Self::EstablishTerm,
        Self::GrowOlder,
        Self::Confirm,
        Self::ChangeRoom,
        Self::Admit,
        Self::Room,
        Self::RoomMembers,
        Self::Ranks,
        Self::MayWrite,
        Self::Invites,
        Self::RoomsFrom,
        Self::Listed,
        Self::Documents,
        Self::MakeDocument,
        Self::SwapDocument,
        Self::NotePerson,
        Self::FindPeople,
        Self::RoomsOfUsers,
        Self::AreOnline,
        Self::React,
        Self::Pin,
        Self::Reactors,
        Self::OwnReactions,
        Self::Pinned,
    ];

    /// Whether it may begin an epoch, so that the term has to be known.
    pub(super) fn may_begin_an_epoch(self) -> bool {
        matches!(
            self,
            Self::Append
                | Self::AppendOne
                | Self::AppendPlain
                | Self::Join
                | Self::MakeRoom
                | Self::Confirm
                | Self::ChangeRoom
                | Self::React
                | Self::Pin
        )
    }

    /// The source, with what it shares with others before it.
    pub(super) fn source(self) -> String {
        [&[self.first_line()], self.parts()].concat().concat()
    }

    /// What Redis is told of it before it runs. What is small and keeps people connected
    /// works even when memory is full.
    fn first_line(self) -> &'static str {
        match self {
            Self::Append
            | Self::AppendOne
            | Self::AppendPlain
            | Self::MakeRoom
            | Self::ChargeRoom
            | Self::ChangeRoom
            | Self::MakeDocument
            | Self::NotePerson
            | Self::React
            | Self::Pin => "#!lua\n",
            Self::Events
            | Self::History
            | Self::Count
            | Self::Due
            | Self::Members
            | Self::Online
            | Self::ChangesOfLife
            | Self::Room
            | Self::RoomMembers
            | Self::Ranks
            | Self::MayWrite
            | Self::Invites
            | Self::RoomsFrom
            | Self::Listed
            | Self::Documents
            | Self::FindPeople
            | Self::RoomsOfUsers
            | Self::AreOnline
            | Self::Reactors
            | Self::OwnReactions
            | Self::Pinned => "#!lua flags=no-writes\n",
            Self::Join
            | Self::Tidy
            | Self::RemoveRoom
            | Self::ForgetRooms
            | Self::ChangeMembers
            | Self::ChangePresence
            | Self::Sweep
            | Self::RenewLease
            | Self::ChangeLease
            // It writes nothing, but where Redis refuses to write nobody can renew a
            // lease, and nobody is to be thought dead.
            | Self::Leases
            | Self::EndLife
            | Self::EstablishTerm
            | Self::GrowOlder
            | Self::Confirm
            | Self::Admit
            | Self::SwapDocument => "#!lua flags=allow-oom\n",
        }
    }

    fn parts(self) -> &'static [&'static str] {
        match self {
            Self::Append => {
                parts!(time partition head hidden log texts people reactions pins append)
            }
            Self::AppendOne => parts!(append_one),
            Self::AppendPlain => parts!(append_plain),
            // The same but where it may make a room, which is refused when memory is full.
            Self::Join | Self::MakeRoom => {
                parts!(time partition head hidden log texts entries keep people pins join)
            }
            Self::ChargeRoom => parts!(time charge_room),
            Self::Events => parts!(time head hidden log texts entries events),
            Self::History => parts!(time head hidden log texts entries people history),
            Self::Count => parts!(time head hidden log texts entries count),
            Self::Due => parts!(time due),
            Self::Tidy => parts!(time partition head hidden log people reactions tidy),
            Self::RemoveRoom => parts!(time head people remove_room),
            Self::Members => parts!(members),
            Self::ForgetRooms => parts!(forget_rooms),
            Self::ChangeMembers => parts!(change_members),
            Self::ChangePresence => parts!(time lives presence empty change_presence),
            Self::Online => parts!(presence online),
            Self::Sweep => parts!(time presence empty sweep),
            Self::RenewLease => parts!(lease renew_lease),
            Self::ChangeLease => parts!(lease change_lease),
            Self::Leases => parts!(leases),
            Self::EndLife => parts!(time lives end_life),
            Self::ChangesOfLife => parts!(lives changes_of_life),
            Self::EstablishTerm => parts!(time establish_term),
            Self::GrowOlder => parts!(time grow_older),
            Self::Confirm => parts!(time partition head hidden keep confirm),
            Self::ChangeRoom => {
                parts!(time partition head hidden log keep people invitation tell change_room)
            }
            Self::Admit => parts!(time head people admit),
            Self::Room => parts!(time head people room),
            Self::RoomMembers => parts!(time head people room_members),
            Self::Ranks => parts!(time people ranks),
            Self::MayWrite => parts!(time head people may_write),
            Self::Invites => parts!(time head people invitation invites),
            Self::RoomsFrom => parts!(rooms_from),
            Self::Listed => parts!(time head people listed),
            Self::Documents => parts!(time documents),
            Self::NotePerson => parts!(note_person),
            Self::FindPeople => parts!(find_people),
            Self::RoomsOfUsers => parts!(rooms_of_users),
            Self::AreOnline => parts!(are_online),
            Self::React => {
                parts!(time partition head hidden log texts people tail tell react)
            }
            Self::Pin => {
                parts!(time partition head hidden log texts people tail pins tell pin)
            }
            Self::Reactors => parts!(time head hidden log texts people tail reactors),
            Self::OwnReactions => parts!(own_reactions),
            Self::Pinned => parts!(time head hidden log texts entries people pins pinned),
            // The same but where there is none yet, which is refused when memory is full.
            Self::MakeDocument | Self::SwapDocument => parts!(swap_document),
        }
    }
}
