//! Hosts of their own: network namespaces, wires between them, and a router in
//! the middle that loses, refuses and delays what it is told to.
//!
//! All of it lives in namespaces that were made for this process
//! (`scripts/test network`) and is gone with it, however it ends. No packet can
//! leave them.

use std::{
    fmt,
    io::{BufRead, BufReader, Write},
    net::Ipv4Addr,
    process::{Child, Command, Stdio},
};

/// The namespace in the middle.
const ROUTER: &str = "router";
/// The routing table of what goes over the long wire, and its device.
const LONG_WAY: &str = "10";
const LONG_WIRE: &str = "long";

/// A network that hosts are in: that of the store, or that of the clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    Store,
    Edge,
}

impl Network {
    fn device(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Edge => "edge",
        }
    }

    /// An address in it.
    pub(crate) fn address(self, number: u8) -> Ipv4Addr {
        match self {
            Self::Store => Ipv4Addr::new(10, 77, 1, number),
            Self::Edge => Ipv4Addr::new(10, 77, 2, number),
        }
    }

    fn gateway(self) -> Ipv4Addr {
        self.address(254)
    }

    fn all(self) -> String {
        format!("{}/24", self.address(0))
    }
}

/// A host; the one of the clients is this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    Redis,
    Node(u8),
    Balancer,
    Clients,
    /// Takes the address that somebody else had.
    Stranger,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redis => f.write_str("redis"),
            Self::Node(number) => write!(f, "node{number}"),
            Self::Balancer => f.write_str("balancer"),
            Self::Clients => f.write_str("clients"),
            Self::Stranger => f.write_str("stranger"),
        }
    }
}

impl Host {
    fn number(self) -> u8 {
        match self {
            Self::Redis => 1,
            Self::Balancer => 2,
            Self::Clients => 3,
            Self::Stranger => 4,
            Self::Node(number) => 10 + number,
        }
    }

    /// Where it is at first.
    pub(crate) fn address(self, network: Network) -> Ipv4Addr {
        network.address(self.number())
    }

    fn networks(self) -> &'static [Network] {
        match self {
            Self::Redis | Self::Stranger => &[Network::Store],
            Self::Balancer | Self::Clients => &[Network::Edge],
            Self::Node(_) => &[Network::Store, Network::Edge],
        }
    }

    /// A command that is carried out on it.
    pub(crate) fn command(self, program: &str) -> Command {
        if self == Self::Clients {
            return Command::new(program);
        }
        in_namespace(&self.to_string(), program)
    }

    /// The router's end of its wire to a network.
    fn wire(self, network: Network) -> String {
        format!("{self}-{}", network.device())
    }
}

/// How packets do not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wall {
    /// They are lost without a word.
    Silent,
    /// Whoever sent them is told that nobody is there.
    Refusing,
}

/// The network; one at a time.
pub(crate) struct Lab {
    hosts: Vec<Host>,
    long_wire: Option<Child>,
}

impl Lab {
    /// Makes so many nodes' hosts, and the others.
    pub(crate) fn new(nodes: u8) -> Self {
        assert!(
            std::env::var_os("ROOKERY_NETWORK_IS_ISOLATED").is_some(),
            "run `scripts/test network`: this changes the network that it runs in"
        );
        let mut hosts = vec![Host::Redis, Host::Balancer, Host::Clients, Host::Stranger];
        hosts.extend((0..nodes).map(Host::Node));
        let lab = Self {
            hosts,
            long_wire: None,
        };
        ip("link set lo up");
        lab.make_router();
        lab.hosts.iter().for_each(|&host| connect(host));
        lab
    }

    fn make_router(&self) {
        ip(&format!("netns add {ROUTER}"));
        for name in ["net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0"] {
            run(in_namespace(ROUTER, "sysctl").args(["-qw", name]));
        }
        run(in_namespace(ROUTER, "sysctl").args(["-qw", "net.ipv4.conf.default.rp_filter=0"]));
        nft("add table ip lab");
        nft("add chain ip lab forward { type filter hook forward priority 0; }");
    }

    /// From now on nothing passes from one address to the other.
    pub(crate) fn block(&self, from: Ipv4Addr, to: Ipv4Addr, wall: Wall) {
        let end = match wall {
            Wall::Silent => "drop",
            Wall::Refusing => "meta l4proto tcp reject with tcp reset",
        };
        nft(&format!(
            "add rule ip lab forward ip saddr {from} ip daddr {to} {end}"
        ));
    }

