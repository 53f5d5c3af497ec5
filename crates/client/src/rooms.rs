//! The rooms that are open, the place reached in each, and the check that
//! events come in order. Pure: frames in, verdicts out. It must never pass over
//! a hole: what is missing was lost, and only the log can tell it.

use std::collections::HashMap;

use rookery_protocol::{
    Cursor, RoomId,
    server_frame::{NewEpoch, Snapshot},
};

/// What to do with an event of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the next one.
    Deliver,
    /// It was told before, or belongs to a room that is not open.
    Drop,
}

/// How the order of a room was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("in {room}, {got} came where {expected} is next")]
    Hole {
        room: RoomId,
        expected: u64,
        got: u64,
    },
    #[error("{room} was resumed up to {reached}, but its log is at {head}")]
    Incomplete {
        room: RoomId,
        reached: u64,
        head: u64,
    },
    #[error("{room} was resumed without a cursor")]
    NoCursor { room: RoomId },
    #[error("{room} goes on in another epoch at {got}, but {reached} was the last event")]
    Epoch {
        room: RoomId,
        reached: u64,
        got: u64,
    },
}

#[derive(Debug)]
struct OpenRoom {
    cursor: Cursor,
    /// Whether this connection has joined it.
    live: bool,
}

/// The rooms that are open.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    rooms: HashMap<RoomId, OpenRoom>,
}

impl Rooms {
    /// Where each room is to be resumed.
    pub(crate) fn cursors(&self) -> impl Iterator<Item = (&RoomId, &Cursor)> {
        self.rooms.iter().map(|(room, state)| (room, &state.cursor))
    }

    pub(crate) fn is_open(&self, room: &RoomId) -> bool {
        self.rooms.contains_key(room)
    }

    /// Opens a room at a place that the program itself remembers.
    pub(crate) fn open_at(&mut self, room: RoomId, cursor: Cursor) {
        let live = false;
        self.rooms.entry(room).or_insert(OpenRoom { cursor, live });
    }

    /// The connection is gone: no room is live until it is joined again.
    pub(crate) fn disconnected(&mut self) {
        for state in self.rooms.values_mut() {
            state.live = false;
        }
    }

    pub(crate) fn leave(&mut self, room: &RoomId) {
        self.rooms.remove(room);
    }

    /// Takes a live event into account.
    pub(crate) fn check(&mut self, room: &RoomId, seq: u64) -> Result<Verdict, OrderError> {
        match self.rooms.get_mut(room) {
            Some(state) if state.live => advance(room, &mut state.cursor, seq),
            _ => Ok(Verdict::Drop),
        }
    }

    /// Takes a snapshot that replaces what was known. A snapshot of the same
    /// log that is behind what was told already does not turn the place back.
    pub(crate) fn replace(&mut self, snapshot: &Snapshot) {
        let mut cursor = snapshot.cursor();
        if let Some(state) = self.rooms.get(&snapshot.room)
            && state.cursor.epoch == cursor.epoch
        {
            cursor.seq = cursor.seq.max(state.cursor.seq);
        }
        let state = OpenRoom { cursor, live: true };
        self.rooms.insert(snapshot.room.clone(), state);
    }

    /// Goes on in another epoch, which has all that was told; false for a room
    /// that is not open.
    pub(crate) fn enter(&mut self, new: &NewEpoch) -> Result<bool, OrderError> {
        let Some(state) = self.rooms.get_mut(&new.room).filter(|state| state.live) else {
            return Ok(false);
        };
        if state.cursor.seq != new.seq {
            return Err(OrderError::Epoch {
                room: new.room.clone(),
                reached: state.cursor.seq,
                got: new.seq,
            });
        }
        state.cursor.epoch = new.epoch.clone();
        Ok(true)
    }

    /// Takes the answer to a `join` with a cursor: the numbers of what was
    /// missed. Gives for each whether it is new. The epoch may be another one,
    /// which has everything up to the cursor. An error leaves the cursor where it was.
    pub(crate) fn resume(
        &mut self,
        snapshot: &Snapshot,
        missed: impl IntoIterator<Item = u64>,
    ) -> Result<Vec<Verdict>, OrderError> {
        let room = &snapshot.room;
        let state = self
            .rooms
            .get_mut(room)
            .ok_or_else(|| OrderError::NoCursor { room: room.clone() })?;
        let mut cursor = Cursor {
            epoch: snapshot.epoch.clone(),
            seq: state.cursor.seq,
        };
        let verdicts = missed
            .into_iter()
            .map(|seq| advance(room, &mut cursor, seq))
            .collect::<Result<Vec<_>, _>>()?;
        if cursor.seq < snapshot.seq {
            return Err(OrderError::Incomplete {
                room: room.clone(),
                reached: cursor.seq,
                head: snapshot.seq,
            });
        }
        *state = OpenRoom { cursor, live: true };
        Ok(verdicts)
    }
}

