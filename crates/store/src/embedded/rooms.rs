//! What is asked of a room's people: coming in, changing, looking.

use rookery_protocol::{EventKind, Role, RoomId, UserId};

use super::{Embedded, clock::Now, disk::BatchNumber};
use crate::{
    Admission, Admitted, Append, MemberPlace, MemberRow, MembersAsked, MembersPage, Restraint,
    RestraintRow, RoomChange, RoomChanged, RoomView, Step, StoreError,
};

impl Embedded {
    /// See [`crate::Store::change_room`].
    pub(crate) async fn change_room(&self, change: &RoomChange) -> Result<RoomChanged, StoreError> {
        let (changed, batch) = self.change_room_now(change)?;
        self.kept(batch).await?;
        Ok(changed)
    }

    fn change_room_now(
        &self,
        change: &RoomChange,
    ) -> Result<(RoomChanged, BatchNumber), StoreError> {
        let shared = &*self.shared;
        let _step = shared.step();
        shared.trouble()?;
        let id = &change.room;
        let mut room = match change.steps.first() {
            Some(Step::Make { kind, name }) => shared.make_anew(id, *kind, name, &change.by)?,
            _ => shared.enter(id, change.known.as_ref(), None)?,
        };
        let now = Now::read();
        let most_restraints = shared.user_limits.restraints_per_room;
        let changed = room.change(change, &shared.retention, most_restraints, now)?;
        let bodies = change.steps.iter().filter_map(|step| match step {
            Step::Tell { body, .. } => Some(body),
            _ => None,
        });
        for appended in &changed.told {
            shared.feeds.grew(id, appended.seq, now.wall);
            // Each event tells of its kind itself; the one that has its fields is its body.
            let body = bodies.clone().find(|body| {
                let json = appended
                    .event
                    .as_ref()
                    .map_or(&[][..], |event| event.json());
                json.ends_with(&[&body.fields[..], b"}"].concat())
            });
            if let Some(body) = body.filter(|_| shared.echo) {
                let append = Append {
                    room: id.clone(),
                    user: change.by.clone(),
                    nonce: None,
                    body: body.clone(),
                    known: None,
                    overwrite: None,
                };
                shared.publish(&append, appended);
            }
        }
        shared.agenda.enter(id, &mut room, now);
        let forgotten = shared.codes.forget(&room.people.invites.take_gone());
        let mut batch = room.batch().max(forgotten);
        if let Some(Step::Offer { code, .. }) = change.steps.first() {
            batch = batch.max(shared.codes.note(code, id));
        }
        Ok((changed, batch))
    }

    /// See [`crate::Store::admit`].
    pub(crate) async fn admit(
        &self,
        id: &RoomId,
        user: &UserId,
        enters: bool,
    ) -> Result<Admission, StoreError> {
        let (admission, batch) = self.admit_now(id, user, enters)?;
        self.kept(batch).await?;
        Ok(admission)
    }

    fn admit_now(
        &self,
        id: &RoomId,
        user: &UserId,
        enters: bool,
    ) -> Result<(Admission, BatchNumber), StoreError> {
        let _step = self.shared.step();
        let mut room = self.shared.existing(id)?;
        let now = Now::read().wall;
        let role = room.people.role(user);
        if role.is_none() {
            let may = room.people.may_read(room.kind, user, now);
            may.map_err(|denied| StoreError::Denied {
                room: id.clone(),
                denied,
            })?;
        }
        let admitted = Admitted {
            kind: room.kind,
            role: role.unwrap_or(Role::Member),
            seq: room.head,
        };
        if role.is_none() && enters {
            self.shared.trouble()?;
            room.enter_member(user, now);
        }
        let admission = match role.is_some() || enters {
            true => Admission::Member(admitted),
            false => Admission::Open(admitted),
        };
        Ok((admission, room.batch()))
    }

