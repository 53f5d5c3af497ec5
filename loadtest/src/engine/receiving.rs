//! Reading: through one buffer for all connections, frame by frame, with the
//! time taken once for all that one read brought.

use std::io::{self, Read};

use super::{
    Engine, Nanos, SeatId,
    frame::{self, Opcode, Parsed},
    seat::Phase,
    target::{Upgrade, read_upgrade},
};

/// Room that a connection keeps for incomplete frames without need.
const KEPT_ROOM: usize = 8 << 10;

impl Engine {
    /// Reads all that is there. `ended` says that the end is there too.
    pub(super) fn read(&mut self, id: SeatId, ended: bool) {
        if self.seats[id.0 as usize].stalled {
            return;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        // A read that does not fill the buffer has emptied the socket: what comes
        // later is told by the poll anew.
        while self.read_once(id, &mut buffer) || ended {
            if self.seats[id.0 as usize].socket.is_none() {
                break;
            }
        }
        self.buffer = buffer;
    }

    /// Reads once; whether there may be more.
    fn read_once(&mut self, id: SeatId, buffer: &mut Vec<u8>) -> bool {
        let seat = &mut self.seats[id.0 as usize];
        let Some(socket) = &mut seat.socket else {
            return false;
        };
        let kept = seat.incomplete.len();
        let (head, space) = buffer.split_at_mut(kept);
        let count = match socket.read(space) {
            Ok(0) => {
                self.lose(id, "ended by the server without a close frame".into());
                return false;
            }
            Ok(count) => count,
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => return false,
                io::ErrorKind::Interrupted => return true,
                _ => {
                    self.lose(id, error.to_string());
                    return false;
                }
            },
        };
        let filled = count == space.len();
        head.copy_from_slice(&seat.incomplete);
        seat.incomplete.clear();
        let now = self.now();
        let bytes = &buffer[..kept + count];
        let (used, wanted) = self.take_in(id, bytes, now);
        let seat = &mut self.seats[id.0 as usize];
        if used < bytes.len() && seat.socket.is_some() {
            seat.incomplete.extend_from_slice(&bytes[used..]);
        } else if seat.incomplete.capacity() > KEPT_ROOM {
            seat.incomplete = Vec::new();
        }
        if wanted > buffer.len() {
            buffer.resize(wanted, 0);
        }
        filled
    }

    /// Takes in whole frames: how many bytes they were, and how long the
    /// incomplete one behind them will be, as far as is known.
    fn take_in(&mut self, id: SeatId, bytes: &[u8], now: Nanos) -> (usize, usize) {
        let mut used = 0;
        if self.seats[id.0 as usize].phase == Phase::Upgrading {
            match read_upgrade(bytes) {
                Upgrade::Incomplete => return (0, 0),
                Upgrade::Done(end) => {
                    used = end;
                    self.upgraded(id);
                }
                Upgrade::Refused(why) => {
                    self.lose(id, format!("the upgrade was refused: {why}"));
                    return (bytes.len(), 0);
                }
            }
        }
        loop {
            match frame::parse(&bytes[used..]) {
                Parsed::Frame {
                    opcode: Opcode::Text,
                    last: true,
                    payload,
                    length,
                } => {
                    used += length;
                    self.text(id, payload, now);
                }
                Parsed::Frame {
                    opcode,
                    last,
                    payload,
                    length,
                } => {
                    used += length;
                    self.rare_frame(id, opcode, last, payload, now);
                    if self.seats[id.0 as usize].socket.is_none() {
                        return (bytes.len(), 0);
                    }
                }
                Parsed::Incomplete { length } => return (used, length),
                Parsed::Broken(why) => {
                    self.lose(id, format!("the server sent {why}"));
                    return (bytes.len(), 0);
                }
            }
        }
    }

    #[cold]
    fn rare_frame(&mut self, id: SeatId, opcode: Opcode, last: bool, payload: &[u8], now: Nanos) {
        match opcode {
            Opcode::Ping => {
                self.tally.heartbeats += 1;
                self.write_frame(id, Opcode::Pong, payload);
            }
            Opcode::Pong => {}
            Opcode::Close => self.lose(id, closed(payload)),
            Opcode::Text | Opcode::Binary | Opcode::Continuation => {
                let rare = self.seats[id.0 as usize].rare();
                if opcode != Opcode::Continuation {
                    rare.fragments.clear();
                }
                rare.fragments.extend_from_slice(payload);
                if rare.fragments.len() > frame::LONGEST {
                    self.lose(id, "the server sent an endless message".into());
                } else if last {
                    let whole = std::mem::take(&mut rare.fragments);
                    self.text(id, &whole, now);
                }
            }
        }
    }
}

fn closed(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let reason = String::from_utf8_lossy(reason);
            format!("closed by the server with {code} {reason}")
                .trim_end()
                .into()
        }
        _ => "closed by the server without a code".into(),
    }
}
