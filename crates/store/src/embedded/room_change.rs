//! Changing a room and its people: looked at as a whole, then done as a whole.

use rookery_protocol::{EventBody, Role, UserId, server_frame::RoomKind};

use super::{
    clock::Now,
    invites::Invite,
    people::{Member, People, Restrained},
    room::StoredRoom,
};
use crate::{
    Append, Denied, Restraint, Retention, RoomChange, RoomChanged, Rule, Step, StoreError, Told,
    When,
};

impl StoredRoom {
    /// Carries a change out if whoever wants it may. A room that is just made is theirs.
    ///
    /// # Errors
    ///
    /// [`StoreError::Denied`]; then nothing was done.
    pub(super) fn change(
        &mut self,
        change: &RoomChange,
        retention: &Retention,
        most_restraints: u64,
        now: Now,
    ) -> Result<RoomChanged, StoreError> {
        let wall = now.wall.max(self.last_write);
        self.may_change(change, most_restraints, wall)
            .map_err(|denied| StoreError::Denied {
                room: self.id.clone(),
                denied,
            })?;
        let mut changed = RoomChanged {
            kind: self.kind,
            changed: false,
            at: wall,
            told: Vec::new(),
        };
        let mut last = false;
        for step in &change.steps {
            if let Step::Tell { body, told } = step {
                let wanted = last && (*told == Told::Everywhere || self.kind != RoomKind::Public);
                if wanted {
                    let append = self.telling(&change.by, body);
                    changed
                        .told
                        .push(self.put_event(&append, None, retention, now));
                }
                continue;
            }
            last = self.take_step(step, &change.by, wall);
            changed.changed |= last;
        }
        self.flush();
        Ok(changed)
    }

    fn telling(&self, by: &UserId, body: &EventBody) -> Append {
        Append {
            room: self.id.clone(),
            user: by.clone(),
            nonce: None,
            body: body.clone(),
            known: None,
            overwrite: None,
        }
    }

    fn may_change(
        &mut self,
        change: &RoomChange,
        most_restraints: u64,
        now: u64,
    ) -> Result<(), Denied> {
        let (people, by) = (&self.people, &change.by);
        let makes = matches!(change.steps.first(), Some(Step::Make { .. }));
        let role = match makes {
            true => Some(Role::Owner),
            false => people.role(by),
        };
        if let Some(Step::Spend { code }) = change.steps.first() {
            people.may_spend(code, by, now)?;
        } else if !makes {
            people.may_read(self.kind, by, now)?;
            let least = match change.least {
                Some(Role::Member) if change.invites() => Some(people.least_to_invite()),
                least => least,
            };
            if role < least {
                return Err(role.map_or(Denied::NotAMember, |_| Denied::Role));
            }
        }
        let mut steps = change.steps.iter();
        steps.try_for_each(|step| people.may_take(step, by, role, now))?;
        let restrained = change.steps.iter().filter_map(|step| match step {
            Step::Restrain {
                restraint, user, ..
            } => Some((*restraint, user.clone())),
            _ => None,
        });
        for of in restrained {
            self.make_room_for_restraint(&of, most_restraints, now)?;
        }
        Ok(())
    }

    /// Refuses one more where as many are in force as may be; those that are over go.
    fn make_room_for_restraint(
        &mut self,
        of: &(Restraint, UserId),
        most: u64,
        now: u64,
    ) -> Result<(), Denied> {
        let people = &mut self.people;
        let is_full = |people: &People| people.restrained.len() as u64 >= most;
        if most == 0 || !is_full(people) || people.is_restrained(of.0, &of.1, now) {
            return Ok(());
        }
        let over = people.restrained.iter();
        let over = over.filter(|(_, held)| !held.is_in_force(now));
        for of in over.map(|(of, _)| of.clone()).collect::<Vec<_>>() {
            people.restrained.remove(&of);
            if let Some(journal) = self.journal.as_deref_mut() {
                people.put_restrained(journal, &of);
            }
        }
        match is_full(people) {
            true => Err(Denied::TooManyRestraints),
            false => Ok(()),
        }
    }

    /// Refuses somebody whose role is not enough.
    pub(super) fn may_act(&self, user: &UserId, least: Role) -> Result<(), Denied> {
        self.people.may_read(self.kind, user, Now::read().wall)?;
        match self.people.role(user) {
            None => Err(Denied::NotAMember),
            Some(role) if role < least => Err(Denied::Role),
            Some(_) => Ok(()),
        }
    }

    /// Takes a step that was looked at; whether anything is otherwise than before.
    fn take_step(&mut self, step: &Step, by: &UserId, now: u64) -> bool {
        let past = self.people.past;
        let changed = self.take_looked_at(step, by, now);
        if let Some(journal) = &mut self.journal
            && self.people.past != past
        {
            self.people.put_past(journal);
        }
        changed
    }

