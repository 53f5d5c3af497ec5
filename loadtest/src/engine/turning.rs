//! Letting time pass: sockets are served here, and nowhere else is waited.

use std::{io, time::Duration};

use super::{Engine, Nanos, SeatId, Stop, WAKE, seat::Phase};

/// A socket with something to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ready {
    seat: SeatId,
    readable: bool,
    writable: bool,
    /// Whether the other side has ended, so that reading goes on to the end.
    ended: bool,
}

impl Engine {
    /// Does what sockets are ready for, waiting until `until` at most for the
    /// first of them; never longer than until the second under way ends.
    ///
    /// # Errors
    ///
    /// Where the poll fails, which no traffic can cause.
    pub(crate) fn turn(&mut self, until: Nanos) -> io::Result<()> {
        let now = self.now();
        self.give_up_attempts(now);
        self.start_waiting();
        let now = self.now();
        let until = self.repeat_due(now).map_or(until, |due| until.min(due));
        let until = self.span.map_or(until, |span| until.min(span.row_ends));
        let timeout = if until <= now {
            Some(Duration::ZERO)
        } else {
            self.wake.set(now, until)?;
            None
        };
        match self.poll.poll(&mut self.events, timeout) {
            // A signal: the scenario looks at its `Stop`.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        let mut ready = std::mem::take(&mut self.ready);
        ready.extend(
            self.events
                .iter()
                .filter(|event| event.token() != WAKE)
                .map(|event| Ready {
                    seat: SeatId(event.token().0 as u32),
                    readable: event.is_readable() || event.is_error(),
                    writable: event.is_writable(),
                    ended: event.is_read_closed() || event.is_error(),
                }),
        );
        for ready in ready.drain(..) {
            self.serve(ready);
        }
        self.ready = ready;
        self.end_rows();
        Ok(())
    }

    fn serve(&mut self, ready: Ready) {
        let seat = &self.seats[ready.seat.0 as usize];
        if seat.phase == Phase::Connecting {
            if ready.writable || ready.ended {
                self.connected(ready.seat);
            }
            return;
        }
        if ready.writable && seat.rare.is_some() {
            self.flush(ready.seat);
        }
        if ready.readable {
            self.read(ready.seat, ready.ended);
        }
    }

    /// Waits until every message is settled, or nothing has come for as long as
    /// `quiet`: a server that is behind is let catch up.
    ///
    /// # Errors
    ///
    /// Where the poll fails.
    pub(crate) fn drain(&mut self, quiet: Duration, stop: &Stop) -> io::Result<()> {
        let mut came = self.tally.came();
        let mut end = self.now().plus_seconds(quiet.as_secs_f64());
        while self.unsettled() > 0 && self.now() < end && !stop.requested_twice() {
            self.turn(end.min(self.now().plus_seconds(0.1)))?;
            if self.tally.came() != came {
                came = self.tally.came();
                end = self.now().plus_seconds(quiet.as_secs_f64());
            }
        }
        Ok(())
    }
}
