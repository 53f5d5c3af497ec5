//! Takes the answers of scripts apart.

use bytes::Bytes;
use fred::types::Value;
use rookery_protocol::{Cursor, Epoch, Event, RoomId};

use super::{entry::Entry, failure};
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

    /// The next element as numbers with blanks between them.
    pub(super) fn numbers(&mut self) -> Result<Vec<u64>, StoreError> {
        let text = self.text()?;
        let numbers = text.split_ascii_whitespace().map(str::parse);
        let numbers = numbers.collect::<Result<_, _>>();
        numbers.map_err(|_| failure::nonsense(self.what))
    }

    /// The next element as a flag.
    pub(super) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.number()? == 1)
    }

    /// The next element as bytes.
    pub(super) fn bytes(&mut self) -> Result<Bytes, StoreError> {
        let bytes = self.elements.next().and_then(bytes_of);
        bytes.ok_or_else(|| failure::nonsense(self.what))
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

    /// All that is left as events of a room, as `entries.lua` writes them.
    pub(super) fn events(mut self, room: &RoomId) -> Result<Vec<Event>, StoreError> {
        let nonsense = || failure::nonsense(self.what);
        let (Some(seqs), Some(Value::Array(entries))) = (
            self.elements.next().and_then(|seqs| seqs.as_string()),
            self.elements.next(),
        ) else {
            return Err(nonsense());
        };
        let mut events = Vec::with_capacity(entries.len());
        for (seq, entry) in seqs.split_ascii_whitespace().zip(entries) {
            let seq = seq.parse().map_err(|_| nonsense())?;
            let entry = bytes_of(entry).and_then(Entry::read);
            events.push(entry.ok_or_else(nonsense)?.event(room, seq));
        }
        Ok(events)
    }
}

fn bytes_of(value: Value) -> Option<Bytes> {
    match value {
        Value::String(text) => Some(text.into_inner()),
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}