fn advance(room: &RoomId, cursor: &mut Cursor, seq: u64) -> Result<Verdict, OrderError> {
    let expected = cursor.seq + 1;
    if seq < expected {
        return Ok(Verdict::Drop);
    }
    if seq > expected {
        return Err(OrderError::Hole {
            room: room.clone(),
            expected,
            got: seq,
        });
    }
    cursor.seq = seq;
    Ok(Verdict::Deliver)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rookery_protocol::{Epoch, server_frame::RoomKind};

    use super::*;

    fn room() -> RoomId {
        RoomId::new("general").unwrap()
    }

    fn snapshot(epoch: &str, seq: u64) -> Snapshot {
        Snapshot {
            room: room(),
            kind: RoomKind::Public,
            name: "General".to_owned(),
            epoch: Epoch::new(epoch).unwrap(),
            seq,
            ttl_ms: None,
            recovered: false,
            pins: Vec::new(),
            events: None,
            messages: None,
            online: vec![],
            online_count: 0,
        }
    }

    fn at(seq: u64) -> Rooms {
        let mut rooms = Rooms::default();
        rooms.replace(&snapshot("a", seq));
        rooms
    }

    fn place(rooms: &Rooms) -> u64 {
        rooms.cursors().next().unwrap().1.seq
    }

    #[test]
    fn the_next_is_delivered_a_repeat_dropped_a_hole_an_error() {
        let mut rooms = at(4);
        assert_eq!(rooms.check(&room(), 5), Ok(Verdict::Deliver));
        assert_eq!(rooms.check(&room(), 5), Ok(Verdict::Drop));
        assert_eq!(rooms.check(&room(), 2), Ok(Verdict::Drop));
        let hole = OrderError::Hole {
            room: room(),
            expected: 6,
            got: 7,
        };
        assert_eq!(rooms.check(&room(), 7), Err(hole));
        assert_eq!(place(&rooms), 5, "a hole moves nothing");
    }

    #[test]
    fn a_room_that_is_not_open_or_not_yet_resumed_gives_nothing() {
        let mut rooms = at(4);
        rooms.disconnected();
        assert_eq!(rooms.check(&room(), 5), Ok(Verdict::Drop));
        assert_eq!(
            rooms.resume(&snapshot("a", 6), [5, 6]),
            Ok(vec![Verdict::Deliver; 2])
        );
        assert_eq!(rooms.check(&room(), 7), Ok(Verdict::Deliver));
        rooms.leave(&room());
        assert_eq!(rooms.check(&room(), 8), Ok(Verdict::Drop));
    }

    #[test]
    fn what_is_resumed_in_part_is_an_error_and_leaves_the_place() {
        for (snapshot, missed) in [
            (snapshot("a", 7), vec![5, 6]),
            (snapshot("a", 7), vec![6, 7]),
            (snapshot("a", 7), vec![]),
            (snapshot("b", 7), vec![5, 6]),
        ] {
            let mut rooms = at(4);
            rooms.disconnected();
            assert!(rooms.resume(&snapshot, missed).is_err());
            assert_eq!(rooms.check(&room(), 8), Ok(Verdict::Drop), "not live");
            let (_, cursor) = rooms.cursors().next().unwrap();
            assert_eq!((cursor.epoch.as_str(), cursor.seq), ("a", 4));
        }
        let mut rooms = Rooms::default();
        assert!(rooms.resume(&snapshot("a", 0), []).is_err());
    }

    #[test]
    fn a_room_goes_on_in_another_epoch_live_and_when_it_is_resumed() {
        let epoch_is = |rooms: &Rooms, epoch: &str| {
            assert_eq!(rooms.cursors().next().unwrap().1.epoch.as_str(), epoch);
        };
        let mut rooms = at(4);
        let new = |epoch: &str, seq| NewEpoch {
            room: room(),
            epoch: Epoch::new(epoch).unwrap(),
            seq,
        };
        assert_eq!(rooms.enter(&new("b", 4)), Ok(true));
        assert_eq!(rooms.check(&room(), 5), Ok(Verdict::Deliver));
        epoch_is(&rooms, "b");
        for wrong in [4, 6] {
            assert!(rooms.enter(&new("c", wrong)).is_err());
        }
        rooms.disconnected();
        assert_eq!(rooms.enter(&new("c", 5)), Ok(false), "not live");
        epoch_is(&rooms, "b");
        let verdicts = rooms.resume(&snapshot("d", 6), [6]);
        assert_eq!(verdicts, Ok(vec![Verdict::Deliver]));
        epoch_is(&rooms, "d");
    }

    #[test]
    fn a_snapshot_turns_the_place_back_only_in_a_new_log() {
        let mut rooms = at(9);
        rooms.replace(&snapshot("a", 7));
        assert_eq!(place(&rooms), 9);
        rooms.replace(&snapshot("b", 2));
        assert_eq!(place(&rooms), 2);
        assert_eq!(rooms.check(&room(), 3), Ok(Verdict::Deliver));
    }

    proptest! {
        /// Whatever a node sends, what is delivered is the log without hole or repeat.
        #[test]
        fn what_is_delivered_is_consecutive(
            start in 0u64..5,
            seqs in prop::collection::vec(0u64..20, 0..60),
            losses in prop::collection::vec(any::<bool>(), 60),
        ) {
            let mut rooms = at(start);
            let mut told = vec![start];
            for (seq, lost) in seqs.into_iter().zip(losses) {
                if lost {
                    rooms.disconnected();
                    let missed: Vec<_> = (told[told.len() - 1] + 1..=seq).collect();
                    let head = snapshot("a", seq);
                    let verdicts = rooms.resume(&head, missed.iter().copied()).unwrap();
                    prop_assert!(verdicts.iter().all(|&verdict| verdict == Verdict::Deliver));
                    told.extend(missed);
                } else if rooms.check(&room(), seq) == Ok(Verdict::Deliver) {
                    told.push(seq);
                }
            }
            prop_assert!(told.windows(2).all(|pair| pair[1] == pair[0] + 1));
        }
    }
}
