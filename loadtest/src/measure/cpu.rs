//! How long a process was on a CPU, to the nanosecond.
//!
//! The threads' `schedstat` is exact but forgets threads that ended, while the
//! times in `/proc/PID/stat` keep those but count in hundredths of a second.
//! Both never say too much, so the larger one is right.

use std::{collections::HashMap, fs};

/// Nanoseconds of one tick of `/proc/PID/stat`; Linux shows 100 a second everywhere.
const TICK_NS: u64 = 10_000_000;

/// Reads the time of one process. Read it now and then, so that little of a
/// thread that ends goes uncounted.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    pid: u32,
    /// Nanoseconds by thread, of ended threads too.
    threads: HashMap<u32, u64>,
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
        self.read_threads();
        let of_threads = self.threads.values().sum();
        let of_process = fs::read_to_string(format!("/proc/{}/stat", self.pid))
            .ok()
            .and_then(|stat| ticks(&stat))
            .unwrap_or(0)
            * TICK_NS;
        self.seen_ns = self.seen_ns.max(of_threads).max(of_process);
        self.seen_ns
    }

    fn read_threads(&mut self) {
        let Ok(tasks) = fs::read_dir(format!("/proc/{}/task", self.pid)) else {
            return;
        };
        for task in tasks.flatten() {
            let thread = task.file_name().to_str().and_then(|id| id.parse().ok());
            let spent = fs::read_to_string(task.path().join("schedstat"))
                .ok()
                .and_then(|text| on_cpu_ns(&text));
            if let (Some(thread), Some(spent)) = (thread, spent) {
                self.threads.insert(thread, spent);
            }
        }
    }
}

/// The first number of a `schedstat`.
fn on_cpu_ns(schedstat: &str) -> Option<u64> {
    schedstat.split_ascii_whitespace().next()?.parse().ok()
}

/// User and system time of `/proc/PID/stat`: the 14th and 15th field. The
/// second one is a name in brackets that may hold spaces and brackets.
fn ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use std::{process, thread, time::Instant};

    use super::*;

    #[test]
    fn the_first_number_is_the_time_on_a_cpu() {
        assert_eq!(on_cpu_ns("72467 51817 2\n"), Some(72467));
        assert_eq!(on_cpu_ns(""), None);
    }

    #[test]
    fn a_name_may_hold_brackets_and_spaces() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 2854 45076 0 39 30 12 30 26 20 0 1 0 1178237 5124096";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("7 (a) S 1"), None);
    }

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
