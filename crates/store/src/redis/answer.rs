//! Takes the answers of scripts apart.

use bytes::Bytes;
use fred::types::Value;
use rookery_protocol::{Cursor, Epoch, Event, EventBody, EventKind, RoomId};

use super::{failure, kind};
use crate::{Forks, StoreError};

/// The elements of an answer, one after the other.
pub(super) struct Answer {
    what: &'static str,
    elements: std::vec::IntoIter<Value>,
}

impl Answer {
    /// An answer that is a list; `what` is what was asked, for errors.
    pub(super) fn new(what: &'static str, value: Value) -> Result<Self, StoreError> {
        match value {
            Value::Array(elements) => Ok(Self {
                what,
                elements: elements.into_iter(),
            }),
            _ => Err(failure::nonsense(what)),
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.elements.len() == 0
    }

    /// The next element as text.
    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        self.elements
            .next()
            .and_then(|value| value.as_string())
            .ok_or_else(|| failure::nonsense(self.what))
    }

    /// The next element as a number.
    pub(super) fn number(&mut self) -> Result<u64, StoreError> {
        self.text()?
            .parse()
            .map_err(|_| failure::nonsense(self.what))
    }

    /// The next element as a flag.
    pub(super) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.number()? == 1)
    }

    /// The next element as bytes.
    pub(super) fn bytes(&mut self) -> Result<Bytes, StoreError> {
        match self.elements.next() {
            Some(Value::String(text)) => Ok(text.into_inner()),
            Some(Value::Bytes(bytes)) => Ok(bytes),
            _ => Err(failure::nonsense(self.what)),
        }
    }

    /// The next element as an epoch.
    pub(super) fn epoch(&mut self) -> Result<Epoch, StoreError> {
        Epoch::new(self.text()?).map_err(|_| failure::nonsense(self.what))
    }

    /// The next element as what a log shares with epochs before.
    pub(super) fn forks(&mut self) -> Result<Forks, StoreError> {
        Forks::read(&self.text()?).ok_or_else(|| failure::nonsense(self.what))
    }

    /// The next two elements as a place.
    pub(super) fn cursor(&mut self) -> Result<Cursor, StoreError> {
        let epoch = self.epoch()?;
        let seq = self.number()?;
        Ok(Cursor { epoch, seq })
    }

    /// All that is left as events of a room, as `read.lua` writes them.
    pub(super) fn events(mut self, room: &RoomId) -> Result<Vec<Event>, StoreError> {
        let places = self.text()?;
        let mut events = Vec::with_capacity(self.elements.len());
        for place in places.split_ascii_whitespace() {
            let place = Place::read(place).ok_or_else(|| failure::nonsense(self.what))?;
            let body = EventBody {
                kind: place.kind,
                fields: self.bytes()?,
            };
            events.push(Event::compose(
                room,
                place.seq,
                place.ts,
                place.expires_at,
                &body,
            ));
        }
        Ok(events)
    }
}

/// What stands before the fields of an event.
struct Place {
    seq: u64,
    ts: u64,
    kind: EventKind,
    expires_at: Option<u64>,
}

impl Place {
    /// Reads `seq-ts:kind:expires_at`, or `seq-ts:kind:`.
    fn read(place: &str) -> Option<Self> {
        let mut parts = place.split(':');
        let (seq, ts) = parts.next()?.split_once('-')?;
        let kind = kind::of_letter(parts.next()?)?;
        let expires_at = match parts.next()? {
            "" => None,
            at => Some(at.parse().ok()?),
        };
        Some(Self {
            seq: seq.parse().ok()?,
            ts: ts.parse().ok()?,
            kind,
            expires_at,
        })
    }
}
