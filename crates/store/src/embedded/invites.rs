//! Invitations to a room, and which code leads to which room.
//!
//! The same rules as `invitation.lua`. A code that leads to a room says nothing: what is
//! good is known by the room alone.

use std::{collections::BTreeMap, sync::Arc};

use dashmap::DashMap;
use rookery_protocol::{InviteCode, Role, RoomId, UserId};

use super::{
    Embedded,
    clock::Now,
    disk::{BatchNumber, Disk, Journal},
    kept_people,
    people::People,
    room::StoredRoom,
};
use crate::{Denied, InviteRow, Restraint, StoreError};

/// An invitation. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invite {
    pub(super) by: UserId,
    pub(super) expires_at: u64,
    /// `None` is as many as want to; 0 is spent, and let go of with the next that is made.
    pub(super) uses_left: Option<u32>,
}

impl Invite {
    fn is_good(&self, now: u64) -> bool {
        self.expires_at > now && self.uses_left != Some(0)
    }
}

/// The invitations of a room.
#[derive(Debug, Default)]
pub(super) struct Invites {
    pub(super) by_code: BTreeMap<InviteCode, Invite>,
    /// Those that were let go of, to whom no code leads from now on.
    gone: Vec<InviteCode>,
}

impl Invites {
    pub(super) fn take_gone(&mut self) -> Vec<InviteCode> {
        std::mem::take(&mut self.gone)
    }

    fn good(&self, code: &InviteCode, now: u64) -> Option<&Invite> {
        self.by_code.get(code).filter(|invite| invite.is_good(now))
    }

    fn remove(&mut self, code: &InviteCode, journal: Option<&mut Journal>) -> bool {
        let was_there = self.by_code.remove(code).is_some();
        if let Some(journal) = journal.filter(|_| was_there) {
            kept_people::put_invite(journal, code, None);
        }
        if was_there {
            self.gone.push(code.clone());
        }
        was_there
    }
}

impl People {
    /// What one must be at least to invite somebody.
    pub(super) fn least_to_invite(&self) -> Role {
        match self.only_admins_invite() {
            true => Role::Admin,
            false => Role::Member,
        }
    }

    /// Refuses one more invitation where there are as many as there may be.
    pub(super) fn may_offer(&self, most: u64, now: u64) -> Result<(), Denied> {
        let invites = self.invites.by_code.values();
        let good = invites.filter(|invite| invite.is_good(now)).count() as u64;
        match most != 0 && good >= most {
            true => Err(Denied::TooManyInvites),
            false => Ok(()),
        }
    }

    /// Refuses to take back what is not there, or is somebody else's.
    pub(super) fn may_revoke(
        &self,
        code: &InviteCode,
        by: &UserId,
        role: Option<Role>,
        now: u64,
    ) -> Result<(), Denied> {
        match self.invites.good(code, now) {
            None => Err(Denied::NoSuchInvite),
            Some(invite) if invite.by != *by && role < Some(Role::Admin) => Err(Denied::Role),
            Some(_) => Ok(()),
        }
    }

    /// Refuses somebody who may not come in by a code.
    pub(super) fn may_spend(
        &self,
        code: &InviteCode,
        user: &UserId,
        now: u64,
    ) -> Result<(), Denied> {
        if self.role(user).is_some() {
            return Ok(());
        }
        let invite = self.invites.good(code, now).ok_or(Denied::NoSuchInvite)?;
        if self.role(&invite.by) < Some(self.least_to_invite()) {
            return Err(Denied::NoSuchInvite);
        }
        match self.is_restrained(Restraint::Ban, user, now) {
            true => Err(Denied::Banned),
            false => Ok(()),
        }
    }

    /// Makes an invitation, and lets go of those that are none any more.
    pub(super) fn offer(
        &mut self,
        code: &InviteCode,
        invite: Invite,
        now: u64,
        mut journal: Option<&mut Journal>,
    ) {
        let all = self.invites.by_code.iter();
        let over: Vec<_> = all
            .filter(|(_, invite)| !invite.is_good(now))
            .map(|(code, _)| code.clone())
            .collect();
        for code in over {
            self.invites.remove(&code, journal.as_deref_mut());
        }
        if let Some(journal) = journal {
            kept_people::put_invite(journal, code, Some(&invite));
        }
        self.invites.by_code.insert(code.clone(), invite);
    }

