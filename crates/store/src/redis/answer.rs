//! Takes the answers of scripts apart.

use bytes::Bytes;
use fred::types::Value;
use rookery_protocol::{Cursor, Epoch, Event};

use super::failure;
use crate::StoreError;

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

    /// The next two elements as a place.
    pub(super) fn cursor(&mut self) -> Result<Cursor, StoreError> {
        let epoch = Epoch::new(self.text()?).map_err(|_| failure::nonsense(self.what))?;
        let seq = self.number()?;
        Ok(Cursor { epoch, seq })
    }

    /// All that is left as events, as `read.lua` writes them.
    pub(super) fn events(mut self) -> Result<Vec<Event>, StoreError> {
        let places = self.text()?;
        let mut events = Vec::with_capacity(self.elements.len());
        for place in places.split_ascii_whitespace() {
            let (seq, expires_at) =
                read_place(place).ok_or_else(|| failure::nonsense(self.what))?;
            events.push(Event {
                seq,
                expires_at,
                json: self.bytes()?,
            });
        }
        Ok(events)
    }
}

/// `seq:expires_at`, or `seq:`.
fn read_place(place: &str) -> Option<(u64, Option<u64>)> {
    let (seq, expires_at) = place.split_once(':')?;
    let expires_at = match expires_at {
        "" => None,
        at => Some(at.parse().ok()?),
    };
    Some((seq.parse().ok()?, expires_at))
}