    /// From now on so many of a hundred packets between them are lost.
    pub(crate) fn lose(&self, one: Ipv4Addr, other: Ipv4Addr, of_a_hundred: u8) {
        for (from, to) in [(one, other), (other, one)] {
            nft(&format!(
                "add rule ip lab forward ip saddr {from} ip daddr {to} numgen random mod 100 < {of_a_hundred} drop"
            ));
        }
    }

    /// Everything passes again.
    pub(crate) fn heal(&self) {
        nft("flush chain ip lab forward");
    }

    /// From now on what passes between two hosts takes so many milliseconds
    /// each way, and up to so many more.
    pub(crate) fn delay(&mut self, one: Host, other: Host, network: Network, ms: [u32; 2]) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/network/delay_line.py");
        let mut command = in_namespace(ROUTER, "python3");
        command.args([script, LONG_WIRE, &ms[0].to_string(), &ms[1].to_string()]);
        let mut wire = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(wire.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n", "the delay line (it needs /dev/net/tun)");
        self.long_wire = Some(wire);
        let router = |words: &str| ip(&format!("-n {ROUTER} {words}"));
        router(&format!(
            "route add default dev {LONG_WIRE} table {LONG_WAY}"
        ));
        for (from, to) in [(one, other), (other, one)] {
            let (wire, to) = (from.wire(network), to.address(network));
            router(&format!("rule add iif {wire} to {to} lookup {LONG_WAY}"));
        }
    }

    /// Takes a host's address in a network away. The network sends what is for
    /// it nowhere.
    pub(crate) fn take_address(&self, host: Host, network: Network, address: Ipv4Addr) {
        ip(&format!("-n {ROUTER} route del {address}/32"));
        ip(&format!("-n {host} addr flush dev {}", network.device()));
    }

    /// Gives a host an address in a network.
    pub(crate) fn give_address(&self, host: Host, network: Network, address: Ipv4Addr) {
        let device = network.device();
        let at = match host {
            Host::Clients => String::new(),
            host => format!("-n {host} "),
        };
        ip(&format!("{at}addr add {address}/32 dev {device}"));
        ip(&format!(
            "{at}route replace {} dev {device}",
            network.gateway()
        ));
        ip(&format!(
            "{at}route replace {} via {} dev {device} src {address}",
            network.all(),
            network.gateway()
        ));
        let wire = host.wire(network);
        ip(&format!(
            "-n {ROUTER} route replace {address}/32 dev {wire}"
        ));
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(wire) = &mut self.long_wire {
            let _ = wire.kill();
            let _ = wire.wait();
        }
        for host in self.hosts.iter().filter(|&&host| host != Host::Clients) {
            let _ = Command::new("ip")
                .args(["netns", "del", &host.to_string()])
                .status();
        }
        // With it go the wires.
        let _ = Command::new("ip").args(["netns", "del", ROUTER]).status();
    }
}

/// Makes a host and its wires to the router.
fn connect(host: Host) {
    if host != Host::Clients {
        ip(&format!("netns add {host}"));
        ip(&format!("-n {host} link set lo up"));
    }
    for &network in host.networks() {
        let (device, wire) = (network.device(), host.wire(network));
        let at = match host {
            Host::Clients => String::new(),
            host => format!(" netns {host}"),
        };
        ip(&format!(
            "link add {wire} netns {ROUTER} type veth peer name {device}{at}"
        ));
        ip(&format!(
            "-n {ROUTER} addr add {}/32 dev {wire}",
            network.gateway()
        ));
        ip(&format!("-n {ROUTER} link set {wire} up"));
        match host {
            Host::Clients => ip(&format!("link set {device} up")),
            host => ip(&format!("-n {host} link set {device} up")),
        }
    }
}

fn in_namespace(name: &str, program: &str) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", name, program]);
    command
}

fn ip(words: &str) {
    run(Command::new("ip").args(words.split(' ')));
}

/// Tells the router's filter something.
fn nft(words: &str) {
    let mut command = in_namespace(ROUTER, "nft");
    let mut nft = command
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = nft.stdin.take().unwrap();
    input.write_all(words.as_bytes()).unwrap();
    drop(input);
    assert!(nft.wait().unwrap().success(), "nft: {words}");
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {words}");
}
