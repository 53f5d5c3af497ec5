//! How much of a room is kept, and for how long.

use rookery_protocol::RoomId;

/// For how long the numbers of a room go on after its last message has expired.
const NUMBERS_OUTLIVE_MS: u64 = 3_600_000;

/// How much of each room is kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// At most how many of its latest messages a room shows, and whatever happened since the first of them; 0 is no limit.
    pub max_messages: u64,
    /// Rooms whose messages do not live for good.
    pub lifetimes: Vec<Lifetime>,
    /// For how long a room without messages outlives the last user in it, in milliseconds;
    /// 0 is for good.
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
            max_messages: 10_000,
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

    /// For how long a room without messages outlives whatever happened there last, in
    /// milliseconds; 0 is for good. Where messages do not live for good the room does not
    /// either: its numbers go on for an hour.
    pub(crate) fn keep_ms(&self, room: &RoomId) -> u64 {
        match self.ttl_ms(room) {
            Some(ttl_ms) => ttl_ms + NUMBERS_OUTLIVE_MS,
            None => self.keep_empty_ms,
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
            max_messages: 3,
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
    }
}
