//! The one-letter names of the kinds of events, as they stand in the log.

use rookery_protocol::EventKind;

/// The letter of a message that was deleted.
pub(super) const DELETED_MESSAGE: char = 't';

/// The letter of a kind. `append.lua` has the same table, and `log.lua` knows
/// those of messages.
pub(super) fn letter(kind: EventKind) -> char {
    match kind {
        EventKind::Message => 'm',
        EventKind::Edited => 'e',
        EventKind::Deleted => 'd',
        EventKind::Reacted => 'r',
        EventKind::Pinned => 'p',
        EventKind::Member => 'u',
        EventKind::Changed => 'c',
    }
}

/// The kind of a letter.
pub(super) fn of_letter(of: char) -> Option<EventKind> {
    if of == DELETED_MESSAGE {
        return Some(EventKind::Message);
    }
    EventKind::ALL.into_iter().find(|&kind| letter(kind) == of)
}
