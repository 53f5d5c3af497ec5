//! What is kept of a room beside its events.
//!
//! It is written where a room is made, begins another epoch, is left by the last who was
//! there, or has no events any more; an append leaves it alone, since the last number is
//! that of the last event.

use rookery_protocol::{Epoch, server_frame::RoomKind};
use serde::{Deserialize, Serialize};

use super::tables::RoomNumber;
use crate::Forks;

/// A room without its events. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::embedded) struct RoomHead {
    /// What its events lie under.
    pub(in crate::embedded) number: RoomNumber,
    pub(in crate::embedded) kind: RoomKind,
    pub(in crate::embedded) name: String,
    pub(in crate::embedded) epoch: Epoch,
    pub(in crate::embedded) forks: Forks,
    /// What happened to the folder when the epoch was last looked at: where the end of
    /// the log may have been lost since, another one is begun.
    pub(in crate::embedded) generation: u64,
    /// The last number given, or a smaller one where there are events.
    pub(in crate::embedded) seq: u64,
    pub(in crate::embedded) last_write: u64,
    /// Since when nobody has been there, if nobody is.
    pub(in crate::embedded) left: Option<u64>,
}

/// The same as it lies on the disk.
#[derive(Serialize, Deserialize)]
struct Written {
    number: u64,
    kind: RoomKind,
    name: String,
    epoch: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    forks: String,
    generation: u64,
    seq: u64,
    last_write: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<u64>,
}

impl RoomHead {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let written = Written {
            number: self.number.0,
            kind: self.kind,
            name: self.name.clone(),
            epoch: self.epoch.as_str().to_owned(),
            forks: self.forks.to_text(),
            generation: self.generation,
            seq: self.seq,
            last_write: self.last_write,
            left: self.left,
        };
        // Strings and numbers into memory: this fails only in theory.
        serde_json::to_vec(&written).unwrap_or_default()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            number: RoomNumber(written.number),
            kind: written.kind,
            name: written.name,
            epoch: Epoch::new(written.epoch).ok()?,
            forks: Forks::read(&written.forks)?,
            generation: written.generation,
            seq: written.seq,
            last_write: written.last_write,
            left: written.left,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let head = RoomHead {
            number: RoomNumber(7),
            kind: RoomKind::Public,
            name: "A \"room\"".to_owned(),
            epoch: crate::epoch::fresh(),
            forks: Forks::read(",b:12,a:7").unwrap(),
            generation: 3,
            seq: 12,
            last_write: 5,
            left: Some(7),
        };
        assert_eq!(RoomHead::read(&head.to_bytes()), Some(head));
        assert_eq!(RoomHead::read(b"{}"), None);
    }
}
