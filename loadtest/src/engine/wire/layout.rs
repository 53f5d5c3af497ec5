//! Where things stand in frames of messages. The frames of a run are alike: at
//! one length the room ends and the mark begins at one place, nearly always. A
//! place that is remembered is looked at first; what stands there decides, so
//! that a wrong guess costs a search and never a count.

use crate::engine::{ids::MessageNumber, marker};

/// The beginning of nearly every frame.
pub(super) const MESSAGE: [u8; 26] = *br#"{"type":"message","room":""#;

/// Lengths that are told apart.
const LENGTHS: usize = 256;

/// The places of the last frame of each length.
#[derive(Debug)]
pub(crate) struct Layouts([Layout; LENGTHS]);

/// Offsets in a frame; 0 where nothing is known.
#[derive(Debug, Clone, Copy, Default)]
struct Layout {
    /// The quotation mark behind the room.
    room_end: u16,
    /// The one before the mark.
    mark: u16,
}

/// What a frame of a message holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub(super) room: &'a [u8],
    /// What follows the room's quotation mark.
    pub(super) behind_room: &'a [u8],
    pub(super) number: MessageNumber,
}

impl Layouts {
    pub(crate) fn new() -> Self {
        Self([Layout::default(); LENGTHS])
    }

    /// The room and the number of a message of ours; nothing where the frame is
    /// something else.
    #[inline]
    pub(super) fn read<'a>(&mut self, frame: &'a [u8]) -> Option<Found<'a>> {
        let rest = frame.strip_prefix(&MESSAGE)?;
        let layout = &mut self.0[frame.len() % LENGTHS];
        layout.look(rest).or_else(|| layout.search(rest))
    }
}

impl Layout {
    /// Looks at the places that are remembered.
    #[inline]
    fn look(self, rest: &[u8]) -> Option<Found<'_>> {
        let (room, behind_room) = rest.split_at_checked(usize::from(self.room_end))?;
        let behind_room = behind_room.strip_prefix(b"\"")?;
        let number = marker::at(rest, usize::from(self.mark))?;
        let found = Found {
            room,
            behind_room,
            number,
        };
        // A shorter room has its quotation mark before that place.
        (!room.is_empty() && !room.contains(&b'"')).then_some(found)
    }

    fn search<'a>(&mut self, rest: &'a [u8]) -> Option<Found<'a>> {
        let room_end = memchr::memchr(b'"', rest)?;
        let (room, behind_room) = (&rest[..room_end], &rest[room_end + 1..]);
        let (number, end) = marker::find(behind_room)?;
        let mark = room_end + 1 + end - marker::LENGTH - 1;
        *self = Self {
            room_end: u16::try_from(room_end).unwrap_or_default(),
            mark: u16::try_from(mark).unwrap_or_default(),
        };
        Some(Found {
            room,
            behind_room,
            number,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(room: &str, from: &str, number: u32) -> Vec<u8> {
        let mut frame = MESSAGE.to_vec();
        frame.extend(format!(r#"{room}","seq":7,"from":"{from}","text":""#).bytes());
        marker::write_text(&mut frame, MessageNumber(number), 40);
        frame.extend(br#""}"#);
        frame
    }

    #[test]
    fn a_remembered_place_never_changes_what_is_found() {
        let mut layouts = Layouts::new();
        // All of one length, with the room's end and the sender in other places.
        for (room, from) in [
            ("r-10", "u1"),
            ("r-1", "u10"),
            ("r-1", "u20"),
            ("r-100", "u"),
            ("r-10", "u2"),
        ] {
            for number in [1, 2, 0xffff_fffe] {
                let frame = frame(room, from, number);
                let found = layouts.read(&frame).unwrap();
                assert_eq!((found.room, found.number.0), (room.as_bytes(), number));
                assert!(found.behind_room.starts_with(br#","seq":7"#));
            }
        }
    }

    #[test]
    fn what_has_no_mark_is_not_ours() {
        let mut layouts = Layouts::new();
        let mut ours = frame("r-1", "u", 5);
        assert!(layouts.read(&ours).is_some());
        let mark = memchr::memmem::find(&ours, b"@@").unwrap();
        ours[mark + 4] = b'?';
        assert_eq!(layouts.read(&ours), None);
        assert_eq!(layouts.read(b"{}"), None);
        assert_eq!(layouts.read(&MESSAGE), None);
    }
}
