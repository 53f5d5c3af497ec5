//! How much of a room is kept, and for how long.

use rookery_protocol::RoomId;

/// How much of each room is kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// At most how many of its latest events a room shows; 0 is no limit.
    pub max_events: u64,
    /// Rooms whose messages do not live for good.
    pub lifetimes: Vec<Lifetime>,
    /// For how long a room outlives the last user in it where nothing was ever
    /// written there, in milliseconds; 0 is for good.
    pub keep_empty_ms: u64,
}

/// How long messages live in the rooms of a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifetime {
    /// What the ids of these rooms begin with.
    pub prefix: String,
    /// In milliseconds; 0 is for good, to exempt some rooms of a shorter prefix.
    pub ttl_ms: u64,
}

impl Default for Retention {
    /// 10,000 events, 30 seconds in the rooms of `event:`, and an hour for what is empty.
    fn default() -> Self {
        Self {
            max_events: 10_000,
            lifetimes: vec![Lifetime {
                prefix: "event:".to_owned(),
                ttl_ms: 30_000,
            }],
            keep_empty_ms: 3_600_000,
        }
    }
}

impl Retention {
    /// How long the events of a room live, in milliseconds: by the longest
    /// prefix that fits. `None` is for good.
    pub fn ttl_ms(&self, room: &RoomId) -> Option<u64> {
        self.lifetimes
            .iter()
            .filter(|lifetime| room.as_str().starts_with(&lifetime.prefix))
            .max_by_key(|lifetime| lifetime.prefix.len())
            .map(|lifetime| lifetime.ttl_ms)
            .filter(|&ttl_ms| ttl_ms > 0)
    }

    /// The number up to which events are out of sight in a log that ends at `head`.
    pub(crate) fn hidden_up_to(&self, head: u64) -> u64 {
        match self.max_events {
            0 => 0,
            max_events => head.saturating_sub(max_events),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_wins() {
        let lifetime = |prefix: &str, ttl_ms| Lifetime {
            prefix: prefix.to_owned(),
            ttl_ms,
        };
        let retention = Retention {
            max_events: 3,
            lifetimes: vec![
                lifetime("event:long:", 9),
                lifetime("event:", 5),
                lifetime("event:kept:", 0),
            ],
            keep_empty_ms: 0,
        };
        let ttl_ms = |room: &str| retention.ttl_ms(&RoomId::new(room).unwrap());
        assert_eq!(ttl_ms("event:a"), Some(5));
        assert_eq!(ttl_ms("event:long:a"), Some(9));
        assert_eq!(ttl_ms("event:kept:a"), None);
        assert_eq!(ttl_ms("general"), None);
        assert_eq!(
            (retention.hidden_up_to(3), retention.hidden_up_to(7)),
            (0, 4)
        );
    }
}