    /// Takes an invitation back.
    pub(super) fn revoke(&mut self, code: &InviteCode, journal: Option<&mut Journal>) -> bool {
        self.invites.remove(code, journal)
    }

    /// Counts a use; whether somebody comes in by it.
    pub(super) fn spend(
        &mut self,
        code: &InviteCode,
        user: &UserId,
        journal: Option<&mut Journal>,
    ) -> bool {
        if self.role(user).is_some() {
            return false;
        }
        let Some(invite) = self.invites.by_code.get_mut(code) else {
            return false;
        };
        if let Some(uses_left) = &mut invite.uses_left {
            *uses_left = uses_left.saturating_sub(1);
            if let Some(journal) = journal {
                kept_people::put_invite(journal, code, Some(invite));
            }
        }
        true
    }
}

/// Which code leads to which room. Where rooms are kept on the disk as well, memory has what
/// is not written yet.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// What is not written yet: where a code leads, or that it leads nowhere any more.
    by_code: DashMap<InviteCode, (Option<RoomId>, BatchNumber)>,
    disk: Option<Arc<Disk>>,
}

impl Codes {
    pub(super) fn new(disk: Option<Arc<Disk>>) -> Self {
        Self {
            by_code: DashMap::new(),
            disk,
        }
    }

    /// The code leads there; what is to be waited for.
    pub(super) fn note(&self, code: &InviteCode, room: &RoomId) -> BatchNumber {
        let disk = self.disk.as_ref();
        let batch = disk.map(|disk| disk.note_code(code, Some(room)));
        let batch = batch.unwrap_or_default();
        self.by_code
            .insert(code.clone(), (Some(room.clone()), batch));
        batch
    }

    /// The codes lead nowhere; what is to be waited for.
    pub(super) fn forget<'a>(
        &self,
        codes: impl IntoIterator<Item = &'a InviteCode>,
    ) -> BatchNumber {
        let mut last = BatchNumber::default();
        for code in codes {
            match &self.disk {
                Some(disk) => {
                    last = disk.note_code(code, None);
                    // On the disk it stands until then.
                    self.by_code.insert(code.clone(), (None, last));
                }
                None => drop(self.by_code.remove(code)),
            }
        }
        last
    }

    fn find(&self, code: &InviteCode) -> Result<Option<RoomId>, StoreError> {
        if let Some(found) = self.by_code.get(code) {
            return Ok(found.0.clone());
        }
        self.disk
            .as_ref()
            .map_or(Ok(None), |disk| disk.room_of_code(code))
    }

    /// Lets go of those that are written.
    pub(super) fn forget_written(&self) {
        if let Some(disk) = &self.disk {
            self.by_code
                .retain(|_, (_, batch)| !disk.has_written(*batch));
        }
    }
}

impl StoredRoom {
    fn invites(&self, by: &UserId, now: u64) -> Result<Vec<InviteRow>, Denied> {
        self.people.may_read(self.kind, by, now)?;
        let role = self.people.role(by).ok_or(Denied::NotAMember)?;
        let is_seen = |invite: &Invite| role >= Role::Admin || invite.by == *by;
        let all = self.people.invites.by_code.iter();
        let seen = all.filter(|(_, invite)| invite.is_good(now) && is_seen(invite));
        let row = |(code, invite): (&InviteCode, &Invite)| InviteRow {
            code: code.clone(),
            by: invite.by.clone(),
            expires_at: invite.expires_at,
            uses_left: invite.uses_left,
        };
        Ok(seen.map(row).collect())
    }
}

impl Embedded {
    /// See [`crate::Store::invites`].
    pub(crate) async fn invites(
        &self,
        id: &RoomId,
        by: &UserId,
    ) -> Result<Vec<InviteRow>, StoreError> {
        let (rows, batch) = {
            let _step = self.shared.step();
            let room = self.shared.existing(id)?;
            let rows = room.invites(by, Now::read().wall);
            let rows = rows.map_err(|denied| StoreError::Denied {
                room: id.clone(),
                denied,
            })?;
            (rows, room.batch())
        };
        self.kept(batch).await?;
        Ok(rows)
    }

    /// See [`crate::Store::invited_to`].
    pub(crate) fn invited_to(&self, code: &InviteCode) -> Result<Option<RoomId>, StoreError> {
        let _step = self.shared.step();
        self.shared.codes.find(code)
    }
}
