//! What a run of the load generator found: one value that the table, the JSON
//! file, the report and the comparison are all made from.
//!
//! Times are in seconds of the run or in microseconds, as their names say;
//! sizes are bytes. Nothing here measures or formats.

use std::{collections::BTreeMap, ops::AddAssign};

use serde::{Deserialize, Serialize};

/// A run of one scenario against one system.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// `fanout`, `idle`, …
    pub(crate) scenario: String,
    /// What was measured: `rookery`, `socket.io`, `bun`, …
    pub(crate) system: String,
    /// When it began, in milliseconds since the Unix epoch.
    pub(crate) started_at_ms: u64,
    pub(crate) machine: Machine,
    /// The command line that repeats it.
    pub(crate) command: String,
    /// What was asked for: rooms, members, rate, …
    pub(crate) settings: BTreeMap<String, String>,
    /// How long the measured part took, without connecting and warming up.
    pub(crate) seconds: f64,
    pub(crate) counts: Counts,
    /// Latencies by what they are of: `delivery`, `acknowledgement`, `connect`, …
    pub(crate) latencies: BTreeMap<String, Quantiles>,
    /// One row for each second of the measured part.
    pub(crate) timeline: Vec<Moment>,
    /// Nodes, Redis and the generator itself.
    pub(crate) processes: Vec<ProcessUse>,
    /// The numbers that matter for this scenario, in the order in which they are shown.
    pub(crate) figures: Vec<Figure>,
    /// The steps of a sweep, in the order of their rates; else empty.
    pub(crate) steps: Vec<Step>,
    /// What a reader of the figures must know: "the generator's core was full", …
    pub(crate) remarks: Vec<String>,
}

/// The machine a run was made on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_bytes: u64,
    pub(crate) kernel: String,
}

/// What was counted in the measured part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) connections: u64,
    /// Messages written by the generator.
    pub(crate) sent: u64,
    pub(crate) acknowledged: u64,
    /// Messages that the server refused.
    pub(crate) refused: u64,
    /// Deliveries that what was acknowledged (or sent, where nothing is
    /// acknowledged) must lead to.
    pub(crate) expected: u64,
    pub(crate) received: u64,
    pub(crate) missing: u64,
    pub(crate) doubled: u64,
    pub(crate) disordered: u64,
    /// Connections that ended without being asked to.
    pub(crate) lost_connections: u64,
}

impl Counts {
    /// Whether everything came, once, in order.
    pub(crate) fn whole(&self) -> bool {
        self.missing == 0 && self.doubled == 0 && self.disordered == 0 && self.lost_connections == 0
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.sent += other.sent;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.expected += other.expected;
        self.received += other.received;
        self.missing += other.missing;
        self.doubled += other.doubled;
        self.disordered += other.disordered;
        self.lost_connections += other.lost_connections;
    }
}

/// Quantiles of a latency, in microseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Quantiles {
    pub(crate) count: u64,
    pub(crate) mean_us: f64,
    pub(crate) p50_us: u64,
    pub(crate) p90_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) p99_9_us: u64,
    pub(crate) p99_99_us: u64,
    pub(crate) max_us: u64,
    /// For plots: (quantile from 0 to 1, microseconds), ascending.
    pub(crate) curve: Vec<(f64, u64)>,
}

/// One second of a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Moment {
    pub(crate) at_s: f64,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) max_us: u64,
}

/// What a process used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProcessUse {
    /// `node`, `redis` or `generator`.
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) pid: u32,
    /// On the CPU in the measured part, all threads.
    pub(crate) cpu_us: u64,
    /// Resident before the first connection.
    pub(crate) memory_before_bytes: u64,
    pub(crate) memory_after_bytes: u64,
    pub(crate) memory_peak_bytes: u64,
    /// (seconds of the run, share of one core, resident bytes)
    pub(crate) timeline: Vec<(f64, f64, u64)>,
}

/// What a process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Node,
    Redis,
    Generator,
}

/// A number worth comparing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// Stable, for comparisons: `cpu_us_per_delivery`.
    pub(crate) key: String,
    /// For people: `CPU per delivery`.
    pub(crate) name: String,
    /// `µs`, `bytes`, `1/s`, …
    pub(crate) unit: String,
    pub(crate) value: f64,
    pub(crate) better: Better,
}

impl Figure {
    pub(crate) fn new(key: &str, name: &str, unit: &str, value: f64, better: Better) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            unit: unit.into(),
            value,
            better,
        }
    }
}

/// Which way a figure improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Better {
    Lower,
    Higher,
}

/// A step of a sweep.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Messages a second that were asked for.
    pub(crate) rate: f64,
    /// Messages a second whose deliveries all came in time.
    pub(crate) achieved: f64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    /// What p99 had to stay under.
    pub(crate) limit_us: u64,
    /// Whether the step met the limit that the sweep looks for.
    pub(crate) passed: bool,
}
