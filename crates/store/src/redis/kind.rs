//! The one-letter names of the kinds of events, as they stand in the log.

use rookery_protocol::EventKind;

/// The letter of a kind. `append.lua` has the same table, and `read.lua` knows
/// the one of messages.
pub(super) fn letter(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Message => "m",
        EventKind::Edited => "e",
        EventKind::Deleted => "d",
        EventKind::Reacted => "r",
        EventKind::Member => "u",
    }
}

/// The kind of a letter.
pub(super) fn of_letter(of: &str) -> Option<EventKind> {
    EventKind::ALL.into_iter().find(|&kind| letter(kind) == of)
}
