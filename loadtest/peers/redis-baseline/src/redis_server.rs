//! A redis-server of its own for each run, its CPU time, and a plain connection to it.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::command::encode;

const START_LIMIT: Duration = Duration::from_secs(10);

pub struct RedisServer {
    process: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

/// Keeps this thread, and whatever it starts from now on, on one core.
pub fn run_on_core(core: usize) -> anyhow::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores)
        .with_context(|| format!("cannot run on core {core}: this machine may not have it"))
}

impl RedisServer {
    /// Starts one on a free port of loopback, keeping nothing on disk.
    pub fn start(core: usize) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let process = Command::new("taskset")
            .args([
                "-c",
                &core.to_string(),
                "redis-server",
                "--bind",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(directory.path())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start redis-server: is it installed?")?;
        let mut server = Self {
            process,
            port,
            _directory: directory,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        while self.connect().is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("redis-server ended at once: {status}");
            }
            ensure!(
                started.elapsed() < START_LIMIT,
                "redis-server does not accept on port {}",
                self.port
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    pub fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// CPU time of all its threads; none of them ends during a run.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let tasks = format!("/proc/{}/task", self.process.id());
        let mut nanoseconds = 0;
        for task in Path::new(&tasks).read_dir()? {
            let schedstat = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let on_cpu = schedstat.split(' ').next().context("an empty schedstat")?;
            nanoseconds += on_cpu.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Sends one command and gives the line of its answer that carries the value.
    pub fn ask(&self, words: &[&str]) -> anyhow::Result<String> {
        let mut stream = self.connect()?;
        stream.write_all(&encode(words))?;
        let mut answer = BufReader::new(stream);
        let mut line = String::new();
        answer.read_line(&mut line)?;
        ensure!(
            !line.starts_with('-'),
            "Redis refused {}: {}",
            words[0],
            line.trim()
        );
        if line.starts_with('$') {
            line.clear();
            answer.read_line(&mut line)?;
        }
        Ok(line.trim_start_matches(':').trim().to_owned())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have ended by itself, and there is nobody left to tell.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
