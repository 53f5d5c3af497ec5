//! The people of a room on the disk: an entry for each of them.

use rookery_protocol::{InviteCode, Role, UserId};

use super::{
    disk::Journal,
    invites::Invite,
    people::{Member, Past, People, Restrained},
};
use crate::{Restraint, Rule};

const MEMBER: u8 = b'm';
const BAN: u8 = b'b';
const MUTE: u8 = b'u';
const RULE: u8 = b'r';
const WROTE: u8 = b'w';
const PAST: u8 = b'p';
const INVITE: u8 = b'i';
const HAD_ROLES: u8 = 1;
const HAD_RESTRAINTS: u8 = 2;

/// Where a member of a room is kept, behind the room.
pub(super) fn member_key(user: &UserId) -> Vec<u8> {
    key(MEMBER, user.as_str())
}

/// Where it is kept what there has been once.
pub(super) const PAST_KEY: &[u8] = &[PAST];

/// What there has been, of its entry.
pub(super) fn past_of(value: &[u8]) -> Past {
    let flags = value.first().copied().unwrap_or(0);
    Past {
        had_roles: flags & HAD_ROLES != 0,
        had_restraints: flags & HAD_RESTRAINTS != 0,
    }
}

/// The role of an entry of a member.
pub(super) fn role_of(value: &[u8]) -> Option<Role> {
    Role::ALL.get(usize::from(*value.first()?)).copied()
}

fn key(tag: u8, text: &str) -> Vec<u8> {
    [&[tag], text.as_bytes()].concat()
}

fn tag_of(restraint: Restraint) -> u8 {
    match restraint {
        Restraint::Ban => BAN,
        Restraint::Mute => MUTE,
    }
}

/// Writes down when somebody wrote who has to wait after that.
pub(super) fn put_written(journal: &mut Journal, user: &UserId, at: u64) {
    journal.put_person(&key(WROTE, user.as_str()), &[&at.to_be_bytes()]);
}

/// They need not wait any more.
pub(super) fn forget_written(journal: &mut Journal, user: &UserId) {
    journal.remove_person(&key(WROTE, user.as_str()));
}

/// Writes down how it stands with an invitation.
pub(super) fn put_invite(journal: &mut Journal, code: &InviteCode, invite: Option<&Invite>) {
    let key = key(INVITE, code.as_str());
    match invite {
        Some(invite) => {
            let until = invite.expires_at.to_be_bytes();
            let is_limited = [u8::from(invite.uses_left.is_some())];
            let uses = invite.uses_left.unwrap_or(0).to_be_bytes();
            let by = invite.by.as_str().as_bytes();
            journal.put_person(&key, &[&until, &is_limited, &uses, by]);
        }
        None => journal.remove_person(&key),
    }
}

fn invite_of(value: &[u8]) -> Option<Invite> {
    let (until, value) = value.split_first_chunk()?;
    let (is_limited, value) = value.split_first()?;
    let (uses, by) = value.split_first_chunk()?;
    Some(Invite {
        by: UserId::new(std::str::from_utf8(by).ok()?).ok()?,
        expires_at: u64::from_be_bytes(*until),
        uses_left: (*is_limited != 0).then(|| u32::from_be_bytes(*uses)),
    })
}

impl People {
    /// Takes back an entry; false where it makes no sense.
    pub(super) fn recall(&mut self, key: &[u8], value: &[u8]) -> bool {
        self.try_recall(key, value).is_some()
    }

    fn try_recall(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let (tag, text) = key.split_first()?;
        let text = std::str::from_utf8(text).ok()?;
        match *tag {
            MEMBER => {
                let since = u64::from_be_bytes(value.get(1..)?.try_into().ok()?);
                let role = role_of(value)?;
                self.members
                    .insert(UserId::new(text).ok()?, Member { role, since });
            }
            BAN | MUTE => {
                let (until, note) = value.split_first_chunk()?;
                let until = u64::from_be_bytes(*until);
                let held = Restrained {
                    until: (until != 0).then_some(until),
                    note: std::str::from_utf8(note).ok()?.to_owned(),
                };
                let restraint = match *tag {
                    BAN => Restraint::Ban,
                    _ => Restraint::Mute,
                };
                self.restrained
                    .insert((restraint, UserId::new(text).ok()?), held);
            }
            RULE => {
                let value = std::str::from_utf8(value).ok()?.to_owned();
                self.rules.insert(Rule::of_name(text)?, value);
            }
            WROTE => {
                let at = u64::from_be_bytes(value.try_into().ok()?);
                self.wrote.insert(UserId::new(text).ok()?, at);
            }
            PAST => self.past = past_of(value),
            INVITE => {
                let code = InviteCode::new(text).ok()?;
                self.invites.by_code.insert(code, invite_of(value)?);
            }
            _ => return None,
        }
        Some(())
    }

    /// Writes down how it stands with a member.
    pub(super) fn put_member(&self, journal: &mut Journal, user: &UserId) {
        match self.members.get(user) {
            Some(Member { role, since }) => {
                let place = Role::ALL.iter().position(|other| other == role);
                // There are four roles.
                let role = [place.unwrap_or(0) as u8];
                journal.put_person(&member_key(user), &[&role, &since.to_be_bytes()]);
            }
            None => journal.remove_person(&member_key(user)),
        }
    }

    /// Writes down whether somebody is kept from something.
    pub(super) fn put_restrained(&self, journal: &mut Journal, of: &(Restraint, UserId)) {
        let key = key(tag_of(of.0), of.1.as_str());
        match self.restrained.get(of) {
            Some(Restrained { until, note }) => {
                let until = until.unwrap_or(0).to_be_bytes();
                journal.put_person(&key, &[&until, note.as_bytes()]);
            }
            None => journal.remove_person(&key),
        }
    }

    /// Writes down a rule.
    pub(super) fn put_rule(&self, journal: &mut Journal, rule: Rule) {
        let key = key(RULE, rule.name());
        match self.rules.get(&rule) {
            Some(value) => journal.put_person(&key, &[value.as_bytes()]),
            None => journal.remove_person(&key),
        }
    }

    /// Writes down what there has been once.
    pub(super) fn put_past(&self, journal: &mut Journal) {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags =
            flag(self.past.had_roles, HAD_ROLES) | flag(self.past.had_restraints, HAD_RESTRAINTS);
        journal.put_person(PAST_KEY, &[&[flags]]);
    }
}
