//! What a process holds in memory.

use std::fs;

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
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
    }

    fn parse(status: &str) -> Option<Self> {
        Some(Self {
            resident_bytes: bytes_of(status, "VmRSS:")?,
            anonymous_bytes: bytes_of(status, "RssAnon:")?,
            peak_bytes: bytes_of(status, "VmHWM:")?,
        })
    }
}

/// The bytes behind a name, in a file with lines such as `Slab:   458196 kB`.
pub(super) fn bytes_of(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nRssAnon:\t       4 kB\n";
        let expected = ProcessMemory {
            resident_bytes: 1024 * 1024,
            anonymous_bytes: 4096,
            peak_bytes: 2048 * 1024,
        };
        assert_eq!(ProcessMemory::parse(status), Some(expected));
        assert_eq!(ProcessMemory::parse("Name:\tzombie\n"), None);
    }

    #[test]
    fn this_process_holds_something_and_one_that_never_was_nothing() {
        let ours = ProcessMemory::of(std::process::id()).unwrap();
        assert!(ours.peak_bytes >= ours.resident_bytes && ours.resident_bytes > 0);
        assert_eq!(ProcessMemory::of(u32::MAX), None);
    }
}
