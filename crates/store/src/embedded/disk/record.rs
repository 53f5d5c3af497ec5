//! An event as it lies on the disk, and what is left of one that is gone for as long as
//! its nonce is remembered.
//!
//! A byte of flags, the time, what the flags say comes next, and the fields of the event
//! as its sender's node wrote them. The rest of its JSON is known.

use rookery_protocol::{Event, EventBody, EventKind, RoomId};

use crate::embedded::nonces::Digest;

/// An event, or what is left of it. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::embedded) struct Record<'a> {
    /// When it was stored.
    pub(in crate::embedded) ts: u64,
    /// What stands for its nonce.
    pub(in crate::embedded) digest: Option<Digest>,
    /// What it is; `None` where it is gone.
    pub(in crate::embedded) event: Option<KeptEvent<'a>>,
}

/// An event without what is known from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::embedded) struct KeptEvent<'a> {
    pub(in crate::embedded) kind: EventKind,
    /// Whether it was a message and is none any more.
    pub(in crate::embedded) deleted: bool,
    pub(in crate::embedded) expires_at: Option<u64>,
    pub(in crate::embedded) fields: &'a [u8],
}

const KIND: u8 = 0b0000_0111;
const DELETED: u8 = 0b0000_1000;
const EXPIRES: u8 = 0b0001_0000;
const HAS_NONCE: u8 = 0b0010_0000;
const IS_GONE: u8 = 0b0100_0000;

/// What comes before the fields, at most.
const HEAD_BYTES: usize = 1 + 8 + 8 + 16;

/// What comes before the fields.
pub(super) struct RecordHead {
    bytes: [u8; HEAD_BYTES],
    len: usize,
}

impl RecordHead {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl<'a> Record<'a> {
    /// What is to be written before the fields.
    pub(super) fn head(&self) -> RecordHead {
        let mut flags = 0;
        let expires_at = self.event.and_then(|event| event.expires_at);
        match self.event {
            None => flags |= IS_GONE,
            Some(event) => {
                let kind = EventKind::ALL.iter().position(|kind| *kind == event.kind);
                // Eight kinds fit.
                flags |= kind.unwrap_or_default() as u8 & KIND;
                if event.deleted {
                    flags |= DELETED;
                }
            }
        }
        if expires_at.is_some() {
            flags |= EXPIRES;
        }
        if self.digest.is_some() {
            flags |= HAS_NONCE;
        }
        let mut head = RecordHead {
            bytes: [0; HEAD_BYTES],
            len: 0,
        };
        head.push(&[flags]);
        head.push(&self.ts.to_be_bytes());
        if let Some(expires_at) = expires_at {
            head.push(&expires_at.to_be_bytes());
        }
        if let Some(digest) = self.digest {
            head.push(&digest.to_bytes());
        }
        head
    }

    /// What comes after that.
    pub(super) fn fields(&self) -> &'a [u8] {
        self.event.map_or(&[], |event| event.fields)
    }

    /// Reads what was written; `None` where that is none.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let ([flags], rest) = bytes.split_first_chunk()?;
        let (ts, mut rest) = rest.split_first_chunk()?;
        let has = |flag| flags & flag != 0;
        let mut expires_at = None;
        if has(EXPIRES) {
            let at;
            (at, rest) = rest.split_first_chunk()?;
            expires_at = Some(u64::from_be_bytes(*at));
        }
        let mut digest = None;
        if has(HAS_NONCE) {
            let bytes;
            (bytes, rest) = rest.split_first_chunk()?;
            digest = Some(Digest::from_bytes(*bytes));
        }
        let event = KeptEvent {
            kind: *EventKind::ALL.get(usize::from(flags & KIND))?,
            deleted: has(DELETED),
            expires_at,
            fields: rest,
        };
        Some(Self {
            ts: u64::from_be_bytes(*ts),
            digest,
            event: (!has(IS_GONE)).then_some(event),
        })
    }
}

impl KeptEvent<'_> {
    /// Whether it is a visible message.
    pub(in crate::embedded) fn is_message(&self) -> bool {
        self.kind == EventKind::Message && !self.deleted
    }

    /// The event as clients receive it.
    pub(in crate::embedded) fn compose(&self, room: &RoomId, seq: u64, ts: u64) -> Event {
        let body = EventBody {
            kind: self.kind,
            fields: bytes::Bytes::copy_from_slice(self.fields),
        };
        Event::compose(room, seq, ts, self.expires_at, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for digest in [None, Some(Digest::from_bytes([7; 16]))] {
            for expires_at in [None, Some(9)] {
                for kind in EventKind::ALL {
                    let event = KeptEvent {
                        kind,
                        deleted: kind == EventKind::Message,
                        expires_at,
                        fields: b"\"a\":1",
                    };
                    is_read(Record {
                        ts: 5,
                        digest,
                        event: Some(event),
                    });
                }
            }
            is_read(Record {
                ts: 5,
                digest,
                event: None,
            });
        }
        assert_eq!(Record::read(b""), None);
        assert_eq!(Record::read(&[HAS_NONCE, 0, 0, 0, 0, 0, 0, 0, 0, 1]), None);
    }

    fn is_read(record: Record<'_>) {
        let bytes = [record.head().bytes(), record.fields()].concat();
        assert_eq!(Record::read(&bytes), Some(record));
    }
}
