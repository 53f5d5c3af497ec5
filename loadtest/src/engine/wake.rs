//! A timer that wakes the poll at a nanosecond, where its own timeout knows
//! only milliseconds: a generator that is late by half a millisecond would
//! report latencies that are its own.

use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
};

use mio::{Interest, Registry, Token, unix::SourceFd};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use super::ids::Nanos;

/// The timer.
#[derive(Debug)]
pub(crate) struct Wake {
    timer: OwnedFd,
    set_for: Option<Nanos>,
}

impl Wake {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let timer = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        // The poll is edge-triggered: setting the timer anew clears its edge,
        // so it never has to be read.
        registry.register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self {
            timer,
            set_for: None,
        })
    }

    /// Sees to it that the poll wakes at `at`; it must be later than `now`.
    pub(crate) fn set(&mut self, now: Nanos, at: Nanos) -> io::Result<()> {
        if self.set_for == Some(at) {
            return Ok(());
        }
        self.set_for = Some(at);
        let wait = at.0.saturating_sub(now.0).max(1);
        let zero = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let value = Timespec {
            tv_sec: (wait / 1_000_000_000).try_into().unwrap_or(i64::MAX),
            tv_nsec: (wait % 1_000_000_000) as _,
        };
        let once = Itimerspec {
            it_interval: zero,
            it_value: value,
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }
}
