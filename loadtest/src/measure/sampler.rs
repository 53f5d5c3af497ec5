//! Looks at processes once a second while a run goes on.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{CpuMeter, ProcessMemory, Watched};
use crate::outcome::ProcessUse;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(1);

/// Watches processes from before the first connection to the end of a run.
///
/// CPU counts from [`Self::begin`], the start of the measured part.
#[derive(Debug)]
pub(crate) struct Sampler {
    state: Arc<Mutex<Samples>>,
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Samples {
    began: Instant,
    processes: Vec<Observed>,
}

#[derive(Debug)]
struct Observed {
    meter: CpuMeter,
    found: ProcessUse,
    /// CPU at the start of the measured part and at the last look.
    cpu_at_begin_ns: u64,
    cpu_before_ns: u64,
    looked_at: Instant,
}

impl Sampler {
    /// Takes the memory that each process has before anybody connects.
    pub(crate) fn start(processes: impl IntoIterator<Item = Watched>) -> Self {
        let state = Arc::new(Mutex::new(Samples {
            began: Instant::now(),
            processes: processes.into_iter().map(Observed::new).collect(),
        }));
        let (stop, stopped) = mpsc::channel();
        let watched = Arc::clone(&state);
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                lock(&watched).look();
            }
        });
        Self {
            state,
            stop,
            thread: Some(thread),
        }
    }

    /// Watches one more process, such as a node that was started again.
    pub(crate) fn add(&self, process: Watched) {
        lock(&self.state).processes.push(Observed::new(process));
    }

    /// Who is watched.
    pub(crate) fn watched(&self) -> Vec<Watched> {
        let state = lock(&self.state);
        state.processes.iter().map(Observed::who).collect()
    }

    /// The measured part begins: CPU and timelines count from here.
    pub(crate) fn begin(&self) {
        lock(&self.state).begin();
    }

    /// CPU in microseconds since [`Self::begin`], a row for each process in the order of watching.
    pub(crate) fn cpu_us(&self) -> Vec<(Watched, u64)> {
        let mut state = lock(&self.state);
        let rows = state.processes.iter_mut().map(|observed| {
            let spent = observed.meter.read_ns() - observed.cpu_at_begin_ns;
            (observed.who(), spent / 1000)
        });
        rows.collect()
    }

    /// What each used; the measured part ends here.
    pub(crate) fn finish(mut self) -> Vec<ProcessUse> {
        self.end_thread();
        let mut state = lock(&self.state);
        state.look();
        let processes = std::mem::take(&mut state.processes);
        processes
            .into_iter()
            .map(|observed| observed.found)
            .collect()
    }

    fn end_thread(&mut self) {
        // A thread that is gone cannot be told; then there is nothing to tell.
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.end_thread();
    }
}

/// A state is whole between any two statements, so a panic elsewhere does not spoil it.
fn lock(state: &Mutex<Samples>) -> MutexGuard<'_, Samples> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Samples {
    fn begin(&mut self) {
        self.began = Instant::now();
        for observed in &mut self.processes {
            observed.look(0.0);
            observed.cpu_at_begin_ns = observed.cpu_before_ns;
            observed.found.cpu_us = 0;
            observed.found.timeline.clear();
        }
    }

    fn look(&mut self) {
        let at_s = self.began.elapsed().as_secs_f64();
        for observed in &mut self.processes {
            observed.look(at_s);
        }
    }
}

impl Observed {
    fn new(process: Watched) -> Self {
        let mut meter = CpuMeter::new(process.pid);
        let cpu = meter.read_ns();
        let memory = ProcessMemory::of(process.pid).unwrap_or_default();
        Self {
            meter,
            cpu_at_begin_ns: cpu,
            cpu_before_ns: cpu,
            looked_at: Instant::now(),
            found: ProcessUse {
                role: process.role,
                name: process.name,
                pid: process.pid,
                cpu_us: 0,
                memory_before_bytes: memory.resident_bytes,
                memory_after_bytes: memory.resident_bytes,
                memory_peak_bytes: memory.peak_bytes,
                timeline: Vec::new(),
            },
        }
    }

    fn who(&self) -> Watched {
        Watched::new(self.found.role, self.found.name.clone(), self.found.pid)
    }

    fn look(&mut self, at_s: f64) {
        let cpu = self.meter.read_ns();
        let now = Instant::now();
        let wall_ns = now.duration_since(self.looked_at).as_nanos().max(1);
        let share = (cpu - self.cpu_before_ns) as f64 / wall_ns as f64;
        self.cpu_before_ns = cpu;
        self.looked_at = now;
        let found = &mut self.found;
        found.cpu_us = (cpu - self.cpu_at_begin_ns) / 1000;
        let Some(memory) = ProcessMemory::of(found.pid) else {
            return;
        };
        found.memory_after_bytes = memory.resident_bytes;
        found.memory_peak_bytes = memory.peak_bytes;
        found.timeline.push((at_s, share, memory.resident_bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burn(time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            std::hint::black_box(0);
        }
    }

    #[test]
    fn only_the_measured_part_counts() {
        let sampler = Sampler::start([Watched::ourselves()]);
        burn(Duration::from_millis(50));
        sampler.begin();
        let (who, at_once) = sampler.cpu_us().remove(0);
        assert_eq!(who, Watched::ourselves());
        burn(Duration::from_millis(50));
        let found = sampler.finish().remove(0);
        assert!(found.cpu_us > at_once, "{found:?} after {at_once}");
        assert!(found.memory_before_bytes > 0 && found.timeline.len() == 1);
    }

    #[test]
    fn a_process_that_is_gone_keeps_what_was_seen() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let sampler = Sampler::start([]);
        sampler.add(Watched::new(
            crate::outcome::Role::Node,
            "node 1",
            child.id(),
        ));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = sampler.finish().remove(0);
        assert!(found.memory_after_bytes > 0 && found.timeline.is_empty());
    }
}
