//! A place in a room's log.

use serde::{Deserialize, Serialize};

use crate::Epoch;

/// Everything up to and including `seq` of the log called `epoch`.
///
/// A `seq` alone is not a place: after the log was lost or rolled back the same
/// number could name another event, so the two always travel together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// The life of the log.
    pub epoch: Epoch,
    /// The last event seen; 0 before the first one.
    pub seq: u64,
}
