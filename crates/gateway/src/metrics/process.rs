//! What the process itself uses, under the names that Prometheus dashboards
//! know. Elsewhere than on Linux only its limit of open files is known; the
//! others stay at zero.

use std::{
    sync::atomic::AtomicU64,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::metrics::{counter::Counter, gauge::Gauge};
use rookery_chat::metrics::Registrar;

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
    /// Reads the figures of this process; what cannot be read is zero.
    pub fn read() -> Self {
        Self {
            most_files: most_files(),
            ..used().unwrap_or_default()
        }
    }
}

#[cfg(target_os = "linux")]
fn used() -> Option<ProcessFigures> {
    let process = procfs::process::Process::myself().ok()?;
    let stat = process.stat().ok()?;
    Some(ProcessFigures {
        cpu_seconds: (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64,
        // `stat` has it too, but on newer kernels with many processors not as exactly.
        resident_bytes: process.statm().ok()?.resident * procfs::page_size(),
        threads: stat.num_threads.unsigned_abs(),
        // Since Linux 6.2 that is one call; before, each has to be counted.
        open_files: process.fd_count().ok()? as u64,
        ..ProcessFigures::default()
    })
}

#[cfg(not(target_os = "linux"))]
fn used() -> Option<ProcessFigures> {
    None
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
}
