//! The messages of a room as they are now, made of a snapshot and of the events behind it.
//!
//! This is the reference of how events are folded: whoever does so ends with what a fresh
//! snapshot says, whichever events came live and whichever were caught up.

use std::collections::BTreeMap;

use rookery_protocol::server_frame::{Deleted, Edited, Message};

use crate::{EventContent, LogEvent};

/// The messages of one room that can be seen, by their numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoldedRoom {
    messages: BTreeMap<u64, Message>,
}

impl FoldedRoom {
    /// Begins with the messages of a snapshot. Those before its first are not known, and what
    /// happens to them changes nothing here.
    pub fn of<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Self {
        let messages = messages.into_iter();
        Self {
            messages: messages.map(|it| (it.seq, it.clone())).collect(),
        }
    }

    /// Takes the next event of the room's log.
    pub fn fold(&mut self, event: &LogEvent) {
        match &event.content {
            // In catching up it stands where it stood, with nothing in it.
            EventContent::Message(message) if message.deleted => {
                self.messages.remove(&event.seq);
            }
            EventContent::Message(message) => {
                self.messages.insert(event.seq, (**message).clone());
            }
            EventContent::Edited(edited) => self.edit(edited),
            EventContent::Deleted(Deleted { target, .. }) => {
                self.messages.remove(target);
            }
            EventContent::Other { .. } => {}
        }
    }

    /// An edit without a text is of a message that was deleted since.
    fn edit(&mut self, edited: &Edited) {
        let message = self.messages.get_mut(&edited.target);
        let (Some(message), Some(text)) = (message, &edited.text) else {
            return;
        };
        message.text.clone_from(text);
        message.edited_at = message.edited_at.max(Some(edited.ts));
    }

    /// The messages, ascending.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.values()
    }
}
