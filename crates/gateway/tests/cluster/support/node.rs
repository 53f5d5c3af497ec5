//! One node process: started, asked, killed, drained, started again.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rookery_testing::free_port;
use tempfile::TempDir;
use tokio::time::sleep;

use super::{SECRET, SOON, get, soon};

/// What fits tests: no limit on what one client may send, and no balancer that
/// has to see that a node stops.
const DEFAULTS: [(&str, &str); 3] = [
    ("limits.send_rate", "0"),
    ("limits.user_rate", "0"),
    ("drain_lead_ms", "0"),
];

/// A `rookery serve` on ports and in a folder of its own. Killed when dropped;
/// the end of its log is shown where the test fails.
pub(crate) struct Node {
    folder: TempDir,
    port: u16,
    admin_port: u16,
    settings: Vec<(String, String)>,
    process: Child,
    may_panic: bool,
}

impl Node {
    /// Starts a node with these settings (`limits.send_rate` and so on), beside
    /// those that fit tests, and waits until it is ready. A name in capitals is
    /// a variable of the environment; an empty value is none.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        // Between finding a port free and taking it, another test can be faster.
        for _ in 0..5 {
            let mut node = Self::spawn(settings);
            if node.becomes_ready().await {
                return node;
            }
            assert!(
                node.log().to_lowercase().contains("in use"),
                "the node ended: {}",
                node.log()
            );
        }
        panic!("no free port found");
    }

    /// Starts a node in the same way and waits for nothing.
    pub(crate) fn spawn(settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> = DEFAULTS
            .iter()
            .chain(settings)
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let (port, admin_port) = (free_port(), free_port());
        let process = spawn(&folder, port, admin_port, &settings);
        Self {
            folder,
            port,
            admin_port,
            settings,
            process,
            may_panic: false,
        }
    }

    /// False when it ended instead.
    async fn becomes_ready(&mut self) -> bool {
        let deadline = Instant::now() + SOON;
        while Instant::now() < deadline {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if self.readiness().await == Some(200) {
                return true;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("the node is not ready within {SOON:?}: {}", self.log());
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// A figure of `/metrics`.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let admin = SocketAddr::from((Ipv4Addr::LOCALHOST, self.admin_port));
        let (_, text) = get(admin, "/metrics").await.unwrap();
        let mut values = text.lines().filter_map(|line| line.strip_prefix(name));
        let value = values.find_map(|value| value.strip_prefix(' '));
        value
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or_else(|| panic!("no {name}"))
    }

    pub(crate) fn ws(&self) -> String {
        format!("ws://{}/ws", self.address())
    }

    /// The status of `/readyz`; `None` where nobody answers.
    pub(crate) async fn readiness(&self) -> Option<u16> {
        get(self.address(), "/readyz")
            .await
            .ok()
            .map(|(status, _)| status)
    }

    pub(crate) async fn readiness_becomes(&self, wanted: Option<u16>) {
        let becoming = async {
            while self.readiness().await != wanted {
                sleep(Duration::from_millis(20)).await;
            }
        };
        soon(&format!("/readyz becoming {wanted:?}"), becoming).await;
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Sends it a signal by name (`TERM`, `INT`).
    pub(crate) fn signal(&self, name: &str) {
        signal(self.process.id(), name);
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ends(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "still running after {within:?}: {}",
                self.log()
            );
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// Starts it anew on the same ports.
    pub(crate) async fn restart(&mut self) {
        self.kill();
        self.process = spawn(&self.folder, self.port, self.admin_port, &self.settings);
        assert!(self.becomes_ready().await, "the node ended: {}", self.log());
    }

    /// How much memory it holds, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .expect("a VmRSS in KiB")
    }

    /// How many files and sockets it has open.
    pub(crate) fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process.id()))
            .unwrap()
            .count()
    }

    /// From now on it is no fault if it panics.
    pub(crate) fn let_panic(&mut self) {
        self.may_panic = true;
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let running = matches!(self.process.try_wait(), Ok(None));
        self.kill();
        let log = self.log();
        if std::thread::panicking() {
            let lines: Vec<_> = log.lines().collect();
            let end = lines[lines.len().saturating_sub(25)..].join("\n");
            eprintln!(
                "node {} (running: {running}), the end of its log:\n{end}",
                self.port
            );
        } else if !self.may_panic {
            assert!(!log.contains("panicked at"), "a node panicked: {log}");
        }
    }
}

/// Sends a process a signal by name (`TERM`, `STOP`, `CONT`).
pub(crate) fn signal(pid: u32, name: &str) {
    let words = [format!("-{name}"), pid.to_string()];
    let sent = Command::new("kill").args(&words).status();
    assert!(sent.unwrap().success(), "kill {words:?}");
}

fn spawn(folder: &TempDir, port: u16, admin_port: u16, settings: &[(String, String)]) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.path().join("log"))
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
    command
        .arg("serve")
        .current_dir(folder.path())
        .env_clear()
        .env("ROOKERY__LISTEN", format!("127.0.0.1:{port}"))
        .env("ROOKERY__ADMIN__LISTEN", format!("127.0.0.1:{admin_port}"))
        .env("ROOKERY__AUTH__JWT_SECRET", SECRET)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    for (key, value) in settings {
        let upper = key.to_uppercase();
        match *key == upper {
            true if value.is_empty() => command.env_remove(key),
            true => command.env(key, value),
            false => command.env(format!("ROOKERY__{}", upper.replace('.', "__")), value),
        };
    }
    command.spawn().unwrap()
}
