//! What a connection is still to be sent.
//!
//! It holds whole frames, shared with everybody else who gets them, but for the
//! first, of which the kernel may have taken a part. A frame may stand in two
//! pieces, of which only the second is shared. Empty, it holds no memory.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
};

use bytes::Bytes;

/// The most pieces that are given to the kernel at once.
const MOST_SLICES: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pieces: VecDeque<Piece>,
    /// How much of the first piece the kernel has taken.
    taken: usize,
    /// Bytes of the pieces, the taken ones too.
    bytes: usize,
    /// Bytes of those pieces that the client itself asked for.
    asked: usize,
}

#[derive(Debug)]
struct Piece {
    frames: Bytes,
    asked: bool,
    part: Part,
}

/// What of frames a piece has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// The beginning of a frame whose rest is the next piece.
    Beginning,
    /// That rest.
    Rest,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// All bytes that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes - self.taken
    }

    /// The bytes that wait and were asked for, those of a piece of which a part
    /// was taken left out where it was not.
    pub(crate) fn asked(&self) -> usize {
        self.bytes() - self.backlog().min(self.bytes())
    }

    /// The bytes that came without being asked for: what the limit is about.
    pub(crate) fn backlog(&self) -> usize {
        self.bytes - self.asked
    }

    /// Adds whole frames, of whose first bytes the kernel has taken `taken`
    /// (only where nothing else waits).
    pub(crate) fn push(&mut self, frames: Bytes, taken: usize, asked: bool) {
        debug_assert!(taken == 0 || self.is_empty());
        if frames.is_empty() {
            return;
        }
        self.taken += taken;
        self.push_piece(frames, asked, Part::Whole);
    }

    /// Adds a frame in two pieces, neither of them empty, that the client asked for.
    pub(crate) fn push_in_two(&mut self, beginning: Bytes, rest: Bytes) {
        self.push_piece(beginning, true, Part::Beginning);
        self.push_piece(rest, true, Part::Rest);
    }

    fn push_piece(&mut self, frames: Bytes, asked: bool, part: Part) {
        self.bytes += frames.len();
        self.asked += if asked { frames.len() } else { 0 };
        self.pieces.push_back(Piece {
            frames,
            asked,
            part,
        });
    }

    /// Gives as much as possible to `write` (a vectored, non-blocking write).
    /// True when nothing is left.
    pub(crate) fn write_with(
        &mut self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<bool> {
        while !self.pieces.is_empty() {
            let mut slices = [IoSlice::new(&[]); MOST_SLICES];
            let mut skip = self.taken;
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
                *slice = IoSlice::new(&piece.frames[skip..]);
                skip = 0;
                count += 1;
            }
            match write(&slices[..count]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn advance(&mut self, written: usize) {
        self.taken += written;
        while let Some(first) = self.pieces.front() {
            let length = first.frames.len();
            if self.taken < length {
                return;
            }
            self.taken -= length;
            self.bytes -= length;
            self.asked -= if first.asked { length } else { 0 };
            self.pieces.pop_front();
        }
        *self = Self::default();
    }

    /// Drops everything but the rest of a frame of which the kernel has taken
    /// a part, so that a close frame can follow.
    pub(crate) fn keep_begun_frame(&mut self) {
        let Self {
            mut pieces, taken, ..
        } = std::mem::take(self);
        let Some(first) = pieces.pop_front() else {
            return;
        };
        match first.part {
            Part::Whole if taken > 0 => {
                let end = end_of_frame(&first.frames, taken);
                self.push(first.frames.slice(..end), taken, first.asked);
            }
            Part::Beginning if taken > 0 => {
                if let Some(rest) = pieces.pop_front() {
                    self.push_in_two(first.frames, rest.frames);
                    self.taken = taken;
                }
            }
            Part::Rest => {
                self.push_piece(first.frames, first.asked, Part::Rest);
                self.taken = taken;
            }
            Part::Whole | Part::Beginning => {}
        }
    }
}

/// Where the frame ends that has the byte before `at`, in whole frames of a server.
fn end_of_frame(frames: &[u8], at: usize) -> usize {
    let mut end = 0;
    while end < at {
        let length = match frames.get(end + 1) {
            Some(126) => match frames.get(end + 2..end + 4) {
                Some(&[a, b]) => 4 + usize::from(u16::from_be_bytes([a, b])),
                _ => return frames.len(),
            },
            Some(127) => match frames.get(end + 2..end + 10).map(<[u8; 8]>::try_from) {
                Some(Ok(bytes)) => {
                    10 + usize::try_from(u64::from_be_bytes(bytes)).unwrap_or(usize::MAX - end - 10)
                }
                _ => return frames.len(),
            },
            Some(&short) => 2 + usize::from(short),
            None => return frames.len(),
        };
        end += length;
    }
    end.min(frames.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rookery_websocket as websocket;

    use super::*;

    /// A kernel that takes at most `room` bytes.
    fn kernel<'a>(
        room: &'a mut usize,
        taken: &'a mut Vec<u8>,
    ) -> impl FnMut(&[IoSlice<'_>]) -> io::Result<usize> + 'a {
        move |slices| {
            let all: Vec<u8> = slices
                .iter()
                .flat_map(|slice| slice.iter().copied())
                .collect();
            let count = all.len().min(*room);
            if count == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            *room -= count;
            taken.extend_from_slice(&all[..count]);
            Ok(count)
        }
    }

    proptest! {
        #[test]
        fn every_byte_leaves_once_and_in_order(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..80),
            mut rooms in prop::collection::vec(1usize..100, 0..100),
        ) {
            let mut outbox = Outbox::default();
            for piece in &pieces {
                outbox.push(Bytes::from(piece.clone()), 0, false);
            }
            let mut written = Vec::new();
            rooms.push(usize::MAX);
            for mut room in rooms {
                let left = outbox.bytes();
                let before = written.len();
                let empty = outbox.write_with(kernel(&mut room, &mut written)).unwrap();
                prop_assert_eq!(left - (written.len() - before), outbox.bytes());
                prop_assert_eq!(empty, outbox.is_empty());
            }
            prop_assert_eq!(written, pieces.concat());
            prop_assert_eq!((outbox.bytes, outbox.taken, outbox.pieces.capacity()), (0, 0, 0));
        }

        #[test]
        fn a_begun_frame_is_finished_and_nothing_more(
            lengths in prop::collection::vec(prop_oneof![0usize..200, Just(70_000)], 1..6),
            taken in 1usize..80_000,
        ) {
            let payloads: Vec<Vec<u8>> = lengths.iter().map(|length| vec![b'x'; *length]).collect();
            let frames = payloads.iter().map(|payload| websocket::text(payload));
            let frames = Bytes::from(frames.collect::<Vec<_>>().concat());
            let taken = taken.min(frames.len() - 1).max(1);
            let boundaries: Vec<usize> = payloads
                .iter()
                .scan(0, |end, payload| {
                    *end += websocket::text(payload).len();
                    Some(*end)
                })
                .collect();
            let mut outbox = Outbox::default();
            outbox.push(frames.clone(), taken, false);
            outbox.push(websocket::text(b"later"), 0, true);
            outbox.keep_begun_frame();
            let mut rest = Vec::new();
            outbox.write_with(kernel(&mut usize::MAX.clone(), &mut rest)).unwrap();
            let end = taken + rest.len();
            let wanted = *boundaries.iter().find(|boundary| **boundary >= taken).unwrap();
            prop_assert_eq!(end, wanted);
        }
    }

    #[test]
    fn a_frame_in_two_pieces_is_finished_wherever_it_was_begun() {
        for taken in 0..=6 {
            let mut outbox = Outbox::default();
            outbox.push_in_two(Bytes::from_static(b"begi"), Bytes::from_static(b"nning"));
            outbox.push(Bytes::from_static(b"later"), 0, true);
            let (mut room, mut written) = (taken, Vec::new());
            outbox.write_with(kernel(&mut room, &mut written)).unwrap();
            outbox.keep_begun_frame();
            outbox
                .write_with(kernel(&mut usize::MAX.clone(), &mut written))
                .unwrap();
            let wanted: &[u8] = if taken == 0 { b"" } else { b"beginning" };
            assert_eq!(written, wanted, "{taken} bytes taken");
            assert_eq!((outbox.bytes, outbox.asked, outbox.taken), (0, 0, 0));
        }
    }

    #[test]
    fn nothing_is_not_kept() {
        let mut outbox = Outbox::default();
        outbox.push(Bytes::new(), 0, true);
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_was_asked_for_is_no_backlog() {
        let mut outbox = Outbox::default();
        outbox.push(Bytes::from_static(b"snapshot"), 0, true);
        outbox.push(Bytes::from_static(b"live"), 0, false);
        assert_eq!((outbox.bytes(), outbox.backlog()), (12, 4));
        outbox.keep_begun_frame();
        assert!(outbox.is_empty(), "nothing had begun");
    }
}
