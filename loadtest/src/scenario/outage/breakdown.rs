//! What breaks down and is mended again. It has a thread of its own, since
//! starting a process takes a while, and clients go on meanwhile.

use std::{
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::ValueEnum;

use crate::fleet::Fleet;

/// What breaks down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// All nodes are killed, and their connections with them
    Nodes,
    /// Redis is killed; then all connections break, and come back to nodes without a store
    Redis,
}

/// What the thread tells.
#[derive(Debug, Clone, Copy)]
pub(super) enum BreakdownStep {
    Broken,
    /// From here on somebody who comes can be served.
    Mended(Instant),
}

/// A breakdown under way.
pub(super) struct Breakdown {
    news: Receiver<BreakdownStep>,
    thread: JoinHandle<(Fleet, Result<()>)>,
}

impl Breakdown {
    /// Breaks it now, for so long.
    pub(super) fn start(mut fleet: Fleet, what: What, down: Duration) -> Self {
        let (tell, news) = mpsc::channel();
        let thread = thread::spawn(move || {
            let done = what.break_for(down, &mut fleet, &tell);
            (fleet, done)
        });
        Self { news, thread }
    }

    /// What has happened since this was asked last.
    pub(super) fn news(&self) -> impl Iterator<Item = BreakdownStep> + '_ {
        self.news.try_iter()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits until all runs again.
    ///
    /// # Errors
    ///
    /// Where something did not come back.
    pub(super) fn finish(self) -> Result<Fleet> {
        match self.thread.join() {
            Ok((fleet, done)) => done.map(|()| fleet),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl What {
    fn break_for(
        self,
        down: Duration,
        fleet: &mut Fleet,
        tell: &Sender<BreakdownStep>,
    ) -> Result<()> {
        let say = |news| {
            // Nobody listens any more where the run is over.
            let _ = tell.send(news);
        };
        let nodes = fleet.addresses().len();
        match self {
            Self::Nodes => (0..nodes).for_each(|node| fleet.kill_node(node)),
            Self::Redis => fleet.kill_redis()?,
        }
        say(BreakdownStep::Broken);
        thread::sleep(down);
        match self {
            Self::Nodes => {
                for node in 0..nodes {
                    fleet.restart_node(node)?;
                }
                fleet.wait_until("a node that was started again", |fleet| {
                    (0..nodes).any(|node| fleet.node_is_ready(node))
                })?;
            }
            Self::Redis => fleet.start_redis()?,
        }
        say(BreakdownStep::Mended(Instant::now()));
        fleet.wait_until("the last node that was started again", |fleet| {
            (0..nodes).all(|node| fleet.node_is_ready(node))
        })
    }
}
