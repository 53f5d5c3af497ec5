//! A redis-server of the fleet's own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use super::{ChildProcess, Durability, pinning::CoreSet, ports};

/// How long it may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// A redis-server on a port of its own; killed when dropped.
#[derive(Debug)]
pub(crate) struct Redis {
    process: ChildProcess,
    address: SocketAddr,
    folder: PathBuf,
    durability: Durability,
    cores: Option<CoreSet>,
}

impl Redis {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    ///
    /// Where redis-server is not installed or does not answer.
    pub(super) fn start(
        durability: Durability,
        cores: Option<CoreSet>,
        folder: &Path,
    ) -> Result<Self> {
        let address = ports::free_address()?;
        Ok(Self {
            process: start(address, durability, cores.as_ref(), folder)?,
            address,
            folder: folder.to_owned(),
            durability,
            cores,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Ends it as a crash does.
    pub(super) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same port after it was killed.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub(super) fn start_again(&mut self) -> Result<()> {
        self.process = start(
            self.address,
            self.durability,
            self.cores.as_ref(),
            &self.folder,
        )?;
        Ok(())
    }
}

fn start(
    address: SocketAddr,
    durability: Durability,
    cores: Option<&CoreSet>,
    folder: &Path,
) -> Result<ChildProcess> {
    let (append_only, sync) = match durability {
        Durability::None => ("no", "no"),
        Durability::EverySecond => ("yes", "everysec"),
        Durability::Always => ("yes", "always"),
    };
    let mut command = Command::new("redis-server");
    command
        .current_dir(folder)
        .args(["--bind", &address.ip().to_string()])
        .args(["--port", &address.port().to_string()])
        .args(["--save", "", "--daemonize", "no", "--loglevel", "warning"])
        .args(["--appendonly", append_only, "--appendfsync", sync]);
    let mut process = ChildProcess::start("redis", &mut command, cores, folder)
        .context("redis-server is needed (Debian: apt-get install redis-server)")?;
    process.wait_until(PATIENCE, || {
        ask(address, "PING").is_ok_and(|answer| answer == "PONG")
    })?;
    Ok(process)
}

/// One command without spaces in its words, and its answer as text.
fn ask(address: SocketAddr, command: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).context("connecting to Redis")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).context("reading from Redis")?;
    let first = first.trim_end();
    if let Some(length) = first.strip_prefix('$') {
        let mut body = vec![0; length.parse().context("the length of an answer of Redis")?];
        reader.read_exact(&mut body)?;
        return Ok(String::from_utf8_lossy(&body).into_owned());
    }
    ensure!(!first.starts_with('-'), "Redis refuses {command}: {first}");
    Ok(first.trim_start_matches(['+', ':']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_one_keeps_its_port_and_what_it_was_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut redis = Redis::start(Durability::Always, None, folder.path()).unwrap();
        assert_eq!(ask(redis.address, "SET a 1").unwrap(), "OK");
        assert!(ask(redis.address, "NONSENSE").is_err());
        let (url, pid) = (redis.url(), redis.pid());
        redis.kill();
        redis.start_again().unwrap();
        assert_eq!(redis.url(), url);
        assert_ne!(redis.pid(), pid);
        assert_eq!(ask(redis.address, "GET a").unwrap(), "1");
    }
}
