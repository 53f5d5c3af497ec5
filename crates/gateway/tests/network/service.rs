//! Redis, nodes and nginx, each on a host of its own, and people who read and
//! write through nginx.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rookery_client::{Client, ClientSettings, RawConnection};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{
    lab::{Host, Lab, Network},
    support::{SECRET, token},
};

/// What has to happen at all happens within.
const SOON: Duration = Duration::from_secs(40);

/// Everything quicker than by default, so that the tests are.
const SETTINGS: [(&str, &str); 14] = [
    ("LISTEN", "0.0.0.0:8080"),
    ("ADMIN__LISTEN", "off"),
    ("STORE", "redis"),
    ("AUTH__JWT_SECRET", SECRET),
    ("REDIS__CONNECT_TIMEOUT_MS", "2000"),
    ("REDIS__COMMAND_TIMEOUT_MS", "2000"),
    ("REDIS__AWAY_MS", "2000"),
    ("HEARTBEAT_MS", "2000"),
    ("DRAIN_MS", "3000"),
    ("LIMITS__SEND_RATE", "0"),
    ("LIMITS__USER_RATE", "0"),
    ("HTTP__TRUSTED_PROXIES", "10.77.2.2"),
    ("PRESENCE__LEASE_MS", "6000"),
    ("LOG__LEVEL", "info"),
];

/// The whole service, and the network that it is in.
pub(crate) struct Service {
    pub(crate) lab: Lab,
    folder: TempDir,
    nodes: u8,
    processes: Vec<(Host, Child)>,
}

impl Service {
    /// Starts everything and waits until it is ready.
    pub(crate) async fn start(nodes: u8) -> Self {
        let lab = Lab::new(nodes);
        let hosts = (0..nodes).map(Host::Node);
        let hosts = hosts.chain([Host::Redis, Host::Balancer, Host::Clients]);
        for host in hosts {
            for network in [Network::Store, Network::Edge] {
                let has = match host {
                    Host::Redis => network == Network::Store,
                    Host::Balancer | Host::Clients => network == Network::Edge,
                    _ => true,
                };
                if has {
                    lab.give_address(host, network, host.address(network));
                }
            }
        }
        let mut service = Self {
            lab,
            folder: tempfile::tempdir().unwrap(),
            nodes,
            processes: vec![],
        };
        service.start_redis();
        for number in 0..nodes {
            service.start_node(number);
        }
        for number in 0..nodes {
            service.becomes_ready(number, true).await;
        }
        service.start_nginx();
        service
    }

    fn start_redis(&mut self) {
        let mut command = Host::Redis.command("redis-server");
        command
            .args(["--bind", "0.0.0.0", "--protected-mode", "no"])
            .args(["--appendonly", "yes", "--appendfsync", "always"])
            .args(["--save", "", "--dir"])
            .arg(self.folder.path());
        self.spawn(Host::Redis, command);
    }

    fn start_node(&mut self, number: u8) {
        let host = Host::Node(number);
        let mut command = host.command(env!("CARGO_BIN_EXE_rookery"));
        command.arg("serve");
        for (name, value) in SETTINGS {
            command.env(format!("ROOKERY__{name}"), value);
        }
        let redis = Host::Redis.address(Network::Store);
        command.env("ROOKERY__REDIS__URL", format!("redis://{redis}:6379"));
        self.spawn(host, command);
    }

    /// nginx with the configuration of the project, but these nodes.
    fn start_nginx(&mut self) {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nginx");
        let here = self.folder.path().join("nginx");
        fs::create_dir(&here).unwrap();
        fs::copy(project.join("nginx.conf"), here.join("nginx.conf")).unwrap();
        let upstream = fs::read_to_string(project.join("upstream.conf")).unwrap();
        let mut replaced = 0;
        let lines = upstream
            .lines()
            .filter(|line| !line.starts_with("resolver"));
        let lines = lines.map(|line| {
            if !line.trim().starts_with("server gateway:8080") {
                return line.to_owned();
            }
            replaced += 1;
            let nodes = (0..self.nodes).map(|number| Host::Node(number).address(Network::Edge));
            nodes
                .map(|node| format!("server {node}:8080 max_fails=3 fail_timeout=3s;\n"))
                .collect()
        });
        let upstream = lines.collect::<Vec<String>>().join("\n");
        assert_eq!(replaced, 1, "nginx/upstream.conf names the nodes once");
        fs::write(here.join("upstream.conf"), upstream).unwrap();
        fs::write(here.join("listen.conf"), "listen 8080;\n").unwrap();
        let mut command = Host::Balancer.command("nginx");
        command
            .arg("-p")
            .arg(format!("{}/", here.display()))
            .arg("-c")
            .arg(here.join("nginx.conf"))
            .args(["-g", "daemon off; user root;"]);
        self.spawn(Host::Balancer, command);
    }

    fn spawn(&mut self, host: Host, mut command: Command) {
        let log = File::create(self.folder.path().join(format!("{host}.log"))).unwrap();
        let child = command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.processes.push((host, child));
    }

    /// What a host's process has said.
    pub(crate) fn log(&self, host: Host) -> String {
        fs::read_to_string(self.folder.path().join(format!("{host}.log"))).unwrap_or_default()
    }

    /// The name that a node has given itself.
    pub(crate) fn name_of(&self, host: Host) -> String {
        let log = self.log(host);
        let at = log.find("n_").expect("a node names itself when it starts");
        log[at..at + 14].to_owned()
    }

    /// Whether a node says of itself that it is ready.
    pub(crate) fn is_ready(&self, number: u8) -> bool {
        let mut asking = Host::Node(number).command(env!("CARGO_BIN_EXE_rookery"));
        asking.args(["health", "http://127.0.0.1:8080"]);
        asking.current_dir(self.folder.path());
        asking.output().unwrap().status.success()
    }

    pub(crate) async fn becomes_ready(&self, number: u8, wanted: bool) {
        let began = Instant::now();
        while self.is_ready(number) != wanted {
            assert!(
                began.elapsed() < SOON,
                "node {number} not ready={wanted} within {SOON:?}"
            );
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until nginx, which may have taken the node of this name for dead,
    /// leads newcomers there.
    pub(crate) async fn is_given_clients(&self, name: &str) {
        let settings = self.client_settings("newcomer");
        let began = Instant::now();
        loop {
            let connected = RawConnection::connect(&settings.targets[0], SOON).await;
            if let Ok(mut connection) = connected
                && let Ok(welcome) = connection.hello(&settings.token, "newcomer").await
                && welcome.node.as_str() == name
            {
                return;
            }
            assert!(began.elapsed() < SOON, "nobody is led to {name}");
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Settings of a client that comes through nginx.
    pub(crate) fn client_settings(&self, user: &str) -> ClientSettings {
        let balancer = Host::Balancer.address(Network::Edge);
        ClientSettings {
            connect_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(60),
            ..ClientSettings::new([format!("ws://{balancer}:8080/ws")], token(user))
        }
    }

    /// A client without anybody who reads its events.
    pub(crate) fn client(&self, user: &str) -> Client {
        Client::connect(self.client_settings(user)).unwrap().0
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        for (host, process) in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
            let path = self.folder.path().join(format!("{host}.log"));
            let log = fs::read_to_string(path).unwrap_or_default();
            if std::thread::panicking() {
                let lines: Vec<_> = log.lines().collect();
                let end = lines[lines.len().saturating_sub(30)..].join("\n");
                eprintln!("{host}, the end of its log:\n{end}\n");
            } else {
                assert!(!log.contains("panicked at"), "{host} panicked: {log}");
            }
        }
    }
}
