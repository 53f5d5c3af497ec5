//! Sending messages for a while: by a schedule (open loop), or a new one for
//! each that has reached everybody (closed loop).

use crate::engine::{Engine, MembershipId, Nanos, RoomIndex, Schedule};

use super::Stage;

/// Messages that are sent before sockets are looked at again.
const BURST: usize = 64;

/// When the next message is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// So many a second, whatever becomes of them.
    Rate(f64),
    /// So many under way, of all rooms together.
    InFlight(usize),
}

/// Whose turn it is: the members of each room one after the other.
#[derive(Debug)]
pub(crate) struct Senders {
    next_room: usize,
    next_member: Vec<usize>,
}

impl Senders {
    pub(crate) fn new(engine: &Engine) -> Self {
        Self {
            next_room: 0,
            next_member: vec![0; engine.rooms().len()],
        }
    }

    /// Sends a message of the next room's next member.
    fn send_anywhere(&mut self, engine: &mut Engine, intended: Nanos) {
        let room = RoomIndex(self.next_room as u32);
        self.next_room = (self.next_room + 1) % self.next_member.len();
        self.send_in(engine, room, intended);
    }

    /// Sends a message of a room's next member that is connected.
    fn send_in(&mut self, engine: &mut Engine, room: RoomIndex, intended: Nanos) {
        let members = engine.rooms()[room.0 as usize].members.len();
        let next = &mut self.next_member[room.0 as usize];
        for _ in 0..members {
            let member: MembershipId = engine.rooms()[room.0 as usize].members[*next];
            *next = (*next + 1) % members;
            if engine.send(member, intended).is_some() {
                return;
            }
        }
    }
}

/// Messages on their way, one phase after the other at the same pace.
#[derive(Debug)]
pub(crate) struct Load {
    senders: Senders,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Schedule(Schedule),
    /// The rooms of messages that reached everybody: a buffer.
    Finished(Vec<RoomIndex>),
}

impl Load {
    /// Begins to send.
    pub(crate) fn start(stage: &mut Stage, pace: Pace) -> Self {
        let engine = &mut stage.engine;
        let mut senders = Senders::new(engine);
        let now = engine.now();
        let source = match pace {
            Pace::Rate(rate) => Source::Schedule(Schedule::new(now, rate)),
            Pace::InFlight(messages) => {
                engine.tell_finished();
                for _ in 0..messages {
                    senders.send_anywhere(engine, engine.now());
                }
                Source::Finished(Vec::new())
            }
        };
        Self { senders, source }
    }

    /// Goes on for so many seconds, or until a signal.
    ///
    /// # Errors
    ///
    /// Where the poll fails.
    pub(crate) fn go_on(&mut self, stage: &mut Stage, seconds: f64) -> anyhow::Result<()> {
        self.go_on_while(stage, seconds, |_| true)
    }

    /// The same, and only as long as `bearable` holds.
    ///
    /// # Errors
    ///
    /// Where the poll fails.
    pub(crate) fn go_on_while(
        &mut self,
        stage: &mut Stage,
        seconds: f64,
        bearable: impl Fn(&Engine) -> bool,
    ) -> anyhow::Result<()> {
        let end = stage.engine.now().plus_seconds(seconds);
        while stage.engine.now() < end && !stage.stop.requested() && bearable(&stage.engine) {
            let next = self.send_due(&mut stage.engine, end);
            stage.turn(next.min(end))?;
        }
        Ok(())
    }

    /// Sends what is due before `end`, and says when the next one is.
    fn send_due(&mut self, engine: &mut Engine, end: Nanos) -> Nanos {
        match &mut self.source {
            Source::Schedule(schedule) => {
                for _ in 0..BURST {
                    match schedule.take_due(engine.now().min(end)) {
                        Some(intended) => self.senders.send_anywhere(engine, intended),
                        None => break,
                    }
                }
                schedule.next()
            }
            Source::Finished(rooms) => {
                engine.take_finished(rooms);
                for &room in &*rooms {
                    self.senders.send_in(engine, room, engine.now());
                }
                // As soon as a socket has something.
                end
            }
        }
    }
}
