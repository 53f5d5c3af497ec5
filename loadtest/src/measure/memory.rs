//! What a process holds in memory.

use super::process;

/// Bytes of a process; see proc_pid_status(5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ProcessMemory {
    /// `VmRSS`: all that is resident, the pages of its binary too.
    pub(crate) resident_bytes: u64,
    /// `RssAnon`: what it allocated.
    pub(crate) anonymous_bytes: u64,
    /// `VmHWM`: the most that was ever resident.
    pub(crate) peak_bytes: u64,
}

impl ProcessMemory {
    /// What the process holds now; `None` when it is gone.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let status = process(pid).and_then(|process| process.status()).ok()?;
        Some(Self {
            resident_bytes: status.vmrss? * 1024,
            anonymous_bytes: status.rssanon? * 1024,
            peak_bytes: status.vmhwm? * 1024,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_something_and_one_that_never_was_nothing() {
        let ours = ProcessMemory::of(std::process::id()).unwrap();
        assert!(ours.peak_bytes >= ours.resident_bytes);
        assert!(ours.resident_bytes > ours.anonymous_bytes && ours.anonymous_bytes > 0);
        assert_eq!(ProcessMemory::of(u32::MAX), None);
    }
}
