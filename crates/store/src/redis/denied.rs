//! Why something is denied, as `people.lua` says it.

use crate::Denied;

/// Reads the words.
pub(super) fn read(words: &str) -> Option<Denied> {
    if let Some(ms) = words.strip_prefix("slow ") {
        let retry_after_ms = ms.parse().ok()?;
        return Some(Denied::SlowMode { retry_after_ms });
    }
    Some(match words {
        "hidden" => Denied::Hidden,
        "banned" => Denied::Banned,
        "stranger" => Denied::NotAMember,
        "readonly" => Denied::ReadOnly,
        "muted" => Denied::Muted,
        "archived" => Denied::Archived,
        "admins" => Denied::AdminsWrite,
        "role" => Denied::Role,
        "outranked" => Denied::Outranked,
        "last_owner" => Denied::LastOwner,
        "no_member" => Denied::NoSuchMember,
        "other_banned" => Denied::OtherBanned,
        "restraints" => Denied::TooManyRestraints,
        "no_invite" => Denied::NoSuchInvite,
        "many_invites" => Denied::TooManyInvites,
        "reactions" => Denied::TooManyReactions,
        "pins" => Denied::TooManyPins,
        _ => return None,
    })
}
