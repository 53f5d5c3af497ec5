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

/// What one read came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// There may be more.
    Filled,
    /// All bytes that were there. What comes later is told by the poll anew; an
    /// end that was there already is not.
    Emptied,
    /// Nothing is there, or nobody any more.
    Over,
}

impl Engine {
    /// Reads what is there. `to_the_end` where an end may be there too of which
    /// the poll will not tell again.
    pub(super) fn read(&mut self, id: SeatId, to_the_end: bool) {
        if self.seats[id.0 as usize].stalled {
            return;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        loop {
            match self.read_once(id, &mut buffer) {
                Reading::Filled => {}
                Reading::Emptied if to_the_end => {}
                Reading::Emptied | Reading::Over => break,
            }
        }
        self.buffer = buffer;
    }

    fn read_once(&mut self, id: SeatId, buffer: &mut Vec<u8>) -> Reading {
        let seat = &mut self.seats[id.0 as usize];
        let Some(socket) = &mut seat.socket else {
            return Reading::Over;
        };
        let kept = seat.incomplete.len();
        let (head, space) = buffer.split_at_mut(kept);
        let count = match socket.read(space) {
            Ok(0) => {
                self.lose(id, "ended by the server without a close frame".into());
                return Reading::Over;
            }
            Ok(count) => count,
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => return Reading::Over,
                io::ErrorKind::Interrupted => return Reading::Filled,
                _ => {
                    self.lose(id, error.to_string());
                    return Reading::Over;
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
        if filled {
            Reading::Filled
        } else {
            Reading::Emptied
        }
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
                Upgrade::Refused {
                    why,
                    retry_after_ms,
                } => {
                    if let Some(ms) = retry_after_ms {
                        self.tell(id, ms);
                    }
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

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{Shutdown, TcpListener, TcpStream},
        time::{Duration, Instant},
    };

    use super::*;
    use crate::{
        dialect::Dialect,
        engine::{Happened, Settings, wire::Wire},
    };

    /// An engine with one seat that has joined, and the server's end of its connection.
    fn joined() -> (Engine, SeatId, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = format!("ws://{}", listener.local_addr().unwrap());
        let mut engine = Engine::new(Settings {
            targets: vec![target.parse().unwrap()],
            wire: Wire::new(Dialect::Plain, ""),
            run: "t".into(),
            part: 0,
            text_bytes: 20,
            handshakes: 1,
        })
        .unwrap();
        let room = engine.add_room();
        let target = engine.target_of(0);
        let seat = engine.add_seat(target, &[room]);
        engine.connect(seat, engine.now());
        engine.turn(engine.now()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        server
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        turn_until(&mut engine, |_| heard(&mut server, b"\r\n\r\n"));
        let answer = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        server.write_all(answer.as_bytes()).unwrap();
        say(&mut server, r#"{"type":"joined","room":"t-0"}"#);
        turn_until(&mut engine, |engine| engine.is_joined(seat));
        engine.take_happened();
        (engine, seat, server)
    }

    fn turn_until(engine: &mut Engine, mut done: impl FnMut(&mut Engine) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !done(engine) {
            assert!(Instant::now() < deadline, "it does not come to that");
            engine.turn(engine.now().plus_seconds(0.01)).unwrap();
        }
    }

    /// Whether what came ends so, without waiting for it.
    fn heard(server: &mut TcpStream, end: &[u8]) -> bool {
        let mut bytes = [0; 4096];
        let count = server.peek(&mut bytes).unwrap();
        let whole = bytes[..count].ends_with(end);
        if whole {
            server.read_exact(&mut bytes[..count]).unwrap();
        }
        whole
    }

    fn say(server: &mut TcpStream, text: &str) {
        let mut frame = vec![0x81, text.len() as u8];
        frame.extend(text.as_bytes());
        server.write_all(&frame).unwrap();
    }

    #[test]
    fn a_connection_that_ended_while_its_reader_stalled_is_lost_once_it_reads_on() {
        let (mut engine, seat, mut server) = joined();
        engine.stall(seat);
        say(&mut server, r#"{"type":"other"}"#);
        server.shutdown(Shutdown::Both).unwrap();
        // The poll tells of the data and of the end, once, and nobody looks.
        for _ in 0..20 {
            engine.turn(engine.now().plus_seconds(0.01)).unwrap();
        }
        assert!(engine.is_joined(seat), "a stalled reader sees nothing");
        engine.read_on(seat);
        assert!(engine.is_away(seat), "it is joined to nobody");
        assert!(matches!(
            engine.take_happened().as_slice(),
            [Happened::Lost { seat: lost, .. }] if *lost == seat
        ));
    }

    #[test]
    fn a_reader_that_stalled_and_is_still_connected_reads_on_at_once() {
        let (mut engine, seat, mut server) = joined();
        engine.stall(seat);
        say(&mut server, r#"{"type":"other"}"#);
        for _ in 0..20 {
            engine.turn(engine.now().plus_seconds(0.01)).unwrap();
        }
        // Returns, although there is no end to be read.
        engine.read_on(seat);
        assert!(engine.is_joined(seat));
        server.shutdown(Shutdown::Both).unwrap();
        turn_until(&mut engine, |engine| engine.is_away(seat));
    }
}
