//! Users who are named one by one.

use rookery_protocol::{User, UserId};

/// By how many the room for names grows.
const GROWTH: usize = 2;

/// Some users, in the order of their ids. They are few enough to be named, so that this
/// is as fast as a map, and takes half of one's memory.
#[derive(Debug)]
pub(super) struct Named(Vec<User>);

impl Named {
    /// These, each once.
    pub(super) fn of(mut users: Vec<User>) -> Self {
        users.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        users.dedup_by(|one, other| one.id == other.id);
        users.shrink_to_fit();
        Self(users)
    }

    /// The user with this id.
    pub(super) fn get(&self, id: &UserId) -> Option<&User> {
        Some(&self.0[self.place_of(id).ok()?])
    }

    /// Puts one in; gives who had the same id.
    pub(super) fn put(&mut self, user: User) -> Option<User> {
        match self.place_of(&user.id) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place], user)),
            Err(place) => {
                if self.0.len() == self.0.capacity() {
                    self.0.reserve_exact(GROWTH);
                }
                self.0.insert(place, user);
                None
            }
        }
    }

    /// Takes one out; whether it was there.
    pub(super) fn remove(&mut self, id: &UserId) -> bool {
        let place = self.place_of(id);
        place.is_ok_and(|place| self.0.remove(place).id == *id)
    }

    fn place_of(&self, id: &UserId) -> Result<usize, usize> {
        self.0.binary_search_by(|user| user.id.cmp(id))
    }

    /// All of them, in the order of their ids.
    pub(super) fn all(&self) -> &[User] {
        &self.0
    }

    pub(super) fn into_vec(self) -> Vec<User> {
        self.0
    }
}
