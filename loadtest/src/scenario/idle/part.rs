//! A part of the generator: a process of its own with as many connections as
//! its limit of open files allows, told what to do by the first process.

use std::{
    io::{self, BufReader},
    sync::mpsc::{self, Receiver, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rustix::time::{ClockId, clock_gettime};

use super::talk::{Command, Heard, Report, Share, Standing, hear, say};
use crate::engine::{
    Engine, Happened, Nanos, RoomIndex, SeatId, Settings, Stop, Target, open_files, wire::Wire,
};

/// How often it tells how it stands.
const TELLING: Duration = Duration::from_millis(250);
/// How long a command may wait for its turn, in seconds.
const TURN_S: f64 = 0.02;

/// Does what the first process says until that one closes the pipe.
///
/// # Errors
///
/// Where speaking with it fails. What fails in the work itself is told to it.
pub(crate) fn run() -> Result<()> {
    let (first, commands) = listen()?;
    if let Err(error) = work(first, &commands) {
        let why = format!("{error:#}");
        say(&mut io::stdout(), &Report::Failed { why })?;
    }
    Ok(())
}

/// The share, and the commands as they come. The pipe has a thread, since the
/// engine waits for sockets.
fn listen() -> Result<(Share, Receiver<Command>)> {
    let mut input = BufReader::new(io::stdin());
    let share = hear(&mut input)?.context("nobody said what to hold")?;
    let (said, commands) = mpsc::channel();
    thread::spawn(move || {
        while let Ok(Some(command)) = hear(&mut input) {
            if said.send(command).is_err() {
                return;
            }
        }
    });
    Ok((share, commands))
}

fn work(share: Share, commands: &Receiver<Command>) -> Result<()> {
    let mut part = Part::new(share)?;
    loop {
        match commands.try_recv() {
            Ok(command) => part.obey(&command)?,
            Err(TryRecvError::Disconnected) => return Ok(()),
            Err(TryRecvError::Empty) => drop(part.pass_time()?),
        }
    }
}

struct Part {
    share: Share,
    engine: Engine,
    /// What the machine's clock said when the engine's said 0.
    engine_began_ns: u64,
    /// Attempts to connect that failed.
    failures: usize,
    told_at: Instant,
    told: Option<Standing>,
}

impl Part {
    fn new(share: Share) -> Result<Self> {
        open_files::allow(share.connections)?;
        let targets: Result<Vec<Target>> = share.targets.iter().map(|url| url.parse()).collect();
        let mut engine = Engine::new(Settings {
            targets: targets?,
            wire: Wire::new(share.dialect, &share.secret),
            run: share.run_of_rooms(),
            part: share.part,
            text_bytes: share.text_bytes,
            handshakes: share.handshakes,
        })?;
        let members = share.members.unwrap_or(share.connections).max(1);
        engine.add_seats(share.connections, members);
        let engine_began_ns = monotonic_ns() - engine.now().0;
        Ok(Self {
            share,
            engine,
            engine_began_ns,
            failures: 0,
            told_at: Instant::now(),
            told: None,
        })
    }

    /// Connects everybody. A few that fail are tried again: a listener's queue
    /// that was full for a moment is not what is measured.
    fn connect(&mut self) -> Result<()> {
        let most_failures = 10 + self.share.connections / 100;
        let now = self.engine.now();
        let end = now.plus_seconds(self.share.connect_ms as f64 / 1000.0);
        for seat in 0..self.share.connections as u32 {
            self.engine.connect(SeatId(seat), now);
        }
        while self.engine.joined() < self.share.connections {
            for happened in self.pass_time()? {
                if let Happened::Lost { seat, .. } = happened {
                    self.failures += 1;
                    self.engine.connect(seat, self.engine.now());
                }
            }
            ensure!(
                self.engine.now() < end && self.failures <= most_failures,
                "only {} of {} connections joined; {:?}",
                self.engine.joined(),
                self.share.connections,
                self.engine.reasons()
            );
        }
        self.tell()
    }

    fn obey(&mut self, command: &Command) -> Result<()> {
        match *command {
            Command::Begin => self.connect(),
            Command::Expect { at_ns } => {
                self.engine.begin();
                let at = self.engine_time(at_ns);
                self.engine.announce(RoomIndex(0), at);
                say(&mut io::stdout(), &Report::Expecting)
            }
            Command::Send { at_ns } => self.send(at_ns),
            Command::Account { patience_ms } => {
                let stop = Stop::default();
                let patience = Duration::from_millis(patience_ms);
                self.engine.drain(patience, &stop)?;
                let heard = self.account();
                say(&mut io::stdout(), &Report::Heard(heard))
            }
        }
    }

    /// One message in each room, of its first member.
    fn send(&mut self, at_ns: u64) -> Result<()> {
        let at = self.engine_time(at_ns);
        while self.engine.now() < at {
            self.engine.turn(at)?;
        }
        self.engine.begin();
        for room in self.engine.room_indices() {
            let sender = self.engine.rooms()[room.0 as usize].members[0];
            self.engine.send(sender, at);
            // What comes back meanwhile is not to wait for the last room.
            self.engine.turn(Nanos(0))?;
        }
        Ok(())
    }

    fn account(&mut self) -> Heard {
        self.engine.end();
        let counts = self.engine.counts();
        let tally = self.engine.tally();
        Heard {
            counts,
            latencies: tally.delivery.recorded(),
            connecting: tally.connect.recorded(),
            reasons: self.engine.reasons().clone(),
        }
    }

    fn pass_time(&mut self) -> Result<Vec<Happened>> {
        self.engine.turn(self.engine.now().plus_seconds(TURN_S))?;
        if self.told_at.elapsed() >= TELLING {
            self.tell()?;
        }
        Ok(self.engine.take_happened())
    }

    /// Tells how it stands, where that is news.
    fn tell(&mut self) -> Result<()> {
        self.told_at = Instant::now();
        let tally = self.engine.tally();
        let standing = Standing {
            joined: self.engine.joined() as u64,
            lost: tally.lost_connections - self.failures as u64,
            heartbeats: tally.heartbeats,
        };
        if self.told != Some(standing) {
            self.told = Some(standing);
            say(&mut io::stdout(), &Report::Standing(standing))?;
        }
        Ok(())
    }

    /// A time of the machine's clock on that of the engine.
    fn engine_time(&self, at_ns: u64) -> Nanos {
        Nanos(at_ns.saturating_sub(self.engine_began_ns))
    }
}

impl Share {
    /// Parts that share a room share the names of rooms.
    fn run_of_rooms(&self) -> String {
        match self.members {
            Some(_) => format!("{}p{}", self.run, self.part),
            None => self.run.clone(),
        }
    }
}

/// The machine's monotonic clock, the same for all its processes.
pub(super) fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
