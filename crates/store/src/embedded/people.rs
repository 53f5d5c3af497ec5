//! The people of a room, and what is set of it.
//!
//! The same rules as `people.lua`.

use std::collections::BTreeMap;

use rookery_protocol::{EventKind, Role, UserId, server_frame::RoomKind};

use super::{disk::Journal, invites::Invites, kept_people};
use crate::{Denied, Restraint, Rule};

/// Who belongs to a room and as what, who is kept from what, and the rules.
#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) members: BTreeMap<UserId, Member>,
    pub(super) restrained: BTreeMap<(Restraint, UserId), Restrained>,
    pub(super) rules: BTreeMap<Rule, String>,
    pub(super) invites: Invites,
    pub(super) past: Past,
    /// In slow mode: who wrote lately, and when.
    pub(super) wrote: BTreeMap<UserId, u64>,
}

/// What there has been here once, so that it has to be looked for from then on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Past {
    /// Somebody is, or was, anything else than a member.
    pub(super) had_roles: bool,
    /// Somebody was banned, muted, made to read only, or removed, and may not know yet:
    /// whoever writes is looked at.
    pub(super) had_restraints: bool,
}

/// A member. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) role: Role,
    pub(super) since: u64,
}

/// Somebody who is kept from something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Restrained {
    /// `None` is for good.
    pub(super) until: Option<u64>,
    pub(super) note: String,
}

impl Restrained {
    pub(super) fn is_in_force(&self, now: u64) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

impl People {
    pub(super) fn role(&self, user: &UserId) -> Option<Role> {
        self.members.get(user).map(|member| member.role)
    }

    pub(super) fn is_restrained(&self, restraint: Restraint, user: &UserId, now: u64) -> bool {
        // The map is asked for a pair, and nearly always empty.
        !self.restrained.is_empty()
            && self
                .restrained
                .get(&(restraint, user.clone()))
                .is_some_and(|held| held.is_in_force(now))
    }

    fn is_set(&self, rule: Rule) -> bool {
        self.rules.contains_key(&rule)
    }

    pub(super) fn only_admins_invite(&self) -> bool {
        self.is_set(Rule::WhoMayInvite)
    }

    /// Whether whoever is in a list of memberships, and not among the members, is one all
    /// the same: it is so in rooms about which nothing is out of the ordinary.
    pub(super) fn is_member_by_list(kind: RoomKind, past: Past) -> bool {
        kind == RoomKind::Public && past == Past::default()
    }

    pub(super) fn count_with(&self, role: Role) -> usize {
        let members = self.members.values();
        members.filter(|member| member.role == role).count()
    }

    /// Refuses somebody who may not read.
    pub(super) fn may_read(&self, kind: RoomKind, user: &UserId, now: u64) -> Result<(), Denied> {
        match kind {
            RoomKind::Public if self.is_restrained(Restraint::Ban, user, now) => {
                Err(Denied::Banned)
            }
            RoomKind::Public => Ok(()),
            _ if self.members.contains_key(user) => Ok(()),
            _ => Err(Denied::Hidden),
        }
    }

    /// Whether whoever writes has to be looked at.
    pub(super) fn is_guarded(&self, kind: RoomKind) -> bool {
        let rules = [Rule::Archived, Rule::WhoMaySend, Rule::SlowMode];
        kind != RoomKind::Public
            || self.past.had_restraints
            || rules.into_iter().any(|rule| self.is_set(rule))
    }

    /// Refuses somebody who may not do what an event tells of, and notes who wrote.
    pub(super) fn may_write(
        &mut self,
        kind: RoomKind,
        event: EventKind,
        user: &UserId,
        now: u64,
        journal: Option<&mut Journal>,
    ) -> Result<(), Denied> {
        if !self.is_guarded(kind) {
            return Ok(());
        }
        let Some(role) = self.role(user) else {
            self.may_read(kind, user, now)?;
            return Err(Denied::NotAMember);
        };
        // What is one's own is taken back by whoever is a member.
        if event == EventKind::Deleted {
            return Ok(());
        }
        if self.is_set(Rule::Archived) {
            return Err(Denied::Archived);
        }
        if role == Role::Readonly {
            return Err(Denied::ReadOnly);
        }
        if self.is_restrained(Restraint::Mute, user, now) {
            return Err(Denied::Muted);
        }
        if role >= Role::Admin {
            return Ok(());
        }
        if self.is_set(Rule::WhoMaySend) {
            return Err(Denied::AdminsWrite);
        }
        match event {
            EventKind::Message => self.wait_for_turn(user, now, journal),
            // Only messages are to come slowly.
            _ => Ok(()),
        }
    }

    fn wait_for_turn(
        &mut self,
        user: &UserId,
        now: u64,
        journal: Option<&mut Journal>,
    ) -> Result<(), Denied> {
        let slow = self.rules.get(&Rule::SlowMode);
        let slow: u64 = slow.and_then(|ms| ms.parse().ok()).unwrap_or(0);
        if slow == 0 {
            return Ok(());
        }
        if let Some(wrote) = self.wrote.get(user)
            && *wrote <= now
            && wrote + slow > now
        {
            let retry_after_ms = wrote + slow - now;
            return Err(Denied::SlowMode { retry_after_ms });
        }
        self.note_written(user, now, slow, journal);
        Ok(())
    }

    /// Notes that somebody wrote, and forgets those who need not wait any more.
    fn note_written(
        &mut self,
        user: &UserId,
        now: u64,
        slow: u64,
        mut journal: Option<&mut Journal>,
    ) {
        self.wrote.insert(user.clone(), now);
        self.wrote.retain(|other, wrote| {
            let waits = *wrote <= now && *wrote + slow > now;
            if let Some(journal) = journal.as_deref_mut() {
                match waits {
                    true if other == user => kept_people::put_written(journal, other, now),
                    true => {}
                    false => kept_people::forget_written(journal, other),
                }
            }
            waits
        });
    }
}
