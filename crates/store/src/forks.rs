//! What a log shares with those whose names it had before.
//!
//! Where Redis may have lost the end of a log, it goes on in a new epoch. Up to
//! the number where that began it is still the log that it was, and a place up
//! to there as good as new; beyond it something may be missing. Redis keeps and
//! asks the same in `room.lua` and `read.lua`.

use rookery_protocol::{Cursor, Epoch};

/// How many epochs before its own a log remembers; `head.lua` says the same.
const MOST: usize = 8;

/// The epochs that a log had before, the youngest first, each with the last
/// number up to which the log is the same. Only some of the youngest are remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forks(Vec<Cursor>);

impl FromIterator<Cursor> for Forks {
    fn from_iter<I: IntoIterator<Item = Cursor>>(forks: I) -> Self {
        Self(forks.into_iter().collect())
    }
}

impl Forks {
    /// Reads them as they stand in the head of a room: `,epoch:seq` of each.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let read = |fork: &str| {
            let (epoch, seq) = fork.split_once(':')?;
            Some(Cursor {
                epoch: Epoch::new(epoch).ok()?,
                seq: seq.parse().ok()?,
            })
        };
        let forks = text.split(',').skip(1).map(read);
        forks.collect::<Option<_>>().map(Self)
    }

    /// As they are read.
    pub(crate) fn to_text(&self) -> String {
        let forks = self.0.iter();
        forks.fold(String::new(), |text, Cursor { epoch, seq }| {
            format!("{text},{epoch}:{seq}")
        })
    }

    /// What a log shares with those before it when it goes on after its end in another epoch.
    pub(crate) fn followed_by(&self, end: Cursor) -> Self {
        let older = self.0.iter().map(|fork| Cursor {
            epoch: fork.epoch.clone(),
            seq: fork.seq.min(end.seq),
        });
        let older: Vec<_> = older.take(MOST - 1).collect();
        [end].into_iter().chain(older).collect()
    }

    /// Whether everything up to a place in an epoch before is in this log, and the same.
    pub fn share(&self, place: &Cursor) -> bool {
        self.of(&place.epoch)
            .is_some_and(|fork| place.seq <= fork.seq)
    }

    /// Whether this was an epoch of the log, and is remembered.
    pub fn remember(&self, epoch: &Epoch) -> bool {
        self.of(epoch).is_some()
    }

    fn of(&self, epoch: &Epoch) -> Option<&Cursor> {
        self.0.iter().find(|fork| fork.epoch == *epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shared_up_to_its_fork() {
        let at = |epoch: &str, seq| Cursor {
            epoch: Epoch::new(epoch).unwrap(),
            seq,
        };
        let forks = Forks::read(",b:12,a:7").unwrap();
        for (place, shared) in [
            (at("b", 12), true),
            (at("b", 0), true),
            (at("b", 13), false),
            (at("a", 7), true),
            (at("a", 8), false),
            (at("c", 0), false),
        ] {
            assert_eq!(forks.share(&place), shared, "{place:?}");
        }
        assert!(forks.remember(&at("a", 0).epoch));
        assert!(!forks.remember(&at("c", 0).epoch));
        assert_eq!(Forks::read(""), Some(Forks::default()));
        assert!(!Forks::default().share(&at("a", 0)));
        assert_eq!(forks.to_text(), ",b:12,a:7");
        let mut followed = forks.followed_by(at("c", 5));
        assert_eq!(followed.to_text(), ",c:5,b:5,a:5");
        for number in 6..20 {
            followed = followed.followed_by(at("d", number));
        }
        assert_eq!(followed.0.len(), MOST);
        for nonsense in [",a", ",a:x", ",:1", ",a:1,"] {
            assert_eq!(Forks::read(nonsense), None, "{nonsense}");
        }
    }
}
