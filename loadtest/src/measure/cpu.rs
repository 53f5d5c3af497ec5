//! How long a process was on a CPU, to the nanosecond.
//!
//! The threads' `schedstat` is exact but forgets threads that ended, while the
//! times in `/proc/PID/stat` keep those but count in hundredths of a second.
//! Both never say too much, so the larger one is right.

use std::collections::HashMap;

use procfs::{ProcResult, process::Process};

use super::process;

/// Reads the time of one process. Read it now and then, so that little of a
/// thread that ends goes uncounted.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    pid: u32,
    /// Nanoseconds by thread, of ended threads too.
    threads: HashMap<i32, u64>,
    seen_ns: u64,
}

impl CpuMeter {
    pub(crate) fn new(pid: u32) -> Self {
        Self {
            pid,
            threads: HashMap::new(),
            seen_ns: 0,
        }
    }

    /// Nanoseconds on a CPU since the process began, all threads. Never falls;
    /// when the process is gone, what was read last.
    pub(crate) fn read_ns(&mut self) -> u64 {
        if let Ok(process) = process(self.pid) {
            for task in process.tasks().into_iter().flatten().flatten() {
                if let Ok(times) = task.schedstat() {
                    self.threads.insert(task.tid, times.sum_exec_runtime);
                }
            }
            let of_threads = self.threads.values().sum();
            let of_process = in_ticks(&process).unwrap_or(0);
            self.seen_ns = self.seen_ns.max(of_threads).max(of_process);
        }
        self.seen_ns
    }
}

/// User and system time in nanoseconds, as exact as ticks are.
fn in_ticks(process: &Process) -> ProcResult<u64> {
    let stat = process.stat()?;
    Ok((stat.utime + stat.stime) * (1_000_000_000 / procfs::ticks_per_second()))
}

#[cfg(test)]
mod tests {
    use std::{process, thread, time::Instant};

    use super::*;

    #[test]
    fn a_thread_that_ended_is_not_forgotten() {
        let mut meter = CpuMeter::new(process::id());
        let before = meter.read_ns();
        let burn = || {
            let begun = Instant::now();
            while begun.elapsed().as_millis() < 60 {
                std::hint::black_box(0);
            }
        };
        thread::spawn(burn).join().unwrap();
        let spent = meter.read_ns() - before;
        // On a busy machine 60 ms of wall time are fewer of CPU, never none.
        assert!((1_000_000..1_000_000_000).contains(&spent), "{spent} ns");
    }

    #[test]
    fn a_process_that_never_was_used_nothing() {
        assert_eq!(CpuMeter::new(u32::MAX).read_ns(), 0);
    }
}