    /// See [`crate::Store::room`].
    pub(crate) async fn room(&self, id: &RoomId, by: &UserId) -> Result<RoomView, StoreError> {
        let (view, batch) = {
            let _step = self.shared.step();
            let room = self.shared.existing(id)?;
            check_reader(&room, by)?;
            let rules = room.people.rules.iter();
            let view = RoomView {
                kind: room.kind,
                name: room.name.clone(),
                head: room.head(),
                role: room.people.role(by),
                members: room.people.members.len() as u64,
                rules: rules.map(|(rule, value)| (*rule, value.clone())).collect(),
            };
            (view, room.batch())
        };
        self.kept(batch).await?;
        Ok(view)
    }

    /// See [`crate::Store::may_write`].
    pub(crate) fn may_write(&self, id: &RoomId, user: &UserId) -> Result<(), StoreError> {
        let _step = self.shared.step();
        let mut room = self.shared.existing(id)?;
        let (kind, now) = (room.kind, Now::read().wall);
        // What tells of nothing notes nothing.
        let may = room
            .people
            .may_write(kind, EventKind::Reacted, user, now, None);
        may.map_err(|denied| StoreError::Denied {
            room: id.clone(),
            denied,
        })
    }

    /// See [`crate::Store::members`].
    pub(crate) async fn members(&self, asked: &MembersAsked) -> Result<MembersPage, StoreError> {
        let _step = self.shared.step();
        let room = self.shared.existing(&asked.room)?;
        check_reader(&room, &asked.reader)?;
        let now = Now::read().wall;
        let members = room.people.members.iter();
        let members = members.filter(|(_, member)| asked.role.is_none_or(|it| it == member.role));
        let place = |(user, member): (&UserId, &super::people::Member)| MemberPlace {
            role: member.role,
            since: member.since,
            user: user.clone(),
        };
        let mut places: Vec<_> = members.map(place).collect();
        places.sort_by(in_order);
        if let Some(after) = &asked.after {
            places.retain(|place| in_order(place, after).is_gt());
        }
        let more = places.len() > asked.limit as usize;
        places.truncate(asked.limit as usize);
        let row = |place: MemberPlace| {
            let mute = (Restraint::Mute, place.user.clone());
            let held = room.people.restrained.get(&mute);
            let held = held.filter(|held| held.is_in_force(now));
            MemberRow {
                muted_until: held.map(|held| held.until.unwrap_or(0)),
                place,
            }
        };
        Ok(MembersPage {
            members: places.into_iter().map(row).collect(),
            count: room.people.members.len() as u64,
            more,
        })
    }

    /// See [`crate::Store::restrained`].
    pub(crate) async fn restrained(
        &self,
        id: &RoomId,
        restraint: Restraint,
    ) -> Result<Vec<RestraintRow>, StoreError> {
        let _step = self.shared.step();
        let room = self.shared.existing(id)?;
        let now = Now::read().wall;
        let restrained = room.people.restrained.iter();
        let restrained =
            restrained.filter(|((of, _), held)| *of == restraint && held.is_in_force(now));
        let row =
            |((_, user), held): (&(Restraint, UserId), &super::people::Restrained)| RestraintRow {
                user: user.clone(),
                until: held.until,
                note: held.note.clone(),
            };
        Ok(restrained.map(row).collect())
    }
}

/// The order of members: by role, the highest first, then by when they came.
fn in_order(one: &MemberPlace, other: &MemberPlace) -> std::cmp::Ordering {
    let key = |place: &MemberPlace| (std::cmp::Reverse(place.role), place.since);
    key(one)
        .cmp(&key(other))
        .then_with(|| one.user.cmp(&other.user))
}

fn check_reader(room: &super::room::StoredRoom, reader: &UserId) -> Result<(), StoreError> {
    let may = room.people.may_read(room.kind, reader, Now::read().wall);
    may.map_err(|denied| StoreError::Denied {
        room: room.id.clone(),
        denied,
    })
}
