//! A redis-server of the fleet's own.

use std::{
    io::{self, BufRead, BufReader, Write},
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
    pub(crate) fn start(
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

    /// A plain connection.
    pub(crate) fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// One command, and the line of its answer that carries the value.
    ///
    /// # Errors
    ///
    /// Where Redis refuses it.
    pub(crate) fn ask(&self, words: &[&str]) -> Result<String> {
        ask(self.address, words)
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
        ask(address, &["PING"]).is_ok_and(|answer| answer == "PONG")
    })?;
    Ok(process)
}

/// One command, and the line of its answer that carries the value.
fn ask(address: SocketAddr, words: &[&str]) -> Result<String> {
    let mut stream = TcpStream::connect(address).context("connecting to Redis")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&encode(words))?;
    let mut answer = BufReader::new(stream);
    let mut line = String::new();
    answer.read_line(&mut line).context("reading from Redis")?;
    ensure!(
        !line.starts_with('-'),
        "Redis refuses {}: {line}",
        words.join(" ")
    );
    if line.starts_with('$') {
        line.clear();
        answer.read_line(&mut line)?;
    }
    Ok(line.trim_start_matches(['+', ':']).trim_end().to_owned())
}

/// A command in Redis's protocol.
pub(crate) fn encode(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len());
    for word in words {
        bytes += &format!("${}\r\n{word}\r\n", word.len());
    }
    bytes.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_one_keeps_its_port_and_what_it_was_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut redis = Redis::start(Durability::Always, None, folder.path()).unwrap();
        assert_eq!(redis.ask(&["SET", "a", "1"]).unwrap(), "OK");
        assert!(redis.ask(&["NONSENSE"]).is_err());
        let (url, pid) = (redis.url(), redis.pid());
        redis.kill();
        redis.start_again().unwrap();
        assert_eq!(redis.url(), url);
        assert_ne!(redis.pid(), pid);
        assert_eq!(redis.ask(&["GET", "a"]).unwrap(), "1");
    }
}
