//! What people call each other.
//!
//! Where names are kept on the disk as well, memory has those that were told or asked for
//! since the start.

use std::{collections::BTreeSet, sync::Arc};

use dashmap::DashMap;
use rookery_protocol::{User, UserId};

use super::{
    Embedded,
    disk::{BatchNumber, Disk},
};
use crate::{StoreError, find_people::PersonPlace};

/// The names of users.
#[derive(Debug, Default)]
pub(super) struct Persons {
    by_user: DashMap<UserId, (Arc<str>, BatchNumber)>,
    disk: Option<Arc<Disk>>,
}

impl Persons {
    pub(super) fn new(disk: Option<Arc<Disk>>) -> Self {
        Self {
            by_user: DashMap::new(),
            disk,
        }
    }

    fn note(&self, user: &User) -> Result<BatchNumber, StoreError> {
        if let Some((name, batch)) = self.find(&user.id)?
            && name == user.name
        {
            return Ok(batch);
        }
        let disk = self.disk.as_ref();
        let batch = disk.map(|disk| disk.note_person(user)).unwrap_or_default();
        self.by_user
            .insert(user.id.clone(), (user.name.clone(), batch));
        Ok(batch)
    }

    fn find(&self, user: &UserId) -> Result<Option<(Arc<str>, BatchNumber)>, StoreError> {
        if let Some(found) = self.by_user.get(user) {
            return Ok(Some(found.clone()));
        }
        let Some(disk) = &self.disk else {
            return Ok(None);
        };
        let name = disk.name_of(user)?;
        Ok(name.map(|name| (Arc::from(name), BatchNumber::default())))
    }

    /// The first so many after a place whose names begin so. All are looked through: one node
    /// has no more people than that takes some milliseconds.
    fn after(
        &self,
        beginning: &str,
        after: Option<&PersonPlace>,
        limit: usize,
    ) -> Result<Vec<PersonPlace>, StoreError> {
        let mut first = BTreeSet::new();
        let mut look = |user: &UserId, name: &str| {
            let place = PersonPlace::of(name, user);
            if place.begins_with(beginning) && after.is_none_or(|after| place > *after) {
                first.insert(place);
                if first.len() > limit {
                    first.pop_last();
                }
            }
        };
        if let Some(disk) = &self.disk {
            disk.each_person(|user, name| {
                if !self.by_user.contains_key(user) {
                    look(user, name);
                }
            })?;
        }
        for entry in &self.by_user {
            look(entry.key(), &entry.value().0);
        }
        Ok(first.into_iter().collect())
    }

    /// Lets go of those that are written.
    pub(super) fn forget_written(&self) {
        if let Some(disk) = &self.disk {
            self.by_user
                .retain(|_, (_, batch)| !disk.has_written(*batch));
        }
    }
}

impl Embedded {
    /// See `crate::Store::people_after`.
    pub(crate) fn people_after(
        &self,
        beginning: &str,
        after: Option<&PersonPlace>,
        limit: usize,
    ) -> Result<Vec<PersonPlace>, StoreError> {
        let _step = self.shared.step();
        self.shared.persons.after(beginning, after, limit)
    }

    /// See [`crate::Store::note_person`].
    pub(crate) async fn note_person(&self, user: &User) -> Result<(), StoreError> {
        let batch = {
            let _step = self.shared.step();
            self.shared.trouble()?;
            self.shared.persons.note(user)?
        };
        self.kept(batch).await
    }

    /// See [`crate::Store::persons`].
    pub(crate) async fn persons(
        &self,
        users: &[UserId],
    ) -> Result<Vec<Option<String>>, StoreError> {
        let mut last = BatchNumber::default();
        let names = {
            let _step = self.shared.step();
            let mut name_of = |user| {
                let found = self.shared.persons.find(user)?;
                Ok(found.map(|(name, batch)| {
                    last = last.max(batch);
                    name.to_string()
                }))
            };
            users
                .iter()
                .map(&mut name_of)
                .collect::<Result<Vec<_>, StoreError>>()?
        };
        self.kept(last).await?;
        Ok(names)
    }
}
