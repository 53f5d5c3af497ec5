//! Of which layout a folder is, and how its last use ended.

use serde::{Deserialize, Serialize};

use crate::DataSync;

/// The layout that this program writes.
pub(super) const LAYOUT: u32 = 1;

/// All that is read of a folder at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) layout: u32,
    /// Whether everything was written when it was last closed. While it is in use it
    /// says no.
    pub(super) clean: bool,
    /// How it is written, or was last.
    pub(super) sync: DataSync,
    /// How often the end of what was written may have been lost.
    pub(super) generation: u64,
    /// Numbers of rooms up to this one may have been given.
    pub(super) rooms: u64,
    /// Under which nonces are digested.
    pub(super) nonce_key: u128,
}

impl Mark {
    /// That of a new folder.
    pub(super) fn first(sync: DataSync) -> Self {
        Self {
            layout: LAYOUT,
            clean: true,
            sync,
            generation: 0,
            rooms: 0,
            nonce_key: rand::random(),
        }
    }

    /// Whether something that was acknowledged may be lost since it was written.
    pub(super) fn may_have_lost(&self) -> bool {
        !self.clean && self.sync == DataSync::EverySecond
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Numbers and words into memory: this fails only in theory.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mark = Mark::first(DataSync::EverySecond);
        assert_eq!(Mark::read(&mark.to_bytes()), Some(mark));
    }
}
