//! What the process itself uses, read from `/proc`, under the names that
//! Prometheus dashboards know. Elsewhere than on Linux they stay at zero.

use std::{
    sync::atomic::AtomicU64,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::metrics::{counter::Counter, gauge::Gauge};
use rookery_chat::metrics::Registrar;

/// Clock ticks per second in `/proc/self/stat`: 100 on every Linux that Rust builds for.
const TICKS_PER_SECOND: f64 = 100.0;

/// What the process uses at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ProcessFigures {
    /// Processor time since the start, in seconds.
    pub cpu_seconds: f64,
    /// Memory that is resident, in bytes.
    pub resident_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// Open files and sockets.
    pub open_files: u64,
    /// How many of them there may be.
    pub most_files: u64,
}

impl ProcessFigures {
    /// Reads the figures of this process.
    pub fn read() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self {
            cpu_seconds: cpu_seconds(&stat),
            resident_bytes: line(&status, "VmRSS:") * 1024,
            threads: line(&status, "Threads:"),
            open_files: open_files(),
            most_files: most_files(),
        }
    }
}

/// User and system time, the 14th and 15th field. The second is the program's
/// name in parentheses, which may hold anything.
fn cpu_seconds(stat: &str) -> f64 {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = after_name.split_whitespace().skip(11).take(2);
    fields
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS_PER_SECOND
}

/// The number of one line of `/proc/self/status`.
fn line(status: &str, name: &str) -> u64 {
    let rest = status.lines().find_map(|line| line.strip_prefix(name));
    let number = rest.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[derive(Debug)]
pub(super) struct ProcessGauges {
    cpu: Counter<f64, AtomicU64>,
    resident: Gauge,
    threads: Gauge,
    files: Gauge,
    most_files: Gauge<f64, AtomicU64>,
}

impl ProcessGauges {
    pub(super) fn new(new: &mut Registrar) -> Self {
        let started = new.float_gauge(
            "process_start_time_seconds",
            "When the process began to serve, in seconds since the Unix epoch",
        );
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        started.set(now.unwrap_or_default().as_secs_f64());
        Self {
            cpu: new.float_counter("process_cpu_seconds", "Processor time used, in seconds"),
            resident: new.gauge("process_resident_memory_bytes", "Memory that is resident"),
            threads: new.gauge("process_threads", "Threads"),
            files: new.gauge("process_open_fds", "Open files and sockets"),
            most_files: new.float_gauge("process_max_fds", "As many files and sockets may be open"),
        }
    }

    pub(super) fn refresh(&self) {
        let figures = ProcessFigures::read();
        self.cpu
            .inc_by((figures.cpu_seconds - self.cpu.get()).max(0.0));
        self.resident.set(signed(figures.resident_bytes));
        self.threads.set(signed(figures.threads));
        self.files.set(signed(figures.open_files));
        self.most_files.set(figures.most_files as f64);
    }
}

/// The limit that counts, of the two that there are.
fn most_files() -> u64 {
    rlimit::Resource::NOFILE.get().map_or(0, |(soft, _)| soft)
}

/// Since Linux 6.2 the length of the directory is the number of its entries;
/// before that it is 0 and they have to be counted.
fn open_files() -> u64 {
    match std::fs::metadata("/proc/self/fd").map(|folder| folder.len()) {
        Ok(0) => std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64),
        Ok(entries) => entries,
        Err(_) => 0,
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_this_very_process_make_sense() {
        let start = std::time::Instant::now();
        let before = ProcessFigures::read();
        while ProcessFigures::read().cpu_seconds <= before.cpu_seconds {
            assert!(
                start.elapsed().as_secs() < 30,
                "processor time must grow by work"
            );
        }
        assert!(before.resident_bytes > 500_000, "{before:?}");
        assert!(before.threads >= 1);
        assert!(before.open_files >= 3);
        assert!(before.most_files >= before.open_files);
    }

    #[test]
    fn a_strange_program_name_does_not_confuse() {
        let stat = "1 (a) b) S 1 1 1 0 -1 4 1 0 0 0 250 50 0 0 20";
        assert!((cpu_seconds(stat) - 3.0).abs() < 1e-9);
    }
}
