//! A process that the generator started.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{guard, pinning::CoreSet};
use crate::measure::process;

/// How much of the end of a log is shown where a process fails.
const TAIL_LINES: usize = 20;
/// How often something that is waited for is looked at.
const GLANCE: Duration = Duration::from_millis(2);

/// A running process in a group of its own. Dropping it kills the group.
#[derive(Debug)]
pub(crate) struct ChildProcess {
    /// For people: `node 1`.
    name: String,
    child: Child,
    group: Pid,
    log: PathBuf,
    reaped: Option<ExitStatus>,
}

impl ChildProcess {
    /// Starts a command on these cores. What it prints is added to `NAME.log` in the folder.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub(crate) fn start(
        name: &str,
        command: &mut Command,
        cores: Option<&CoreSet>,
        folder: &Path,
    ) -> Result<Self> {
        let log = Log::open(name, folder)?;
        command.stdin(Stdio::null()).stdout(log.handle()?);
        Self::spawn(name, command, cores, log)
    }

    /// The same for a process that is spoken with over its input and output;
    /// only what it complains of goes to the log.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub(crate) fn start_talking(
        name: &str,
        command: &mut Command,
        cores: Option<&CoreSet>,
        folder: &Path,
    ) -> Result<(Self, ChildStdin, ChildStdout)> {
        let log = Log::open(name, folder)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Self::spawn(name, command, cores, log)?;
        let input = process.child.stdin.take();
        let output = process.child.stdout.take();
        let (input, output) = input.zip(output).context("a process without pipes")?;
        Ok((process, input, output))
    }

    fn spawn(name: &str, command: &mut Command, cores: Option<&CoreSet>, log: Log) -> Result<Self> {
        command.process_group(0).stderr(log.handle()?);
        let child = guard::hold_group(|| {
            let child = CoreSet::during(cores, || command.spawn())?.with_context(|| {
                format!("starting {name} ({})", command.get_program().display())
            })?;
            Ok((group_of(&child), child))
        })?;
        Ok(Self {
            name: name.to_owned(),
            group: group_of(&child),
            child,
            log: log.path,
            reaped: None,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `ready` says so.
    ///
    /// # Errors
    ///
    /// When the process ends or is not ready in time, with the end of its log.
    pub(crate) fn wait_until(
        &mut self,
        patience: Duration,
        mut ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            if ready() {
                return Ok(());
            }
            self.check()?;
            ensure!(!guard::asked_to_end(), "interrupted");
            if Instant::now() > deadline {
                bail!(
                    "{} is not ready after {patience:?}; {}",
                    self.name,
                    self.end_of_log()
                );
            }
            thread::sleep(GLANCE);
        }
    }

    /// # Errors
    ///
    /// When the process ended, with the end of its log.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.ended() {
            None => Ok(()),
            Some(status) => bail!("{} ended: {status}; {}", self.name, self.end_of_log()),
        }
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        if self.reaped.is_none() && is_over(self.pid()) {
            guard::let_go_of_group(self.group);
            self.reaped = self.child.wait().ok();
        }
        self.reaped
    }

    /// The last lines that it printed, for an error message.
    pub(crate) fn end_of_log(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        match lines.as_slice() {
            [] => "it printed nothing".to_owned(),
            lines => {
                let last = &lines[lines.len().saturating_sub(TAIL_LINES)..];
                format!("the end of what it printed:\n  {}", last.join("\n  "))
            }
        }
    }

    /// Asks it to end (SIGTERM); what it does about it is seen by [`Self::ended`].
    pub(crate) fn terminate(&mut self) {
        if self.ended().is_none() {
            let _ = kill_process(self.group, Signal::TERM);
        }
    }

    /// Ends it as a crash does (SIGKILL), with whatever it started, and waits for it.
    pub(crate) fn kill(&mut self) {
        if self.ended().is_some() {
            return;
        }
        // Only a process that was not waited for is signalled, so its id is still its own.
        let _ = kill_process_group(self.group, Signal::KILL);
        guard::let_go_of_group(self.group);
        self.reaped = self.child.wait().ok();
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where a process prints to.
struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    fn open(name: &str, folder: &Path) -> Result<Self> {
        let path = folder.join(format!("{}.log", name.replace(' ', "-")));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        Ok(Self { path, file })
    }

    fn handle(&self) -> Result<File> {
        self.file.try_clone().context("a second handle of a log")
    }
}

fn group_of(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// Whether a process has ended; until it is waited for, its id is still its own.
fn is_over(pid: u32) -> bool {
    let stat = process(pid).and_then(|process| process.stat());
    stat.map_or(true, |stat| matches!(stat.state, 'Z' | 'X'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, folder: &Path) -> ChildProcess {
        let mut command = Command::new("sh");
        ChildProcess::start("some shell", command.args(["-c", script]), None, folder).unwrap()
    }

    #[test]
    fn an_early_end_is_told_with_the_end_of_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell(
            "for i in $(seq 50); do echo line $i; done; exit 3",
            folder.path(),
        );
        let error = process
            .wait_until(Duration::from_secs(20), || false)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("some shell ended: exit status: 3"),
            "{error}"
        );
        assert!(
            error.contains("line 31\n") && !error.contains("line 30\n"),
            "{error}"
        );
        assert_eq!(process.ended().unwrap().code(), Some(3));
    }

    #[test]
    fn dropping_it_kills_what_it_started_too() {
        let folder = tempfile::tempdir().unwrap();
        let grandchild = folder.path().join("pid");
        let script = format!("sleep 60 & echo $! > {}; wait", grandchild.display());
        let mut process = shell(&script, folder.path());
        let read = || fs::read_to_string(&grandchild).unwrap_or_default();
        process
            .wait_until(Duration::from_secs(20), || read().ends_with('\n'))
            .unwrap();
        let (ours, theirs) = (process.pid(), read().trim().parse().unwrap());
        drop(process);
        for pid in [ours, theirs] {
            let deadline = Instant::now() + Duration::from_secs(20);
            while !is_over(pid) {
                assert!(Instant::now() < deadline, "{pid} lives");
                thread::sleep(GLANCE);
            }
        }
    }

    #[test]
    fn a_command_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("no-such-program");
        let error = ChildProcess::start("x", &mut command, None, folder.path()).unwrap_err();
        assert_eq!(error.to_string(), "starting x (no-such-program)");
    }
}
