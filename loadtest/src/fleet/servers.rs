//! All servers of a run, started and ended together.

use std::{
    net::SocketAddr,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use super::{
    ChildProcess, Folder, Plan, http,
    peer::{self, Peer},
    pinning::CoreSet,
    plan::ROOKERY,
    ports,
    redis::Redis,
    rookery,
};
use crate::{dialect::Dialect, measure::Watched, outcome::Role};
use anyhow::{Context, Result, bail, ensure};

/// How long a node or a peer may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often something that is waited for is looked at.
const GLANCE: Duration = Duration::from_millis(5);
/// How often other ports are tried where somebody else was faster to take one.
const PORT_ATTEMPTS: usize = 5;

/// What a fleet runs.
#[derive(Debug)]
enum System {
    Rookery { binary: PathBuf },
    Peer(Peer),
}

/// Running servers. Dropping it ends them and removes their folder.
#[derive(Debug)]
pub(crate) struct Fleet {
    plan: Plan,
    system: System,
    secret: String,
    nodes: Vec<Node>,
    redis: Option<Redis>,
    /// Last, so that nobody writes there any more when it is removed.
    folder: Folder,
}

/// One server of a fleet.
#[derive(Debug)]
struct Node {
    process: ChildProcess,
    listen: SocketAddr,
    admin: SocketAddr,
    cores: Option<CoreSet>,
}

impl Fleet {
    /// Starts what is planned and waits until all of it takes clients in.
    ///
    /// # Errors
    ///
    /// Where something is not installed or does not start, with what is to be done or the end of its log.
    pub(crate) fn start(plan: Plan) -> Result<Self> {
        let system = System::find(&plan)?;
        check(&plan, &system)?;
        let folder = Folder::new()?;
        let cores = plan.pinning.of_redis(plan.nodes);
        let redis = plan
            .redis
            .map(|durability| Redis::start(durability, cores, folder.path()))
            .transpose()?;
        let mut fleet = Self {
            secret: plan.secret.clone().unwrap_or_else(new_secret),
            nodes: Vec::with_capacity(plan.nodes),
            plan,
            system,
            redis,
            folder,
        };
        for index in 0..fleet.plan.nodes {
            let node = fleet.start_node(index)?;
            fleet.nodes.push(node);
        }
        for node in &mut fleet.nodes {
            node.wait_until_ready(&fleet.system)?;
        }
        Ok(fleet)
    }

    /// Where clients connect, a row for each node.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.listen).collect()
    }

    /// The name of the system, for people.
    pub(crate) fn name(&self) -> &str {
        match &self.system {
            System::Rookery { .. } => ROOKERY,
            System::Peer(peer) => &peer.name,
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match &self.system {
            System::Rookery { .. } => Dialect::Rookery,
            System::Peer(peer) => peer.dialect,
        }
    }

    /// What signs tokens that these nodes believe.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// Its processes, for a [`crate::measure::Sampler`].
    pub(crate) fn watched(&self) -> Vec<Watched> {
        let nodes = self.nodes.iter().map(|node| &node.process);
        let nodes = nodes.map(|node| Watched::new(Role::Node, node.name(), node.pid()));
        let redis = self.redis.iter();
        let redis = redis.map(|redis| Watched::new(Role::Redis, "redis", redis.pid()));
        nodes.chain(redis).collect()
    }

    /// The redis-server, where there is one.
    pub(crate) fn redis(&self) -> Option<&Redis> {
        self.redis.as_ref()
    }

    /// # Errors
    ///
    /// When a node ended by itself, with the end of its log.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.nodes
            .iter_mut()
            .try_for_each(|node| node.process.check())
    }

    /// The sum over all nodes of a metric without labels; 0 where no node of
    /// Rookery knows it.
    ///
    /// # Errors
    ///
    /// Where a node does not answer.
    pub(crate) fn metric(&self, name: &str) -> Result<f64> {
        let mut sum = 0.0;
        if let System::Rookery { .. } = self.system {
            for node in &self.nodes {
                let (_, metrics) = http::get(node.admin, "/metrics")?;
                sum += metric(&metrics, name);
            }
        }
        Ok(sum)
    }

    /// Waits until the fleet is so.
    ///
    /// # Errors
    ///
    /// Where that takes too long.
    pub(crate) fn wait_until(
        &mut self,
        what: &str,
        mut is_so: impl FnMut(&mut Self) -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            ensure!(
                Instant::now() < deadline,
                "{what} takes longer than {PATIENCE:?}"
            );
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// Ends a node as a crash does (SIGKILL).
    pub(crate) fn kill_node(&mut self, index: usize) {
        self.nodes[index].process.kill();
    }

    /// Asks a node to send its clients away and end (SIGTERM).
    pub(crate) fn drain_node(&mut self, index: usize) {
        self.nodes[index].process.terminate();
    }

    /// Whether a node ended.
    pub(crate) fn node_has_ended(&mut self, index: usize) -> bool {
        self.nodes[index].process.ended().is_some()
    }

    /// Whether a node takes clients in.
    pub(crate) fn node_is_ready(&self, index: usize) -> bool {
        self.system.is_ready(self.nodes[index].listen)
    }

    /// The last lines that a node printed, for an error message.
    pub(crate) fn end_of_log_of(&self, index: usize) -> String {
        self.nodes[index].process.end_of_log()
    }

    /// Starts a node that ended, where it was, without waiting until it is ready.
    ///
    /// # Errors
    ///
    /// Where it does not start.
    pub(crate) fn restart_node(&mut self, index: usize) -> Result<()> {
        let node = &self.nodes[index];
        let (addresses, cores) = ([node.listen, node.admin], node.cores.clone());
        let node = self.spawn(index, addresses, cores)?;
        self.nodes[index] = node;
        Ok(())
    }

    /// Ends Redis as a crash does.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub(crate) fn kill_redis(&mut self) -> Result<()> {
        let redis = self.redis.as_mut();
        redis.context("this fleet has no Redis")?.kill();
        Ok(())
    }

    /// Starts a Redis that ended, where it was, and waits until it answers.
    ///
    /// # Errors
    ///
    /// Where there is none, or it does not start.
    pub(crate) fn start_redis(&mut self) -> Result<()> {
        let redis = self.redis.as_mut();
        redis.context("this fleet has no Redis")?.start_again()
    }

    /// Starts a node on free ports; where somebody takes them meanwhile, on others.
    fn start_node(&self, index: usize) -> Result<Node> {
        let plan = &self.plan;
        let mut attempt = 1;
        loop {
            let addresses = [ports::free_address()?, ports::free_address()?];
            let cores = plan.pinning.of_node(index, plan.nodes, plan.workers);
            let mut node = self.spawn(index, addresses, cores)?;
            match node.wait_until_listening() {
                Ok(()) => return Ok(node),
                Err(error) if attempt == PORT_ATTEMPTS => return Err(error),
                // Its own fault; other ports would not mend it.
                Err(error) if addresses.into_iter().all(ports::is_free) => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    fn spawn(
        &self,
        index: usize,
        addresses: [SocketAddr; 2],
        cores: Option<CoreSet>,
    ) -> Result<Node> {
        let [listen, admin] = addresses;
        let redis_url = self.redis.as_ref().map(Redis::url);
        let mut command = match &self.system {
            System::Rookery { binary } => rookery::command(
                binary,
                &self.plan,
                &self.secret,
                redis_url.as_deref(),
                addresses,
            ),
            System::Peer(peer) => peer.command(listen, redis_url.as_deref())?,
        };
        if let System::Rookery { .. } = self.system {
            command.current_dir(self.folder.path());
        }
        let name = format!("node {}", index + 1);
        let process = ChildProcess::start(&name, &mut command, cores.as_ref(), self.folder.path())?;
        Ok(Node {
            process,
            listen,
            admin,
            cores,
        })
    }
}

impl Node {
    fn wait_until_listening(&mut self) -> Result<()> {
        let listen = self.listen;
        self.process.wait_until(PATIENCE, || peer::is_ready(listen))
    }

    fn wait_until_ready(&mut self, system: &System) -> Result<()> {
        let listen = self.listen;
        self.process
            .wait_until(PATIENCE, || system.is_ready(listen))
    }
}

impl System {
    fn find(plan: &Plan) -> Result<Self> {
        if plan.system == ROOKERY {
            let binary = rookery::binary(plan.rookery.as_deref())?;
            return Ok(Self::Rookery { binary });
        }
        Peer::read(&plan.peers, &plan.system).map(Self::Peer)
    }

    fn is_ready(&self, listen: SocketAddr) -> bool {
        match self {
            Self::Rookery { .. } => rookery::is_ready(listen),
            Self::Peer(_) => peer::is_ready(listen),
        }
    }
}

/// Whether that can be run.
fn check(plan: &Plan, system: &System) -> Result<()> {
    let nodes = plan.nodes;
    ensure!(nodes > 0, "a fleet needs at least one node");
    match (system, plan.redis) {
        (_, None) if nodes > 1 => {
            bail!("{nodes} nodes share nothing without Redis: say --store redis")
        }
        (System::Peer(peer), Some(_)) if !peer.stores => bail!(
            "{} keeps nothing in Redis; leave --store redis and --nodes out",
            peer.name
        ),
        _ => Ok(()),
    }
}

/// A secret that nobody guesses, as letters.
fn new_secret() -> String {
    format!(
        "{:032x}{:032x}",
        rand::random::<u128>(),
        rand::random::<u128>()
    )
}

/// The value behind a name without labels; 0 where there is none.
fn metric(metrics: &str, name: &str) -> f64 {
    let values = metrics.lines().filter_map(|line| {
        let (found, value) = line.split_once(' ')?;
        if found == name {
            value.trim().parse::<f64>().ok()
        } else {
            None
        }
    });
    values.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Pinning;

    #[test]
    fn a_metric_without_labels_is_found() {
        let metrics = "# HELP a b\nrookery_a_total 7\nrookery_a_total{x=\"1\"} 9\nrookery_ab 1\n";
        assert_eq!(metric(metrics, "rookery_a_total"), 7.0);
        assert_eq!(metric(metrics, "rookery_b"), 0.0);
    }

    #[test]
    fn nodes_without_anything_in_common_are_refused() {
        let plan = Plan {
            system: ROOKERY.to_owned(),
            nodes: 2,
            workers: 1,
            redis: None,
            rookery: std::env::current_exe().ok(),
            peers: PathBuf::new(),
            secret: None,
            settings: Vec::new(),
            pinning: Pinning::Off,
        };
        let error = Fleet::start(plan).unwrap_err();
        assert!(error.to_string().contains("--store redis"), "{error}");
    }

    #[test]
    fn secrets_are_long_and_differ() {
        assert!(new_secret().len() == 64 && new_secret() != new_secret());
    }
}