    fn take_looked_at(&mut self, step: &Step, by: &UserId, now: u64) -> bool {
        let people = &mut self.people;
        let mut journal = self.journal.as_deref_mut();
        match step {
            Step::Make { .. } => true,
            Step::Tell { .. } => false,
            Step::Rank { user, role, when } => {
                let changed = people.rank(user, *role, *when, by, now);
                if let Some(journal) = journal.as_mut().filter(|_| changed) {
                    people.put_member(journal, user);
                }
                changed
            }
            Step::Restrain {
                restraint,
                user,
                for_ms,
                note,
            } => {
                let held = Restrained {
                    until: for_ms.map(|ms| now + ms),
                    note: note.clone(),
                };
                let of = (*restraint, user.clone());
                people.restrained.insert(of.clone(), held);
                people.past.had_restraints = true;
                if let Some(journal) = &mut journal {
                    people.put_restrained(journal, &of);
                }
                true
            }
            Step::Release { restraint, user } => {
                let of = (*restraint, user.clone());
                let changed = people.restrained.remove(&of).is_some();
                if let Some(journal) = journal.as_mut().filter(|_| changed) {
                    people.put_restrained(journal, &of);
                }
                changed
            }
            Step::Rule { rule, value } => {
                let changed = people.set(*rule, value.as_deref());
                if let Some(journal) = journal.as_mut().filter(|_| changed) {
                    people.put_rule(journal, *rule);
                }
                changed
            }
            Step::Offer {
                code,
                expires_ms,
                uses,
                most: _,
            } => {
                let invite = Invite {
                    by: by.clone(),
                    expires_at: now + expires_ms,
                    uses_left: *uses,
                };
                people.offer(code, invite, now, journal);
                true
            }
            Step::Revoke { code } => people.revoke(code, journal),
            Step::Spend { code } => people.spend(code, by, journal),
            Step::Name(name) => {
                let changed = self.name != *name;
                if changed {
                    self.name.clone_from(name);
                    self.put_head();
                }
                changed
            }
        }
    }
}

impl People {
    /// Refuses a step that cannot be taken.
    fn may_take(
        &self,
        step: &Step,
        by: &UserId,
        role: Option<Role>,
        now: u64,
    ) -> Result<(), Denied> {
        match step {
            Step::Rank {
                user,
                role: wanted,
                when,
            } => self.may_rank(user, *wanted, *when, by, role, now),
            Step::Restrain { user, .. } if user != by => match self.role(user) {
                Some(other) if Some(other) >= role => Err(Denied::Outranked),
                _ => Ok(()),
            },
            Step::Offer { most, .. } => self.may_offer(*most, now),
            Step::Revoke { code } => self.may_revoke(code, by, role, now),
            _ => Ok(()),
        }
    }

    fn may_rank(
        &self,
        user: &UserId,
        wanted: Option<Role>,
        when: When,
        by: &UserId,
        role: Option<Role>,
        now: u64,
    ) -> Result<(), Denied> {
        let has = self.role(user);
        if when == When::Stranger {
            let is_banned = has.is_none() && user != by;
            return match is_banned && self.is_restrained(Restraint::Ban, user, now) {
                true => Err(Denied::OtherBanned),
                false => Ok(()),
            };
        }
        let Some(has) = has else {
            return match when {
                When::Member => Err(Denied::NoSuchMember),
                _ => Ok(()),
            };
        };
        if user == by {
            if wanted > Some(has) {
                return Err(Denied::Role);
            }
        } else if Some(has) >= role {
            return Err(Denied::Outranked);
        }
        let steps_down = has == Role::Owner && wanted < Some(Role::Owner);
        if steps_down && self.members.len() > 1 && self.count_with(Role::Owner) == 1 {
            return Err(Denied::LastOwner);
        }
        Ok(())
    }

    fn rank(
        &mut self,
        user: &UserId,
        wanted: Option<Role>,
        when: When,
        by: &UserId,
        now: u64,
    ) -> bool {
        let has = self.members.get(user).copied();
        let is_meant = (when == When::Stranger) == has.is_none();
        if !is_meant || has.map(|member| member.role) == wanted {
            return false;
        }
        match wanted {
            Some(role) => {
                // Who gets another role has been there as long as before.
                let since = has.map_or(now, |member| member.since);
                self.members.insert(user.clone(), Member { role, since });
                self.past.had_roles |= role != Role::Member;
                self.past.had_restraints |= role == Role::Readonly;
            }
            None => {
                self.members.remove(user);
                self.past.had_restraints |= user != by;
            }
        }
        true
    }

    fn set(&mut self, rule: Rule, value: Option<&str>) -> bool {
        let before = self.rules.get(&rule).map(String::as_str);
        if before == value {
            return false;
        }
        match value {
            Some(value) => drop(self.rules.insert(rule, value.to_owned())),
            None => drop(self.rules.remove(&rule)),
        }
        true
    }
}
