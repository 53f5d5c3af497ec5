//! Two wires: JSON on lines, and the same with a mark before it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use rookery_chat::delivery::{Push, Wire, WireNumber};

/// What everything is sent on plainly.
pub(crate) const LINES: WireNumber = WireNumber(0);
/// What everything is sent on behind a mark.
pub(crate) const MARKED: WireNumber = WireNumber(1);

/// How often bytes of an event were made for a wire.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told(Arc<AtomicUsize>);

impl Told {
    pub(crate) fn events(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// JSON on a line of its own, behind a mark.
pub(super) struct Lines {
    pub(super) mark: &'static str,
    pub(super) told: Told,
}

impl Wire for Lines {
    fn push(&self, push: Push<'_>) -> Bytes {
        if let Push::Event(_) = push {
            self.told.0.fetch_add(1, Ordering::Relaxed);
        }
        [self.mark.as_bytes(), push.json(), b"\n"].concat().into()
    }
}

/// The mark of a wire.
pub(super) fn mark_of(wire: WireNumber) -> &'static str {
    if wire == MARKED { "> " } else { "" }
}
