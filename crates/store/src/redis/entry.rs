//! An event as it stands in the log of a room (`log.lua`).

use bytes::Bytes;
use rookery_protocol::{Event, EventBody, RoomId};

use super::{append_call::NONCE_BYTES, kind};

/// An event without its number, which is its name in the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    ts: u64,
    expires_at: Option<u64>,
    body: EventBody,
}

impl Entry {
    /// Takes an entry apart, without copying its fields.
    pub(super) fn read(entry: Bytes) -> Option<Self> {
        let kind = kind::of_letter(char::from(*entry.first()?))?;
        let mut at = 1;
        let ts = digits(&entry, &mut at)?;
        let expires_at = match entry.get(at)? {
            b'x' => {
                at += 1;
                Some(digits(&entry, &mut at)?)
            }
            _ => None,
        };
        if *entry.get(at)? == b'n' {
            at += 1 + NONCE_BYTES;
        }
        if *entry.get(at)? != b':' {
            return None;
        }
        Some(Self {
            ts,
            expires_at,
            body: EventBody {
                kind,
                fields: entry.slice(at + 1..),
            },
        })
    }

    /// The event of this number.
    pub(super) fn event(&self, room: &RoomId, seq: u64) -> Event {
        Event::compose(room, seq, self.ts, self.expires_at, &self.body)
    }
}

/// The number whose digits stand at a place, which is then that after them.
fn digits(entry: &[u8], at: &mut usize) -> Option<u64> {
    let rest = entry.get(*at..)?;
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    *at += count;
    str::from_utf8(&rest[..count]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use rookery_protocol::EventKind;

    use super::*;

    #[test]
    fn entries_are_taken_apart() {
        let entry = |ts, expires_at, kind, fields| {
            Some(Entry {
                ts,
                expires_at,
                body: EventBody {
                    kind,
                    fields: Bytes::from_static(fields),
                },
            })
        };
        let read = |entry: &'static [u8]| Entry::read(Bytes::from_static(entry));
        let message = EventKind::Message;
        assert_eq!(read(b"m17:\"a\":1"), entry(17, None, message, b"\"a\":1"));
        assert_eq!(
            read(b"r17x20n12345:789\0x::\"n\":1"),
            entry(17, Some(20), EventKind::Reacted, b"\"n\":1")
        );
        assert_eq!(read(b"t17:"), entry(17, None, message, b""));
        for damaged in [
            &b""[..],
            b"m",
            b"m:",
            b"z17:",
            b"m17",
            b"m17x:",
            b"m17n123:",
            b"-17a5n123456789012",
        ] {
            assert_eq!(read(damaged), None, "{damaged:?}");
        }
    }
}
