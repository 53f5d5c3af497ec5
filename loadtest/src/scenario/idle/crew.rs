//! The processes that hold the connections, and what they say.

use std::{
    env,
    io::{BufReader, BufWriter},
    process::{ChildStdin, ChildStdout, Command as Program},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::talk::{Command, Heard, Report, Share, Standing, hear, say};
use crate::{
    fleet::{ChildProcess, CoreSet, Folder},
    measure::Watched,
    outcome::Role,
};

/// The hidden command that makes a process a part.
pub(crate) const PART_COMMAND: &str = "idle-part";

/// All parts of the generator. Dropping it ends them.
pub(super) struct Crew {
    parts: Vec<Part>,
    reports: Receiver<(usize, Report)>,
    /// Of the logs; last, so that nobody writes there any more when it is removed.
    _folder: Folder,
}

struct Part {
    process: ChildProcess,
    input: BufWriter<ChildStdin>,
    standing: Standing,
}

impl Crew {
    /// Starts a process for each share.
    ///
    /// # Errors
    ///
    /// Where one does not start.
    pub(super) fn start(shares: &[Share], cores: Option<&CoreSet>) -> Result<Self> {
        let folder = Folder::new()?;
        let (told, reports) = mpsc::channel();
        let mut parts = Vec::with_capacity(shares.len());
        for (index, share) in shares.iter().enumerate() {
            let name = format!("generator {}", index + 1);
            let mut program = Program::new(env::current_exe()?);
            program.arg(PART_COMMAND);
            let (process, input, output) =
                ChildProcess::start_talking(&name, &mut program, cores, folder.path())?;
            pass_on(index, output, told.clone());
            let mut input = BufWriter::new(input);
            say(&mut input, share)?;
            parts.push(Part {
                process,
                input,
                standing: Standing::default(),
            });
        }
        Ok(Self {
            parts,
            reports,
            _folder: folder,
        })
    }

    pub(super) fn watched(&self) -> Vec<Watched> {
        let processes = self.parts.iter().map(|part| &part.process);
        processes
            .map(|process| Watched::new(Role::Generator, process.name(), process.pid()))
            .collect()
    }

    /// Tells all parts to connect.
    ///
    /// # Errors
    ///
    /// Where one is gone.
    pub(super) fn begin(&mut self) -> Result<()> {
        (0..self.parts.len()).try_for_each(|part| self.tell(part, &Command::Begin))
    }

    /// How all connections together are, as last told.
    pub(super) fn standing(&self) -> Standing {
        let sum =
            |value: fn(&Standing) -> u64| self.parts.iter().map(|part| value(&part.standing)).sum();
        Standing {
            joined: sum(|standing| standing.joined),
            lost: sum(|standing| standing.lost),
            heartbeats: sum(|standing| standing.heartbeats),
        }
    }

    /// Takes in what is told within so long.
    ///
    /// # Errors
    ///
    /// Where a part failed or ended.
    pub(super) fn listen(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while let Some((part, report)) = self.next_report(end)? {
            self.take(part, report)?;
        }
        Ok(())
    }

    /// Tells these parts to expect a message, and waits until all do.
    ///
    /// # Errors
    ///
    /// Where a part failed or does not answer within `patience`.
    pub(super) fn expect(
        &mut self,
        parts: std::ops::Range<usize>,
        at_ns: u64,
        patience: Duration,
    ) -> Result<()> {
        let mut awaited = parts.len();
        for part in parts {
            self.tell(part, &Command::Expect { at_ns })?;
        }
        let end = Instant::now() + patience;
        while awaited > 0 {
            match self.next_report(end)? {
                Some((_, Report::Expecting)) => awaited -= 1,
                Some((part, report)) => self.take(part, report)?,
                None => bail!("{awaited} parts of the generator do not answer"),
            }
        }
        Ok(())
    }

    /// Tells a part to send.
    ///
    /// # Errors
    ///
    /// Where it is gone.
    pub(super) fn send(&mut self, part: usize, at_ns: u64) -> Result<()> {
        self.tell(part, &Command::Send { at_ns })
    }

    /// What each part heard of what was sent, when all has come or `patience` ends.
    ///
    /// # Errors
    ///
    /// Where a part failed.
    pub(super) fn account(&mut self, patience: Duration) -> Result<Vec<Heard>> {
        let patience_ms = patience.as_millis() as u64;
        for part in 0..self.parts.len() {
            self.tell(part, &Command::Account { patience_ms })?;
        }
        // They are patient themselves; this is for one that is stuck.
        let end = Instant::now() + patience + Duration::from_secs(30);
        let mut heard = Vec::new();
        while heard.len() < self.parts.len() {
            match self.next_report(end)? {
                Some((_, Report::Heard(one))) => heard.push(one),
                Some((part, report)) => self.take(part, report)?,
                None => bail!("a part of the generator does not account for its deliveries"),
            }
        }
        Ok(heard)
    }

    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    fn tell(&mut self, part: usize, command: &Command) -> Result<()> {
        let part = &mut self.parts[part];
        say(&mut part.input, command).with_context(|| format!("telling {}", part.process.name()))
    }

    fn take(&mut self, part: usize, report: Report) -> Result<()> {
        let part = &mut self.parts[part];
        match report {
            Report::Standing(standing) => part.standing = standing,
            Report::Failed { why } => bail!("{}: {why}", part.process.name()),
            Report::Expecting | Report::Heard(_) => {
                bail!("{} answers what nobody asked", part.process.name())
            }
        }
        Ok(())
    }

    fn next_report(&mut self, end: Instant) -> Result<Option<(usize, Report)>> {
        let time = end.saturating_duration_since(Instant::now());
        match self.reports.recv_timeout(time) {
            Ok(report) => Ok(Some(report)),
            Err(RecvTimeoutError::Timeout) => {
                self.parts
                    .iter_mut()
                    .try_for_each(|part| part.process.check())?;
                Ok(None)
            }
            Err(RecvTimeoutError::Disconnected) => {
                self.parts
                    .iter_mut()
                    .try_for_each(|part| part.process.check())?;
                bail!("the parts of the generator fell silent")
            }
        }
    }
}

/// A thread for each pipe; it ends with the part.
fn pass_on(part: usize, output: ChildStdout, told: Sender<(usize, Report)>) {
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        while let Ok(Some(report)) = hear(&mut output) {
            if told.send((part, report)).is_err() {
                return;
            }
        }
    });
}
