//! What a client that comes in is shown of a room, made once for all who are
//! shown the same.
//!
//! Who is here is not a part of it: that is looked up at the moment of coming in.

use std::sync::Arc;

use bytes::Bytes;
use rookery_protocol::{
    Cursor, Event, RequestId, RoomId, encode, server_frame::RoomKind, websocket,
};
use rookery_store::{Joined, Recovery};

use super::Roster;
use crate::answers::{self, Budget, Share};

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
pub(crate) struct Sight {
    /// At most how many events are caught up; 0 is no limit.
    pub(crate) catch_up: u64,
    /// How many of a room's latest events are shown at all; 0 is no limit.
    pub(crate) max_events: u64,
    /// What is shown takes of these bytes.
    pub(crate) answers: Arc<Budget>,
    /// The latest that it can be by the store's clock, in milliseconds since the Unix epoch.
    pub(crate) now: Option<u64>,
}

/// What is told of a room itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) kind: RoomKind,
    pub(crate) name: Arc<str>,
    pub(crate) ttl_ms: Option<u64>,
}

/// A room at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) head: Cursor,
    about: About,
    recovered: bool,
    /// The end of the answer, with all events.
    items: Bytes,
    /// When the first of the events is gone, by the store's clock.
    expires_at: Option<u64>,
}

/// An answer in two pieces; the second is shared with everybody who is shown the same.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The frame up to the events.
    pub(crate) head: Bytes,
    /// The rest of the frame.
    pub(crate) items: Bytes,
}

impl Answer {
    /// With what it takes of its user's bytes, until it is taken.
    pub(crate) fn carrying<S: Send + 'static>(self, share: S) -> Self {
        Self {
            head: self.head,
            items: answers::carry(self.items, share),
        }
    }
}

impl View {
    /// What the view comes to in a room that ends at `end`, where that can be
    /// known: a cursor that is too far behind is as good as none.
    pub(super) fn settled(&self, end: &Cursor, sight: &Sight) -> Self {
        let over = |behind: u64, most: u64| most != 0 && behind > most;
        let hopeless = |since: &&Cursor| {
            let behind = end.seq.saturating_sub(since.seq);
            let too_far = over(behind, sight.catch_up) || over(behind, sight.max_events);
            since.epoch == end.epoch && too_far
        };
        let since = self.since.as_ref().filter(|since| !hopeless(since));
        let most = match sight.max_events {
            0 => u32::MAX,
            most => u32::try_from(most).unwrap_or(u32::MAX),
        };
        Self {
            since: since.cloned(),
            limit: self.limit.min(most),
        }
    }
}

impl Sight {
    /// Whether something with this end is surely still to be seen.
    pub(super) fn shows(&self, expires_at: Option<u64>) -> bool {
        match (expires_at, self.now) {
            (None, _) => true,
            (Some(at), Some(now)) => now < at,
            (Some(_), None) => false,
        }
    }
}

impl About {
    pub(super) fn of(joined: &Joined) -> Self {
        Self {
            kind: joined.kind,
            name: Arc::from(joined.name.as_str()),
            ttl_ms: joined.ttl_ms,
        }
    }
}

impl Snapshot {
    pub(super) fn new<'a>(
        head: Cursor,
        about: About,
        recovered: bool,
        events: impl Iterator<Item = &'a Event> + Clone,
    ) -> Self {
        let items = events.clone().map(Event::json);
        Self {
            head,
            about,
            recovered,
            items: encode::ok_joined_items(recovered, items).into(),
            expires_at: events.filter_map(|event| event.expires_at).min(),
        }
    }

    /// What the store read.
    pub(super) fn of(joined: &Joined) -> Self {
        let (recovered, events) = match &joined.recovery {
            Recovery::Events(events) => (true, events),
            Recovery::Messages(messages) => (false, messages),
        };
        let head = joined.head.clone();
        Self::new(head, About::of(joined), recovered, events.iter())
    }

    /// Whether it takes a client from where it left off into another epoch.
    pub(crate) fn leads_out_of_the_epoch_of(&self, view: &View) -> bool {
        let since = view.since.as_ref();
        self.recovered && since.is_some_and(|since| since.epoch != self.head.epoch)
    }

    /// How many bytes the events take in the answer.
    pub(crate) fn bytes(&self) -> usize {
        self.items.len()
    }

    /// With what the events take of the node's bytes, for as long as anybody
    /// holds them.
    pub(super) fn carrying(mut self, share: Share) -> Self {
        self.items = share.carry(self.items);
        self
    }

    pub(super) fn expires_at(&self) -> Option<u64> {
        self.expires_at
    }

    /// The answer to `join`, a text frame.
    pub(crate) fn answer(&self, id: &RequestId, room: &RoomId, roster: &mut Roster) -> Answer {
        let online = roster.users_json();
        let json = encode::ok_joined_head(
            id,
            &encode::SnapshotHead {
                room,
                kind: self.about.kind,
                name: &self.about.name,
                epoch: &self.head.epoch,
                seq: self.head.seq,
                ttl_ms: self.about.ttl_ms,
                recovered: self.recovered,
                online: &online,
                online_count: roster.count(),
            },
        );
        Answer {
            head: websocket::text_begun(&json, self.items.len()),
            items: self.items.clone(),
        }
    }
}
