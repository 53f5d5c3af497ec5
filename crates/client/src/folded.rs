//! The messages of a room as they are now, made of a snapshot and of the events behind it.
//!
//! This is the reference of how events are folded: whoever does so ends with what a fresh
//! snapshot says, whichever events came live and whichever were caught up.

use std::collections::BTreeMap;

use rookery_protocol::{
    UserId,
    reacted::{Pinned, Reacted},
    server_frame::{Deleted, Edited, Message, Snapshot},
    tail,
};

use crate::{EventContent, LogEvent};

/// The messages of one room that can be seen, by their numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldedRoom {
    /// Who looks: their own reactions are marked.
    user: UserId,
    messages: BTreeMap<u64, Message>,
    pins: Vec<u64>,
}

impl FoldedRoom {
    /// Begins with the messages of a snapshot. Those before its first are not known, and what
    /// happens to them changes nothing here.
    pub fn of(snapshot: &Snapshot, user: &UserId) -> Self {
        let messages = snapshot.messages.iter().flatten();
        Self {
            user: user.clone(),
            messages: messages.map(|it| (it.seq, it.clone())).collect(),
            pins: snapshot.pins.clone(),
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
                self.pins.retain(|pin| pin != target);
            }
            EventContent::Reacted(reacted) => self.react(reacted),
            EventContent::Pinned(pinned) => self.pin(pinned),
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

    fn react(&mut self, reacted: &Reacted) {
        let Some(message) = self.messages.get_mut(&reacted.target) else {
            return;
        };
        let reactions = &mut message.reactions;
        if let Some(one) = &reacted.one {
            tail::set_count(reactions, &one.change.emoji, one.count);
        }
        if let Some(now) = &reacted.reactions {
            let before = std::mem::replace(reactions, now.clone());
            for reaction in reactions.iter_mut() {
                let mut before = before.iter();
                let known = before.find(|it| it.emoji == reaction.emoji);
                reaction.mine = known.is_some_and(|it| it.mine);
            }
        }
        let one = reacted.one.iter().map(|one| &one.change);
        let changes = one.chain(reacted.changes.iter().flatten());
        for change in changes.filter(|change| change.by.id == self.user) {
            let mut reactions = reactions.iter_mut();
            if let Some(reaction) = reactions.find(|it| it.emoji == change.emoji) {
                reaction.mine = change.on;
            }
        }
    }

    fn pin(&mut self, pinned: &Pinned) {
        let Pinned { target, on, .. } = pinned;
        self.pins.retain(|pin| pin != target);
        self.pins.extend(on.then_some(*target));
        if let Some(message) = self.messages.get_mut(target) {
            message.pinned = *on;
        }
    }

    /// The numbers of the messages that are pinned, in the order in which they were.
    pub fn pins(&self) -> &[u64] {
        &self.pins
    }

    /// The messages, ascending.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.values()
    }
}
