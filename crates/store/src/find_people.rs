//! Finding people by the beginning of what they are called.
//!
//! Each partition has a list of those who were heard of in it, by their names. A name that was
//! changed leaves an entry behind, which whoever finds it takes away.

use rookery_protocol::{User, UserId};

use crate::{Store, StoreError};

/// What stands between a name and an id; no id has it, and no name.
const BETWEEN: char = '\0';

/// How often more is read where entries had no use.
const MOST_ROUNDS: usize = 20;

/// What people are shown for somebody whose account is gone.
pub(crate) const DELETED: &str = "Deleted account";

/// Where somebody stands in the list: by what their name is compared by, then by their id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonPlace {
    /// The name as it is compared: in lower case.
    key: String,
    user: UserId,
}

/// Some people whose names begin as asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleFound {
    /// In the order of their names.
    pub people: Vec<User>,
    /// Where to go on, if there may be more.
    pub next: Option<PersonPlace>,
}

impl PersonPlace {
    /// Where somebody of this name stands.
    pub(crate) fn of(name: &str, user: &UserId) -> Self {
        Self {
            key: folded(name),
            user: user.clone(),
        }
    }

    pub(crate) fn user(&self) -> &UserId {
        &self.user
    }

    /// Whether that is still where somebody of this name stands.
    fn is_of(&self, name: &str) -> bool {
        name != DELETED && self.key == folded(name)
    }

    pub(crate) fn begins_with(&self, beginning: &str) -> bool {
        self.key.starts_with(beginning)
    }

    /// As it stands in the list, whose order is that of these bytes.
    pub(crate) fn to_text(&self) -> String {
        format!("{}{BETWEEN}{}", self.key, self.user)
    }

    /// Takes a text as one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (key, user) = text.split_once(BETWEEN)?;
        Some(Self {
            key: key.to_owned(),
            user: UserId::new(user).ok()?,
        })
    }

    /// As a word, for whoever asks for more.
    pub fn to_word(&self) -> String {
        let text = self.to_text();
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Takes such a word as one.
    pub fn of_word(word: &str) -> Option<Self> {
        let digits = word.as_bytes().chunks(2);
        let bytes: Option<Vec<u8>> = digits
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        Self::read(&String::from_utf8(bytes?).ok()?)
    }
}

/// A name as it is compared.
pub(crate) fn folded(name: &str) -> String {
    let lower = name.chars().flat_map(char::to_lowercase);
    lower.filter(|c| *c != BETWEEN).collect()
}

impl Store {
    /// People whose names begin so, whatever the case, in the order of their names: at most
    /// `limit`, after a place.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn find_people(
        &self,
        beginning: &str,
        after: Option<PersonPlace>,
        limit: usize,
    ) -> Result<PeopleFound, StoreError> {
        let (beginning, mut after) = (folded(beginning), after);
        let mut found = PeopleFound::default();
        for _ in 0..MOST_ROUNDS {
            let wanted = limit - found.people.len();
            let mut places = self
                .people_after(&beginning, after.as_ref(), wanted + 1)
                .await?;
            places.sort_unstable();
            let may_be_more = places.len() > wanted;
            places.truncate(wanted);
            let users: Vec<_> = places.iter().map(|place| place.user.clone()).collect();
            let names = self.persons(&users).await?;
            let mut stale = Vec::new();
            for (place, name) in places.iter().zip(names) {
                match name.filter(|name| place.is_of(name)) {
                    Some(name) => found.people.push(User {
                        id: place.user.clone(),
                        name: name.into(),
                    }),
                    None => stale.push(place.clone()),
                }
            }
            self.forget_places(&stale).await?;
            after = places.pop();
            if !may_be_more {
                return Ok(found);
            }
            if found.people.len() == limit {
                break;
            }
        }
        found.next = after;
        Ok(found)
    }

    /// At least so many places after one, if there are as many; in any order.
    async fn people_after(
        &self,
        beginning: &str,
        after: Option<&PersonPlace>,
        limit: usize,
    ) -> Result<Vec<PersonPlace>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.people_after(beginning, after, limit),
            Self::Redis(engine) => engine.people_after(beginning, after, limit).await,
        }
    }

    async fn forget_places(&self, places: &[PersonPlace]) -> Result<(), StoreError> {
        match self {
            // It has none but by what people are called.
            Self::Embedded(_) => Ok(()),
            Self::Redis(engine) => engine.forget_places(places).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place = PersonPlace::of("Anna\0 ÜNAL", &UserId::new("a:b").unwrap());
        assert_eq!(place.key, "anna ünal");
        assert_eq!(PersonPlace::of_word(&place.to_word()), Some(place));
        for wrong in ["", "0", "zz", "61", "é", "ff00ff"] {
            assert_eq!(PersonPlace::of_word(wrong), None, "{wrong}");
        }
    }
}
