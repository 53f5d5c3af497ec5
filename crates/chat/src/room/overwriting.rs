//! What an event does to the messages and edits that came before it, as they are remembered.
//!
//! The store does the same to its log in the step that stores the event.

use rookery_protocol::{Event, edit, tail::TailChange, tombstone};

/// An event that changes a message.
#[derive(Debug)]
pub(super) struct Overwriting<'a> {
    /// The number of the message.
    pub(super) target: u64,
    seq: u64,
    change: Change<'a>,
}

/// What an event makes of the pins of its room.
pub(super) fn pins_behind(event: &Event, pins: &[u64]) -> Option<Vec<u64>> {
    let json = event.json();
    // Nothing else is read for it.
    let pin = json.starts_with(PIN).then(|| TailChange::of_event(json));
    let (target, on) = match pin.flatten() {
        Some((target, TailChange::Pin(on))) => (target, on),
        None if json.starts_with(DELETION) => (number_behind(json, br#","target":"#)?, false),
        _ => return None,
    };
    if pins.contains(&target) == on {
        return None;
    }
    let mut pins: Vec<u64> = pins.iter().copied().filter(|pin| *pin != target).collect();
    pins.extend(on.then_some(target));
    Some(pins)
}

#[derive(Debug)]
enum Change<'a> {
    /// Another text, a JSON string, written at that time. Without one the message was deleted
    /// after it was edited, by an event that is yet to come.
    Edit(Option<&'a [u8]>, u64),
    Deletion,
    /// What stands behind it.
    Tail(TailChange),
}

/// What a message begins with.
const MESSAGE: &[u8] = br#"{"type":"message""#;
/// What tells of a pin begins with.
const PIN: &[u8] = br#"{"type":"pinned""#;
/// What a deletion begins with.
const DELETION: &[u8] = br#"{"type":"deleted""#;

impl<'a> Overwriting<'a> {
    /// What an event changes, if it does.
    pub(super) fn of(event: &'a Event) -> Option<Self> {
        let json = event.json();
        if let Some((target, change)) = TailChange::of_event(json) {
            return Some(Self {
                target,
                seq: event.seq,
                change: Change::Tail(change),
            });
        }
        let change = match edit::target_of(json) {
            Some(_) => Change::Edit(edit::text_of(json), number_behind(json, br#","ts":"#)?),
            None if json.starts_with(DELETION) => Change::Deletion,
            None => return None,
        };
        Some(Self {
            target: number_behind(json, br#","target":"#)?,
            seq: event.seq,
            change,
        })
    }

    /// Whether no other event is otherwise by it.
    pub(super) fn is_about_the_message_alone(&self) -> bool {
        matches!(self.change, Change::Tail(_))
    }

    /// What an earlier event is from now on; `None` where it stays as it is.
    pub(super) fn applied_to(&self, event: &Event) -> Option<Event> {
        let json = event.json();
        let is_the_message = event.seq == self.target && json.starts_with(MESSAGE);
        let changed = match &self.change {
            Change::Edit(text, ts) if is_the_message => match text {
                Some(text) => edit::edited(json, text, *ts)?,
                None => tombstone::event(json),
            },
            Change::Deletion if is_the_message => tombstone::event(json),
            Change::Tail(change) if is_the_message && !tombstone::is_tombstone(json) => {
                change.applied_to(json)?
            }
            Change::Tail(_) => return None,
            _ if event.seq >= self.seq || edit::target_of(json) != Some(self.target) => {
                return None;
            }
            Change::Edit(text, _) => edit::event_with(json, *text),
            Change::Deletion => edit::event_with(json, None),
        };
        Some(Event::new(event.seq, event.expires_at, changed))
    }
}

/// The number that stands first behind these words.
fn number_behind(json: &[u8], words: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(json, words)? + words.len();
    let digits = json.get(at..)?.iter();
    let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
    str::from_utf8(json.get(at..at + digits)?)
        .ok()?
        .parse()
        .ok()
}
