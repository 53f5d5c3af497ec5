//! The log, the rooms, the users and the presence of Rookery.
//!
//! One interface, two engines: Redis, which any number of nodes share, and the
//! embedded one, in the memory of a single process. The same conformance suite
//! holds both to the same rules. Redis keys and Lua live in this crate only,
//! and no type of the Redis client leaves it. It must never know of sockets.

mod accounts;
mod announce;
mod bus;
mod check;
mod directory;
mod embedded;
mod epoch;
mod error;
mod find_people;
mod forks;
mod invites;
mod messages;
mod model;
mod partition;
mod people;
mod presence;
mod reactions;
mod redis;
mod retention;
mod room_name;
mod rooms;
mod seen_online;
mod settings;
mod store;
mod supervisor;
mod user_limits;
mod user_map;

pub use accounts::{
    Account, AccountTimes, BlockChange, Login, LoginRow, NewAccount, NewLogin, NewPassword,
    PasswordChange, Profile, ProfileChange, RefreshHash, Rotated, Rotation, Seal, Skeleton,
    Standing, Whose,
};
pub use announce::announce;
pub use bus::{Bus, BusEvent, PayloadString};
pub use check::{CheckLine, CheckStatus, check};
pub use directory::{DirectoryAsked, DirectoryPage, DirectoryPlace, ListedRoom};
pub use embedded::{Backup, backup};
pub use error::StoreError;
pub use find_people::{PeopleFound, PersonPlace};
pub use forks::Forks;
pub use invites::{InviteRow, fresh_code};
pub use model::{
    Append, Appended, Feed, FeedCursor, GoneNode, Grown, History, Join, Joined, Lease, Online,
    Overwrite, Pong, PresenceChange, Range, Recovery, Replacement, RoomFigures,
};
pub use partition::Partition;
pub use people::{
    Admission, Admitted, Denied, MemberPlace, MemberRow, MembersAsked, MembersPage, Restraint,
    RestraintRow, RoomChange, RoomChanged, RoomView, Rule, Step, Told, When,
};
pub use reactions::{Pin, React, Reacted, Reaction, ReactionChange, Reactors, ReactorsAsked};
pub use retention::{Lifetime, Retention};
pub use settings::{
    DataSettings, DataSync, EngineSettings, PresenceTimes, RedisSettings, Settings,
};
pub use store::{Stats, Store};
pub use supervisor::{Ended, Endings, Supervisor};
pub use user_limits::UserLimits;
pub use user_map::UserMap;
