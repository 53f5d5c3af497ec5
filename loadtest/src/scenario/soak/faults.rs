//! What goes wrong during a soak because it was told to: nodes and Redis that
//! end and come back. It has a thread of its own, since starting a process
//! takes a while.

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{fleet::Fleet, measure::Watched};

/// How often what ends; `None` is never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FaultPlan {
    /// A node, in turn: killed one time, drained the next.
    pub(super) nodes_every: Option<Duration>,
    pub(super) redis_every: Option<Duration>,
}

/// What was done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FaultsDone {
    pub(super) nodes_killed: u32,
    pub(super) nodes_drained: u32,
    pub(super) redis_restarts: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    KillNode(usize),
    DrainNode(usize),
    RestartRedis,
}

/// Faults under way.
pub(super) struct Faults {
    stop: Sender<()>,
    /// Processes that were started in the place of others.
    started: Receiver<Watched>,
    thread: JoinHandle<(Fleet, Result<FaultsDone>)>,
}

impl Faults {
    /// Begins to inflict what is planned on this fleet.
    pub(super) fn start(mut fleet: Fleet, plan: FaultPlan) -> Self {
        let (stop, stopped) = mpsc::channel();
        let (tell, started) = mpsc::channel();
        let thread = thread::spawn(move || {
            let done = inflict_all(&mut fleet, plan, &stopped, &tell);
            (fleet, done)
        });
        Self {
            stop,
            started,
            thread,
        }
    }

    /// What was started since this was asked last.
    pub(super) fn started(&self) -> impl Iterator<Item = Watched> + '_ {
        self.started.try_iter()
    }

    /// Ends them; everything runs again when this returns.
    ///
    /// # Errors
    ///
    /// Where something did not come back.
    pub(super) fn stop(self) -> Result<(Fleet, FaultsDone)> {
        // It may have ended already, with an error that is in its result.
        let _ = self.stop.send(());
        match self.thread.join() {
            Ok((fleet, done)) => Ok((fleet, done?)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Whether they ended before they were told to: something did not come back.
    pub(super) fn have_ended(&self) -> bool {
        self.thread.is_finished()
    }
}

fn inflict_all(
    fleet: &mut Fleet,
    plan: FaultPlan,
    stopped: &Receiver<()>,
    tell: &Sender<Watched>,
) -> Result<FaultsDone> {
    let mut schedule = FaultSchedule::new(plan, fleet.addresses().len());
    let mut done = FaultsDone::default();
    let begun = Instant::now();
    loop {
        let Some((at, fault)) = schedule.next() else {
            let _ = stopped.recv();
            return Ok(done);
        };
        let wait = (begun + at).saturating_duration_since(Instant::now());
        if stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
            return Ok(done);
        }
        inflict(fault, fleet, &mut done, tell)?;
    }
}

fn inflict(
    fault: Fault,
    fleet: &mut Fleet,
    done: &mut FaultsDone,
    tell: &Sender<Watched>,
) -> Result<()> {
    let before = fleet.watched();
    match fault {
        Fault::KillNode(node) => {
            fleet.kill_node(node);
            restart(fleet, node)?;
            done.nodes_killed += 1;
        }
        Fault::DrainNode(node) => {
            fleet.drain_node(node);
            fleet.wait_until("a node that was asked to end", |fleet| {
                fleet.node_has_ended(node)
            })?;
            restart(fleet, node)?;
            done.nodes_drained += 1;
        }
        Fault::RestartRedis => {
            fleet.kill_redis()?;
            fleet.start_redis()?;
            done.redis_restarts += 1;
        }
    }
    for process in fleet.watched() {
        if !before.contains(&process) {
            // Nobody listens any more where the run is over.
            let _ = tell.send(process);
        }
    }
    Ok(())
}

fn restart(fleet: &mut Fleet, node: usize) -> Result<()> {
    fleet.restart_node(node)?;
    fleet
        .wait_until("a node that was started again", |fleet| {
            fleet.node_is_ready(node)
        })
        .with_context(|| format!("node {}; {}", node + 1, fleet.end_of_log_of(node)))
}

/// Which fault comes when.
struct FaultSchedule {
    plan: FaultPlan,
    nodes: usize,
    node_faults: u32,
    redis_faults: u32,
}

impl FaultSchedule {
    fn new(plan: FaultPlan, nodes: usize) -> Self {
        Self {
            plan,
            nodes,
            node_faults: 0,
            redis_faults: 0,
        }
    }

    /// The next fault and its time since the beginning.
    fn next(&mut self) -> Option<(Duration, Fault)> {
        let node_at = self
            .plan
            .nodes_every
            .map(|every| every * (self.node_faults + 1));
        let redis_at = self
            .plan
            .redis_every
            .map(|every| every * (self.redis_faults + 1));
        match (node_at, redis_at) {
            (None, None) => None,
            (Some(at), redis_at) if redis_at.is_none_or(|redis_at| at <= redis_at) => {
                let turn = self.node_faults as usize;
                self.node_faults += 1;
                // Each node is killed once before one is drained, and so on.
                let node = turn % self.nodes;
                let fault = match turn / self.nodes % 2 {
                    0 => Fault::KillNode(node),
                    _ => Fault::DrainNode(node),
                };
                Some((at, fault))
            }
            (_, redis_at) => {
                self.redis_faults += 1;
                Some((redis_at?, Fault::RestartRedis))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_in_turn() {
        let seconds = Duration::from_secs;
        let plan = FaultPlan {
            nodes_every: Some(seconds(10)),
            redis_every: Some(seconds(25)),
        };
        let mut schedule = FaultSchedule::new(plan, 2);
        let all: Vec<_> = std::iter::from_fn(|| schedule.next()).take(5).collect();
        let expected = [
            (seconds(10), Fault::KillNode(0)),
            (seconds(20), Fault::KillNode(1)),
            (seconds(25), Fault::RestartRedis),
            (seconds(30), Fault::DrainNode(0)),
            (seconds(40), Fault::DrainNode(1)),
        ];
        assert_eq!(all, expected);
        assert_eq!(FaultSchedule::new(FaultPlan::default(), 2).next(), None);
    }
}
