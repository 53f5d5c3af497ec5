//! What a client that comes in is shown of a room, made once for all who are
//! shown the same.
//!
//! Who is here is not a part of it: that is looked up at the moment of coming in.

use std::{ops::Range, sync::Arc};

use bytes::{BufMut, Bytes, BytesMut};
use rookery_protocol::{
    Cursor, Emoji, Event, RequestId, RoomId, encode, server_frame::RoomKind, tail,
};
use rookery_store::{Joined, Recovery};

use crate::limits::{Budget, Share};

/// What a client that comes in wants to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct View {
    /// Everything after this.
    pub(crate) since: Option<Cursor>,
    /// Without that, or where it cannot be had, so many of the latest messages.
    pub(crate) limit: u32,
}

/// What bounds all views.
#[derive(Debug, Clone)]
pub(crate) struct ViewBounds {
    /// At most how many events are caught up; 0 is no limit.
    pub(crate) catch_up: u64,
    /// How many of a room's latest events are shown at all; 0 is no limit.
    pub(crate) max_messages: u64,
    /// What is shown takes of these bytes.
    pub(crate) answers: Arc<Budget>,
    /// The latest that it can be by the store's clock, in milliseconds since the Unix epoch.
    pub(crate) now: Option<u64>,
}

/// What is told of a room itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoomInfo {
    pub(crate) kind: RoomKind,
    pub(crate) name: Arc<str>,
    pub(crate) ttl_ms: Option<u64>,
    /// The messages that are pinned.
    pub(crate) pins: Arc<[u64]>,
}

/// A room at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) head: Cursor,
    info: RoomInfo,
    recovered: bool,
    /// The end of the answer, with all events.
    items: Bytes,
    /// When the first of the events is gone, by the store's clock.
    expires_at: Option<u64>,
    /// The reactions to the messages.
    reactions: Box<[ReactionAt]>,
}

/// Where a reaction stands among the items.
#[derive(Debug)]
struct ReactionAt {
    /// The number of its message.
    seq: u64,
    emoji: Range<usize>,
    /// Where more can be put into it.
    end: usize,
}

impl View {
    /// What the view comes to in a room that ends at `end`, where that can be
    /// known: a cursor that is too far behind is as good as none.
    pub(crate) fn settled(&self, end: &Cursor, bounds: &ViewBounds) -> Self {
        let over = |behind: u64, most: u64| most != 0 && behind > most;
        let hopeless = |since: &&Cursor| {
            let behind = end.seq.saturating_sub(since.seq);
            let too_far = over(behind, bounds.catch_up) || over(behind, bounds.max_messages);
            since.epoch == end.epoch && too_far
        };
        let since = self.since.as_ref().filter(|since| !hopeless(since));
        let most = match bounds.max_messages {
            0 => u32::MAX,
            most => u32::try_from(most).unwrap_or(u32::MAX),
        };
        Self {
            since: since.cloned(),
            limit: self.limit.min(most),
        }
    }
}

impl ViewBounds {
    /// Whether something with this end is surely still to be seen.
    pub(crate) fn shows(&self, expires_at: Option<u64>) -> bool {
        match (expires_at, self.now) {
            (None, _) => true,
            (Some(at), Some(now)) => now < at,
            (Some(_), None) => false,
        }
    }
}

impl RoomInfo {
    pub(crate) fn of(joined: &Joined) -> Self {
        Self {
            kind: joined.kind,
            name: Arc::from(joined.name.as_str()),
            ttl_ms: joined.ttl_ms,
            pins: joined.pins.as_slice().into(),
        }
    }
}

