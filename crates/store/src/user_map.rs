//! A map by user that takes little where they are few, as they are in most rooms.
//!
//! A hash map has room for fourteen where ten are, and most of a node's memory is
//! small rooms. So few are kept in a vector in the order of their ids, which is as
//! fast; many are hashed.

use std::collections::HashMap;

use rookery_protocol::UserId;

/// The most that stand in a vector: searching it takes five comparisons.
const FEW: usize = 32;

/// By how many the vector grows.
const GROWTH: usize = 2;

/// A map by user.
#[derive(Debug)]
pub enum UserMap<V> {
    /// In the order of their ids.
    Few(Vec<(UserId, V)>),
    /// Hashed.
    Many(HashMap<UserId, V>),
}

impl<V> Default for UserMap<V> {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl<V> UserMap<V> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Few(few) => few.len(),
            Self::Many(many) => many.len(),
        }
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What there is of a user.
    pub fn get(&self, id: &UserId) -> Option<&V> {
        self.get_key_value(id).map(|(_, value)| value)
    }

    /// The same with the id as it stands in the map.
    pub fn get_key_value(&self, id: &UserId) -> Option<(&UserId, &V)> {
        match self {
            Self::Few(few) => {
                let (id, value) = &few[place_of(id, few).ok()?];
                Some((id, value))
            }
            Self::Many(many) => many.get_key_value(id),
        }
    }

    /// What there is of a user, to be changed.
    pub fn get_mut(&mut self, id: &UserId) -> Option<&mut V> {
        match self {
            Self::Few(few) => {
                let place = place_of(id, few).ok()?;
                Some(&mut few[place].1)
            }
            Self::Many(many) => many.get_mut(id),
        }
    }

    /// Puts in what there is of a user, and gives what there was.
    pub fn insert(&mut self, id: UserId, value: V) -> Option<V> {
        let few = match self {
            Self::Few(few) => few,
            Self::Many(many) => return many.insert(id, value),
        };
        let place = match place_of(&id, few) {
            Ok(place) => return Some(std::mem::replace(&mut few[place].1, value)),
            Err(place) => place,
        };
        if few.len() == FEW {
            let mut many: HashMap<_, _> = std::mem::take(few).into_iter().collect();
            many.insert(id, value);
            *self = Self::Many(many);
            return None;
        }
        if few.len() == few.capacity() {
            few.reserve_exact(GROWTH);
        }
        few.insert(place, (id, value));
        None
    }

    /// Takes a user out.
    pub fn remove_entry(&mut self, id: &UserId) -> Option<(UserId, V)> {
        match self {
            Self::Few(few) => Some(few.remove(place_of(id, few).ok()?)),
            Self::Many(many) => {
                let removed = many.remove_entry(id);
                if many.is_empty() {
                    *self = Self::default();
                }
                removed
            }
        }
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&UserId, &V)> {
        let (few, many) = match self {
            Self::Few(few) => (Some(few), None),
            Self::Many(many) => (None, Some(many)),
        };
        let few = few.into_iter().flatten().map(|(id, value)| (id, value));
        few.chain(many.into_iter().flatten())
    }
}

fn place_of<V>(id: &UserId, few: &[(UserId, V)]) -> Result<usize, usize> {
    few.binary_search_by(|(other, _)| other.cmp(id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map_however_many_they_are(
            steps in prop::collection::vec((0..80u8, any::<bool>()), 0..400),
        ) {
            let (mut map, mut model) = (UserMap::default(), HashMap::new());
            for (value, (user, comes)) in steps.into_iter().enumerate() {
                let id = UserId::new(format!("u{user}")).unwrap();
                if comes {
                    prop_assert_eq!(map.insert(id.clone(), value), model.insert(id, value));
                } else {
                    prop_assert_eq!(map.remove_entry(&id), model.remove_entry(&id));
                }
                prop_assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
            }
            for (id, value) in &model {
                prop_assert_eq!(map.get_key_value(id), Some((id, value)));
                prop_assert_eq!(map.get_mut(id).copied(), Some(*value));
            }
            let all: HashMap<_, _> = map.iter().collect();
            prop_assert_eq!(all, model.iter().collect::<HashMap<_, _>>());
        }
    }
}
