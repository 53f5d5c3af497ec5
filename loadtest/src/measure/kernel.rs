//! What the kernel holds for everybody: sockets cost it more than they cost a node.

use std::fs;

use anyhow::{Context, Result};

use super::memory::bytes_of;

/// Bytes of a page of memory, as `/proc/net/sockstat` counts them.
const PAGE_BYTES: u64 = 4096;

/// The memory of the machine at one moment. Only differences between two
/// moments mean anything, and only while nothing else goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct KernelMemory {
    /// Structures of the kernel: sockets, files, epoll entries, …
    pub(crate) slab_bytes: u64,
    /// What programs could still take.
    pub(crate) available_bytes: u64,
    /// Buffers of TCP.
    pub(crate) tcp_buffer_bytes: u64,
    /// TCP sockets, of both ends.
    pub(crate) tcp_sockets: u64,
}

impl KernelMemory {
    /// What it is now.
    ///
    /// # Errors
    ///
    /// Where `/proc` is not that of a Linux.
    pub(crate) fn now() -> Result<Self> {
        let read = |path| fs::read_to_string(path).with_context(|| format!("reading {path}"));
        Self::parse(&read("/proc/meminfo")?, &read("/proc/net/sockstat")?)
            .context("/proc/meminfo or /proc/net/sockstat is not as on Linux")
    }

    fn parse(meminfo: &str, sockstat: &str) -> Option<Self> {
        let tcp = sockstat
            .lines()
            .find_map(|line| line.strip_prefix("TCP:"))?;
        Some(Self {
            slab_bytes: bytes_of(meminfo, "Slab:")?,
            available_bytes: bytes_of(meminfo, "MemAvailable:")?,
            tcp_buffer_bytes: field(tcp, "mem")? * PAGE_BYTES,
            tcp_sockets: field(tcp, "alloc")?,
        })
    }
}

/// The number behind a word, in a line such as `inuse 1 orphan 0`.
fn field(line: &str, name: &str) -> Option<u64> {
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == name)?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_are_read() {
        let meminfo = "MemTotal:  9 kB\nMemAvailable:  3 kB\nSlab:   2 kB\n";
        let sockstat =
            "sockets: used 17\nTCP: inuse 1 orphan 0 tw 0 alloc 5 mem 143\nUDP: inuse 0 mem 7\n";
        let expected = KernelMemory {
            slab_bytes: 2048,
            available_bytes: 3072,
            tcp_buffer_bytes: 143 * 4096,
            tcp_sockets: 5,
        };
        assert_eq!(KernelMemory::parse(meminfo, sockstat), Some(expected));
        assert_eq!(KernelMemory::parse(meminfo, "UDP: inuse 0 mem 7\n"), None);
        assert!(KernelMemory::now().unwrap().slab_bytes > 0);
    }
}