impl Snapshot {
    pub(crate) fn new<'a>(
        head: Cursor,
        info: RoomInfo,
        recovered: bool,
        events: impl Iterator<Item = &'a Event> + Clone,
    ) -> Self {
        let items = encode::ok_joined_items(recovered, events.clone().map(Event::json));
        Self {
            head,
            info,
            recovered,
            reactions: reactions_among(&items, events.clone()),
            items: items.into(),
            expires_at: events.filter_map(|event| event.expires_at).min(),
        }
    }

    /// What the store read.
    pub(crate) fn of(joined: &Joined) -> Self {
        let (recovered, events) = match &joined.recovery {
            Recovery::Events(events) => (true, events),
            Recovery::Messages(messages) => (false, messages),
        };
        let head = joined.head.clone();
        Self::new(head, RoomInfo::of(joined), recovered, events.iter())
    }

    /// Whether it takes a client from where it left off into another epoch.
    pub(crate) fn leads_out_of_the_epoch_of(&self, view: &View) -> bool {
        let since = view.since.as_ref();
        self.recovered && since.is_some_and(|since| since.epoch != self.head.epoch)
    }

    /// How many bytes the events take, in the answer and beside it.
    pub(crate) fn bytes(&self) -> usize {
        self.items.len() + size_of_val(&*self.reactions)
    }

    /// The reactions to the messages: of each the number of its message.
    pub(crate) fn reactions(&self) -> impl Iterator<Item = (u64, Emoji)> {
        let reactions = self.reactions.iter();
        reactions.filter_map(|it| Some((it.seq, self.emoji(it)?)))
    }

    fn emoji(&self, reaction: &ReactionAt) -> Option<Emoji> {
        let emoji = self.items.get(reaction.emoji.clone())?;
        Emoji::new(str::from_utf8(emoji).ok()?).ok()
    }

    /// The same for somebody whose own some of the reactions are.
    pub(crate) fn with_mine(&self, is_mine: impl Fn(u64, &Emoji) -> bool) -> Self {
        let mut items = BytesMut::with_capacity(self.items.len() + 64);
        let mut at = 0;
        for reaction in &self.reactions {
            let emoji = self.emoji(reaction);
            if emoji.is_some_and(|emoji| is_mine(reaction.seq, &emoji)) {
                items.put_slice(&self.items[at..reaction.end]);
                items.put_slice(br#","mine":true"#);
                at = reaction.end;
            }
        }
        items.put_slice(&self.items[at..]);
        Self {
            head: self.head.clone(),
            info: self.info.clone(),
            recovered: self.recovered,
            items: items.freeze(),
            expires_at: self.expires_at,
            reactions: Box::default(),
        }
    }

    /// With what the events take of the node's bytes, for as long as anybody
    /// holds them.
    pub(crate) fn carrying(mut self, share: Share) -> Self {
        self.items = share.carry(self.items);
        self
    }

    pub(crate) fn expires_at(&self) -> Option<u64> {
        self.expires_at
    }

    /// The beginning of the reply to `join` as JSON, up to the events.
    pub(crate) fn head_json(
        &self,
        id: &RequestId,
        room: &RoomId,
        online: &[u8],
        online_count: u64,
    ) -> Vec<u8> {
        encode::ok_joined_head(
            id,
            &encode::SnapshotHead {
                room,
                kind: self.info.kind,
                name: &self.info.name,
                epoch: &self.head.epoch,
                seq: self.head.seq,
                ttl_ms: self.info.ttl_ms,
                recovered: self.recovered,
                pins: &self.info.pins,
                online,
                online_count,
            },
        )
    }

    /// The rest of it, with the events; shared by all who are shown the same.
    pub(crate) fn items(&self) -> &Bytes {
        &self.items
    }
}

/// Where the reactions to some events end among these as they are told. Nearly always there are
/// none.
fn reactions_among<'a>(items: &[u8], events: impl Iterator<Item = &'a Event>) -> Box<[ReactionAt]> {
    let mut found = Vec::new();
    // Behind the beginning of the list, and a comma behind each.
    let mut at = items
        .iter()
        .position(|byte| *byte == b'[')
        .map_or(0, |at| at + 1);
    for event in events {
        let json = event.json();
        let places = tail::reaction_places(json).into_iter();
        found.extend(places.map(|(emoji, end)| ReactionAt {
            seq: event.seq,
            emoji: at + emoji.start..at + emoji.end,
            end: at + end,
        }));
        at += json.len() + 1;
    }
    found.into()
}

#[cfg(test)]
mod tests {
    use rookery_protocol::Epoch;

    use super::*;

    #[test]
    fn own_reactions_are_marked_where_they_stand() {
        let event = |seq, rest: &str| {
            Event::new(
                seq,
                None,
                format!(r#"{{"type":"message","seq":{seq},"text":"a]"{rest}}}"#),
            )
        };
        let list = r#","reactions":[{"emoji":"👍","count":2},{"emoji":"❤️","count":12}]"#;
        let events = [
            event(1, ""),
            event(2, list),
            event(3, &format!(r#"{list},"pinned":true"#)),
            event(4, ""),
        ];
        let head = Cursor {
            epoch: Epoch::new("e").unwrap(),
            seq: 4,
        };
        let info = RoomInfo {
            kind: RoomKind::Public,
            name: "r".into(),
            ttl_ms: None,
            pins: [3].into(),
        };
        let snapshot = Snapshot::new(head, info, false, events.iter());
        assert_eq!(snapshot.reactions().count(), 4);
        let mine = [(2, "❤️"), (3, "👍")];
        let marked = snapshot.with_mine(|seq, emoji| mine.contains(&(seq, emoji.as_str())));
        let expected: Vec<_> = events
            .iter()
            .map(|event| {
                let is_mine = |emoji: &Emoji| mine.contains(&(event.seq, emoji.as_str()));
                match event.seq {
                    2 | 3 => tail::with_mine(event.json(), is_mine).to_vec(),
                    _ => event.json().to_vec(),
                }
            })
            .collect();
        let expected = encode::ok_joined_items(false, expected.iter().map(Vec::as_slice));
        assert_eq!(str::from_utf8(&marked.items), str::from_utf8(&expected));
    }
}
