//! A redis-server that lives as long as the value that stands for it.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::{free_port, shifted_clock::ShiftedClock};

/// How long a server may take until it answers.
const START_DEADLINE: Duration = Duration::from_secs(20);
/// How often another port is tried where somebody else was faster to take one.
const PORT_ATTEMPTS: usize = 5;

/// A redis-server on a free port of the loopback, in a folder of its own.
///
/// It is killed and its folder removed when this is dropped. All calls block,
/// for some 20 ms at the start.
#[derive(Debug)]
pub struct RedisServer {
    folder: TempDir,
    port: u16,
    makeup: Makeup,
    clock: Option<ShiftedClock>,
    process: Child,
}

/// What a server is to be like.
#[derive(Debug, Clone, Default)]
struct Makeup {
    append_only_file: bool,
    own_clock: bool,
    options: Vec<String>,
}

impl RedisServer {
    /// Starts a server that keeps nothing on disk: after [`Self::restart`] it is empty.
    ///
    /// # Errors
    ///
    /// When redis-server is not installed or does not answer in time.
    pub fn start() -> Result<Self> {
        Self::start_on_a_free_port(Makeup::default())
    }

    /// As [`Self::start`], with these options behind the usual ones, such as
    /// `["--cluster-enabled", "yes"]`.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_with(options: &[&str]) -> Result<Self> {
        Self::start_on_a_free_port(Makeup {
            options: options.iter().map(|&option| option.into()).collect(),
            ..Makeup::default()
        })
    }

    /// Starts a server in cluster mode that has all slots and no others beside it: it
    /// refuses a script that names keys of two slots.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_in_cluster_mode() -> Result<Self> {
        let bus_port = free_port().to_string();
        let server = Self::start_with(&["--cluster-enabled", "yes", "--cluster-port", &bus_port])?;
        server.command(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])?;
        let started = Instant::now();
        while !server
            .command(&["CLUSTER", "INFO"])?
            .contains("cluster_state:ok")
        {
            ensure!(
                started.elapsed() < START_DEADLINE,
                "the cluster never begins to serve"
            );
            thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// Starts a server with an append-only file that is written before each
    /// answer: what it has answered is there again after [`Self::restart`].
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_with_append_only_file() -> Result<Self> {
        Self::start_on_a_free_port(Makeup {
            append_only_file: true,
            ..Makeup::default()
        })
    }

    /// Starts a server that keeps nothing on disk and whose wall clock can be
    /// stepped ([`Self::step_clock`]); at first it is right.
    ///
    /// # Errors
    ///
    /// As [`Self::start`], and where there is no C compiler.
    pub fn start_with_clock() -> Result<Self> {
        Self::start_on_a_free_port(Makeup {
            own_clock: true,
            ..Makeup::default()
        })
    }

    fn start_on_a_free_port(makeup: Makeup) -> Result<Self> {
        let mut last_error = anyhow::anyhow!("no port was tried");
        for _ in 0..PORT_ATTEMPTS {
            let folder = tempfile::tempdir().context("making a folder for redis-server")?;
            let port = free_port();
            let clock = match makeup.own_clock {
                true => Some(ShiftedClock::new(folder.path())?),
                false => None,
            };
            let mut process = spawn(&folder, port, &makeup, clock.as_ref())?;
            match wait_until_it_answers(&mut process, port) {
                Ok(()) => {
                    return Ok(Self {
                        folder,
                        port,
                        makeup,
                        clock,
                        process,
                    });
                }
                Err(error) => last_error = error,
            }
            end(&mut process);
        }
        Err(last_error)
    }

    /// Where it listens, as `redis://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The port of the loopback that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps its files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The id of its process, of the last one where it was killed.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The CPU that its main thread has used, which carries out all commands.
    ///
    /// # Errors
    ///
    /// Where the system does not say.
    pub fn cpu_time(&self) -> Result<Duration> {
        let pid = self.pid();
        let path = format!("/proc/{pid}/task/{pid}/schedstat");
        let stat = fs::read_to_string(&path).with_context(|| path.clone())?;
        let nanoseconds = stat.split_whitespace().next().context(path)?.parse()?;
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Ends it as a crash does (SIGKILL). Its port and folder stay reserved for [`Self::restart`].
    pub fn kill(&mut self) {
        end(&mut self.process);
    }

    /// Ends it as a crash does and starts it again with the same port and folder.
    ///
    /// # Errors
    ///
    /// When it does not answer in time.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        let clock = self.clock.as_ref();
        self.process = spawn(&self.folder, self.port, &self.makeup, clock)?;
        wait_until_it_answers(&mut self.process, self.port)
    }

    /// Whether any file in the folder of the server holds a text.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
    pub fn files_hold(&self, text: &str) -> Result<bool> {
        fn holds(folder: &Path, text: &[u8]) -> Result<bool> {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                let found = match path.is_dir() {
                    true => holds(&path, text)?,
                    false => std::fs::read(&path)?
                        .windows(text.len())
                        .any(|part| part == text),
                };
                if found {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        holds(self.folder.path(), text.as_bytes())
    }

    /// Steps the wall clock of a server of [`Self::start_with_clock`] forward,
    /// or back where that is negative, while it runs.
    ///
    /// # Errors
    ///
    /// Where the server has no clock of its own.
    pub fn step_clock(&self, by_ms: i64) -> Result<()> {
        let clock = self.clock.as_ref();
        clock
            .context("this server was not started with a clock of its own")?
            .step(by_ms)
    }

    /// Runs one command through redis-cli and gives what it prints, a line
    /// per element of a list.
    ///
    /// # Errors
    ///
    /// When redis-cli is not installed, the server is away, or refuses the command.
    pub fn command(&self, words: &[&str]) -> Result<String> {
        let output = Command::new("redis-cli")
            .args(["-e", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(words)
            .stdin(Stdio::null())
            .output()
            .context("running redis-cli (Debian: apt-get install redis-tools)")?;
        let printed = String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned();
        ensure!(
            output.status.success(),
            "redis-cli {words:?}: {printed}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(printed)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(
    folder: &TempDir,
    port: u16,
    makeup: &Makeup,
    clock: Option<&ShiftedClock>,
) -> Result<Child> {
    let mut command = Command::new("redis-server");
    if let Some(clock) = clock {
        clock.give_to(&mut command);
    }
    let append_only_file = if makeup.append_only_file { "yes" } else { "no" };
    command
        .arg("--dir")
        .arg(folder.path())
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--daemonize", "no", "--loglevel", "warning"])
        .args(["--appendonly", append_only_file])
        .args(["--appendfsync", "always"])
        .args(&makeup.options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("starting redis-server (Debian: apt-get install redis-server)")
}

fn wait_until_it_answers(process: &mut Child, port: u16) -> Result<()> {
    let deadline = Instant::now() + START_DEADLINE;
    while Instant::now() < deadline {
        if let Some(status) = process.try_wait()? {
            bail!("redis-server on port {port} ended with {status}");
        }
        if answers(port) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(2));
    }
    bail!("redis-server on port {port} does not answer within {START_DEADLINE:?}")
}

/// Whether a server answers there; one that still reads its files does not.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        socket.write_all(b"PING\r\n")?;
        let mut answer = [0; 7];
        socket.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG\r\n")
    };
    ask().unwrap_or(false)
}

/// Kills and reaps; a process that is gone already is fine.
fn end(process: &mut Child) {
    let _ = process.kill();
    let _ = process.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_and_is_gone_when_dropped() {
        let server = RedisServer::start().unwrap();
        let port = server.port();
        assert_eq!(server.command(&["SET", "a", "1"]).unwrap(), "OK");
        assert!(server.command(&["SUCH", "nonsense"]).is_err());
        drop(server);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }

    #[test]
    fn its_clock_can_be_stepped() {
        let mut server = RedisServer::start_with_clock().unwrap();
        let ahead_s = |server: &RedisServer| {
            let time = server.command(&["TIME"]).unwrap();
            let seconds: u64 = time.lines().next().unwrap().parse().unwrap();
            let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
            // To ten seconds: this machine may be busy.
            (seconds as i64 - now as i64 + 5).div_euclid(10) * 10
        };
        assert_eq!(ahead_s(&server), 0);
        server.step_clock(3_600_000).unwrap();
        assert_eq!(ahead_s(&server), 3600);
        server.step_clock(-7_200_000).unwrap();
        assert_eq!(ahead_s(&server), -3600);
        server.restart().unwrap();
        assert_eq!(ahead_s(&server), -3600);
        assert!(RedisServer::start().unwrap().step_clock(1).is_err());
    }

    #[test]
    fn a_restart_keeps_what_was_answered_with_an_append_only_file_only() {
        for (mut server, kept) in [
            (RedisServer::start_with_append_only_file().unwrap(), "1"),
            (RedisServer::start().unwrap(), ""),
        ] {
            let (port, pid) = (server.port(), server.pid());
            server.command(&["SET", "a", "1"]).unwrap();
            server.restart().unwrap();
            assert_eq!(server.port(), port);
            assert_ne!(server.pid(), pid);
            assert_eq!(server.command(&["GET", "a"]).unwrap(), kept);
        }
    }
}
