//! Seeing which nodes are dead, without believing any clock but one's own that
//! never jumps.
//!
//! A life whose state has not changed for long enough is over. Only time counts
//! in which this node looked, so that neither a Redis that was away nor a node
//! that stood still makes all others look dead.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::lease::ENDED;

/// What this node has seen of the lives of all.
pub(super) struct Watch {
    /// For how long a life that lasts may show no sign.
    patience: Duration,
    /// For how long the users of a node that has stopped still count as there.
    grace: Duration,
    /// The most time that counts between one look and the next.
    most_between: Duration,
    looked: Option<Instant>,
    seen: HashMap<String, Seen>,
}

struct Seen {
    state: String,
    unchanged: Duration,
}

/// A life whose presence is to be taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) life: String,
    pub(super) state: String,
    /// Whether it was given up.
    pub(super) stopped: bool,
}

impl Watch {
    /// A node that died without a word leaves its users as much time to come
    /// back elsewhere as one that was stopped.
    pub(super) fn new(lease: Duration, grace: Duration, looks_in_a_lease: u32) -> Self {
        Self {
            patience: lease.max(grace),
            grace,
            most_between: lease / looks_in_a_lease,
            looked: None,
            seen: HashMap::new(),
        }
    }

    /// Takes what all lives and their states are now.
    pub(super) fn look(&mut self, lives: impl Iterator<Item = (String, String)>, now: Instant) {
        let since = self.looked.replace(now);
        let passed = since.map_or(Duration::ZERO, |since| {
            now.saturating_duration_since(since).min(self.most_between)
        });
        let mut before = std::mem::take(&mut self.seen);
        for (life, state) in lives {
            let unchanged = match before.remove(&life) {
                Some(seen) if seen.state == state => seen.unchanged + passed,
                _ => Duration::ZERO,
            };
            self.seen.insert(life, Seen { state, unchanged });
        }
    }

    /// Nothing could be seen: perhaps no node could say that it lives.
    pub(super) fn forget(&mut self) {
        self.looked = None;
        self.seen.clear();
    }

    /// The lives that are over, but for this one.
    pub(super) fn over(&self, own: Option<&str>) -> Vec<Over> {
        let over = self.seen.iter().filter(|(life, seen)| {
            let patience = match seen.state == ENDED {
                true => self.grace,
                false => self.patience,
            };
            seen.unchanged >= patience && own != Some(life.as_str())
        });
        over.map(|(life, seen)| Over {
            life: life.clone(),
            state: seen.state.clone(),
            stopped: seen.state == ENDED,
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A lease of six seconds, a grace time of three, a look each second.
    struct World {
        watch: Watch,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            Self {
                watch: Watch::new(6 * SECOND, 3 * SECOND, 6),
                now: Instant::now(),
            }
        }

        fn look(&mut self, after: Duration, states: &[(&str, &str)]) -> Vec<String> {
            self.now += after;
            let states = states
                .iter()
                .map(|(life, state)| ((*life).into(), (*state).into()));
            self.watch.look(states, self.now);
            let over = self.watch.over(Some("own"));
            over.into_iter().map(|over| over.life).collect()
        }
    }

    #[test]
    fn a_life_that_shows_no_sign_is_over_after_its_lease() {
        let mut world = World::new();
        for beat in 0..6 {
            let beating = beat.to_string();
            let states = [("lives", &*beating), ("dead", "7 7"), ("own", "1 1")];
            assert_eq!(world.look(SECOND, &states), [""; 0]);
        }
        assert_eq!(
            world.look(SECOND, &[("lives", "x"), ("dead", "7 7"), ("own", "1 1")]),
            ["dead"]
        );
        assert_eq!(
            world.look(SECOND, &[("lives", "y"), ("dead", "8 7")]),
            [""; 0]
        );
    }

    #[test]
    fn one_that_was_given_up_is_over_after_the_grace_time() {
        let mut world = World::new();
        for _ in 0..3 {
            assert_eq!(world.look(SECOND, &[("stopped", "ended")]), [""; 0]);
        }
        assert_eq!(world.look(SECOND, &[("stopped", "ended")]), ["stopped"]);
        assert!(world.watch.over(None)[0].stopped);
    }

    #[test]
    fn who_died_leaves_their_users_the_grace_time_too() {
        let mut watch = Watch::new(2 * SECOND, 5 * SECOND, 2);
        let mut now = Instant::now();
        let mut looks = 0;
        while watch.over(None).is_empty() {
            watch.look([("dead".into(), "7 7".into())].into_iter(), now);
            now += SECOND;
            looks += 1;
        }
        assert_eq!(looks, 6, "five seconds lie between six looks");
    }

    #[test]
    fn time_in_which_nobody_looked_counts_for_nothing() {
        let mut world = World::new();
        for _ in 0..6 {
            assert_eq!(world.look(100 * SECOND, &[("a", "7 7")]), [""; 0]);
        }
        world.watch.forget();
        for _ in 0..6 {
            assert_eq!(world.look(SECOND, &[("a", "7 7")]), [""; 0]);
        }
        assert_eq!(world.look(SECOND, &[("a", "7 7")]), ["a"]);
    }
}
